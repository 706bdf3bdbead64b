//! What the derived document cannot know by itself: names for operations, and which fields are always there.

use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{AdditionalProperties, Schema};
use utoipa::openapi::{OpenApi, RefOr};

/// Fields of answers that may be absent; every other one is always there, if only as null.
const SOMETIMES: [(&str, &str); 6] = [
    ("Problem", "detail"),
    ("Problem", "errors"),
    ("ScimError", "scimType"),
    ("ScimError", "errors"),
    ("ScimGroup", "members"),
    ("WidgetSession", "secret"),
];

/// Completes the document.
pub(crate) fn finish(mut document: OpenApi) -> OpenApi {
    for item in document.paths.paths.values_mut() {
        let all = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in all.into_iter().flatten() {
            name(operation);
        }
    }
    for (name, schema) in document.components.iter_mut().flat_map(|components| components.schemas.iter_mut()) {
        promise(name, schema);
    }
    document
}

/// `list` of the tag `api-keys` becomes `api_keys_list`: generated clients need one name for one operation.
fn name(operation: &mut Operation) {
    let tag = operation.tags.as_ref().and_then(|tags| tags.first()).map(|tag| tag.replace('-', "_"));
    if let (Some(tag), Some(handler)) = (tag, operation.operation_id.as_mut()) {
        *handler = format!("{tag}_{handler}");
    }
}

/// Requests refuse unknown fields and are left as they are. Answers always carry all of their fields.
pub fn promise(name: &str, schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(object)) = schema else { return };
    if matches!(object.additional_properties.as_deref(), Some(AdditionalProperties::FreeForm(false))) {
        return;
    }
    object.required =
        object.properties.keys().filter(|field| !SOMETIMES.contains(&(name, field.as_str()))).cloned().collect();
}
