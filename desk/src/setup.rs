//! What is common to the things that are set up for routing: teams, brands, skills, hours, policies, rules and what those who
//! wait are shown. They name each other, so they change one at a time, and nothing that is still named goes away.

use infra::database::{Rows as _, StoreError, sql};
use infra::validate::{Check, Invalid};
use infra::{Fault, FieldFault, Kind};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Deserializer};
use tenant::TenantTx;

/// The things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noun {
    /// A team.
    Team,
    /// A brand.
    Brand,
    /// A skill.
    Skill,
    /// Business hours.
    BusinessHours,
    /// An assignment policy.
    AssignmentPolicy,
    /// A routing rule.
    RoutingRule,
    /// Something to show to those who wait.
    WaitingContent,
}

impl Noun {
    const fn unknown(self) -> &'static str {
        match self {
            Self::Team => "team_unknown",
            Self::Brand => "brand_unknown",
            Self::Skill => "skill_unknown",
            Self::BusinessHours => "business_hours_unknown",
            Self::AssignmentPolicy => "assignment_policy_unknown",
            Self::RoutingRule => "routing_rule_unknown",
            Self::WaitingContent => "waiting_content_unknown",
        }
    }

    const fn in_use(self) -> &'static str {
        match self {
            Self::Team => "team_in_use",
            Self::Brand => "brand_in_use",
            Self::Skill => "skill_in_use",
            Self::BusinessHours => "business_hours_in_use",
            Self::AssignmentPolicy => "assignment_policy_in_use",
            Self::RoutingRule => "routing_rule_in_use",
            Self::WaitingContent => "waiting_content_in_use",
        }
    }

    const fn too_many(self) -> &'static str {
        match self {
            Self::Team => "too_many_teams",
            Self::Brand => "too_many_brands",
            Self::Skill => "too_many_skills",
            Self::BusinessHours => "too_many_business_hours",
            Self::AssignmentPolicy => "too_many_assignment_policies",
            Self::RoutingRule => "too_many_routing_rules",
            Self::WaitingContent => "too_many_waiting_content",
        }
    }

    /// How many of them there may be.
    pub const fn most(self) -> usize {
        match self {
            Self::Team | Self::Skill | Self::RoutingRule => 200,
            Self::BusinessHours | Self::AssignmentPolicy | Self::WaitingContent => 100,
            Self::Brand => 50,
        }
    }
}

/// What can go wrong while something is set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// No such thing here.
    #[error("no such thing")]
    Unknown(Noun),
    /// Something else still needs it.
    #[error("still used by {by}")]
    InUse {
        /// What was to go.
        what: Noun,
        /// What needs it, in words.
        by: String,
    },
    /// There are as many as there may be.
    #[error("there are {} already", .0.most())]
    TooMany(Noun),
    /// What holds where nothing else does stays.
    #[error("the default policy cannot be removed; make another one the default first")]
    IsDefault,
    /// No such agent here.
    #[error("no such agent")]
    AgentUnknown,
    /// Fields were refused.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for SetupError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unknown(_) | Self::AgentUnknown => Kind::NotFound,
            Self::InUse { .. } | Self::TooMany(_) | Self::IsDefault => Kind::Conflict,
            Self::Invalid(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown(noun) => noun.unknown(),
            Self::InUse { what, .. } => what.in_use(),
            Self::TooMany(noun) => noun.too_many(),
            Self::IsDefault => "assignment_policy_is_default",
            Self::AgentUnknown => "agent_unknown",
            Self::Invalid(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(error) => error.fields(),
            Self::Unknown(_)
            | Self::InUse { .. }
            | Self::TooMany(_)
            | Self::IsDefault
            | Self::AgentUnknown
            | Self::Store(_) => Vec::new(),
        }
    }
}

/// Rules of the schema that a write can break, with the field at fault and why.
const WRITES: [(&str, &str, &str, &str); 19] = [
    ("team_name_key", "name", "name_taken", TAKEN),
    ("team_external_key", "external_id", "external_id_taken", "Another team has this externalId."),
    ("brand_name_key", "name", "name_taken", TAKEN),
    ("skill_name_key", "name", "name_taken", TAKEN),
    ("business_hours_name_key", "name", "name_taken", TAKEN),
    ("assignment_policy_name_key", "name", "name_taken", TAKEN),
    ("brand_hours", "business_hours_id", "business_hours_unknown", "No such business hours."),
    ("team_hours", "business_hours_id", "business_hours_unknown", "No such business hours."),
    ("inbox_hours", "business_hours_id", "business_hours_unknown", "No such business hours."),
    ("team_brand", "brand_id", "brand_unknown", "No such brand."),
    ("inbox_brand", "brand_id", "brand_unknown", "No such brand."),
    ("team_policy", "assignment_policy_id", "assignment_policy_unknown", "No such assignment policy."),
    ("inbox_policy", "assignment_policy_id", "assignment_policy_unknown", "No such assignment policy."),
    ("inbox_team", "team_id", "team_unknown", "No such team."),
    ("team_member_agent", "agent_ids", "agent_unknown", "No such agent."),
    ("agent_skill_agent", "agent_id", "agent_unknown", "No such agent."),
    ("agent_skill_skill", "skills", "skill_unknown", "No such skill."),
    ("team_member_pkey", "agent_ids", "agent_twice", "Nobody is in a team twice."),
    ("agent_skill_pkey", "skills", "skill_twice", "Each skill once."),
];
const TAKEN: &str = "Another one has this name.";

