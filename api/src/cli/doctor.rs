//! `frontdesk doctor`: looks at everything this server stands on, and says what to do.

use std::time::Duration;

use futures::StreamExt as _;
use infra::Clock;
use infra::cache::redis;
use infra::config::Settings;
use serde::Serialize;
use tenant::doctor::{self, Finding, Look, Severity};

use super::Outcome;
use super::company;
use crate::App;

/// How long the bus may take.
const BUS_WITHIN: Duration = Duration::from_secs(3);
/// How long an echo may take that should never come.
const ECHO_WITHIN: Duration = Duration::from_millis(300);
/// A subject that no part of the product uses.
const OUTSIDE: &str = "doctor.outside";

/// What is printed for machines.
#[derive(Serialize)]
struct Report {
    healthy: bool,
    findings: Vec<Finding>,
}

/// Looks, and prints what it saw. Fails when something does not work or a fence has a hole; warnings do not fail.
pub(super) async fn run(settings: &Settings, json: bool) -> Outcome {
    let app = company::open_to_look(settings).await?;
    let mut findings = doctor::examine(&app.world, &Clock::system()).await;
    cache(&app, settings, &mut findings).await;
    bus(&app, &mut findings).await;
    let healthy = findings.iter().all(|finding| finding.severity < Severity::Failure);
    if json {
        company::print(&Report { healthy, findings })?;
    } else {
        findings.iter().for_each(say);
    }
    if healthy { Ok(()) } else { Err("not everything is as it should be".into()) }
}

fn say(finding: &Finding) {
    let mark = match finding.severity {
        Severity::Ok => "ok  ",
        Severity::Warning => "warn",
        Severity::Failure => "FAIL",
    };
    println!("{mark} {}", finding.what);
    if let (Some(seen), Some(advice)) = (&finding.seen, finding.advice) {
        println!("     {}: {seen}", finding.code);
        println!("     {advice}");
    }
}

async fn cache(app: &App, settings: &Settings, findings: &mut Vec<Finding>) {
    let away = Look {
        code: "cache_away",
        what: "Redis answers",
        otherwise: Severity::Failure,
        advice: "check REDIS_URL; without Redis presence is known per process only",
    };
    let info = app.world.cache.ask::<(String,)>(redis::pipe().cmd("INFO").arg("server")).await;
    let (version, gone) = match info {
        Ok((text,)) => (version_of(&text, "redis_version:"), None),
        Err(error) => (None, Some(error.to_string())),
    };
    findings.push(away.saw(gone));
    let old = Look {
        code: "cache_old",
        what: "Redis is 6.2 or newer",
        otherwise: Severity::Failure,
        advice: "upgrade Redis",
    };
    findings.push(
        old.saw(version.filter(|version| *version < (6, 2)).map(|(major, minor)| format!("it is {major}.{minor}"))),
    );
    let open = Look {
        code: "cache_open",
        what: "Redis asks for a password",
        otherwise: Severity::Warning,
        advice: "set requirepass or an ACL in Redis, and put the password into REDIS_URL",
    };
    findings.push(open.saw(has_no_password(&settings.redis_url).then(|| "it answers without one".to_owned())));
}

async fn bus(app: &App, findings: &mut Vec<Finding>) {
    let client = &app.routing.bus;
    let away = Look {
        code: "bus_away",
        what: "NATS answers",
        otherwise: Severity::Failure,
        advice: "check NATS_URL; without NATS messages reach other servers only by the sweep",
    };
    let there = matches!(tokio::time::timeout(BUS_WITHIN, client.flush()).await, Ok(Ok(())));
    let info = client.server_info();
    // What was flushed into a client that is still connecting says nothing.
    let there = there && !info.version.is_empty();
    findings.push(away.saw((!there).then(|| "no answer".to_owned())));
    if !there {
        return;
    }
    let old = Look {
        code: "bus_old",
        what: "NATS is 2.9 or newer",
        otherwise: Severity::Failure,
        advice: "upgrade nats-server",
    };
    let version = version_of(&info.version, "");
    findings.push(old.saw(version.filter(|version| *version < (2, 9)).map(|_| format!("it is {}", info.version))));
    let open = Look {
        code: "bus_open",
        what: "NATS asks who is there",
        otherwise: Severity::Warning,
        advice: "give nats-server an authorization block (docs/OPERATIONS.md), and put the user into NATS_URL",
    };
    findings.push(open.saw((!info.auth_required).then(|| "it lets in everybody".to_owned())));
    let wide = Look {
        code: "bus_subjects_open",
        what: "NATS lets this login speak on the product's subjects only",
        otherwise: Severity::Warning,
        advice: "allow publish and subscribe on t.> and fd.> only (docs/OPERATIONS.md)",
    };
    findings.push(wide.saw(hears_itself(app).await.then(|| format!("it could speak and hear on {OUTSIDE}"))));
}

/// Whether a word on a subject that is none of ours comes back.
async fn hears_itself(app: &App) -> bool {
    let client = &app.routing.bus;
    let Ok(mut heard) = client.subscribe(OUTSIDE).await else { return false };
    if client.publish(OUTSIDE, "x".into()).await.is_err() || client.flush().await.is_err() {
        return false;
    }
    matches!(tokio::time::timeout(ECHO_WITHIN, heard.next()).await, Ok(Some(_)))
}

/// The first two numbers after a word.
fn version_of(text: &str, after: &str) -> Option<(u32, u32)> {
    let (_, rest) = text.split_once(after).unwrap_or(("", text));
    let mut numbers = rest.split(|letter: char| !letter.is_ascii_digit()).map(str::parse::<u32>);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn has_no_password(url: &str) -> bool {
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let word = authority.rsplit_once('@').and_then(|(who, _)| who.split_once(':')).map(|(_, word)| word);
    word.is_none_or(str::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_where_they_stand() {
        assert_eq!(version_of("# Server\r\nredis_version:7.0.15\r\n", "redis_version:"), Some((7, 0)));
        assert_eq!(version_of("2.9.10", ""), Some((2, 9)));
        assert_eq!(version_of("", ""), None);
    }

    #[test]
    fn an_address_without_a_password_is_seen() {
        assert!(has_no_password("redis://127.0.0.1:6379") && has_no_password("redis://user@host/0"));
        assert!(!has_no_password("redis://:secret@host:6379") && !has_no_password("rediss://user:secret@host/0"));
    }
}
