//! A company signs up by itself.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use infra::spoken::OrLog as _;
use infra::{Fault as _, Kind};
use serde::{Deserialize, Serialize};
use tenant::session::Method;
use tenant::signup;
use tenant::throttle::Rate;
use tenant::world::Mode;
use uuid::Uuid;

use super::Problems;
use super::session::{self, Entry, LoginChallenge, SessionView};
use crate::address::AtTheDoor;
use crate::extract::Body;
use crate::problem::Problem;
use crate::{App, onboarding};

/// A company about to exist.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignupRequest {
    /// The company's name, 1 to 80 characters.
    #[schema(example = "Blue Teapot")]
    company: String,
    /// The owner's address.
    #[schema(example = "mei@blueteapot.example")]
    email: String,
    /// At least 8 characters.
    password: String,
    /// The owner's name.
    #[serde(default)]
    name: Option<String>,
    /// `en` or `zh-CN`.
    #[serde(default = "english")]
    locale: String,
    /// The secret of the link that a private installation printed.
    #[serde(default)]
    setup: Option<String>,
}

/// Whether companies sign up here.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SignupState {
    /// Anybody may sign a company up. Otherwise the installation is one company's own, and its owner invites.
    open: bool,
}

/// Show whether companies sign up here
#[utoipa::path(get, path = "/v1/signup", tag = "signup", security(()), responses((status = 200, body = SignupState), Problems))]
pub(crate) async fn state(State(app): State<Arc<App>>) -> Json<SignupState> {
    Json(SignupState { open: app.world.mode == Mode::Hosted })
}

fn english() -> String {
    "en".to_owned()
}

/// Sign up a company
///
/// Makes the company, its owner's login and its first inbox, and signs the owner in. Send an `Idempotency-Key`: a repeat
/// finds what the first call made. A known address may found another company with its own password.
#[utoipa::path(post, path = "/v1/signup", tag = "signup", security(()), request_body = SignupRequest,
    params(("Idempotency-Key" = Option<Uuid>, Header, description = "Makes a repeat harmless")),
    responses((status = 201, body = SessionView), (status = 202, body = LoginChallenge), Problems))]
pub(crate) async fn sign_up(
    State(app): State<Arc<App>>,
    _: AtTheDoor,
    headers: HeaderMap,
    Body(ask): Body<SignupRequest>,
) -> Result<Response, Problem> {
    let world = &app.world;
    let key = match headers.get("idempotency-key") {
        None => world.chance.uuid(world.now()),
        Some(key) => key.to_str().ok().and_then(|key| Uuid::parse_str(key).ok()).ok_or_else(|| {
            Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_invalid",
                Some("Idempotency-Key is a UUID."),
            )
        })?,
    };
    let (whose, rate) = (format!("signup:{}", ask.email.trim().to_lowercase()), Rate::new(20, 3600));
    world.throttle.attempt(&world.database, &whose, rate, world.now()).await?;
    let request = signup::Request {
        company: ask.company,
        email: ask.email,
        password: ask.password,
        name: ask.name,
        locale: ask.locale,
        setup: ask.setup,
    };
    let reserved = match signup::reserve(world, key, request).await {
        Ok(reserved) => reserved,
        Err(error) => {
            if matches!(error.kind(), Kind::Unavailable(_)) {
                world.throttle.forgive(&world.database, &whose, rate).await.or_log("taking an attempt back");
            }
            return Err(error.into());
        }
    };
    onboarding::finish(world, reserved.account_id).await?;
    let entry = Entry::fresh(StatusCode::CREATED, reserved.member_id, Method::Password);
    session::enter(&app, &headers, entry).await
}
