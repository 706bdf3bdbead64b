//! Whom events are told to.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Books, Metadata, merge};
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shelf::Kept;

/// One address.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Endpoint {
    pub(crate) id: String,
    pub(crate) url: String,
    /// Every one of them signs, while a secret is being replaced.
    pub(crate) secrets: Vec<String>,
    /// Which kinds; `*` is all.
    pub(crate) kinds: Vec<String>,
    pub(crate) enabled: bool,
    pub(crate) metadata: Metadata,
    pub(crate) created: i64,
}

impl Kept for Endpoint {
    const WHAT: &'static str = "webhook endpoint";
    fn id(&self) -> &str {
        &self.id
    }
}

impl Endpoint {
    pub(crate) fn wants(&self, kind: &str) -> bool {
        self.enabled && self.kinds.iter().any(|wanted| wanted == "*" || wanted == kind)
    }
}

impl Books {
    pub(crate) fn create_endpoint(&mut self, form: &Form) -> Result<Value, Refusal> {
        form.only(&["url", "enabled_events", "api_version", "metadata", "description", "connect"])?;
        let (url, kinds) = (form.need("url")?, form.texts("enabled_events")?);
        if kinds.is_empty() {
            return Err(Refusal::missing("enabled_events"));
        }
        let secret = format!("whsec_{}", self.chance.word(32));
        let id = self.add_endpoint(&url, vec![secret.clone()], kinds);
        if let Some(endpoint) = self.endpoints.find_mut(&id) {
            merge(&mut endpoint.metadata, form.map("metadata")?)?;
        }
        let mut body = self.endpoint_json(self.endpoints.get(&id, "id")?);
        if let Value::Object(fields) = &mut body {
            // Told once, when it is made.
            fields.insert("secret".to_owned(), Value::String(secret));
        }
        Ok(body)
    }

    pub(crate) fn add_endpoint(&mut self, url: &str, secrets: Vec<String>, kinds: Vec<String>) -> String {
        let id = self.new_id("we");
        self.endpoints.put(Endpoint {
            id: id.clone(),
            url: url.to_owned(),
            secrets,
            kinds,
            enabled: true,
            metadata: Metadata::new(),
            created: self.now,
        });
        id
    }

    pub(crate) fn update_endpoint(&mut self, id: &str, form: &Form) -> Result<Value, Refusal> {
        form.only(&["url", "enabled_events", "disabled", "metadata", "description"])?;
        let endpoint = self.endpoints.get_mut(id, "id")?;
        if let Some(url) = form.text("url")? {
            endpoint.url = url;
        }
        if form.has("enabled_events") {
            endpoint.kinds = form.texts("enabled_events")?;
        }
        endpoint.enabled = !form.flag("disabled")?.unwrap_or(!endpoint.enabled);
        merge(&mut endpoint.metadata, form.map("metadata")?)?;
        Ok(self.endpoint_json(self.endpoints.get(id, "id")?))
    }
}
