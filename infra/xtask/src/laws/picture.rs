//! The picture of the crates: dependencies only descend, and `desk` and `billing` never see each other.
//!
//! ```text
//! api → routing → desk ──┐
//!  └──→ billing ─────────┴→ tenant → infra          openapi, tests → api
//! ```

use super::Violation;
use super::lockfile::Package;

/// Each crate, and those of ours that it may name.
const PICTURE: [(&str, &[&str]); 12] = [
    ("infra", &[]),
    ("tenant", &["infra"]),
    ("desk", &["tenant", "infra"]),
    ("billing", &["tenant", "infra"]),
    ("routing", &["desk", "tenant", "infra"]),
    ("api", &["routing", "desk", "billing", "tenant", "infra"]),
    ("openapi", &["api", "routing"]),
    ("tests", &["openapi", "api", "routing", "desk", "billing", "tenant", "infra", "stripe-standin"]),
    // Its simulator lives through days of random companies with the real decision code; everything else in it is a client.
    ("load", &["routing", "desk", "tenant", "infra", "stripe-standin"]),
    // A provider of its own: nothing of ours is known there.
    ("stripe-standin", &[]),
    ("chaos", &["load"]),
    ("xtask", &[]),
];

pub(super) fn check(packages: &[Package]) -> Vec<Violation> {
    let ours: Vec<&Package> = packages.iter().filter(|package| package.is_ours()).collect();
    let mut found = Vec::new();
    for package in &ours {
        let place = format!("{}/Cargo.toml", package.name);
        let Some((_, allowed)) = PICTURE.iter().find(|(name, _)| *name == package.name) else {
            found.push(Violation::at(
                place,
                format!("`{}` is not in the picture of the crates: prefer a module of an existing crate, or draw it into docs/ARCHITECTURE.md and PICTURE", package.name),
            ));
            continue;
        };
        let wrong = ours
            .iter()
            .map(|other| other.name.as_str())
            .filter(|name| package.dependencies.contains(*name) && !allowed.contains(name));
        found.extend(wrong.map(|name| {
            Violation::at(
                &place,
                format!(
                    "`{}` may not depend on `{name}`: facts rise as events, orders descend as calls (docs/ARCHITECTURE.md). \
                     Move the rule down, or react to the event above",
                    package.name
                ),
            )
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_that_rises_or_crosses_is_found() {
        let packages = [
            Package::new("infra", None, &["serde"]),
            Package::new("tenant", None, &["infra", "desk"]),
            Package::new("desk", None, &["tenant", "billing"]),
            Package::new("billing", None, &["tenant"]),
            Package::new("xtask", None, &["infra"]),
            Package::new("helpers", None, &[]),
        ];
        let found: Vec<String> = check(&packages).into_iter().map(|violation| violation.place).collect();
        assert_eq!(found, ["tenant/Cargo.toml", "desk/Cargo.toml", "xtask/Cargo.toml", "helpers/Cargo.toml"]);
    }

    #[test]
    fn arrows_that_descend_pass_and_strangers_are_not_asked() {
        let packages = [
            Package::new("infra", None, &[]),
            Package::new("tenant", None, &["infra"]),
            Package::new("desk", None, &["tenant", "infra"]),
            Package::new("api", None, &["desk", "tenant", "infra"]),
            Package::new("helpers", Some("registry"), &["infra"]),
        ];
        assert_eq!(check(&packages), []);
    }
}
