//! Whether a socket may stay open, and whether it still sees what it saw when it was opened.

use desk::team;
use infra::database::StoreError;
use tenant::{Member, Scope};

use super::eyes::View;
use super::session::{Session, Speaker};

/// Whether a socket may stay open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Welcome {
    /// As before.
    Still,
    /// It sees something else by now: it is to come again and look anew.
    Anew,
    /// Not any more.
    NotAnyMore,
}

/// What an agent sees.
pub(super) async fn view_of(scope: &Scope<Member>) -> Result<View, StoreError> {
    let sight = scope.who.sight;
    if !sight.is_limited() {
        return Ok(View::WHOLE);
    }
    let tx = scope.begin().await?;
    let teams = team::of_agent(&tx, scope.who.agent_id).await?;
    Ok(View::new(sight, teams))
}

impl Session {
    /// Whether who opened this socket may still have it.
    pub async fn still_welcome(&self) -> Welcome {
        match &self.speaker {
            // A database that is away is no reason to cut everybody off.
            Speaker::Agent(scope) => match scope.still_welcome().await {
                Ok(false) => Welcome::NotAnyMore,
                Ok(true) if self.sees_otherwise(scope).await => Welcome::Anew,
                Ok(true) | Err(_) => Welcome::Still,
            },
            Speaker::Visitor(scope) => match scope.still_welcome().await {
                Ok(false) => Welcome::NotAnyMore,
                Ok(true) | Err(_) => Welcome::Still,
            },
        }
    }

    async fn sees_otherwise(&self, scope: &Scope<Member>) -> bool {
        view_of(scope).await.is_ok_and(|view| view != self.view)
    }
}
