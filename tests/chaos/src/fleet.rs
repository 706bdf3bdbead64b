//! The servers of a run: processes of the real program, each behind a proxy for its clients.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use load::scene::Scene;
use load::{Doing as _, Outcome};

use crate::process::Process;
use crate::proxy::Proxy;

/// A time in which a server could not answer, and nobody could blame it.
#[derive(Clone, Copy, Debug)]
struct Absence {
    from: Instant,
    to: Option<Instant>,
}

/// When each server was away.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attendance(Arc<Mutex<BTreeMap<usize, Vec<Absence>>>>);

impl Attendance {
    fn away(&self, number: usize) {
        if let Ok(mut all) = self.0.lock() {
            let absences = all.entry(number).or_default();
            if absences.last().is_none_or(|last| last.to.is_some()) {
                absences.push(Absence { from: Instant::now(), to: None });
            }
        }
    }

    fn back(&self, number: usize) {
        if let Ok(mut all) = self.0.lock()
            && let Some(last) = all.get_mut(&number).and_then(|absences| absences.last_mut())
        {
            last.to.get_or_insert(Instant::now());
        }
    }

    /// Whether a server was there all the time from one moment to another.
    pub(crate) fn lived_through(&self, number: usize, from: Instant, to: Instant) -> bool {
        let Ok(all) = self.0.lock() else { return false };
        let absences = all.get(&number).map(Vec::as_slice).unwrap_or_default();
        !absences.iter().any(|absence| absence.from < to && absence.to.is_none_or(|back| back > from))
    }
}

/// The servers of a run, with the people at their doors.
pub(crate) struct Fleet {
    scene: Scene,
    /// What clients connect to, one before each server.
    proxies: Vec<Proxy>,
    attendance: Attendance,
}

impl Fleet {
    /// Puts proxies before servers that run. Clients find the proxies from now on.
    pub(crate) async fn behind_proxies(scene: Scene, seed: u64) -> Outcome<Self> {
        let mut proxies = Vec::new();
        for (number, server) in scene.fleet.servers.iter().enumerate() {
            proxies.push(Proxy::to(server.address, seed.wrapping_add(number as u64)).await?);
        }
        if let Ok(mut targets) = scene.fleet.targets.write() {
            *targets = proxies.iter().map(Proxy::address).collect();
        }
        Ok(Self { scene, proxies, attendance: Attendance::default() })
    }

    pub(crate) fn count(&self) -> usize {
        self.proxies.len()
    }

    /// Where the servers themselves listen.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.scene.fleet.servers.iter().map(|server| server.address).collect()
    }

    pub(crate) fn proxies(&self) -> impl Iterator<Item = &Proxy> {
        self.proxies.iter()
    }

    pub(crate) fn scene(&self) -> &Scene {
        &self.scene
    }

    pub(crate) fn scene_mut(&mut self) -> &mut Scene {
        &mut self.scene
    }

    /// When each server was away.
    pub(crate) fn attendance(&self) -> Attendance {
        self.attendance.clone()
    }

    fn get(&mut self, number: usize) -> Outcome<&mut load::stage::Server> {
        self.scene.fleet.servers.get_mut(number).doing(|| format!("find server {number}"))
    }

    /// Starts a server that does not run, and waits until it takes messages.
    pub(crate) async fn begin(&mut self, number: usize) -> Outcome<()> {
        self.scene.fleet.begin(number).await?;
        self.attendance.back(number);
        Ok(())
    }

    /// `kill -9`.
    pub(crate) async fn kill(&mut self, number: usize) -> Outcome<()> {
        self.attendance.away(number);
        self.get(number)?.kill().await
    }

    /// SIGTERM, and waits until it has ended by itself. Gives how long that took; nothing when it did not, and had to be killed.
    pub(crate) async fn end(&mut self, number: usize) -> Outcome<Option<Duration>> {
        self.attendance.away(number);
        let server = self.get(number)?;
        let process = server.pid().and_then(|pid| i32::try_from(pid).ok()).and_then(Process::find);
        let told = Instant::now();
        let content = server.terminate().await.is_ok();
        let took = told.elapsed();
        if let (false, Some(process)) = (content, process) {
            process.signal(nix::sys::signal::Signal::SIGKILL);
        }
        Ok(content.then_some(took))
    }

    /// Stops the clock for a server.
    pub(crate) async fn freeze(&mut self, number: usize) -> Outcome<()> {
        self.attendance.away(number);
        self.get(number)?.signal("STOP").await
    }

    /// Lets it go on.
    pub(crate) async fn thaw(&mut self, number: usize) -> Outcome<()> {
        self.get(number)?.signal("CONT").await?;
        self.attendance.back(number);
        Ok(())
    }

    /// Starts again what ended by itself, as a service manager would. Gives who did.
    pub(crate) async fn begin_fallen(&mut self) -> Outcome<Vec<usize>> {
        let mut fallen = Vec::new();
        for number in 0..self.count() {
            let pid = self.get(number)?.pid().and_then(|pid| i32::try_from(pid).ok());
            if pid.and_then(Process::find).is_none() {
                self.kill(number).await?;
                self.begin(number).await?;
                fallen.push(number);
            }
        }
        Ok(fallen)
    }

    /// Everybody goes, and the servers end.
    pub(crate) async fn close(mut self) -> Outcome<()> {
        self.scene.leave().await;
        self.scene.fleet.stop().await
    }
}
