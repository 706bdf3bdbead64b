//! Tokens that are almost right. Each differs from a good one in one thing, and none is let in anywhere.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tests::{Shop, Socket, TestApp, Visitor, fresh};

/// The key of an audience, as the server derives it from its secret.
fn key(audience: &str, secret: &str) -> Vec<u8> {
    Sha256::new().chain_update(audience).chain_update([0]).chain_update(secret).finalize().to_vec()
}

fn sign(header: &Header, claims: &Value, key: &[u8]) -> String {
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(key)).unwrap()
}

/// A token of these very bytes, whatever they are.
fn sign_text(header: &Value, payload: &str, key: &[u8]) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let message = format!("{}.{}", part(&header.to_string()), part(payload));
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &EncodingKey::from_secret(key), Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

/// What a token says.
pub(crate) fn claims_of(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut changed = claims.clone();
    changed[name] = value;
    changed
}

fn without(claims: &Value, name: &str) -> Value {
    let mut changed = claims.clone();
    changed.as_object_mut().unwrap().remove(name);
    changed
}

const MEMBER: &str = "frontdesk:member";
const VISITOR: &str = "frontdesk:visitor";
/// The kinds that open neither a member's door nor a visitor's by what is in the claims.
const OTHERS: [&str; 4] = ["frontdesk:support", "frontdesk:visit", "frontdesk:download", "frontdesk:challenge"];

fn corpus(app: &TestApp, good: &Value, audience: &str) -> Vec<(String, String)> {
    let secret = &app.settings().secret;
    let (own, other) = (key(audience, secret), key(if audience == MEMBER { VISITOR } else { MEMBER }, secret));
    let hs256 = Header::new(Algorithm::HS256);
    let signed = |claims: &Value| sign(&hs256, claims, &own);
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let payload = part(good.clone());
    let real = signed(good);
    let (head, signature) = (real.split('.').next().unwrap(), real.split('.').nth(2).unwrap());
    let mut all = vec![
        ("no signature".to_owned(), format!("{}.{payload}.", part(json!({ "alg": "none", "typ": "JWT" })))),
        ("None".to_owned(), format!("{}.{payload}.", part(json!({ "alg": "None" })))),
        (
            "no algorithm, real signature".to_owned(),
            format!("{}.{payload}.{signature}", part(json!({ "alg": "none" }))),
        ),
        ("no header".to_owned(), format!(".{payload}.{signature}")),
        ("HS384".to_owned(), sign(&Header::new(Algorithm::HS384), good, &own)),
        ("HS512".to_owned(), sign(&Header::new(Algorithm::HS512), good, &own)),
        ("RS256 by name".to_owned(), format!("{}.{payload}.{signature}", part(json!({ "alg": "RS256" })))),
        (
            "another installation's key".to_owned(),
            sign(&hs256, good, &key(audience, "another secret of more than 32 characters")),
        ),
        ("the secret itself as key".to_owned(), sign(&hs256, good, secret.as_bytes())),
        ("an empty key".to_owned(), sign(&hs256, good, b"")),
        ("the other audience's key".to_owned(), sign(&hs256, good, &other)),
        (
            "a key named by path".to_owned(),
            sign(&Header { kid: Some("../../dev/null".into()), ..hs256.clone() }, good, b""),
        ),
        (
            "a key brought along".to_owned(),
            sign(&Header { jku: Some("https://evil.example/jwks".into()), ..hs256.clone() }, good, b"evil"),
        ),
        ("a changed payload".to_owned(), format!("{head}.{}.{signature}", part(with(good, "sub", json!(fresh()))))),
        ("half a signature".to_owned(), real[..real.len() - 4].to_owned()),
        ("two signatures".to_owned(), format!("{real}.{signature}")),
        (
            "a visitor as member, or the reverse".to_owned(),
            signed(&with(good, "aud", json!(if audience == MEMBER { VISITOR } else { MEMBER }))),
        ),
        ("no audience of ours".to_owned(), signed(&with(good, "aud", json!("someone")))),
        ("another issuer".to_owned(), signed(&with(good, "iss", json!("someone")))),
        ("from the future".to_owned(), signed(&with(good, "iat", json!(good["iat"].as_i64().unwrap() + 3600)))),
        ("nobody".to_owned(), signed(&with(good, "sub", json!("not-a-uuid")))),
        ("another company".to_owned(), signed(&with(good, "tid", json!(fresh())))),
    ];
    all.extend(headers_that_bring_a_key(good));
    all.extend(twice(good, &own));
    for other in OTHERS {
        let of_their_kind = with(good, "aud", json!(other));
        let theirs = key(other, secret);
        all.push((format!("the key of {other}"), sign(&hs256, good, &theirs)));
        all.push((format!("for {other}, with our key"), signed(&of_their_kind)));
        all.push((format!("a good one of {other}"), sign(&hs256, &of_their_kind, &theirs)));
    }
    let later = good["iat"].as_i64().unwrap() + 3600;
    for nbf in [json!("tomorrow"), json!(later.to_string()), json!(later), json!([later]), json!({}), json!(1e99)] {
        all.push((format!("nbf is {nbf}"), signed(&with(good, "nbf", nbf))));
    }
    if audience == MEMBER {
        all.push(("a stranger".to_owned(), signed(&with(good, "sub", json!(fresh())))));
        all.push(("a session that never was".to_owned(), signed(&with(good, "sid", json!(fresh())))));
    }
    for name in ["exp", "aud", "iss", "sub", "tid", "iat", "sid"] {
        all.push((format!("without {name}"), signed(&without(good, name))));
        all.push((format!("{name} is null"), signed(&with(good, name, Value::Null))));
        all.push((format!("{name} is a list"), signed(&with(good, name, json!([{}])))));
    }
    let earlier = good["iat"].as_i64().unwrap() - 1;
    for exp in [
        json!("9999999999"),
        json!(-1),
        json!(0),
        json!(earlier),
        json!(1e99),
        json!(9_999_999_999.5),
        json!(u64::MAX),
        json!(true),
    ] {
        all.push((format!("exp is {exp}"), signed(&with(good, "exp", exp))));
    }
    all
}

