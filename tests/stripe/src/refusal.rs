//! Why a request is refused, in Stripe's words: a status, a type, a code, a sentence, a parameter.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An error object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The status of the answer.
    pub status: u16,
    /// `invalid_request_error`, `card_error`, `idempotency_error` or `api_error`.
    pub kind: String,
    /// Its stable code, if it has one.
    pub code: Option<String>,
    /// The sentence for developers.
    pub message: String,
    /// The parameter it is about.
    pub param: Option<String>,
    /// Why the bank said no.
    pub decline_code: Option<String>,
}

impl Refusal {
    fn new(status: u16, kind: &str, message: &str) -> Self {
        Self { status, kind: kind.to_owned(), code: None, message: message.to_owned(), param: None, decline_code: None }
    }

    /// The request makes no sense.
    pub(crate) fn bad(message: &str) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    /// A parameter makes no sense.
    pub(crate) fn invalid(param: &str, message: &str) -> Self {
        Self { param: Some(param.to_owned()), ..Self::bad(message) }
    }

    /// A parameter makes no sense, and there is a code for it.
    pub(crate) fn coded(param: &str, code: &str, message: &str) -> Self {
        Self { code: Some(code.to_owned()), ..Self::invalid(param, message) }
    }

    pub(crate) fn missing(param: &str) -> Self {
        Self::coded(param, "parameter_missing", &format!("Missing required param: {param}."))
    }

    pub(crate) fn empty(param: &str) -> Self {
        let message = format!(
            "You passed an empty string for '{param}'. We assume empty values are an attempt to unset a parameter; however '{param}' cannot be unset."
        );
        Self::coded(param, "parameter_invalid_empty", &message)
    }

    /// There is no such object. In an address that is 404, in a parameter 400.
    pub(crate) fn no_such(what: &str, id: &str, param: &str) -> Self {
        let status = if param == "id" { 404 } else { 400 };
        Self { status, ..Self::coded(param, "resource_missing", &format!("No such {what}: '{id}'")) }
    }

    pub(crate) fn no_route(method: &str, path: &str) -> Self {
        let message = format!("Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs.");
        Self::new(404, "invalid_request_error", &message)
    }

    pub(crate) fn no_key() -> Self {
        Self::new(401, "invalid_request_error", "You did not provide an API key, or it is not one of this account.")
    }

    pub(crate) fn too_many() -> Self {
        let message =
            "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.";
        Self { code: Some("rate_limit".to_owned()), ..Self::new(429, "invalid_request_error", message) }
    }

    pub(crate) fn broken() -> Self {
        Self::new(500, "api_error", "An unknown error occurred")
    }

    pub(crate) fn key_reused(key: &str) -> Self {
        let message = format!(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '{key}' if you meant to execute a different request."
        );
        Self::new(400, "idempotency_error", &message)
    }

    pub(crate) fn declined(decline_code: &str) -> Self {
        let message = match decline_code {
            "insufficient_funds" => "Your card has insufficient funds.",
            _ => "Your card was declined.",
        };
        Self {
            code: Some("card_declined".to_owned()),
            decline_code: Some(decline_code.to_owned()),
            ..Self::new(402, "card_error", message)
        }
    }

    /// As it goes over the wire.
    pub(crate) fn body(&self, request_id: &str) -> Value {
        let mut error = json!({
            "type": self.kind,
            "message": self.message,
            "request_log_url": format!("https://dashboard.stripe.com/test/logs/{request_id}"),
        });
        let optional = [("code", &self.code), ("param", &self.param), ("decline_code", &self.decline_code)];
        if let Value::Object(fields) = &mut error {
            for (name, value) in optional {
                if let Some(text) = value {
                    fields.insert(name.to_owned(), Value::String(text.clone()));
                }
            }
            if let Some(code) = &self.code {
                let page = code.replace('_', "-");
                fields.insert("doc_url".to_owned(), json!(format!("https://stripe.com/docs/error-codes/{page}")));
            }
        }
        json!({ "error": error })
    }

    /// Whether an idempotency key keeps this answer: only when the work had begun.
    pub(crate) fn is_kept(&self) -> bool {
        matches!(self.status, 402 | 500)
    }
}
