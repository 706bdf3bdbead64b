//! SQL is written, never composed: no `format!` makes a statement, except where a name cannot be a parameter.

use super::Violation;
use super::files::Source;
use super::rust_text::{Piece, pieces};

/// Where statements may be composed, and why that is safe.
const ALLOWED: [(&str, &str); 3] = [
    ("tenant/src/schema.rs", "names of schemas and roles cannot be parameters; it makes them from parsed ids alone"),
    ("infra/src/database/tx.rs", "it opens transactions with a preamble that tenant/src/schema.rs made"),
    ("tests/", "the harness makes databases with names of its own; nobody else's text reaches it"),
];

const MACROS: [&str; 5] = ["format!(", "format_args!(", "write!(", "writeln!(", "concat!("];

const OBJECTS: [&str; 15] = [
    "table",
    "schema",
    "role",
    "user",
    "index",
    "unique index",
    "database",
    "policy",
    "function",
    "view",
    "extension",
    "sequence",
    "trigger",
    "type",
    "materialized view",
];

pub(super) fn check(files: &[Source]) -> Vec<Violation> {
    let asked = |file: &&Source| file.is(&[".rs"]) && !ALLOWED.iter().any(|(path, _)| file.path.starts_with(path));
    files.iter().filter(asked).flat_map(judge).collect()
}

fn judge(file: &Source) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut opened = false;
    for piece in pieces(&file.text) {
        match piece {
            Piece::Code { text, .. } => opened = opens_a_macro(text, opened),
            Piece::Text { line, text } if opened && has_hole(text) && is_statement(text) => {
                found.push(Violation::on_line(
                    &file.path,
                    line,
                    "`format!` makes SQL here: write the statement out and pass the value as $1, \
                     or, for the name of a schema, take a parsed `SchemaName` and its methods",
                ));
                opened = false;
            }
            Piece::Text { .. } => opened = false,
            Piece::Comment => {}
        }
    }
    found
}

/// True when the code before a string ends in the opening of a formatting macro, up to its first argument for `write!`.
fn opens_a_macro(code: &str, before: bool) -> bool {
    let code = code.trim_end();
    if code.is_empty() {
        return before;
    }
    MACROS.iter().any(|name| {
        code.rfind(name).is_some_and(|at| {
            let after = code.get(at + name.len()..).unwrap_or_default();
            !after.contains(';') && (after.trim().is_empty() || after.trim_end().ends_with(','))
        })
    })
}

/// A place for a value, as opposed to a doubled bracket.
fn has_hole(text: &str) -> bool {
    text.replace("{{", "").contains('{')
}

fn is_statement(text: &str) -> bool {
    let words = text.to_lowercase().replace("\\n", " ").replace('\\', " ");
    let text = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((verb, rest)) = text.split_once(' ') else {
        return false;
    };
    let has = |word: &str| rest.contains(word);
    match verb {
        "select" => has(" from ") || has("("),
        "insert" => rest.starts_with("into "),
        "update" => has(" set "),
        "delete" => rest.starts_with("from "),
        "create" | "alter" | "drop" => OBJECTS.iter().any(|object| rest.starts_with(object)),
        "set" => ["local ", "role ", "session ", "search_path"].iter().any(|word| rest.starts_with(word)),
        "grant" => has(" to ") || has(" on "),
        "revoke" => has(" from ") || has(" on "),
        "truncate" | "vacuum" | "listen" | "notify" | "savepoint" | "begin;" => true,
        "with" => has(" as ("),
        "copy" => has(" from ") || has(" to "),
        "lock" => rest.starts_with("table "),
        "comment" => rest.starts_with("on "),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(path: &str, text: &str) -> Vec<String> {
        check(&[Source::new(path, text)]).into_iter().map(|violation| violation.place).collect()
    }

    #[test]
    fn composed_statements_are_found() {
        let planted = [
            r#"f(&format!("select * from message where id = '{id}'"))"#,
            r#"format!("INSERT INTO t VALUES ({a})")"#,
            r##"format!(r#"update t set "name" = '{}'"#, a)"##,
            r#"write!(sql, "delete from {table}")"#,
            "format!(\n    \"create schema {}\",\n    name)",
            r#"format!("set local role {role}")"#,
            r#"format!("begin; set local role {role}")"#,
            r#"format!("with a as (select 1) select * from {t}")"#,
        ];
        for text in planted {
            assert_eq!(places("desk/src/store.rs", text).len(), 1, "{text}");
        }
    }

    #[test]
    fn written_statements_and_prose_pass() {
        let fine = [
            r#"query("select * from message where id = $1")"#,
            r#"format!("select a name for {x}")"#,
            r#"format!("Update {name}")"#,
            r#"format!("select 1 from t where a = '{{}}'")"#,
            r#"// format!("select * from {t}")"#,
            r#"format!("{a}"); query("select * from t where a = $1 and b = '{}'")"#,
        ];
        for text in fine {
            assert!(places("desk/src/store.rs", text).is_empty(), "{text}");
        }
    }

    #[test]
    fn the_one_module_that_names_schemas_may_compose() {
        assert!(places("tenant/src/schema.rs", r#"format!("create schema {}", self.name)"#).is_empty());
    }
}
