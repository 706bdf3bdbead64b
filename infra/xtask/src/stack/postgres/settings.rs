//! How our private Postgres is set.

use crate::stack::Durability;

/// Options for `postgres -c`.
pub(super) fn of(durability: Durability, port: u16) -> Vec<String> {
    let mut options: Vec<String> = vec![format!("port={port}")];
    options.extend(COMMON.iter().map(|option| (*option).to_owned()));
    options.extend(
        match durability {
            Durability::Durable => DURABLE,
            Durability::Ephemeral => EPHEMERAL,
        }
        .iter()
        .map(|option| (*option).to_owned()),
    );
    if cfg!(target_os = "linux") {
        // A restart after a crash otherwise opens every file of every tenant: a minute at 5,000 tenants.
        options.push("recovery_init_sync_method=syncfs".to_owned());
    }
    options
}

const COMMON: &[&str] = &[
    "listen_addresses=127.0.0.1",
    // The path of a socket may hold 107 characters only, and checkouts lie deep.
    "unix_socket_directories=",
    "max_connections=200",
    // A dump, or a migration of all tenants in one transaction, locks every table of every schema.
    "max_locks_per_transaction=1024",
    "shared_buffers=256MB",
    // Queries are short; compiling them costs more than it saves.
    "jit=off",
    // Thousands of tiny tables: vacuuming each after 50 changes makes every connection plan its statements anew.
    "autovacuum_vacuum_threshold=1000",
    "autovacuum_vacuum_insert_threshold=10000",
    "autovacuum_analyze_threshold=1000",
    "log_min_duration_statement=500",
    // A statement that was slow is worth a line; what it was given may be a person's words, and those are in no log.
    "log_parameter_max_length=0",
    "log_line_prefix=%m [%p] %u ",
    "timezone=UTC",
];

const DURABLE: &[&str] = &["fsync=on", "synchronous_commit=on", "full_page_writes=on"];

/// Data that nobody misses after a power cut. Commits stay atomic and visible in order, so tests prove the same.
const EPHEMERAL: &[&str] = &["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=4GB"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn development_keeps_what_it_acknowledged() {
        let options = of(Durability::Durable, 7401);
        assert!(options.contains(&"fsync=on".to_owned()) && options.contains(&"synchronous_commit=on".to_owned()));
        assert!(!options.iter().any(|option| option.ends_with("=off") && option != "jit=off"));
    }
}
