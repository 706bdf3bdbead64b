//! For how long people's data is kept: per company, per kind, carried out in small portions by a worker.

use chrono::{DateTime, TimeDelta, Utc};
use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use infra::validate::{Check, Invalid};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tenant::TenantTx;
use uuid::Uuid;

use crate::choice::ChoiceError;
use crate::contact::ContactId;
use crate::erasure;

/// The longest that can be chosen: about ten years.
const LONGEST: i32 = 3_650;
/// The audit log is kept for a month at least: it also tells who shortened it.
const SHORTEST_AUDIT: i32 = 30;

/// For how long what is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionRequest {
    /// So many days after a conversation was resolved its texts are erased: 1 to 3,650. Null: never.
    #[schema(minimum = 1, maximum = 3650)]
    pub conversation_days: Option<i32>,
    /// So many days after a contact was last here or written to, they are erased: 1 to 3,650. Null: never.
    #[schema(minimum = 1, maximum = 3650)]
    pub contact_days: Option<i32>,
    /// So many days the audit log is kept: 30 to 3,650. Null: for ever.
    #[schema(minimum = 30, maximum = 3650)]
    pub audit_days: Option<i32>,
}

/// For how long what is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromQueryResult, utoipa::ToSchema)]
pub struct Retention {
    /// Days after a conversation was resolved until its texts are erased; null: never.
    pub conversation_days: Option<i32>,
    /// Days after a contact was last here or written to until they are erased; null: never.
    pub contact_days: Option<i32>,
    /// Days that the audit log is kept; null: for ever.
    pub audit_days: Option<i32>,
    /// When it was chosen; null while nobody has.
    pub updated_at: Option<DateTime<Utc>>,
}

/// What would be over now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RetentionPreview {
    /// Conversations whose texts would be erased.
    pub conversations: i64,
    /// Contacts who would be erased.
    pub contacts: i64,
    /// Entries of the audit log that would be removed.
    pub audit_entries: i64,
}

/// Before when each kind is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Over {
    /// Resolved before this.
    pub conversations: Option<Timestamp>,
    /// Last here before this.
    pub contacts: Option<Timestamp>,
    /// Written down before this.
    pub audit: Option<Timestamp>,
}

impl RetentionRequest {
    fn checked(&self) -> Result<(), Invalid> {
        let mut check = Check::new();
        for (field, days, shortest) in [
            ("conversation_days", self.conversation_days, 1),
            ("contact_days", self.contact_days, 1),
            ("audit_days", self.audit_days, SHORTEST_AUDIT),
        ] {
            if days.is_some_and(|days| !(shortest..=LONGEST).contains(&days)) {
                check.refuse(field, "days_out_of_range", &format!("{shortest} to {LONGEST} days, or null."));
            }
        }
        check.finish()
    }
}

impl Retention {
    /// What is over at `now`.
    pub fn over(&self, now: Timestamp) -> Over {
        over(self.conversation_days, self.contact_days, self.audit_days, now)
    }
}

fn over(conversations: Option<i32>, contacts: Option<i32>, audit: Option<i32>, now: Timestamp) -> Over {
    let before = |days: Option<i32>| days.map(|days| now - TimeDelta::days(days.into()));
    Over { conversations: before(conversations), contacts: before(contacts), audit: before(audit) }
}

/// What holds now.
pub async fn show(tx: &TenantTx) -> Result<Retention, StoreError> {
    let row: Option<Retention> =
        tx.one(sql("select conversation_days, contact_days, audit_days, updated_at from retention", [])).await?;
    Ok(row.unwrap_or(Retention { conversation_days: None, contact_days: None, audit_days: None, updated_at: None }))
}

/// Chooses.
pub async fn set(tx: &TenantTx, ask: &RetentionRequest) -> Result<Retention, ChoiceError> {
    ask.checked()?;
    tx.run(sql(
        "insert into retention (conversation_days, contact_days, audit_days, updated_at) values ($1, $2, $3, $4) \
         on conflict (singleton) do update set conversation_days = excluded.conversation_days, contact_days = excluded.contact_days, \
         audit_days = excluded.audit_days, updated_at = excluded.updated_at, swept_at = null",
        [ask.conversation_days.into(), ask.contact_days.into(), ask.audit_days.into(), tx.now().into()],
    ))
    .await?;
    Ok(show(tx).await?)
}

