//! The emergency plan: what visitors are told, and where else they can turn, while the company cannot answer as usual.
//!
//! Chat goes on meanwhile: what is written is kept and answered later.

use chrono::{DateTime, Utc};
use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use infra::validate::{Check, Invalid};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tenant::TenantTx;

use crate::choice::ChoiceError;

/// How many other ways there may be.
const MOST_CONTACTS: usize = 6;

/// How to reach the company otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WayKind {
    /// By telephone.
    Phone,
    /// By e-mail.
    Email,
    /// At an address of the web.
    Link,
    /// In words, such as an address of a shop.
    Other,
}

/// Another way to reach the company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmergencyContact {
    /// What kind of way.
    pub kind: WayKind,
    /// What it is called, 1 to 60 characters.
    pub label: String,
    /// The number, the address, the link or the words; 1 to 200 characters.
    pub value: String,
}

/// What everybody may see of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct EmergencyNotice {
    /// Whether it is switched on.
    pub active: bool,
    /// What visitors are told; nothing for the widget's own words.
    pub message: Option<String>,
    /// Other ways to reach the company, first one first.
    pub contacts: Vec<EmergencyContact>,
}

/// The plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Emergency {
    /// Whether it is switched on.
    pub active: bool,
    /// What visitors are told; nothing for the widget's own words.
    pub message: Option<String>,
    /// Other ways to reach the company, first one first.
    pub contacts: Vec<EmergencyContact>,
    /// When it was last changed; null until somebody has written it.
    pub updated_at: Option<DateTime<Utc>>,
}

impl Emergency {
    /// What everybody may see of it.
    pub fn notice(self) -> EmergencyNotice {
        EmergencyNotice { active: self.active, message: self.message, contacts: self.contacts }
    }
}

/// The plan as somebody wants it.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmergencyPlan {
    /// Whether it is to be switched on.
    pub active: bool,
    /// What visitors are to be told, 1 to 500 characters; nothing for the widget's own words.
    #[serde(default)]
    pub message: Option<String>,
    /// Other ways to reach the company, at most 6.
    #[serde(default)]
    pub contacts: Vec<EmergencyContact>,
}

impl EmergencyContact {
    fn checked(self, field: &str, check: &mut Check) -> Self {
        let label = check.line(&format!("{field}/label"), &self.label, 1, 60);
        let pointer = format!("{field}/value");
        let value = check.line(&pointer, &self.value, 1, 200);
        let good = match self.kind {
            WayKind::Phone => is_phone(&value),
            WayKind::Email => {
                check.email(&pointer, &value);
                true
            }
            WayKind::Link => is_link(&value),
            WayKind::Other => true,
        };
        if !good && self.kind == WayKind::Phone {
            check.refuse(&pointer, "phone_invalid", "Digits, spaces and + - . ( ) / only.");
        } else if !good {
            check.refuse(&pointer, "link_invalid", "A whole address that begins with https:// or http://.");
        }
        Self { kind: self.kind, label, value }
    }
}

/// Whether it can be dialled.
pub(crate) fn is_phone(text: &str) -> bool {
    text.chars().filter(char::is_ascii_digit).count() >= 3
        && text.chars().all(|c| c.is_ascii_digit() || " +-.()/".contains(c))
}

/// Visitors click on it: nothing that a browser would run, and no name and password before the host.
pub(crate) fn is_link(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let Some(rest) = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://")) else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    !host.is_empty()
        && host.chars().all(|c| c.is_alphanumeric() || "-.:[]".contains(c))
        && !text.chars().any(|c| c.is_whitespace() || "\"'<>\\`".contains(c))
}

impl EmergencyPlan {
    fn checked(self) -> Result<Emergency, Invalid> {
        let mut check = Check::new();
        if self.contacts.len() > MOST_CONTACTS {
            check.refuse("contacts", "too_many", "At most 6.");
        }
        let message = self.message.map(|message| check.text("message", &message, 1, 500));
        let contacts = self.contacts.into_iter().take(MOST_CONTACTS).enumerate();
        let contacts =
            contacts.map(|(place, contact)| contact.checked(&format!("contacts/{place}"), &mut check)).collect();
        check.finish()?;
        Ok(Emergency { active: self.active, message, contacts, updated_at: None })
    }
}

