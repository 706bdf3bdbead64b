//! Letting our own people in: only while the company says so, seen by it, and over the moment it says no.
//!
//! A grant is the company's word for some hours; a visit is one of us coming in under it. Who visits looks through the eyes of the
//! one who granted it, without a place among the agents, and may look only, unless both sides said otherwise.

use chrono::{DateTime, TimeDelta, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::{Fault, Id, Kind, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::Serialize;
use uuid::Uuid;

use crate::account::AccountId;
use crate::hash::sha256;
use crate::membership::AgentId;
use crate::world::World;

/// The longest a company can let us in at once.
pub const MOST_HOURS: i64 = 72;
/// How long one visit lasts.
pub const VISIT: TimeDelta = TimeDelta::minutes(60);
/// How we sign.
pub const NAME: &str = "Frontdesk support";

/// Marks ids of grants.
#[derive(Debug)]
pub enum GrantKind {}
impl ids::Prefixed for GrantKind {
    const PREFIX: &'static str = "supg";
}
/// Marks ids of visits.
#[derive(Debug)]
pub enum VisitKind {}
impl ids::Prefixed for VisitKind {
    const PREFIX: &'static str = "supv";
}

/// The id of a grant.
pub type GrantId = Id<GrantKind>;
/// The id of a visit.
pub type VisitId = Id<VisitKind>;

/// A company's word that we may come in.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = SupportGrant)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Who gave it.
    pub granted_by: AgentId,
    /// Whether we may also change things.
    pub changes: bool,
    /// When.
    pub granted_at: DateTime<Utc>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// One of us came in.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = SupportVisit)]
pub struct Visit {
    /// Its id.
    pub id: VisitId,
    /// Who, as they are called with us.
    pub operator: String,
    /// What for.
    pub reason: String,
    /// Whether they may change things.
    pub changes: bool,
    /// Since when.
    pub begun_at: DateTime<Utc>,
    /// Until when at the longest.
    pub expires_at: DateTime<Utc>,
    /// Whether it goes on.
    pub live: bool,
    /// Through whose eyes.
    #[serde(skip)]
    pub granted_by: AgentId,
    /// Where.
    #[serde(skip)]
    pub account_id: AccountId,
}

/// Why nobody comes in.
#[derive(Debug, thiserror::Error)]
pub enum SupportError {
    /// The company has not said so, or not for this.
    #[error("the company has not let support in")]
    NotGranted,
    /// The link is unknown, or its visit is over.
    #[error("this visit is over")]
    Over,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for SupportError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotGranted => Kind::Forbidden,
            Self::Over => Kind::Unauthenticated,
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::NotGranted => "support_not_granted",
            Self::Over => "support_visit_over",
            Self::Store(error) => error.code(),
        }
    }
}

#[derive(FromQueryResult)]
struct GrantRow {
    id: Uuid,
    granted_by: Uuid,
    changes: bool,
    granted_at: Timestamp,
    expires_at: Timestamp,
}

#[derive(FromQueryResult)]
struct VisitRow {
    id: Uuid,
    account_id: Uuid,
    granted_by: Uuid,
    operator: String,
    reason: String,
    changes: bool,
    begun_at: Timestamp,
    expires_at: Timestamp,
    live: bool,
}

impl From<VisitRow> for Visit {
    fn from(row: VisitRow) -> Self {
        Self {
            id: Id::from_uuid(row.id),
            operator: row.operator,
            reason: row.reason,
            changes: row.changes,
            begun_at: row.begun_at,
            expires_at: row.expires_at,
            live: row.live,
            granted_by: Id::from_uuid(row.granted_by),
            account_id: Id::from_uuid(row.account_id),
        }
    }
}

/// The word that holds now.
pub async fn open_grant(world: &World, account: AccountId) -> Result<Option<Grant>, StoreError> {
    let row: Option<GrantRow> = world
        .database
        .orm()
        .one(sql(
            "select id, granted_by, changes, granted_at, expires_at from shared.support_grant \
             where account_id = $1 and revoked_at is null and expires_at > $2 order by granted_at desc limit 1",
            [account.uuid().into(), world.now().into()],
        ))
        .await?;
    Ok(row.map(|row| Grant {
        id: Id::from_uuid(row.id),
        granted_by: Id::from_uuid(row.granted_by),
        changes: row.changes,
        granted_at: row.granted_at,
        expires_at: row.expires_at,
    }))
}

