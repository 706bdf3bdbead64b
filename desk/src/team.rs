//! Teams: who answers together.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::validate::Check;
use infra::{Id, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tenant::{AgentId, TenantTx};
use uuid::Uuid;

use crate::assignment_policy::{self, PolicyId, Warning};
use crate::brand::BrandId;
use crate::business_hours::HoursId;
use crate::inbox::Inbox;
use crate::setup::{self, Noun, SetupError};

/// Marks ids of teams.
#[derive(Debug)]
pub enum TeamKind {}
impl ids::Prefixed for TeamKind {
    const PREFIX: &'static str = "team";
}
/// The id of a team.
pub type TeamId = Id<TeamKind>;

/// How many agents a team may have.
const MOST_MEMBERS: usize = 1000;

/// A team.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// Its name; no two differ only in capitals.
    pub name: String,
    /// What it is for. Visitors read it when they may choose the team.
    pub description: String,
    /// The brand it belongs to.
    pub brand_id: Option<BrandId>,
    /// Whether visitors may choose it before the chat.
    pub public: bool,
    /// How its conversations are given to agents; null for the inbox's policy, or the default.
    pub assignment_policy_id: Option<PolicyId>,
    /// When it is open; null for the inbox's hours, or the brand's.
    pub business_hours_id: Option<HoursId>,
    /// Its place among the teams.
    pub position: i32,
    /// By what the company's directory knows it; the directory's to read alone.
    #[serde(skip)]
    pub external_id: Option<String>,
    /// Who is in it.
    pub agent_ids: Vec<AgentId>,
    /// What will not work as somebody may hope.
    pub warnings: Vec<Warning>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl Team {
    /// Whether visitors of this inbox may choose it: it is public, and of the inbox's brand or of none.
    pub fn is_offered_in(&self, inbox: &Inbox) -> bool {
        self.public && (self.brand_id.is_none() || self.brand_id == inbox.brand_id)
    }
}

/// A team as somebody wants it.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamRequest {
    /// 1 to 80 characters; no two differ only in capitals.
    pub name: String,
    /// What it is for, at most 500 characters. Visitors read it when they may choose the team.
    #[serde(default)]
    pub description: String,
    /// The brand it belongs to.
    #[serde(default)]
    pub brand_id: Option<BrandId>,
    /// Whether visitors may choose it before the chat.
    #[serde(default)]
    pub public: bool,
    /// How its conversations are given to agents; null for the inbox's policy, or the default.
    #[serde(default)]
    pub assignment_policy_id: Option<PolicyId>,
    /// When it is open; null for the inbox's hours, or the brand's.
    #[serde(default)]
    pub business_hours_id: Option<HoursId>,
    /// Its place among the teams, 0 to 10,000.
    #[serde(default)]
    pub position: i32,
}

