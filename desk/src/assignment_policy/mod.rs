//! Assignment policies: how waiting conversations are given to agents. A team's own holds, else the inbox's, else the default.

mod check;
mod landscape;
mod rules;

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::validate::Check;
use infra::{Id, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tenant::TenantTx;
use uuid::Uuid;

use crate::inbox::Inbox;
use crate::setup::{self, Noun, SetupError};
use crate::team::TeamId;

pub use check::Warning;
pub use landscape::Landscape;
pub use rules::{LanguageRule, Rules, Rung, Step, Strategy, WhenFull};

/// Marks ids of assignment policies.
#[derive(Debug)]
pub enum PolicyKind {}
impl ids::Prefixed for PolicyKind {
    const PREFIX: &'static str = "policy";
}
/// The id of an assignment policy.
pub type PolicyId = Id<PolicyKind>;

/// What the first policy of a company is called.
const FIRST_NAME: &str = "Default";

/// A policy.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct AssignmentPolicy {
    /// Its id.
    pub id: PolicyId,
    /// Its name; no two differ only in capitals.
    pub name: String,
    /// What it says.
    pub rules: Rules,
    /// Whether it holds where neither the team nor the inbox names one.
    pub is_default: bool,
    /// What will not work as somebody may hope.
    pub warnings: Vec<Warning>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// A policy as somebody wants it.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyRequest {
    /// 1 to 80 characters; no two differ only in capitals.
    pub name: String,
    /// What it says.
    pub rules: Rules,
}

