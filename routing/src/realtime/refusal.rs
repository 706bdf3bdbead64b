//! Why a socket is not opened, and why a frame is refused.

use std::time::Duration;

use desk::conversation::ConversationError;
use desk::message::MessageError;
use infra::database::StoreError;
use infra::fault::again_in;
use infra::{Fault, Kind};
use tenant::Tenant;
use tenant::gate::TooFast;
use tenant::permission::Denied;
use tenant::scope::{EnterError, MayNotWrite};

use super::frame::ServerFrame;
use crate::Routing;

/// The company holds as many sockets at this server as it may.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("too many connections of this account are open here")]
pub struct TooMany;

/// How long who found no room waits at least before they try again.
const ROOM_AFTER: Duration = Duration::from_secs(10);
/// The same for who met with an error of ours.
const ERROR_AFTER: Duration = Duration::from_secs(2);

impl Fault for TooMany {
    fn kind(&self) -> Kind {
        Kind::RateLimited(again_in(ROOM_AFTER))
    }
    fn code(&self) -> &'static str {
        "sockets_full"
    }
}

/// Why a socket is not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The token.
    #[error(transparent)]
    Enter(#[from] EnterError),
    /// No room.
    #[error(transparent)]
    TooMany(#[from] TooMany),
}

impl Fault for OpenError {
    fn kind(&self) -> Kind {
        match self {
            Self::Enter(error) => error.kind(),
            Self::TooMany(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Enter(error) => error.code(),
            Self::TooMany(error) => error.code(),
        }
    }
}

impl OpenError {
    /// What is said before the socket is closed: also when to try again, where that may help.
    pub fn frame(&self) -> ServerFrame<'static> {
        let (told, retry_after_ms) = told(self);
        let detail = match self {
            Self::TooMany(full) => full.to_string(),
            Self::Enter(_) => told,
        };
        let code = self.code().to_owned();
        ServerFrame::Error { reference: None, client_message_id: None, code, detail, retry_after_ms }
    }
}

/// Refuses when a company has no room for one more socket at this server.
pub(super) fn has_room(routing: &Routing, tenant: &Tenant) -> Result<(), TooMany> {
    let most = tenant.account.pace.sockets.and_then(|most| usize::try_from(most).ok());
    let is_full = most.is_some_and(|most| routing.switchboard.sockets_of(tenant.id()) >= most);
    if is_full { Err(TooMany) } else { Ok(()) }
}

/// What can go wrong with a frame.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The token.
    #[error(transparent)]
    Enter(#[from] EnterError),
    /// A right is missing.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The message.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The conversation.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Written without end, or by somebody who may not.
    #[error(transparent)]
    MayNotWrite(#[from] MayNotWrite),
    /// The company is too fast.
    #[error(transparent)]
    TooFast(#[from] TooFast),
    /// The frame does not fit here.
    #[error("{1}")]
    Misplaced(&'static str, &'static str),
}

impl Fault for SessionError {
    fn kind(&self) -> Kind {
        match self {
            Self::Enter(error) => error.kind(),
            Self::Denied(error) => error.kind(),
            Self::Message(error) => error.kind(),
            Self::Conversation(error) => error.kind(),
            Self::Store(error) => error.kind(),
            Self::MayNotWrite(error) => error.kind(),
            Self::TooFast(error) => error.kind(),
            Self::Misplaced(..) => Kind::Invalid,
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Enter(error) => error.code(),
            Self::Denied(error) => error.code(),
            Self::Message(error) => error.code(),
            Self::Conversation(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::MayNotWrite(error) => error.code(),
            Self::TooFast(error) => error.code(),
            Self::Misplaced(code, _) => code,
        }
    }
}

impl SessionError {
    pub(super) fn frame(
        &self,
        reference: Option<String>,
        client_message_id: Option<uuid::Uuid>,
    ) -> ServerFrame<'static> {
        let (detail, retry_after_ms) = told(self);
        ServerFrame::Error { reference, client_message_id, code: self.code().to_owned(), detail, retry_after_ms }
    }
}

/// What a refusal says, and in how many milliseconds to try again, where that may help.
fn told(fault: &impl Fault) -> (String, Option<u64>) {
    let (detail, wait) = match fault.kind() {
        Kind::Internal => {
            tracing::error!(error = %fault, "a frame failed");
            ("An error of ours.".to_owned(), Some(again_in(ERROR_AFTER)))
        }
        Kind::Unavailable(wait) | Kind::RateLimited(wait) => ("Try again soon.".to_owned(), Some(wait)),
        Kind::Invalid | Kind::Unauthenticated | Kind::Forbidden | Kind::NotFound | Kind::Conflict | Kind::TooLarge => {
            (fault.to_string(), None)
        }
    };
    (detail, wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tenant::token::BadToken;

    use super::*;

    fn frame(error: &OpenError) -> serde_json::Value {
        serde_json::from_str(&error.frame().encode()).unwrap()
    }

    #[test]
    fn who_is_not_let_in_learns_when_to_come_again_and_no_two_at_the_same_moment() {
        let waits: BTreeSet<u64> = (0..100).filter_map(|_| frame(&TooMany.into())["retry_after_ms"].as_u64()).collect();
        assert!(waits.len() > 50 && waits.iter().all(|wait| (10_000..25_000).contains(wait)), "{waits:?}");
        let away = frame(&EnterError::from(StoreError::Unavailable("10.0.0.7 is away".to_owned())).into());
        assert_eq!((&away["code"], &away["detail"]), (&"temporarily_unavailable".into(), &"Try again soon.".into()));
        assert!((2_000..5_000).contains(&away["retry_after_ms"].as_u64().unwrap()), "{away}");
        let stranger = frame(&EnterError::from(BadToken).into());
        assert_eq!(stranger.get("retry_after_ms"), None, "it will not help");
    }
}
