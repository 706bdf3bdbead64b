//! Lists with cursors: newest first, ten to a page unless asked otherwise.

use serde_json::{Value, json};

use crate::form::Form;
use crate::refusal::Refusal;

/// A list object.
pub(crate) fn page(url: &str, data: &[Value], has_more: bool) -> Value {
    json!({ "object": "list", "data": data, "has_more": has_more, "url": url })
}

/// One page of everything there is, which is given newest first.
pub(crate) fn cut(url: &str, all: &[Value], form: &Form) -> Result<Value, Refusal> {
    let limit = form.int("limit")?.unwrap_or(10);
    if !(1..=100).contains(&limit) {
        let message = "Limit must be between 1 and 100";
        return Err(Refusal::coded("limit", "parameter_invalid_integer", message));
    }
    let limit = usize::try_from(limit).unwrap_or(10);
    let place = |name: &str| -> Result<Option<usize>, Refusal> {
        let Some(cursor) = form.text(name)? else { return Ok(None) };
        let found = all.iter().position(|row| row.get("id").and_then(Value::as_str) == Some(cursor.as_str()));
        found.map(Some).ok_or_else(|| Refusal::no_such("object", &cursor, name))
    };
    let (after, before) = (place("starting_after")?, place("ending_before")?);
    if after.is_some() && before.is_some() {
        return Err(Refusal::coded(
            "ending_before",
            "parameters_exclusive",
            "You may only specify one of these parameters: starting_after, ending_before.",
        ));
    }
    if let Some(end) = before {
        let start = end.saturating_sub(limit);
        let data = all.get(start..end).unwrap_or_default();
        return Ok(page(url, data, start > 0));
    }
    let start = after.map_or(0, |place| place + 1);
    let data = all.get(start..all.len().min(start + limit)).unwrap_or_default();
    let has_more = all.len() > start + data.len();
    Ok(page(url, data, has_more))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_neither_skip_nor_repeat_in_both_directions() {
        let all: Vec<Value> = (0..25).map(|number| json!({ "id": format!("x_{number}") })).collect();
        let ids = |page: &Value| -> Vec<String> {
            page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
        };
        let (mut seen, mut query) = (Vec::new(), "limit=10".to_owned());
        loop {
            let page = cut("/v1/x", &all, &Form::parse(&query)).unwrap();
            seen.extend(ids(&page));
            query = format!("limit=10&starting_after={}", seen.last().unwrap());
            if page["has_more"] == false {
                break;
            }
        }
        assert_eq!(seen, (0..25).map(|number| format!("x_{number}")).collect::<Vec<_>>());
        let back = cut("/v1/x", &all, &Form::parse("limit=3&ending_before=x_10")).unwrap();
        assert_eq!(
            (ids(&back), back["has_more"].clone()),
            (vec!["x_7".into(), "x_8".into(), "x_9".into()], json!(true))
        );
    }

    #[test]
    fn a_cursor_that_is_unknown_and_a_page_too_long_are_refused() {
        assert_eq!(cut("/", &[], &Form::parse("starting_after=x")).err().unwrap().code.unwrap(), "resource_missing");
        assert_eq!(cut("/", &[], &Form::parse("limit=101")).err().unwrap().status, 400);
    }
}
