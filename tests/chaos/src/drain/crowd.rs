//! The agents: each comes, stays for a while, pauses or loses the connection, goes, and comes again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use load::actors::{Client, Manner, Play, Shows};
use load::http::{Http, Reply, insist};
use load::stage::{Tenant, enlist, sign_in};
use load::{Doing as _, Outcome};
use tokio::time::sleep;
use uuid::Uuid;

use super::lines::Line;
use crate::admin::Admin;
use crate::dice::Dice;

/// How many conversations each takes.
const CAPACITY: u32 = 3;
/// Hashing a password costs a core for a while.
const SIGN_IN_AT_ONCE: usize = 3;
/// How long a request is tried again while everything breaks.
const PATIENCE: Duration = Duration::from_secs(20);
/// Where agents are asked first, one in so many never answers.
const NEVER_ANSWERS: usize = 5;

const fn span(from: u64, to: u64) -> std::ops::Range<Duration> {
    Duration::from_secs(from)..Duration::from_secs(to)
}

/// One of them.
pub(super) struct Member {
    play: Arc<Play>,
    tenant: Tenant,
    dice: Dice,
    /// Lets whatever they are asked about pass.
    pub(super) never_answers: bool,
    presence: Mutex<Presence>,
}

#[derive(Default)]
struct Presence {
    client: Option<Arc<Client>>,
    gone_since: Option<Instant>,
}

/// All of them.
pub(super) struct Crowd {
    members: HashMap<Uuid, Arc<Member>>,
    /// Their ids, as the API writes them.
    names: Vec<String>,
    comings: AtomicU64,
    stay: AtomicBool,
}

/// Speaks as somebody of a company.
pub(super) fn http(play: &Play, tenant: &Tenant) -> Outcome<Http> {
    let http = Http::new([127, 0, 0, 1].into(), play.target()?, Some(tenant.guard.clone()));
    Ok(http.with_token(&tenant.owner.token))
}

impl Crowd {
    /// Signs a line's agents in, who take nothing yet, from this address on.
    pub(super) async fn enlist(
        play: &Arc<Play>,
        admin: &Admin,
        line: &Line,
        seed: u64,
        first_address: u32,
    ) -> Outcome<Arc<Self>> {
        let company = line.company()?;
        let emails = enlist(&mut admin.connect().await?, company, line.agents, CAPACITY).await?;
        let coming = futures::stream::iter((first_address..).zip(emails).enumerate());
        let coming = coming.map(|(number, (from, email))| async move {
            let tenant = sign_in(play.target()?, from, company, &email).await?;
            let id = load::ids::decode(&tenant.owner.agent).doing(|| "read an agent's id".to_owned())?;
            let dice = Dice::new(seed, &email);
            let never_answers = number.is_multiple_of(NEVER_ANSWERS);
            let member = Member { play: Arc::clone(play), tenant, dice, never_answers, presence: Mutex::default() };
            Ok((id, Arc::new(member)))
        });
        let members: Vec<Outcome<_>> = coming.buffer_unordered(SIGN_IN_AT_ONCE).collect().await;
        let members: HashMap<Uuid, Arc<Member>> = members.into_iter().collect::<Outcome<_>>()?;
        let mut names: Vec<String> = members.values().map(|member| member.tenant.owner.agent.clone()).collect();
        names.sort_unstable();
        Ok(Arc::new(Self { members, names, comings: AtomicU64::new(0), stay: AtomicBool::new(false) }))
    }

    /// They begin to come and go.
    pub(super) fn begin(self: &Arc<Self>) {
        for member in self.members.values() {
            let (crowd, member) = (Arc::clone(self), Arc::clone(member));
            tokio::spawn(async move { crowd.live(&member).await });
        }
    }

    async fn live(&self, member: &Member) {
        let _chosen = member.choose("online").await;
        while !self.stay.load(Ordering::Relaxed) {
            if member.come().await.is_ok() {
                self.comings.fetch_add(1, Ordering::Relaxed);
            }
            for _ in 0..3 {
                sleep(member.dice.between(&span(5, 20))).await;
                if self.stay.load(Ordering::Relaxed) {
                    return;
                }
                match member.dice.bits() % 4 {
                    0 => member.cut(),
                    1 => {
                        let _paused = member.choose("busy").await;
                        sleep(member.dice.between(&span(2, 8))).await;
                        let _chosen = member.choose("online").await;
                    }
                    _ => {}
                }
            }
            member.go().await;
            let away = if member.dice.permille(600) { span(1, 8) } else { span(25, 45) };
            sleep(member.dice.between(&away)).await;
        }
    }

