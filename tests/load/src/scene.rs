//! A whole installation with people in it, put up and taken down as one.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;

use crate::actors::{Client, Manner, Play};
use crate::check::{self, Verdict};
use crate::outcome::{Failed, Outcome};
use crate::stage::{Fleet, Services, Tenant, sign_up};

/// How many come in at once. More would only wait for each other on two cores.
const AT_ONCE: usize = 24;
/// Signups come faster than in life: enough furnished schemas must wait for them. Visitors type faster, too.
const USUAL: [(&str, &str); 2] = [("FRONTDESK_SPARE_SCHEMAS", "60"), ("FRONTDESK_VISITOR_RATE", "1000000")];

/// What to put up.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Where services keep their data and logs.
    pub folder: PathBuf,
    /// The first of three ports for services.
    pub base_port: u16,
    /// How many servers.
    pub servers: usize,
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// Whether the servers count for `/metrics`, which costs them a little.
    pub counts: bool,
}

/// An installation with people in it.
#[derive(Debug)]
pub struct Scene {
    /// Postgres, Redis, NATS.
    pub services: Services,
    /// The servers.
    pub fleet: Fleet,
    /// What all actors share.
    pub play: Arc<Play>,
    /// The companies.
    pub tenants: Vec<Tenant>,
    /// The people.
    pub clients: Vec<Arc<Client>>,
}

impl Scene {
    /// Puts services and servers up; nobody is there yet.
    pub async fn open(setting: &Setting) -> Outcome<Self> {
        let services = Services::up(&setting.folder, setting.base_port).await?;
        match Fleet::start(&services, setting.servers, &USUAL, setting.counts).await {
            Ok(fleet) => {
                let play = Play::new(&fleet, setting.seed);
                Ok(Self { services, fleet, play, tenants: Vec::new(), clients: Vec::new() })
            }
            Err(error) => {
                services.down().await?;
                Err(error)
            }
        }
    }

    /// As many further servers on the same services, with these settings besides the usual; nobody is there yet. Whoever asks for them
    /// stops them, and leaves the services alone.
    pub async fn beside(&self, settings: &[(&str, &str)], seed: u64) -> Outcome<Self> {
        let settings = [USUAL.as_slice(), settings].concat();
        let fleet = Fleet::start(&self.services, self.fleet.servers.len(), &settings, false).await?;
        let (services, play) = (self.services.clone(), Play::new(&fleet, seed));
        Ok(Self { services, fleet, play, tenants: Vec::new(), clients: Vec::new() })
    }

    /// Lets companies sign up until there are so many.
    pub async fn companies(&mut self, count: u32) -> Outcome<()> {
        let first = u32::try_from(self.tenants.len()).unwrap_or(u32::MAX);
        let chance = self.play.chance.part(&format!("words {first}"));
        let missing = count.saturating_sub(first);
        let made = sign_up(self.play.target()?, &chance, &self.play.leaks, first, missing).await?;
        self.tenants.extend(made);
        self.services.lift_limits().await
    }

    /// So many visitors come, and do not connect yet.
    pub async fn unconnected(&mut self, companies: usize, count: usize) -> Outcome<Vec<Arc<Client>>> {
        self.arrive(companies, count, Manner::default(), false).await
    }

    /// So many visitors come, spread evenly over the first companies.
    pub async fn visitors(&mut self, companies: usize, count: usize, manner: Manner) -> Outcome<Vec<Arc<Client>>> {
        self.people(companies, count, manner, false).await
    }

    /// So many consoles are opened, spread evenly over the first companies.
    pub async fn agents(&mut self, companies: usize, count: usize, manner: Manner) -> Outcome<Vec<Arc<Client>>> {
        self.people(companies, count, manner, true).await
    }

    async fn people(
        &mut self,
        companies: usize,
        count: usize,
        manner: Manner,
        agents: bool,
    ) -> Outcome<Vec<Arc<Client>>> {
        let came = self.arrive(companies, count, manner, agents).await?;
        come_in(&came).await?;
        Ok(came)
    }

    /// So many further tabs of each of these people are opened.
    pub async fn tabs(&mut self, of: &[Arc<Client>], each: usize) -> Outcome<Vec<Arc<Client>>> {
        let opened = of.iter().flat_map(|person| (0..each).map(move |_| person.tab(Manner::default())));
        let opened: Vec<Arc<Client>> = opened.collect();
        self.clients.extend(opened.iter().cloned());
        come_in(&opened).await?;
        Ok(opened)
    }

    async fn arrive(
        &mut self,
        companies: usize,
        count: usize,
        manner: Manner,
        agents: bool,
    ) -> Outcome<Vec<Arc<Client>>> {
        let companies = self.tenants.get(..companies.min(self.tenants.len())).unwrap_or_default();
        let places = companies.iter().cycle().take(count);
        let arrivals = futures::stream::iter(places).map(|tenant| {
            let play = &self.play;
            async move {
                if agents {
                    Client::agent(play, tenant, manner).await
                } else {
                    Client::visitor(play, tenant, manner).await
                }
            }
        });
        let came: Vec<Outcome<Arc<Client>>> = arrivals.buffered(AT_ONCE).collect().await;
        let came: Vec<Arc<Client>> = came.into_iter().collect::<Outcome<_>>()?;
        self.clients.extend(came.iter().cloned());
        Ok(came)
    }

    /// Everybody goes.
    pub async fn leave(&mut self) {
        for client in std::mem::take(&mut self.clients) {
            client.leave().await;
        }
    }

    /// These go; the others stay.
    pub async fn dismiss(&mut self, those: &[Arc<Client>]) {
        for client in those {
            client.leave().await;
        }
        self.clients.retain(|client| !those.iter().any(|gone| Arc::ptr_eq(gone, client)));
    }

    /// Waits until all tell one story, and judges.
    pub async fn settle(&self, within: Duration) -> Outcome<(Verdict, Duration)> {
        check::settle(&self.play, &self.services, &self.tenants, &self.clients, within).await
    }

    /// Takes everything down.
    pub async fn close(mut self) -> Outcome<()> {
        self.leave().await;
        let stopped = self.fleet.stop().await;
        self.services.down().await?;
        stopped
    }
}

/// All of these connect.
async fn come_in(clients: &[Arc<Client>]) -> Outcome<()> {
    for client in clients {
        client.connect();
    }
    all_here(clients, Duration::from_mins(2)).await
}

/// Waits until all of these are connected.
pub async fn all_here(clients: &[Arc<Client>], within: Duration) -> Outcome<()> {
    let began = Instant::now();
    while let Some(missing) = clients.iter().find(|client| !client.is_here()) {
        if began.elapsed() > within {
            return Err(Failed::because(format!("actor {} did not connect in {within:?}", missing.number)));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
