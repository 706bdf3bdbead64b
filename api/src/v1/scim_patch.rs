//! What directories ask for, in the forms that they use: the filter that finds a person, and the operations of a PATCH.
//!
//! Entra names each attribute in a path and writes truth as a word; Okta gives an object of attributes and no path. Both may put the
//! schema's name before an attribute, and say what nobody keeps.

use desk::setup::Wish;
use infra::validate::{Check, Invalid};
use serde_json::Value;

use super::scim::{ScimOperation, USER};

/// What a filter `attribute eq "…"` says: the attribute in small letters, and the value.
pub(super) fn equals(filter: &str) -> Option<(String, String)> {
    let (attribute, rest) = filter.trim().split_once(' ')?;
    let (operator, value) = rest.trim_start().split_once(' ')?;
    // It is written as JSON writes a text.
    let value: String = serde_json::from_str(value.trim()).ok()?;
    let fits = operator.eq_ignore_ascii_case("eq") && !value.contains(char::is_control) && value.len() <= 1_000;
    fits.then(|| (attribute.to_lowercase(), value))
}

/// Whom a filter asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sought {
    /// Who has this address.
    Address(String),
    /// Whom the directory knows by this.
    External(String),
}

impl Sought {
    /// What a filter says of people.
    pub(super) fn read(filter: &str) -> Option<Self> {
        let (attribute, value) = equals(filter)?;
        match attribute.as_str() {
            "username" => Some(Self::Address(value.to_lowercase())),
            "externalid" => Some(Self::External(value.trim().to_owned())),
            _ => None,
        }
    }
}

/// By what a directory knows somebody, of at most 255 characters; nothing where it says nothing.
pub(super) fn external(check: &mut Check, text: &str) -> Option<String> {
    let line = check.line("externalId", text, 0, 255);
    Some(line).filter(|line| !line.is_empty())
}

/// What a directory wants of somebody. What it does not speak of stays.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Whether they may come in.
    pub(super) active: Option<bool>,
    /// Their address.
    pub(super) email: Option<String>,
    /// Their name.
    pub(super) name: Option<String>,
    /// By what the directory knows them.
    pub(super) external: Wish<String>,
}

/// What was said, before it is decided which of several names counts.
#[derive(Default)]
struct Said {
    active: Option<bool>,
    email: Option<String>,
    display: Option<String>,
    formatted: Option<String>,
    given: Option<String>,
    family: Option<String>,
    external: Wish<String>,
}

/// An attribute in small letters, without the name of its schema.
pub(super) fn bare(path: &str, schema: &str) -> String {
    let path = path.trim();
    let head = path.get(..schema.len()).filter(|head| head.eq_ignore_ascii_case(schema));
    let bare = head.and_then(|_| path.get(schema.len()..)?.strip_prefix(':'));
    bare.unwrap_or(path).to_lowercase()
}

fn attribute(path: &str) -> String {
    bare(path, USER)
}

/// A name, or a part of one; nothing where there is none.
fn words(value: &Value, check: &mut Check) -> Option<String> {
    if value.is_null() {
        return None;
    }
    let Some(text) = value.as_str() else {
        check.refuse("Operations", "name_invalid", "A name is a text.");
        return None;
    };
    Some(check.line("Operations", text, 1, 80))
}

impl Said {
    fn take(&mut self, path: &str, value: &Value, check: &mut Check) {
        match attribute(path).as_str() {
            // Some directories write it as a word.
            "active" => {
                match value.as_bool().or_else(|| value.as_str().and_then(|word| word.to_lowercase().parse().ok())) {
                    Some(active) => self.active = Some(active),
                    None => check.refuse("Operations", "active_invalid", "active is true or false."),
                }
            }
            "username" => self.email = Some(check.email("userName", value.as_str().unwrap_or_default())),
            "displayname" => self.display = words(value, check),
            "externalid" => match value.as_str() {
                Some(text) => self.external = Wish::Have(external(check, text)),
                None if value.is_null() => self.external = Wish::Have(None),
                None => check.refuse("externalId", "external_id_invalid", "externalId is a text."),
            },
            "name" => {
                for (part, value) in value.as_object().into_iter().flatten() {
                    self.take_part(&part.to_lowercase(), value, check);
                }
            }
            other => {
                if let Some(part) = other.strip_prefix("name.") {
                    self.take_part(part, value, check);
                }
            }
        }
    }

