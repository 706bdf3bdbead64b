//! Names of schemas and tables, and the only SQL in the project that is put together from parts.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use infra::database::StoreError;
use infra::{Chance, Timestamp, ids};
use sea_orm::{DbBackend, Statement};

/// `t_` and 26 characters. Parsed, never formatted from input, so it needs no quoting. The tenant's role has the same name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SchemaName(Arc<str>);

/// A name that we could not have given.
#[derive(Debug, Clone, thiserror::Error)]
#[error("not the name of a tenant schema")]
pub struct NotASchema;

impl SchemaName {
    /// A fresh name.
    pub(crate) fn fresh(chance: &Chance, now: Timestamp) -> Self {
        Self(format!("t_{}", ids::encode(chance.uuid(now))).into())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a transaction of this tenant begins with: its role, then its schema and nothing else.
    pub(crate) fn enter(&self) -> Arc<str> {
        format!("SET LOCAL ROLE {0}; SET LOCAL search_path = {0}, pg_catalog", self.0).into()
    }

    /// Which slice of the pool long work on this schema goes to. It ends in chance, as the id it was made from.
    pub(crate) fn tie(&self) -> u128 {
        self.0.bytes().fold(0, |tie, byte| tie.wrapping_mul(31).wrapping_add(u128::from(byte)))
    }

    /// The same for a company that is on its way to another database.
    pub(crate) fn enter_to_read(&self) -> Arc<str> {
        format!("SET TRANSACTION READ ONLY; {}", self.enter()).into()
    }

    /// A statement written for `tenant.…` tables, with this schema in their place: it can be prepared once for this company and
    /// kept, where one that leans on the search path is planned anew whenever a connection turns to another company.
    pub(crate) fn bind(&self, statement: &'static str) -> String {
        statement.replace("tenant.", &format!("{}.", self.0))
    }

    /// Takes schema and role away, with everything in them. A role that another database of the same server knows (a copy, a backup
    /// that was restored) stays there, without any right here.
    pub(crate) fn destroy(&self) -> String {
        format!(
            "DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{0}') THEN \
             SET LOCAL ROLE {0}; DROP SCHEMA IF EXISTS {0} CASCADE; SET LOCAL ROLE NONE; \
             BEGIN DROP ROLE {0}; EXCEPTION WHEN dependent_objects_still_exist THEN NULL; END; END IF; END $$",
            self.0
        )
    }

    /// Makes the role and the schema. The login role may become the tenant's role, but inherits nothing from it.
    pub(crate) fn create(&self) -> String {
        format!(
            "CREATE ROLE {0} NOLOGIN NOINHERIT; GRANT {0} TO CURRENT_USER; CREATE SCHEMA {0} AUTHORIZATION {0}; \
             SET LOCAL ROLE {0}; SET LOCAL search_path = {0}, pg_catalog",
            self.0
        )
    }
}

impl SchemaName {
    /// The same beside a schema of this name that an earlier try may have left, in a cluster that may know the role already.
    pub(crate) fn create_anew(&self) -> String {
        format!(
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{0}') THEN \
             CREATE ROLE {0} NOLOGIN NOINHERIT; GRANT {0} TO CURRENT_USER; END IF; END $$; \
             DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0} AUTHORIZATION {0}; \
             SET LOCAL ROLE {0}; SET LOCAL search_path = {0}, pg_catalog",
            self.0
        )
    }

    /// Takes the schema away.
    pub(crate) fn remove(&self) -> String {
        format!("SET LOCAL ROLE {0}; DROP SCHEMA IF EXISTS {0} CASCADE", self.0)
    }

    /// What a long transaction on a connection of its own begins with.
    pub(crate) fn open_errand(&self) -> String {
        format!(
            "BEGIN; SET LOCAL lock_timeout = '15s'; SET LOCAL ROLE {0}; SET LOCAL search_path = {0}, pg_catalog",
            self.0
        )
    }

    /// Nobody writes here any more, not even its role.
    pub(crate) fn seal(&self) -> String {
        format!("REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA {0} FROM {0}", self.0)
    }

    /// Takes [`Self::seal`] back. The audit log is added to only, as ever.
    pub(crate) fn reopen(&self) -> String {
        format!("{1}; REVOKE UPDATE, DELETE, TRUNCATE ON {0}.audit FROM {0}", self.0, self.open_wholly())
    }

    /// Its role may write everywhere, also where it usually only adds: to fill a copy.
    pub(crate) fn open_wholly(&self) -> String {
        format!("GRANT ALL ON ALL TABLES IN SCHEMA {0} TO {0}", self.0)
    }
}

impl fmt::Display for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SchemaName {
    type Err = NotASchema;

    fn from_str(text: &str) -> Result<Self, NotASchema> {
        let good = text
            .strip_prefix("t_")
            .is_some_and(|rest| rest.len() == 26 && rest.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()));
        if good { Ok(Self(text.into())) } else { Err(NotASchema) }
    }
}

/// The name of a table of a company, as the catalogue has it: small letters, digits and underscores, so that it needs no quoting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TableName(Arc<str>);

impl TableName {
    /// Refuses what could be anything but a name.
    pub(crate) fn parse(text: &str) -> Result<Self, StoreError> {
        let good = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.len() < 64
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if good { Ok(Self(text.into())) } else { Err(StoreError::Refused("an impossible name of a table".into())) }
    }

    /// As text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Opens a cursor `line` over all of its rows, each as one text of JSON.
    pub(crate) fn declare_lines(&self) -> String {
        format!("DECLARE line NO SCROLL CURSOR FOR SELECT row_to_json(r)::text AS line FROM {} r", self.0)
    }

    /// Writes rows of such lines.
    pub(crate) fn insert_lines(&self, lines: &[String]) -> Statement {
        let text = format!("INSERT INTO {0} SELECT * FROM json_populate_recordset(NULL::{0}, $1::json)", self.0);
        let rows = format!("[{}]", lines.join(","));
        Statement::from_sql_and_values(DbBackend::Postgres, text, [rows.into()])
    }

    /// Empties it.
    pub(crate) fn delete_all(&self) -> String {
        format!("DELETE FROM {}", self.0)
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_schema_names() {
        assert!("t_01h455vb4pex5vsknk084sn02q".parse::<SchemaName>().is_ok());
        for text in [
            "public",
            "t_",
            "t_01h455vb4pex5vsknk084sn02Q",
            "t_01h455vb4pex5vsknk084sn02q; drop",
            "shared",
            "t_01h455vb4pex5vsknk084sn02\"",
        ] {
            assert!(text.parse::<SchemaName>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_plain_names_are_names_of_tables() {
        assert!(TableName::parse("queue_entry").is_ok());
        for text in ["", "Message", "a b", "a;b", "1a", "_a", "a\"b", "shared.account"] {
            assert!(TableName::parse(text).is_err(), "{text}");
        }
    }
}
