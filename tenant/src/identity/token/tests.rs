//! Tokens that are good, and tokens that differ from a good one in one thing.

use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm as Alg, EncodingKey, Header as JwtHeader};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::key::Algorithm;
use super::*;

const SECRET: &[u8] = b"fdi_a-secret-that-both-sides-have";
const NOW: i64 = 1_800_000_000;

fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(NOW + seconds, 0).unwrap()
}

fn inbox() -> Id<InboxKind> {
    Id::from_uuid(Uuid::from_u128(7))
}

fn key(algorithm: Algorithm) -> IdentityKey {
    let id = Id::from_uuid(Uuid::from_u128(9));
    IdentityKey { id, name: "x".into(), algorithm, created_at: at(-9), last_used_at: None, ends_at: None }
}

fn claims() -> Value {
    json!({
        "iss": inbox().to_string(), "sub": "user-1", "iat": NOW, "exp": NOW + 600, "jti": "one",
        "email": "Ana@Mail.test", "name": " Ana ", "attributes": { "plan": "gold" },
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut changed = claims();
    changed[name] = value;
    changed
}

fn without(name: &str) -> Value {
    let mut changed = claims();
    changed.as_object_mut().unwrap().remove(name);
    changed
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn kid() -> Value {
    json!(key(Algorithm::Hs256).id.to_string())
}

fn sign(header: JwtHeader, claims: &Value, secret: &[u8]) -> String {
    let header = JwtHeader { kid: kid().as_str().map(ToOwned::to_owned), ..header };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret)).unwrap()
}

fn signed(claims: &Value) -> String {
    sign(JwtHeader::new(Alg::HS256), claims, SECRET)
}

fn judged(token: &str) -> Result<Vouched, Refusal> {
    check(token, inbox(), &key(Algorithm::Hs256), &Material::Secret(SECRET.to_vec()), at(1))
}

/// RFC 8032, section 7.1, test 1.
const SEED: &str = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
const PUBLIC: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn ed(claims: &Value) -> String {
    let prefix = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    let der = [prefix.as_slice(), &STANDARD.decode(SEED).unwrap()].concat();
    let header = JwtHeader { kid: kid().as_str().map(ToOwned::to_owned), ..JwtHeader::new(Alg::EdDSA) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(&der)).unwrap()
}

#[test]
fn a_good_token_says_who_somebody_is() {
    let vouched = judged(&signed(&claims())).unwrap();
    assert_eq!((vouched.external_id.as_str(), vouched.token_id.as_str()), ("user-1", "one"));
    assert_eq!((vouched.email.as_deref(), vouched.name.as_deref()), (Some("ana@mail.test"), Some("Ana")));
    assert_eq!(vouched.attributes, json!({ "plan": "gold" }));
    assert_eq!(key_of(&signed(&claims())), Ok(key(Algorithm::Hs256).id));
    for fewer in ["email", "name", "attributes"] {
        judged(&signed(&without(fewer))).unwrap();
    }
    judged(&signed(&with("aud", json!("frontdesk")))).unwrap();
    judged(&signed(&with("nbf", json!(NOW + 30)))).unwrap();
    judged(&signed(&with("whatever", json!([1, { "x": 2 }])))).unwrap();
}

#[test]
fn a_public_key_checks_what_the_private_one_signed() {
    let public = URL_SAFE_NO_PAD.decode(PUBLIC).unwrap();
    let (key, material) = (key(Algorithm::EdDsa), Material::Public(public.clone()));
    check(&ed(&claims()), inbox(), &key, &material, at(1)).unwrap();
    // The public key is no secret: whoever signs with it as one is refused by the algorithm, and by the signature.
    for header in [Alg::HS256, Alg::HS384, Alg::HS512] {
        let forged = sign(JwtHeader::new(header), &claims(), &public);
        assert_eq!(check(&forged, inbox(), &key, &material, at(1)), Err(Refusal::Algorithm("EdDSA")));
    }
    let claimed =
        format!("{}.{}.{}", part(&json!({ "alg": "EdDSA", "kid": kid() })), part(&claims()), part(&json!("x")));
    assert!(matches!(check(&claimed, inbox(), &key, &material, at(1)), Err(Refusal::Signature | Refusal::Malformed)));
}

#[test]
fn whatever_differs_in_one_thing_is_refused_and_says_by_what() {
    let real = signed(&claims());
    let (head, signature) = (real.split('.').next().unwrap(), real.split('.').nth(2).unwrap());
    let payload = part(&claims());
    let unsigned = |alg: &str| format!("{}.{payload}.{signature}", part(&json!({ "alg": alg, "kid": kid() })));
    let odd = |header: Value| format!("{}.{payload}.{signature}", part(&header));
    let by_key = |kid: Value| key_of(&odd(json!({ "alg": "HS256", "kid": kid }))).unwrap_err().code();
    for strange in ["../../dev/null", "' or 1=1 --", "", "ikey_", "https://evil.example/key", "\u{0}"] {
        assert_eq!(by_key(json!(strange)), "identity_key_unknown", "{strange}");
    }
    assert_eq!(by_key(json!(7)), "identity_malformed");
    assert_eq!(key_of(&odd(json!({ "alg": "HS256" }))), Err(Refusal::KeyMissing));

    let cases = [
        ("identity_malformed", String::new()),
        ("identity_malformed", "a.b.c".into()),
        ("identity_malformed", format!("{}.{payload}.", part(&json!({ "alg": "none", "kid": kid() })))),
        ("identity_malformed", format!("{real}.{signature}")),
        ("identity_malformed", format!(".{payload}.{signature}")),
        ("identity_malformed", "x".repeat(20_000)),
        ("identity_algorithm_wrong", unsigned("none")),
        ("identity_algorithm_wrong", unsigned("None")),
        ("identity_algorithm_wrong", unsigned("RS256")),
        ("identity_algorithm_wrong", unsigned("EdDSA")),
        ("identity_algorithm_wrong", sign(JwtHeader::new(Alg::HS384), &claims(), SECRET)),
        ("identity_header_unsupported", odd(json!({ "alg": "HS256", "kid": kid(), "crit": ["exp"] }))),
        ("identity_signature_wrong", sign(JwtHeader::new(Alg::HS256), &claims(), b"another")),
        ("identity_signature_wrong", sign(JwtHeader::new(Alg::HS256), &claims(), b"")),
        ("identity_signature_wrong", format!("{head}.{}.{signature}", part(&with("sub", json!("user-2"))))),
        ("identity_inbox_wrong", signed(&with("iss", json!("inbox_00000000000000000000000008")))),
        ("identity_inbox_wrong", signed(&with("iss", json!("frontdesk")))),
        ("identity_expired", signed(&with("exp", json!(NOW + 1)))),
        ("identity_expired", signed(&with("exp", json!(-1)))),
        ("identity_lives_too_long", signed(&with("exp", json!(NOW + 3_601)))),
        ("identity_lives_too_long", signed(&with("iat", json!(NOW - 86_400)))),
        ("identity_not_yet", signed(&with("iat", json!(NOW + 62)))),
        ("identity_not_yet", signed(&with("nbf", json!(NOW + 62)))),
        ("identity_claims_invalid", signed(&with("aud", json!("somebody else")))),
        ("identity_claims_invalid", signed(&with("exp", json!(i64::MAX)))),
    ];
    for (code, token) in cases {
        assert_eq!(judged(&token).unwrap_err().code(), code, "{token}");
    }
    for missing in ["iss", "sub", "iat", "exp", "jti"] {
        assert_eq!(judged(&signed(&without(missing))).unwrap_err().code(), "identity_claims_invalid", "{missing}");
    }
    let odd_claims = [
        ("exp", json!("1800000600")),
        ("exp", json!(1_800_000_600.5)),
        ("exp", json!(1e300)),
        ("exp", Value::Null),
        ("iat", json!("now")),
        ("nbf", json!("1800000000")),
        ("sub", json!("")),
        ("sub", json!(7)),
        ("sub", json!("a\nb")),
        ("sub", json!("x".repeat(201))),
        ("jti", json!("")),
        ("jti", json!(["one"])),
        ("email", json!("nobody")),
        ("email", json!({ "is": "ana" })),
        ("name", json!("x".repeat(121))),
        ("attributes", json!("gold")),
        ("attributes", json!([1])),
    ];
    for (name, value) in odd_claims {
        let told = judged(&signed(&with(name, value.clone()))).unwrap_err();
        assert_eq!(told.code(), "identity_claims_invalid", "{name}: {value}");
    }
}

#[test]
fn a_claim_that_stands_twice_is_refused() {
    let twice = claims().to_string().replacen('{', "{\"sub\":\"user-2\",", 1);
    let head = part(&json!({ "alg": "HS256", "kid": kid() }));
    let body = format!("{head}.{}", URL_SAFE_NO_PAD.encode(twice));
    let signature = jsonwebtoken::crypto::sign(body.as_bytes(), &EncodingKey::from_secret(SECRET), Alg::HS256).unwrap();
    assert_eq!(judged(&format!("{body}.{signature}")).unwrap_err().code(), "identity_claims_invalid");
}

#[test]
fn a_key_that_has_ended_vouches_for_nobody_and_one_that_ends_later_still_does() {
    let token = signed(&claims());
    let material = Material::Secret(SECRET.to_vec());
    let ending = IdentityKey { ends_at: Some(at(5)), ..key(Algorithm::Hs256) };
    check(&token, inbox(), &ending, &material, at(4)).unwrap();
    assert_eq!(check(&token, inbox(), &ending, &material, at(5)), Err(Refusal::KeyEnded));
}
