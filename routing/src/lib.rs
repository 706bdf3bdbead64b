//! routing reacts: what should happen next, and who hears of it.
//!
//! **Invariant.** Nothing here is the source of truth. Lose the bus, the cache and this process: conversations are intact.
//! **Invariant.** `desk` does not know this crate exists.
//!
//! To add a reaction: an arm in [`relay`], a module with a pure `decide`, and a story in `tests/it`.

pub mod assignment;
pub mod presence;
pub mod realtime;
pub mod relay;

use std::sync::Arc;

use desk::EmergencyNotice;
use infra::bus::Bus;
use tenant::AccountId;
use tenant::world::SharedWorld;

use realtime::{ServerFrame, Topic};

/// What this crate stands on.
#[derive(Clone)]
pub struct Routing {
    /// The services.
    pub world: SharedWorld,
    /// The bus.
    pub bus: Bus,
    /// Who is here.
    pub presence: Arc<presence::Presence>,
    /// The sockets of this process.
    pub switchboard: Arc<realtime::Switchboard>,
    /// Who writes messages.
    pub writer: Arc<desk::message::Writer>,
}

impl Routing {
    /// One for each process.
    pub fn new(world: SharedWorld, bus: Bus) -> Self {
        let node = infra::ids::encode(world.chance.uuid(world.now()));
        let switchboard = Arc::new(realtime::Switchboard::new(bus.clone(), &node));
        let presence = Arc::new(presence::Presence::new(world.cache.clone(), node));
        let writer = Arc::new(desk::message::Writer::start(&world));
        Self { world, bus, presence, switchboard, writer }
    }

    /// Tells all agents and visitors of a company how its emergency plan stands. Kept in no outbox: who misses it reads it
    /// with the next session.
    pub async fn tell_emergency(&self, account: AccountId, notice: &EmergencyNotice) {
        let frame = ServerFrame::Emergency { emergency: notice }.encode();
        for topic in [Topic::Agents(account), Topic::Visitors(account)] {
            self.switchboard.say(topic, &frame).await;
        }
    }
}
