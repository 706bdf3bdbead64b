//! Companies, made by the door everybody uses.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use serde::Deserialize;

use crate::canary::{Guard, Leaks, Word};
use crate::chance::Chance;
use crate::http::{Http, Reply, insist};
use crate::outcome::{Doing as _, Outcome};

/// Everybody's password.
const PASSWORD: &str = "a good long password";
/// Hashing a password costs a core for a while: more at once would only queue.
const AT_ONCE: usize = 3;

/// How a person comes in.
#[derive(Debug, Clone)]
pub struct Login {
    /// Their agent's id.
    pub agent: String,
    /// The access token.
    pub token: String,
    /// The refresh cookie, as `name=value`.
    pub cookie: String,
    /// When the token was given.
    pub since: Instant,
}

/// A company.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// Its place on the stage.
    pub number: u32,
    /// Its id, `acct_…`.
    pub id: String,
    /// What the script tag holds.
    pub key: String,
    /// Looks at what its people receive.
    pub guard: Guard,
    /// Its owner, or whoever of its people is seen through these eyes.
    pub owner: Login,
    /// How long the signup took.
    pub took: Duration,
}

#[derive(Deserialize)]
struct Session {
    access_token: String,
    me: Me,
}

#[derive(Deserialize)]
struct Me {
    account: Named,
    agent: Named,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct Inboxes {
    data: Vec<Inbox>,
}

#[derive(Deserialize)]
struct Inbox {
    key: String,
}

/// The refresh cookie that an answer sets.
pub(crate) fn cookie(reply: &Reply) -> Option<String> {
    let set = reply.head.lines().filter_map(|line| line.split_once(':'));
    let mut set = set.filter(|(name, value)| name.eq_ignore_ascii_case("set-cookie") && value.contains("fd_refresh="));
    set.find_map(|(_, value)| value.trim().split(';').next().map(ToOwned::to_owned))
}

/// Reads an answer that signs somebody in.
pub(crate) fn signed_in(reply: &Reply) -> Outcome<(Login, String)> {
    let session: Session = reply.read()?;
    let cookie = cookie(reply).doing(|| "find the refresh cookie".to_owned())?;
    let (agent, token) = (session.me.agent.id, session.access_token);
    Ok((Login { agent, token, cookie, since: Instant::now() }, session.me.account.id))
}

/// Signs companies up, numbered from `first` on.
pub async fn sign_up(
    server: SocketAddr,
    chance: &Chance,
    leaks: &Arc<Leaks>,
    first: u32,
    count: u32,
) -> Outcome<Vec<Tenant>> {
    sign_up_together(server, chance, leaks, first..first + count, AT_ONCE).await
}

/// The same, all in one moment.
pub async fn sign_up_at_once(
    server: SocketAddr,
    chance: &Chance,
    leaks: &Arc<Leaks>,
    first: u32,
    count: u32,
) -> Outcome<Vec<Tenant>> {
    sign_up_together(server, chance, leaks, first..first + count, count as usize).await
}

async fn sign_up_together(
    server: SocketAddr,
    chance: &Chance,
    leaks: &Arc<Leaks>,
    numbers: std::ops::Range<u32>,
    at_once: usize,
) -> Outcome<Vec<Tenant>> {
    let words: Vec<(u32, Word)> = numbers.map(|number| (number, Word::hatch(chance))).collect();
    let made = futures::stream::iter(words).map(|(number, word)| one(server, number, word, leaks));
    let made: Vec<Outcome<Tenant>> = made.buffered(at_once).collect().await;
    made.into_iter().collect()
}

/// Lets somebody in who has the password that everybody has, and gives the company as they see it.
pub async fn sign_in(server: SocketAddr, from: u32, tenant: &Tenant, email: &str) -> Outcome<Tenant> {
    let ask = format!(r#"{{"email":"{email}","password":"{PASSWORD}"}}"#);
    let mut http = Http::new(address_of(from), server, Some(tenant.guard.clone()));
    let reply = insist(&mut http, "POST", "/v1/auth/login", &ask, Duration::from_mins(1)).await?;
    let (owner, _) = signed_in(&reply).doing(|| format!("sign {email} in"))?;
    Ok(Tenant { owner, ..tenant.clone() })
}

async fn one(server: SocketAddr, number: u32, word: Word, leaks: &Arc<Leaks>) -> Outcome<Tenant> {
    let guard = Guard::new(&word, leaks);
    let word = word.as_str();
    let from = address_of(number);
    let began = Instant::now();
    let ask = format!(
        r#"{{"company":"Load {word}","email":"owner-{word}@mail.test","password":"{PASSWORD}","name":"Olive {word}","locale":"en"}}"#
    );
    let mut http = Http::new(from, server, Some(guard.clone()));
    let reply = insist(&mut http, "POST", "/v1/signup", &ask, Duration::from_mins(3)).await?;
    let took = began.elapsed();
    let (owner, id) = signed_in(&reply).doing(|| "sign a company up".to_owned())?;
    let mut http = http.with_token(&owner.token);
    // What is measured is not the smallest plan's limit.
    let plan = r#"{"plan":"scale","interval":"month","currency":"usd","seats":1000}"#;
    insist(&mut http, "POST", "/v1/billing/checkout", plan, Duration::from_secs(30)).await?;
    let inboxes: Inboxes = insist(&mut http, "GET", "/v1/inboxes", "", Duration::from_secs(30)).await?.read()?;
    let inbox = inboxes.data.into_iter().next().doing(|| "find the first inbox".to_owned())?;
    Ok(Tenant { number, id, key: inbox.key, guard, owner, took })
}

/// Loopback has sixteen million addresses: each actor speaks from one of its own, as on the real net.
pub fn address_of(number: u32) -> IpAddr {
    let [_, a, b, c] = number.wrapping_add(256).to_be_bytes();
    // 127.0.0.x is the servers'.
    IpAddr::from([127, a.wrapping_add(1), b, c.max(1)])
}
