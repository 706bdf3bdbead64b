//! The scenarios: who is there, what they do, and what breaks.

use std::time::Duration;

use clap::ValueEnum;

use crate::nemesis::Fault;
use crate::proxy::Weather;
use crate::services::Kind;
use crate::tracer::Disk;

/// What is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// The worst of each, in half a minute: what every change has to live through.
    Short,
    /// Every fault of processes, networks and services, one after the other.
    Mixed,
    /// A fifth of all answers are swallowed after the work was done, a fifth of all sends come several times at once.
    Send,
    /// Every client is cut off again and again, half of the time without being told.
    Reconnect,
    /// Servers are restarted in turn without a pause.
    Deploy,
    /// Everything that can happen to Postgres.
    Postgres,
    /// Everything that can happen to Redis.
    Redis,
    /// Everything that can happen to NATS.
    Nats,
    /// What servers tell each other comes twice, late, in another order, or never.
    Bus,
    /// The power fails.
    Power,
    /// The disk is full, slow, or breaks.
    Disk,
    /// Hundreds of agents come and go before a line of thousands, which has to drain.
    Drain,
}

impl Scenario {
    /// As on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Whether the services stand on a disk of their own.
    pub(crate) fn needs_disk(self) -> bool {
        matches!(self, Self::Power | Self::Disk)
    }

    /// How the clients' connections are all the time.
    pub(crate) fn rest(self) -> Weather {
        match self {
            Self::Send => Weather { cut_answers: 200, ..Weather::default() },
            Self::Reconnect => Weather {
                lifetime: Some(Duration::from_millis(200)..Duration::from_millis(2_500)),
                half_open: 100,
                ..Weather::default()
            },
            Self::Short
            | Self::Mixed
            | Self::Deploy
            | Self::Postgres
            | Self::Redis
            | Self::Nats
            | Self::Bus
            | Self::Power
            | Self::Disk
            | Self::Drain => Weather::default(),
        }
    }

    /// Whether senders are used that send everything several times over.
    pub(crate) fn has_twins(self) -> bool {
        self == Self::Send
    }

    /// What breaks, on so many servers. `traced` says whether disks can be made to fail under running processes.
    pub(crate) fn faults(self, servers: usize, traced: bool) -> Vec<Fault> {
        let lines = |kind| [Fault::Blackhole(kind), Fault::Reset(kind), Fault::Delay(kind, 100)];
        let process = |kind| [Fault::Kill(kind), Fault::Freeze(kind), Fault::Restart(kind)];
        let disk = if traced { vec![Fault::Disk(Disk::Slow(150)), Fault::Disk(Disk::Broken)] } else { Vec::new() };
        let of_postgres = || {
            let more = [Fault::CutOff, Fault::CrowdOut, Fault::LockUp];
            [process(Kind::Postgres).to_vec(), lines(Kind::Postgres).to_vec(), more.to_vec(), disk.clone()].concat()
        };
        let of_redis = || {
            let more = [Fault::FlushRedis, Fault::FillRedis];
            [process(Kind::Redis).to_vec(), lines(Kind::Redis).to_vec(), more.to_vec()].concat()
        };
        let bus = [Fault::ShuffleBus, Fault::LossyBus];
        let of_nats = || [process(Kind::Nats).to_vec(), lines(Kind::Nats).to_vec(), bus.to_vec()].concat();
        match self {
            Self::Short => vec![
                Fault::KillServer(0),
                Fault::Kill(Kind::Postgres),
                Fault::Freeze(Kind::Redis),
                Fault::Kill(Kind::Nats),
                Fault::CutOff,
                Fault::RestlessClients,
            ],
            Self::Mixed => {
                let each = (0..servers).flat_map(|number| [Fault::KillServer(number), Fault::FreezeServer(number)]);
                let more = [
                    Fault::Deploy,
                    Fault::KillAllServers,
                    Fault::CutClients,
                    Fault::RestlessClients,
                    Fault::SwallowAnswers,
                ];
                [each.collect(), more.to_vec(), of_postgres(), of_redis(), of_nats()].concat()
            }
            Self::Send => vec![Fault::CutClients, Fault::CutOff, Fault::KillServer(0), Fault::FlushRedis],
            Self::Reconnect => vec![Fault::CutClients, Fault::Kill(Kind::Nats), Fault::KillServer(0)],
            Self::Deploy => vec![Fault::Deploy],
            Self::Postgres => of_postgres(),
            Self::Redis => of_redis(),
            Self::Nats => of_nats(),
            Self::Bus => bus.to_vec(),
            Self::Power => vec![Fault::PowerCut],
            Self::Drain => {
                let each = (0..servers).map(Fault::KillServer);
                let more = [
                    Fault::Deploy,
                    Fault::FreezeServer(0),
                    Fault::CutClients,
                    Fault::Kill(Kind::Postgres),
                    Fault::CutOff,
                    Fault::FlushRedis,
                    Fault::Freeze(Kind::Redis),
                    Fault::Kill(Kind::Nats),
                    Fault::Blackhole(Kind::Nats),
                ];
                each.chain(more).collect()
            }
            Self::Disk => [vec![Fault::FillDisk(8 * 1024), Fault::FillDisk(0)], disk].concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_breaks_something_and_only_two_need_a_disk_of_their_own() {
        for scenario in Scenario::value_variants() {
            let faults = scenario.faults(2, true);
            assert!(!faults.is_empty(), "{}", scenario.name());
            let disk = faults.iter().any(|fault| matches!(fault, Fault::PowerCut | Fault::FillDisk(_)));
            assert_eq!(disk, scenario.needs_disk(), "{}", scenario.name());
        }
    }

    #[test]
    fn the_umbrella_holds_what_the_others_do_to_services() {
        let mixed = Scenario::Mixed.faults(2, true);
        let others = [Scenario::Postgres, Scenario::Redis, Scenario::Nats, Scenario::Bus];
        for scenario in others.into_iter().chain([Scenario::Deploy, Scenario::Short]) {
            for fault in scenario.faults(2, true) {
                assert!(mixed.contains(&fault), "{fault} of {}", scenario.name());
            }
        }
    }
}
