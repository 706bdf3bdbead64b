//! Groups of companies, for whoever manages one: managed together, each with its own schema, people and look.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use billing::usage::{Bounds, Period};
use infra::spoken::OrLog as _;
use routing::presence::EffectiveAvailability;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenant::login::{self, User};
use tenant::membership::{self, Role};
use tenant::organisation::{self, GroupAccount, GroupAdmin, Move, Organisation, OrganisationId};
use tenant::page::Page;
use tenant::permission::Denied;
use tenant::session::{Method, own};
use tenant::sign_in::NotThisWay;
use tenant::token::BadToken;
use tenant::usage::Meter;
use tenant::{AccountId, Actor, Member, Permission, Scope, Tenant, agent, audit, signup};

use super::Problems;
use crate::extract::{AsMember, Body, Path};
use crate::problem::Problem;
use crate::{App, onboarding};

/// A person, and what they are called in records.
pub(crate) struct Manager {
    pub(crate) user: User,
    pub(crate) actor: Actor,
}

/// The person behind a session. Groups are managed by people, not by programs; and who came in by one company's provider, which speaks
/// for them there, speaks for no other company.
pub(crate) async fn person(app: &App, scope: &Scope<Member>) -> Result<Manager, Problem> {
    scope.require_person()?;
    if own::method(&app.world, scope.session()?).await? == Method::Sso {
        return Err(NotThisWay::SsoElsewhere.into());
    }
    let member = membership::find(&app.world, scope.who.agent_id).await?.ok_or(BadToken)?;
    let user = login::find(&app.world, member.login_id).await?.ok_or(BadToken)?;
    let actor = Actor::Person { id: scope.who.agent_id, name: user.name.clone() };
    Ok(Manager { user, actor })
}

/// The person behind a session, and a group of theirs.
pub(crate) async fn manager(
    app: &App,
    scope: &Scope<Member>,
    id: OrganisationId,
) -> Result<(Manager, Organisation), Problem> {
    let who = person(app, scope).await?;
    let group = organisation::managed(&app.world, id, who.user.id).await?;
    Ok((who, group))
}

/// Notes in a company's log what was done to it from its group.
pub(crate) async fn note(
    app: &App,
    account: AccountId,
    actor: &Actor,
    action: &'static str,
    detail: serde_json::Value,
) -> Result<(), Problem> {
    let tenant = Tenant::active(&app.world, account).await?;
    let tx = tenant.begin().await?;
    audit::note(&tx, actor, action, Some(account.to_string()), detail).await?;
    Ok(tx.commit().await?)
}

/// Notes in the log of every company of a group what became of the group. It is done by then: a company that cannot be written to just
/// now keeps no other from reading of it.
pub(crate) async fn note_in_all(
    app: &App,
    id: OrganisationId,
    actor: &Actor,
    action: &'static str,
    detail: &serde_json::Value,
) -> Result<(), Problem> {
    for account in organisation::accounts(&app.world, id).await? {
        let target = Some(id.to_string());
        let noted = audit::note_from_outside(&app.world, account.id, actor, action, target, detail.clone()).await;
        noted.or_log("noting in a company what became of its group");
    }
    Ok(())
}

/// A group's name.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganisationRequest {
    /// 1 to 80 characters.
    name: String,
}

/// List the groups one manages
#[utoipa::path(get, path = "/v1/organisations", tag = "organisations", responses((status = 200, body = Page<Organisation>), Problems))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
) -> Result<Json<Page<Organisation>>, Problem> {
    scope.require_person()?;
    // Whose provider speaks for them here alone manages none from here.
    if own::method(&app.world, scope.session()?).await? == Method::Sso {
        return Ok(Json(Page::whole(Vec::new())));
    }
    let who = person(&app, &scope).await?;
    Ok(Json(Page::whole(organisation::of_admin(&app.world, who.user.id).await?)))
}

