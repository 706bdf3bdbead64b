//! What is not as it should be in the databases, each finding with a stable code and what to do.
//!
//! What must be absent: mending. A doctor looks; the operator decides.

mod database;
mod directory;

use infra::Clock;
use infra::database::{Database, Rows as _, StoreError};
use sea_orm::{FromQueryResult, Statement};
use serde::Serialize;

use crate::world::World;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// It works, and will bite.
    Warning,
    /// Something does not work, or a fence has a hole.
    Failure,
}

/// What was looked at, and how it is.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// Stable, for machines: `security_definer`.
    pub code: &'static str,
    /// How bad.
    pub severity: Severity,
    /// What was looked at.
    pub what: String,
    /// What was seen, when it is not as it should be.
    pub seen: Option<String>,
    /// What to do about it, when it is not as it should be.
    pub advice: Option<&'static str>,
}

/// A look at one thing.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Its code.
    pub code: &'static str,
    /// What is looked at.
    pub what: &'static str,
    /// How bad it is when it is not so.
    pub otherwise: Severity,
    /// What to do then.
    pub advice: &'static str,
}

impl Look {
    /// With what was seen to be wrong; nothing when all is well.
    pub fn saw(self, wrong: Option<String>) -> Finding {
        let bad = wrong.is_some();
        Finding {
            code: self.code,
            severity: if bad { self.otherwise } else { Severity::Ok },
            what: self.what.to_owned(),
            seen: wrong,
            advice: bad.then_some(self.advice),
        }
    }

    /// With a list of what is wrong.
    pub fn saw_all(self, wrong: &[String]) -> Finding {
        let more = wrong.len().saturating_sub(5);
        let some = wrong.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
        let text = if more > 0 { format!("{some} and {more} more") } else { some };
        self.saw((!wrong.is_empty()).then_some(text))
    }
}

/// Looks at everything that Postgres knows. A database that is away is a finding, not an error. `machine` is the machine's own clock,
/// which nobody has put right.
pub async fn examine(world: &World, machine: &Clock) -> Vec<Finding> {
    let mut all = Vec::new();
    for site in world.sites.all() {
        let mut found = Vec::new();
        let outcome = database::examine(site, machine, &mut found).await;
        let away = Look {
            code: "database_away",
            what: "Postgres answers",
            otherwise: Severity::Failure,
            advice: "check its address (DATABASE_URL, or DATABASE_URL_… of a further database), and that the server runs",
        };
        all.push(away.saw(outcome.err().map(|error| error.to_string())));
        all.append(&mut found);
        if let Some(name) = &site.name {
            all.iter_mut().rev().take_while(|finding| finding.code != "database_away").for_each(|finding| {
                finding.what = format!("{} ({name})", finding.what);
            });
        }
    }
    let mut found = Vec::new();
    let outcome = directory::examine(world, &mut found).await;
    let unread = Look {
        code: "directory_unreadable",
        what: "the directory can be read",
        otherwise: Severity::Failure,
        advice: "run `frontdesk migrate`",
    };
    all.push(unread.saw(outcome.err().map(|error| error.to_string())));
    all.append(&mut found);
    all
}

#[derive(FromQueryResult)]
struct Name {
    name: String,
}

/// The names that a question finds.
async fn names(database: &Database, question: Statement) -> Result<Vec<String>, StoreError> {
    let rows: Vec<Name> = database.orm().all(question).await?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

#[derive(FromQueryResult)]
struct Number {
    number: i64,
}

/// The number that a question answers with.
async fn number(database: &Database, question: Statement) -> Result<i64, StoreError> {
    let row: Option<Number> = database.orm().one(question).await?;
    Ok(row.map_or(0, |row| row.number))
}
