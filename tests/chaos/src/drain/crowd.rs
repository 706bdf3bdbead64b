//! The agents: each comes, stays for a while, pauses or loses the connection, goes, and comes again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use load::actors::{Client, Manner, Play, Shows};
use load::http::{Http, Reply, insist};
use load::stage::{Tenant, sign_in};
use load::{Doing as _, Outcome};
use tokio::time::sleep;
use uuid::Uuid;

use super::floor;
use crate::admin::Admin;
use crate::dice::Dice;
use crate::run::Setting;

/// How many conversations each takes.
const CAPACITY: u32 = 3;
/// Hashing a password costs a core for a while.
const SIGN_IN_AT_ONCE: usize = 3;
/// How long a request is tried again while everything breaks.
const PATIENCE: Duration = Duration::from_secs(20);
/// Sign-ins come from addresses of their own, far from those of the actors.
const FIRST_ADDRESS: u32 = 4_000_000;

const fn span(from: u64, to: u64) -> std::ops::Range<Duration> {
    Duration::from_secs(from)..Duration::from_secs(to)
}

/// One of them.
pub(super) struct Member {
    play: Arc<Play>,
    tenant: Tenant,
    dice: Dice,
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
    comings: AtomicU64,
    stay: AtomicBool,
}

/// Speaks as somebody of a company.
pub(super) fn http(play: &Play, tenant: &Tenant) -> Outcome<Http> {
    let http = Http::new([127, 0, 0, 1].into(), play.target()?, Some(tenant.guard.clone()));
    Ok(http.with_token(&tenant.owner.token))
}

impl Crowd {
    /// Signs so many in, who take nothing yet.
    pub(super) async fn enlist(
        play: &Arc<Play>,
        admin: &Admin,
        company: &Tenant,
        setting: &Setting,
    ) -> Outcome<Arc<Self>> {
        let emails = floor::enlist(admin, company, setting.agents, CAPACITY).await?;
        let coming = futures::stream::iter((FIRST_ADDRESS..).zip(emails)).map(|(from, email)| async move {
            let tenant = sign_in(play.target()?, from, company, &email).await?;
            let id = load::ids::decode(&tenant.owner.agent).doing(|| "read an agent's id".to_owned())?;
            let dice = Dice::new(setting.seed, &email);
            let member = Member { play: Arc::clone(play), tenant, dice, presence: Mutex::default() };
            Ok((id, Arc::new(member)))
        });
        let members: Vec<Outcome<_>> = coming.buffer_unordered(SIGN_IN_AT_ONCE).collect().await;
        let members = members.into_iter().collect::<Outcome<_>>()?;
        Ok(Arc::new(Self { members, comings: AtomicU64::new(0), stay: AtomicBool::new(false) }))
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
}
