//! Both languages say everything: the same keys, the same placeholders, no empty text.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Violation;
use super::files::Source;

const ENGLISH: &str = "en.json";
const CHINESE: &str = "zh-CN.json";

/// What i18next appends per plural form; Chinese has one form where English has two.
const PLURALS: [&str; 6] = ["_zero", "_one", "_two", "_few", "_many", "_other"];

pub(super) fn check(files: &[Source]) -> Vec<Violation> {
    let mut found = Vec::new();
    for (folder, texts) in folders(files) {
        let (Some(english), Some(chinese)) = (texts.get(ENGLISH), texts.get(CHINESE)) else {
            found.push(Violation::at(folder, format!("needs both {ENGLISH} and {CHINESE}: write the missing one")));
            continue;
        };
        match (read(english), read(chinese)) {
            (Ok(english), Ok(chinese)) => compare(folder, &english, &chinese, &mut found),
            (english, chinese) => found.extend([english.err(), chinese.err()].into_iter().flatten()),
        }
    }
    found
}

/// The files of each `locales` folder, by name.
fn folders(files: &[Source]) -> BTreeMap<&str, BTreeMap<&str, &Source>> {
    let mut folders: BTreeMap<&str, BTreeMap<&str, &Source>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.path.starts_with("web/") && file.is(&[".json"])) {
        if let Some((folder, name)) = file.path.rsplit_once('/')
            && folder.ends_with("/locales")
        {
            folders.entry(folder).or_default().insert(name, file);
        }
    }
    folders
}

fn read(file: &Source) -> Result<BTreeMap<String, String>, Violation> {
    let value: Value = serde_json::from_str(&file.text)
        .map_err(|error| Violation::at(&file.path, format!("is not JSON ({error}): mend it")))?;
    let mut texts = BTreeMap::new();
    flatten("", &value, &mut texts);
    Ok(texts)
}

fn flatten(key: &str, value: &Value, texts: &mut BTreeMap<String, String>) {
    if let Value::Object(fields) = value {
        for (name, field) in fields {
            let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
            flatten(&key, field, texts);
        }
    } else {
        texts.insert(key.to_owned(), value.as_str().unwrap_or_default().to_owned());
    }
}

fn compare(
    folder: &str,
    english: &BTreeMap<String, String>,
    chinese: &BTreeMap<String, String>,
    found: &mut Vec<Violation>,
) {
    let sides = [(ENGLISH, english, chinese), (CHINESE, chinese, english)];
    for (name, texts, others) in sides {
        let place = format!("{folder}/{name}");
        let keys: BTreeSet<&str> = texts.keys().map(|key| base(key)).collect();
        for missing in others.keys().map(|key| base(key)).collect::<BTreeSet<_>>().difference(&keys) {
            found.push(Violation::at(&place, format!("lacks `{missing}`, which the other language has: translate it")));
        }
        for (key, _) in texts.iter().filter(|(_, text)| text.trim().is_empty()) {
            found.push(Violation::at(
                &place,
                format!("`{key}` is empty: write it, or remove the key from both languages"),
            ));
        }
    }
    for (key, text) in english {
        if let Some(other) = chinese.get(key)
            && placeholders(text) != placeholders(other)
            && !text.trim().is_empty()
            && !other.trim().is_empty()
        {
            found.push(Violation::at(
                format!("{folder}/{CHINESE}"),
                format!("`{key}` has other {{{{placeholders}}}} than English: use the same ones"),
            ));
        }
    }
}

/// The key without its plural form.
fn base(key: &str) -> &str {
    PLURALS.iter().find_map(|plural| key.strip_suffix(plural)).unwrap_or(key)
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split("{{")
        .skip(1)
        .filter_map(|rest| rest.split("}}").next())
        .map(|name| name.split(',').next().unwrap_or(name).trim())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentences(english: &str, chinese: &str) -> Vec<String> {
        let files = [
            Source::new("web/console/locales/en.json", english),
            Source::new("web/console/locales/zh-CN.json", chinese),
        ];
        check(&files).into_iter().map(|violation| violation.sentence).collect()
    }

    #[test]
    fn a_text_in_one_language_only_an_empty_one_and_a_lost_placeholder_are_found() {
        let found = sentences(
            r#"{"a":{"b":"Hello {{name}}","c":"Only here"},"d":""}"#,
            r#"{"a":{"b":"你好"},"d":"有","e":"只在这里"}"#,
        );
        assert_eq!(found.len(), 4, "{found:?}");
        for part in ["`a.c`", "`e`", "`d` is empty", "`a.b` has other"] {
            assert!(found.iter().any(|sentence| sentence.contains(part)), "{part}: {found:?}");
        }
    }

    #[test]
    fn a_language_that_is_missing_or_broken_is_found() {
        let alone = [Source::new("web/portal/locales/en.json", "{}")];
        assert_eq!(check(&alone).len(), 1);
        assert_eq!(sentences("{", "{}").len(), 1);
    }

    #[test]
    fn plural_forms_that_chinese_does_not_have_pass() {
        assert!(
            sentences(r#"{"n_one":"{{count}} day","n_other":"{{count}} days"}"#, r#"{"n_other":"{{count}} 天"}"#)
                .is_empty()
        );
    }
}
