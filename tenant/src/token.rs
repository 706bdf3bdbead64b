//! Access tokens: short JWTs, one key and one audience for each kind of caller, so that no kind passes for another.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use infra::{Fault, Kind, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::scope::Visitor;

/// For whom a token speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// A signed-in member.
    Member,
    /// A visitor of a website.
    Visitor,
    /// One of our own people, let in by the company.
    Support,
    /// A visitor's page that was vouched for, and may have fresh tokens for a while without being vouched for again.
    Visit,
    /// A link to a file: the bearer of the member's own token may fetch it.
    Download,
    /// A newcomer's browser, which is to do some work.
    Challenge,
}

impl Audience {
    const fn name(self) -> &'static str {
        match self {
            Self::Member => "frontdesk:member",
            Self::Visitor => "frontdesk:visitor",
            Self::Support => "frontdesk:support",
            Self::Visit => "frontdesk:visit",
            Self::Download => "frontdesk:download",
            Self::Challenge => "frontdesk:challenge",
        }
    }

    /// How long a token lives.
    pub const fn lifetime(self) -> TimeDelta {
        match self {
            Self::Member => TimeDelta::minutes(15),
            Self::Visitor | Self::Support => TimeDelta::hours(1),
            Self::Visit => TimeDelta::hours(24),
            Self::Download => crate::export::LINK,
            Self::Challenge => TimeDelta::minutes(2),
        }
    }
}

/// What a token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    iss: String,
    aud: String,
    exp: i64,
    iat: i64,
    /// Never in what we sign. What has it and means something else than a time by it is not ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    /// The company.
    pub tid: Uuid,
    /// The agent or the contact.
    pub sub: Uuid,
    /// The session of a member, the inbox of a visitor, the visit of one of our own people, what a link leads to, or where a
    /// newcomer stands.
    pub sid: Uuid,
    /// How a visitor was vouched for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vouched: Option<VouchedBy>,
    /// Whether a visitor may only read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blocked: bool,
    /// The milliseconds of `iat`.
    #[serde(default)]
    ms: i64,
}

/// By what a visitor was vouched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VouchedBy {
    /// The key that signed for them.
    pub key: Uuid,
    /// This visit of theirs: a page of one browser.
    pub visit: Uuid,
}

impl Claims {
    fn of(audience: Audience, [tid, sub, sid]: [Uuid; 3], now: Timestamp) -> Self {
        Self {
            iss: ISSUER.into(),
            aud: audience.name().into(),
            exp: (now + audience.lifetime()).timestamp(),
            iat: now.timestamp(),
            nbf: None,
            tid,
            sub,
            sid,
            vouched: None,
            blocked: false,
            ms: i64::from(now.timestamp_subsec_millis()),
        }
    }

    /// Until when it counts, in seconds since 1970.
    pub fn expires(&self) -> i64 {
        self.exp
    }

    /// When it was given, in milliseconds since 1970.
    pub(crate) fn issued_ms(&self) -> i64 {
        self.iat.saturating_mul(1000).saturating_add(self.ms)
    }
}

/// The keys that one secret of the installation gives.
struct Derived {
    member: (EncodingKey, DecodingKey),
    visitor: (EncodingKey, DecodingKey),
    support: (EncodingKey, DecodingKey),
    visit: (EncodingKey, DecodingKey),
    download: (EncodingKey, DecodingKey),
    challenge: (EncodingKey, DecodingKey),
    refresh: Vec<u8>,
}

/// Signs tokens with the present secret; checks them with it and with those that stand beside it, so that servers which have it
/// already and servers which have not yet take each other's.
pub struct Keys {
    present: Derived,
    beside: Vec<Derived>,
}

const ISSUER: &str = "frontdesk";

/// The token is not ours, not for this, or no longer good.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the access token is missing, expired or not for this")]
pub struct BadToken;

impl Fault for BadToken {
    fn kind(&self) -> Kind {
        Kind::Unauthenticated
    }
    fn code(&self) -> &'static str {
        "token_invalid"
    }
}

impl Derived {
    /// A key for each audience.
    fn of(secret: &str) -> Self {
        let pair = |audience: Audience| {
            let key = Sha256::new().chain_update(audience.name()).chain_update([0]).chain_update(secret).finalize();
            (EncodingKey::from_secret(&key), DecodingKey::from_secret(&key))
        };
        let refresh = Sha256::new().chain_update("frontdesk:refresh\0").chain_update(secret).finalize().to_vec();
        let (member, visitor) = (pair(Audience::Member), pair(Audience::Visitor));
        let (support, visit) = (pair(Audience::Support), pair(Audience::Visit));
        let (download, challenge) = (pair(Audience::Download), pair(Audience::Challenge));
        Self { member, visitor, support, visit, download, challenge, refresh }
    }

    fn successor(&self, session: Uuid, secret: &str) -> String {
        let next =
            Sha256::new().chain_update(&self.refresh).chain_update(session.as_bytes()).chain_update(secret).finalize();
        URL_SAFE_NO_PAD.encode(next)
    }

    fn pair(&self, audience: Audience) -> &(EncodingKey, DecodingKey) {
        match audience {
            Audience::Member => &self.member,
            Audience::Visitor => &self.visitor,
            Audience::Support => &self.support,
            Audience::Visit => &self.visit,
            Audience::Download => &self.download,
            Audience::Challenge => &self.challenge,
        }
    }
}

impl Keys {
    /// Derives the keys from the installation's present secret, and from those that stand beside it while it is replaced.
    pub fn derive(secret: &str, beside: &[String]) -> Self {
        Self { present: Derived::of(secret), beside: beside.iter().map(|other| Derived::of(other)).collect() }
    }

