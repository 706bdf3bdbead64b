//! How much more it costs when there are thousands of companies: a signup, a request, a backend's memory, a migration, at 10, 500
//! and 2,000 in one run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use futures::StreamExt as _;
use hdrhistogram::Histogram;
use load::chance::Chance;
use load::http::{Http, insist};
use load::report::{Report, Target};
use load::scene::Scene;
use load::stage::{Services, Tenant, address_of, own_memory, sign_up_at_once, workspace};
use load::tally::{Count, Times, millis};
use load::{Doing as _, Failed, Outcome, ids};
use serde::Deserialize;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::{Stretch, now};
use crate::Common;

/// Options of `tenants`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// How many companies, from few to many
    #[arg(long, value_delimiter = ',')]
    sizes: Option<Vec<u32>>,
}

/// Signups that are timed one after the other at each size.
const SIGNUPS: u32 = 20;
/// Signups that come all at once in the end.
const BURST: u32 = 100;
/// People who ask at the same time, each after a short pause.
const PEOPLE: u32 = 6;
const PAUSE: Duration = Duration::from_millis(15);
/// Schemas made at the same time.
const MAKERS: usize = 3;

/// A company's owner and one of its visitors.
#[derive(Clone)]
struct Door {
    tenant: Tenant,
    visitor: String,
}

#[derive(Deserialize)]
struct Session {
    token: String,
}

/// What one size came to.
struct Size {
    companies: u32,
    signup_p95: f64,
    read: Histogram<u64>,
    write: Histogram<u64>,
    backends: Backends,
}

/// What backends of the servers hold for themselves, in MiB.
#[derive(Debug, Clone, Copy, Default)]
struct Backends {
    largest: f64,
    all: f64,
    count: usize,
}

/// Plays it.
pub(crate) async fn play(options: &Options, scene: &mut Scene, report: &mut Report) -> Outcome<()> {
    let common = &options.common;
    let sizes = common.size(options.sizes.clone(), vec![10, 500, 2_000], vec![5, 20, 60]);
    let (warm, long) = (common.seconds(20, 3), common.seconds(15, 3));
    let most = sizes.last().copied().unwrap_or_default();
    let said = Arc::new(Count::default());
    let mut doors: Vec<Door> = Vec::new();
    let mut measured = Vec::new();
    for companies in sizes {
        let there = u32::try_from(doors.len()).unwrap_or_default();
        let spares = companies.saturating_sub(there + SIGNUPS);
        // The last wave is as large as the whole, so that the figure is one of so many companies.
        let wave = if companies == most { most } else { spares };
        if spares > 20 {
            now(&format!("{wave} schemas are made as an old version left them"));
            old_schemas(&scene.services, &scene.play.chance, wave).await?;
            now("and are brought up to date");
            let took = scene.fleet.run(&["migrate", "--parallel", "4"]).await?.as_secs_f64();
            if companies == most {
                report.figure(&format!("tenants.migrate_{most}_s"), took, "s", Target::AtMost(600.0));
            }
        }
        now(&format!("companies sign up until there are {companies}"));
        scene.companies(companies.saturating_sub(SIGNUPS).max(there)).await?;
        let mut signups = Vec::new();
        for number in scene.tenants.len()..companies as usize {
            scene.companies(u32::try_from(number + 1).unwrap_or(u32::MAX)).await?;
            signups.extend(scene.tenants.last().map(|tenant| tenant.took.as_secs_f64() * 1000.0));
        }
        let fresh = scene.tenants.get(doors.len()..).unwrap_or_default();
        doors.extend(open(scene, fresh).await?);
        now("people ask for a while, and are then measured");
        ask(scene, &doors, warm, &said).await?;
        let (read, write) = ask(scene, &doors, long, &said).await?;
        let backends = backends(&scene.services).await?;
        signups.sort_by(f64::total_cmp);
        let at = (signups.len() * 95).div_ceil(100).saturating_sub(1);
        measured.push(Size {
            companies,
            signup_p95: signups.get(at).copied().unwrap_or_default(),
            read,
            write,
            backends,
        });
    }
    figures(&measured, report);
    now("everybody is silent");
    let stretch = Stretch::begin(scene)?;
    tokio::time::sleep(common.seconds(20, 5)).await;
    let spent = stretch.end(scene)?;
    report.figure("tenants.silent_server_core_percent", spent.server / spent.seconds * 100.0, "%", Target::None);
    report.figure("tenants.silent_postgres_core_percent", spent.postgres / spent.seconds * 100.0, "%", Target::None);
    burst(scene, report).await?;
    let stored = stored(&scene.services).await?;
    let lost = i64::try_from(said.now()).unwrap_or(i64::MAX) - stored;
    report.figure("tenants.requests_lost", lost.unsigned_abs() as f64, "", Target::AtMost(0.0));
    Ok(())
}

