//! What Postgres holds, read as superuser. Beside the limits of `Services` and the agents of `enlist` the only place of this crate that
//! knows tables and columns.

use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};
use uuid::Uuid;

use crate::chance::hash;
use crate::ids;
use crate::outcome::{Doing as _, Outcome};
use crate::stage::Tenant;

/// A message as stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its id.
    pub id: Uuid,
    /// Its conversation.
    pub conversation: Uuid,
    /// Its place among all.
    pub seq: i64,
    /// Its place among what the visitor sees.
    pub public_seq: Option<i64>,
    /// Whether a person wrote it.
    pub by_person: bool,
    /// The hash of its text.
    pub mark: u64,
    /// The sender's own id for it.
    pub client_message_id: Option<Uuid>,
}

/// A conversation as stored.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// Its id.
    pub id: Uuid,
    /// The newest place among all.
    pub last_seq: i64,
    /// The newest place among what the visitor sees.
    pub last_public_seq: i64,
    /// How often it was opened.
    pub episodes: i64,
    /// Whether it is open and nobody's.
    pub waits: bool,
}

/// What one company's schema holds.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    /// Every message, by conversation and place.
    pub messages: Vec<Stored>,
    /// Every conversation.
    pub conversations: Vec<Conversation>,
    /// What is counted for billing: messages.
    pub billed_messages: i64,
    /// What is counted for billing: episodes.
    pub billed_episodes: i64,
    /// How many more conversations the agents that chose to be online can take.
    pub room: i64,
}

const SCHEMA: &str = "select schema_name from shared.account where id = $1";
const MESSAGES: &str = "select id, conversation_id, seq, public_seq, sender_kind in ('contact', 'agent') as by_person, text, \
     client_message_id from {}.message order by conversation_id, seq";
const CONVERSATIONS: &str = "select id, last_seq, last_public_seq, episode::bigint as episodes, \
     status = 'open' and assignee_id is null as waits from {}.conversation";
const BILLED: &str = "select coalesce(sum(quantity) filter (where meter = 'messages'), 0)::bigint as messages, \
     coalesce(sum(quantity) filter (where meter = 'conversations'), 0)::bigint as episodes from {}.usage_event";
const ROOM: &str = "select coalesce(sum(greatest(a.capacity - (select count(*) from {}.conversation c \
     where c.assignee_id = a.id and c.status = 'open'), 0)), 0)::bigint as room from {}.agent a where a.availability = 'online'";
/// Connections that hold a transaction open and do nothing with it.
const IDLE_IN_TRANSACTION: &str = "select count(*) from pg_stat_activity where state like 'idle in transaction%' \
     and state_change < now() - interval '2 seconds'";

const CONNECTIONS: &str = "select count(*) from pg_stat_activity where application_name like 'frontdesk%'";

fn message(row: &PgRow) -> Result<Stored, sqlx::Error> {
    let text: String = row.try_get("text")?;
    Ok(Stored {
        id: row.try_get("id")?,
        conversation: row.try_get("conversation_id")?,
        seq: row.try_get("seq")?,
        public_seq: row.try_get("public_seq")?,
        by_person: row.try_get("by_person")?,
        mark: hash(text.as_bytes()),
        client_message_id: row.try_get("client_message_id")?,
    })
}

fn conversation(row: &PgRow) -> Result<Conversation, sqlx::Error> {
    Ok(Conversation {
        id: row.try_get("id")?,
        last_seq: row.try_get("last_seq")?,
        last_public_seq: row.try_get("last_public_seq")?,
        episodes: row.try_get("episodes")?,
        waits: row.try_get("waits")?,
    })
}

/// Reads what a company holds, all of it at one instant.
pub async fn read(admin: &mut PgConnection, tenant: &Tenant) -> Outcome<Truth> {
    let truth = try_read(admin, tenant).await;
    truth.doing(|| format!("read what company {} holds", tenant.number))
}

async fn try_read(admin: &mut PgConnection, tenant: &Tenant) -> Result<Truth, sqlx::Error> {
    let schema: String = sqlx::query_scalar(SCHEMA).bind(ids::decode(&tenant.id)).fetch_one(&mut *admin).await?;
    let inside = |sql: &str| AssertSqlSafe(sql.replace("{}", &schema));
    let mut tx = sqlx::Connection::begin_with(admin, "begin isolation level repeatable read read only").await?;
    let messages = sqlx::query(inside(MESSAGES)).fetch_all(&mut *tx).await?;
    let conversations = sqlx::query(inside(CONVERSATIONS)).fetch_all(&mut *tx).await?;
    let billed = sqlx::query(inside(BILLED)).fetch_one(&mut *tx).await?;
    let room = sqlx::query(inside(ROOM)).fetch_one(&mut *tx).await?;
    tx.rollback().await?;
    Ok(Truth {
        messages: messages.iter().map(message).collect::<Result<_, _>>()?,
        conversations: conversations.iter().map(conversation).collect::<Result<_, _>>()?,
        billed_messages: billed.try_get("messages")?,
        billed_episodes: billed.try_get("episodes")?,
        room: room.try_get("room")?,
    })
}

/// How many connections the servers have to Postgres.
pub async fn connections(admin: &mut PgConnection) -> Outcome<u64> {
    let counted: Result<i64, sqlx::Error> = sqlx::query_scalar(CONNECTIONS).fetch_one(admin).await;
    Ok(counted.doing(|| "count connections".to_owned())?.unsigned_abs())
}

/// How many connections hold a transaction open and do nothing with it.
pub async fn idle_in_transaction(admin: &mut PgConnection) -> Outcome<i64> {
    sqlx::query_scalar(IDLE_IN_TRANSACTION).fetch_one(admin).await.doing(|| "look at connections".to_owned())
}
