//! From an archive to a new company beside all others: a schema of its own, at the level of the archive, filled and then brought up to
//! date. One transaction: it is there as a whole, or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use infra::database::{Rows as _, StoreError, Tx, sql};
use infra::validate::Check;
use sea_orm::{ConnectionTrait as _, FromQueryResult};
use tokio::sync::mpsc::channel;

use super::account::NOT_TAKEN;
use super::{ArchiveError, Holding, Manifest, Reader};
use crate::account::AccountId;
use crate::data_key::Ring;
use crate::login::NewLogin;
use crate::membership::{AgentId, Role};
use crate::role::Standing;
use crate::schema::{SchemaName, TableName};
use crate::world::World;
use crate::{identity, login, membership, migrate, password, role};

/// Who was in the company, and as what.
const MEMBERS: &str = "directory/members.ndjson";
/// The roles that it had made.
const ROLES: &str = "directory/roles.ndjson";
/// How many rows go into one statement.
const AT_ONCE: usize = 500;
/// How many portions may wait for the database.
const WAITING: usize = 4;

/// The company that is made of an archive.
#[derive(Debug, Clone)]
pub struct Into {
    /// Its name in addresses. Nobody else may have it.
    pub slug: String,
    /// Its name; as it was, when absent.
    pub name: Option<String>,
    /// Whose it is. Who has no login gets one, and asks for a password by "forgot password".
    pub owner: String,
}

/// What was made.
#[derive(Debug, Clone)]
pub struct Restored {
    /// The new company.
    pub account: AccountId,
    /// Its owner.
    pub owner: AgentId,
    /// What the archive said of itself.
    pub manifest: Manifest,
    /// How many rows were written.
    pub rows: u64,
    /// How many of the roles that the company had made were made again.
    pub roles: usize,
    /// The names of those that this program cannot make.
    pub roles_left: Vec<String>,
    /// How many members the archive names. None of them is let in: the new company is its owner's.
    pub members_left: usize,
    /// How many keys that visitors' tokens are signed with have ended, because nobody can open their secrets any more.
    pub identity_keys_ended: u64,
}

#[derive(FromQueryResult)]
struct Reference {
    child: String,
    parent: String,
}

#[derive(serde::Deserialize)]
struct AccountLine {
    name: String,
    locale: String,
    plan: String,
}

/// Makes a company of an archive.
pub async fn restore(world: &World, path: PathBuf, into: Into) -> Result<Restored, ArchiveError> {
    let reader = tokio::task::spawn_blocking(move || Reader::open(&path));
    let mut reader = reader.await.map_err(|died| ArchiveError::Cut(died.to_string()))??;
    let manifest = reader.manifest().clone();
    if manifest.holds != Holding::Account {
        return Err(ArchiveError::Unfit("it holds one contact, not a company".into()));
    }
    if manifest.schema_level > migrate::latest_tenant() {
        return Err(ArchiveError::Unfit("its tables are newer than this program".into()));
    }
    let mut was: Option<AccountLine> = None;
    reader.lines("directory/account.ndjson", 1, |lines| {
        was = lines.first().map(|line| serde_json::from_str(line)).transpose()?;
        Ok(())
    })?;
    let (mut roles, mut members_left) = (Vec::new(), 0);
    // Archives of before have no roles.
    if manifest.entries.iter().any(|entry| entry.name == ROLES) {
        reader.lines(ROLES, AT_ONCE, |lines| {
            roles.extend(lines);
            Ok(())
        })?;
    }
    if manifest.entries.iter().any(|entry| entry.name == MEMBERS) {
        reader.lines(MEMBERS, AT_ONCE, |lines| {
            members_left += lines.len();
            Ok(())
        })?;
    }
    let was = was.ok_or_else(|| ArchiveError::Damaged("it does not say whose it is".into()))?;

    let patient = "SET LOCAL statement_timeout = '120s'; SET LOCAL idle_in_transaction_session_timeout = '120s'";
    let tx = world.database.begin(patient.into()).await?;
    let schema = SchemaName::fresh(&world.chance, world.now());
    let (account, owner) = register(world, &tx, &schema, &into, &was).await?;
    let from: AccountId = manifest.account_id.parse().map_err(|_| ArchiveError::Damaged("whose it is".into()))?;
    let (before, own) = (Ring::of(world, from).await?, Ring::found(&tx, world, account).await?);
    let roles_left = role::bring_along(&tx, world, account, &roles).await?;
    tx.execute_unprepared(&schema.create()).await.map_err(StoreError::from)?;
    migrate::furnish(&tx, 0, manifest.schema_level, world.now()).await?;
    let rows = fill(&tx, reader, &manifest).await?;
    migrate::furnish(&tx, manifest.schema_level, migrate::latest_tenant(), world.now()).await?;
    let identity_keys_ended = identity::bring_along(&tx, &world.chance, (&before, &own), world.now()).await?;
    tx.commit().await?;
    let roles = roles.len() - roles_left.len();
    Ok(Restored { account, owner, manifest, rows, roles, roles_left, members_left, identity_keys_ended })
}

