//! Who did what to the company's settings and people. Written in the transaction of the deed.

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::{Id, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::Serialize;
use uuid::Uuid;

use crate::page::{Cursor, Page};
use crate::scope::Actor;
use crate::tx::TenantTx;

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
}

/// Notes a deed.
pub async fn note(
    tx: &TenantTx,
    actor: &Actor,
    action: &'static str,
    target: Option<String>,
    detail: serde_json::Value,
) -> Result<(), StoreError> {
    let (kind, id, name) = actor.describe();
    tx.run(sql(
        "insert into audit (id, actor_kind, actor_id, actor_name, action, target, detail, at) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        [tx.uuid().into(), kind.into(), id.into(), name.into(), action.into(), target.into(), detail.into(), tx.now().into()],
    ))
    .await
    .map(drop)
}

/// Which deeds; what is absent does not narrow.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this actor.
    pub actor_id: Option<String>,
    /// This action, or all of a noun: `agent` finds `agent.updated` too.
    pub action: Option<String>,
    /// Done to this thing.
    pub target: Option<String>,
    /// With these words in the actor's name, the action, the target or the rest.
    pub words: Option<String>,
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
}

/// The log, newest first.
pub async fn list(
    tx: &TenantTx,
    filter: Filter,
    cursor: Option<Cursor>,
    limit: u64,
) -> Result<Page<AuditEntry>, StoreError> {
    let (at, id) = Cursor::parts(cursor.as_ref());
    // A reader's % and _ are letters, not wildcards.
    let like = |text: String| text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let words = filter.words.map(|text| format!("%{}%", like(text)));
    let below = filter.action.clone().map(|action| format!("{}.%", like(action)));
    let rows: Vec<Row> = tx
        .all(sql(
            "select id, actor_kind, actor_id, actor_name, action, target, detail, at from audit \
             where ($1::timestamptz is null or (at, id) < ($1, $2)) and ($4::text is null or actor_id = $4) \
             and ($5::text is null or action = $5 or action like $6) and ($7::text is null or target = $7) \
             and ($8::text is null or actor_name ilike $8 or action ilike $8 or target ilike $8 or detail::text ilike $8) \
             and ($9::timestamptz is null or at >= $9) and ($10::timestamptz is null or at < $10) \
             order by at desc, id desc limit $3",
            [
                at.into(),
                id.into(),
                (limit + 1).into(),
                filter.actor_id.into(),
                filter.action.into(),
                below.into(),
                filter.target.into(),
                words.into(),
                filter.from.into(),
                filter.to.into(),
            ],
        ))
        .await?;
    Ok(Page::cut(rows, limit, |row| Cursor::new(row.at, row.id)).map(|row| AuditEntry {
        id: Id::from_uuid(row.id),
        actor: AuditActor { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
        action: row.action,
        target: row.target,
        detail: row.detail,
        at: row.at,
    }))
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
            "select id, actor_kind, actor_id, actor_name, action, target, detail, at from audit \
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
