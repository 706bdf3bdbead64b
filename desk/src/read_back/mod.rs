//! The archive of one contact, read back: into the company that it came from, or into another one of its group.
//!
//! What is there already stays as it is, for an archive is older than whatever has happened since; so reading it twice makes nothing
//! twice. What is missing comes as it was recorded, with its authors, but for what would set something going: conversations are over, no
//! browser is recognised, and nothing is counted for a bill or told to anybody.

mod plan;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::{Fault, Kind};
use sea_orm::FromQueryResult;
use serde::Serialize;
use serde_json::Value;
use tenant::{AccountId, TenantTx};
use uuid::Uuid;

use crate::contact::ContactId;
use crate::inbox::InboxId;
use crate::masking;
use plan::{Chat, Plan, Row, called, id_in, mask, set};

/// The tables of an archive that are read back. The others hold keys, marks and figures of the company that it came from.
pub const TABLES: [&str; 4] = ["contact", "conversation", "message", "survey_response"];

/// How many rows go into one statement.
const AT_ONCE: usize = 500;

/// An archive of one contact.
#[derive(Debug, Clone)]
pub struct Archive {
    /// Whose it is.
    pub subject: ContactId,
    /// The company that it came from.
    pub from: AccountId,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// The lines of each of [`TABLES`].
    pub files: BTreeMap<&'static str, Vec<String>>,
}

impl Archive {
    /// By which id the person is known in a company that reads it.
    #[must_use]
    pub fn subject_in(&self, into: AccountId) -> ContactId {
        ContactId::from_uuid(called(self.subject.uuid(), self.from, into))
    }
}

/// What has been read back.
#[derive(Debug, Clone, Serialize)]
pub struct ReadBack {
    /// Whose it is, here.
    pub contact_id: ContactId,
    /// Whether the person was missing.
    pub contact_is_new: bool,
    /// How many conversations were missing.
    pub conversations: usize,
    /// How many messages came with them.
    pub messages: usize,
    /// How many ratings came with them.
    pub ratings: usize,
    /// How many conversations were there already, and stay as they are.
    pub there_already: usize,
}

