//! The three services of `cargo dev`: the developer's own when all three addresses are set, or else private ones.

use std::env;

use crate::outcome::Outcome;
use crate::process::Lifetime;
use crate::say;
use crate::stack::{Durability, Plan, Stack};
use crate::workspace::Workspace;

/// What the server is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Urls {
    pub(super) database: String,
    pub(super) redis: String,
    pub(super) nats: String,
}

/// Services that run, ours or theirs.
pub(super) struct Services {
    urls: Urls,
    ours: Option<Stack>,
}

/// Starts them, unless somebody else has.
pub(super) fn ready(workspace: &Workspace, port: u16) -> Outcome<Services> {
    if let Some(urls) = external() {
        say::note("using DATABASE_URL, REDIS_URL and NATS_URL; starting no services");
        return Ok(Services { urls, ours: None });
    }
    let stack = Stack::up(workspace, &plan(workspace, port))?;
    let urls = stack.urls();
    let urls = Urls { database: urls.database_url.clone(), redis: urls.redis_url.clone(), nats: urls.nats_url.clone() };
    Ok(Services { urls, ours: Some(stack) })
}

/// The stack of this checkout beside a server at `port`.
pub(super) fn plan(workspace: &Workspace, port: u16) -> Plan {
    Plan {
        folder: workspace.state("services"),
        base_port: port.saturating_add(1),
        durability: Durability::Durable,
        lifetime: Lifetime::WithUs,
    }
}

/// The developer's own services, when all three are named.
pub(super) fn external() -> Option<Urls> {
    let get = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let (database, redis, nats) = (get("DATABASE_URL"), get("REDIS_URL"), get("NATS_URL"));
    let urls = complete(database.clone(), redis, nats);
    if urls.is_none() && database.is_some() {
        // Many shells carry one for another project; writing into that database would be a poor surprise.
        say::note("ignoring DATABASE_URL: set REDIS_URL and NATS_URL too if these services are meant");
    }
    urls
}

fn complete(database: Option<String>, redis: Option<String>, nats: Option<String>) -> Option<Urls> {
    Some(Urls { database: database?, redis: redis?, nats: nats? })
}

impl Services {
    pub(super) fn urls(&self) -> &Urls {
        &self.urls
    }

    pub(super) fn fallen(&mut self) -> Option<&str> {
        self.ours.as_mut()?.fallen()
    }

    pub(super) fn stop(&mut self) {
        if let Some(stack) = &mut self.ours {
            stack.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_all_three_addresses_together_mean_other_services() {
        let some = |text: &str| Some(text.to_owned());
        assert!(complete(some("postgres://"), some("redis://"), some("nats://")).is_some());
        assert!(complete(some("postgres://"), None, some("nats://")).is_none());
        assert!(complete(None, some("redis://"), some("nats://")).is_none());
    }
}
