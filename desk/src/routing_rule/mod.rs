//! Routing rules: what a conversation asks for, by what is known of it when it begins.

mod apply;

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::validate::Check;
use infra::{Id, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tenant::TenantTx;
use uuid::Uuid;

use crate::assignment_policy::Warning;
use crate::conversation::Priority;
use crate::inbox::InboxId;
use crate::opening::Hours;
use crate::setup::{self, Noun, SetupError};
use crate::skill::{self, Demand};
use crate::team::{self, TeamId};
use crate::{inbox, order};

pub use apply::{Facts, Outcome, apply};
pub(crate) use apply::{ask_for_hours, speaks};

/// Marks ids of routing rules.
#[derive(Debug)]
pub enum RuleKind {}
impl ids::Prefixed for RuleKind {
    const PREFIX: &'static str = "rule";
}
/// The id of a routing rule.
pub type RuleId = Id<RuleKind>;

/// How many conditions a rule may have.
const MOST_CONDITIONS: usize = 20;

/// What must be so. Words are compared without regard to capitals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = RoutingCondition)]
pub enum Condition {
    /// The contact has this label.
    ContactTag {
        /// Which, 1 to 40 characters.
        tag: String,
    },
    /// An attribute of the conversation's start, or of the contact, has this value.
    Attribute {
        /// Its name, 1 to 60 characters.
        name: String,
        /// The value, at most 500 characters.
        equals: String,
    },
    /// The address of the page has these words in it.
    PageContains {
        /// The words, 1 to 200 characters.
        text: String,
    },
    /// What it is about, by the attribute `intent` of its start.
    Intent {
        /// Which, 1 to 100 characters.
        equals: String,
    },
    /// A question before the chat was answered so.
    Answer {
        /// Which question, 1 to 60 characters.
        key: String,
        /// The answer, at most 500 characters.
        equals: String,
    },
    /// The visitor's language is this one, or a kind of it: `zh-CN` is `zh`.
    Locale {
        /// Which, 2 to 35 characters.
        equals: String,
    },
    /// It comes in by this inbox.
    Inbox {
        /// Which.
        inbox_id: InboxId,
    },
    /// It is open, or closed, when it comes into line: by the hours of the team that the visitor chose or else the inbox's team, else
    /// of the inbox, else of its brand. Where none are set, it is open.
    Hours {
        /// True while open, false while closed.
        open: bool,
    },
}

/// What follows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RoutingEffects)]
pub struct Effects {
    /// Only agents who have all of these.
    #[serde(default)]
    pub require: Vec<Demand>,
    /// Agents who have these come first.
    #[serde(default)]
    pub prefer: Vec<Demand>,
    /// The team it goes to.
    #[serde(default)]
    pub team_id: Option<TeamId>,
    /// How much it matters.
    #[serde(default)]
    pub priority: Option<Priority>,
    /// Whether it goes before those who are not.
    #[serde(default)]
    pub vip: bool,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RoutingRule {
    /// Its id.
    pub id: RuleId,
    /// Its place: lower ones apply first, and later ones win.
    pub position: i32,
    /// Its name, for colleagues.
    pub name: String,
    /// All of these must be so; none means always.
    pub conditions: Vec<Condition>,
    /// What follows then.
    pub effects: Effects,
    /// Whether it counts.
    pub active: bool,
    /// What will not work as somebody may hope.
    pub warnings: Vec<Warning>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// A rule as somebody wants it.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoutingRuleRequest {
    /// 1 to 80 characters.
    pub name: String,
    /// All of these must be so, at most 20; none means always.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// What follows then.
    pub effects: Effects,
    /// Whether it counts.
    pub active: bool,
}

impl Condition {
    fn checked(self, field: &str, check: &mut Check) -> Self {
        let mut line = |name: &str, text: &str, min, max| check.line(&format!("{field}/{name}"), text, min, max);
        match self {
            Self::ContactTag { tag } => Self::ContactTag { tag: line("tag", &tag, 1, 40) },
            Self::Attribute { name, equals } => {
                Self::Attribute { name: line("name", &name, 1, 60), equals: line("equals", &equals, 0, 500) }
            }
            Self::PageContains { text } => Self::PageContains { text: line("text", &text, 1, 200) },
            Self::Intent { equals } => Self::Intent { equals: line("equals", &equals, 1, 100) },
            Self::Answer { key, equals } => {
                Self::Answer { key: line("key", &key, 1, 60), equals: line("equals", &equals, 0, 500) }
            }
            Self::Locale { equals } => Self::Locale { equals: line("equals", &equals, 2, 35) },
            Self::Inbox { inbox_id } => Self::Inbox { inbox_id },
            Self::Hours { open } => Self::Hours { open },
        }
    }
}

impl Effects {
    fn check(&self, check: &mut Check) {
        for (field, demands) in [("require", &self.require), ("prefer", &self.prefer)] {
            if demands.len() > skill::MOST_AT_ONCE {
                check.refuse(&format!("effects/{field}"), "too_many", "At most 50.");
            }
            for (place, demand) in demands.iter().enumerate().take(skill::MOST_AT_ONCE) {
                skill::check_level(check, &format!("effects/{field}/{place}/level"), demand.level);
            }
        }
        let is_empty = self.require.is_empty() && self.prefer.is_empty();
        if is_empty && self.team_id.is_none() && self.priority.is_none() && !self.vip {
            check.refuse("effects", "effects_empty", "A rule does something.");
        }
    }
}

impl RoutingRuleRequest {
    fn checked(self) -> Result<Self, SetupError> {
        let mut check = Check::new();
        let name = check.line("name", &self.name, 1, 80);
        if self.conditions.len() > MOST_CONDITIONS {
            check.refuse("conditions", "too_many", "At most 20.");
        }
        let conditions = self.conditions.into_iter().take(MOST_CONDITIONS).enumerate();
        let conditions = conditions
            .map(|(place, condition)| condition.checked(&format!("conditions/{place}"), &mut check))
            .collect();
        self.effects.check(&mut check);
        check.finish()?;
        Ok(Self { name, conditions, ..self })
    }

    /// Refuses what names nothing that is there.
    async fn refuse_unknown(&self, tx: &TenantTx) -> Result<(), SetupError> {
        let mut check = Check::new();
        let skills = skill::list(tx).await?;
        for (field, demands) in [("require", &self.effects.require), ("prefer", &self.effects.prefer)] {
            for (place, demand) in demands.iter().enumerate() {
                if !skills.iter().any(|skill| skill.id == demand.skill_id) {
                    let pointer = format!("effects/{field}/{place}/skill_id");
                    check.refuse(&pointer, "skill_unknown", "No such skill.");
                }
            }
        }
        if let Some(team) = self.effects.team_id
            && team::find(tx, team).await?.is_none()
        {
            check.refuse("effects/team_id", "team_unknown", "No such team.");
        }
        for (place, condition) in self.conditions.iter().enumerate() {
            if let Condition::Inbox { inbox_id } = condition
                && inbox::find(tx, *inbox_id).await?.is_none()
            {
                check.refuse(&format!("conditions/{place}/inbox_id"), "inbox_unknown", "No such inbox.");
            }
        }
        Ok(check.finish()?)
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    position: i32,
    name: String,
    conditions: serde_json::Value,
    effects: serde_json::Value,
    active: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl TryFrom<Row> for RoutingRule {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = RuleId::from_uuid(row.id);
        Ok(Self {
            id,
            position: row.position,
            name: row.name,
            conditions: setup::read("routing_rule", &id, row.conditions)?,
            effects: setup::read("routing_rule", &id, row.effects)?,
            active: row.active,
            warnings: Vec::new(),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Every rule, in order.
pub async fn list(tx: &TenantTx) -> Result<Vec<RoutingRule>, StoreError> {
    let rows: Vec<Row> = tx
        .all(sql(
            "select id, position, name, conditions, effects, active, created_at, updated_at from routing_rule order by position, id",
            [],
        ))
        .await?;
    rows.into_iter().map(RoutingRule::try_from).collect()
}

/// The hours that these rules go by: none, and no question to the database, where no rule that counts asks for any.
pub async fn hours(tx: &TenantTx, rules: &[RoutingRule]) -> Result<Hours, StoreError> {
    if ask_for_hours(rules) { Hours::load(tx).await } else { Ok(Hours::default()) }
}

/// One rule.
pub async fn find(tx: &TenantTx, id: RuleId) -> Result<Option<RoutingRule>, StoreError> {
    let row: Option<Row> = tx
        .one(sql(
            "select id, position, name, conditions, effects, active, created_at, updated_at from routing_rule where id = $1",
            [id.uuid().into()],
        ))
        .await?;
    row.map(RoutingRule::try_from).transpose()
}

/// Makes a rule, the last one.
pub async fn create(tx: &TenantTx, ask: RoutingRuleRequest) -> Result<RoutingRule, SetupError> {
    let ask = ask.checked()?;
    setup::take_turn(tx).await?;
    ask.refuse_unknown(tx).await?;
    if list(tx).await?.len() >= Noun::RoutingRule.most() {
        return Err(SetupError::TooMany(Noun::RoutingRule));
    }
    let id: RuleId = tx.id();
    tx.run(sql(
        "insert into routing_rule (id, position, name, conditions, effects, active, created_at, updated_at) \
         select $1, coalesce(max(position), 0) + 1, $2, $3, $4, $5, $6, $6 from routing_rule",
        [
            id.uuid().into(),
            ask.name.into(),
            setup::stored(&ask.conditions)?.into(),
            setup::stored(&ask.effects)?.into(),
            ask.active.into(),
            tx.now().into(),
        ],
    ))
    .await?;
    find(tx, id).await?.ok_or(SetupError::Unknown(Noun::RoutingRule))
}

/// Writes a rule anew, where it is.
pub async fn replace(tx: &TenantTx, id: RuleId, ask: RoutingRuleRequest) -> Result<RoutingRule, SetupError> {
    let ask = ask.checked()?;
    setup::take_turn(tx).await?;
    find(tx, id).await?.ok_or(SetupError::Unknown(Noun::RoutingRule))?;
    ask.refuse_unknown(tx).await?;
    tx.run(sql(
        "update routing_rule set name = $2, conditions = $3, effects = $4, active = $5, updated_at = $6 where id = $1",
        [
            id.uuid().into(),
            ask.name.into(),
            setup::stored(&ask.conditions)?.into(),
            setup::stored(&ask.effects)?.into(),
            ask.active.into(),
            tx.now().into(),
        ],
    ))
    .await?;
    find(tx, id).await?.ok_or(SetupError::Unknown(Noun::RoutingRule))
}

/// Puts all rules into an order.
pub async fn arrange(tx: &TenantTx, ids: Vec<RuleId>) -> Result<Vec<RoutingRule>, SetupError> {
    setup::take_turn(tx).await?;
    let known: Vec<Uuid> = list(tx).await?.into_iter().map(|rule| rule.id.uuid()).collect();
    let ids: Vec<Uuid> = ids.into_iter().map(Id::uuid).collect();
    let ids = order::arranged(&known, &ids)?;
    tx.run(sql(
        "update routing_rule r set position = wanted.place from unnest($1::uuid[]) with ordinality as wanted (id, place) where r.id = wanted.id",
        [ids.into()],
    ))
    .await?;
    Ok(list(tx).await?)
}

/// Removes a rule.
pub async fn remove(tx: &TenantTx, id: RuleId) -> Result<RoutingRule, SetupError> {
    setup::take_turn(tx).await?;
    let rule = find(tx, id).await?.ok_or(SetupError::Unknown(Noun::RoutingRule))?;
    tx.run(sql("delete from routing_rule where id = $1", [id.uuid().into()])).await?;
    Ok(rule)
}