impl TeamRequest {
    fn checked(self) -> Result<Self, SetupError> {
        let mut check = Check::new();
        let name = check.line("name", &self.name, 1, 80);
        let description = check.text("description", &self.description, 0, 500);
        if !(0..=10_000).contains(&self.position) {
            check.refuse("position", "position_out_of_range", "0 to 10,000.");
        }
        check.finish()?;
        Ok(Self { name, description, ..self })
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    description: String,
    brand_id: Option<Uuid>,
    public: bool,
    assignment_policy_id: Option<Uuid>,
    business_hours_id: Option<Uuid>,
    position: i32,
    external_id: Option<String>,
    agent_ids: Vec<Uuid>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<Row> for Team {
    fn from(row: Row) -> Self {
        Self {
            id: Id::from_uuid(row.id),
            name: row.name,
            description: row.description,
            brand_id: row.brand_id.map(Id::from_uuid),
            public: row.public,
            assignment_policy_id: row.assignment_policy_id.map(Id::from_uuid),
            business_hours_id: row.business_hours_id.map(Id::from_uuid),
            position: row.position,
            external_id: row.external_id,
            agent_ids: row.agent_ids.into_iter().map(Id::from_uuid).collect(),
            warnings: Vec::new(),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Every team, in order.
pub async fn list(tx: &TenantTx) -> Result<Vec<Team>, StoreError> {
    let rows: Vec<Row> = tx
        .all(sql(
            "select id, name, description, brand_id, public, assignment_policy_id, business_hours_id, position, external_id, created_at, updated_at, \
             array(select agent_id from team_member m where m.team_id = t.id order by agent_id) as agent_ids \
             from team t order by position, lower(name), id",
            [],
        ))
        .await?;
    Ok(rows.into_iter().map(Team::from).collect())
}

/// One team.
pub async fn find(tx: &TenantTx, id: TeamId) -> Result<Option<Team>, StoreError> {
    let row: Option<Row> = tx
        .one(sql(
            "select id, name, description, brand_id, public, assignment_policy_id, business_hours_id, position, external_id, created_at, updated_at, \
             array(select agent_id from team_member m where m.team_id = t.id order by agent_id) as agent_ids \
             from team t where id = $1",
            [id.uuid().into()],
        ))
        .await?;
    Ok(row.map(Team::from))
}

/// The teams of every agent who is in one.
pub async fn of_agents(tx: &TenantTx) -> Result<BTreeMap<AgentId, Vec<TeamId>>, StoreError> {
    #[derive(FromQueryResult)]
    struct In {
        agent_id: Uuid,
        team_id: Uuid,
    }
    let rows: Vec<In> = tx.all(sql("select agent_id, team_id from team_member order by agent_id, team_id", [])).await?;
    let mut all: BTreeMap<AgentId, Vec<TeamId>> = BTreeMap::new();
    for row in rows {
        all.entry(Id::from_uuid(row.agent_id)).or_default().push(Id::from_uuid(row.team_id));
    }
    Ok(all)
}

/// The teams of an agent.
pub async fn of_agent(tx: &TenantTx, agent: AgentId) -> Result<BTreeSet<TeamId>, StoreError> {
    #[derive(FromQueryResult)]
    struct In {
        team_id: Uuid,
    }
    let rows: Vec<In> =
        tx.all(sql("select team_id from team_member where agent_id = $1", [agent.uuid().into()])).await?;
    Ok(rows.into_iter().map(|row| Id::from_uuid(row.team_id)).collect())
}

/// Makes a team without members.
pub async fn create(tx: &TenantTx, ask: TeamRequest) -> Result<Team, SetupError> {
    let ask = ask.checked()?;
    setup::take_turn(tx).await?;
    if list(tx).await?.len() >= Noun::Team.most() {
        return Err(SetupError::TooMany(Noun::Team));
    }
    let id: TeamId = tx.id();
    tx.run(sql(
        "insert into team (id, name, description, brand_id, public, assignment_policy_id, business_hours_id, position, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
        values(tx, id, ask),
    ))
    .await
    .map_err(setup::refused)?;
    assignment_policy::refuse_circles(tx, "assignment_policy_id").await?;
    find(tx, id).await?.ok_or(SetupError::Unknown(Noun::Team))
}

/// Writes a team anew; its members stay.
pub async fn replace(tx: &TenantTx, id: TeamId, ask: TeamRequest) -> Result<Team, SetupError> {
    let ask = ask.checked()?;
    setup::take_turn(tx).await?;
    tx.run(sql(
        "update team set name = $2, description = $3, brand_id = $4, public = $5, assignment_policy_id = $6, business_hours_id = $7, \
         position = $8, updated_at = $9 where id = $1",
        values(tx, id, ask),
    ))
    .await
    .map_err(setup::refused)?;
    assignment_policy::refuse_circles(tx, "assignment_policy_id").await?;
    find(tx, id).await?.ok_or(SetupError::Unknown(Noun::Team))
}

fn values(tx: &TenantTx, id: TeamId, ask: TeamRequest) -> [sea_orm::Value; 9] {
    [
        id.uuid().into(),
        ask.name.into(),
        ask.description.into(),
        ask.brand_id.map(Id::uuid).into(),
        ask.public.into(),
        ask.assignment_policy_id.map(Id::uuid).into(),
        ask.business_hours_id.map(Id::uuid).into(),
        ask.position.into(),
        tx.now().into(),
    ]
}

/// Says by what the company's directory knows a team. No two have the same.
pub async fn set_external_id(tx: &TenantTx, id: TeamId, external_id: Option<String>) -> Result<Team, SetupError> {
    setup::take_turn(tx).await?;
    tx.run(sql(
        "update team set external_id = $2, updated_at = $3 where id = $1",
        [id.uuid().into(), external_id.into(), tx.now().into()],
    ))
    .await
    .map_err(setup::refused)?;
    find(tx, id).await?.ok_or(SetupError::Unknown(Noun::Team))
}

/// Says who is in a team, from now on.
pub async fn set_members(tx: &TenantTx, id: TeamId, agents: Vec<AgentId>) -> Result<Team, SetupError> {
    let mut check = Check::new();
    if agents.len() > MOST_MEMBERS {
        check.refuse("agent_ids", "too_many", "At most 1,000.");
    }
    if agents.iter().collect::<BTreeSet<_>>().len() < agents.len() {
        check.refuse("agent_ids", "agent_twice", "Nobody is in a team twice.");
    }
    check.finish()?;
    setup::take_turn(tx).await?;
    let touched =
        tx.run(sql("update team set updated_at = $2 where id = $1", [id.uuid().into(), tx.now().into()])).await?;
    if touched == 0 {
        return Err(SetupError::Unknown(Noun::Team));
    }
    let agents: Vec<Uuid> = agents.into_iter().map(Id::uuid).collect();
    tx.run(sql("delete from team_member where team_id = $1", [id.uuid().into()])).await?;
    tx.run(sql(
        "insert into team_member (team_id, agent_id) select $1, * from unnest($2::uuid[])",
        [id.uuid().into(), agents.into()],
    ))
    .await
    .map_err(setup::refused)?;
    find(tx, id).await?.ok_or(SetupError::Unknown(Noun::Team))
}

/// Removes a team that nothing leads to any more, and that has no conversation in hand.
pub async fn remove(tx: &TenantTx, id: TeamId) -> Result<Team, SetupError> {
    #[derive(FromQueryResult)]
    struct Open {
        yes: bool,
    }
    setup::take_turn(tx).await?;
    let team = find(tx, id).await?.ok_or(SetupError::Unknown(Noun::Team))?;
    setup::refuse_if_named(tx, Noun::Team, id.to_string()).await?;
    let open: Option<Open> = tx
        .one(sql(
            "select exists (select 1 from conversation where status <> 'resolved' and team_id = $1) as yes",
            [id.uuid().into()],
        ))
        .await?;
    if open.is_some_and(|row| row.yes) {
        return Err(SetupError::InUse { what: Noun::Team, by: "conversations that are not resolved".into() });
    }
    tx.run(sql("delete from team where id = $1", [id.uuid().into()])).await.map_err(setup::kept(Noun::Team))?;
    Ok(team)
}
