//! A visitor's token: a short JWT that the company's own server signed. Each refusal has a code of its own, for the developer who
//! looks for their mistake; none tells a stranger more than that they are one.
//!
//! The key decides the algorithm, never the token. Nothing in a header is followed anywhere.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use infra::validate::Check;
use infra::{Fault, Id, Kind, Timestamp};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{DecodingKey, Validation};
use serde::{Deserialize, Serialize};

use super::key::{IdentityKey, IdentityKeyId, Material};
use crate::scope::InboxKind;

/// How long a token may be good for.
pub const LONGEST: TimeDelta = TimeDelta::hours(1);
/// How far the clocks of two servers may be apart.
pub(super) const SKEW: TimeDelta = TimeDelta::seconds(60);
/// How long a token may be, in bytes.
const LARGEST: usize = 16 * 1024;
/// What a token is for, where it says so.
const AUDIENCE: &str = "frontdesk";

/// Who somebody is, as the company's server says.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Vouched {
    /// `sub`: the company's own id for them.
    pub external_id: String,
    /// Their address, where it is said.
    pub email: Option<String>,
    /// Their name, where it is said.
    pub name: Option<String>,
    /// What else is said.
    #[schema(value_type = Object)]
    pub attributes: serde_json::Value,
    /// `jti`.
    pub token_id: String,
    /// `iat`.
    pub issued_at: DateTime<Utc>,
    /// `exp`.
    pub expires_at: DateTime<Utc>,
}

/// Why a token is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a JWT.
    #[error("this is not a JSON web token of three parts")]
    Malformed,
    /// No `kid` in the header.
    #[error("the header names no key: kid is the id of a key of this inbox")]
    KeyMissing,
    /// A `kid` that is no key of this inbox.
    #[error("kid names no key of this inbox")]
    KeyUnknown,
    /// A key that has ended.
    #[error("the key that signed it was revoked, or has been replaced")]
    KeyEnded,
    /// `alg` is not the key's.
    #[error("alg is not the algorithm of this key, which is {0}")]
    Algorithm(&'static str),
    /// The header asks for something that is not done here.
    #[error("the header asks for crit, which is not supported")]
    Header,
    /// Not signed with that key.
    #[error("the signature does not fit: it was signed with another key, or changed afterwards")]
    Signature,
    /// A claim is missing or wrong.
    #[error("a claim is missing or not as it should be: {0}")]
    Claims(String),
    /// `iss` is not this inbox.
    #[error("iss is not the id of this inbox")]
    WrongInbox,
    /// From the future.
    #[error("iat or nbf is in the future")]
    NotYet,
    /// Past its time.
    #[error("exp is in the past")]
    Expired,
    /// Good for too long.
    #[error("exp is more than an hour after iat, or before it")]
    TooLong,
    /// Presented before.
    #[error("a token with this jti was presented before: each counts once")]
    Replayed,
}

impl Fault for Refusal {
    fn kind(&self) -> Kind {
        Kind::Unauthenticated
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "identity_malformed",
            Self::KeyMissing => "identity_key_missing",
            Self::KeyUnknown => "identity_key_unknown",
            Self::KeyEnded => "identity_key_ended",
            Self::Algorithm(_) => "identity_algorithm_wrong",
            Self::Header => "identity_header_unsupported",
            Self::Signature => "identity_signature_wrong",
            Self::Claims(_) => "identity_claims_invalid",
            Self::WrongInbox => "identity_inbox_wrong",
            Self::NotYet => "identity_not_yet",
            Self::Expired => "identity_expired",
            Self::TooLong => "identity_lives_too_long",
            Self::Replayed => "identity_replayed",
        }
    }
}

/// As much of a header as decides anything. Whatever else stands there is not looked at.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

fn header(token: &str) -> Result<Header, Refusal> {
    let mut parts = token.split('.');
    let (Some(head), Some(_), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(Refusal::Malformed);
    };
    if token.len() > LARGEST || signature.is_empty() {
        return Err(Refusal::Malformed);
    }
    let head = URL_SAFE_NO_PAD.decode(head).map_err(|_| Refusal::Malformed)?;
    serde_json::from_slice(&head).map_err(|_| Refusal::Malformed)
}