    /// The refresh secret that follows `secret` in a session: the same one each time, so that an answer lost on its way can
    /// be given again, and nobody without the installation's key can work it out.
    pub(crate) fn successor(&self, session: Uuid, secret: &str) -> String {
        self.present.successor(session, secret)
    }

    /// The refresh secrets that servers with another present secret give for the same one.
    pub(crate) fn successors_beside(&self, session: Uuid, secret: &str) -> impl Iterator<Item = String> {
        self.beside.iter().map(move |keys| keys.successor(session, secret))
    }

    /// A token that speaks for `sub` in the company `tid` from now on.
    pub fn sign(
        &self,
        audience: Audience,
        tid: Uuid,
        sub: Uuid,
        sid: Uuid,
        now: Timestamp,
    ) -> Result<String, BadToken> {
        self.sign_more(audience, &Claims::of(audience, [tid, sub, sid], now))
    }

    /// A token for a visitor of an inbox who was, or was not, vouched for, and may, or may not, write.
    pub fn sign_visitor(
        &self,
        audience: Audience,
        tid: Uuid,
        visitor: &Visitor,
        now: Timestamp,
    ) -> Result<String, BadToken> {
        let ids = [tid, visitor.contact_id.uuid(), visitor.inbox_id.uuid()];
        let claims = Claims { vouched: visitor.vouched, blocked: visitor.blocked, ..Claims::of(audience, ids, now) };
        self.sign_more(audience, &claims)
    }

    fn sign_more(&self, audience: Audience, claims: &Claims) -> Result<String, BadToken> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.present.pair(audience).0)
            .map_err(|_| BadToken)
    }

    /// Signs and checks one token of each kind, and refuses each as the other: a server whose keys do not work must not start.
    pub fn check(&self, now: Timestamp) -> Result<(), BadToken> {
        for (own, other) in [(Audience::Member, Audience::Visitor), (Audience::Visitor, Audience::Member)] {
            let token = self.sign(own, Uuid::nil(), Uuid::nil(), Uuid::nil(), now)?;
            self.verify(own, &token, now)?;
            if self.verify(other, &token, now).is_ok() {
                return Err(BadToken);
            }
        }
        Ok(())
    }

    /// What the token says, if it is ours, for this audience, and not past its time.
    pub fn verify(&self, audience: Audience, token: &str, now: Timestamp) -> Result<Claims, BadToken> {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_audience(&[audience.name()]);
        rules.set_issuer(&[ISSUER]);
        rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        // Expiry is judged by our own clock below, which tests can move.
        rules.validate_exp = false;
        let mut keys = std::iter::once(&self.present).chain(&self.beside);
        let claims = keys
            .find_map(|keys| jsonwebtoken::decode::<Claims>(token, &keys.pair(audience).1, &rules).ok())
            .ok_or(BadToken)?
            .claims;
        let begins = claims.nbf.map_or(claims.iat, |nbf| nbf.max(claims.iat));
        if claims.exp <= now.timestamp() || begins > now.timestamp() + 60 { Err(BadToken) } else { Ok(claims) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_visitors_token_is_no_members_token() {
        let keys = Keys::derive("a secret of at least thirty-two characters", &[]);
        let token = keys.sign(Audience::Visitor, Uuid::nil(), Uuid::nil(), Uuid::nil(), at(0)).unwrap();
        assert!(keys.verify(Audience::Visitor, &token, at(1)).is_ok());
        assert!(keys.verify(Audience::Member, &token, at(1)).is_err());
        let foreign = Keys::derive("another secret of thirty-two characters!", &[]);
        assert!(foreign.verify(Audience::Visitor, &token, at(1)).is_err());
    }

    #[test]
    fn servers_take_each_others_tokens_while_the_secret_is_replaced_and_not_afterwards() {
        let (old, new) = ("a secret of at least thirty-two characters", "the secret that comes after, just as long");
        let before = Keys::derive(old, &[new.into()]);
        let after = Keys::derive(new, &[old.into()]);
        let audiences = [
            Audience::Member,
            Audience::Visitor,
            Audience::Support,
            Audience::Visit,
            Audience::Download,
            Audience::Challenge,
        ];
        for (signer, judge) in [(&before, &after), (&after, &before)] {
            for own in audiences {
                let token = signer.sign(own, Uuid::nil(), Uuid::nil(), Uuid::nil(), at(0)).unwrap();
                for audience in audiences {
                    assert_eq!(
                        judge.verify(audience, &token, at(1)).is_ok(),
                        audience == own,
                        "{own:?} as {audience:?}"
                    );
                }
                assert_eq!(
                    Keys::derive(new, &[]).verify(own, &token, at(1)).is_ok(),
                    std::ptr::eq(signer, &raw const after)
                );
            }
            let given = signer.successor(Uuid::nil(), "x");
            assert_ne!(given, judge.successor(Uuid::nil(), "x"));
            assert!(judge.successors_beside(Uuid::nil(), "x").any(|other| other == given));
        }
    }

    #[test]
    fn a_token_ends() {
        let keys = Keys::derive("a secret of at least thirty-two characters", &[]);
        let token = keys.sign(Audience::Member, Uuid::nil(), Uuid::nil(), Uuid::nil(), at(0)).unwrap();
        assert!(keys.verify(Audience::Member, &token, at(899)).is_ok());
        assert!(keys.verify(Audience::Member, &token, at(900)).is_err());
    }

    #[test]
    fn unsigned_and_half_tokens_are_refused() {
        let keys = Keys::derive("a secret of at least thirty-two characters", &[]);
        for token in ["", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", "eyJhbGciOiJIUzI1NiJ9.e30.AAAA"] {
            assert!(keys.verify(Audience::Member, token, at(1)).is_err(), "{token}");
        }
    }
}
