//! Erasing a person: every word of theirs and about them goes, and what is left is a shell without a face, so that yesterday's numbers
//! are still right tomorrow.
//!
//! Here is what happens inside the company's own tables. What lies elsewhere (files, kept answers, sockets) is the caller's, who must
//! see to it after the commit.

mod contents;
mod places;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::{Fault, Kind};
use sea_orm::FromQueryResult;
use serde::Serialize;
use tenant::{TenantTx, audit};
use uuid::Uuid;

use crate::contact::{self, ContactId};
use crate::conversation::{self, ConversationError, ConversationId, Status};
use crate::event::Event;
use crate::sight;

pub use contents::{contents_of, kept_rows};
pub use places::{PLACES, Personal, Place};

/// How many of their conversations are told of. Whoever looks at an older one reads it anew anyway.
const TOLD: usize = 50;

/// What will go, or has gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ErasurePreview {
    /// Whose.
    pub contact_id: ContactId,
    /// What is to be typed to confirm it: their name, else their address, else their id.
    pub confirm_with: String,
    /// Whether it was done already.
    pub erased_at: Option<DateTime<Utc>>,
    /// How many conversations lose their texts; those that are going on end.
    pub conversations: i64,
    /// How many of them are going on.
    pub open_conversations: i64,
    /// How many messages, notes among them.
    pub messages: i64,
    /// How many ratings lose their comment.
    pub ratings: i64,
    /// How many browsers will not be recognised any more.
    pub browsers: i64,
}

#[derive(FromQueryResult)]
struct Counts {
    name: Option<String>,
    email: Option<String>,
    erased_at: Option<infra::Timestamp>,
    conversations: i64,
    open_conversations: i64,
    messages: i64,
    ratings: i64,
    browsers: i64,
}

