//! What `frontdesk demo seed` answers: a company to log in to, and the key of its widget.

use serde::Deserialize;

use crate::outcome::{Context, Outcome};

/// The demo company.
#[derive(Debug, Deserialize)]
pub(super) struct Demo {
    /// The key of the inbox that the demo shop's widget talks to.
    pub(super) inbox_key: String,
    /// Who can log in.
    pub(super) logins: Vec<Login>,
}

/// One who can log in.
#[derive(Debug, Deserialize)]
pub(super) struct Login {
    /// Owner, admin, supervisor or agent.
    pub(super) role: String,
    /// With this address,
    pub(super) email: String,
    /// and this password.
    pub(super) password: String,
}

impl Demo {
    pub(super) fn read(json: &str) -> Outcome<Self> {
        serde_json::from_str(json).doing(|| format!("read what `frontdesk demo seed` printed ({})", json.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_we_do_not_show_do_not_disturb() {
        let demo = Demo::read(
            r#"{"account_id":"acct_1","inbox_key":"ik_1","logins":[{"name":"Ana","role":"owner","email":"a@b","password":"p"}]}"#,
        )
        .unwrap();
        assert_eq!(demo.inbox_key, "ik_1");
        assert_eq!(demo.logins.len(), 1);
    }
}
