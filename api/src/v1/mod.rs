//! Version 1 of the public API: one file a noun, one paragraph a handler.

pub(crate) mod account;
pub(crate) mod address_blocks;
pub(crate) mod agents;
pub(crate) mod api_keys;
pub(crate) mod assignment_policies;
pub(crate) mod audit_log;
pub(crate) mod auth;
pub(crate) mod billing;
pub(crate) mod billing_changes;
pub(crate) mod brands;
pub(crate) mod business_hours;
pub(crate) mod closing;
pub(crate) mod contacts;
pub(crate) mod conversations;
pub(crate) mod credentials;
pub(crate) mod data_exports;
pub(crate) mod emergency;
pub(crate) mod erasure;
pub(crate) mod group_members;
pub(crate) mod group_moves;
pub(crate) mod handover;
pub(crate) mod identity;
pub(crate) mod inboxes;
pub(crate) mod invitations;
pub(crate) mod limits;
pub(crate) mod lost_factor;
pub(crate) mod masking;
pub(crate) mod messages;
pub(crate) mod organisations;
pub(crate) mod ownership;
pub(crate) mod passkeys;
pub(crate) mod queue;
pub(crate) mod queue_thresholds;
pub(crate) mod retention;
pub(crate) mod roles;
pub(crate) mod routing_rules;
pub(crate) mod scim;
pub(crate) mod scim_discovery;
mod scim_group_patch;
pub(crate) mod scim_groups;
mod scim_patch;
pub(crate) mod second_factor;
pub(crate) mod security;
pub(crate) mod sessions;
pub(crate) mod sign_in;
pub(crate) mod signup;
pub(crate) mod skills;
pub(crate) mod spam_guard;
pub(crate) mod sso;
pub(crate) mod support;
pub(crate) mod surveys;
pub(crate) mod suspending;
pub(crate) mod teams;
pub(crate) mod usage;
pub(crate) mod waiting_content;
pub(crate) mod widget;
pub(crate) mod widget_events;
pub(crate) mod widget_session;

mod session;
mod setup;

use std::collections::BTreeMap;

use utoipa::openapi::{ContentBuilder, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder};

/// The refusals that any operation may answer with; all are problem details.
pub(crate) struct Problems;

/// Status codes of refusals, with what they mean everywhere.
const MEANINGS: [(&str, &str); 11] = [
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
];

/// The same refusals as a directory reads them.
pub(crate) struct ScimProblems;

fn every_refusal(name: &str) -> BTreeMap<String, RefOr<Response>> {
    MEANINGS
        .iter()
        .map(|(status, _)| ((*status).to_owned(), Ref::from_response_name(format!("{name}{status}")).into()))
        .collect()
}

impl utoipa::IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        every_refusal("Problem")
    }
}

impl utoipa::IntoResponses for ScimProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        every_refusal("ScimProblem")
    }
}

impl utoipa::Modify for Problems {
    /// Describes each refusal once, for all operations.
    fn modify(&self, document: &mut Document) {
        let responses = &mut document.components.get_or_insert_default().responses;
        let kinds =
            [("Problem", "Problem", "application/problem+json"), ("ScimProblem", "ScimError", "application/scim+json")];
        for (name, schema, kind) in kinds {
            for (status, text) in MEANINGS {
                let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build();
                let response = ResponseBuilder::new().description(text).content(kind, content).build();
                responses.insert(format!("{name}{status}"), response.into());
            }
        }
    }
}
