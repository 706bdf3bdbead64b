//! Inboxes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use desk::inbox::{self, Course, Inbox, InboxError, InboxId, InboxSettingsChange};
use desk::setup::Wish;
use desk::{BrandId, HoursId, PolicyId, TeamId};
use routing::relay;
use serde::Deserialize;
use tenant::page::Page;
use tenant::{Permission, audit};

use super::Problems;
use crate::App;
use crate::extract::{AsMember, Body, Path};
use crate::problem::Problem;

/// List inboxes
#[utoipa::path(get, path = "/v1/inboxes", tag = "inboxes", responses((status = 200, body = Page<Inbox>), Problems))]
pub(crate) async fn list(AsMember(scope): AsMember) -> Result<Json<Page<Inbox>>, Problem> {
    scope.require(Permission::InboxesRead)?;
    let tx = scope.begin().await?;
    Ok(Json(Page::whole(inbox::list(&tx).await?)))
}

/// An inbox to make.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InboxRequest {
    /// 1 to 80 characters.
    name: String,
    /// How the widget looks and what it says.
    #[serde(default)]
    settings: InboxSettingsChange,
}

/// Make an inbox
#[utoipa::path(post, path = "/v1/inboxes", tag = "inboxes", request_body = InboxRequest, responses((status = 201, body = Inbox), Problems))]
pub(crate) async fn create(
    AsMember(scope): AsMember,
    Body(ask): Body<InboxRequest>,
) -> Result<(StatusCode, Json<Inbox>), Problem> {
    scope.require(Permission::InboxesManage)?;
    scope.tenant.account.may_grow()?;
    let tx = scope.begin().await?;
    let inbox = inbox::create(&tx, &ask.name, ask.settings, scope.limits().inboxes).await?;
    audit::note(
        &tx,
        &scope.actor(),
        "inbox.created",
        Some(inbox.id.to_string()),
        serde_json::json!({ "name": inbox.name }),
    )
    .await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(inbox)))
}

/// Show an inbox
#[utoipa::path(get, path = "/v1/inboxes/{id}", tag = "inboxes", params(("id" = InboxId, Path)), responses((status = 200, body = Inbox), Problems))]
pub(crate) async fn show(AsMember(scope): AsMember, Path(id): Path<InboxId>) -> Result<Json<Inbox>, Problem> {
    scope.require(Permission::InboxesRead)?;
    let tx = scope.begin().await?;
    Ok(Json(inbox::find(&tx, id).await?.ok_or(InboxError::Unknown)?))
}

/// What may be changed of an inbox; what is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InboxChange {
    /// 1 to 80 characters.
    #[serde(default)]
    name: Option<String>,
    /// Some of the settings.
    #[serde(default)]
    settings: InboxSettingsChange,
    /// The brand it belongs to; null for none.
    #[serde(default)]
    #[schema(value_type = Option<BrandId>)]
    brand_id: Wish<BrandId>,
    /// The team that its conversations go to, where no rule and no visitor says otherwise; null for none.
    #[serde(default)]
    #[schema(value_type = Option<TeamId>)]
    team_id: Wish<TeamId>,
    /// How its conversations are given to agents, where the team has no policy of its own; null for the default.
    #[serde(default)]
    #[schema(value_type = Option<PolicyId>)]
    assignment_policy_id: Wish<PolicyId>,
    /// When it is open, where the team has no hours of its own; null for the brand's.
    #[serde(default)]
    #[schema(value_type = Option<HoursId>)]
    business_hours_id: Wish<HoursId>,
    /// How much of an agent's place one conversation takes, 1 to 100 percent.
    #[serde(default)]
    weight: Option<i16>,
}

impl InboxChange {
    fn course(&self) -> Course {
        Course {
            brand_id: self.brand_id,
            team_id: self.team_id,
            assignment_policy_id: self.assignment_policy_id,
            business_hours_id: self.business_hours_id,
            weight: self.weight,
        }
    }
}

/// Change an inbox
#[utoipa::path(patch, path = "/v1/inboxes/{id}", tag = "inboxes", params(("id" = InboxId, Path)), request_body = InboxChange,
    responses((status = 200, body = Inbox), Problems))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<InboxId>,
    Body(ask): Body<InboxChange>,
) -> Result<Json<Inbox>, Problem> {
    scope.require(Permission::InboxesManage)?;
    let tx = scope.begin().await?;
    let course = ask.course();
    let inbox = inbox::update(&tx, id, ask.name, ask.settings, course).await?;
    let detail = serde_json::json!({
        "name": inbox.name, "brand_id": inbox.brand_id, "team_id": inbox.team_id,
        "assignment_policy_id": inbox.assignment_policy_id, "business_hours_id": inbox.business_hours_id,
        "weight": inbox.weight,
    });
    audit::note(&tx, &scope.actor(), "inbox.updated", Some(inbox.id.to_string()), detail).await?;
    tx.commit().await?;
    relay::assign(&app.routing, scope.tenant.id()).await;
    Ok(Json(inbox))
}
