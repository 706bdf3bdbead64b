//! Inboxes: the doors customers come in by. So far: the chat widget on a website.

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::validate::{Check, Invalid};
use infra::{Fault, FieldFault, Id, Kind, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tenant::scope::InboxKind;
use tenant::{AccountId, TenantTx};
use uuid::Uuid;

/// The id of an inbox.
pub type InboxId = Id<InboxKind>;

/// The public key in a website's script tag. It names the company and the inbox and opens nothing by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxKey {
    /// The company.
    pub account: AccountId,
    /// The inbox.
    pub inbox: InboxId,
}

const KEY_MARK: &str = "ik_";

impl InboxKey {
    /// As it stands in a script tag.
    pub fn encode(self) -> String {
        format!("{KEY_MARK}{}{}", self.account.suffix(), self.inbox.suffix())
    }

    /// `None` for what we did not write.
    pub fn decode(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(KEY_MARK).filter(|rest| rest.len() == 52)?;
        Some(Self {
            account: Id::from_uuid(ids::decode(rest.get(..26)?)?),
            inbox: Id::from_uuid(ids::decode(rest.get(26..)?)?),
        })
    }
}

/// Which side of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Bottom right.
    Right,
    /// Bottom left.
    Left,
}

/// Light, dark, or as the visitor's system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the visitor's system.
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// How the widget looks and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct InboxSettings {
    /// Main colour, `#rrggbb`.
    #[schema(example = "#1f6feb")]
    pub color: String,
    /// Which side of the page.
    pub position: Position,
    /// Head line of the panel.
    pub title: String,
    /// What it says before the visitor writes.
    pub greeting: String,
    /// What it says while nobody is online.
    pub away_message: String,
    /// `auto` (as the visitor's browser), `en` or `zh-CN`.
    pub locale: String,
    /// Light, dark, or as the visitor's system.
    pub theme: Theme,
    /// Whether a resolved conversation asks for a rating.
    pub survey_enabled: bool,
    /// Sites that may show the widget (`shop.example`, `*.shop.example`); empty for any.
    pub allowed_domains: Vec<String>,
}

impl Default for InboxSettings {
    fn default() -> Self {
        Self {
            color: "#1f6feb".into(),
            position: Position::Right,
            title: String::new(),
            greeting: String::new(),
            away_message: String::new(),
            locale: "auto".into(),
            theme: Theme::Auto,
            survey_enabled: true,
            allowed_domains: Vec::new(),
        }
    }
}

/// Some of the settings; what is absent stays.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InboxSettingsChange {
    /// Main colour, `#rrggbb`.
    pub color: Option<String>,
    /// Which side of the page.
    pub position: Option<Position>,
    /// Head line of the panel, at most 80 characters.
    pub title: Option<String>,
    /// What it says before the visitor writes, at most 500 characters.
    pub greeting: Option<String>,
    /// What it says while nobody is online, at most 500 characters.
    pub away_message: Option<String>,
    /// `auto`, `en` or `zh-CN`.
    pub locale: Option<String>,
    /// Light, dark, or as the visitor's system.
    pub theme: Option<Theme>,
    /// Whether a resolved conversation asks for a rating.
    pub survey_enabled: Option<bool>,
    /// Sites that may show the widget; at most 50.
    pub allowed_domains: Option<Vec<String>>,
}

