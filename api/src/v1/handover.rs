//! Who has a conversation: offers, passing on, taking over, and why it went to whom.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use desk::brand::BrandId;
use desk::conversation::{self, AssignedBy, Assignment, Conversation, ConversationError, ConversationId};
use desk::queue::floor;
use desk::sight;
use desk::team::TeamId;
use infra::validate::Check;
use routing::assignment::handover::{self, Actor, Destination, Passing};
use serde::Deserialize;
use tenant::page::Page;
use tenant::{AgentId, Member, Permission, Scope, TenantTx, agent};

use super::Problems;
use crate::App;
use crate::extract::{AsMember, Body, Path, Query};
use crate::problem::Problem;

async fn actor(scope: &Scope<Member>) -> Result<Actor, Problem> {
    let tx = scope.begin().await?;
    Ok(Actor { id: scope.who.agent_id, name: agent::signature(&tx, &scope.who).await? })
}

/// Refuses to give an agent more than they take, unless whoever supervises wants it so.
pub(super) async fn make_sure_of_room(
    scope: &Scope<Member>,
    tx: &TenantTx,
    agent: AgentId,
    id: ConversationId,
    even_if_full: bool,
) -> Result<(), Problem> {
    if even_if_full {
        scope.require(Permission::ConversationsSupervise)?;
        return Ok(());
    }
    if let Err(full) = floor::make_sure_of_room(tx, agent, id).await {
        // Of what is out of sight nothing is said, not even this.
        conversation::find(tx, id).await?.ok_or(ConversationError::Unknown)?;
        return Err(full.into());
    }
    Ok(())
}

/// Show why a conversation went to whom
///
/// Newest first, at most 100.
#[utoipa::path(get, path = "/v1/conversations/{id}/assignments", tag = "conversations", params(("id" = ConversationId, Path)),
    responses((status = 200, body = Page<Assignment>), Problems))]
pub(crate) async fn assignments(
    AsMember(scope): AsMember,
    Path(id): Path<ConversationId>,
) -> Result<Json<Page<Assignment>>, Problem> {
    scope.require(Permission::ConversationsRead)?;
    let tx = scope.begin().await?;
    conversation::find(&tx, id).await?.ok_or(ConversationError::Unknown)?;
    Ok(Json(Page::whole(conversation::assignments(&tx, id).await?)))
}

/// Accept an offered conversation
///
/// What the routing offers, or a colleague passes on. 409 `offer_ended` when it is not offered to you, or not any more.
#[utoipa::path(post, path = "/v1/conversations/{id}/accept", tag = "conversations", params(("id" = ConversationId, Path)),
    responses((status = 200, body = Conversation), Problems))]
pub(crate) async fn accept(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<ConversationId>,
) -> Result<Json<Conversation>, Problem> {
    scope.require(Permission::ConversationsReply)?;
    let who = actor(&scope).await?;
    Ok(Json(handover::accept(&app.routing, &scope.tenant, id, who).await?))
}

/// Decline an offered conversation
///
/// An offer of the routing goes to the next agent at once; what a colleague passes on stays with them.
#[utoipa::path(post, path = "/v1/conversations/{id}/decline", tag = "conversations", params(("id" = ConversationId, Path)),
    responses((status = 204), Problems))]
pub(crate) async fn decline(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<ConversationId>,
) -> Result<StatusCode, Problem> {
    scope.require(Permission::ConversationsReply)?;
    handover::decline(&app.routing, &scope.tenant, id, scope.who.agent_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where a conversation goes.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum TransferTo {
    /// To a colleague.
    Agent {
        /// Who.
        agent_id: AgentId,
    },
    /// Into a team's line, at the place it has had.
    Team {
        /// Which.
        team_id: TeamId,
    },
    /// Into the line of a brand's first team.
    Brand {
        /// Which.
        brand_id: BrandId,
    },
}

/// A transfer.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Transfer {
    /// To whom.
    to: TransferTo,
    /// A private note for whoever gets it, 1 to 5,000 characters: what it is about, what was tried.
    #[serde(default)]
    note: Option<String>,
    /// Within how many seconds it is to be taken; absent where that does not matter. A colleague is asked first, 5 to 300, and until
    /// they accept it stays where it is. A team or a brand has it in its line, 5 to 3,600; if nobody has taken it there by then, it
    /// goes back to the line it was in, at its place.
    #[serde(default)]
    accept_seconds: Option<u32>,
    /// To a colleague who has as much as they take, too; for who supervises.
    #[serde(default)]
    even_if_full: bool,
}

/// Pass a conversation on
///
/// What is known of it goes with it: page, answers, rules, who had it and the last words, among colleagues only. 409 `agent_full` when
/// the colleague has as much as they take.
#[utoipa::path(post, path = "/v1/conversations/{id}/transfer", tag = "conversations", params(("id" = ConversationId, Path)), request_body = Transfer,
    responses((status = 200, body = Conversation), Problems))]