/// Headers that say which key to believe, signed with that one.
fn headers_that_bring_a_key(good: &Value) -> Vec<(String, String)> {
    let jwk = json!({ "kty": "oct", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode("evil") });
    let brought = [
        ("jwk", jwk),
        ("jku", json!("https://evil.example/jwks")),
        ("x5u", json!("https://evil.example/chain.pem")),
        ("x5c", json!([URL_SAFE_NO_PAD.encode("evil")])),
        ("kid", json!("' union select 'evil' -- ")),
        ("kid", json!("x'; drop table shared.session; --")),
    ];
    let sign = |(name, value): (&str, Value)| {
        let mut header = json!({ "alg": "HS256", "typ": "JWT" });
        header[name] = value;
        (header.to_string(), sign_text(&header, &good.to_string(), b"evil"))
    };
    brought.into_iter().map(sign).collect()
}

/// Claims that are there twice: whoever reads the first one and whoever reads the last one must not disagree.
fn twice(good: &Value, key: &[u8]) -> Vec<(String, String)> {
    let text = good.to_string();
    let inside = &text[1..text.len() - 1];
    let mut all = Vec::new();
    for (name, value) in [
        ("tid", json!(fresh())),
        ("sub", json!(fresh())),
        ("sid", json!(fresh())),
        ("aud", json!("frontdesk:support")),
        ("iss", json!("someone")),
        ("exp", json!(9_999_999_999_i64)),
        ("sub", good["sub"].clone()),
    ] {
        for payload in [format!("{{\"{name}\":{value},{inside}}}"), format!("{{{inside},\"{name}\":{value}}}")] {
            let header = json!({ "alg": "HS256", "typ": "JWT" });
            all.push((format!("twice: {payload}"), sign_text(&header, &payload, key)));
        }
    }
    all
}

async fn nobody_gets_in(shop: &Shop, what: &str, token: &str, ana: &Visitor) {
    let http = shop.stranger().with(token);
    for (method, path, body) in [
        ("GET", "/v1/auth/me".to_owned(), None),
        ("GET", "/v1/conversations".to_owned(), None),
        ("GET", format!("/v1/widget/conversations/{}/messages", ana.chat()), None),
        ("PATCH", "/v1/widget/contact".to_owned(), Some(json!({ "name": "Mallory" }))),
    ] {
        let reply = http.send(method, &path, body, &[]).await;
        assert_eq!(reply.status, 401, "{what} at {path}: {}", reply.text);
        reply.is_a_problem();
    }
    let socket = Socket::connect(http.base(), shop.guard()).await;
    socket.say(json!({ "type": "hello", "protocol": 1, "token": token }));
    assert_eq!(socket.closed().await, Some(4001), "{what} at the socket");
    assert_eq!(socket.frames()[0]["code"], "token_invalid", "{what}");
}

#[tokio::test]
async fn tokens_that_are_almost_right_are_let_in_nowhere() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    for (token, audience, path) in [
        (shop.owner.http.token(), MEMBER, "/v1/auth/me".to_owned()),
        (ana.http.token(), VISITOR, format!("/v1/widget/conversations/{}/messages", ana.chat())),
    ] {
        let good = claims_of(&token);
        // The forger's workshop is a good one: with nothing changed, its work is let in.
        let forged = sign(&Header::new(Algorithm::HS256), &good, &key(audience, &app.settings().secret));
        shop.stranger().with(&forged).get(&path).await.ok();
        for (what, token) in corpus(&app, &good, audience) {
            nobody_gets_in(&shop, &format!("{audience} {what}"), &token, &ana).await;
        }
    }
    for token in ["", "x", "a.b.c", "Bearer", "fdk_", "fdk_01h455vb4pex5vsknk084sn02q_x", &"x".repeat(5000)] {
        nobody_gets_in(&shop, token, token, &ana).await;
    }
    // A token in the address is not looked at.
    let in_address = format!("/v1/auth/me?access_token={0}&token={0}", shop.owner.http.token());
    shop.stranger().get(&in_address).await.refused(401, "token_invalid");
    let cookie = format!("fd_refresh=x; access_token={}", shop.owner.http.token());
    let with_cookie = shop.stranger().send("GET", "/v1/auth/me", None, &[("cookie", &cookie)]).await;
    with_cookie.refused(401, "token_invalid");
    let basic = shop.stranger().send("GET", "/v1/auth/me", None, &[("authorization", "Basic b3duZXI6cGFzcw==")]).await;
    basic.refused(401, "token_invalid");
}
