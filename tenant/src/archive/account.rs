//! A whole company: every row of every table of its schema, as of one instant, and what the directory knows of it.

use std::path::Path;

use infra::database::{Rows as _, StoreError, sql};
use sea_orm::{ConnectionTrait as _, FromQueryResult};
use serde_json::json;

use super::{ArchiveError, FORMAT, FORMAT_VERSION, Holding, Manifest, Sealed, Writer};
use crate::export::{self, DataExport};
use crate::schema::TableName;
use crate::scope::Tenant;
use crate::tx::TenantTx;
use crate::{membership, migrate, role};

/// Tables that are no part of what a company has: what was migrated when, and news on its way to the bus.
pub(super) const NOT_TAKEN: [&str; 2] = ["migration", "outbox"];

/// After how many rows it is said how far it is.
const TOLD_EVERY: u64 = 5_000;

#[derive(FromQueryResult)]
struct Named {
    name: String,
    rows: i64,
}

#[derive(FromQueryResult)]
struct Line {
    line: String,
}

/// The tables of the schema that this transaction is in, with about how many rows they have.
pub(super) async fn tables(tx: &TenantTx) -> Result<Vec<(TableName, i64)>, StoreError> {
    let rows: Vec<Named> = tx
        .all(sql(
            "select relname::text as name, greatest(reltuples, 0)::bigint as rows from pg_class \
             where relnamespace = current_schema()::regnamespace and relkind = 'r' order by relname",
            [],
        ))
        .await?;
    let taken = rows.into_iter().filter(|row| !NOT_TAKEN.contains(&row.name.as_str()));
    taken.map(|row| Ok((TableName::parse(&row.name)?, row.rows))).collect()
}

/// Writes a company into a file. An export that asked for it is told how far it is.
pub async fn write_account(tenant: &Tenant, path: &Path, told: Option<&DataExport>) -> Result<Sealed, ArchiveError> {
    let members = membership::of_account(&tenant.world, tenant.id()).await?;
    let roles = role::list(&tenant.world, tenant.id()).await?;
    let tx = tenant.begin().await?;
    // One instant for all tables, however long it takes.
    tx.hold_still().await?;
    let tables = tables(&tx).await?;
    let about = tables.iter().map(|(_, rows)| u64::try_from(*rows).unwrap_or_default()).sum();
    let mut writer = Writer::begin(path)?;

    let account = &tenant.account;
    writer.entry("directory/account.ndjson").await?;
    let line = json!({
        "id": account.id, "name": account.name, "slug": account.slug, "locale": account.locale, "plan": account.plan,
        "created_at": account.created_at,
    });
    writer.lines(&[line.to_string()]).await?;
    writer.entry("directory/members.ndjson").await?;
    for member in &members {
        let line = json!({
            "id": member.id, "email": member.email, "name": member.name, "role": member.standing.role,
            "custom_role": member.standing.custom.as_ref().map(|role| &role.name), "external_id": member.external_id,
            "disabled_at": member.disabled_at, "created_at": member.created_at,
        });
        writer.lines(&[line.to_string()]).await?;
    }

    writer.entry("directory/roles.ndjson").await?;
    for role in roles.iter().filter(|role| !role.built_in) {
        let line = json!({
            "id": role.id, "name": role.name, "description": role.description, "permissions": role.permissions,
            "visibility": role.visibility,
        });
        writer.lines(&[line.to_string()]).await?;
    }

    let (mut done, mut said) = (0, 0);
    for (table, _) in &tables {
        writer.entry(format!("tables/{table}.ndjson")).await?;
        tx.execute_unprepared(&table.declare_lines()).await.map_err(StoreError::from)?;
        loop {
            let lines: Vec<Line> = tx.all(sql("fetch 1000 from line", [])).await?;
            if lines.is_empty() {
                break;
            }
            let lines: Vec<String> = lines.into_iter().map(|line| line.line).collect();
            done += writer.lines(&lines).await?;
            if let Some(ask) = told
                && done >= said + TOLD_EVERY
            {
                said = done;
                export::progress(&tenant.world, ask, done, about).await?;
            }
        }
        tx.execute_unprepared("close line").await.map_err(StoreError::from)?;
    }
    let manifest = Manifest {
        format: FORMAT.into(),
        format_version: FORMAT_VERSION,
        holds: Holding::Account,
        schema_level: migrate::latest_tenant(),
        account_id: account.id.to_string(),
        subject: None,
        made_at: tx.now(),
        entries: Vec::new(),
    };
    drop(tx);
    writer.finish(manifest).await
}
