//! How the members of the company sign in: a second factor for everybody, the company's own provider, and the domains it speaks for.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use infra::validate::Check;
use routing::revocation::{self, Revocation};
use serde::Deserialize;
use tenant::session::Method;
use tenant::session::own::{self, Fit};
use tenant::sign_in::{self, NotThisWay, SignInSettings};
use tenant::sso::domain::{self, Domain, DomainId, Mailbox};
use tenant::sso::{self, Config};
use tenant::throttle::Rate;
use tenant::{Actor, Member, Permission, Role, Scope, Standing, Tenant, audit};

use super::{Problems, roles};
use crate::App;
use crate::extract::{AsMember, Body, Path};
use crate::problem::Problem;

/// How the members sign in
#[utoipa::path(get, path = "/v1/account/sign-in", tag = "sign-in", responses((status = 200, body = SignInSettings), Problems))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
) -> Result<Json<SignInSettings>, Problem> {
    scope.require(Permission::AccountManage)?;
    Ok(Json(sign_in::settings(&app.world, scope.tenant.id()).await?))
}

/// Who says which provider and which domains speak for the company decides who comes in, and as what: up to an admin, or as somebody who
/// is here already. So nobody does who is less than an admin themselves.
fn require_admin(scope: &Scope<Member>) -> Result<(), Problem> {
    scope.require(Permission::AccountManage)?;
    Ok(roles::standing_within_ones_own(scope, &Standing::built_in(Role::Admin))?)
}

async fn note(scope: &Scope<Member>, action: &'static str, detail: serde_json::Value) -> Result<(), Problem> {
    let tx = scope.begin().await?;
    audit::note(&tx, &scope.actor(), action, Some(scope.tenant.id().to_string()), detail).await?;
    tx.commit().await?;
    Ok(())
}

/// Whether everybody needs a second factor.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecondFactorRule {
    /// Whether everybody needs one.
    required: bool,
}

/// Ask everybody for a second factor
///
/// Whoever came in by a password alone is signed out, and is led through setting one up when they come again. Who asks for it has
/// one.
#[utoipa::path(put, path = "/v1/account/sign-in/second-factor", tag = "sign-in", request_body = SecondFactorRule,
    responses((status = 200, body = SignInSettings), Problems))]
pub(crate) async fn require_second_factor(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<SecondFactorRule>,
) -> Result<Json<SignInSettings>, Problem> {
    scope.require(Permission::AccountManage)?;
    let (session, world, account) = (scope.session()?, &app.world, scope.tenant.id());
    own::require_recent_proof(world, session).await?;
    if ask.required && !own::method(world, session).await?.is_strong() {
        return Err(NotThisWay::OwnFactorFirst.into());
    }
    sign_in::require_second_factor(world, account, ask.required).await?;
    if ask.required {
        own::end_unfit(world, account, Fit::TwoFactors, session).await?;
        revocation::revoke(&app.routing, Revocation::Keys(account)).await;
    }
    note(&scope, "sign_in.second_factor_changed", serde_json::json!({ "required": ask.required })).await?;
    Ok(Json(sign_in::settings(world, account).await?))
}

/// The company's own provider.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SsoRequest {
    /// Its issuer, as its discovery document names it.
    #[schema(example = "https://login.example")]
    issuer: String,
    /// Our name there, 1 to 200 characters.
    client_id: String,
    /// Our secret there; what was set before stays when absent.
    #[serde(default)]
    client_secret: Option<String>,
    /// What somebody is who comes for the first time: `admin`, `supervisor` or `agent`.
    default_role: Role,
    /// Whether everybody but the owner comes in by it only. It must have worked for whoever says so.
    #[serde(default)]
    only: bool,
}

/// Set the company's own provider
///
/// Any provider of `OpenID` Connect that publishes its configuration and signs with RS256, PS256, ES256, ES384 or EdDSA. It is asked
/// at once, and refused when it does not answer as it should.
#[utoipa::path(put, path = "/v1/account/sso", tag = "sign-in", request_body = SsoRequest, responses((status = 200, body = SignInSettings), Problems))]
pub(crate) async fn set_sso(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<SsoRequest>,
) -> Result<Json<SignInSettings>, Problem> {
    require_admin(&scope)?;
    let (session, world, account) = (scope.session()?, &app.world, scope.tenant.id());
    let mut check = Check::new();
    let issuer = check.line("issuer", &ask.issuer, 1, 500);
    let client_id = check.line("client_id", &ask.client_id, 1, 200);
    let secret = ask.client_secret.map(|secret| check.line("client_secret", &secret, 1, 500));
    if ask.default_role == Role::Owner {
        check.refuse("default_role", "role_invalid", "One of: admin, supervisor, agent.");
    }
    if let Err(error) = world.outbound.may_ask(&issuer) {
        check.refuse("issuer", "issuer_not_allowed", &format!("{error}."));
    }
    check.finish()?;
    own::require_recent_proof(world, session).await?;
    let rate = Rate::new(20, 600);
    world.throttle.attempt(&world.database, &format!("sso-set:{account}"), rate, world.now()).await?;
    if let Err(error) = sso::try_provider(world, &issuer).await {
        let mut check = Check::new();
        check.refuse("issuer", "issuer_unusable", &error.to_string());
        check.finish()?;
    }
    let before = sign_in::policy(world, account).await?;
    if ask.only && !before.sso_only {
        let tried = own::method(world, session).await? == Method::Sso || scope.who.standing.role == Role::Owner;
        let proven = domain::list(world, account).await?.iter().any(|domain| domain.proven_at.is_some());
        if !tried || !proven {
            return Err(NotThisWay::SsoNotTried.into());
        }
    }
    let sealed_secret = match secret {
        Some(secret) => Some(sso::seal_secret(world, account, &secret).await?),
        // A secret belongs to the provider it was made at: it is never shown to another one.
        None => before.sso.filter(|sso| sso.issuer == issuer).and_then(|sso| sso.sealed_secret),
    };
    let detail = serde_json::json!({ "issuer": issuer, "client_id": client_id, "default_role": ask.default_role, "only": ask.only });
    let config = Config { account_id: account, issuer, client_id, sealed_secret, default_role: ask.default_role };
    sign_in::set_sso(world, &config, ask.only).await?;
    if ask.only && !before.sso_only {
        own::end_unfit(world, account, Fit::SsoOnly, session).await?;
        revocation::revoke(&app.routing, Revocation::Keys(account)).await;
    }
    note(&scope, "sign_in.sso_changed", detail).await?;
    Ok(Json(sign_in::settings(world, account).await?))
}

