//! Where one is signed in, and where colleagues are.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use routing::revocation::{self, Revocation};
use tenant::membership::{self, Membership, Role};
use tenant::page::Page;
use tenant::permission::Denied;
use tenant::session::Method;
use tenant::session::own::{self, Listed, SessionId};
use tenant::{AgentId, Member, Permission, Scope, audit};

use super::Problems;
use super::security::{look_again, person};
use crate::App;
use crate::extract::{AsMember, Path};
use crate::problem::Problem;

/// List one's own sessions
#[utoipa::path(get, path = "/v1/auth/sessions", tag = "security", responses((status = 200, body = Page<Listed>), Problems))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
) -> Result<Json<Page<Listed>>, Problem> {
    let session = scope.session()?;
    let user = person(&app, &scope).await?;
    Ok(Json(Page::whole(own::of_login(&app.world, user.id, session).await?)))
}

/// Whether the session came in by the provider of its company: that speaks for the person there, and not for their browsers in others.
async fn by_one_companys_provider(app: &App, scope: &Scope<Member>) -> Result<bool, Problem> {
    Ok(own::method(&app.world, scope.session()?).await? == Method::Sso)
}

/// Sign out everywhere else
///
/// Who came in by the company's provider signs out of this company only.
#[utoipa::path(delete, path = "/v1/auth/sessions", tag = "security", responses((status = 204), Problems))]
pub(crate) async fn end_others(State(app): State<Arc<App>>, AsMember(scope): AsMember) -> Result<StatusCode, Problem> {
    let session = scope.session()?;
    let user = person(&app, &scope).await?;
    let ended = if by_one_companys_provider(&app, &scope).await? {
        own::end_all_of_member(&app.world, scope.who.agent_id, Some(session)).await?
    } else {
        own::end_others(&app.world, user.id, session).await?
    };
    look_again(&app, &user).await?;
    let tx = scope.begin().await?;
    let detail = serde_json::json!({ "ended": ended });
    audit::note(&tx, &scope.actor(), "session.others_ended", Some(scope.who.agent_id.to_string()), detail).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sign out one of one's own browsers
#[utoipa::path(delete, path = "/v1/auth/sessions/{id}", tag = "security", params(("id" = SessionId, Path)), responses((status = 204), Problems))]
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, Problem> {
    scope.require_person()?;
    let user = person(&app, &scope).await?;
    if by_one_companys_provider(&app, &scope).await? {
        if !own::end_of_member(&app.world, scope.who.agent_id, id).await? {
            return Err(Problem::not_found());
        }
    } else {
        own::end_own(&app.world, user.id, id).await?.ok_or_else(Problem::not_found)?;
    }
    look_again(&app, &user).await?;
    note_end(&scope, scope.who.agent_id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn note_end(scope: &Scope<Member>, whose: AgentId, id: SessionId) -> Result<(), Problem> {
    let tx = scope.begin().await?;
    let detail = serde_json::json!({ "agent_id": whose });
    audit::note(&tx, &scope.actor(), "session.ended", Some(id.to_string()), detail).await?;
    tx.commit().await?;
    Ok(())
}

/// A colleague in the company of who asks; nobody else is anywhere.
pub(crate) async fn colleague(app: &App, scope: &Scope<Member>, id: AgentId) -> Result<Membership, Problem> {
    membership::find(&app.world, id)
        .await?
        .filter(|member| member.account_id == scope.tenant.id())
        .ok_or_else(Problem::not_found)
}

/// List a colleague's sessions
///
/// Those in this company only.
#[utoipa::path(get, path = "/v1/agents/{id}/sessions", tag = "agents", params(("id" = AgentId, Path)),
    responses((status = 200, body = Page<Listed>), Problems))]
pub(crate) async fn of_agent(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<AgentId>,
) -> Result<Json<Page<Listed>>, Problem> {
    scope.require(Permission::AgentsManage)?;
    let member = colleague(&app, &scope, id).await?;
    Ok(Json(Page::whole(own::of_member(&app.world, member.id, scope.session().ok()).await?)))
}

/// The colleague, if the caller may sign them out: nobody signs the owner out.
async fn to_sign_out(app: &App, scope: &Scope<Member>, id: AgentId) -> Result<Membership, Problem> {
    scope.require(Permission::AgentsManage)?;
    let member = colleague(app, scope, id).await?;
    if member.standing.role == Role::Owner && member.id != scope.who.agent_id {
        return Err(Denied(Permission::AgentsManage).into());
    }
    Ok(member)
}

/// Sign a colleague out everywhere
///
/// In this company, and at once. The browser that asks stays signed in, when it is one's own.
#[utoipa::path(delete, path = "/v1/agents/{id}/sessions", tag = "agents", params(("id" = AgentId, Path)),
    responses((status = 204), Problems))]
pub(crate) async fn end_all_of_agent(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<AgentId>,
) -> Result<StatusCode, Problem> {
    let member = to_sign_out(&app, &scope, id).await?;
    let ended = own::end_all_of_member(&app.world, member.id, scope.session().ok()).await?;
    revocation::revoke(&app.routing, Revocation::Session(member.account_id, member.id)).await;
    let tx = scope.begin().await?;
    let detail = serde_json::json!({ "ended": ended });
    audit::note(&tx, &scope.actor(), "session.all_ended", Some(member.id.to_string()), detail).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sign a colleague out
#[utoipa::path(delete, path = "/v1/agents/{id}/sessions/{session_id}", tag = "agents",
    params(("id" = AgentId, Path), ("session_id" = SessionId, Path)), responses((status = 204), Problems))]
pub(crate) async fn end_of_agent(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path((id, session)): Path<(AgentId, SessionId)>,
) -> Result<StatusCode, Problem> {
    let member = to_sign_out(&app, &scope, id).await?;
    if !own::end_of_member(&app.world, member.id, session).await? {
        return Err(Problem::not_found());
    }
    revocation::revoke(&app.routing, Revocation::Session(member.account_id, member.id)).await;
    note_end(&scope, member.id, session).await?;
    Ok(StatusCode::NO_CONTENT)
}
