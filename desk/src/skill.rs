//! Skills: what agents can do, and how well.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::validate::Check;
use infra::{Id, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tenant::{AgentId, TenantTx, agent};
use uuid::Uuid;

use crate::setup::{self, Noun, SetupError};

/// Marks ids of skills.
#[derive(Debug)]
pub enum SkillKind {}
impl ids::Prefixed for SkillKind {
    const PREFIX: &'static str = "skill";
}
/// The id of a skill.
pub type SkillId = Id<SkillKind>;

/// How well: 1 (a little) to 5 (an expert).
pub type Level = u8;

/// How many skills one agent may have, or one rule may ask for.
pub const MOST_AT_ONCE: usize = 50;

/// A skill that a conversation asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SkillDemand)]
pub struct Demand {
    /// Which.
    pub skill_id: SkillId,
    /// At least this level, 1 to 5.
    #[schema(value_type = u8)]
    pub level: Level,
}

/// Everything that a conversation asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = SkillDemands)]
pub struct Demands {
    /// Only agents who have all of these.
    pub required: Vec<Demand>,
    /// Agents who have these come first.
    pub preferred: Vec<Demand>,
}

/// What an agent can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentSkill {
    /// Which.
    pub skill_id: SkillId,
    /// How well, 1 to 5.
    #[schema(value_type = u8)]
    pub level: Level,
}

/// A skill.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Skill {
    /// Its id.
    pub id: SkillId,
    /// Its name; no two differ only in capitals.
    pub name: String,
    /// What it means.
    pub description: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// A skill as somebody wants it.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SkillRequest {
    /// 1 to 60 characters; no two differ only in capitals.
    pub name: String,
    /// What it means, at most 500 characters.
    #[serde(default)]
    pub description: String,
}

impl SkillRequest {
    fn checked(&self) -> Result<(String, String), SetupError> {
        let mut check = Check::new();
        let name = check.line("name", &self.name, 1, 60);
        let description = check.text("description", &self.description, 0, 500);
        check.finish()?;
        Ok((name, description))
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    description: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<Row> for Skill {
    fn from(row: Row) -> Self {
        Self {
            id: Id::from_uuid(row.id),
            name: row.name,
            description: row.description,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Every skill, by name.
pub async fn list(tx: &TenantTx) -> Result<Vec<Skill>, StoreError> {
    let rows: Vec<Row> = tx
        .all(sql("select id, name, description, created_at, updated_at from skill order by lower(name), id", []))
        .await?;
    Ok(rows.into_iter().map(Skill::from).collect())
}

/// One skill.
pub async fn find(tx: &TenantTx, id: SkillId) -> Result<Option<Skill>, StoreError> {
    let row: Option<Row> = tx
        .one(sql("select id, name, description, created_at, updated_at from skill where id = $1", [id.uuid().into()]))
        .await?;
    Ok(row.map(Skill::from))
}

/// Makes a skill.
pub async fn create(tx: &TenantTx, ask: SkillRequest) -> Result<Skill, SetupError> {
    let (name, description) = ask.checked()?;
    setup::take_turn(tx).await?;
    if list(tx).await?.len() >= Noun::Skill.most() {
        return Err(SetupError::TooMany(Noun::Skill));
    }
    let id: SkillId = tx.id();
    tx.run(sql(
        "insert into skill (id, name, description, created_at, updated_at) values ($1, $2, $3, $4, $4)",
        [id.uuid().into(), name.into(), description.into(), tx.now().into()],
    ))
    .await
    .map_err(setup::refused)?;
    find(tx, id).await?.ok_or(SetupError::Unknown(Noun::Skill))
}

/// Writes a skill anew.
pub async fn replace(tx: &TenantTx, id: SkillId, ask: SkillRequest) -> Result<Skill, SetupError> {
    let (name, description) = ask.checked()?;
    setup::take_turn(tx).await?;
    tx.run(sql(
        "update skill set name = $2, description = $3, updated_at = $4 where id = $1",
        [id.uuid().into(), name.into(), description.into(), tx.now().into()],
    ))
    .await
    .map_err(setup::refused)?;
    find(tx, id).await?.ok_or(SetupError::Unknown(Noun::Skill))
}

/// Removes a skill that nothing asks for any more; agents lose it.
pub async fn remove(tx: &TenantTx, id: SkillId) -> Result<Skill, SetupError> {
    setup::take_turn(tx).await?;
    let skill = find(tx, id).await?.ok_or(SetupError::Unknown(Noun::Skill))?;
    setup::refuse_if_named(tx, Noun::Skill, id.to_string()).await?;
    tx.run(sql("delete from skill where id = $1", [id.uuid().into()])).await.map_err(setup::kept(Noun::Skill))?;
    Ok(skill)
}

#[derive(FromQueryResult)]
struct Held {
    agent_id: Uuid,
    skill_id: Uuid,
    level: i16,
}

/// What every agent can do.
pub async fn of_agents(tx: &TenantTx) -> Result<BTreeMap<AgentId, Vec<AgentSkill>>, StoreError> {
    let rows: Vec<Held> =
        tx.all(sql("select agent_id, skill_id, level from agent_skill order by agent_id, skill_id", [])).await?;
    let mut all: BTreeMap<AgentId, Vec<AgentSkill>> = BTreeMap::new();
    for row in rows {
        let skill =
            AgentSkill { skill_id: Id::from_uuid(row.skill_id), level: Level::try_from(row.level).unwrap_or(1) };
        all.entry(Id::from_uuid(row.agent_id)).or_default().push(skill);
    }
    Ok(all)
}

/// Says what an agent can do, from now on.
pub async fn set_of_agent(tx: &TenantTx, agent: AgentId, skills: Vec<AgentSkill>) -> Result<(), SetupError> {
    let mut check = Check::new();
    if skills.len() > MOST_AT_ONCE {
        check.refuse("skills", "too_many", "At most 50.");
    }
    for (place, skill) in skills.iter().enumerate().take(MOST_AT_ONCE) {
        check_level(&mut check, &format!("skills/{place}/level"), skill.level);
    }
    let different: BTreeSet<SkillId> = skills.iter().map(|skill| skill.skill_id).collect();
    if different.len() < skills.len() {
        check.refuse("skills", "skill_twice", "Each skill once.");
    }
    check.finish()?;
    setup::take_turn(tx).await?;
    if agent::find_name(tx, agent).await?.is_none() {
        return Err(SetupError::AgentUnknown);
    }
    tx.run(sql("delete from agent_skill where agent_id = $1", [agent.uuid().into()])).await?;
    let ids: Vec<Uuid> = skills.iter().map(|skill| skill.skill_id.uuid()).collect();
    let levels: Vec<i16> = skills.iter().map(|skill| i16::from(skill.level)).collect();
    tx.run(sql(
        "insert into agent_skill (agent_id, skill_id, level) select $1, * from unnest($2::uuid[], $3::smallint[])",
        [agent.uuid().into(), ids.into(), levels.into()],
    ))
    .await
    .map_err(setup::refused)?;
    Ok(())
}

/// Refuses a level that is none.
pub(crate) fn check_level(check: &mut Check, field: &str, level: Level) {
    if !(1..=5).contains(&level) {
        check.refuse(field, "level_out_of_range", "1 to 5.");
    }
}
