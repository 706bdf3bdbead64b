//! What directories want of a team, in the forms that they use: the operations of a PATCH, and the people in them.
//!
//! Okta names who goes in a filter of the path, Entra in the value; either puts people in by a list of objects.

use std::collections::BTreeSet;

use desk::setup::Wish;
use infra::validate::{Check, Invalid};
use serde_json::Value;
use tenant::AgentId;

use super::scim::ScimOperation;
use super::scim_groups::GROUP;
use super::scim_patch::{bare, equals, external};

/// How many operations one PATCH may have: a directory may name each of a team's members in one of its own.
const MOST: usize = 1_000;

/// One change. People are as the directory named them: who they are is found out when it is carried out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// This name.
    Rename(String),
    /// Known to the directory by this, or by nothing.
    Know(Option<String>),
    /// These people too.
    Add(Vec<String>),
    /// These people, and no others.
    Replace(Vec<String>),
    /// Without these people.
    Remove(Vec<String>),
}

/// Somebody is named who is not of the company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotHere;

/// People of the company whom a directory names, beside those who are in the team already.
pub(super) fn chosen(
    named: &[String],
    known: &BTreeSet<AgentId>,
    present: &BTreeSet<AgentId>,
) -> Result<BTreeSet<AgentId>, NotHere> {
    let one = |text: &String| {
        let id = text.parse::<AgentId>().map_err(|_| NotHere)?;
        if known.contains(&id) || present.contains(&id) { Ok(id) } else { Err(NotHere) }
    };
    named.iter().map(one).collect()
}

/// What is wanted of a team after all of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Its name, if one is wanted.
    pub(super) name: Option<String>,
    /// By what the directory knows it.
    pub(super) external: Wish<String>,
    /// Who is in it.
    pub(super) members: BTreeSet<AgentId>,
}

/// What a team is to be after all of it.
pub(super) fn follow(
    steps: Vec<Step>,
    mut members: BTreeSet<AgentId>,
    known: &BTreeSet<AgentId>,
) -> Result<Wanted, NotHere> {
    let (mut name, mut external) = (None, Wish::Keep);
    for step in steps {
        match step {
            Step::Rename(wanted) => name = Some(wanted),
            Step::Know(wanted) => external = Wish::Have(wanted),
            Step::Add(named) => {
                let mut more = chosen(&named, known, &members)?;
                members.append(&mut more);
            }
            Step::Replace(named) => members = chosen(&named, known, &members)?,
            // Whoever is not there is gone.
            Step::Remove(named) => members.retain(|id| !named.contains(&id.to_string())),
        }
    }
    Ok(Wanted { name, external, members })
}

/// People in a value: a list of objects with an id as their `value`, or one of them.
fn people(value: &Value, check: &mut Check) -> Vec<String> {
    let all = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
    let named: Option<Vec<String>> = all.iter().map(|one| Some(one.get("value")?.as_str()?.to_owned())).collect();
    named.unwrap_or_else(|| {
        check.refuse("members", "members_invalid", "A list of objects, each with an id as its value.");
        Vec::new()
    })
}

/// The one of a path `members[value eq "…"]`.
fn one_of(path: &str) -> Option<String> {
    let (head, filter) = path.trim().strip_suffix(']')?.split_once('[')?;
    let (attribute, id) = equals(filter)?;
    (bare(head, GROUP) == "members" && attribute == "value").then_some(id)
}

fn put(op: &str, path: &str, value: &Value, steps: &mut Vec<Step>, check: &mut Check) {
    match bare(path, GROUP).as_str() {
        "displayname" => {
            steps.push(Step::Rename(check.line("displayName", value.as_str().unwrap_or_default(), 1, 80)));
        }
        "externalid" => match value.as_str() {
            Some(text) => steps.push(Step::Know(external(check, text))),
            None if value.is_null() => steps.push(Step::Know(None)),
            None => check.refuse("externalId", "external_id_invalid", "externalId is a text."),
        },
        "members" if op == "add" => steps.push(Step::Add(people(value, check))),
        "members" if value.is_null() => steps.push(Step::Replace(Vec::new())),
        "members" => steps.push(Step::Replace(people(value, check))),
        other if other.starts_with("members") => {
            check.refuse("Operations", "path_unsupported", "People are put in by members alone.");
        }
        // What nobody keeps.
        _ => {}
    }
}

