//! Schema names, and the only SQL in the project that is put together from parts.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use infra::{Chance, Timestamp, ids};

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

    /// A statement written for `tenant.…` tables, with this schema in their place: it can be prepared once for this company and
    /// kept, where one that leans on the search path is planned anew whenever a connection turns to another company.
    pub(crate) fn bind(&self, statement: &'static str) -> String {
        statement.replace("tenant.", &format!("{}.", self.0))
    }

    /// Takes schema and role away, with everything in them. A role that another database of the same server knows (a copy, a backup
    /// that was restored) stays there, without any right here.
    pub(crate) fn destroy(&self) -> String {
        format!(
            "SET LOCAL ROLE {0}; DROP SCHEMA {0} CASCADE; SET LOCAL ROLE NONE; \
             DO $$ BEGIN DROP ROLE {0}; EXCEPTION WHEN dependent_objects_still_exist THEN NULL; END $$",
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
}