impl InboxSettings {
    /// These settings with the change, bounds checked.
    fn with(mut self, change: InboxSettingsChange, check: &mut Check) -> Self {
        if let Some(color) = change.color {
            let good =
                color.len() == 7 && color.starts_with('#') && color.chars().skip(1).all(|c| c.is_ascii_hexdigit());
            if !good {
                check.refuse("settings/color", "color_invalid", "A colour like #1f6feb.");
            }
            self.color = color.to_lowercase();
        }
        if let Some(title) = change.title {
            self.title = check.line("settings/title", &title, 0, 80);
        }
        if let Some(greeting) = change.greeting {
            self.greeting = check.text("settings/greeting", &greeting, 0, 500);
        }
        if let Some(away) = change.away_message {
            self.away_message = check.text("settings/away_message", &away, 0, 500);
        }
        if let Some(locale) = change.locale {
            if !["auto", "en", "zh-CN"].contains(&locale.as_str()) {
                check.refuse("settings/locale", "locale_unknown", "One of: auto, en, zh-CN.");
            }
            self.locale = locale;
        }
        if let Some(domains) = change.allowed_domains {
            if domains.len() > 50 {
                check.refuse("settings/allowed_domains", "too_many", "At most 50.");
            }
            self.allowed_domains = domains
                .into_iter()
                .map(|domain| domain.trim().to_lowercase())
                .filter(|domain| !domain.is_empty())
                .collect();
            if !self.allowed_domains.iter().all(|domain| is_domain(domain)) {
                check.refuse(
                    "settings/allowed_domains",
                    "domain_invalid",
                    "Host names like shop.example or *.shop.example, with a port when it is not the usual one.",
                );
            }
        }
        self.position = change.position.unwrap_or(self.position);
        self.theme = change.theme.unwrap_or(self.theme);
        self.survey_enabled = change.survey_enabled.unwrap_or(self.survey_enabled);
        self
    }
}

/// A host name, perhaps with `*.` before and `:port` after. Nothing else: it becomes part of a security header.
fn is_domain(text: &str) -> bool {
    let text = text.strip_prefix("*.").unwrap_or(text);
    let (host, port) = text.split_once(':').unwrap_or((text, "443"));
    !host.is_empty()
        && host.len() <= 253
        && port.parse::<u16>().is_ok()
        && host.split('.').all(|label| {
            !label.is_empty() && label.len() <= 63 && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        })
}

