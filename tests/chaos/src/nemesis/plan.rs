//! What breaks, when, and for how long: drawn from the seed alone, before anything runs, so that a failing run can be played again.

use std::fmt;
use std::time::Duration;

use crate::dice::Dice;
use crate::services::Kind;
use crate::tracer::Disk;

/// One way to break something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `kill -9` of a server, which comes back when the fault ends.
    KillServer(usize),
    /// SIGSTOP of a server: it is there and answers nothing.
    FreezeServer(usize),
    /// SIGTERM of each server in turn, as a deploy does; the next goes when the last is back.
    Deploy,
    /// `kill -9` of all servers at once.
    KillAllServers,
    /// `kill -9` of a service with all it started.
    Kill(Kind),
    /// A restart of a service in good order.
    Restart(Kind),
    /// SIGSTOP of a service.
    Freeze(Kind),
    /// Everything between the servers and a service is swallowed: a firewall that drops.
    Blackhole(Kind),
    /// Every connection between the servers and a service is reset, again and again.
    Reset(Kind),
    /// Everything between the servers and a service comes late by so many milliseconds, and up to as many more.
    Delay(Kind, u64),
    /// Messages of the bus come twice, or late and overtaken by others.
    ShuffleBus,
    /// Messages of the bus never come, and nobody is told.
    LossyBus,
    /// Redis forgets everything.
    FlushRedis,
    /// Redis takes nothing more.
    FillRedis,
    /// Postgres ends every session of the product.
    CutOff,
    /// Strangers take every connection that Postgres has.
    CrowdOut,
    /// Somebody holds a lock on every table of every company.
    LockUp,
    /// Postgres' disk is slow, or breaks.
    Disk(Disk),
    /// Postgres' disk is full but for so many kilobytes.
    FillDisk(u64),
    /// The power fails: only what was brought to safety is there afterwards.
    PowerCut,
    /// Every client is cut off with RST.
    CutClients,
    /// Clients come and go: each connection lives a second or two, and half of them fall silent instead of ending.
    RestlessClients,
    /// The answers to clients are swallowed at chance and their connections cut.
    SwallowAnswers,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KillServer(number) => write!(formatter, "kill -9 server {number}"),
            Self::FreezeServer(number) => write!(formatter, "SIGSTOP server {number}"),
            Self::Deploy => formatter.write_str("SIGTERM each server in turn"),
            Self::KillAllServers => formatter.write_str("kill -9 all servers"),
            Self::Kill(kind) => write!(formatter, "kill -9 {}", kind.name()),
            Self::Restart(kind) => write!(formatter, "restart {}", kind.name()),
            Self::Freeze(kind) => write!(formatter, "SIGSTOP {}", kind.name()),
            Self::Blackhole(kind) => write!(formatter, "blackhole before {}", kind.name()),
            Self::Reset(kind) => write!(formatter, "connection resets before {}", kind.name()),
            Self::Delay(kind, late) => write!(formatter, "{} late by {late} to {} ms", kind.name(), late * 2),
            Self::ShuffleBus => formatter.write_str("messages of the bus twice, late and in another order"),
            Self::LossyBus => formatter.write_str("messages of the bus lost"),
            Self::FlushRedis => formatter.write_str("FLUSHALL"),
            Self::FillRedis => formatter.write_str("Redis out of memory"),
            Self::CutOff => formatter.write_str("pg_terminate_backend of all sessions"),
            Self::CrowdOut => formatter.write_str("max_connections exhausted"),
            Self::LockUp => formatter.write_str("tables locked"),
            Self::Disk(Disk::Slow(late)) => write!(formatter, "fdatasync slow by {late} ms"),
            Self::Disk(Disk::Broken) => formatter.write_str("fdatasync fails with EIO"),
            Self::FillDisk(left) => write!(formatter, "disk full but for {left} KiB"),
            Self::PowerCut => formatter.write_str("power cut"),
            Self::CutClients => formatter.write_str("RST to all clients"),
            Self::RestlessClients => formatter.write_str("clients cut every second or two"),
            Self::SwallowAnswers => formatter.write_str("answers swallowed"),
        }
    }
}