/// Make a group
///
/// Around the company one owns and acts in, and managed by oneself.
#[utoipa::path(post, path = "/v1/organisations", tag = "organisations", request_body = OrganisationRequest,
    responses((status = 201, body = Organisation), Problems))]
pub(crate) async fn found(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<OrganisationRequest>,
) -> Result<(StatusCode, Json<Organisation>), Problem> {
    let who = person(&app, &scope).await?;
    if scope.who.standing.role != Role::Owner {
        return Err(Denied(Permission::AccountManage).into());
    }
    let made = organisation::found(&app.world, scope.tenant.id(), who.user.id, &ask.name).await?;
    note(&app, scope.tenant.id(), &who.actor, "organisation.joined", json!({ "name": made.name })).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// A group, whole.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct OrganisationView {
    /// The group.
    #[serde(flatten)]
    organisation: Organisation,
    /// Who manages it.
    admins: Vec<GroupAdmin>,
    /// Its companies.
    accounts: Vec<GroupAccount>,
    /// The moves that wait for an answer.
    moves: Vec<Move>,
}

/// Show a group
#[utoipa::path(get, path = "/v1/organisations/{id}", tag = "organisations", params(("id" = OrganisationId, Path)),
    responses((status = 200, body = OrganisationView), Problems))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<OrganisationId>,
) -> Result<Json<OrganisationView>, Problem> {
    let (_, organisation) = manager(&app, &scope, id).await?;
    Ok(Json(OrganisationView {
        admins: organisation::admins(&app.world, id).await?,
        accounts: organisation::accounts(&app.world, id).await?,
        moves: organisation::moves(&app.world, Some(id), None).await?,
        organisation,
    }))
}

/// Give a group another name
///
/// With fresh proof of who asks. It stands in the audit log of each of its companies.
#[utoipa::path(patch, path = "/v1/organisations/{id}", tag = "organisations", params(("id" = OrganisationId, Path)),
    request_body = OrganisationRequest, responses((status = 200, body = Organisation), Problems))]
pub(crate) async fn rename(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<OrganisationId>,
    Body(ask): Body<OrganisationRequest>,
) -> Result<Json<Organisation>, Problem> {
    let (who, before) = manager(&app, &scope, id).await?;
    own::require_recent_proof(&app.world, scope.session()?).await?;
    organisation::rename(&app.world, id, &ask.name).await?;
    let renamed = organisation::managed(&app.world, id, who.user.id).await?;
    let detail = json!({ "name": renamed.name, "previous": before.name });
    note_in_all(&app, id, &who.actor, "organisation.renamed", &detail).await?;
    Ok(Json(renamed))
}

/// How one company of a group is doing.
#[derive(Debug, Clone, Default, Serialize, utoipa::ToSchema)]
pub(crate) struct AccountFigures {
    /// Conversations begun this month (UTC).
    conversations: i64,
    /// Messages written this month.
    messages: i64,
    /// Open now.
    open: i64,
    /// Waiting for an agent now.
    waiting: i64,
    /// Agents who take chats now.
    agents_online: u32,
    /// Agents who may sign in.
    agents: u32,
    /// How many have rated.
    ratings: i64,
    /// Their mean; null without any.
    rating_average: Option<f64>,
}

/// A company of a group and how it is doing.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct AccountOverview {
    /// Which.
    #[serde(flatten)]
    account: GroupAccount,
    /// Its figures; null when it is closed or switched off.
    figures: Option<AccountFigures>,
}

/// A group and how it is doing.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct GroupOverview {
    /// All together.
    total: AccountFigures,
    /// Company by company.
    accounts: Vec<AccountOverview>,
}

/// Show how a group is doing
///
/// Figures only, put together company by company: a group sees no conversation of its companies.
#[utoipa::path(get, path = "/v1/organisations/{id}/overview", tag = "organisations", params(("id" = OrganisationId, Path)),
    responses((status = 200, body = GroupOverview), Problems))]
