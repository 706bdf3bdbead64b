//! Whether an event is Stripe's: its signature over the raw bytes, with any of the secrets, within five minutes. The library
//! compares; what an event says is not believed but taken as a reason to look.

use infra::{Fault, Kind, Timestamp};
use serde::Deserialize;
use stripe_webhook::{Webhook, WebhookError};

use super::Stripe;

/// An event that is not Stripe's, or not fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Signed by somebody else, or changed since.
    #[error("the signature does not fit")]
    Wrong,
    /// Older than five minutes, or from the future.
    #[error("the signature is too old")]
    Stale,
    /// Signed well, but not an event.
    #[error("this is not an event")]
    NotAnEvent,
}

impl Fault for SignatureError {
    fn kind(&self) -> Kind {
        match self {
            Self::Wrong | Self::Stale => Kind::Unauthenticated,
            Self::NotAnEvent => Kind::Invalid,
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Wrong => "signature_invalid",
            Self::Stale => "signature_stale",
            Self::NotAnEvent => "event_unreadable",
        }
    }
}

/// What an event tells: enough to know where to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its name.
    pub id: String,
    /// What it says has happened.
    pub kind: String,
    /// Whether money is real.
    pub live: bool,
    /// In which version of Stripe's words.
    pub api_version: Option<String>,
    /// Whom it is about, when it is about somebody and can be read.
    pub customer: Option<String>,
    /// It says that it is about nobody: what others sell to strangers.
    pub nobody: bool,
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    livemode: bool,
    #[serde(default)]
    api_version: Option<String>,
    #[serde(default)]
    data: Option<Inner>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Inner {
    object: serde_json::Value,
}

impl Stripe {
    /// Reads an event if it is Stripe's.
    pub fn verify(&self, body: &str, header: &str, now: Timestamp) -> Result<Told, SignatureError> {
        let mut worst = SignatureError::Wrong;
        for secret in &self.secrets {
            match Webhook::construct_event_with_timestamp(body, header, secret, now.timestamp()) {
                // The library reads what it knows after it has compared; an event in other words is Stripe's all the same.
                Ok(_) | Err(WebhookError::BadParse(_)) => return read(body),
                Err(WebhookError::BadTimestamp(_)) => worst = SignatureError::Stale,
                Err(WebhookError::BadSignature | WebhookError::BadHeader(_) | WebhookError::BadKey) => {}
            }
        }
        Err(worst)
    }
}

fn read(body: &str) -> Result<Told, SignatureError> {
    let envelope: Envelope = serde_json::from_str(body).map_err(|_| SignatureError::NotAnEvent)?;
    if envelope.id.is_empty() || envelope.id.len() > 255 || envelope.kind.len() > 255 {
        return Err(SignatureError::NotAnEvent);
    }
    let object = envelope.data.unwrap_or_default().object;
    let text = |value: &serde_json::Value| value.as_str().map(ToOwned::to_owned);
    let customer = if object.get("object").and_then(|name| name.as_str()) == Some("customer") {
        object.get("id").and_then(text)
    } else {
        let customer = object.get("customer");
        let named = customer.and_then(text).or_else(|| customer.and_then(|customer| customer.get("id")).and_then(text));
        // The words of another version may have it elsewhere.
        named.or_else(|| somewhere(&object))
    };
    let nobody = object.get("customer").is_some_and(serde_json::Value::is_null);
    Ok(Told {
        nobody,
        id: envelope.id,
        kind: envelope.kind,
        live: envelope.livemode,
        api_version: envelope.api_version,
        customer,
    })
}

