//! Who did what to the company's settings, people and data. Written in the transaction of the deed, and only ever added to: every
//! row seals the one before it, and [`chain`] tells whether anybody has tampered with them.
//!
//! What must be absent: a way to change a row, but for [`chain::cut`] and [`chain::forget_detail`].

pub mod chain;
pub mod export;
pub mod owed;

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::{Id, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::Serialize;
use uuid::Uuid;

use crate::account::{AccountId, Status};
use crate::page::{Cursor, Page};
use crate::scope::{Actor, Tenant};
use crate::tx::TenantTx;
use crate::world::SharedWorld;

/// Marks ids of audit rows.
#[derive(Debug)]
pub enum AuditKind {}
impl ids::Prefixed for AuditKind {
    const PREFIX: &'static str = "audit";
}

/// The id of an audit row.
pub type AuditId = Id<AuditKind>;

/// One deed.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// Who did it.
    pub actor: AuditActor,
    /// What, dotted: `agent.role_changed`.
    #[schema(example = "inbox.updated")]
    pub action: String,
    /// To what: an id, when there is one.
    pub target: Option<String>,
    /// The rest. Never message text or secrets.
    #[schema(value_type = Object)]
    pub detail: serde_json::Value,
    /// When.
    pub at: DateTime<Utc>,
    /// Its place in the log: 1, 2, 3 … without gaps; null for the oldest entries of companies that were there before entries were
    /// numbered.
    pub number: Option<i64>,
    /// The seal over this entry and the one before it, in hexadecimal.
    pub seal: Option<String>,
}

/// Who did it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct AuditActor {
    /// `agent`, `api_key` or `system`.
    pub kind: String,
    /// Whose id, when there is one.
    pub id: Option<String>,
    /// The name at the time.
    pub name: Option<String>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    actor_kind: String,
    actor_id: Option<String>,
    actor_name: Option<String>,
    action: String,
    target: Option<String>,
    detail: serde_json::Value,
    at: Timestamp,
    number: Option<i64>,
    seal: Option<String>,
}

impl From<Row> for AuditEntry {
    fn from(row: Row) -> Self {
        Self {
            id: Id::from_uuid(row.id),
            actor: AuditActor { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
            action: row.action,
            target: row.target,
            detail: row.detail,
            at: row.at,
            number: row.number,
            seal: row.seal,
        }
    }
}

/// Notes a deed.
pub async fn note(
    tx: &TenantTx,
    actor: &Actor,
    action: &'static str,
    target: Option<String>,
    detail: serde_json::Value,
) -> Result<(), StoreError> {
    chain::append(tx, chain::Deed::of(actor, action, target, detail)).await
}

/// A company that has a log, also while it is switched off or closed.
async fn writable(world: &SharedWorld, account: AccountId) -> Result<Option<Tenant>, StoreError> {
    let tenant = Tenant::find(world, account).await?;
    Ok(tenant.filter(|tenant| match tenant.account.status {
        Status::Active | Status::Suspended | Status::Closed => true,
        Status::Provisioning | Status::Deleting | Status::Deleted => false,
    }))
}

/// Notes in a company's log what was done elsewhere and concerns it, also while it is switched off or closed. False for those that have
/// no rows to write to, or are on their way out.
pub async fn note_from_outside(
    world: &SharedWorld,
    account: AccountId,
    actor: &Actor,
    action: &'static str,
    target: Option<String>,
    detail: serde_json::Value,
) -> Result<bool, StoreError> {
    let Some(tenant) = writable(world, account).await? else { return Ok(false) };
    let tx = tenant.begin().await?;
    note(&tx, actor, action, target, detail).await?;
    tx.commit().await?;
    Ok(true)
}

/// Which entries; what is absent does not matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this actor.
    pub actor_id: Option<String>,
    /// What: an action, or the part of it before a dot.
    pub action: Option<String>,
    /// To what: an id.
    pub target: Option<String>,
    /// From when on.
    pub from: Option<Timestamp>,
    /// Before when.
    pub to: Option<Timestamp>,
    /// With these words in any text of the entry, whatever its capitals.
    pub words: Option<String>,
}

/// The log, newest first.
pub async fn list(
    tx: &TenantTx,
    filter: &Filter,
    cursor: Option<Cursor>,
    limit: u64,
) -> Result<Page<AuditEntry>, StoreError> {
    let (at, id) = Cursor::parts(cursor.as_ref());
    // A stranger's % and _ are letters, not wildcards.
    let pattern = filter
        .words
        .as_ref()
        .map(|text| format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")));
    let rows: Vec<Row> = tx
        .all(sql(
            "select id, actor_kind, actor_id, actor_name, action, target, detail, at, number, encode(hash, 'hex') as seal from audit \
             where ($1::timestamptz is null or (at, id) < ($1, $2)) and ($4::text is null or actor_id = $4) \
             and ($5::text is null or action = $5 or starts_with(action, $5 || '.')) and ($6::text is null or target = $6) \
             and ($7::timestamptz is null or at >= $7) and ($8::timestamptz is null or at < $8) \
             and ($9::text is null or concat_ws(' ', actor_name, action, target, detail::text) ilike $9) \
             order by at desc, id desc limit $3",
            [
                at.into(),
                id.into(),
                (limit + 1).into(),
                filter.actor_id.clone().into(),
                filter.action.clone().into(),
                filter.target.clone().into(),
                filter.from.into(),
                filter.to.into(),
                pattern.into(),
            ],
        ))
        .await?;
    Ok(Page::cut(rows, limit, |row| Cursor::new(row.at, row.id)).map(AuditEntry::from))
}

/// A part of the log, oldest first, for whoever keeps it: without names, and where to go on.
pub(crate) async fn oldest_after(
    tx: &TenantTx,
    after: Option<(Timestamp, Uuid)>,
    limit: u64,
) -> Result<(Vec<serde_json::Value>, Option<(Timestamp, Uuid)>), StoreError> {
    let (at, id) = after.unzip();
    let rows: Vec<Row> = tx
        .all(sql(
            "select id, actor_kind, actor_id, actor_name, action, target, detail, at, number, encode(hash, 'hex') as seal from audit \
             where ($1::timestamptz is null or (at, id) > ($1, $2)) order by at, id limit $3",
            [at.into(), id.into(), limit.into()],
        ))
        .await?;
    let last = rows.last().map(|row| (row.at, row.id));
    let kept = |row: &Row| {
        serde_json::json!({
            "id": row.id, "actor_kind": row.actor_kind, "actor_id": row.actor_id, "action": row.action, "target": row.target, "at": row.at,
        })
    };
    Ok((rows.iter().map(kept).collect(), last))
}
