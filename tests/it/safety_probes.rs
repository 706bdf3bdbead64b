//! One good request for every operation about what is masked and who is kept out.

use serde_json::{Value, json};
use tests::{Shop, fresh};

/// What a company has blocked.
pub(crate) struct Safety {
    block: String,
}

/// Another one each time, and none that anybody comes from.
fn network() -> String {
    let words = fresh().as_u128();
    format!("2001:db8:{:x}:{:x}::/64", (words >> 16) & 0xffff, words & 0xffff)
}

impl Safety {
    pub(crate) async fn of(shop: &Shop) -> Self {
        let ask = json!({ "network": network(), "note": shop.says("A crowd") });
        let made = shop.owner.http.post("/v1/safety/addresses", ask).await.ok();
        Self { block: made["id"].as_str().unwrap().to_owned() }
    }

    /// Whose id it names, and the body.
    pub(crate) fn probe(
        &self,
        operation: &str,
        says: &dyn Fn(&str) -> String,
    ) -> Option<(Option<&String>, Option<Value>)> {
        Some(match operation {
            "GET /v1/safety/masking" | "GET /v1/safety/addresses" | "GET /v1/safety/spam-guard" => (None, None),
            "PUT /v1/safety/spam-guard" => {
                // So high that nobody in these stories is asked.
                let guard =
                    json!({ "active": true, "visitors_per_minute": 50_000, "conversations_per_minute": 40_000 });
                (None, Some(guard))
            }
            "PUT /v1/safety/masking" => {
                let words = json!([says("Nonsense"), "赌博"]);
                let choice =
                    json!({ "card_numbers": true, "resident_ids": true, "words": words, "words_action": "mask" });
                (None, Some(choice))
            }
            "POST /v1/safety/addresses" => {
                let ask = json!({ "network": network(), "note": says("Spam"), "ends_at": "2099-01-01T00:00:00Z" });
                (None, Some(ask))
            }
            "DELETE /v1/safety/addresses/{id}" => (Some(&self.block), None),
            _ => return None,
        })
    }
}