pub(crate) async fn overview(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<OrganisationId>,
) -> Result<Json<GroupOverview>, Problem> {
    manager(&app, &scope, id).await?;
    let mut accounts = Vec::new();
    for account in organisation::accounts(&app.world, id).await? {
        let figures = match Tenant::active(&app.world, account.id).await {
            Ok(tenant) => Some(figures(&app, &tenant).await?),
            Err(_) => None,
        };
        accounts.push(AccountOverview { account, figures });
    }
    let figures = accounts.iter().filter_map(|one| one.figures.as_ref());
    let total = figures.fold(AccountFigures::default(), |sum, one| together(&sum, one));
    Ok(Json(GroupOverview { total, accounts }))
}

async fn figures(app: &App, tenant: &Tenant) -> Result<AccountFigures, Problem> {
    let members = membership::of_account(&app.world, tenant.id()).await?;
    let (profiles, counts, ratings, usage) = {
        let tx = tenant.begin().await?;
        let month = Period::of(tx.now());
        let bounds =
            Bounds { plan: &tenant.account.plan, limits: tenant.account.limits, months: 1, agents: 0, storage: 0 };
        (
            agent::list(&tx).await?,
            desk::conversation::counts(&tx, infra::Id::from_uuid(uuid::Uuid::nil())).await?,
            desk::survey::summary(&tx).await?,
            billing::usage::report(&tx, &month, bounds).await?,
        )
    };
    let here = app.routing.presence.availability(tenant.id(), &profiles, tenant.now()).await;
    let used = |meter: Meter| usage.meters.iter().find(|one| one.meter == meter).map_or(0, |one| one.used);
    let count = |many: usize| u32::try_from(many).unwrap_or(u32::MAX);
    Ok(AccountFigures {
        conversations: used(Meter::Conversations),
        messages: used(Meter::Messages),
        open: counts.all_open,
        waiting: counts.unassigned,
        agents_online: count(here.values().filter(|one| **one == EffectiveAvailability::Online).count()),
        agents: count(members.iter().filter(|member| member.disabled_at.is_none()).count()),
        ratings: ratings.count,
        rating_average: ratings.average,
    })
}

#[expect(clippy::cast_precision_loss, reason = "ratings are counted in thousands, not in quadrillions")]
fn together(sum: &AccountFigures, one: &AccountFigures) -> AccountFigures {
    let ratings = sum.ratings + one.ratings;
    let points = |figures: &AccountFigures| figures.rating_average.unwrap_or(0.0) * figures.ratings as f64;
    AccountFigures {
        conversations: sum.conversations + one.conversations,
        messages: sum.messages + one.messages,
        open: sum.open + one.open,
        waiting: sum.waiting + one.waiting,
        agents_online: sum.agents_online + one.agents_online,
        agents: sum.agents + one.agents,
        ratings,
        rating_average: (ratings > 0).then(|| (points(sum) + points(one)) / ratings as f64),
    }
}

/// A company to make.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupAccountRequest {
    /// Its name, 1 to 80 characters.
    company: String,
    /// `en` or `zh-CN`.
    locale: String,
}

/// Make a company in a group
///
/// A brand of its own, with its own schema, people and look. Whoever makes it owns it.
#[utoipa::path(post, path = "/v1/organisations/{id}/accounts", tag = "organisations", params(("id" = OrganisationId, Path)),
    request_body = GroupAccountRequest, responses((status = 201, body = GroupAccount), Problems))]
pub(crate) async fn add_account(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<OrganisationId>,
    Body(ask): Body<GroupAccountRequest>,
) -> Result<(StatusCode, Json<GroupAccount>), Problem> {
    let (who, group) = manager(&app, &scope, id).await?;
    let account = signup::found_in_group(&app.world, &who.user, &ask.company, &ask.locale, id).await?;
    onboarding::finish(&app.world, account).await?;
    note(&app, account, &who.actor, "organisation.joined", json!({ "name": group.name })).await?;
    Ok((StatusCode::CREATED, Json(organisation::account(&app.world, id, account).await?)))
}