fn figures(measured: &[Size], report: &mut Report) {
    let (Some(few), Some(many)) = (measured.first(), measured.last()) else { return };
    for size in measured {
        let n = size.companies;
        report.figure(&format!("tenants.signup_p95_ms_{n}"), size.signup_p95, "ms", Target::None);
        report.times(&format!("tenants.read_{n}"), &size.read, Target::None, Target::None);
        report.times(&format!("tenants.write_{n}"), &size.write, Target::None, Target::None);
        report.figure(&format!("tenants.backend_mb_{n}"), size.backends.largest, "MiB", Target::None);
        report.figure(&format!("tenants.backends_mb_{n}"), size.backends.all, "MiB", Target::None);
        report.figure(&format!("tenants.backends_{n}"), size.backends.count as f64, "", Target::None);
    }
    let n = many.companies;
    report.figure("tenants.signup_p95_ms", many.signup_p95, "ms", Target::AtMost(3_000.0));
    report.figure(&format!("tenants.signup_ratio_{n}"), many.signup_p95 / few.signup_p95, "", Target::AtMost(1.3));
    let ratio = |of: fn(&Size) -> &Histogram<u64>| millis(of(many), 0.5) / millis(of(few), 0.5);
    let (read, write) = (ratio(|size| &size.read), ratio(|size| &size.write));
    report.figure(&format!("tenants.read_ratio_{n}"), read, "", Target::None);
    report.figure(&format!("tenants.write_ratio_{n}"), write, "", Target::None);
    report.figure(&format!("tenants.latency_ratio_{n}"), read.max(write), "", Target::AtMost(1.3));
    report.figure("tenants.backend_mb_most", many.backends.largest, "MiB", Target::AtMost(128.0));
}

/// Spare schemas as the first version of the product left them, for a migration to bring up to date and signups to take.
async fn old_schemas(services: &Services, chance: &Chance, count: u32) -> Outcome<()> {
    let path = workspace().join("tenant/migrations/tenant/0001_base.sql");
    let first = std::fs::read_to_string(&path).doing(|| format!("read {}", path.display()))?;
    let names: Vec<String> = (0..count).map(|_| format!("t_{}", ids::encode(chance.wide()))).collect();
    let share = names.len().div_ceil(MAKERS).max(1);
    let made = names.chunks(share).map(|names| make(services, names, &first));
    let made: Vec<Outcome<()>> = futures::stream::iter(made).buffer_unordered(MAKERS).collect().await;
    made.into_iter().collect()
}

async fn make(services: &Services, names: &[String], first: &str) -> Outcome<()> {
    let url = &services.addresses.database_url;
    let mut login = PgConnection::connect(url).await.doing(|| "reach Postgres as the product does".to_owned())?;
    for name in names {
        let sql = format!(
            "begin; create role {name} nologin noinherit; grant {name} to current_user; create schema {name} authorization {name}; \
             insert into shared.spare_schema values ('{name}', now()); insert into shared.schema_level values ('{name}', 1, now()); \
             set local role {name}; set local search_path = {name}, pg_catalog; {first}; insert into migration values (1, now()); commit"
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut login).await.doing(|| format!("make {name}"))?;
    }
    login.close().await.doing(|| "close a connection".to_owned())
}

