//! Version 1 of the public API: one file a noun, one paragraph a handler.

pub(crate) mod account;
pub(crate) mod agents;
pub(crate) mod api_keys;
pub(crate) mod audit_log;
pub(crate) mod auth;
pub(crate) mod contacts;
pub(crate) mod conversations;
pub(crate) mod inboxes;
pub(crate) mod invitations;
pub(crate) mod messages;
pub(crate) mod signup;
pub(crate) mod surveys;
pub(crate) mod usage;
pub(crate) mod widget;

mod session;

use std::collections::BTreeMap;

use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

/// The refusals that any operation may answer with; all are problem details.
pub(crate) struct Problems;

impl utoipa::IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        [
            ("400", "The request cannot be read."),
            ("401", "No, or no good, access token."),
            ("403", "Known, but not allowed, or beyond a limit of the plan."),
            ("404", "No such thing, or not yours to know of."),
            ("409", "Not possible in the present state, or a key used twice."),
            ("413", "Larger than 128 KiB."),
            ("415", "Not application/json."),
            ("422", "Fields were refused; see `errors`."),
            ("429", "Too often; see `Retry-After`."),
            ("500", "An error of ours; quote the request id."),
            ("503", "Temporarily unavailable; see `Retry-After`."),
        ]
        .into_iter()
        .map(|(status, text)| {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
            (
                status.to_owned(),
                ResponseBuilder::new().description(text).content("application/problem+json", content).build().into(),
            )
        })
        .collect()
    }
}
