//! Who may not be here any more: sockets are closed and memories dropped, in every process, as soon as the bus has told them.
//! Without the bus, each open socket's right is looked at again every 20 seconds.

use std::time::Duration;

use desk::ContactId;
use futures::StreamExt as _;
use infra::Timestamp;
use infra::spoken::OrLog as _;
use serde::{Deserialize, Serialize};
use tenant::{AccountId, AgentId};
use uuid::Uuid;

use crate::Routing;
use crate::realtime::Call;

/// What has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revocation {
    /// A colleague was switched off, or is something else now: all their sockets close.
    Agent(AccountId, AgentId),
    /// A session or a key of somebody has ended: each of their sockets looks whether it was its own.
    Session(AccountId, AgentId),
    /// A key of the company has ended: each socket of its members and programs looks whether it was its own.
    Keys(AccountId),
    /// Who is in which team, or what a role shows, has changed: each socket that does not see everything looks what it sees.
    Sight(AccountId),
    /// Visits of visitors have ended: of a contact, or (without one) of a key, an inbox or one page.
    Visits {
        /// The company.
        account: AccountId,
        /// Whose sockets are to look, where it is one contact's.
        contact: Option<ContactId>,
        /// As the row says.
        subject: Uuid,
        /// As the row says.
        at: Timestamp,
    },
    /// A visitor was erased: all their sockets close, and no token of theirs is good any more.
    Contact(AccountId, ContactId),
    /// The company is switched off or closed: all sockets close, visitors' too.
    Company(AccountId),
    /// The company may have more or less than before, or lives elsewhere: nothing closes, but what was remembered of it is forgotten.
    Entitlements(AccountId),
}

/// Where processes tell each other. Outside of every company's subjects: each process listens, with sockets or without.
const SUBJECT: &str = "fd.revocations";
/// How long the bus may take to take it.
const SAID_WITHIN: Duration = Duration::from_secs(1);

/// Takes effect here at once, and in the other processes as soon as they hear of it.
pub async fn revoke(routing: &Routing, what: Revocation) {
    apply(routing, what);
    let Some(text) = serde_json::to_string(&what).or_log("writing a revocation") else { return };
    let said = tokio::time::timeout(SAID_WITHIN, routing.bus.publish(SUBJECT, text.into())).await;
    if !matches!(said, Ok(Ok(()))) {
        tracing::warn!("the bus did not take a revocation; other servers will find out by themselves");
    }
}

/// Has every process look at the directory's row of a company anew. Its sockets stay.
pub async fn forget_everywhere(routing: &Routing, account: AccountId) {
    revoke(routing, Revocation::Entitlements(account)).await;
}

/// Hears of revocations for ever.
pub async fn listen(routing: &Routing) {
    loop {
        if let Some(mut heard) = routing.bus.subscribe(SUBJECT).await.or_log("listening for revocations") {
            while let Some(message) = heard.next().await {
                if let Some(what) = serde_json::from_slice(&message.payload).or_log("reading a revocation") {
                    apply(routing, what);
                }
            }
        }
        routing.world.clock.pause(SAID_WITHIN).await;
    }
}

fn apply(routing: &Routing, what: Revocation) {
    let (Revocation::Agent(account, _)
    | Revocation::Session(account, _)
    | Revocation::Keys(account)
    | Revocation::Sight(account)
    | Revocation::Visits { account, .. }
    | Revocation::Contact(account, _)
    | Revocation::Company(account)
    | Revocation::Entitlements(account)) = what;
    // First, or a socket that looks again would be told what was true a second ago.
    match what {
        Revocation::Visits { subject, at, .. } => routing.world.visits.note(account, subject, at),
        Revocation::Agent(..)
        | Revocation::Session(..)
        | Revocation::Keys(_)
        | Revocation::Contact(..)
        | Revocation::Company(_)
        | Revocation::Sight(_)
        | Revocation::Entitlements(_) => routing.world.directory.forget(account),
    }
    match what {
        Revocation::Agent(_, whose) => {
            routing.switchboard.notify(account, |agent| agent == Some(whose), Call::Revoked);
        }
        Revocation::Session(_, whose) => {
            routing.switchboard.notify(account, |agent| agent == Some(whose), Call::Recheck);
        }
        Revocation::Keys(_) => routing.switchboard.notify(account, |agent| agent.is_some(), Call::Recheck),
        Revocation::Entitlements(_) => {}
        Revocation::Sight(_) => routing.switchboard.notify_limited(account, Call::Recheck),
        Revocation::Visits { contact: Some(contact), .. } => {
            routing.switchboard.notify_contact(account, contact, Call::Recheck);
        }
        Revocation::Visits { contact: None, .. } => {
            routing.switchboard.notify(account, |agent| agent.is_none(), Call::Recheck);
        }
        Revocation::Contact(_, whose) => {
            routing.world.erased.add(whose.uuid());
            routing.switchboard.notify_contact(account, whose, Call::Revoked);
        }
        Revocation::Company(_) => routing.switchboard.notify(account, |_| true, Call::Revoked),
    }
}
