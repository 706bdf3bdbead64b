//! Carries the plan out: begins a fault, holds it, ends it, and leaves everything running.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::{Fault, Strike};
use crate::admin::Admin;
use crate::bus::Disorder;
use crate::fleet::Fleet;
use crate::image::Image;
use crate::proxy::{Proxy, Weather};
use crate::services::{Kind, Services};
use crate::tracer::{Disk, Tracer};
use load::{Doing as _, Outcome};

/// How long a service may take to come back: crash recovery replays what was written since the last checkpoint.
const PATIENCE: Duration = Duration::from_mins(2);

/// A fault that is over.
pub(crate) struct Struck {
    /// Since when nobody does any harm any more. What must be started again is not yet.
    pub(crate) over: Instant,
    /// What must not happen, and did.
    pub(crate) broken: Vec<String>,
}

/// Everything that can be broken.
pub(crate) struct Arena {
    pub(crate) services: Services,
    /// Between the servers and each service.
    pub(crate) lines: BTreeMap<Kind, Proxy>,
    pub(crate) fleet: Fleet,
    pub(crate) admin: Admin,
    /// The disk of the services, where they have one of their own.
    pub(crate) image: Option<Image>,
    /// How the clients' connections are while nothing else is wrong.
    pub(crate) rest: Weather,
    /// How long each server that was told to go took to end.
    pub(crate) exits: Vec<Duration>,
}

impl Arena {
    /// Begins, holds and ends one fault.
    pub(crate) async fn strike(&mut self, strike: &Strike) -> Outcome<Struck> {
        let mut broken = Vec::new();
        let hold = strike.hold;
        let mut over = None;
        match strike.fault {
            Fault::KillServer(number) => {
                self.fleet.kill(number).await?;
                sleep(hold).await;
                over = Some(Instant::now());
                self.fleet.begin(number).await?;
            }
            Fault::KillAllServers => {
                for number in 0..self.fleet.count() {
                    self.fleet.kill(number).await?;
                }
                sleep(hold).await;
                over = Some(Instant::now());
                for number in 0..self.fleet.count() {
                    self.fleet.begin(number).await?;
                }
            }
            Fault::FreezeServer(number) => {
                self.fleet.freeze(number).await?;
                sleep(hold).await;
                self.fleet.thaw(number).await?;
            }
            Fault::Deploy => broken.extend(self.deploy().await?),
            Fault::Kill(kind) => {
                self.services.kill(kind).await?;
                sleep(hold).await;
            }
            Fault::Restart(kind) => self.services.stop(kind).await?,
            Fault::Freeze(kind) => {
                self.services.freeze(kind)?;
                sleep(hold).await;
                self.services.thaw(kind)?;
            }
            Fault::Blackhole(kind) => self.weather(kind, Weather { blackhole: true, ..Weather::default() }, hold).await,
            Fault::Delay(kind, late) => {
                let late = Duration::from_millis(late);
                self.weather(kind, Weather { delay: late, jitter: late, ..Weather::default() }, hold).await;
            }
            Fault::Reset(kind) => {
                let short = Duration::from_millis(20)..Duration::from_millis(600);
                if let Some(line) = self.lines.get(&kind) {
                    line.cut_all();
                }
                self.weather(kind, Weather { lifetime: Some(short), ..Weather::default() }, hold).await;
            }
            Fault::ShuffleBus => self.disorder(Disorder { twice: 100, late: 100, lost: 0 }, hold).await,
            Fault::LossyBus => self.disorder(Disorder { lost: 100, ..Disorder::default() }, hold).await,
            Fault::FlushRedis => self.redis("FLUSHALL\r\n").await?,
            Fault::FillRedis => {
                self.redis("CONFIG SET maxmemory 1\r\n").await?;
                sleep(hold).await;
                self.redis("CONFIG SET maxmemory 0\r\n").await?;
            }
            Fault::CutOff => drop(self.admin.cut_off().await?),
            Fault::CrowdOut => {
                let crowd = self.admin.crowd_out().await?;
                sleep(hold).await;
                drop(crowd);
            }
            Fault::LockUp => {
                // A lock that is not granted in time is a lock pile-up too.
                let lock = self.admin.lock_up().await;
                sleep(hold).await;
                drop(lock);
            }
            Fault::Disk(disk) => self.disk(disk, hold).await?,
            Fault::FillDisk(left) => {
                let image = self.image.as_ref().doing(|| "fill a disk: there is none".to_owned())?;
                let ballast = image.fill(left).await?;
                sleep(hold).await;
                std::fs::remove_file(&ballast).doing(|| "empty the disk".to_owned())?;
            }
            Fault::PowerCut => over = Some(self.power_cut().await?),
            Fault::CutClients => self.fleet.proxies().for_each(Proxy::cut_all),
            Fault::RestlessClients => {
                let life = Duration::from_millis(300)..Duration::from_millis(2_500);
                self.clients(&Weather { lifetime: Some(life), half_open: 300, ..Weather::default() }, hold).await;
            }
            Fault::SwallowAnswers => {
                self.clients(&Weather { cut_answers: 200, cut_frames: 50, ..Weather::default() }, hold).await;
            }
        }
        let over = over.unwrap_or_else(Instant::now);
        broken.extend(self.mend().await?);
        Ok(Struck { over, broken })
    }