#[derive(FromQueryResult)]
struct Row {
    active: bool,
    message: Option<String>,
    contacts: serde_json::Value,
    updated_at: Timestamp,
}

impl TryFrom<Row> for Emergency {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let contacts = serde_json::from_value(row.contacts).map_err(|error| StoreError::Inconsistent {
            table: "emergency",
            id: "the plan".to_owned(),
            what: error.to_string(),
        })?;
        Ok(Self { active: row.active, message: row.message, contacts, updated_at: Some(row.updated_at) })
    }
}

/// The plan; switched off and empty until somebody has written it.
pub async fn find(tx: &TenantTx) -> Result<Emergency, StoreError> {
    let row: Option<Row> = tx.one(sql("select active, message, contacts, updated_at from emergency", [])).await?;
    row.map_or_else(|| Ok(Emergency::default()), Emergency::try_from)
}

/// Writes the plan, and switches it on or off.
pub async fn set(tx: &TenantTx, plan: EmergencyPlan) -> Result<Emergency, ChoiceError> {
    let plan = plan.checked()?;
    let contacts = serde_json::to_value(&plan.contacts).map_err(|error| StoreError::Refused(error.to_string()))?;
    tx.run(sql(
        "insert into emergency (active, message, contacts, updated_at) values ($1, $2, $3, $4) \
         on conflict (singleton) do update set active = excluded.active, message = excluded.message, \
         contacts = excluded.contacts, updated_at = excluded.updated_at",
        [plan.active.into(), plan.message.clone().into(), contacts.into(), tx.now().into()],
    ))
    .await?;
    Ok(Emergency { updated_at: Some(tx.now()), ..plan })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_dialled_or_safely_clicked_is_taken() {
        for good in ["+49 (0) 30 / 123-456.7", "112", "400-800-1234"] {
            assert!(is_phone(good), "{good}");
        }
        for bad in ["", "12", "call us", "+49;ext=1", "１２３４"] {
            assert!(!is_phone(bad), "{bad}");
        }
        for good in ["https://status.shop.example", "HTTP://shop.example:8080/a?b=c#d", "https://商店.example/帮助"]
        {
            assert!(is_link(good), "{good}");
        }
        for bad in [
            "",
            "https://",
            "https:///path",
            "shop.example",
            "//shop.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://bank.example@evil.example/",
            "https://shop.example/a b",
            "https://shop.example/\"onclick=",
            "https://shop.example\\@evil.example",
        ] {
            assert!(!is_link(bad), "{bad}");
        }
    }

    #[test]
    fn every_refused_field_is_named() {
        let contact = |kind, label: &str, value: &str| EmergencyContact {
            kind,
            label: label.to_owned(),
            value: value.to_owned(),
        };
        let contacts = vec![
            contact(WayKind::Phone, "", "call us"),
            contact(WayKind::Email, "Mail", "not an address"),
            contact(WayKind::Link, "Site", "javascript:alert(1)"),
            contact(WayKind::Other, "Shop", "Main Street 1"),
        ];
        let plan = EmergencyPlan { active: true, message: Some(" ".to_owned()), contacts };
        let refused = plan.checked().unwrap_err().0;
        let refused: Vec<(&str, &str)> =
            refused.iter().map(|fault| (fault.pointer.as_str(), fault.code.as_str())).collect();
        assert_eq!(
            refused,
            [
                ("/message", "text_too_short"),
                ("/contacts/0/label", "text_too_short"),
                ("/contacts/0/value", "phone_invalid"),
                ("/contacts/1/value", "email_invalid"),
                ("/contacts/2/value", "link_invalid"),
            ]
        );
        let many = vec![contact(WayKind::Other, "Shop", "Main Street 1"); 7];
        let refused = EmergencyPlan { active: true, message: None, contacts: many }.checked().unwrap_err().0;
        assert_eq!(refused[0].code, "too_many");
    }
}