/// What a refused write means to who asked for it.
pub(crate) fn refused(error: StoreError) -> SetupError {
    let broken = WRITES.iter().find(|(rule, ..)| error.broke(rule));
    match broken {
        Some((_, field, code, detail)) => {
            let mut check = Check::new();
            check.refuse(field, code, detail);
            check.finish().map_or_else(SetupError::from, |()| error.into())
        }
        None => error.into(),
    }
}

/// Rules of the schema that a removal can break, with what needs the thing.
const KEEPERS: [(&str, &str); 10] = [
    ("brand_hours", "a brand"),
    ("team_hours", "a team"),
    ("inbox_hours", "an inbox"),
    ("team_brand", "a team"),
    ("inbox_brand", "an inbox"),
    ("team_policy", "a team"),
    ("inbox_policy", "an inbox"),
    ("inbox_team", "an inbox"),
    ("queue_entry_team", "conversations that wait"),
    ("team_member_team", "its members"),
];

/// What a refused removal means.
pub(crate) fn kept(what: Noun) -> impl Fn(StoreError) -> SetupError {
    move |error| match KEEPERS.iter().find(|(rule, _)| error.broke(rule)) {
        Some((_, by)) => SetupError::InUse { what, by: (*by).to_owned() },
        None => error.into(),
    }
}

/// One change of the setup at a time in a company: what is checked against the rest must still be true when it is written.
pub async fn take_turn(tx: &TenantTx) -> Result<(), StoreError> {
    tx.run(sql(
        "insert into counter as n (name, value) values ('setup', 1) on conflict (name) do update set value = n.value + 1",
        [],
    ))
    .await
    .map(drop)
}

#[derive(FromQueryResult)]
struct Mention {
    kind: String,
    name: String,
}

/// Refuses while rules that are stored whole, or conversations that wait, name this id.
pub(crate) async fn refuse_if_named(tx: &TenantTx, what: Noun, id: String) -> Result<(), SetupError> {
    let mention: Option<Mention> = tx
        .one(sql(
            "select 'the assignment policy' as kind, name from assignment_policy where strpos(rules::text, $1) > 0 \
             union all select 'the routing rule', name from routing_rule where strpos(conditions::text || effects::text, $1) > 0 \
             union all select 'the waiting content', title from waiting_content where strpos(conditions::text, $1) > 0 \
             union all select 'conversations that wait', '' from queue_entry where strpos(demands::text, $1) > 0 limit 1",
            [id.into()],
        ))
        .await?;
    match mention {
        Some(Mention { kind, name }) if name.is_empty() => Err(SetupError::InUse { what, by: kind }),
        Some(Mention { kind, name }) => Err(SetupError::InUse { what, by: format!("{kind} “{name}”") }),
        None => Ok(()),
    }
}

/// What a change wants of a field that may be cleared: absent keeps it, `null` clears it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wish<T> {
    /// As it is.
    #[default]
    Keep,
    /// This, or nothing.
    Have(Option<T>),
}

impl<T> Wish<T> {
    /// What it amounts to, given what is.
    pub fn over(self, present: Option<T>) -> Option<T> {
        match self {
            Self::Keep => present,
            Self::Have(wanted) => wanted,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Wish<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::Have)
    }
}

/// As it is stored.
pub(crate) fn stored(value: &impl serde::Serialize) -> Result<serde_json::Value, StoreError> {
    serde_json::to_value(value).map_err(|error| StoreError::Refused(error.to_string()))
}

/// As it was stored.
pub(crate) fn read<T: serde::de::DeserializeOwned>(
    table: &'static str,
    id: &impl ToString,
    value: serde_json::Value,
) -> Result<T, StoreError> {
    serde_json::from_value(value).map_err(|error| StoreError::Inconsistent {
        table,
        id: id.to_string(),
        what: error.to_string(),
    })
}
