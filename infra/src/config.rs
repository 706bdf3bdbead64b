//! Settings from the environment: the only place that reads it. `frontdesk doctor` prints what was understood.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::blob::BlobSettings;

/// Everything the binary can be told.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the environment")]
pub struct Settings {
    /// `DATABASE_URL`: Postgres, as the login role (NOINHERIT, CREATEROLE).
    pub database_url: String,
    /// `FRONTDESK_DATABASES=eu2,us1`, and for each name its own `DATABASE_URL_EU2`: further databases that companies can live in.
    pub databases: BTreeMap<String, String>,
    /// `REDIS_URL`.
    pub redis_url: String,
    /// `NATS_URL`.
    pub nats_url: String,
    /// `FRONTDESK_LISTEN`: the address served, default `127.0.0.1:7400`.
    pub listen: SocketAddr,
    /// `FRONTDESK_METRICS_LISTEN`: a second address, never for the public, that serves `/metrics` and `/operator`; none when absent.
    pub metrics_listen: Option<SocketAddr>,
    /// `FRONTDESK_PUBLIC_URL`: how browsers reach us, without a trailing slash.
    pub public_url: String,
    /// `FRONTDESK_MAIL_URL`: `smtp://user:pass@host:port`, `smtps://…`, or `outbox:/a/folder` (mail is kept as files and shown at `/dev/outbox`).
    pub mail_url: String,
    /// `FRONTDESK_MAIL_FROM`: the sender of our mail.
    pub mail_from: String,
    /// `FRONTDESK_SECRET`: at least 32 characters; keys of all token kinds are derived from it.
    pub secret: String,
    /// `FRONTDESK_PREVIOUS_SECRETS`: secrets that were `FRONTDESK_SECRET` before, or will be next, separated by commas; tokens that
    /// were signed with them count, and what was sealed with them can be opened.
    pub previous_secrets: Vec<String>,
    /// `FRONTDESK_PRIVATE_OUTBOUND=allow`: addresses that customers write, such as a company's sign-in provider, may lead into our own
    /// network and be without TLS. Only for installations that serve nobody else.
    pub private_outbound: bool,
    /// `FRONTDESK_LOG=json` for machine-readable logs.
    pub log_json: bool,
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`: the collector that traces go to, like `http://127.0.0.1:4318`; none when absent.
    pub collector: Option<String>,
    /// `FRONTDESK_DB_CONNECTIONS`: pool size of one process, default 16.
    pub database_connections: u32,
    /// `FRONTDESK_DB_LANES`: connections that only write messages, beside the pool, default 4.
    pub database_lanes: u32,
    /// `FRONTDESK_DB_MIXED_BATCHES=off`: never write messages of several companies in one transaction. For databases that keep
    /// companies on different nodes.
    pub mixed_batches: bool,
    /// `FRONTDESK_DB_BATCH`: how many messages of one company one transaction carries at most, default 64, which is also the most.
    pub database_batch: u32,
    /// `FRONTDESK_VISITOR_RATE`: how many messages one visitor may send in ten seconds, default 30.
    pub visitor_rate: u32,
    /// `FRONTDESK_ADDRESS_RATE`: how many new visitors a minute may come to one company from one address, default 600.
    pub address_rate: u32,
    /// `FRONTDESK_TRUSTED_PROXIES`: how many proxies of one's own stand before the server and add to `X-Forwarded-For`, default 0:
    /// then that header is not looked at.
    pub trusted_proxies: usize,
    /// `FRONTDESK_DB_SHARE`: which part of the pool one company may use at once, in percent, default 25; 100 for all of it.
    pub database_share: u32,
    /// `FRONTDESK_BLOBS`: where files are kept, `file:/a/folder` or `s3://bucket/prefix`; default a folder `frontdesk-files` beside
    /// where the server was started. For a bucket also `FRONTDESK_S3_ENDPOINT`, `…_REGION`, `…_KEY_ID` and `…_SECRET`.
    pub blobs: BlobSettings,
    /// `FRONTDESK_DRAIN_SECONDS`: how long a server that was told to go still takes requests while `/readyz` already says
    /// no, so that whoever balances the load notices first; default 3.
    pub drain_seconds: u32,
    /// `FRONTDESK_STRIPE_KEY`: the secret key of a Stripe account; nothing is charged when absent.
    pub stripe_key: Option<String>,
    /// `FRONTDESK_STRIPE_URL`: another address than Stripe's own.
    pub stripe_url: Option<String>,
    /// `FRONTDESK_STRIPE_WEBHOOK_SECRETS`: what Stripe signs its events with; several, separated by commas, while one is exchanged.
    pub stripe_webhook_secrets: Vec<String>,
    /// `FRONTDESK_MODE=private`: the installation is one company's own. Nobody signs up but its first owner, by a link that the server
    /// prints, and everything is free.
    pub private: bool,
    /// `FRONTDESK_SPARE_SCHEMAS`: how many migrated schemas wait for the next signup, default 8.
    pub spare_schemas: u32,
}