/// An inbox.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Inbox {
    /// Its id.
    pub id: InboxId,
    /// Its name, for colleagues.
    pub name: String,
    /// Its channel; so far always `website`.
    pub channel: String,
    /// The public key for the script tag.
    #[schema(example = "ik_01h455vb4pex5vsknk084sn02q01h455vb4pex5vsknk084sn02r")]
    pub key: String,
    /// How the widget looks and what it says.
    pub settings: InboxSettings,
    /// When a page first loaded the widget.
    pub installed_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// What can go wrong with an inbox.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// No such inbox here.
    #[error("no such inbox")]
    Unknown,
    /// Fields were refused.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The plan allows no more.
    #[error(transparent)]
    Limit(#[from] tenant::limits::LimitReached),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for InboxError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unknown => Kind::NotFound,
            Self::Invalid(error) => error.kind(),
            Self::Limit(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "inbox_unknown",
            Self::Invalid(error) => error.code(),
            Self::Limit(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(error) => error.fields(),
            Self::Unknown | Self::Limit(_) | Self::Store(_) => Vec::new(),
        }
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    channel: String,
    settings: serde_json::Value,
    installed_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Row {
    fn read(self, account: AccountId) -> Result<Inbox, StoreError> {
        let id = InboxId::from_uuid(self.id);
        let settings = serde_json::from_value(self.settings).map_err(|error| StoreError::Inconsistent {
            table: "inbox",
            id: id.to_string(),
            what: error.to_string(),
        })?;
        Ok(Inbox {
            id,
            name: self.name,
            channel: self.channel,
            key: InboxKey { account, inbox: id }.encode(),
            settings,
            installed_at: self.installed_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// Every inbox, first made first.
pub async fn list(tx: &TenantTx) -> Result<Vec<Inbox>, StoreError> {
    let rows: Vec<Row> = tx.all(sql("select id, name, channel, settings, installed_at, created_at, updated_at from inbox order by created_at, id", [])).await?;
    rows.into_iter().map(|row| row.read(tx.account())).collect()
}

/// One inbox.
pub async fn find(tx: &TenantTx, id: InboxId) -> Result<Option<Inbox>, StoreError> {
    let row: Option<Row> = tx
        .one(sql(
            "select id, name, channel, settings, installed_at, created_at, updated_at from inbox where id = $1",
            [id.uuid().into()],
        ))
        .await?;
    row.map(|row| row.read(tx.account())).transpose()
}

/// Makes a website inbox, if the plan has room.
pub async fn create(
    tx: &TenantTx,
    name: &str,
    settings: InboxSettingsChange,
    limit: Option<u32>,
) -> Result<Inbox, InboxError> {
    let mut check = Check::new();
    let name = check.line("name", name, 1, 80);
    let settings = InboxSettings { title: name.clone(), ..InboxSettings::default() }.with(settings, &mut check);
    check.finish()?;
    // Two admins at once must not both take the last place.
    tx.run(sql("lock table inbox in share row exclusive mode", [])).await?;
    let have = list(tx).await?.len();
    tenant::limits::room_for_one_more("inboxes", limit, u64::try_from(have).unwrap_or(u64::MAX))?;
    let id: InboxId = tx.id();
    insert(tx, id, &name, &settings).await?;
    find(tx, id).await?.ok_or(InboxError::Unknown)
}

async fn insert(tx: &TenantTx, id: InboxId, name: &str, settings: &InboxSettings) -> Result<(), StoreError> {
    let stored = serde_json::to_value(settings).map_err(|error| StoreError::Refused(error.to_string()))?;
    tx.run(sql(
        "insert into inbox (id, name, channel, settings, created_at, updated_at) values ($1, $2, 'website', $3, $4, $4) on conflict (id) do nothing",
        [id.uuid().into(), name.into(), stored.into(), tx.now().into()],
    ))
    .await
    .map(drop)
}

/// Makes the first inbox of a new company. Its id is the company's own, so that a repeated seed changes nothing.
pub async fn seed(tx: &TenantTx, company: &str, locale: &str) -> Result<(), StoreError> {
    let (greeting, away_message) = if locale == "zh-CN" {
        ("您好！有什么可以帮您？", "我们现在不在线，请留言，我们会尽快回复您。")
    } else {
        ("Hi there! How can we help?", "We are away right now. Leave us a message and we will get back to you.")
    };
    let settings = InboxSettings {
        title: company.to_owned(),
        greeting: greeting.into(),
        away_message: away_message.into(),
        ..InboxSettings::default()
    };
    insert(tx, InboxId::from_uuid(tx.account().uuid()), company, &settings).await
}

/// Changes an inbox.
pub async fn update(
    tx: &TenantTx,
    id: InboxId,
    name: Option<String>,
    change: InboxSettingsChange,
) -> Result<Inbox, InboxError> {
    // Two changes at once must both stay.
    tx.run(sql("select id from inbox where id = $1 for update", [id.uuid().into()])).await?;
    let inbox = find(tx, id).await?.ok_or(InboxError::Unknown)?;
    let mut check = Check::new();
    let name = name.map_or(inbox.name, |name| check.line("name", &name, 1, 80));
    let settings = inbox.settings.with(change, &mut check);
    check.finish()?;
    let stored = serde_json::to_value(&settings).map_err(|error| StoreError::Refused(error.to_string()))?;
    tx.run(sql(
        "update inbox set name = $2, settings = $3, updated_at = $4 where id = $1",
        [id.uuid().into(), name.into(), stored.into(), tx.now().into()],
    ))
    .await?;
    find(tx, id).await?.ok_or(InboxError::Unknown)
}

/// Notes that a page has loaded the widget; true the first time.
pub async fn mark_installed(tx: &TenantTx, id: InboxId) -> Result<bool, StoreError> {
    let touched = tx
        .run(sql(
            "update inbox set installed_at = $2 where id = $1 and installed_at is null",
            [id.uuid().into(), tx.now().into()],
        ))
        .await?;
    Ok(touched > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_account_and_inbox() {
        let key = InboxKey { account: Id::from_uuid(Uuid::max()), inbox: Id::from_uuid(Uuid::nil()) };
        assert_eq!(InboxKey::decode(&key.encode()), Some(key));
        for text in ["", "ik_", "ik_zz", &key.encode()[1..], &format!("{}0", key.encode())] {
            assert_eq!(InboxKey::decode(text), None, "{text}");
        }
    }

    #[test]
    fn a_domain_cannot_smuggle_a_directive_into_a_header() {
        for good in ["shop.example", "*.shop.example", "localhost:3000", "127.0.0.1:8080"] {
            assert!(is_domain(good), "{good}");
        }
        for bad in ["", "*", "a b", "x; script-src *", "http://x", "x/y", "x'self'", "a..b", "x:99999"] {
            assert!(!is_domain(bad), "{bad}");
        }
    }
}
