//! Company names in addresses: lower-case ASCII, not reserved, and not another company's look-alike.

use infra::validate::Check;
use unicode_normalization::UnicodeNormalization;

/// Words that an address of ours may mean, or that would let a stranger pass for us.
const RESERVED: [&str; 33] = [
    "about",
    "account",
    "admin",
    "api",
    "app",
    "assets",
    "auth",
    "billing",
    "blog",
    "console",
    "demo",
    "dev",
    "docs",
    "frontdesk",
    "help",
    "invite",
    "login",
    "mail",
    "metrics",
    "openapi",
    "portal",
    "root",
    "security",
    "shared",
    "signup",
    "static",
    "status",
    "support",
    "system",
    "team",
    "v1",
    "widget",
    "www",
];

/// What an address would be made from this company name: NFKC-folded (full-width and styled letters become plain ones), lower
/// case, everything that is not `a-z0-9` a hyphen; 3 to 40 characters. Names without any such letter (北京茶馆) become `company`.
pub fn from_name(name: &str) -> String {
    let folded: String = name
        .nfkd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect();
    let mut slug = String::new();
    for c in folded.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug: String = slug.trim_matches('-').chars().take(30).collect();
    let slug = slug.trim_matches('-');
    if slug.len() < 3 { "company".to_owned() } else { slug.to_owned() }
}

/// Whether nobody may have this slug as it stands. Digits that look like letters count as those letters (`adm1n`).
pub fn is_reserved(slug: &str) -> bool {
    let plain: String = slug
        .chars()
        .filter(|c| *c != '-')
        .map(|c| match c {
            '0' => 'o',
            '1' => 'i',
            '3' => 'e',
            '5' => 's',
            other => other,
        })
        .collect();
    RESERVED.iter().any(|word| *word == slug || *word == plain)
}

/// Refuses what cannot be a company's name in addresses: anything but `a-z`, `0-9` and single places for hyphens, 3 to 40 characters, so
/// that no letter of another alphabet passes for one of these; and what is reserved, whatever it is spelt with.
pub fn check(check: &mut Check, field: &str, slug: &str) {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_plain = (3..=40).contains(&slug.len()) && slug.bytes().all(|c| plain(c) || c == b'-');
    if !is_plain || slug.starts_with('-') || slug.ends_with('-') || slug.contains("--") {
        check.refuse(field, "slug_invalid", "3 to 40 of a-z, 0-9 and hyphens between them.");
    } else if is_reserved(slug) || slug.starts_with("deleted-") {
        check.refuse(field, "slug_reserved", "Nobody may have this name.");
    }
}

/// The `attempt`-th try for a name: the slug itself first, then with a number. Reserved words never stand alone.
pub fn candidate(name: &str, attempt: u32, random: u64) -> String {
    let base = from_name(name);
    match attempt {
        0 if !is_reserved(&base) => base,
        1..=3 if !is_reserved(&base) => format!("{base}-{}", attempt + 1),
        // Names without a Latin letter all share one base, so the number must have room for every one of them.
        _ => format!("{base}-{:08}", random % 100_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_addresses() {
        for (name, slug) in [
            ("Blue Teapot", "blue-teapot"),
            ("  Ünïcode & Söhne!! ", "unicode-sohne"),
            ("ACME  Inc.", "acme-inc"),
            ("北京茶馆", "company"),
            ("a", "company"),
        ] {
            assert_eq!(from_name(name), slug, "{name}");
        }
        assert_eq!(from_name(&"x".repeat(80)).len(), 30);
    }

    #[test]
    fn look_alikes_of_reserved_words_get_a_number() {
        for name in ["Admin", "adm1n", "ADMIN", "ad-min", "supp0rt"] {
            assert!(candidate(name, 0, 7).ends_with("-00000007"), "{name} became {}", candidate(name, 0, 7));
        }
        assert_eq!(candidate("Blue Teapot", 0, 7), "blue-teapot");
        assert_eq!(candidate("Blue Teapot", 1, 7), "blue-teapot-2");
    }
}
