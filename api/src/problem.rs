//! Errors as answers: the only file that knows status codes. RFC 9457 problem details with a stable `code`.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use infra::{Fault, FieldFault, Kind};
use serde::Serialize;

/// A problem, as a caller gets it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct Problem {
    /// `urn:frontdesk:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:frontdesk:problem:conversation_unknown")]
    kind: String,
    /// The status code's name.
    title: String,
    /// The status code.
    status: u16,
    /// Stable: match on this.
    #[schema(example = "conversation_unknown")]
    code: String,
    /// An English sentence, when the caller can act on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The id of the request, also in the header `x-request-id`.
    request_id: String,
    /// The fields at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldFault>,
    #[serde(skip)]
    retry_after: Option<u64>,
}

impl Problem {
    /// A problem of the HTTP layer itself.
    pub(crate) fn new(status: StatusCode, code: &str, detail: Option<&str>) -> Self {
        Self {
            kind: format!("urn:frontdesk:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: detail.map(ToOwned::to_owned),
            request_id: String::new(),
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// No such thing, or not yours to know of.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", None)
    }

    /// Whether it says that there is no such thing.
    pub(crate) fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND.as_u16()
    }

    /// Whether it may be another answer in a moment.
    pub(crate) fn is_passing(&self) -> bool {
        self.status >= 500
    }

    /// An error of ours: the caller learns the request's id and nothing else.
    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", None)
    }

    /// The answer, with the id of its request.
    pub(crate) fn answer(mut self, request_id: &str) -> Response {
        request_id.clone_into(&mut self.request_id);
        self.dress(Json(&self), "application/problem+json")
    }

    /// The answer to a directory, which reads other words.
    pub(crate) fn answer_to_a_directory(&self, request_id: &str) -> Response {
        let fault = self.errors.first();
        let detail = match (fault, &self.detail) {
            (Some(fault), _) => format!("{}: {}", fault.pointer.trim_start_matches('/'), fault.detail),
            (None, Some(detail)) => detail.clone(),
            (None, None) => self.title.clone(),
        };
        let error = ScimError {
            schemas: [SCIM_ERROR],
            status: self.status.to_string(),
            scim_type: scim_type(fault.map_or(self.code.as_str(), |fault| fault.code.as_str())),
            detail,
            code: self.code.clone(),
            request_id: request_id.to_owned(),
            errors: self.errors.clone(),
        };
        self.dress(Json(error), "application/scim+json")
    }

    fn dress(&self, body: impl IntoResponse, kind: &'static str) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

const SCIM_ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// A problem, as a directory reads it (SCIM 2.0), with members of our own beside the standard's.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct ScimError {
    /// Always the one of errors.
    schemas: [&'static str; 1],
    /// The status code, as a text.
    #[schema(example = "409")]
    status: String,
    /// What is wrong in the standard's words, where it has some.
    #[serde(rename = "scimType", skip_serializing_if = "Option::is_none")]
    #[schema(example = "uniqueness")]
    scim_type: Option<&'static str>,
    /// An English sentence.
    detail: String,
    /// Stable: match on this.
    #[schema(example = "already_member")]
    code: String,
    /// The id of the request, also in the header `x-request-id`.
    request_id: String,
    /// The fields at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldFault>,
}

/// The standard's word for a code of ours (RFC 7644, table 9).
fn scim_type(code: &str) -> Option<&'static str> {
    Some(match code {
        "filter_unsupported" => "invalidFilter",
        "already_member" | "email_taken" | "external_id_taken" | "name_taken" => "uniqueness",
        "attribute_required" => "mutability",
        "body_not_json" | "body_fields_invalid" | "query_invalid" | "op_unsupported" | "operations_out_of_range" => {
            "invalidSyntax"
        }
        "path_missing" => "noTarget",
        "path_unsupported" => "invalidPath",
        "active_invalid"
        | "name_invalid"
        | "value_invalid"
        | "email_invalid"
        | "domain_not_proven"
        | "external_id_invalid"
        | "member_unknown"
        | "members_invalid" => "invalidValue",
        code if code.starts_with("text_") => "invalidValue",
        _ => return None,
    })
}

impl<F: Fault> From<F> for Problem {
    fn from(fault: F) -> Self {
        let (status, retry_after) = match fault.kind() {
            Kind::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, None),
            Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, None),
            Kind::Forbidden => (StatusCode::FORBIDDEN, None),
            Kind::NotFound => (StatusCode::NOT_FOUND, None),
            Kind::Conflict => (StatusCode::CONFLICT, None),
            Kind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, None),
            Kind::RateLimited(wait) => (StatusCode::TOO_MANY_REQUESTS, Some(wait)),
            Kind::Unavailable(wait) => (StatusCode::SERVICE_UNAVAILABLE, Some(wait)),
            Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, None),
        };
        let detail = match fault.kind() {
            Kind::Internal | Kind::Unavailable(_) => {
                tracing::error!(error = %fault, code = fault.code(), "a request failed");
                None
            }
            Kind::Invalid
            | Kind::Unauthenticated
            | Kind::Forbidden
            | Kind::NotFound
            | Kind::Conflict
            | Kind::TooLarge
            | Kind::RateLimited(_) => Some(fault.to_string()),
        };
        Self {
            errors: fault.fields(),
            retry_after: retry_after.map(whole_seconds),
            ..Self::new(status, fault.code(), detail.as_deref())
        }
    }
}

/// A wait as headers tell it: whoever comes back then is not too early.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX).max(1)
}

/// Rides in the response until the outermost layer knows the request's id.
#[derive(Clone)]
pub(crate) struct Unanswered(pub(crate) Problem);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response();
        response.extensions_mut().insert(Unanswered(self));
        response
    }
}