/// Which key a token says it was signed with. Only our own ids are one: nothing else is looked for.
pub fn key_of(token: &str) -> Result<IdentityKeyId, Refusal> {
    header(token)?.kid.ok_or(Refusal::KeyMissing)?.parse().map_err(|_| Refusal::KeyUnknown)
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    iat: i64,
    exp: i64,
    jti: String,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    attributes: Option<serde_json::Map<String, serde_json::Value>>,
}

/// What a token says, if this key signed it for this inbox and it is good now. Whether it was presented before is another question.
pub fn check(
    token: &str,
    inbox: Id<InboxKind>,
    key: &IdentityKey,
    material: &Material,
    now: Timestamp,
) -> Result<Vouched, Refusal> {
    let header = header(token)?;
    if !key.counts(now) {
        return Err(Refusal::KeyEnded);
    }
    if header.alg != key.algorithm.as_str() {
        return Err(Refusal::Algorithm(key.algorithm.as_str()));
    }
    if header.crit.is_some() {
        return Err(Refusal::Header);
    }
    let (algorithm, decoding) = match material {
        Material::Secret(secret) => (jsonwebtoken::Algorithm::HS256, DecodingKey::from_secret(secret)),
        Material::Public(public) => (jsonwebtoken::Algorithm::EdDSA, DecodingKey::from_ed_der(public)),
    };
    let mut rules = Validation::new(algorithm);
    rules.set_audience(&[AUDIENCE]);
    rules.required_spec_claims.clear();
    // Times are judged by our own clock below, which tests can move.
    rules.validate_exp = false;
    let claims = jsonwebtoken::decode::<Claims>(token, &decoding, &rules).map_err(refusal)?.claims;
    judge(claims, inbox, now)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "another crate's errors: what is not about claims is about the token"
)]
fn refusal(error: jsonwebtoken::errors::Error) -> Refusal {
    match error.into_kind() {
        ErrorKind::InvalidSignature => Refusal::Signature,
        ErrorKind::InvalidAudience => Refusal::Claims(format!("aud, where it is given, is {AUDIENCE}")),
        ErrorKind::Json(error) => {
            // The words of serde_json end with a place in a text that nobody has before their eyes.
            let said = error.to_string();
            Refusal::Claims(said.split(" at line ").next().unwrap_or_default().chars().take(200).collect())
        }
        _ => Refusal::Malformed,
    }
}

fn judge(claims: Claims, inbox: Id<InboxKind>, now: Timestamp) -> Result<Vouched, Refusal> {
    if claims.iss != inbox.to_string() {
        return Err(Refusal::WrongInbox);
    }
    let instant = |name: &str, seconds: i64| {
        DateTime::from_timestamp(seconds, 0).ok_or_else(|| Refusal::Claims(format!("{name} is not an instant")))
    };
    let (issued, expires) = (instant("iat", claims.iat)?, instant("exp", claims.exp)?);
    let not_before = claims.nbf.map(|nbf| instant("nbf", nbf)).transpose()?;
    if issued > now + SKEW || not_before.is_some_and(|not_before| not_before > now + SKEW) {
        return Err(Refusal::NotYet);
    }
    if expires <= now {
        return Err(Refusal::Expired);
    }
    if expires <= issued || expires - issued > LONGEST {
        return Err(Refusal::TooLong);
    }
    let mut check = Check::new();
    let external_id = check.line("sub", &claims.sub, 1, 200);
    let token_id = check.line("jti", &claims.jti, 1, 200);
    let email = claims.email.filter(|email| !email.trim().is_empty()).map(|email| check.email("email", &email));
    let name = claims.name.map(|name| check.line("name", &name, 0, 120)).filter(|name| !name.is_empty());
    check.finish().map_err(|refused| {
        let refused = refused.fields().into_iter().map(|fault| format!("{}: {}", fault.pointer, fault.detail));
        Refusal::Claims(refused.collect::<Vec<_>>().join(" "))
    })?;
    let attributes = serde_json::Value::Object(claims.attributes.unwrap_or_default());
    Ok(Vouched { external_id, email, name, attributes, token_id, issued_at: issued, expires_at: expires })
}

#[cfg(test)]
mod tests;
