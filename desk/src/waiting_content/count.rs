//! How often something was seen and followed: once a visitor, kind and day (UTC).

use std::collections::BTreeMap;

use chrono::NaiveDate;
use infra::Id;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tenant::TenantTx;
use uuid::Uuid;

use super::ContentId;
use crate::contact::ContactId;

/// How many rows of past days are swept away at a time.
const SWEPT: i64 = 1000;

/// What a visitor has done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ContentEventKind)]
pub enum EventKind {
    /// It was on the screen.
    Impression,
    /// It was followed, played or copied.
    Click,
}

impl EventKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Impression => "impression",
            Self::Click => "click",
        }
    }
}

/// Something that a visitor has done.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContentEvent {
    /// What.
    pub kind: EventKind,
}

/// How often something was seen and followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = ContentCounts)]
pub struct Counts {
    /// How many visitors saw it, each once a day.
    pub impressions: i64,
    /// How many followed it, each once a day.
    pub clicks: i64,
}

/// Counts what a visitor has done, unless it was counted today. The caller knows that the content exists.
pub async fn note(tx: &TenantTx, id: ContentId, contact: ContactId, kind: EventKind) -> Result<bool, StoreError> {
    let today = tx.now().date_naive();
    let fresh = tx
        .run(sql(
            "insert into waiting_content_seen (day, content_id, contact_id, kind) values ($1, $2, $3, $4) on conflict do nothing",
            [today.into(), id.uuid().into(), contact.uuid().into(), kind.as_str().into()],
        ))
        .await?
        > 0;
    if fresh {
        let (impressions, clicks) = match kind {
            EventKind::Impression => (1, 0),
            EventKind::Click => (0, 1),
        };
        tx.run(sql(
            "insert into waiting_content_count as n (content_id, day, impressions, clicks) values ($1, $2, $3, $4) \
             on conflict (content_id, day) do update set impressions = n.impressions + $3, clicks = n.clicks + $4",
            [id.uuid().into(), today.into(), impressions.into(), clicks.into()],
        ))
        .await?;
        // A clock that is a little behind must not count somebody of yesterday again.
        sweep(tx, today - chrono::TimeDelta::days(1)).await?;
    }
    Ok(fresh)
}

async fn sweep(tx: &TenantTx, before: NaiveDate) -> Result<(), StoreError> {
    tx.run(sql(
        "delete from waiting_content_seen where ctid in (select ctid from waiting_content_seen where day < $1 limit $2 for update skip locked)",
        [before.into(), SWEPT.into()],
    ))
    .await
    .map(drop)
}

#[derive(FromQueryResult)]
struct Row {
    content_id: Uuid,
    impressions: i64,
    clicks: i64,
}

/// How often everything was seen and followed since a day.
pub async fn counts(tx: &TenantTx, since: NaiveDate) -> Result<BTreeMap<ContentId, Counts>, StoreError> {
    let rows: Vec<Row> = tx
        .all(sql(
            "select content_id, sum(impressions) as impressions, sum(clicks) as clicks from waiting_content_count where day >= $1 group by content_id",
            [since.into()],
        ))
        .await?;
    let counted =
        |row: Row| (Id::from_uuid(row.content_id), Counts { impressions: row.impressions, clicks: row.clicks });
    Ok(rows.into_iter().map(counted).collect())
}
