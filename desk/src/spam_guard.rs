//! When newcomers come in a crowd, and are asked for a challenge before they get a session. People who share an address are not
//! refused for being many; they wait for a moment.

use chrono::{DateTime, TimeDelta, Utc};
use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use infra::validate::{Check, Invalid};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tenant::TenantTx;

use crate::choice::ChoiceError;

/// The highest pace that can be asked for.
const MOST: i32 = 100_000;
/// What is offered before anybody has chosen.
const USUAL: i32 = 30;

/// From which pace on newcomers are asked for a challenge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SpamGuard {
    /// Whether they are asked at all.
    pub active: bool,
    /// From so many new visitors a minute on.
    pub visitors_per_minute: i32,
    /// From so many conversations of new visitors a minute on; null: only visitors are counted.
    pub conversations_per_minute: Option<i32>,
    /// When it was last changed; null until somebody has chosen.
    pub updated_at: Option<DateTime<Utc>>,
}

/// From which pace on newcomers are to be asked for a challenge.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpamGuardRequest {
    /// Whether to ask at all.
    pub active: bool,
    /// From so many new visitors a minute on: 1 to 100,000.
    #[schema(minimum = 1, maximum = 100_000)]
    pub visitors_per_minute: i32,
    /// From so many conversations of new visitors a minute on: 1 to 100,000. Null: only visitors are counted.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 100_000)]
    pub conversations_per_minute: Option<i32>,
}

impl SpamGuardRequest {
    fn checked(&self) -> Result<(), Invalid> {
        let mut check = Check::new();
        for (field, pace) in [
            ("visitors_per_minute", Some(self.visitors_per_minute)),
            ("conversations_per_minute", self.conversations_per_minute),
        ] {
            if pace.is_some_and(|pace| !(1..=MOST).contains(&pace)) {
                check.refuse(field, "pace_out_of_range", "1 to 100,000 a minute.");
            }
        }
        check.finish()
    }
}

#[derive(FromQueryResult)]
struct Row {
    active: bool,
    visitors_per_minute: i32,
    conversations_per_minute: Option<i32>,
    updated_at: Timestamp,
}

async fn row(tx: &TenantTx) -> Result<Option<Row>, StoreError> {
    tx.one(sql("select active, visitors_per_minute, conversations_per_minute, updated_at from spam_guard", [])).await
}

/// The choice; nobody is asked until somebody has made one.
pub async fn find(tx: &TenantTx) -> Result<SpamGuard, StoreError> {
    Ok(row(tx).await?.map_or(
        SpamGuard { active: false, visitors_per_minute: USUAL, conversations_per_minute: None, updated_at: None },
        |row| SpamGuard {
            active: row.active,
            visitors_per_minute: row.visitors_per_minute,
            conversations_per_minute: row.conversations_per_minute,
            updated_at: Some(row.updated_at),
        },
    ))
}

/// Writes the choice; it holds for whoever comes next.
pub async fn set(tx: &TenantTx, ask: &SpamGuardRequest) -> Result<SpamGuard, ChoiceError> {
    ask.checked()?;
    tx.run(sql(
        "insert into spam_guard (active, visitors_per_minute, conversations_per_minute, updated_at) values ($1, $2, $3, $4) \
         on conflict (singleton) do update set active = excluded.active, visitors_per_minute = excluded.visitors_per_minute, \
         conversations_per_minute = excluded.conversations_per_minute, updated_at = excluded.updated_at",
        [
            ask.active.into(),
            ask.visitors_per_minute.into(),
            ask.conversations_per_minute.into(),
            tx.now().into(),
        ],
    ))
    .await?;
    Ok(SpamGuard {
        active: ask.active,
        visitors_per_minute: ask.visitors_per_minute,
        conversations_per_minute: ask.conversations_per_minute,
        updated_at: Some(tx.now()),
    })
}

/// How newcomers come at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crowd {
    /// Nobody looks.
    Unguarded,
    /// Slower than the company said.
    Calm,
    /// As fast, or faster.
    Dense,
}

#[derive(FromQueryResult)]
struct Count {
    count: i64,
}

/// How newcomers have come within the last minute. Counts no further than it has to: under a flood it costs what it does in a calm.
pub async fn crowd(tx: &TenantTx) -> Result<Crowd, StoreError> {
    let Some(guard) = row(tx).await?.filter(|row| row.active) else { return Ok(Crowd::Unguarded) };
    let since = tx.now() - TimeDelta::minutes(1);
    let most = i64::from(guard.visitors_per_minute);
    let visitors: Option<Count> = tx
        .one(sql(
            "select count(*) as count from (select 1 from contact where created_at > $1 limit $2) k",
            [since.into(), most.into()],
        ))
        .await?;
    if visitors.is_some_and(|visitors| visitors.count >= most) {
        return Ok(Crowd::Dense);
    }
    let Some(most) = guard.conversations_per_minute.map(i64::from) else { return Ok(Crowd::Calm) };
    let conversations: Option<Count> = tx
        .one(sql(
            "select count(*) as count from (select 1 from contact k join conversation c on c.contact_id = k.id \
             where k.created_at > $1 limit $2) c",
            [since.into(), most.into()],
        ))
        .await?;
    let dense = conversations.is_some_and(|conversations| conversations.count >= most);
    Ok(if dense { Crowd::Dense } else { Crowd::Calm })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_a_number_of_people() {
        let ask = |visitors_per_minute, conversations_per_minute| SpamGuardRequest {
            active: true,
            visitors_per_minute,
            conversations_per_minute,
        };
        assert!(ask(1, None).checked().is_ok() && ask(100_000, Some(1)).checked().is_ok());
        for (bad, fields) in [
            (ask(0, None), vec!["/visitors_per_minute"]),
            (ask(5, Some(100_001)), vec!["/conversations_per_minute"]),
            (ask(-1, Some(0)), vec!["/visitors_per_minute", "/conversations_per_minute"]),
        ] {
            let refused = bad.checked().unwrap_err().0;
            let named: Vec<&str> = refused.iter().map(|fault| fault.pointer.as_str()).collect();
            assert_eq!(named, fields);
            assert!(refused.iter().all(|fault| fault.code == "pace_out_of_range"));
        }
    }
}