    /// Nobody goes any more, and who is gone comes back.
    pub(super) async fn stay(&self) -> Outcome<()> {
        self.stay.store(true, Ordering::Relaxed);
        // Whoever was about to go or to choose has done so by then.
        sleep(Duration::from_secs(10)).await;
        for member in self.members.values() {
            if member.presence().client.is_none() {
                member.come().await?;
            }
        }
        Ok(())
    }

    /// Their sockets.
    pub(super) fn clients(&self) -> Vec<Arc<Client>> {
        self.members.values().filter_map(|member| member.presence().client.clone()).collect()
    }

    /// How often one of them came.
    pub(super) fn comings(&self) -> u64 {
        self.comings.load(Ordering::Relaxed)
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.members.len() as u64
    }

    /// Where somebody passes something on to: a colleague, if it is to be one, or the team.
    pub(super) fn colleague_or<'a>(&'a self, by: &Member, team: &'a str) -> (&'static str, &'a str) {
        match by.dice.pick(&self.names) {
            Some(name) if by.dice.permille(500) => ("agent", name.as_str()),
            Some(_) | None => ("team", team),
        }
    }

    /// One of them.
    pub(super) fn member(&self, id: Uuid) -> Option<&Arc<Member>> {
        self.members.get(&id)
    }
}

impl Member {
    fn presence(&self) -> MutexGuard<'_, Presence> {
        self.presence.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the server has welcomed them.
    pub(super) fn is_here(&self) -> bool {
        self.presence().client.as_ref().is_some_and(|client| client.is_here())
    }

    /// Since when their page is closed.
    pub(super) fn gone_since(&self) -> Option<Instant> {
        self.presence().gone_since
    }

    async fn come(&self) -> Outcome<()> {
        let manner = Manner { shows: Shows::Nothing, ..Manner::default() };
        let client = Client::agent(&self.play, &self.tenant, manner).await?;
        client.connect();
        *self.presence() = Presence { client: Some(client), gone_since: None };
        Ok(())
    }

    fn cut(&self) {
        if let Some(client) = &self.presence().client {
            client.cut();
        }
    }

    async fn go(&self) {
        let client = self.presence().client.take();
        if let Some(client) = client {
            client.leave().await;
        }
        self.presence().gone_since = Some(Instant::now());
    }

    async fn choose(&self, availability: &str) -> Outcome<Reply> {
        let body = format!(r#"{{"availability":"{availability}"}}"#);
        let mut http = http(&self.play, &self.tenant)?;
        insist(&mut http, "PUT", "/v1/agents/me/availability", &body, PATIENCE).await
    }

    /// Ends a conversation, if it is still theirs to end.
    pub(super) async fn resolve(&self, conversation: Uuid) -> Outcome<Reply> {
        let path = format!("/v1/conversations/{}/status", load::ids::conversation(conversation));
        let mut http = http(&self.play, &self.tenant)?;
        insist(&mut http, "PUT", &path, r#"{"status":"resolved"}"#, PATIENCE).await
    }

    /// Whether they do something that they do so often, in thousandths.
    pub(super) fn feels_like(&self, permille: u32) -> bool {
        self.dice.permille(permille)
    }

    /// How long they think about a question.
    pub(super) fn thinks(&self) -> Duration {
        self.dice.between(&(Duration::from_millis(200)..Duration::from_millis(2_500)))
    }

    /// Takes what they are asked about, if they still are.
    pub(super) async fn accept(&self, conversation: Uuid) -> Outcome<Reply> {
        let path = format!("/v1/conversations/{}/accept", load::ids::conversation(conversation));
        let mut http = http(&self.play, &self.tenant)?;
        insist(&mut http, "POST", &path, "", PATIENCE).await
    }

    /// Passes a conversation on, for a while: whom nobody takes it from has it back.
    pub(super) async fn pass_on(&self, conversation: Uuid, (kind, to): (&str, &str)) -> Outcome<Reply> {
        let path = format!("/v1/conversations/{}/transfer", load::ids::conversation(conversation));
        let body = format!(r#"{{"to":{{"kind":"{kind}","{kind}_id":"{to}"}},"accept_seconds":10}}"#);
        let mut http = http(&self.play, &self.tenant)?;
        // Once: an answer that was lost may have been a yes.
        http.ask("POST", &path, &body).await
    }
}
