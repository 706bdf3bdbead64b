//! Nothing in the checkout opens anything: no private key, no key of a service, no secret of a webhook. Known by how those who give
//! them out begin them, and by being as long as a real one; what a test makes up is shorter.

use super::Violation;
use super::files::Source;

/// How a secret begins, how many characters follow at least, and what it is.
struct Kind {
    mark: &'static str,
    least: usize,
    what: &'static str,
}

const KINDS: [Kind; 16] = [
    Kind { mark: "sk_live_", least: 16, what: "a secret key of Stripe" },
    Kind { mark: "rk_live_", least: 16, what: "a restricted key of Stripe" },
    Kind { mark: "sk_test_", least: 24, what: "a secret key of Stripe for tests" },
    Kind { mark: "whsec_", least: 24, what: "a secret of a webhook" },
    Kind { mark: "fdk_", least: 50, what: "an API key of ours" },
    Kind { mark: "AKIA", least: 16, what: "a key of AWS" },
    Kind { mark: "ASIA", least: 16, what: "a key of AWS" },
    Kind { mark: "AIza", least: 35, what: "a key of Google" },
    Kind { mark: "ghp_", least: 36, what: "a token of GitHub" },
    Kind { mark: "gho_", least: 36, what: "a token of GitHub" },
    Kind { mark: "ghs_", least: 36, what: "a token of GitHub" },
    Kind { mark: "github_pat_", least: 40, what: "a token of GitHub" },
    Kind { mark: "glpat-", least: 20, what: "a token of GitLab" },
    Kind { mark: "npm_", least: 36, what: "a token of npm" },
    Kind { mark: "xoxb-", least: 24, what: "a token of Slack" },
    Kind { mark: "xoxp-", least: 24, what: "a token of Slack" },
];

/// Marks of one case alone: what follows them is of that case too.
const CAPITALS: [&str; 2] = ["AKIA", "ASIA"];
/// Marks of secrets that have a `_` or `-` in them.
const PIECED: [&str; 6] = ["fdk_", "AIza", "github_pat_", "glpat-", "xoxb-", "xoxp-"];

const BEGINS: &str = "-----BEGIN ";
const PRIVATE: &str = "PRIVATE KEY-----";

pub(super) fn check(files: &[Source]) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            if let Some(what) = opens(line) {
                // What it is, and not the thing itself: this is printed, and kept in logs.
                found.push(Violation::on_line(
                    &file.path,
                    number + 1,
                    format!(
                        "looks like {what}: have it replaced where it is from, then take it out; whoever has the history has it"
                    ),
                ));
            }
        }
    }
    found
}

/// What a line holds that opens something, if it does.
fn opens(line: &str) -> Option<&'static str> {
    if line.split_once(BEGINS).is_some_and(|(_, rest)| rest.contains(PRIVATE)) {
        return Some("a private key");
    }
    KINDS.iter().find(|kind| holds(line, kind)).map(|kind| kind.what)
}

fn holds(line: &str, kind: &Kind) -> bool {
    let (capitals, pieced) = (CAPITALS.contains(&kind.mark), PIECED.contains(&kind.mark));
    let belongs = |letter: &char| {
        let plain = if capitals {
            letter.is_ascii_uppercase() || letter.is_ascii_digit()
        } else {
            letter.is_ascii_alphanumeric()
        };
        plain || (pieced && ['_', '-'].contains(letter))
    };
    line.match_indices(kind.mark).any(|(at, mark)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        let after = line.get(at + mark.len()..).unwrap_or_default();
        // In the middle of something longer it is a hash or a name.
        before.is_none_or(|letter| !letter.is_ascii_alphanumeric())
            && after.chars().take_while(belongs).count() >= kind.least
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<String> {
        check(&[Source::new("a/file", text)]).into_iter().map(|violation| violation.place).collect()
    }

    /// As long as a real one, and nobody's. Put together here, so that this file keeps the law.
    fn planted(kind: &Kind) -> String {
        format!("{}{}", kind.mark, "A1".repeat(kind.least.div_ceil(2)))
    }

    #[test]
    fn each_kind_that_is_planted_is_found_with_its_line_and_is_not_printed() {
        for kind in &KINDS {
            let secret = planted(kind);
            for text in [format!("\n{secret}"), format!("\nkey = \"{secret}\";"), format!("\nKEY={secret}\n")] {
                let found = check(&[Source::new("a/file", &text)]);
                assert_eq!(found.len(), 1, "{}", kind.what);
                assert_eq!(found[0].place, "a/file:2");
                assert!(!found[0].sentence.contains(&secret));
            }
        }
        for whose in ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "] {
            assert_eq!(places(&format!("{BEGINS}{whose}{PRIVATE}\nMC4CAQ")), ["a/file:1"]);
        }
    }

    #[test]
    fn what_a_test_makes_up_what_a_page_explains_and_what_is_public_pass() {
        for text in [
            "whsec_of_the_stories sk_test_standin sk_live_… fdk_01h455vb4pex5vsknk084sn02q_x fdi_guessed",
            "-----BEGIN PUBLIC KEY-----",
            "ASIAN and AKIAS",
            "npm_config_registry=https://registry.npmjs.org",
        ] {
            assert_eq!(places(text), Vec::<String>::new(), "{text}");
        }
        // In the middle of a hash.
        assert_eq!(places(&format!("sha512-x{}", planted(&KINDS[5]))), Vec::<String>::new());
    }
}