    fn take_part(&mut self, part: &str, value: &Value, check: &mut Check) {
        match part {
            "formatted" => self.formatted = words(value, check),
            "givenname" => self.given = words(value, check),
            "familyname" => self.family = words(value, check),
            _ => {}
        }
    }

    /// One name of all: that which is shown, else the whole one, else its parts when both are there.
    fn decide(self, check: &mut Check) -> Wanted {
        let parts = self.given.zip(self.family).map(|(given, family)| format!("{given} {family}"));
        let name = self.display.or(self.formatted).or(parts);
        let name = name.map(|name| check.line("Operations", &name, 1, 80));
        Wanted { active: self.active, email: self.email, name, external: self.external }
    }
}

/// What a PATCH wants.
pub(super) fn read(operations: &[ScimOperation]) -> Result<Wanted, Invalid> {
    let mut check = Check::new();
    let mut said = Said::default();
    if operations.is_empty() || operations.len() > 20 {
        check.refuse("Operations", "operations_out_of_range", "1 to 20.");
    }
    for operation in operations.iter().take(20) {
        let op = operation.op.to_lowercase();
        match (op.as_str(), &operation.path) {
            ("add" | "replace", Some(path)) => said.take(path, &operation.value, &mut check),
            ("add" | "replace", None) => match operation.value.as_object() {
                Some(attributes) => {
                    for (path, value) in attributes {
                        said.take(path, value, &mut check);
                    }
                }
                None => check.refuse("Operations", "value_invalid", "Without a path, value is an object."),
            },
            ("remove", Some(path)) if ["active", "username"].contains(&attribute(path).as_str()) => {
                check.refuse("Operations", "attribute_required", "Nobody is without it.");
            }
            ("remove", Some(path)) if attribute(path) == "externalid" => said.external = Wish::Have(None),
            // What is not kept need not be taken away, and somebody without a name keeps the one they have.
            ("remove", Some(_)) => {}
            ("remove", None) => check.refuse("Operations", "path_missing", "Say what to remove."),
            (_, _) => check.refuse("Operations", "op_unsupported", "Only add, replace and remove."),
        }
    }
    let wanted = said.decide(&mut check);
    check.finish()?;
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reads(operations: Value) -> Result<Wanted, String> {
        let operations: Vec<ScimOperation> = serde_json::from_value(operations).unwrap();
        read(&operations).map_err(|Invalid(faults)| faults[0].code.clone())
    }

    #[expect(clippy::unnecessary_wraps, reason = "held against what reading gives")]
    fn wants(active: Option<bool>, email: Option<&str>, name: Option<&str>) -> Result<Wanted, String> {
        let (email, name) = (email.map(ToOwned::to_owned), name.map(ToOwned::to_owned));
        Ok(Wanted { active, email, name, external: Wish::Keep })
    }

    #[test]
    fn a_filter_names_one_person() {
        let address = |text: &str| Some(Sought::Address(text.to_owned()));
        let external = |text: &str| Some(Sought::External(text.to_owned()));
        assert_eq!(Sought::read("userName eq \"Ana@Tea.Example\""), address("ana@tea.example"));
        assert_eq!(Sought::read("username EQ \"a\""), address("a"));
        assert_eq!(Sought::read("externalId eq \"00uA\\\"1\""), external("00uA\"1"), "capitals matter, as do quotes");
        for bad in
            ["", "userName", "userName eq ana", "userName ne \"a\"", "active eq \"true\"", "userName eq \"a\" or \"b\""]
        {
            assert_eq!(Sought::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn each_directory_is_understood_in_its_own_form() {
        // Entra.
        assert_eq!(
            reads(json!([{ "op": "Replace", "path": "active", "value": "False" }])),
            wants(Some(false), None, None)
        );
        let entra = json!([
            { "op": "Add", "path": "urn:ietf:params:scim:schemas:core:2.0:User:displayName", "value": "Ana B" },
            { "op": "Replace", "path": "userName", "value": "Ana.B@Tea.Example" },
            { "op": "Add", "path": "name.givenName", "value": "Ana" },
            { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "ana.b@tea.example" },
            { "op": "Remove", "path": "title" },
        ]);
        assert_eq!(reads(entra), wants(None, Some("ana.b@tea.example"), Some("Ana B")));
        // Okta.
        assert_eq!(reads(json!([{ "op": "replace", "value": { "active": true } }])), wants(Some(true), None, None));
        let okta = json!([{ "op": "replace", "value": { "name": { "givenName": "Ana", "familyName": "B" }, "locale": "en" } }]);
        assert_eq!(reads(okta), wants(None, None, Some("Ana B")));
        // A part of a name alone is no name.
        let part = json!([{ "op": "replace", "value": { "name.givenName": "Ana", "displayName": null } }]);
        assert_eq!(reads(part), wants(None, None, None));
    }

    #[test]
    fn by_what_a_directory_knows_somebody_is_said_changed_and_taken_away() {
        let external = |operation: Value| reads(json!([operation])).map(|wanted| wanted.external);
        let have = |text: Option<&str>| -> Result<Wish<String>, String> { Ok(Wish::Have(text.map(ToOwned::to_owned))) };
        assert_eq!(external(json!({ "op": "Add", "path": "externalId", "value": "a7" })), have(Some("a7")));
        assert_eq!(external(json!({ "op": "replace", "value": { "externalId": "A7" } })), have(Some("A7")));
        assert_eq!(external(json!({ "op": "replace", "value": { "externalId": null } })), have(None));
        assert_eq!(external(json!({ "op": "replace", "path": "externalId", "value": "" })), have(None));
        assert_eq!(external(json!({ "op": "Remove", "path": "externalId" })), have(None));
        assert_eq!(external(json!({ "op": "replace", "value": { "active": true } })), Ok(Wish::Keep));
    }

    #[test]
    fn what_cannot_be_is_refused_by_its_name() {
        let long = "x".repeat(60);
        for (operation, code) in [
            (json!({ "op": "move", "path": "active", "value": true }), "op_unsupported"),
            (json!({ "op": "replace", "path": "active", "value": "perhaps" }), "active_invalid"),
            (json!({ "op": "replace", "path": "displayName", "value": 7 }), "name_invalid"),
            (json!({ "op": "replace", "path": "displayName", "value": "" }), "text_too_short"),
            (json!({ "op": "replace", "path": "externalId", "value": 7 }), "external_id_invalid"),
            (json!({ "op": "replace", "path": "externalId", "value": "x".repeat(256) }), "text_too_long"),
            (json!({ "op": "replace", "path": "userName", "value": "nobody" }), "email_invalid"),
            (json!({ "op": "replace", "value": "active" }), "value_invalid"),
            (
                json!({ "op": "replace", "value": { "name": { "givenName": long, "familyName": long } } }),
                "text_too_long",
            ),
            (json!({ "op": "remove", "path": "userName" }), "attribute_required"),
            (json!({ "op": "remove" }), "path_missing"),
        ] {
            assert_eq!(reads(json!([operation.clone()])), Err(code.to_owned()), "{operation}");
        }
        assert_eq!(reads(json!([])), Err("operations_out_of_range".to_owned()));
    }
}
