//! The chain of the audit log. A row's seal is a hash over the row and the seal before it, so the newest seal stands for the whole
//! log: whoever has noted it once can tell later that nothing before it was touched.
//!
//! Time and chance are the transaction's. The arithmetic is Postgres's own, so that what is sealed is what is stored.

use infra::database::{Rows as _, StoreError, sql};
use sea_orm::{ConnectionTrait as _, FromQueryResult};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::scope::Actor;
use crate::tx::TenantTx;

/// What a row says, before it has a place.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Deed {
    kind: String,
    id: Option<String>,
    name: Option<String>,
    action: String,
    target: Option<String>,
    detail: serde_json::Value,
}

impl Deed {
    pub(super) fn of(actor: &Actor, action: &'static str, target: Option<String>, detail: serde_json::Value) -> Self {
        let (kind, id, name) = actor.describe();
        Self { kind: kind.to_owned(), id, name, action: action.to_owned(), target, detail }
    }
}

/// What a seal is over: everything of the row but its detail, of which only the hash, so that a detail can be erased.
macro_rules! seal {
    ($before:literal, $row:literal) => {
        concat!(
            "sha256(",
            $before,
            " || convert_to(jsonb_build_array(",
            $row,
            ".number, ",
            $row,
            ".id, ",
            $row,
            ".actor_kind, ",
            $row,
            ".actor_id, ",
            $row,
            ".actor_name, ",
            $row,
            ".action, ",
            $row,
            ".target, encode(",
            $row,
            ".detail_hash, 'hex'), to_char(",
            $row,
            ".at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'))::text, 'UTF8'))"
        )
    };
}

/// Adds a row to the end of the chain. Whoever adds one holds the end until their transaction is over, so this comes last in it.
pub(super) async fn append(tx: &TenantTx, deed: Deed) -> Result<(), StoreError> {
    hold_end(tx).await?;
    add(tx, tx.uuid(), deed).await
}

/// Whoever holds the end is the only one who adds to it.
async fn hold_end(tx: &TenantTx) -> Result<(), StoreError> {
    tx.run(sql("select number from audit_head for update", [])).await.map(drop)
}

#[derive(FromQueryResult)]
struct There {
    yes: bool,
}

/// The same with an id that was given before, unless it is there: whoever comes twice adds one row.
pub(super) async fn append_once(tx: &TenantTx, id: Uuid, deed: Deed) -> Result<(), StoreError> {
    // Looked for by whoever holds the end: another one who adds it has added it, or comes afterwards.
    hold_end(tx).await?;
    let there: Option<There> =
        tx.one(sql("select exists (select 1 from audit where id = $1) as yes", [id.into()])).await?;
    if there.is_some_and(|row| row.yes) { Ok(()) } else { add(tx, id, deed).await }
}

