//! What the published document says of each operation: its body, field by field, and its query.

use serde_json::{Value, json};

/// A field of a body, as the document has it.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) pointer: String,
    pub(crate) schema: Value,
    pub(crate) required: bool,
    pub(crate) nullable: bool,
}

impl Field {
    pub(crate) fn is(&self, kind: &str) -> bool {
        self.schema["type"] == kind || self.schema["type"].as_array().is_some_and(|all| all.contains(&json!(kind)))
    }

    /// Any text will do for its type: no list of words, no pattern, no format.
    pub(crate) fn is_free_text(&self) -> bool {
        self.is("string") && ["enum", "pattern", "format"].iter().all(|bound| self.schema[*bound].is_null())
    }
}

/// The published document.
pub(crate) struct Document(Value);

impl Document {
    pub(crate) fn read() -> Self {
        Self(serde_json::to_value(api::document()).unwrap())
    }

    /// The schema behind references and “or null”.
    fn resolve(&self, schema: &Value) -> (Value, bool) {
        if let Some(path) = schema["$ref"].as_str() {
            return self.resolve(self.0.pointer(path.trim_start_matches('#')).unwrap());
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            let null = json!({ "type": "null" });
            let real: Vec<&Value> = choices.iter().filter(|choice| **choice != null).collect();
            if real.len() > 1 {
                // A choice between kinds of objects: what is in them is a matter of stories of their own.
                return (json!({ "type": "object", "additionalProperties": false }), choices.contains(&null));
            }
            return (self.resolve(real[0]).0, choices.contains(&null));
        }
        let nullable = schema["type"].as_array().is_some_and(|types| types.contains(&json!("null")));
        (schema.clone(), nullable)
    }

    fn operation(&self, name: &str) -> &Value {
        let (method, path) = name.split_once(' ').unwrap();
        &self.0["paths"][path][method.to_lowercase()]
    }

    /// Every field of an operation's body, with the fields of its objects.
    pub(crate) fn fields(&self, operation: &str) -> Vec<Field> {
        let content = &self.operation(operation)["requestBody"]["content"]["application/json"]["schema"];
        let mut all = Vec::new();
        self.collect("", &self.resolve(content).0, &mut all);
        all
    }

    fn collect(&self, above: &str, schema: &Value, all: &mut Vec<Field>) {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            let (schema, nullable) = self.resolve(schema);
            let field = Field {
                pointer: format!("{above}/{name}"),
                required: required.contains(&json!(name)),
                schema: schema.clone(),
                nullable,
            };
            all.push(field);
            self.collect(&format!("{above}/{name}"), &schema, all);
        }
    }

    pub(crate) fn has_body(&self, operation: &str) -> bool {
        self.operation(operation)["requestBody"].is_object()
    }

    /// The query parameters: name and schema.
    pub(crate) fn query(&self, operation: &str) -> Vec<(String, Value)> {
        let all = self.operation(operation)["parameters"].as_array().cloned().unwrap_or_default();
        let queries = all.iter().filter(|parameter| parameter["in"] == "query");
        queries.map(|one| (one["name"].as_str().unwrap().to_owned(), self.resolve(&one["schema"]).0)).collect()
    }
}
