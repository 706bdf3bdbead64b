//! The unprivileged user that services run as when we are root: Postgres refuses to be root, and nobody else needs to be.

use std::fs;

use crate::outcome::{Context, Outcome, Stop};
use crate::process::Account;
use crate::tools::in_path;

/// `None` when we are an ordinary user ourselves.
pub(super) fn for_services() -> Outcome<Option<Account>> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(None);
    }
    if in_path("setpriv").is_none() {
        return Err(Stop::because(
            "Postgres refuses to run as root, and this system has no `setpriv` to become another user: run this as an ordinary user",
        ));
    }
    let passwd = fs::read_to_string("/etc/passwd").doing(|| "read /etc/passwd".to_owned())?;
    ["postgres", "nobody"].iter().find_map(|name| find(&passwd, name)).map(Some).ok_or_else(|| {
        Stop::because(
            "Postgres refuses to run as root, and this system has neither a user `postgres` nor `nobody`: run this as an ordinary user",
        )
    })
}

fn find(passwd: &str, name: &str) -> Option<Account> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some(Account { name: name.to_owned(), uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let passwd = "postgres2:x:7:8::/:/bin/sh\npostgres:x:101:104:PostgreSQL:/var/lib/postgresql:/bin/bash\n";
        let found = find(passwd, "postgres").unwrap();
        assert_eq!((found.uid, found.gid), (101, 104));
        assert!(find(passwd, "nobody").is_none());
    }
}
