//! One good request for every operation on a group of companies.

use serde_json::{Value, json};
use tests::{Shop, fresh};

/// The group of a company, with another company in it and somebody who manages it too.
pub(crate) struct Group {
    organisation: String,
    account: String,
    user: String,
    colleague: String,
}

impl Group {
    /// The company's group: made by the first who asks.
    pub(crate) async fn of(shop: &Shop) -> Self {
        let owner = &shop.owner.http;
        let known = owner.get("/v1/organisations").await.ok()["data"][0]["id"].as_str().map(ToOwned::to_owned);
        let organisation = match known {
            Some(id) => id,
            None => {
                let made = owner.post("/v1/organisations", json!({ "name": shop.says("Group") })).await.ok();
                made["id"].as_str().unwrap().to_owned()
            }
        };
        let path = format!("/v1/organisations/{organisation}");
        let brand = json!({ "company": shop.says("Brand"), "locale": "en" });
        let account = owner.post(&format!("{path}/accounts"), brand).await.ok();
        let account = account["id"].as_str().unwrap().to_owned();
        let colleague = shop.colleague("Gus", tenant::Role::Admin).await;
        let admin = owner.post(&format!("{path}/admins"), json!({ "email": colleague.email })).await.ok();
        // It wants to leave, and somebody of the group may answer.
        let leave = json!({ "organisation_id": organisation, "direction": "leave" });
        owner.post("/v1/account/organisation/moves", leave).await.ok();
        Self { organisation, account, user: admin["user_id"].as_str().unwrap().to_owned(), colleague: colleague.email }
    }

    /// Puts the ids of a path beside its first one in.
    pub(crate) fn fill(&self, path: &str) -> String {
        path.replace("{user_id}", &self.user).replace("{account_id}", &self.account)
    }

    /// Whose id it names, and the body.
    pub(crate) fn probe(
        &self,
        operation: &str,
        says: &dyn Fn(&str) -> String,
    ) -> Option<(Option<&String>, Option<Value>)> {
        let group = Some(&self.organisation);
        let (_, path) = operation.split_once(' ')?;
        if !path.starts_with("/v1/organisations") && !path.starts_with("/v1/account/organisation") {
            return None;
        }
        Some(match operation {
            "GET /v1/organisations" | "GET /v1/account/organisation" => (None, None),
            "POST /v1/organisations" => (None, Some(json!({ "name": says("House") }))),
            "PATCH /v1/organisations/{id}" => (group, Some(json!({ "name": says("Group") }))),
            "POST /v1/organisations/{id}/admins" => (group, Some(json!({ "email": self.colleague }))),
            "POST /v1/organisations/{id}/accounts" => {
                (group, Some(json!({ "company": says("Another"), "locale": "zh-CN" })))
            }
            "PUT /v1/organisations/{id}/accounts/{account_id}/members" => {
                let email = format!("{}@mail.test", fresh().simple());
                (group, Some(json!({ "email": email, "role": "agent" })))
            }
            "POST /v1/organisations/{id}/moves" => {
                (group, Some(json!({ "account_id": self.account, "direction": "leave" })))
            }
            "PUT /v1/organisations/{id}/moves/{account_id}" => (group, Some(json!({ "accept": false }))),
            "POST /v1/account/organisation/moves" => {
                (None, Some(json!({ "organisation_id": self.organisation, "direction": "leave" })))
            }
            "PUT /v1/account/organisation/moves" => {
                (None, Some(json!({ "organisation_id": self.organisation, "accept": false })))
            }
            "GET /v1/organisations/{id}"
            | "GET /v1/organisations/{id}/overview"
            | "GET /v1/organisations/{id}/accounts/{account_id}/members"
            | "DELETE /v1/organisations/{id}/admins/{user_id}" => (group, None),
            _ => return None,
        })
    }
}
