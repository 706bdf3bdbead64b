//! Good requests for how people sign in, and what of it somebody might ask for.

use serde_json::{Value, json};
use tenant::Role;
use tests::{Agent, PASSWORD, Shop, authenticator_code, fresh};

/// What a company, and one of its people, have.
pub(crate) struct SignIn {
    pub(crate) session: String,
    domain: String,
    /// An id that nobody has: a passkey is made in a browser, and has a story there.
    passkey: String,
    colleague: String,
    /// A team that a directory writes, and one that it removes.
    teams: [String; 2],
    /// Somebody with an authenticator app, who loses it.
    lost: String,
}

/// A challenge of the right shape that was never given.
const NEVER_GIVEN: &str = "01h455vb4pex5vsknk084sn02q.nobody-has-this";

impl SignIn {
    pub(crate) async fn of(shop: &Shop, colleague: &Agent) -> Self {
        let owner = &shop.owner.http;
        let sessions = owner.get(&format!("/v1/agents/{}/sessions", colleague.id)).await.ok();
        let ask = json!({ "domain": format!("{}.test", fresh().simple()), "mailbox": "hostmaster" });
        let domain = owner.post("/v1/account/sso/domains", ask).await.ok();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let lost = shop.colleague("Lou", Role::Agent).await;
        let setup = lost.http.post("/v1/auth/totp", Value::Null).await.ok();
        let code = authenticator_code(setup["secret"].as_str().unwrap(), shop.app.clock().now());
        lost.http.post("/v1/auth/totp/confirm", json!({ "code": code })).await.ok();
        let team = async || text(&owner.post("/v1/teams", json!({ "name": team_name() })).await.ok()["id"]);
        Self {
            teams: [team().await, team().await],
            session: text(&sessions["data"][0]["id"]),
            domain: text(&domain["id"]),
            passkey: "pkey_01h455vb4pex5vsknk084sn02q".to_owned(),
            colleague: colleague.id.clone(),
            lost: lost.id,
        }
    }