/// Why nothing was read back.
#[derive(Debug, thiserror::Error)]
pub enum ReadBackError {
    /// The person was erased, and stays so.
    #[error("this contact was erased")]
    Erased,
    /// Another contact here is vouched for under the same id of the company's own.
    #[error("another contact here has the same id of the company's own")]
    Taken,
    /// An inbox that conversations were in is not here.
    #[error("say into which inbox: one that conversations were in is not here")]
    InboxNeeded,
    /// The inbox they are to come into is not here.
    #[error("no such inbox")]
    InboxUnknown,
    /// Its rows do not fit together, or into these tables.
    #[error("the archive is damaged: {0}")]
    Damaged(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ReadBackError {
    fn kind(&self) -> Kind {
        match self {
            Self::Erased | Self::Taken | Self::InboxNeeded => Kind::Conflict,
            Self::InboxUnknown => Kind::NotFound,
            Self::Damaged(_) => Kind::Invalid,
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Erased => "contact_erased",
            Self::Taken => "archive_contact_taken",
            Self::InboxNeeded => "archive_inbox_needed",
            Self::InboxUnknown => "inbox_unknown",
            Self::Damaged(_) => "archive_damaged",
            Self::Store(error) => error.code(),
        }
    }
}

/// A row that these tables refuse is none that we have written.
fn refused(error: StoreError) -> ReadBackError {
    if error.broke("contact_external_key") {
        return ReadBackError::Taken;
    }
    match error {
        StoreError::Rule(what) | StoreError::Refused(what) => ReadBackError::Damaged(what),
        other @ (StoreError::Inconsistent { .. } | StoreError::Unavailable(_) | StoreError::Crowded) => other.into(),
    }
}

#[derive(FromQueryResult)]
struct Known {
    id: Uuid,
}

#[derive(FromQueryResult)]
struct Standing {
    erased: bool,
}

#[derive(FromQueryResult)]
struct Last {
    value: i64,
}

/// Reads it back in the caller's transaction. Conversations whose inbox is not here come into `inbox`.
pub async fn read_back(tx: &TenantTx, archive: &Archive, inbox: Option<InboxId>) -> Result<ReadBack, ReadBackError> {
    let plan = Plan::of(archive, tx.account())?;
    let contact_id = archive.subject_in(tx.account());
    // First, so that whoever reads the same archive at the same time waits here, and then finds everything.
    let contact_is_new = introduce(tx, &plan.contact, contact_id).await?;
    let all = plan.chats.len();
    let there =
        known(tx, "select id from conversation where id = any($1::uuid[])", plan.chats.iter().map(|chat| chat.id))
            .await?;
    let mut chats: Vec<Chat> = plan.chats.into_iter().filter(|chat| !there.contains(&chat.id)).collect();
    place(tx, &mut chats, inbox).await?;
    attribute(tx, &mut chats).await?;
    if archive.from != tx.account() {
        let masks = masking::of_what_was_written(tx).await?;
        for chat in &mut chats {
            mask(&masks, chat);
        }
    }
    write_messages(tx, &chats).await?;
    // Late: whoever opens a conversation waits for the row of the last number until this transaction ends.
    number(tx, &mut chats).await?;
    write_chats(tx, &chats).await?;
    Ok(ReadBack {
        contact_id,
        contact_is_new,
        conversations: chats.len(),
        messages: chats.iter().map(|chat| chat.messages.len()).sum(),
        ratings: chats.iter().map(|chat| chat.ratings.len()).sum(),
        there_already: all - chats.len(),
    })
}

/// Those of these ids that a statement finds.
async fn known(
    tx: &TenantTx,
    statement: &'static str,
    ids: impl Iterator<Item = Uuid>,
) -> Result<BTreeSet<Uuid>, StoreError> {
    let ids: Vec<Uuid> = ids.collect();
    let rows: Vec<Known> = tx.all(sql(statement, [ids.into()])).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Writes the person down, if they are missing; says whether they were.
async fn introduce(tx: &TenantTx, row: &Row, id: ContactId) -> Result<bool, ReadBackError> {
    let written = tx
        .run(sql(
            "insert into contact (id, name, email, phone, external_id, verified, locale, attributes, page, user_agent, created_at, last_seen_at, \
             tags, blocked_at) select id, name, email, phone, external_id, verified, locale, attributes, page, user_agent, created_at, last_seen_at, \
             tags, blocked_at from json_populate_recordset(null::contact, $1::json) on conflict (id) do nothing",
            [lines(&[row])?.into()],
        ))
        .await
        .map_err(refused)?;
    let standing: Option<Standing> = tx
        .one(sql("select erased_at is not null as erased from contact where id = $1 for update", [id.uuid().into()]))
        .await?;
    if standing.is_some_and(|standing| standing.erased) { Err(ReadBackError::Erased) } else { Ok(written > 0) }
}

/// Says which inbox each of them is in.
async fn place(tx: &TenantTx, chats: &mut [Chat], inbox: Option<InboxId>) -> Result<(), ReadBackError> {
    let mut wanted = BTreeSet::new();
    for chat in chats.iter() {
        wanted.extend(id_in(&chat.row, "inbox_id")?);
    }
    let wished = inbox.map(InboxId::uuid);
    let asked = wanted.into_iter().chain(wished);
    let here = known(tx, "select id from inbox where id = any($1::uuid[])", asked).await?;
    if wished.is_some_and(|wished| !here.contains(&wished)) {
        return Err(ReadBackError::InboxUnknown);
    }
    for chat in chats {
        let is_here = id_in(&chat.row, "inbox_id")?.is_some_and(|was| here.contains(&was));
        if !is_here {
            let into = wished.ok_or(ReadBackError::InboxNeeded)?;
            set(&mut chat.row, "inbox_id", into.to_string());
        }
    }
    Ok(())
}

/// Takes away colleagues who are not here from where only colleagues can stand. As authors they stay.
async fn attribute(tx: &TenantTx, chats: &mut [Chat]) -> Result<(), ReadBackError> {
    let mut named = BTreeSet::new();
    for chat in chats.iter() {
        named.extend(id_in(&chat.row, "assignee_id")?);
        for rating in &chat.ratings {
            named.extend(id_in(rating, "agent_id")?);
        }
    }
    let here = known(tx, "select id from agent where id = any($1::uuid[])", named.into_iter()).await?;
    let keep = |row: &mut Row, field: &str| -> Result<(), ReadBackError> {
        if id_in(row, field)?.is_some_and(|agent| !here.contains(&agent)) {
            set(row, field, Value::Null);
        }
        Ok(())
    };
    for chat in chats {
        keep(&mut chat.row, "assignee_id")?;
        for rating in &mut chat.ratings {
            keep(rating, "agent_id")?;
        }
    }
    Ok(())
}

/// Gives them the next numbers: those that they had may be others' by now.
async fn number(tx: &TenantTx, chats: &mut [Chat]) -> Result<(), StoreError> {
    let count = i64::try_from(chats.len()).unwrap_or(i64::MAX);
    if count == 0 {
        return Ok(());
    }
    let last: Option<Last> = tx
        .one(sql(
            "insert into counter as n (name, value) values ('conversation', $1) on conflict (name) do update set value = n.value + $1 returning value",
            [count.into()],
        ))
        .await?;
    let first = last.map_or(1, |last| last.value - count + 1);
    for (number, chat) in (first..).zip(chats) {
        set(&mut chat.row, "number", number);
    }
    Ok(())
}

async fn write_messages(tx: &TenantTx, chats: &[Chat]) -> Result<(), ReadBackError> {
    let messages: Vec<&Row> = chats.iter().flat_map(|chat| &chat.messages).collect();
    for some in messages.chunks(AT_ONCE) {
        tx.run(sql(
            "insert into message (id, conversation_id, seq, public_seq, episode, message_type, private, sender_kind, sender_id, sender_name, text, \
             content, client_message_id, created_at) select id, conversation_id, seq, public_seq, episode, message_type, private, sender_kind, \
             sender_id, sender_name, text, content, client_message_id, created_at from json_populate_recordset(null::message, $1::json)",
            [lines(some)?.into()],
        ))
        .await
        .map_err(refused)?;
    }
    Ok(())
}

async fn write_chats(tx: &TenantTx, chats: &[Chat]) -> Result<(), ReadBackError> {
    let conversations: Vec<&Row> = chats.iter().map(|chat| &chat.row).collect();
    for some in conversations.chunks(AT_ONCE) {
        tx.run(sql(
            "insert into conversation (id, number, inbox_id, contact_id, status, assignee_id, priority, episode, last_seq, last_public_seq, \
             agent_read_seq, agent_read_public_seq, contact_read_seq, contact_delivered_seq, unread_count, contact_unread_count, first_reply_at, \
             resolved_at, last_activity_at, created_at, updated_at, version, last_said_seq, closed_activity_at, team_id, start, erased_at) \
             select id, number, inbox_id, contact_id, status, assignee_id, priority, episode, last_seq, last_public_seq, \
             agent_read_seq, agent_read_public_seq, contact_read_seq, contact_delivered_seq, unread_count, contact_unread_count, first_reply_at, \
             resolved_at, last_activity_at, created_at, $2, version, last_said_seq, closed_activity_at, team_id, start, erased_at \
             from json_populate_recordset(null::conversation, $1::json)",
            [lines(some)?.into(), tx.now().into()],
        ))
        .await
        .map_err(refused)?;
    }
    let ratings: Vec<&Row> = chats.iter().flat_map(|chat| &chat.ratings).collect();
    for some in ratings.chunks(AT_ONCE) {
        tx.run(sql(
            "insert into survey_response (id, conversation_id, episode, contact_id, agent_id, rating, comment, asked_at, answered_at) \
             select id, conversation_id, episode, contact_id, agent_id, rating, comment, asked_at, answered_at \
             from json_populate_recordset(null::survey_response, $1::json)",
            [lines(some)?.into()],
        ))
        .await
        .map_err(refused)?;
    }
    Ok(())
}

/// Rows as one text, for the statements that take them.
fn lines(rows: &[&Row]) -> Result<String, ReadBackError> {
    serde_json::to_string(rows).map_err(|error| ReadBackError::Damaged(error.to_string()))
}