impl PolicyRequest {
    fn checked(self) -> Result<Self, SetupError> {
        let mut check = Check::new();
        let name = check.line("name", &self.name, 1, 80);
        self.rules.check(&mut check);
        check.finish()?;
        Ok(Self { name, ..self })
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    rules: serde_json::Value,
    is_default: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl TryFrom<Row> for AssignmentPolicy {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = PolicyId::from_uuid(row.id);
        Ok(Self {
            id,
            name: row.name,
            rules: setup::read("assignment_policy", &id, row.rules)?,
            is_default: row.is_default,
            warnings: Vec::new(),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Makes the default policy of a company that has none yet. Safe to repeat, and to do twice at once.
pub async fn ensure_default(tx: &TenantTx) -> Result<(), StoreError> {
    let rules = setup::stored(&Rules::default())?;
    tx.run(sql(
        "insert into assignment_policy (id, name, rules, is_default, created_at, updated_at) \
         select $1, $2, $3, true, $4, $4 where not exists (select 1 from assignment_policy where is_default) on conflict do nothing",
        [tx.uuid().into(), FIRST_NAME.into(), rules.into(), tx.now().into()],
    ))
    .await
    .map(drop)
}

/// Every policy, the default first, then by name. A company that has chosen nothing yet has one that does what most want.
pub async fn list(tx: &TenantTx) -> Result<Vec<AssignmentPolicy>, StoreError> {
    let rows: Vec<Row> = tx
        .all(sql(
            "select id, name, rules, is_default, created_at, updated_at from assignment_policy order by is_default desc, lower(name), id",
            [],
        ))
        .await?;
    rows.into_iter().map(AssignmentPolicy::try_from).collect()
}

/// One policy.
pub async fn find(tx: &TenantTx, id: PolicyId) -> Result<Option<AssignmentPolicy>, StoreError> {
    let row: Option<Row> = tx
        .one(sql(
            "select id, name, rules, is_default, created_at, updated_at from assignment_policy where id = $1",
            [id.uuid().into()],
        ))
        .await?;
    row.map(AssignmentPolicy::try_from).transpose()
}

#[derive(FromQueryResult)]
struct Holding {
    rules: serde_json::Value,
}

/// The rules that hold for what comes in by an inbox into a team's line: the team's, else the inbox's, else the default's, else
/// what holds until somebody writes some.
pub(crate) async fn holding(tx: &TenantTx, team: Option<TeamId>, inbox: &Inbox) -> Result<Rules, StoreError> {
    let row: Option<Holding> = tx
        .one(sql(
            "select rules from assignment_policy where id = coalesce((select t.assignment_policy_id from team t where t.id = $1), $2, \
             (select d.id from assignment_policy d where d.is_default))",
            [team.map(Id::uuid).into(), inbox.assignment_policy_id.map(Id::uuid).into()],
        ))
        .await?;
    row.map_or_else(|| Ok(Rules::default()), |row| setup::read("assignment_policy", &"in force", row.rules))
}

/// Makes a policy.
pub async fn create(tx: &TenantTx, ask: PolicyRequest) -> Result<AssignmentPolicy, SetupError> {
    let ask = ask.checked()?;
    setup::take_turn(tx).await?;
    ensure_default(tx).await?;
    if list(tx).await?.len() >= Noun::AssignmentPolicy.most() {
        return Err(SetupError::TooMany(Noun::AssignmentPolicy));
    }
    let id: PolicyId = tx.id();
    tx.run(sql(
        "insert into assignment_policy (id, name, rules, created_at, updated_at) values ($1, $2, $3, $4, $4)",
        [id.uuid().into(), ask.name.into(), setup::stored(&ask.rules)?.into(), tx.now().into()],
    ))
    .await
    .map_err(setup::refused)?;
    proven(tx, id).await
}

/// Writes a policy anew.
pub async fn replace(tx: &TenantTx, id: PolicyId, ask: PolicyRequest) -> Result<AssignmentPolicy, SetupError> {
    let ask = ask.checked()?;
    setup::take_turn(tx).await?;
    tx.run(sql(
        "update assignment_policy set name = $2, rules = $3, updated_at = $4 where id = $1",
        [id.uuid().into(), ask.name.into(), setup::stored(&ask.rules)?.into(), tx.now().into()],
    ))
    .await
    .map_err(setup::refused)?;
    proven(tx, id).await
}

/// The policy as it was written, once it is known to lead somewhere.
async fn proven(tx: &TenantTx, id: PolicyId) -> Result<AssignmentPolicy, SetupError> {
    let policy = find(tx, id).await?.ok_or(SetupError::Unknown(Noun::AssignmentPolicy))?;
    Landscape::load(tx).await?.refuse(&policy)?;
    Ok(policy)
}

/// Makes a policy the one that holds where no other is named.
pub async fn make_default(tx: &TenantTx, id: PolicyId) -> Result<AssignmentPolicy, SetupError> {
    setup::take_turn(tx).await?;
    // In this order: there is never more than one.
    tx.run(sql("update assignment_policy set is_default = false where is_default and id <> $1", [id.uuid().into()]))
        .await?;
    tx.run(sql("update assignment_policy set is_default = true where id = $1", [id.uuid().into()])).await?;
    let policy = find(tx, id).await?.ok_or(SetupError::Unknown(Noun::AssignmentPolicy))?;
    refuse_circles(tx, "assignment_policy_id").await?;
    Ok(policy)
}

/// Removes a policy that nothing names any more.
pub async fn remove(tx: &TenantTx, id: PolicyId) -> Result<AssignmentPolicy, SetupError> {
    setup::take_turn(tx).await?;
    let policy = find(tx, id).await?.ok_or(SetupError::Unknown(Noun::AssignmentPolicy))?;
    if policy.is_default {
        return Err(SetupError::IsDefault);
    }
    tx.run(sql("delete from assignment_policy where id = $1", [id.uuid().into()]))
        .await
        .map_err(setup::kept(Noun::AssignmentPolicy))?;
    Ok(policy)
}

/// Refuses a change after which conversations could go round for ever; the field at fault is the caller's.
pub(crate) async fn refuse_circles(tx: &TenantTx, field: &str) -> Result<(), SetupError> {
    let landscape = Landscape::load(tx).await?;
    let mut check = Check::new();
    if let Some(circle) = landscape.circle() {
        check.refuse(field, "overflow_cycle", &landscape.tell_circle(&circle));
    }
    Ok(check.finish()?)
}
