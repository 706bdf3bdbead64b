//! One good request for every operation about who visitors are.

use serde_json::{Value, json};
use tests::{Shop, Signer, TestApp, fresh};

/// An inbox with keys, and people who came to it.
pub(crate) struct Vouching {
    app: TestApp,
    key: String,
    signer: Signer,
    /// Nobody signs with this one: it may be revoked.
    spare: String,
    /// Somebody whom nobody would miss.
    passer_by: String,
}

impl Vouching {
    pub(crate) async fn of(shop: &Shop) -> Self {
        let owner = &shop.owner.http;
        let inbox = owner.post("/v1/inboxes", json!({ "name": shop.says("App") })).await.ok();
        let id = inbox["id"].as_str().unwrap();
        owner.put(&format!("/v1/inboxes/{id}/identity"), json!({ "required": false })).await.ok();
        let key = inbox["key"].as_str().unwrap();
        let passer_by = shop.stranger().post("/v1/widget/session", json!({ "key": key })).await.ok();
        Self {
            app: shop.app.clone(),
            key: key.to_owned(),
            signer: Signer::make(owner, id).await,
            spare: Signer::make(owner, id).await.kid,
            passer_by: passer_by["contact_id"].as_str().unwrap().to_owned(),
        }
    }

    /// The path and the body, when the operation is one of these.
    pub(crate) fn probe(&self, operation: &str, says: &dyn Fn(&str) -> String) -> Option<(String, Option<Value>)> {
        let (method, template) = operation.split_once(' ').unwrap();
        let body = match operation {
            "GET /v1/inboxes/{id}/identity"
            | "DELETE /v1/inboxes/{id}/identity/keys/{key_id}"
            | "DELETE /v1/contacts/{id}/sessions" => None,
            "PUT /v1/inboxes/{id}/identity" => Some(json!({ "required": false })),
            "POST /v1/inboxes/{id}/identity/keys" => {
                let public = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
                Some(json!({ "name": says("Our server"), "algorithm": "EdDSA", "public_key": public }))
            }
            "POST /v1/inboxes/{id}/identity/keys/{key_id}/rotate" => Some(json!({ "overlap_hours": 1 })),
            "POST /v1/inboxes/{id}/identity/check" => Some(json!({ "token": self.signer.token(&self.app, "user-1") })),
            "PUT /v1/contacts/{id}/blocked" => Some(json!({ "blocked": false })),
            _ => return None,
        };
        let id = if template.starts_with("/v1/contacts") { &self.passer_by } else { &self.signer.inbox };
        let key = if method == "DELETE" { &self.spare } else { &self.signer.kid };
        Some((template.replace("{id}", id).replace("{key_id}", key), body))
    }

    /// Coming in as somebody who is vouched for.
    pub(crate) fn identify(&self) -> Value {
        let page = json!({ "url": "https://shop.example/", "title": "Shop", "referrer": "" });
        json!({
            "key": self.key, "token": self.signer.token(&self.app, "user-1"), "attempt": fresh(), "secret": "unknown",
            "locale": "en", "page": page,
        })
    }
}
