//! A company's own server, as far as it vouches for visitors: signs tokens with a key of an inbox.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::http::Http;
use crate::wait::fresh;

/// Signs for one inbox with one key.
#[derive(Debug, Clone)]
pub struct Signer {
    /// The inbox.
    pub inbox: String,
    /// The key.
    pub kid: String,
    /// What is signed with.
    pub secret: String,
}

impl Signer {
    /// Makes a key for an inbox, as an admin.
    pub async fn make(admin: &Http, inbox: &str) -> Self {
        let path = format!("/v1/inboxes/{inbox}/identity/keys");
        let made = admin.post(&path, json!({ "name": "Our server", "algorithm": "HS256" })).await.ok();
        Self {
            inbox: inbox.to_owned(),
            kid: made["id"].as_str().unwrap().to_owned(),
            secret: made["secret"].as_str().unwrap().to_owned(),
        }
    }

    /// What a good token says of somebody, by the clock of the servers.
    pub fn claims(&self, app: &TestApp, sub: &str) -> Value {
        let now = app.clock().now().timestamp();
        json!({ "iss": self.inbox, "sub": sub, "iat": now, "exp": now + 600, "jti": fresh() })
    }

    /// Signs anything.
    pub fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(self.secret.as_bytes())).unwrap()
    }

    /// A good token for somebody.
    pub fn token(&self, app: &TestApp, sub: &str) -> String {
        self.sign(&self.claims(app, sub))
    }
}
