//! Why a socket is not opened, and why a frame is refused.

use std::time::Duration;

use desk::conversation::ConversationError;
use desk::message::MessageError;
use infra::database::StoreError;
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

/// How long who found no room waits before they try again.
const ROOM_AFTER: Duration = Duration::from_secs(10);

impl Fault for TooMany {
    fn kind(&self) -> Kind {
        Kind::RateLimited(ROOM_AFTER)
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
        let (detail, wait) = match self.kind() {
            Kind::Internal => {
                tracing::error!(error = %self, "a frame failed");
                ("An error of ours.".to_owned(), None)
            }
            Kind::Unavailable(wait) | Kind::RateLimited(wait) => ("Try again soon.".to_owned(), Some(wait)),
            Kind::Invalid
            | Kind::Unauthenticated
            | Kind::Forbidden
            | Kind::NotFound
            | Kind::Conflict
            | Kind::TooLarge => (self.to_string(), None),
        };
        let retry_after_ms = wait.map(|wait: Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        ServerFrame::Error { reference, client_message_id, code: self.code().to_owned(), detail, retry_after_ms }
    }
}
