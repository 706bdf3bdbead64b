//! What handlers take: bodies, queries and ids that were checked, and callers that were let in.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use tenant::page::Cursor;
use tenant::scope::HoldOn;
use tenant::token::BadToken;
use tenant::{Member, Scope, Visitor};

use crate::App;
use crate::pace;
use crate::problem::Problem;

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let limited = Request::from_parts(parts.clone(), body);
        let bytes = match Bytes::from_request(limited, state).await {
            Ok(bytes) => bytes,
            Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", Some("At most 128 KiB.")));
            }
            Err(_) => return Err(Problem::new(StatusCode::BAD_REQUEST, "body_unreadable", None)),
        };
        // serde would take a list for an object, its entries for the fields in order.
        let is_list = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
        let sent = bytes.clone();
        match axum::Json::<T>::from_request(Request::from_parts(parts, bytes.into()), state).await {
            Ok(_) if is_list => Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "body_fields_invalid",
                Some("The body is a JSON object."),
            )),
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "content_type_not_json",
                Some("Send application/json."),
            )),
            // serde_json calls it bad syntax where a word of a list was wanted and something else stands.
            Err(JsonRejection::JsonSyntaxError(_)) if serde_json::from_slice::<serde_json::Value>(&sent).is_ok() => {
                Err(Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "body_fields_invalid",
                    Some("A field has the wrong type."),
                ))
            }
            Err(JsonRejection::JsonSyntaxError(_)) => {
                Err(Problem::new(StatusCode::BAD_REQUEST, "body_not_json", Some("The body is not JSON.")))
            }
            Err(JsonRejection::JsonDataError(error)) => {
                // serde's own words name a field or a type of ours; what the caller wrote is cut off.
                let detail = error.body_text();
                let detail = detail.rsplit_once(": ").map_or(detail.as_str(), |(_, last)| last);
                let detail: String = detail.chars().filter(|c| !c.is_control()).take(200).collect();
                Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "body_fields_invalid", Some(&detail)))
            }
            Err(_) => Err(Problem::new(StatusCode::BAD_REQUEST, "body_unreadable", None)),
        }
    }
}

/// Query parameters.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(_) => Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "query_invalid",
                Some("A query parameter is unknown, malformed or of the wrong type."),
            )),
        }
    }
}

/// Ids in the path. A malformed id is an unknown one.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(path)) => Ok(Self(path)),
            Err(_) => Err(Problem::not_found()),
        }
    }
}

/// The token of the `Authorization` header. Tokens in addresses are not looked at: they end up in logs.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")
        .map(str::trim)
        .filter(|token| token.len() < 4096)
}

/// A member, or a program with an API key.
pub(crate) struct AsMember(pub(crate) Scope<Member>);

impl FromRequestParts<Arc<App>> for AsMember {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let token = bearer(&parts.headers).ok_or(BadToken)?;
        let scope = Scope::<Member>::enter(&app.world, token).await?;
        if !parts.method.is_safe() {
            scope.require_more_than_a_look()?;
        }
        pace::note(parts, scope.pass().await, |refused| Some(*refused))?;
        Ok(Self(scope))
    }
}

/// A person at a browser, also one who has yet to set up the second factor that the company asks for.
pub(crate) struct AsEnrolling(pub(crate) Scope<Member>);

impl FromRequestParts<Arc<App>> for AsEnrolling {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let token = bearer(&parts.headers).ok_or(BadToken)?;
        if token.starts_with(tenant::api_key::MARK) {
            let scope = Scope::<Member>::enter(&app.world, token).await?;
            scope.require_person()?;
        }
        Ok(Self(Scope::<Member>::enter_to_enrol(&app.world, token).await?))
    }
}

/// A visitor.
pub(crate) struct AsVisitor(pub(crate) Scope<Visitor>);

impl FromRequestParts<Arc<App>> for AsVisitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let token = bearer(&parts.headers).ok_or(BadToken)?;
        let scope = Scope::<Visitor>::enter(&app.world, token).await?;
        pace::note(parts, scope.pass().await, |held| match held {
            HoldOn::TooFast(refused) => Some(*refused),
            HoldOn::TooOften(_) => None,
        })?;
        Ok(Self(scope))
    }
}

/// The bounds of every list.
pub(crate) fn limit(asked: Option<u64>) -> Result<u64, Problem> {
    match asked {
        None => Ok(25),
        Some(limit @ 1..=100) => Ok(limit),
        Some(_) => {
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "limit_out_of_range", Some("limit is 1 to 100.")))
        }
    }
}

/// Where a list goes on.
pub(crate) fn cursor(text: Option<&str>) -> Result<Option<Cursor>, Problem> {
    text.map(|text| {
        Cursor::decode(text).ok_or_else(|| {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "cursor_invalid", Some("Pass next_cursor as it was given."))
        })
    })
    .transpose()
}
