//! What callers of a released document would miss, or be newly asked for.

use std::collections::BTreeSet;

use serde_json::Value;

/// Every way in which `new` breaks callers of `old`, as sentences.
pub fn breaks(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (path, operations) in members(old, "/paths") {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            let place = format!("{} {path}", method.to_uppercase());
            let Some(now) =
                new.get("paths").and_then(|paths| paths.get(path)).and_then(|operations| operations.get(method))
            else {
                found.push(format!("{place} is gone"));
                continue;
            };
            operation_breaks(&place, operation, now, &mut found);
        }
    }
    for (name, schema) in members(old, "/components/schemas") {
        match new.pointer("/components/schemas").and_then(|schemas| schemas.get(name)) {
            None => found.push(format!("the schema {name} is gone")),
            Some(now) => schema_breaks(name, schema, now, &mut found),
        }
    }
    found
}

fn members<'a>(document: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    document.pointer(pointer).and_then(Value::as_object).into_iter().flatten()
}

fn operation_breaks(place: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    let known: BTreeSet<String> = parameters(old).map(|(name, _)| name).collect();
    for (name, required) in parameters(new) {
        if required && !known.contains(&name) {
            found.push(format!("{place} newly needs the parameter {name}"));
        }
    }
    let still: BTreeSet<String> = parameters(new).map(|(name, _)| name).collect();
    found.extend(known.difference(&still).map(|name| format!("{place} has lost the parameter {name}")));
    for (status, _) in members(old, "/responses") {
        if status.starts_with('2') && new.pointer(&format!("/responses/{status}")).is_none() {
            found.push(format!("{place} no longer answers {status}"));
        }
    }
    if old.get("requestBody").is_none() && new.pointer("/requestBody/required") == Some(&Value::Bool(true)) {
        found.push(format!("{place} newly needs a body"));
    }
}

fn parameters(operation: &Value) -> impl Iterator<Item = (String, bool)> + '_ {
    operation.get("parameters").and_then(Value::as_array).into_iter().flatten().filter_map(|parameter| {
        let name = parameter.get("name")?.as_str()?.to_owned();
        Some((name, parameter.get("required").and_then(Value::as_bool).unwrap_or(false)))
    })
}

fn strings(schema: &Value, key: &str) -> BTreeSet<String> {
    schema
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(ToOwned::to_owned)
        .collect()
}

fn schema_breaks(name: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    let asked_for = |schema: &Value| schema.get("additionalProperties") == Some(&Value::Bool(false));
    for (property, was) in members(old, "/properties") {
        match new.pointer("/properties").and_then(|properties| properties.get(property)) {
            None => found.push(format!("{name} has lost {property}")),
            Some(is) if was.get("type") != is.get("type") => found.push(format!("{name}.{property} has another type")),
            Some(_) => {}
        }
    }
    // A field that only a request has may not become required; in an answer it may.
    if asked_for(new) {
        found.extend(
            strings(new, "required")
                .difference(&strings(old, "required"))
                .map(|field| format!("{name} newly needs {field}")),
        );
    } else {
        found.extend(
            strings(old, "required")
                .difference(&strings(new, "required"))
                .map(|field| format!("{name} no longer promises {field}")),
        );
    }
    found.extend(
        strings(old, "enum")
            .difference(&strings(new, "enum"))
            .map(|value| format!("{name} has lost the value {value}")),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document() -> Value {
        json!({
            "paths": { "/v1/a": { "get": { "parameters": [{ "name": "limit", "required": false }], "responses": { "200": {} } }, "post": { "responses": { "201": {} } } } },
            "components": { "schemas": {
                "A": { "properties": { "id": { "type": "string" }, "n": { "type": "integer" } }, "required": ["id"] },
                "Ask": { "additionalProperties": false, "properties": { "name": { "type": "string" } }, "required": [] },
                "Kind": { "enum": ["a", "b"] }
            } }
        })
    }

    fn change(pointer: &str, to: Value) -> Vec<String> {
        let mut new = document();
        *new.pointer_mut(pointer).unwrap() = to;
        breaks(&document(), &new)
    }

    #[test]
    fn additions_break_nobody() {
        let mut new = document();
        new["paths"]["/v1/b"] = json!({ "get": { "responses": { "200": {} } } });
        new["components"]["schemas"]["A"]["properties"]["extra"] = json!({ "type": "string" });
        new["components"]["schemas"]["Kind"]["enum"] = json!(["a", "b", "c"]);
        assert_eq!(breaks(&document(), &new), Vec::<String>::new());
    }

    #[test]
    fn each_loss_is_named() {
        assert_eq!(
            change("/paths/~1v1~1a", json!({ "get": document()["paths"]["/v1/a"]["get"] })),
            ["POST /v1/a is gone"]
        );
        assert_eq!(change("/paths/~1v1~1a/get/responses", json!({ "204": {} })), ["GET /v1/a no longer answers 200"]);
        assert_eq!(change("/paths/~1v1~1a/get/parameters", json!([{ "name": "x", "required": true }])).len(), 2);
        assert_eq!(
            change("/components/schemas/A/properties", json!({ "id": { "type": "integer" } })),
            ["A.id has another type", "A has lost n"]
        );
        assert_eq!(change("/components/schemas/A/required", json!([])), ["A no longer promises id"]);
        assert_eq!(change("/components/schemas/Ask/required", json!(["name"])), ["Ask newly needs name"]);
        assert_eq!(change("/components/schemas/Kind/enum", json!(["a"])), ["Kind has lost the value b"]);
    }
}