#[derive(FromQueryResult)]
struct Counted {
    conversations: i64,
    contacts: i64,
    audit_entries: i64,
}

/// Says what a choice would do at this moment, and does nothing.
pub async fn preview(tx: &TenantTx, ask: &RetentionRequest) -> Result<RetentionPreview, ChoiceError> {
    ask.checked()?;
    let over = over(ask.conversation_days, ask.contact_days, ask.audit_days, tx.now());
    let counted: Option<Counted> = tx
        .one(sql(
            "select (select count(*) from conversation where status = 'resolved' and erased_at is null and resolved_at < $1) as conversations, \
             (select count(*) from contact k where k.erased_at is null and coalesce(k.last_seen_at, k.created_at) < $2 \
                 and not exists (select 1 from conversation c where c.contact_id = k.id \
                 and (c.status <> 'resolved' or c.last_activity_at >= $2))) as contacts, \
             (select count(*) from audit where at < $3) as audit_entries",
            [over.conversations.into(), over.contacts.into(), over.audit.into()],
        ))
        .await?;
    let counted = counted.unwrap_or(Counted { conversations: 0, contacts: 0, audit_entries: 0 });
    Ok(RetentionPreview {
        conversations: counted.conversations,
        contacts: counted.contacts,
        audit_entries: counted.audit_entries,
    })
}

#[derive(FromQueryResult)]
struct Found {
    id: Uuid,
}

/// Erases the texts of some conversations that were resolved before `before`, oldest first. Says how many.
pub async fn erase_old_texts(tx: &TenantTx, before: Timestamp, most: u64) -> Result<u64, StoreError> {
    let found: Vec<Found> = tx
        .all(sql(
            "select id from conversation where status = 'resolved' and erased_at is null and resolved_at < $1 \
             order by resolved_at limit $2 for update skip locked",
            [before.into(), most.into()],
        ))
        .await?;
    if found.is_empty() {
        return Ok(0);
    }
    erasure::erase_texts(tx, found.into_iter().map(|row| row.id).collect()).await
}

/// Some contacts who were last here, and last written to, before `before`.
pub async fn long_gone(tx: &TenantTx, before: Timestamp, most: u64) -> Result<Vec<ContactId>, StoreError> {
    let found: Vec<Found> = tx
        .all(sql(
            "select k.id from contact k where k.erased_at is null and coalesce(k.last_seen_at, k.created_at) < $1 \
             and not exists (select 1 from conversation c where c.contact_id = k.id \
             and (c.status <> 'resolved' or c.last_activity_at >= $1)) order by k.created_at limit $2",
            [before.into(), most.into()],
        ))
        .await?;
    Ok(found.into_iter().map(|row| ContactId::from_uuid(row.id)).collect())
}

/// Takes the company's turn, if it was not taken since `since` by anybody: whoever took it looks for what is over.
pub async fn take_turn(tx: &TenantTx, since: Timestamp) -> Result<bool, StoreError> {
    let taken = tx
        .run(sql(
            "update retention set swept_at = $1 where (conversation_days, contact_days, audit_days) is distinct from (null, null, null) \
             and (swept_at is null or swept_at < $2)",
            [tx.now().into(), since.into()],
        ))
        .await?;
    Ok(taken > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_never_over_stays_and_the_rest_is_over_by_the_day() {
        let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let over = over(Some(30), None, Some(365), now);
        assert_eq!(over.conversations, Some(now - TimeDelta::days(30)));
        assert_eq!((over.contacts, over.audit), (None, Some(now - TimeDelta::days(365))));
    }

    #[test]
    fn days_out_of_bounds_are_refused_by_field() {
        let ask = RetentionRequest { conversation_days: Some(0), contact_days: Some(3_651), audit_days: Some(29) };
        let refused = ask.checked().unwrap_err();
        assert_eq!(refused.0.len(), 3);
        let ask = RetentionRequest { conversation_days: Some(1), contact_days: None, audit_days: Some(30) };
        assert!(ask.checked().is_ok());
    }
}