/// Remove the company's own provider
///
/// Who has a password signs in with it again; who has none sets one by the link for a forgotten password.
#[utoipa::path(delete, path = "/v1/account/sso", tag = "sign-in", responses((status = 200, body = SignInSettings), Problems))]
pub(crate) async fn remove_sso(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
) -> Result<Json<SignInSettings>, Problem> {
    require_admin(&scope)?;
    let (world, account) = (&app.world, scope.tenant.id());
    own::require_recent_proof(world, scope.session()?).await?;
    sign_in::policy(world, account).await?.sso.ok_or(NotThisWay::NoSso)?;
    sign_in::remove_sso(world, account).await?;
    note(&scope, "sign_in.sso_removed", serde_json::json!({})).await?;
    Ok(Json(sign_in::settings(world, account).await?))
}

/// A domain to prove.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DomainRequest {
    /// The domain of the company's addresses.
    #[schema(example = "blue-teapot.example")]
    domain: String,
    /// The mailbox there that the letter goes to.
    mailbox: Mailbox,
}

/// Prove a domain
///
/// Sends a link to a mailbox of the domain that only who runs it can read. Whoever opens it proves the domain.
#[utoipa::path(post, path = "/v1/account/sso/domains", tag = "sign-in", request_body = DomainRequest, responses((status = 201, body = Domain), Problems))]
pub(crate) async fn claim_domain(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<DomainRequest>,
) -> Result<(StatusCode, Json<Domain>), Problem> {
    require_admin(&scope)?;
    let world = &app.world;
    let session = scope.session()?;
    let mut check = Check::new();
    let domain = domain::normal(&ask.domain).unwrap_or_else(|| {
        check.refuse("domain", "domain_invalid", "A domain like blue-teapot.example.");
        String::new()
    });
    check.finish()?;
    own::require_recent_proof(world, session).await?;
    // A stranger's mailbox is not ours to fill, whoever asks.
    world.throttle.attempt(&world.database, &format!("domain:{domain}"), Rate::new(5, 3600), world.now()).await?;
    let claimed = domain::claim(world, &scope.tenant.account, domain, ask.mailbox).await?;
    let detail = serde_json::json!({ "domain": claimed.domain, "sent_to": claimed.sent_to });
    note(&scope, "sign_in.domain_claimed", detail).await?;
    Ok((StatusCode::CREATED, Json(claimed)))
}

/// The secret of a link.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DomainConfirmation {
    /// From the link.
    token: String,
}

/// What was proven.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(crate) struct DomainProven {
    /// The domain.
    domain: String,
    /// The company it is proven for.
    account_name: String,
}

/// Confirm a domain
#[utoipa::path(post, path = "/v1/account/sso/domains/confirm", tag = "sign-in", security(()), request_body = DomainConfirmation,
    responses((status = 200, body = DomainProven), Problems))]
pub(crate) async fn confirm_domain(
    State(app): State<Arc<App>>,
    Body(ask): Body<DomainConfirmation>,
) -> Result<Json<DomainProven>, Problem> {
    let (account, domain) = domain::confirm(&app.world, &ask.token).await?;
    let tenant = Tenant::active(&app.world, account).await?;
    let tx = tenant.begin().await?;
    let detail = serde_json::json!({ "domain": domain });
    audit::note(&tx, &Actor::System, "sign_in.domain_proven", Some(account.to_string()), detail).await?;
    tx.commit().await?;
    Ok(Json(DomainProven { domain, account_name: tenant.account.name.clone() }))
}

/// Give a domain up
#[utoipa::path(delete, path = "/v1/account/sso/domains/{id}", tag = "sign-in", params(("id" = DomainId, Path)), responses((status = 204), Problems))]
pub(crate) async fn remove_domain(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<DomainId>,
) -> Result<StatusCode, Problem> {
    scope.require(Permission::AccountManage)?;
    own::require_recent_proof(&app.world, scope.session()?).await?;
    let domain = domain::remove(&app.world, scope.tenant.id(), id).await?.ok_or_else(Problem::not_found)?;
    note(&scope, "sign_in.domain_removed", serde_json::json!({ "domain": domain })).await?;
    Ok(StatusCode::NO_CONTENT)
}