/// A visitor comes to each of these.
async fn open(scene: &Scene, tenants: &[Tenant]) -> Outcome<Vec<Door>> {
    let server = scene.play.target()?;
    let visits = tenants.iter().map(|tenant| async move {
        let mut http = Http::new(address_of(tenant.number), server, Some(tenant.guard.clone()));
        let ask = format!(r#"{{"key":"{}"}}"#, tenant.key);
        let reply = insist(&mut http, "POST", "/v1/widget/session", &ask, Duration::from_secs(30)).await?;
        let session: Session = reply.read()?;
        Ok(Door { tenant: tenant.clone(), visitor: session.token })
    });
    let came: Vec<Outcome<Door>> = futures::stream::iter(visits).buffered(6).collect().await;
    came.into_iter().collect()
}

/// People of companies drawn at random read a list and write a message, in turns.
async fn ask(
    scene: &Scene,
    doors: &[Door],
    long: Duration,
    said: &Arc<Count>,
) -> Outcome<(Histogram<u64>, Histogram<u64>)> {
    let server = scene.play.target()?;
    let (read, write) = (Times::default(), Times::default());
    let people = (0..PEOPLE).map(|person| {
        let (read, write) = (&read, &write);
        let chance = scene.play.chance.part(&format!("asking {person} {}", doors.len()));
        async move {
            let began = Instant::now();
            while began.elapsed() < long {
                let place = usize::try_from(chance.below(doors.len() as u64)).unwrap_or_default();
                let Door { tenant, visitor } = doors.get(place).doing(|| "find a company".to_owned())?;
                let from = address_of(tenant.number);
                let reads = chance.once_in(2);
                let (token, method, path) = if reads {
                    (&tenant.owner.token, "GET", "/v1/conversations")
                } else {
                    (visitor, "POST", "/v1/widget/messages")
                };
                let text = tenant.guard.word();
                let body = format!(r#"{{"client_message_id":"{}","text":"Hello {text}"}}"#, chance.uuid());
                let body = if reads { "" } else { &body };
                let mut http = Http::new(from, server, Some(tenant.guard.clone())).with_token(token);
                let asked = Instant::now();
                let reply = http.ask(method, path, body).await?;
                let took = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
                if !reply.is_ok() {
                    let text = String::from_utf8_lossy(&reply.body).into_owned();
                    return Err(Failed::because(format!("{method} {path} was answered {}: {text}", reply.status)));
                }
                if reads {
                    read.note(took);
                } else {
                    said.up();
                    write.note(took);
                }
                tokio::time::sleep(PAUSE).await;
            }
            Ok(())
        }
    });
    let outcomes: Vec<Outcome<()>> = futures::future::join_all(people).await;
    outcomes.into_iter().collect::<Outcome<()>>()?;
    Ok((read.take(), write.take()))
}

/// A crowd signs up in one moment.
async fn burst(scene: &mut Scene, report: &mut Report) -> Outcome<()> {
    now(&format!("{BURST} companies sign up at once"));
    let there = u32::try_from(scene.tenants.len()).unwrap_or_default();
    let chance = scene.play.chance.part("burst");
    let began = Instant::now();
    let made = sign_up_at_once(scene.play.target()?, &chance, &scene.play.leaks, there, BURST).await?;
    let all = began.elapsed().as_secs_f64();
    let mut took: Vec<f64> = made.iter().map(|tenant| tenant.took.as_secs_f64() * 1000.0).collect();
    took.sort_by(f64::total_cmp);
    let p95 = took.get(took.len() * 95 / 100).copied().unwrap_or_default();
    report.figure("tenants.burst_p95_ms", p95, "ms", Target::None);
    report.figure("tenants.burst_per_s", f64::from(BURST) / all, "/s", Target::None);
    scene.tenants.extend(made);
    Ok(())
}

/// What the servers' backends hold for themselves: shared buffers are everybody's.
async fn backends(services: &Services) -> Outcome<Backends> {
    let mut admin = services.admin().await?;
    let asked = sqlx::query_scalar(
        "select pid from pg_stat_activity where application_name like 'frontdesk%' and backend_type = 'client backend'",
    );
    let pids: Vec<i32> = asked.fetch_all(&mut admin).await.doing(|| "list backends".to_owned())?;
    let held = pids.iter().filter_map(|pid| u32::try_from(*pid).ok()).map(own_memory);
    let held: Vec<f64> = held.map(|bytes| bytes as f64 / 1_048_576.0).collect();
    Ok(Backends { largest: held.iter().copied().fold(0.0, f64::max), all: held.iter().sum(), count: held.len() })
}

/// How many messages of visitors are stored in all companies.
async fn stored(services: &Services) -> Outcome<i64> {
    let mut admin = services.admin().await?;
    let schemas: Vec<String> = sqlx::query_scalar("select schema_name from shared.account")
        .fetch_all(&mut admin)
        .await
        .doing(|| "list companies".to_owned())?;
    let mut all = 0;
    for schema in schemas {
        let sql = format!("select count(*) from {schema}.message where message_type = 'incoming'");
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut admin)
            .await
            .doing(|| format!("count messages of {schema}"))?;
        all += count;
    }
    Ok(all)
}