/// Why somebody was not erased.
#[derive(Debug, thiserror::Error)]
pub enum ErasureError {
    /// No such contact here.
    #[error("no such contact")]
    Unknown,
    /// What was typed is not what was to be typed.
    #[error("type exactly what the preview says, to confirm it")]
    Unconfirmed,
    /// One of their conversations.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ErasureError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unknown => Kind::NotFound,
            Self::Unconfirmed => Kind::Invalid,
            Self::Conversation(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "contact_unknown",
            Self::Unconfirmed => "erasure_unconfirmed",
            Self::Conversation(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

/// What erasing somebody would do.
pub async fn preview(tx: &TenantTx, id: ContactId) -> Result<ErasurePreview, ErasureError> {
    let counts: Option<Counts> = tx
        .one(sql(
            "select k.name, k.email, k.erased_at, \
             (select count(*) from conversation c where c.contact_id = k.id) as conversations, \
             (select count(*) from conversation c where c.contact_id = k.id and c.status <> 'resolved') as open_conversations, \
             (select coalesce(sum(c.last_seq), 0)::bigint from conversation c where c.contact_id = k.id) as messages, \
             (select count(*) from survey_response s where s.contact_id = k.id and s.rating is not null) as ratings, \
             (select count(*) from contact_inbox i where i.contact_id = k.id) as browsers \
             from contact k where k.id = $1",
            [id.uuid().into()],
        ))
        .await?;
    let counts = counts.ok_or(ErasureError::Unknown)?;
    Ok(ErasurePreview {
        contact_id: id,
        confirm_with: counts.name.or(counts.email).unwrap_or_else(|| id.to_string()),
        erased_at: counts.erased_at,
        conversations: counts.conversations,
        open_conversations: counts.open_conversations,
        messages: counts.messages,
        ratings: counts.ratings,
        browsers: counts.browsers,
    })
}

/// What was erased, and whatever names it elsewhere.
#[derive(Debug, Clone)]
pub struct Erased {
    /// What the preview would have said a moment before.
    pub what: ErasurePreview,
    /// The conversations that lost their texts.
    pub conversations: Vec<ConversationId>,
}

#[derive(FromQueryResult)]
struct Found {
    id: Uuid,
    status: String,
}

/// Erases somebody. A second time finds nothing more to erase.
pub async fn erase(tx: &mut TenantTx, id: ContactId) -> Result<Erased, ErasureError> {
    // As with a first message: whoever writes for them now waits, and then finds them gone.
    let locked = tx.run(sql("select id from contact where id = $1 for update", [id.uuid().into()])).await?;
    if locked == 0 {
        return Err(ErasureError::Unknown);
    }
    let what = preview(tx, id).await?;
    let found: Vec<Found> = tx
        .all(sql(
            "select id, status from conversation where contact_id = $1 order by created_at desc, id desc",
            [id.uuid().into()],
        ))
        .await?;
    for row in found.iter().filter(|row| row.status != Status::Resolved.as_str()) {
        conversation::set_status(tx, ConversationId::from_uuid(row.id), Status::Resolved, None, None).await?;
    }
    for statement in places::personal().filter_map(|place| place.erase) {
        tx.run(sql(statement, [id.uuid().into()])).await?;
    }
    // Tokens from before now, and visits that were vouched for, count no more.
    tx.run(sql(
        "insert into visit_end (subject, at) values ($1, $2) on conflict (subject) do update set at = excluded.at",
        [id.uuid().into(), tx.now().into()],
    ))
    .await?;
    audit::chain::forget_detail(tx, id.to_string()).await?;
    let conversations: Vec<ConversationId> = found.iter().map(|row| ConversationId::from_uuid(row.id)).collect();
    tell(tx, id, &conversations).await?;
    Ok(Erased { what, conversations })
}

async fn tell(tx: &mut TenantTx, id: ContactId, conversations: &[ConversationId]) -> Result<(), StoreError> {
    for conversation in conversations.iter().take(TOLD) {
        if let Some(conversation) = conversation::find(tx, *conversation).await? {
            Event::ConversationUpdated { conversation: Arc::new(conversation) }.tell(tx)?;
        }
    }
    if let Some(contact) = contact::find(tx, id).await? {
        let audiences = sight::audiences(tx, id).await?;
        Event::ContactUpdated { contact: Arc::new(contact), audiences }.tell(tx)?;
    }
    Ok(())
}

/// Erases the texts of conversations that are resolved, and leaves their contact as they are. Says how many lost them.
pub async fn erase_texts(tx: &TenantTx, conversations: Vec<Uuid>) -> Result<u64, StoreError> {
    for statement in [
        "update message set text = '', content = '{\"kind\": \"erased\"}', \
         sender_name = case when sender_kind = 'contact' then null else sender_name end where conversation_id = any($1::uuid[])",
        "update survey_response set comment = null where conversation_id = any($1::uuid[])",
    ] {
        tx.run(sql(statement, [conversations.clone().into()])).await?;
    }
    tx.run(sql(
        "update conversation set start = null, version = version + 1, erased_at = now() \
         where id = any($1::uuid[]) and erased_at is null",
        [conversations.into()],
    ))
    .await
}

#[derive(FromQueryResult)]
struct Known {
    id: Uuid,
}

/// Those of the company's contacts who are not erased but should be, by what `is_listed` says of their ids. Reads them all.
pub async fn to_erase_again(tx: &TenantTx, is_listed: impl Fn(Uuid) -> bool) -> Result<Vec<ContactId>, StoreError> {
    let mut after = Uuid::nil();
    let mut found = Vec::new();
    loop {
        let rows: Vec<Known> = tx
            .all(sql(
                "select id from contact where id > $1 and erased_at is null order by id limit 5000",
                [after.into()],
            ))
            .await?;
        let Some(last) = rows.last() else { return Ok(found) };
        after = last.id;
        found.extend(rows.iter().filter(|row| is_listed(row.id)).map(|row| ContactId::from_uuid(row.id)));
    }
}