pub(crate) async fn transfer(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<ConversationId>,
    Body(ask): Body<Transfer>,
) -> Result<Json<Conversation>, Problem> {
    scope.require(Permission::ConversationsAssign)?;
    if ask.even_if_full {
        scope.require(Permission::ConversationsSupervise)?;
    }
    let mut check = Check::new();
    let to = match ask.to {
        TransferTo::Agent { agent_id } => Destination::Agent(agent_id),
        TransferTo::Team { team_id } => Destination::Team(team_id),
        TransferTo::Brand { brand_id } => Destination::Brand(brand_id),
    };
    if let Some(seconds) = ask.accept_seconds {
        let (most, bounds) = match to {
            Destination::Agent(_) => (300, "5 to 300."),
            Destination::Team(_) | Destination::Brand(_) => (3_600, "5 to 3600."),
        };
        if !(5..=most).contains(&seconds) {
            check.refuse("accept_seconds", "number_out_of_range", bounds);
        }
    }
    let note = ask.note.map(|note| check.text("note", &note, 1, 5_000));
    check.finish()?;
    let note = note.map(|note| (note, app.world.chance.uuid(app.world.now())));
    let who = actor(&scope).await?;
    sight::look_at(&scope, id).await?;
    let passing = Passing { to, note, accept_seconds: ask.accept_seconds, even_if_full: ask.even_if_full };
    Ok(Json(handover::transfer(&app.routing, &scope.tenant, id, passing, who).await?))
}

/// How a conversation is taken over.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TakeOverQuery {
    /// Also when one has as much as one takes.
    #[serde(default)]
    even_if_full: bool,
}

/// Take a conversation over
///
/// From whoever has it, or out of the line. 409 `agent_full` when one has as much as one takes.
#[utoipa::path(post, path = "/v1/conversations/{id}/take_over", tag = "conversations", params(("id" = ConversationId, Path), TakeOverQuery),
    responses((status = 200, body = Conversation), Problems))]
pub(crate) async fn take_over(
    AsMember(scope): AsMember,
    Path(id): Path<ConversationId>,
    Query(query): Query<TakeOverQuery>,
) -> Result<Json<Conversation>, Problem> {
    scope.require(Permission::ConversationsSupervise)?;
    let who = actor(&scope).await?;
    let mut tx = scope.begin().await?;
    let by = AssignedBy::Agent { id: who.id, name: who.name };
    floor::take_turn(&tx).await?;
    make_sure_of_room(&scope, &tx, who.id, id, query.even_if_full).await?;
    let conversation = conversation::assign(&mut tx, id, Some(who.id), by).await?;
    tx.commit().await?;
    Ok(Json(conversation))
}

/// Join a conversation
///
/// The visitor is told. The conversation stays with whoever has it.
#[utoipa::path(post, path = "/v1/conversations/{id}/join", tag = "conversations", params(("id" = ConversationId, Path)),
    responses((status = 200, body = Conversation), Problems))]
pub(crate) async fn join(
    AsMember(scope): AsMember,
    Path(id): Path<ConversationId>,
) -> Result<Json<Conversation>, Problem> {
    scope.require(Permission::ConversationsSupervise)?;
    let who = actor(&scope).await?;
    let mut tx = scope.begin().await?;
    let conversation = conversation::join(&mut tx, id, who.id, &who.name).await?;
    tx.commit().await?;
    Ok(Json(conversation))
}