/// The first name of a customer anywhere in it.
fn somewhere(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => (text.starts_with("cus_") && text.len() <= 255).then(|| text.clone()),
        serde_json::Value::Array(all) => all.iter().find_map(somewhere),
        serde_json::Value::Object(fields) => fields.values().find_map(somewhere),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::StripeSettings;
    use super::*;

    const BODY: &str = r#"{"id":"evt_1","object":"event","type":"customer.subscription.updated","livemode":false,
        "api_version":"2031-01-01.future","data":{"object":{"object":"subscription","customer":"cus_1"}}}"#;

    fn door(secrets: &[&str]) -> Stripe {
        let webhook_secrets = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        Stripe::new(&StripeSettings { key: "sk_test_1".into(), url: None, webhook_secrets }).unwrap()
    }

    fn now() -> Timestamp {
        chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn signed(body: &str, secret: &str, age: i64) -> String {
        Webhook::generate_test_header(body, secret, Some(now().timestamp() - age))
    }

    #[test]
    fn either_secret_is_good_while_they_are_exchanged() {
        let door = door(&["whsec_old", "whsec_new"]);
        for secret in ["whsec_old", "whsec_new"] {
            let told = door.verify(BODY, &signed(BODY, secret, 0), now()).unwrap();
            assert_eq!((told.id.as_str(), told.customer.as_deref()), ("evt_1", Some("cus_1")));
        }
        assert_eq!(door.verify(BODY, &signed(BODY, "whsec_other", 0), now()), Err(SignatureError::Wrong));
    }

    #[test]
    fn what_is_old_changed_or_unsigned_is_nobodys() {
        let door = door(&["whsec_a"]);
        assert!(door.verify(BODY, &signed(BODY, "whsec_a", 300), now()).is_ok());
        assert_eq!(door.verify(BODY, &signed(BODY, "whsec_a", 301), now()), Err(SignatureError::Stale));
        assert_eq!(door.verify(BODY, &signed(BODY, "whsec_a", -301), now()), Err(SignatureError::Stale));
        let rewritten = BODY.replace('\n', "");
        assert_eq!(door.verify(&rewritten, &signed(BODY, "whsec_a", 0), now()), Err(SignatureError::Wrong));
        for header in ["", "t=1", "v1=00", "t=x,v1=00", "t=1800000000,v1=", "nonsense", "t=1800000000,v0=00"] {
            assert!(door.verify(BODY, header, now()).is_err(), "{header}");
        }
        assert_eq!(door.verify("[]", &signed("[]", "whsec_a", 0), now()), Err(SignatureError::NotAnEvent));
    }

    #[test]
    fn no_door_opens_without_a_secret() {
        for secrets in [vec![], vec![String::new()], vec!["whsec_a".into(), " ".into()]] {
            let settings = StripeSettings { key: "sk_test_1".into(), url: None, webhook_secrets: secrets };
            assert!(Stripe::new(&settings).is_err());
        }
    }

    #[test]
    fn a_customer_is_found_wherever_it_stands() {
        let thin = r#"{"id":"evt_2","object":"v2.core.event","type":"v1.billing.meter.error_report_triggered","livemode":true}"#;
        assert_eq!(read(thin).unwrap().customer, None);
        let customer =
            r#"{"id":"evt_3","type":"customer.updated","data":{"object":{"object":"customer","id":"cus_9"}}}"#;
        assert_eq!(read(customer).unwrap().customer.as_deref(), Some("cus_9"));
        let expanded =
            r#"{"id":"evt_4","type":"invoice.paid","data":{"object":{"object":"invoice","customer":{"id":"cus_8"}}}}"#;
        assert_eq!(read(expanded).unwrap().customer.as_deref(), Some("cus_8"));
    }

    #[test]
    fn a_customer_is_found_wherever_the_words_of_another_version_have_put_it() {
        let told = |object: &str| {
            let body = format!(r#"{{"id":"evt_1","type":"invoice.paid","data":{{"object":{object}}}}}"#);
            read(&body).unwrap().customer
        };
        assert_eq!(
            told(r#"{"object":"invoice","parties":[{"buyer":{"reference":"cus_1"}}]}"#),
            Some("cus_1".to_owned())
        );
        assert_eq!(told(r#"{"object":"invoice","customer":{"id":"cus_2"}}"#), Some("cus_2".to_owned()));
        assert_eq!(told(r#"{"object":"invoice","total":3}"#), None);
        let stranger = r#"{"id":"evt_5","type":"checkout.session.completed","data":{"object":{"customer":null}}}"#;
        assert!(read(stranger).unwrap().nobody);
    }
}
