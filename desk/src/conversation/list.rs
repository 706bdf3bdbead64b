//! Lists of conversations for the console.

use infra::Id;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use serde::Serialize;
use tenant::page::{Cursor, Page};
use tenant::{AgentId, TenantTx};

use super::store::{Row, select_conversation};
use super::{Conversation, Status};
use crate::contact::ContactId;
use crate::inbox::InboxId;
use crate::sight::seen;

/// Which conversations; what is absent does not narrow.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In this state.
    pub status: Option<Status>,
    /// Of this agent.
    pub assignee: Option<AgentId>,
    /// Of nobody.
    pub unassigned: bool,
    /// From this inbox.
    pub inbox: Option<InboxId>,
    /// With this contact.
    pub contact: Option<ContactId>,
}

/// Conversations in sight, newest activity first.
pub async fn list(
    tx: &TenantTx,
    filter: Filter,
    cursor: Option<Cursor>,
    limit: u64,
) -> Result<Page<Conversation>, StoreError> {
    let (at, id) = Cursor::parts(cursor.as_ref());
    let (how, who) = tx.sight().parts();
    let rows: Vec<Row> = tx
        .all(sql(
            select_conversation!(
                "where ($1::timestamptz is null or (c.last_activity_at, c.id) < ($1, $2)) and ($3::text is null or c.status = $3) \
                 and ($4::uuid is null or c.assignee_id = $4) and (not $5 or c.assignee_id is null) and ($6::uuid is null or c.inbox_id = $6) \
                 and ($7::uuid is null or c.contact_id = $7) and ",
                seen!("c", "$9", "$10"),
                " order by c.last_activity_at desc, c.id desc limit $8"
            ),
            [
                at.into(),
                id.into(),
                filter.status.map(Status::as_str).into(),
                filter.assignee.map(Id::uuid).into(),
                filter.unassigned.into(),
                filter.inbox.map(Id::uuid).into(),
                filter.contact.map(Id::uuid).into(),
                (limit + 1).into(),
                how.into(),
                who.into(),
            ],
        ))
        .await?;
    Page::cut(rows, limit, |row| Cursor::new(row.last_activity_at, row.id)).try_map(Conversation::try_from)
}

/// How many conversations each view holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromQueryResult, utoipa::ToSchema)]
pub struct Counts {
    /// Open and mine.
    pub mine: i64,
    /// Open and nobody's.
    pub unassigned: i64,
    /// Open.
    pub all_open: i64,
    /// Pending.
    pub pending: i64,
    /// Snoozed.
    pub snoozed: i64,
    /// Resolved.
    pub resolved: i64,
}

/// Counts what one agent sees, view by view.
pub async fn counts(tx: &TenantTx, me: AgentId) -> Result<Counts, StoreError> {
    let (how, who) = tx.sight().parts();
    let row: Option<Counts> = tx
        .one(sql(
            concat!(
                "select count(*) filter (where status = 'open' and assignee_id = $1) as mine, \
             count(*) filter (where status = 'open' and assignee_id is null) as unassigned, count(*) filter (where status = 'open') as all_open, \
             count(*) filter (where status = 'pending') as pending, count(*) filter (where status = 'snoozed') as snoozed, \
             count(*) filter (where status = 'resolved') as resolved from conversation c where ",
                seen!("c", "$2", "$3")
            ),
            [me.uuid().into(), how.into(), who.into()],
        ))
        .await?;
    row.ok_or_else(|| StoreError::Refused("no answer to a count".into()))
}

/// How far a new company has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult)]
pub struct Progress {
    /// A visitor has written.
    pub begun: bool,
    /// An agent has answered.
    pub answered: bool,
}

/// Looks how far a new company has come.
pub async fn progress(tx: &TenantTx) -> Result<Progress, StoreError> {
    let row: Option<Progress> = tx
        .one(sql(
            "select exists (select 1 from conversation) as begun, exists (select 1 from conversation where first_reply_at is not null) as answered",
            [],
        ))
        .await?;
    row.ok_or_else(|| StoreError::Refused("no answer to a question".into()))
}