async fn add(tx: &TenantTx, id: Uuid, deed: Deed) -> Result<(), StoreError> {
    tx.run(sql(
        concat!(
            "with deed as (select h.number + 1 as number, $1::uuid as id, $2::text as actor_kind, $3::text as actor_id, \
             $4::text as actor_name, $5::text as action, $6::text as target, $7::jsonb as detail, $8::timestamptz as at, $9::uuid as salt, \
             sha256(convert_to($9::uuid::text || $7::jsonb::text, 'UTF8')) as detail_hash, h.hash as before from audit_head h), \
             added as (insert into audit (id, actor_kind, actor_id, actor_name, action, target, detail, at, number, salt, detail_hash, hash) \
             select d.id, d.actor_kind, d.actor_id, d.actor_name, d.action, d.target, d.detail, d.at, d.number, d.salt, d.detail_hash, ",
            seal!("d.before", "d"),
            " from deed d returning number, hash) \
             update audit_head set number = added.number, hash = added.hash from added"
        ),
        [
            id.into(),
            deed.kind.into(),
            deed.id.into(),
            deed.name.into(),
            deed.action.into(),
            deed.target.into(),
            deed.detail.into(),
            tx.now().into(),
            tx.uuid().into(),
        ],
    ))
    .await
    .map(drop)
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Verdict {
    /// Whether the log is as it was written.
    pub intact: bool,
    /// The first entry that is not, by its number: changed, missing or slipped in.
    pub broken_at: Option<i64>,
    /// How many entries were looked at.
    pub checked: i64,
    /// How many of them have lost their detail, because it was somebody's data and was erased.
    pub erased: i64,
    /// How many older ones were removed because their time was over.
    pub removed: i64,
    /// The number of the newest entry.
    pub newest: i64,
    /// Its seal, in hexadecimal. Kept somewhere else, it proves later that nothing up to here was touched.
    pub seal: String,
}

#[derive(FromQueryResult)]
struct Head {
    number: i64,
    seal: String,
    cut_number: i64,
}

#[derive(FromQueryResult)]
struct Broken {
    number: i64,
}

#[derive(FromQueryResult)]
struct Counts {
    present: i64,
    erased: i64,
    last: Option<i64>,
    ends_well: bool,
}

/// How many rows are looked at in one statement.
const AT_ONCE: i64 = 5_000;

/// Looks at the whole log.
pub async fn verify(tx: &TenantTx) -> Result<Verdict, StoreError> {
    // One view of the log, however long the look takes.
    tx.hold_still().await?;
    let head: Option<Head> =
        tx.one(sql("select number, encode(hash, 'hex') as seal, cut_number from audit_head", [])).await?;
    let head = head.unwrap_or(Head { number: 0, seal: String::new(), cut_number: 0 });
    let mut broken = None;
    let mut from = head.cut_number + 1;
    while broken.is_none() && from <= head.number {
        let to = head.number.min(from + AT_ONCE - 1);
        broken = first_broken(tx, from, to).await?;
        from = to + 1;
    }
    let counts: Option<Counts> = tx
        .one(sql(
            "select count(a.number) as present, count(*) filter (where a.number is not null and a.salt is null) as erased, \
             max(a.number) as last, coalesce(bool_or(a.number = h.number and a.hash = h.hash), false) as ends_well \
             from audit_head h left join audit a on true",
            [],
        ))
        .await?;
    let counts = counts.unwrap_or(Counts { present: 0, erased: 0, last: None, ends_well: false });
    let is_empty = head.number == head.cut_number;
    // A row beyond the end, or an end that is not the last row's.
    if broken.is_none() && (counts.last.unwrap_or(head.cut_number) != head.number || !(is_empty || counts.ends_well)) {
        broken = Some(head.number);
    }
    Ok(Verdict {
        intact: broken.is_none(),
        broken_at: broken,
        checked: counts.present,
        erased: counts.erased,
        removed: head.cut_number,
        newest: head.number,
        seal: head.seal,
    })
}

async fn first_broken(tx: &TenantTx, from: i64, to: i64) -> Result<Option<i64>, StoreError> {
    let row: Option<Broken> = tx
        .one(sql(
            concat!(
                "select n.number from generate_series($1::bigint, $2::bigint) n (number) cross join audit_head h \
                 left join audit a on a.number = n.number left join audit p on p.number = n.number - 1 \
                 where a.number is null or a.hash is distinct from ",
                seal!("case when n.number = h.cut_number + 1 then h.cut_hash else p.hash end", "a"),
                " or case when a.salt is null then a.detail <> '{}'::jsonb \
                 else a.detail_hash is distinct from sha256(convert_to(a.salt::text || a.detail::text, 'UTF8')) end \
                 order by n.number limit 1"
            ),
            [from.into(), to.into()],
        ))
        .await?;
    Ok(row.map(|row| row.number))
}

/// Removes the rows that are older than `before`, oldest first and at most `most`; the chain then begins behind them. Says how many.
pub async fn cut(tx: &TenantTx, before: infra::Timestamp, most: i64) -> Result<u64, StoreError> {
    tx.run(sql("select number from audit_head for update", [])).await?;
    tx.execute_unprepared("grant delete on audit to current_user").await?;
    // What is removed is the beginning: a row in the middle stays until all before it may go.
    let gone = tx
        .run(sql(
            "with old as (select id, number, hash from audit where at < $1 and coalesce(number, 0) < coalesce( \
                 (select min(k.number) from audit k where k.number is not null and k.at >= $1), 9223372036854775807) \
                 order by number nulls first, at limit $2), \
             gone as (delete from audit a using old where a.id = old.id returning old.number, old.hash), \
             last as (select number, hash from gone where number is not null order by number desc limit 1) \
             , moved as (update audit_head set cut_number = last.number, cut_hash = last.hash from last) \
             select 1 from gone",
            [before.into(), most.into()],
        ))
        .await?;
    tx.execute_unprepared("revoke delete on audit from current_user").await?;
    Ok(gone)
}

/// Erases the details of entries about something, by its id. That they happened, when and by whom stays.
pub async fn forget_detail(tx: &TenantTx, target: String) -> Result<u64, StoreError> {
    tx.run(sql("select number from audit_head for update", [])).await?;
    tx.execute_unprepared("grant update (detail, salt) on audit to current_user").await?;
    let touched = tx
        .run(sql(
            "update audit set detail = '{}', salt = null where target = $1 and salt is not null and detail <> '{}'",
            [target.into()],
        ))
        .await?;
    tx.execute_unprepared("revoke update (detail, salt) on audit from current_user").await?;
    Ok(touched)
}