/// Puts the company into the directory.
async fn register(
    world: &World,
    tx: &Tx,
    schema: &SchemaName,
    into: &Into,
    was: &AccountLine,
) -> Result<(AccountId, AgentId), ArchiveError> {
    let now = world.now();
    let mut check = Check::new();
    let email = check.email("owner", &into.owner);
    let name = check.line("name", into.name.as_deref().unwrap_or(&was.name), 1, 80);
    check.finish().map_err(|_| ArchiveError::Unfit("the owner's address or the name cannot be used".into()))?;
    let login = match login::find_by_email(world, &email).await? {
        Some(user) => user.id,
        None => {
            let id = world.chance.id(now);
            let password_hash = password::hash(world.chance.secret()).await?;
            let name = email.split('@').next().unwrap_or("Owner").to_owned();
            let locale = was.locale.clone();
            login::insert(tx, NewLogin { id, email, name, password_hash, locale, verified: false }, now).await?;
            id
        }
    };
    let (account, owner): (AccountId, AgentId) = (world.chance.id(now), world.chance.id(now));
    tx.run(sql(
        "insert into shared.schema_level (schema_name, version, migrated_at) values ($1, $2, $3)",
        [schema.as_str().into(), migrate::latest_tenant().into(), now.into()],
    ))
    .await?;
    let made = tx
        .run(sql(
            "insert into shared.account (id, name, slug, schema_name, status, plan, locale, created_at, updated_at) \
             values ($1, $2, $3, $4, 'active', $5, $6, $7, $7)",
            [
                account.uuid().into(),
                name.into(),
                into.slug.clone().into(),
                schema.as_str().into(),
                was.plan.clone().into(),
                was.locale.clone().into(),
                now.into(),
            ],
        ))
        .await;
    made.map_err(|error| match error {
        error if error.broke("account_slug_key") => ArchiveError::Unfit(format!("{} is taken", into.slug)),
        error if error.broke("account_slug_check") => {
            ArchiveError::Unfit(format!("{} is no name for addresses", into.slug))
        }
        error => error.into(),
    })?;
    membership::insert(tx, owner, account, login, &Standing::built_in(Role::Owner), now).await?;
    Ok((account, owner))
}

/// Fills the tables, those that others refer to first.
async fn fill(tx: &Tx, mut reader: Reader, manifest: &Manifest) -> Result<u64, ArchiveError> {
    let order = in_order(tx).await?;
    let files: BTreeSet<&str> = manifest.entries.iter().map(|entry| entry.name.as_str()).collect();
    let known: BTreeSet<String> = order.iter().map(|table| format!("tables/{table}.ndjson")).collect();
    if let Some(odd) = files.iter().find(|name| name.starts_with("tables/") && !known.contains(**name)) {
        return Err(ArchiveError::Unfit(format!("{odd} is of no table that this program knows")));
    }
    // What a fresh schema begins with would stand beside what comes.
    for table in order.iter().rev().filter(|table| table.as_str() != "audit") {
        tx.execute_unprepared(&table.delete_all()).await.map_err(StoreError::from)?;
    }
    let wanted: Vec<TableName> =
        order.into_iter().filter(|table| files.contains(format!("tables/{table}.ndjson").as_str())).collect();
    let (portions, mut received) = channel::<(TableName, Vec<String>)>(WAITING);
    let reading = tokio::task::spawn_blocking(move || {
        for table in wanted {
            let name = format!("tables/{table}.ndjson");
            reader.lines(&name, AT_ONCE, |lines| {
                let sent = portions.blocking_send((table.clone(), lines));
                sent.map_err(|_| ArchiveError::Cut("the database takes no more".into()))
            })?;
        }
        Ok::<_, ArchiveError>(())
    });
    let mut rows = 0;
    while let Some((table, lines)) = received.recv().await {
        rows += tx.run(table.insert_lines(&lines)).await?;
    }
    reading.await.map_err(|died| ArchiveError::Cut(died.to_string()))??;
    Ok(rows)
}

/// The tables of the schema that this transaction is in, each after those that it refers to.
async fn in_order(tx: &Tx) -> Result<Vec<TableName>, ArchiveError> {
    let names: Vec<Name> = tx
        .all(sql(
            "select relname::text as name from pg_class where relnamespace = current_schema()::regnamespace and relkind = 'r' \
             order by relname",
            [],
        ))
        .await?;
    let references: Vec<Reference> = tx
        .all(sql(
            "select distinct c.relname::text as child, p.relname::text as parent from pg_constraint k \
             join pg_class c on c.oid = k.conrelid join pg_class p on p.oid = k.confrelid \
             where k.contype = 'f' and c.relnamespace = current_schema()::regnamespace and c.oid <> p.oid",
            [],
        ))
        .await?;
    let mut needs: BTreeMap<String, BTreeSet<String>> = names
        .into_iter()
        .filter(|row| !NOT_TAKEN.contains(&row.name.as_str()))
        .map(|row| (row.name, BTreeSet::new()))
        .collect();
    for Reference { child, parent } in references {
        if let Some(parents) = needs.get_mut(&child) {
            parents.insert(parent);
        }
    }
    sorted(needs)?.iter().map(|name| Ok(TableName::parse(name)?)).collect()
}

#[derive(FromQueryResult)]
struct Name {
    name: String,
}

fn sorted(mut needs: BTreeMap<String, BTreeSet<String>>) -> Result<Vec<String>, ArchiveError> {
    let mut order = Vec::with_capacity(needs.len());
    while !needs.is_empty() {
        let free: Vec<String> = needs
            .iter()
            .filter(|(_, parents)| parents.iter().all(|parent| order.contains(parent)))
            .map(|(name, _)| name.clone())
            .collect();
        if free.is_empty() {
            return Err(ArchiveError::Unfit("tables refer to each other in a circle".into()));
        }
        for name in free {
            needs.remove(&name);
            order.push(name);
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(all: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
        all.iter()
            .map(|(name, parents)| ((*name).to_owned(), parents.iter().map(|p| (*p).to_owned()).collect()))
            .collect()
    }

    #[test]
    fn what_others_refer_to_comes_first() {
        let order = sorted(needs(&[("a", &["c"]), ("b", &["a"]), ("c", &[]), ("d", &[])])).unwrap();
        assert_eq!(order, ["c", "d", "a", "b"]);
        assert!(sorted(needs(&[("a", &["b"]), ("b", &["a"])])).is_err());
    }
}
