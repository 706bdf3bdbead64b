//! `deny.toml`'s [bans] and [sources], checked here: cargo-deny itself takes minutes to build and wants the network.

use serde::Deserialize;

use super::Violation;
use super::files::Source;
use super::lockfile::Package;
use crate::outcome::{Context, Outcome, Stop};

/// The part of `deny.toml` that is read here.
#[derive(Deserialize)]
pub(super) struct Rules {
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

/// A crate that nobody may name, or only its wrappers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    #[serde(default)]
    wrappers: Vec<String>,
    reason: String,
}

pub(super) fn read(files: &[Source]) -> Outcome<Rules> {
    let file = files
        .iter()
        .find(|file| file.path == "deny.toml")
        .ok_or_else(|| Stop::because("deny.toml is missing: bring it back"))?;
    toml::from_str(&file.text).doing(|| "read deny.toml".to_owned())
}

pub(super) fn check(rules: &Rules, packages: &[Package]) -> Vec<Violation> {
    let mut found = Vec::new();
    for ban in &rules.bans.deny {
        if !packages.iter().any(|package| package.name == ban.name) {
            continue;
        }
        let users: Vec<&Package> = packages.iter().filter(|package| package.dependencies.contains(&ban.name)).collect();
        found.extend(users.into_iter().filter(|user| !ban.wrappers.contains(&user.name)).map(|user| {
            let place = if user.is_ours() { format!("{}/Cargo.toml", user.name) } else { "Cargo.lock".to_owned() };
            Violation::at(place, format!("`{}` depends on `{}`: {}", user.name, ban.name, ban.reason))
        }));
    }
    for package in packages {
        if let Some(source) = &package.source
            && !rules.sources.allow_registry.iter().any(|registry| source == &format!("registry+{registry}"))
        {
            found.push(Violation::at(
                "Cargo.lock",
                format!("`{}` comes from {source}: use a release from crates.io, which stays what it is", package.name),
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        toml::from_str(
            r#"
            [bans]
            deny = [
                { crate = "axum", wrappers = ["api"], reason = "only api speaks HTTP" },
                { crate = "openssl", reason = "one TLS provider" },
            ]
            [sources]
            allow-registry = ["https://registry"]
            "#,
        )
        .unwrap()
    }

    const REGISTRY: Option<&str> = Some("registry+https://registry");

    #[test]
    fn a_banned_crate_is_found_with_who_brought_it() {
        let packages = [
            Package::new("api", None, &["axum"]),
            Package::new("desk", None, &["axum"]),
            Package::new("axum", REGISTRY, &[]),
            Package::new("lettre", REGISTRY, &["openssl"]),
            Package::new("openssl", REGISTRY, &[]),
            Package::new("fork", Some("git+https://example.com"), &[]),
        ];
        let found: Vec<String> = check(&rules(), &packages).into_iter().map(|violation| violation.sentence).collect();
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found.iter().any(|sentence| sentence == "`desk` depends on `axum`: only api speaks HTTP"));
        assert!(found.iter().any(|sentence| sentence == "`lettre` depends on `openssl`: one TLS provider"));
        assert!(found.iter().any(|sentence| sentence.starts_with("`fork` comes from git+")));
    }

    #[test]
    fn wrappers_may_and_absent_crates_do_not_matter() {
        let packages = [Package::new("api", None, &["axum"]), Package::new("axum", REGISTRY, &[])];
        assert_eq!(check(&rules(), &packages), []);
    }

    #[test]
    fn a_rule_with_a_misspelt_field_is_refused() {
        let text =
            "[bans]\ndeny = [{ crate = \"a\", wrapers = [\"b\"], reason = \"c\" }]\n[sources]\nallow-registry = []";
        assert!(toml::from_str::<Rules>(text).is_err());
    }
}