/// One entry of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strike {
    /// How long after the end of the one before, and its recovery.
    pub(crate) after: Duration,
    pub(crate) fault: Fault,
    /// How long it lasts.
    pub(crate) hold: Duration,
}

impl fmt::Display for Strike {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (after, hold) = (self.after.as_secs_f64(), self.hold.as_secs_f64());
        write!(formatter, "+{after:.1} s  {} for {hold:.1} s", self.fault)
    }
}

/// A plan without end; whoever follows it stops when the time is up.
pub(crate) struct Plan {
    dice: Dice,
    faults: Vec<Fault>,
    /// What is left of this round: every fault comes once before any comes again.
    round: Vec<Fault>,
    pace: Pace,
}

/// How close the strikes follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// For a run of a minute.
    Dense,
    /// For a run of many.
    Calm,
}

impl Plan {
    pub(crate) fn new(seed: u64, faults: &[Fault], pace: Pace) -> Self {
        Self { dice: Dice::new(seed, "nemesis"), faults: faults.to_vec(), round: Vec::new(), pace }
    }

    /// How long a fault may last without being a different fault: clients wait no longer than seconds for an answer, and
    /// everything that hangs must be felt.
    fn hold(&self, fault: Fault) -> Duration {
        let long = if self.pace == Pace::Calm { 2 } else { 1 };
        let milliseconds = |from: u64, to: u64| Duration::from_millis(from)..Duration::from_millis(to * long);
        let range = match fault {
            Fault::Deploy
            | Fault::PowerCut
            | Fault::FlushRedis
            | Fault::CutOff
            | Fault::CutClients
            | Fault::Restart(_) => {
                return Duration::ZERO;
            }
            Fault::KillServer(_) | Fault::KillAllServers | Fault::Kill(_) => milliseconds(100, 3_000),
            Fault::FreezeServer(_)
            | Fault::LockUp
            | Fault::CrowdOut
            | Fault::Reset(_)
            | Fault::Delay(..)
            | Fault::FillRedis => milliseconds(2_000, 6_000),
            Fault::Freeze(_) | Fault::Blackhole(_) => milliseconds(1_000, 8_000),
            Fault::Disk(Disk::Slow(_)) | Fault::FillDisk(_) => milliseconds(3_000, 6_000),
            Fault::Disk(Disk::Broken) => milliseconds(500, 1_500),
            Fault::RestlessClients | Fault::SwallowAnswers | Fault::ShuffleBus | Fault::LossyBus => {
                milliseconds(4_000, 8_000)
            }
        };
        self.dice.between(&range)
    }
}

impl Iterator for Plan {
    type Item = Strike;

    fn next(&mut self) -> Option<Strike> {
        if self.round.is_empty() {
            self.round = self.faults.clone();
            self.dice.shuffle(&mut self.round);
        }
        let fault = self.round.pop()?;
        let between = match self.pace {
            Pace::Dense => Duration::from_millis(500)..Duration::from_millis(2_500),
            Pace::Calm => Duration::from_secs(2)..Duration::from_secs(12),
        };
        let after = self.dice.between(&between);
        let hold = self.hold(fault);
        Some(Strike { after, fault, hold })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOME: [Fault; 5] = [
        Fault::KillServer(0),
        Fault::Deploy,
        Fault::Kill(Kind::Postgres),
        Fault::FlushRedis,
        Fault::Disk(Disk::Broken),
    ];

    fn plan(seed: u64) -> Vec<Strike> {
        Plan::new(seed, &SOME, Pace::Dense).take(40).collect()
    }

    #[test]
    fn a_seed_is_a_plan() {
        assert_eq!(plan(3), plan(3));
        assert_ne!(plan(3), plan(4));
    }

    #[test]
    fn every_fault_comes_before_any_comes_again() {
        let plan = plan(9);
        for round in plan.chunks(SOME.len()) {
            for fault in SOME {
                assert_eq!(round.iter().filter(|strike| strike.fault == fault).count(), 1, "{fault} in {round:?}");
            }
        }
    }
}
