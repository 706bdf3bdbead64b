//! The company itself.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use infra::validate::Check;
use serde::{Deserialize, Serialize};
use tenant::token::BadToken;
use tenant::{Account, Permission, account, audit, login, membership, slug};

use super::Problems;
use crate::App;
use crate::extract::{AsMember, Body};
use crate::problem::Problem;

/// Show the company
#[utoipa::path(get, path = "/v1/account", tag = "account", responses((status = 200, body = Account), Problems))]
pub(crate) async fn show(AsMember(scope): AsMember) -> Result<Json<Account>, Problem> {
    Ok(Json(Account::clone(&scope.tenant.account)))
}

/// What may be changed of a company; what is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountChange {
    /// 1 to 80 characters.
    #[serde(default)]
    name: Option<String>,
    /// `en` or `zh-CN`.
    #[serde(default)]
    locale: Option<String>,
    /// Its name in addresses: 3 to 40 of `a-z`, `0-9` and hyphens between them. Not reserved, and not to be taken for another's.
    #[serde(default)]
    slug: Option<String>,
}

/// Change the company
#[utoipa::path(patch, path = "/v1/account", tag = "account", request_body = AccountChange, responses((status = 200, body = Account), Problems))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<AccountChange>,
) -> Result<Json<Account>, Problem> {
    scope.require(Permission::AccountManage)?;
    let mut check = Check::new();
    let name = ask.name.map(|name| check.line("name", &name, 1, 80));
    if ask.locale.as_deref().is_some_and(|locale| locale != "en" && locale != "zh-CN") {
        check.refuse("locale", "locale_unknown", "One of: en, zh-CN.");
    }
    if let Some(slug) = &ask.slug {
        slug::check(&mut check, "slug", slug);
    }
    check.finish()?;
    let detail = serde_json::json!({ "name": name, "locale": ask.locale, "slug": ask.slug });
    let change = account::Change { name, locale: ask.locale, slug: ask.slug };
    account::update(&app.world.database, scope.tenant.id(), change, scope.now()).await?;
    let tx = scope.begin().await?;
    audit::note(&tx, &scope.actor(), "account.updated", Some(scope.tenant.id().to_string()), detail).await?;
    tx.commit().await?;
    app.world.directory.forget(scope.tenant.id());
    let account =
        app.world.directory.load(&app.world.database, scope.tenant.id()).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(account))
}

/// How far a new company has come.
#[derive(Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "a checklist is a list of boxes")]
pub(crate) struct Checklist {
    /// The signed-in person has proven their address.
    email_verified: bool,
    /// A page has loaded the widget.
    widget_installed: bool,
    /// A visitor has written.
    first_conversation: bool,
    /// An agent has answered.
    first_reply: bool,
    /// A colleague has been invited, or is here.
    teammate_invited: bool,
}

/// Show how far a new company has come
#[utoipa::path(get, path = "/v1/account/checklist", tag = "account", responses((status = 200, body = Checklist), Problems))]
pub(crate) async fn checklist(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
) -> Result<Json<Checklist>, Problem> {
    let world = &app.world;
    let member = membership::find(world, scope.who.agent_id).await?.ok_or(BadToken)?;
    let user = login::find(world, member.login_id).await?.ok_or(BadToken)?;
    let colleagues = membership::of_account(world, scope.tenant.id()).await?.len();
    let invited = tenant::invitation::list(world, scope.tenant.id()).await?.len();
    let tx = scope.begin().await?;
    let inboxes = desk::inbox::list(&tx).await?;
    let progress = desk::conversation::progress(&tx).await?;
    Ok(Json(Checklist {
        email_verified: user.email_verified,
        widget_installed: inboxes.iter().any(|inbox| inbox.installed_at.is_some()),
        first_conversation: progress.begun,
        first_reply: progress.answered,
        teammate_invited: colleagues > 1 || invited > 0,
    }))
}