/// Lets us in for some hours. What was said before does not hold any more, and visits under it are over.
pub async fn grant(
    world: &World,
    account: AccountId,
    by: AgentId,
    hours: i64,
    changes: bool,
) -> Result<Grant, StoreError> {
    let now = world.now();
    let grant = Grant {
        id: world.chance.id(now),
        granted_by: by,
        changes,
        granted_at: now,
        expires_at: now + TimeDelta::hours(hours.clamp(1, MOST_HOURS)),
    };
    let tx = world.database.begin("".into()).await?;
    tx.run(sql(
        "update shared.support_grant set revoked_at = $2 where account_id = $1 and revoked_at is null",
        [account.uuid().into(), now.into()],
    ))
    .await?;
    tx.run(sql(
        "insert into shared.support_grant (id, account_id, granted_by, changes, granted_at, expires_at) values ($1, $2, $3, $4, $5, $6)",
        [
            grant.id.uuid().into(),
            account.uuid().into(),
            by.uuid().into(),
            changes.into(),
            now.into(),
            grant.expires_at.into(),
        ],
    ))
    .await?;
    tx.commit().await?;
    Ok(grant)
}

/// Lets us in no more. True when we were let in until now.
pub async fn revoke(world: &World, account: AccountId) -> Result<bool, StoreError> {
    let now = world.now();
    let touched = world
        .database
        .orm()
        .run(sql(
            "update shared.support_grant set revoked_at = $2 where account_id = $1 and revoked_at is null and expires_at > $2",
            [account.uuid().into(), now.into()],
        ))
        .await?;
    Ok(touched > 0)
}

/// Begins a visit, under a grant that holds. The secret is for a link, and is kept as a hash.
pub async fn begin_visit(
    world: &World,
    account: AccountId,
    operator: &str,
    reason: &str,
    changes: bool,
) -> Result<(Visit, String), SupportError> {
    let grant = open_grant(world, account).await?.ok_or(SupportError::NotGranted)?;
    if changes && !grant.changes {
        return Err(SupportError::NotGranted);
    }
    let (now, secret) = (world.now(), world.chance.secret());
    let visit = Visit {
        id: world.chance.id(now),
        operator: operator.to_owned(),
        reason: reason.to_owned(),
        changes,
        begun_at: now,
        expires_at: grant.expires_at.min(now + VISIT),
        live: true,
        granted_by: grant.granted_by,
        account_id: account,
    };
    world
        .database
        .orm()
        .run(sql(
            "insert into shared.support_visit (id, grant_id, account_id, secret_hash, operator, reason, changes, begun_at, expires_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [
                visit.id.uuid().into(),
                grant.id.uuid().into(),
                account.uuid().into(),
                sha256(&secret).into(),
                operator.into(),
                reason.into(),
                changes.into(),
                now.into(),
                visit.expires_at.into(),
            ],
        ))
        .await?;
    Ok((visit, secret))
}

/// The visit of a link's secret, while it goes on.
pub async fn visit_of_secret(world: &World, secret: &str) -> Result<Visit, SupportError> {
    let row: Option<VisitRow> = world
        .database
        .orm()
        .one(sql(
            "select v.id, v.account_id, g.granted_by, v.operator, v.reason, v.changes, v.begun_at, v.expires_at, true as live \
             from shared.support_visit v join shared.support_grant g on g.id = v.grant_id \
             where v.secret_hash = $1 and g.revoked_at is null and v.expires_at > $2",
            [sha256(secret).into(), world.now().into()],
        ))
        .await?;
    row.map(Visit::from).ok_or(SupportError::Over)
}

/// The visit with this id, while it goes on.
pub async fn live_visit(world: &World, id: Uuid) -> Result<Option<Visit>, StoreError> {
    let row: Option<VisitRow> = world
        .database
        .orm()
        .one(sql(
            "select v.id, v.account_id, g.granted_by, v.operator, v.reason, v.changes, v.begun_at, v.expires_at, true as live \
             from shared.support_visit v join shared.support_grant g on g.id = v.grant_id \
             where v.id = $1 and g.revoked_at is null and v.expires_at > $2",
            [id.into(), world.now().into()],
        ))
        .await?;
    Ok(row.map(Visit::from))
}

/// The latest visits, newest first.
pub async fn visits(world: &World, account: AccountId) -> Result<Vec<Visit>, StoreError> {
    let rows: Vec<VisitRow> = world
        .database
        .orm()
        .all(sql(
            "select v.id, v.account_id, g.granted_by, v.operator, v.reason, v.changes, v.begun_at, \
             least(v.expires_at, g.revoked_at) as expires_at, g.revoked_at is null and v.expires_at > $2 as live \
             from shared.support_visit v join shared.support_grant g on g.id = v.grant_id \
             where v.account_id = $1 order by v.begun_at desc, v.id desc limit 20",
            [account.uuid().into(), world.now().into()],
        ))
        .await?;
    Ok(rows.into_iter().map(Visit::from).collect())
}