fn take_away(path: &str, value: &Value, steps: &mut Vec<Step>, check: &mut Check) {
    match bare(path, GROUP).as_str() {
        "displayname" => check.refuse("Operations", "attribute_required", "No team is without it."),
        "externalid" => steps.push(Step::Know(None)),
        "members" if value.is_null() => steps.push(Step::Replace(Vec::new())),
        "members" => steps.push(Step::Remove(people(value, check))),
        other if other.starts_with("members") => match one_of(path) {
            Some(id) => steps.push(Step::Remove(vec![id])),
            None => check.refuse("Operations", "path_unsupported", "Only members, or members[value eq \"…\"]."),
        },
        _ => {}
    }
}

/// What a PATCH wants of a team, one after the other.
pub(super) fn read(operations: &[ScimOperation]) -> Result<Vec<Step>, Invalid> {
    let (mut check, mut steps) = (Check::new(), Vec::new());
    if operations.is_empty() || operations.len() > MOST {
        check.refuse("Operations", "operations_out_of_range", "1 to 1,000.");
    }
    for operation in operations.iter().take(MOST) {
        let (op, value) = (operation.op.to_lowercase(), &operation.value);
        match (op.as_str(), &operation.path) {
            ("add" | "replace", Some(path)) => put(&op, path, value, &mut steps, &mut check),
            ("add" | "replace", None) => match value.as_object() {
                Some(attributes) => {
                    for (path, value) in attributes {
                        put(&op, path, value, &mut steps, &mut check);
                    }
                }
                None => check.refuse("Operations", "value_invalid", "Without a path, value is an object."),
            },
            ("remove", Some(path)) => take_away(path, value, &mut steps, &mut check),
            ("remove", None) => check.refuse("Operations", "path_missing", "Say what to remove."),
            (_, _) => check.refuse("Operations", "op_unsupported", "Only add, replace and remove."),
        }
    }
    check.finish()?;
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn agent(number: u128) -> AgentId {
        AgentId::from_uuid(Uuid::from_u128(number))
    }

    fn reads(operations: Value) -> Result<Vec<Step>, String> {
        let operations: Vec<ScimOperation> = serde_json::from_value(operations).unwrap();
        read(&operations).map_err(|Invalid(faults)| faults[0].code.clone())
    }

    /// Who of three, of whom the first two are in the team and the third of another company, is in it afterwards.
    fn after(operations: Value) -> Result<(Option<String>, Vec<AgentId>), NotHere> {
        let (known, members) = (BTreeSet::from([agent(1), agent(2), agent(4)]), BTreeSet::from([agent(1), agent(2)]));
        let wanted = follow(reads(operations).unwrap(), members, &known)?;
        Ok((wanted.name, wanted.members.into_iter().collect()))
    }

    #[test]
    fn a_directory_has_an_id_of_its_own_for_a_team() {
        let known =
            |operations: Value| follow(reads(operations).unwrap(), BTreeSet::new(), &BTreeSet::new()).unwrap().external;
        let have = |id: Option<&str>| Wish::Have(id.map(ToOwned::to_owned));
        assert_eq!(known(json!([{ "op": "Add", "path": "externalId", "value": " g-1 " }])), have(Some("g-1")));
        assert_eq!(known(json!([{ "op": "replace", "value": { "externalId": "G-1" } }])), have(Some("G-1")));
        assert_eq!(known(json!([{ "op": "replace", "path": "externalId", "value": null }])), have(None));
        assert_eq!(known(json!([{ "op": "remove", "path": format!("{GROUP}:externalId") }])), have(None));
        assert_eq!(known(json!([{ "op": "replace", "path": "displayName", "value": "Sales" }])), Wish::Keep);
    }

    #[test]
    fn each_directory_is_understood_in_its_own_form() {
        let one = |number: u128| json!({ "value": agent(number), "display": "Ana" });
        let is = |name: Option<&str>, members: &[u128]| -> Result<(Option<String>, Vec<AgentId>), NotHere> {
            Ok((name.map(ToOwned::to_owned), members.iter().map(|number| agent(*number)).collect::<Vec<_>>()))
        };
        // Entra.
        let add = json!([{ "op": "Add", "path": "members", "value": [one(4)] }]);
        assert_eq!(after(add), is(None, &[1, 2, 4]));
        let remove = json!([{ "op": "Remove", "path": "members", "value": [one(2)] }]);
        assert_eq!(after(remove), is(None, &[1]));
        let name = json!([{ "op": "Replace", "path": "displayName", "value": "Sales" }]);
        assert_eq!(after(name), is(Some("Sales"), &[1, 2]));
        // Okta.
        let remove = json!([{ "op": "remove", "path": format!("members[value eq \"{}\"]", agent(1)) }]);
        assert_eq!(after(remove), is(None, &[2]));
        let replace = json!([{ "op": "replace", "path": "members", "value": [one(4), one(4)] }]);
        assert_eq!(after(replace), is(None, &[4]));
        let whole =
            json!([{ "op": "replace", "value": { "id": "team_x", "displayName": "Sales", "members": [one(1)] } }]);
        assert_eq!(after(whole), is(Some("Sales"), &[1]));
        // The standard.
        let all = json!([{ "op": "remove", "path": format!("{GROUP}:members") }, { "op": "add", "path": "members", "value": one(4) }]);
        assert_eq!(after(all), is(None, &[4]));
        assert_eq!(after(json!([{ "op": "add", "path": "externalId", "value": "x" }])), is(None, &[1, 2]));
    }

    #[test]
    fn only_people_of_the_company_come_in_and_anybody_may_go() {
        for op in ["add", "replace"] {
            for stranger in [agent(3).to_string(), "somebody".to_owned(), String::new()] {
                let operation = json!([{ "op": op, "path": "members", "value": [{ "value": stranger }] }]);
                assert_eq!(after(operation), Err(NotHere), "{op} {stranger}");
            }
        }
        let nobody = json!([{ "op": "remove", "path": "members", "value": [{ "value": agent(3) }] }]);
        assert_eq!(after(nobody), Ok((None, vec![agent(1), agent(2)])));
    }

    #[test]
    fn what_cannot_be_is_refused_by_its_name() {
        for (operation, code) in [
            (json!({ "op": "move", "path": "members", "value": [] }), "op_unsupported"),
            (json!({ "op": "add", "path": "members", "value": ["agent_x"] }), "members_invalid"),
            (json!({ "op": "add", "path": "members", "value": null }), "members_invalid"),
            (json!({ "op": "remove", "path": "members[display eq \"Ana\"]" }), "path_unsupported"),
            (json!({ "op": "replace", "path": "members[value eq \"x\"].display", "value": "Ana" }), "path_unsupported"),
            (json!({ "op": "replace", "path": "displayName", "value": "" }), "text_too_short"),
            (json!({ "op": "replace", "value": "Sales" }), "value_invalid"),
            (json!({ "op": "replace", "path": "externalId", "value": 7 }), "external_id_invalid"),
            (json!({ "op": "replace", "path": "externalId", "value": "x".repeat(256) }), "text_too_long"),
            (json!({ "op": "remove", "path": "displayName" }), "attribute_required"),
            (json!({ "op": "remove" }), "path_missing"),
        ] {
            assert_eq!(reads(json!([operation.clone()])), Err(code.to_owned()), "{operation}");
        }
        assert_eq!(reads(json!([])), Err("operations_out_of_range".to_owned()));
    }
}
