//! Inboxes: the doors customers come in by. So far: the chat widget on a website.

mod identity;
mod settings;

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::validate::{Check, Invalid};
use infra::{Fault, FieldFault, Id, Kind, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::Serialize;
use tenant::scope::InboxKind;
use tenant::{AccountId, TenantTx};
use uuid::Uuid;

use crate::assignment_policy::PolicyId;
use crate::brand::BrandId;
use crate::business_hours::HoursId;
use crate::setup::{self, SetupError, Wish};
use crate::team::TeamId;

pub use identity::{Unvouched, note_identified, require_identity, unvouched};
pub use settings::{InboxSettings, InboxSettingsChange, Position, Theme};

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

/// The ways customers come in, so far.
pub const CHANNELS: [&str; 1] = ["website"];

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
    /// The brand it belongs to.
    pub brand_id: Option<BrandId>,
    /// The team that its conversations go to, where no rule and no visitor says otherwise.
    pub team_id: Option<TeamId>,
    /// How its conversations are given to agents, where the team has no policy of its own; null for the default.
    pub assignment_policy_id: Option<PolicyId>,
    /// When it is open, where the team has no hours of its own; null for the brand's.
    pub business_hours_id: Option<HoursId>,
    /// How much of an agent's place one conversation takes, in percent.
    pub weight: i16,
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
    /// Nobody vouches for the visitor, and the inbox takes no others.
    #[error("the site has to say who its visitors are before they can write here")]
    IdentityRequired,
    /// Fields were refused.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The plan allows no more.
    #[error(transparent)]
    Limit(#[from] tenant::limits::LimitReached),
    /// It was to lead somewhere that is not there.
    #[error(transparent)]
    Course(#[from] SetupError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for InboxError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unknown => Kind::NotFound,
            Self::IdentityRequired => Kind::Forbidden,
            Self::Invalid(error) => error.kind(),
            Self::Limit(error) => error.kind(),
            Self::Course(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "inbox_unknown",
            Self::IdentityRequired => "identity_required",
            Self::Invalid(error) => error.code(),
            Self::Limit(error) => error.code(),
            Self::Course(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(error) => error.fields(),
            Self::Course(error) => error.fields(),
            Self::Unknown | Self::IdentityRequired | Self::Limit(_) | Self::Store(_) => Vec::new(),
        }
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    channel: String,
    settings: serde_json::Value,
    brand_id: Option<Uuid>,
    team_id: Option<Uuid>,
    assignment_policy_id: Option<Uuid>,
    business_hours_id: Option<Uuid>,
    weight: i16,
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
            brand_id: self.brand_id.map(Id::from_uuid),
            team_id: self.team_id.map(Id::from_uuid),
            assignment_policy_id: self.assignment_policy_id.map(Id::from_uuid),
            business_hours_id: self.business_hours_id.map(Id::from_uuid),
            weight: self.weight,
            installed_at: self.installed_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// Every inbox, first made first.
pub async fn list(tx: &TenantTx) -> Result<Vec<Inbox>, StoreError> {
    let rows: Vec<Row> = tx
        .all(sql(
            "select id, name, channel, settings, brand_id, team_id, assignment_policy_id, business_hours_id, weight, installed_at, \
             created_at, updated_at from inbox order by created_at, id",
            [],
        ))
        .await?;
    rows.into_iter().map(|row| row.read(tx.account())).collect()
}

/// One inbox.
pub async fn find(tx: &TenantTx, id: InboxId) -> Result<Option<Inbox>, StoreError> {
    let row: Option<Row> = tx
        .one(sql(
            "select id, name, channel, settings, brand_id, team_id, assignment_policy_id, business_hours_id, weight, installed_at, \
             created_at, updated_at from inbox where id = $1",
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

/// What may be changed of where an inbox's conversations go; what is absent stays, `null` clears.
#[derive(Debug, Clone, Default)]
pub struct Course {
    /// The brand it belongs to.
    pub brand_id: Wish<BrandId>,
    /// The team that its conversations go to.
    pub team_id: Wish<TeamId>,
    /// How its conversations are given to agents.
    pub assignment_policy_id: Wish<PolicyId>,
    /// When it is open.
    pub business_hours_id: Wish<HoursId>,
    /// How much of an agent's place one conversation takes, in percent.
    pub weight: Option<i16>,
}

/// Changes an inbox.
pub async fn update(
    tx: &TenantTx,
    id: InboxId,
    name: Option<String>,
    change: InboxSettingsChange,
    course: Course,
) -> Result<Inbox, InboxError> {
    setup::take_turn(tx).await?;
    let inbox = find(tx, id).await?.ok_or(InboxError::Unknown)?;
    let mut check = Check::new();
    let name = name.map_or(inbox.name, |name| check.line("name", &name, 1, 80));
    let settings = inbox.settings.with(change, &mut check);
    let weight = course.weight.unwrap_or(inbox.weight);
    if !(1..=100).contains(&weight) {
        check.refuse("weight", "number_out_of_range", "1 to 100.");
    }
    check.finish()?;
    tx.run(sql(
        "update inbox set name = $2, settings = $3, brand_id = $4, team_id = $5, assignment_policy_id = $6, business_hours_id = $7, \
         weight = $8, updated_at = $9 where id = $1",
        [
            id.uuid().into(),
            name.into(),
            setup::stored(&settings)?.into(),
            course.brand_id.over(inbox.brand_id).map(Id::uuid).into(),
            course.team_id.over(inbox.team_id).map(Id::uuid).into(),
            course.assignment_policy_id.over(inbox.assignment_policy_id).map(Id::uuid).into(),
            course.business_hours_id.over(inbox.business_hours_id).map(Id::uuid).into(),
            weight.into(),
            tx.now().into(),
        ],
    ))
    .await
    .map_err(setup::refused)?;
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
}