/// `FRONTDESK_FAILPOINT`: where a program that was built for tests lets itself die, as `place` or `place:passage`.
#[cfg(debug_assertions)]
pub fn failpoint() -> Option<(String, u32)> {
    let text = std::env::var("FRONTDESK_FAILPOINT").ok().filter(|text| !text.is_empty())?;
    let (place, passage) = text.split_once(':').unwrap_or((text.as_str(), "1"));
    Some((place.to_owned(), passage.parse().ok()?))
}

/// `FRONTDESK_CLOCK_MOVED`: by how many microseconds the clock of a program that was built for tests is another one than the machine's.
#[cfg(debug_assertions)]
pub fn clock_moved() -> Option<chrono::TimeDelta> {
    std::env::var("FRONTDESK_CLOCK_MOVED").ok()?.parse().ok().map(chrono::TimeDelta::microseconds)
}

/// What is missing or unusable, all at once.
#[derive(Debug, thiserror::Error)]
#[error("the settings cannot be used:\n{}", .0.join("\n"))]
pub struct BadSettings(Vec<String>);

impl Settings {
    /// Reads the process's environment.
    pub fn from_env() -> Result<Self, BadSettings> {
        Self::read(&|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// The variable that holds the address of a further database.
    pub fn database_variable(name: &str) -> String {
        format!("DATABASE_URL_{}", name.to_uppercase())
    }

    /// Reads from any source of named values.
    pub fn read(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, BadSettings> {
        let mut bad = Vec::new();
        let mut wrong = Vec::new();
        let mut need = |name: &str, what: &str| {
            get(name).unwrap_or_else(|| {
                bad.push(format!("- {name} is not set: {what}"));
                String::new()
            })
        };
        let database_url =
            need("DATABASE_URL", "the address of Postgres, like postgres://frontdesk@127.0.0.1/frontdesk");
        let mut databases = BTreeMap::new();
        for name in get("FRONTDESK_DATABASES").iter().flat_map(|names| names.split(',')).map(str::trim) {
            let variable = Self::database_variable(name);
            let good = name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.len() <= 31
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if !good {
                wrong.push(format!("- FRONTDESK_DATABASES holds {name}: names are lower-case letters, digits and _"));
            } else if let Some(url) = get(&variable) {
                databases.insert(name.to_owned(), url);
            } else {
                wrong.push(format!("- {variable} is not set: the address of the database {name}"));
            }
        }
        let redis_url = need("REDIS_URL", "the address of Redis, like redis://127.0.0.1:6379");
        let nats_url = need("NATS_URL", "the address of NATS, like nats://127.0.0.1:4222");
        let secret =
            need("FRONTDESK_SECRET", "at least 32 random characters, like the output of `openssl rand -hex 32`");
        bad.append(&mut wrong);
        let previous_secrets = list(get, "FRONTDESK_PREVIOUS_SECRETS");
        let stripe_key = get("FRONTDESK_STRIPE_KEY");
        let stripe_webhook_secrets: Vec<String> = get("FRONTDESK_STRIPE_WEBHOOK_SECRETS")
            .map(|secrets| secrets.split(',').map(|secret| secret.trim().to_owned()).collect())
            .unwrap_or_default();
        let blobs = BlobSettings {
            place: get("FRONTDESK_BLOBS").unwrap_or_else(|| "file:frontdesk-files".into()),
            endpoint: get("FRONTDESK_S3_ENDPOINT"),
            region: get("FRONTDESK_S3_REGION"),
            key_id: get("FRONTDESK_S3_KEY_ID"),
            secret: get("FRONTDESK_S3_SECRET"),
        };
        bad.extend(faults_of_own_secrets(&secret, &previous_secrets));
        bad.extend(faults_of_stripe(stripe_key.as_deref(), &stripe_webhook_secrets));
        bad.extend(faults_of_bucket(&blobs));
        let listen = get("FRONTDESK_LISTEN").unwrap_or_else(|| "127.0.0.1:7400".into());
        let listen = listen.parse().unwrap_or_else(|_| {
            bad.push(format!("- FRONTDESK_LISTEN is not an address with a port: {listen}"));
            SocketAddr::from(([127, 0, 0, 1], 7400))
        });
        let metrics_listen = get("FRONTDESK_METRICS_LISTEN").and_then(|text| match text.parse() {
            Ok(address) => Some(address),
            Err(_) => {
                bad.push(format!("- FRONTDESK_METRICS_LISTEN is not an address with a port: {text}"));
                None
            }
        });
        let number = |name: &str, default: u32| get(name).and_then(|value| value.parse().ok()).unwrap_or(default);
        let public_url = get("FRONTDESK_PUBLIC_URL").unwrap_or_else(|| format!("http://{listen}"));
        let settings = Self {
            database_url,
            databases,
            redis_url,
            nats_url,
            listen,
            metrics_listen,
            public_url: public_url.trim_end_matches('/').to_owned(),
            mail_url: get("FRONTDESK_MAIL_URL").unwrap_or_else(|| "smtp://127.0.0.1:25".into()),
            mail_from: get("FRONTDESK_MAIL_FROM").unwrap_or_else(|| "Frontdesk <no-reply@localhost>".into()),
            secret,
            previous_secrets,
            private_outbound: get("FRONTDESK_PRIVATE_OUTBOUND").as_deref() == Some("allow"),
            log_json: get("FRONTDESK_LOG").as_deref() == Some("json"),
            collector: get("OTEL_EXPORTER_OTLP_ENDPOINT"),
            database_connections: number("FRONTDESK_DB_CONNECTIONS", 16).clamp(2, 500),
            database_lanes: number("FRONTDESK_DB_LANES", 8).clamp(1, 32),
            mixed_batches: get("FRONTDESK_DB_MIXED_BATCHES").as_deref() != Some("off"),
            database_batch: number("FRONTDESK_DB_BATCH", 64).clamp(1, 64),
            visitor_rate: number("FRONTDESK_VISITOR_RATE", 30).max(1),
            address_rate: number("FRONTDESK_ADDRESS_RATE", 600).max(1),
            trusted_proxies: usize::try_from(number("FRONTDESK_TRUSTED_PROXIES", 0).min(8)).unwrap_or(0),
            database_share: number("FRONTDESK_DB_SHARE", 25).clamp(1, 100),
            blobs,
            drain_seconds: number("FRONTDESK_DRAIN_SECONDS", 3).min(10),
            stripe_key,
            stripe_url: get("FRONTDESK_STRIPE_URL"),
            stripe_webhook_secrets,
            private: get("FRONTDESK_MODE").as_deref() == Some("private"),
            spare_schemas: number("FRONTDESK_SPARE_SCHEMAS", 8).clamp(1, 200),
        };
        if bad.is_empty() { Ok(settings) } else { Err(BadSettings(bad)) }
    }
}

/// What stands there separated by commas.
fn list(get: &dyn Fn(&str) -> Option<String>, name: &str) -> Vec<String> {
    let all = get(name).unwrap_or_default();
    all.split(',').map(str::trim).filter(|one| !one.is_empty()).map(ToOwned::to_owned).collect()
}

/// A secret that counts beside the present one opens as much as that, however old it is.
fn faults_of_own_secrets(secret: &str, previous: &[String]) -> Vec<String> {
    let present = Some(secret).filter(|secret| !secret.is_empty()).map(|secret| ("FRONTDESK_SECRET is", secret));
    let previous = previous.iter().map(|secret| ("FRONTDESK_PREVIOUS_SECRETS holds one that is", secret.as_str()));
    let weak = present.into_iter().chain(previous).filter_map(|(what, secret)| {
        if secret.len() < SHORTEST_SECRET {
            Some(format!("- {what} shorter than {SHORTEST_SECRET} characters"))
        } else if is_guessable(secret) {
            Some(format!("- {what} such that it could be guessed: take the output of `openssl rand -hex 32`"))
        } else {
            None
        }
    });
    weak.collect()
}

fn faults_of_stripe(key: Option<&str>, webhook_secrets: &[String]) -> Vec<String> {
    let mut bad = Vec::new();
    if key.is_some() && webhook_secrets.is_empty() {
        bad.push("- FRONTDESK_STRIPE_WEBHOOK_SECRETS is not set: without it anybody could say who has paid".into());
    }
    if webhook_secrets.iter().any(|secret| secret.len() < SHORTEST_WEBHOOK_SECRET) {
        bad.push("- FRONTDESK_STRIPE_WEBHOOK_SECRETS holds an empty or very short secret".into());
    } else if webhook_secrets.iter().any(|secret| is_guessable(secret)) {
        bad.push(
            "- FRONTDESK_STRIPE_WEBHOOK_SECRETS holds one that could be guessed: take the one that Stripe shows".into(),
        );
    }
    if key.is_some_and(|key| !key.contains("_test_") && !key.contains("_live_")) {
        bad.push("- FRONTDESK_STRIPE_KEY is not a secret key like sk_test_… or sk_live_…".into());
    }
    bad
}

fn faults_of_bucket(blobs: &BlobSettings) -> Option<String> {
    if !blobs.place.starts_with("s3:") {
        return None;
    }
    match (&blobs.key_id, &blobs.secret) {
        (Some(_), None) | (None, Some(_)) => {
            Some("- FRONTDESK_S3_KEY_ID and FRONTDESK_S3_SECRET belong together: one of them is not set".into())
        }
        (Some(_), Some(secret)) if secret.len() < SHORTEST_BUCKET_SECRET || is_guessable(secret) => {
            Some("- FRONTDESK_S3_SECRET is too short, or could be guessed".into())
        }
        (None, None) | (Some(_), Some(_)) => None,
    }
}

/// How long secrets are at least: our own, Stripe's, which come with more than thirty, and those of stores, some of which are content
/// with little.
const SHORTEST_SECRET: usize = 32;
const SHORTEST_WEBHOOK_SECRET: usize = 16;
const SHORTEST_BUCKET_SECRET: usize = 12;

/// Words of examples and defaults, which are the first that anybody tries.
const DEFAULTS: [&str; 10] = [
    "changeme",
    "change-me",
    "change_me",
    "your-secret",
    "your_secret",
    "yoursecret",
    "password",
    "123456789",
    "abcdefgh",
    "minioadmin",
];
/// Random characters, even of sixteen kinds, are hardly ever of fewer.
const FEWEST_CHARACTERS: usize = 8;

/// Whether it is an example's, or made of next to nothing.
fn is_guessable(secret: &str) -> bool {
    let folded = secret.to_lowercase();
    let kinds: std::collections::BTreeSet<char> = folded.chars().collect();
    kinds.len() < FEWEST_CHARACTERS || DEFAULTS.iter().any(|word| folded.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_missing_is_named_at_once() {
        let error = Settings::read(&|_| None).err().unwrap().to_string();
        for name in ["DATABASE_URL", "REDIS_URL", "NATS_URL", "FRONTDESK_SECRET"] {
            assert!(error.contains(name), "{name} is not named in: {error}");
        }
    }

    const GOOD_SECRET: &str = "6f1ce0a7d3528b94e1c07f5a29d8463b";
    const GOOD_WEBHOOK_SECRETS: &str = "whsec_8f3k2m7qz5xw,whsec_r4t9b6n1c0ve";

    /// What is needed at least, with this secret and these further settings.
    fn read(secret: &str, more: &[(&str, &str)]) -> Result<Settings, String> {
        let get = |name: &str| {
            let value = match name {
                "FRONTDESK_SECRET" => secret,
                "DATABASE_URL" | "REDIS_URL" | "NATS_URL" => "some://where",
                _ => more.iter().find(|(other, _)| *other == name)?.1,
            };
            Some(value.to_owned()).filter(|value| !value.is_empty())
        };
        Settings::read(&get).map_err(|error| error.to_string())
    }

    #[test]
    fn nobody_may_say_who_has_paid_without_a_secret() {
        let complaint = |key: &str, secrets: &str| {
            read(GOOD_SECRET, &[("FRONTDESK_STRIPE_KEY", key), ("FRONTDESK_STRIPE_WEBHOOK_SECRETS", secrets)]).err()
        };
        assert_eq!(complaint("sk_test_1", GOOD_WEBHOOK_SECRETS), None);
        assert!(complaint("sk_test_1", "").unwrap().contains("FRONTDESK_STRIPE_WEBHOOK_SECRETS"));
        assert!(complaint("sk_test_1", "whsec_12345").unwrap().contains("very short"));
        assert!(complaint("sk_test_1", "whsec_changeme_please").unwrap().contains("could be guessed"));
        assert!(complaint("sk_test_1", "whsec_8f3k2m7qz5xw,").unwrap().contains("empty"));
        assert!(complaint("pk_1", GOOD_WEBHOOK_SECRETS).unwrap().contains("FRONTDESK_STRIPE_KEY"));
    }

    #[test]
    fn a_further_database_is_known_by_a_name_and_its_own_setting() {
        let named =
            |names: &str| read(GOOD_SECRET, &[("FRONTDESK_DATABASES", names), ("DATABASE_URL_EU2", "some://where")]);
        assert_eq!(named("eu2").unwrap().databases["eu2"], "some://where");
        assert!(named("eu2, us1").err().unwrap().contains("DATABASE_URL_US1"));
        assert!(named("EU-2").err().unwrap().contains("lower-case"));
    }

    #[test]
    fn a_batch_holds_one_message_at_least_and_no_more_than_is_tried() {
        for (said, holds) in [("", 64), ("0", 1), ("1", 1), ("20", 20), ("1000", 64)] {
            assert_eq!(read(GOOD_SECRET, &[("FRONTDESK_DB_BATCH", said)]).unwrap().database_batch, holds, "{said}");
        }
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert!(read("short", &[]).err().unwrap().contains("shorter than 32"));
    }

    #[test]
    fn a_secret_of_an_example_is_refused() {
        for secret in [
            "changeme-changeme-changeme-changeme",
            "your-secret-of-at-least-32-characters",
            "0123456789abcdef0123456789abcdef",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "abababababababababababababababababab",
        ] {
            assert!(read(secret, &[]).err().unwrap().contains("could be guessed"), "{secret}");
        }
        assert!(read(GOOD_SECRET, &[]).is_ok());
    }

    #[test]
    fn a_secret_that_still_counts_is_held_to_the_same_measure() {
        let beside = |previous: &str| read(GOOD_SECRET, &[("FRONTDESK_PREVIOUS_SECRETS", previous)]);
        let two = "a90fd1c62be3874455aa0b1c7de2f936,c4d27e9013fb8a65d01e5c97b2a8f634";
        assert_eq!(beside(two).unwrap().previous_secrets.len(), 2);
        assert!(beside("a90fd1c62be3874455aa0b1c7de2f936,brief").err().unwrap().contains("holds one that is shorter"));
        let guessable = beside("changeme-changeme-changeme-changeme").err().unwrap();
        assert!(
            guessable.contains("FRONTDESK_PREVIOUS_SECRETS") && guessable.contains("could be guessed"),
            "{guessable}"
        );
    }

    #[test]
    fn a_bucket_is_signed_for_with_both_halves_of_a_key_and_no_default() {
        let key = |id: &str, secret: &str| {
            let keys = [("FRONTDESK_S3_KEY_ID", id), ("FRONTDESK_S3_SECRET", secret)];
            read(GOOD_SECRET, &[("FRONTDESK_BLOBS", "s3://files/here"), keys[0], keys[1]]).err()
        };
        assert_eq!(key("", ""), None);
        assert_eq!(key("ours", "8f3k2m7qz5xw"), None);
        for (id, secret) in [("ours", ""), ("", "8f3k2m7qz5xw")] {
            assert!(key(id, secret).unwrap().contains("belong together"));
        }
        for secret in ["8f3k2m7", "minioadmin-minioadmin"] {
            assert!(key("ours", secret).unwrap().contains("FRONTDESK_S3_SECRET"));
        }
    }
}
