//! Whose the company is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use infra::validate::Check;
use routing::revocation::{self, Revocation};
use serde::Deserialize;
use tenant::membership::{self, Membership, Role};
use tenant::permission::Denied;
use tenant::proof::{self, ProofError};
use tenant::session::own;
use tenant::throttle::Rate;
use tenant::token::BadToken;
use tenant::{Account, AccountId, AgentId, Member, Permission, Scope, Tenant, audit, login};

use super::Problems;
use super::second_factor::SecondFactorAnswer;
use super::session::{self, LoginChallenge};
use crate::App;
use crate::extract::{AsMember, Body};
use crate::problem::Problem;

/// Lets through the owner, who has just shown again that it is they.
pub(crate) async fn owner_again(app: &App, scope: &Scope<Member>, password: Option<&str>) -> Result<(), Problem> {
    scope.require_person()?;
    if scope.who.standing.role != Role::Owner {
        return Err(Denied(Permission::AccountManage).into());
    }
    person_again(app, scope, password).await
}

/// Lets through a person who says their password again, or has proven who they are within the last minutes: who comes by their
/// company's sign-in has no password, and where a second factor is set up a password alone is not enough. A wrong one is a refused
/// field, not 401: the session is good, and is not to be thrown away.
pub(crate) async fn person_again(app: &App, scope: &Scope<Member>, password: Option<&str>) -> Result<(), Problem> {
    let session = scope.session()?;
    let world = &app.world;
    let Some(password) = password else { return Ok(own::require_recent_proof_here(world, session).await?) };
    let mut check = Check::new();
    if password.chars().count() > 200 || password.contains(char::is_control) {
        // No password is like this: not worth an attempt.
        check.refuse("password", "password_wrong", "This is not your password.");
        return Ok(check.finish()?);
    }
    let member = membership::find(world, scope.who.agent_id).await?.ok_or(BadToken)?;
    world.throttle.attempt(&world.database, &format!("login:{}", member.email), Rate::new(10, 60), world.now()).await?;
    match login::authenticate(world, &member.email, password.to_owned()).await {
        Ok(_) => {}
        Err(login::LoginError::Credentials) => check.refuse("password", "password_wrong", "This is not your password."),
        Err(error) => return Err(error.into()),
    }
    check.finish()?;
    if proof::factors(world, member.login_id).await?.any() {
        own::require_recent_proof_here(world, session).await?;
    }
    Ok(())
}

/// What somebody says who is outside a company that they own.
pub(crate) struct Claim {
    /// Their address.
    pub(crate) email: String,
    /// Their password.
    pub(crate) password: String,
    /// Which company; any when absent.
    pub(crate) wanted: Option<AccountId>,
    /// What was asked for beside the password.
    pub(crate) second_factor: Option<SecondFactorAnswer>,
}

/// What such a claim is worth.
pub(crate) enum Owned {
    /// It is they: all their companies, or the one that is wanted, in whatever state.
    Companies(Vec<(Tenant, Membership)>),
    /// The password is right; where a second factor is set up that alone is not enough.
    Asked(LoginChallenge),
}

/// Judges whoever is outside and says that they own companies.
pub(crate) async fn owned_by(app: &App, claim: Claim) -> Result<Owned, Problem> {
    let world = &app.world;
    let answer = claim.second_factor.map(SecondFactorAnswer::checked).transpose()?;
    let email = claim.email.trim().to_lowercase();
    world.throttle.attempt(&world.database, &format!("login:{email}"), Rate::new(10, 60), world.now()).await?;
    if email.contains(char::is_control) {
        return Err(login::LoginError::Credentials.into());
    }
    let user = login::authenticate(world, &email, claim.password.chars().take(1000).collect()).await?;
    if let Some(answer) = answer {
        let (_, login, _) = answer.prove(world).await?;
        // Another person's challenge says nothing of this one.
        if login != user.id {
            return Err(ProofError::Over.into());
        }
    } else if let Some(challenge) = session::challenge(world, user.id, None).await? {
        return Ok(Owned::Asked(challenge));
    }
    let mut owned = Vec::new();
    for member in membership::of_login(world, user.id).await? {
        let is_wanted = claim.wanted.is_none_or(|wanted| wanted == member.account_id);
        if !is_wanted || member.disabled_at.is_some() || member.standing.role != Role::Owner {
            continue;
        }
        owned.extend(Tenant::find(world, member.account_id).await?.map(|tenant| (tenant, member)));
    }
    Ok(Owned::Companies(owned))
}

/// To whom.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOwner {
    /// The colleague.
    agent_id: AgentId,
    /// The present owner's password; may be left out by who has proven who they are within the last minutes.
    #[serde(default)]
    password: Option<String>,
}

/// Hand the company over
///
/// The colleague is the owner from then on, and the owner before an admin.
#[utoipa::path(put, path = "/v1/account/owner", tag = "account", request_body = NewOwner, responses((status = 200, body = Account), Problems))]
pub(crate) async fn hand_over(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<NewOwner>,
) -> Result<Json<Account>, Problem> {
    let heir = membership::find(&app.world, ask.agent_id).await?;
    heir.filter(|heir| heir.account_id == scope.tenant.id()).ok_or_else(Problem::not_found)?;
    owner_again(&app, &scope, ask.password.as_deref()).await?;
    let (account, from) = (scope.tenant.id(), scope.who.agent_id);
    if !membership::hand_over(&app.world, account, from, ask.agent_id).await? {
        return Err(Problem::not_found());
    }
    let tx = scope.begin().await?;
    let detail = serde_json::json!({ "from": from });
    audit::note(&tx, &scope.actor(), "account.owner_changed", Some(ask.agent_id.to_string()), detail).await?;
    tx.commit().await?;
    for whose in [from, ask.agent_id] {
        revocation::revoke(&app.routing, Revocation::Agent(account, whose)).await;
    }
    Ok(Json(Account::clone(&scope.tenant.account)))
}