    /// All stand still, the disk's picture is taken, all die; then everything begins again from the picture.
    async fn power_cut(&mut self) -> Outcome<Instant> {
        for number in 0..self.fleet.count() {
            self.fleet.freeze(number).await?;
        }
        Kind::ALL.iter().try_for_each(|kind| self.services.freeze(*kind))?;
        let image = self.image.as_mut().doing(|| "cut the power: there is no disk".to_owned())?;
        let picture = image.file().with_extension("picture");
        image.photograph(&picture).await?;
        for number in 0..self.fleet.count() {
            self.fleet.kill(number).await?;
        }
        for kind in Kind::ALL {
            self.services.kill(kind).await?;
        }
        image.lose_power(&picture).await?;
        let over = Instant::now();
        for kind in Kind::ALL {
            self.services.start(kind, PATIENCE).await?;
        }
        for number in 0..self.fleet.count() {
            self.fleet.begin(number).await?;
        }
        Ok(over)
    }

    /// SIGTERM for each server in turn; the next one goes when the last is back.
    async fn deploy(&mut self) -> Outcome<Vec<String>> {
        let mut broken = Vec::new();
        for number in 0..self.fleet.count() {
            match self.fleet.end(number).await? {
                Some(took) => self.exits.push(took),
                None => broken.push(format!("server {number} did not end by itself after SIGTERM")),
            }
            self.fleet.begin(number).await?;
        }
        Ok(broken)
    }

    async fn weather(&self, kind: Kind, weather: Weather, hold: Duration) {
        let Some(line) = self.lines.get(&kind) else { return };
        line.set(weather);
        sleep(hold).await;
        line.set(Weather::default());
    }

    async fn disorder(&self, bus: Disorder, hold: Duration) {
        self.weather(Kind::Nats, Weather { bus, ..Weather::default() }, hold).await;
    }

    async fn clients(&self, weather: &Weather, hold: Duration) {
        self.set_clients(weather);
        sleep(hold).await;
        self.set_clients(&self.rest);
    }

    /// How the clients' connections are from now on. Those that stand are cut: a connection's life is decided when it begins,
    /// and whoever was left half open would wait for its own patience.
    pub(crate) fn set_clients(&self, weather: &Weather) {
        for proxy in self.fleet.proxies() {
            proxy.set(weather.clone());
            proxy.cut_all();
        }
    }

    async fn disk(&mut self, disk: Disk, hold: Duration) -> Outcome<()> {
        let tracer = Tracer::attach(&self.services.processes(Kind::Postgres)?, disk).await?;
        sleep(hold).await;
        tracer.detach().await
    }

    async fn redis(&self, command: &str) -> Outcome<()> {
        let asked = async {
            let mut socket =
                TcpStream::connect(self.services.address(Kind::Redis)?).await.doing(|| "reach Redis".to_owned())?;
            socket.write_all(command.as_bytes()).await.doing(|| "tell Redis".to_owned())?;
            let mut answer = [0; 5];
            socket.read_exact(&mut answer).await.doing(|| "hear Redis".to_owned())?;
            Ok(())
        };
        tokio::time::timeout(Duration::from_secs(10), asked).await.doing(|| "talk to Redis in time".to_owned())?
    }

    /// Brings back what a service manager would bring back: services and servers that have ended.
    pub(crate) async fn mend(&mut self) -> Outcome<Vec<String>> {
        let mut broken = Vec::new();
        for kind in Kind::ALL {
            if !self.services.alive(kind) {
                // A Postgres whose disk failed may have left children behind.
                self.services.kill(kind).await?;
                self.services.start(kind, PATIENCE).await?;
            }
        }
        let began = Instant::now();
        while !self.admin.writes().await && began.elapsed() < PATIENCE {
            // Recovery in place may give up; then it is started again from outside.
            if !self.services.alive(Kind::Postgres) {
                self.services.kill(Kind::Postgres).await?;
                self.services.start(Kind::Postgres, PATIENCE).await?;
            }
            sleep(Duration::from_millis(50)).await;
        }
        let fallen = self.fleet.begin_fallen().await?;
        broken.extend(fallen.iter().map(|number| format!("server {number} ended by itself")));
        Ok(broken)
    }
}
