//! Everything the company has of one contact, as lines of JSON: what an export of them holds.

use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use tenant::TenantTx;

use super::places;
use crate::contact::ContactId;

#[derive(FromQueryResult)]
struct Line {
    line: String,
}

#[derive(FromQueryResult)]
struct Count {
    rows: i64,
}

/// About how many rows there are, to say how far an export is.
pub async fn kept_rows(tx: &TenantTx, id: ContactId) -> Result<u64, StoreError> {
    let count: Option<Count> = tx
        .one(sql(
            "select (1 + count(*) + coalesce(sum(last_seq), 0))::bigint as rows from conversation where contact_id = $1",
            [id.uuid().into()],
        ))
        .await?;
    Ok(count.and_then(|count| u64::try_from(count.rows).ok()).unwrap_or_default())
}

/// The rows of every table, by the table's name; the audit log's entries about them come last.
pub async fn contents_of(tx: &TenantTx, id: ContactId) -> Result<Vec<(&'static str, Vec<String>)>, StoreError> {
    let mut all = Vec::new();
    for (table, statement) in places::personal().filter_map(|place| Some((place.table, place.export?))) {
        let lines: Vec<Line> = tx.all(sql(statement, [id.uuid().into()])).await?;
        all.push((table, lines.into_iter().map(|line| line.line).collect()));
    }
    let lines: Vec<Line> = tx
        .all(sql(
            "select jsonb_build_object('at', at, 'action', action, 'actor_kind', actor_kind, 'detail', detail)::text as line \
             from audit where target = $1 order by at, id",
            [id.to_string().into()],
        ))
        .await?;
    all.push(("audit", lines.into_iter().map(|line| line.line).collect()));
    Ok(all)
}