    /// The id in the path and the body, for a member.
    pub(crate) fn probe(&self, operation: &str) -> Option<(Option<&String>, Option<Value>)> {
        let domain = format!("{}.test", fresh().simple());
        let found = match operation {
            "GET /v1/account/sign-in"
            | "DELETE /v1/account/sso"
            | "GET /v1/auth/security"
            | "GET /v1/auth/sessions"
            | "DELETE /v1/auth/sessions"
            | "POST /v1/auth/totp"
            | "DELETE /v1/auth/totp"
            | "POST /v1/auth/recovery-codes"
            | "POST /v1/auth/passkeys/begin"
            | "POST /v1/auth/reauthenticate/passkey"
            | "GET /v1/scim/v2/Groups"
            | "GET /v1/scim/v2/ResourceTypes"
            | "GET /v1/scim/v2/ResourceTypes/{id}"
            | "GET /v1/scim/v2/Schemas"
            | "GET /v1/scim/v2/Schemas/{id}"
            | "GET /v1/scim/v2/ServiceProviderConfig"
            | "GET /v1/scim/v2/Users" => (None, None),
            "PUT /v1/account/sign-in/second-factor" => (None, Some(json!({ "required": false }))),
            "PUT /v1/account/sso" => {
                // Nobody answers there: the answer to who may is that.
                let ask = json!({
                    "issuer": "https://nobody.invalid", "client_id": "frontdesk", "client_secret": "between us",
                    "default_role": "agent", "only": false,
                });
                (None, Some(ask))
            }
            "POST /v1/account/sso/domains" => (None, Some(json!({ "domain": domain, "mailbox": "admin" }))),
            "DELETE /v1/account/sso/domains/{id}" => (Some(&self.domain), None),
            "GET /v1/agents/{id}/sessions"
            | "DELETE /v1/agents/{id}/sessions/{session_id}"
            | "GET /v1/scim/v2/Users/{id}"
            | "DELETE /v1/scim/v2/Users/{id}" => (Some(&self.colleague), None),
            "DELETE /v1/agents/{id}/sessions" | "DELETE /v1/agents/{id}/second-factor" => (Some(&self.lost), None),
            "DELETE /v1/auth/sessions/{id}" => (Some(&self.session), None),
            "PATCH /v1/auth/passkeys/{id}" => (Some(&self.passkey), Some(json!({ "name": "My phone" }))),
            "DELETE /v1/auth/passkeys/{id}" => (Some(&self.passkey), None),
            "POST /v1/auth/passkeys" => {
                (None, Some(json!({ "challenge": NEVER_GIVEN, "credential": created(), "name": "My phone" })))
            }
            "POST /v1/auth/totp/confirm" => (None, Some(json!({ "code": "123456" }))),
            "POST /v1/auth/reauthenticate" | "PUT /v1/auth/password" => (None, Some(json!({ "password": PASSWORD }))),
            "POST /v1/auth/email" => (None, Some(json!({ "email": format!("{}@mail.test", fresh().simple()) }))),
            "POST /v1/scim/v2/Users" | "PUT /v1/scim/v2/Users/{id}" => {
                let name = json!({ "formatted": "Sam Tee", "givenName": "Sam", "familyName": "Tee" });
                let ask = json!({
                    "userName": format!("{}@nobody.test", fresh().simple()), "displayName": "Sam", "name": name, "active": true,
                });
                (operation.starts_with("PUT").then_some(&self.colleague), Some(ask))
            }
            "PATCH /v1/scim/v2/Users/{id}" => {
                let operations = json!([{ "op": "replace", "path": "active", "value": true }]);
                (Some(&self.colleague), Some(json!({ "Operations": operations })))
            }
            "GET /v1/scim/v2/Groups/{id}" => (Some(&self.teams[0]), None),
            "DELETE /v1/scim/v2/Groups/{id}" => (Some(&self.teams[1]), None),
            "POST /v1/scim/v2/Groups" | "PUT /v1/scim/v2/Groups/{id}" => {
                let ask = json!({ "displayName": team_name(), "members": [{ "value": self.colleague }] });
                (operation.starts_with("PUT").then_some(&self.teams[0]), Some(ask))
            }
            "PATCH /v1/scim/v2/Groups/{id}" => {
                let operations = json!([{ "op": "add", "path": "members", "value": [{ "value": self.colleague }] }]);
                (Some(&self.teams[0]), Some(json!({ "Operations": operations })))
            }
            _ => return None,
        };
        Some(found)
    }
}

/// No two have the same name, however often they are made.
fn team_name() -> String {
    format!("Team {}", fresh().simple())
}

/// What a browser gives for a new passkey, as to its shape.
fn created() -> Value {
    json!({
        "id": "AAAA", "rawId": "AAAA", "type": "public-key", "extensions": {},
        "response": { "attestationObject": "AAAA", "clientDataJSON": "AAAA" },
    })
}

/// What a browser gives for a used passkey, as to its shape.
fn used() -> Value {
    json!({
        "id": "AAAA", "rawId": "AAAA", "type": "public-key", "extensions": {},
        "response": { "authenticatorData": "AAAA", "clientDataJSON": "AAAA", "signature": "AAAA", "userHandle": null },
    })
}

/// The body of a good request that takes no token.
pub(crate) fn public(operation: &str, email: &Value) -> Option<Value> {
    Some(match operation {
        "POST /v1/account/sso/domains/confirm" | "POST /v1/auth/email/confirm" => json!({ "token": "nobody-has-this" }),
        "POST /v1/auth/login/passkey" => json!({ "challenge": NEVER_GIVEN, "credential": used() }),
        "POST /v1/auth/login/passkey/begin" => json!({ "challenge": NEVER_GIVEN }),
        "POST /v1/auth/login/second-factor" => json!({ "challenge": NEVER_GIVEN, "code": "123456" }),
        "POST /v1/auth/sso/begin" => json!({ "email": email }),
        "POST /v1/auth/sso/finish" => json!({ "state": NEVER_GIVEN, "code": "a code" }),
        _ => return None,
    })
}
