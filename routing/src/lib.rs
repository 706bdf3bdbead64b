//! routing reacts: what should happen next, and who hears of it.
//!
//! **Invariant.** Nothing here is the source of truth. Lose the bus, the cache and this process: conversations are intact.
//! **Invariant.** `desk` does not know this crate exists.
//!
//! To add a reaction: an arm in [`relay`], a module with a pure `decide`, and a story in `tests/it`.

pub mod assignment;
pub mod emergency;
pub mod health;
pub mod presence;
pub mod realtime;
pub mod relay;
pub mod revocation;
pub mod rights;
pub mod waiting_room;

mod clearing;
mod stillness;

use std::sync::Arc;

use infra::bus::Bus;
use tenant::world::SharedWorld;
use tokio::sync::Semaphore;

/// What this crate stands on.
#[derive(Clone)]
pub struct Routing {
    /// The services.
    pub world: SharedWorld,
    /// The bus.
    pub bus: Bus,
    /// How the services are.
    pub health: Arc<health::Health>,
    /// Who is here.
    pub presence: Arc<presence::Presence>,
    /// The sockets of this process.
    pub switchboard: Arc<realtime::Switchboard>,
    /// Who writes messages.
    pub writer: Arc<desk::message::Writer>,
    /// Who notes what was read.
    pub marker: Arc<desk::conversation::Marker>,
    pub(crate) plans: Arc<emergency::Plans>,
    pub(crate) turns: Arc<assignment::turns::Turns>,
    pub(crate) rooms: Arc<assignment::turns::Turns>,
    pub(crate) turnovers: Arc<waiting_room::Turnovers>,
    pub(crate) pasts: Arc<waiting_room::Pasts>,
    pub(crate) looks: Arc<Semaphore>,
    pub(crate) alarms: Arc<assignment::alarms::Alarms>,
    pub(crate) depths: Arc<assignment::depths::Depths>,
    pub(crate) stillness: Arc<stillness::Stillness>,
}

impl Routing {
    /// One for each process.
    pub fn new(world: SharedWorld, bus: Bus) -> Self {
        let node = infra::ids::encode(world.chance.uuid(world.now()));
        let health = Arc::new(health::Health::default());
        let switchboard = Arc::new(realtime::Switchboard::new(bus.clone(), Arc::clone(&health), &node));
        let presence = Arc::new(presence::Presence::new(world.cache.clone(), node));
        let writer = Arc::new(desk::message::Writer::start(&world));
        let marker = Arc::new(desk::conversation::Marker::start(&world));
        Self {
            world,
            bus,
            health,
            presence,
            switchboard,
            writer,
            marker,
            plans: Arc::default(),
            turns: Arc::default(),
            rooms: Arc::default(),
            turnovers: Arc::default(),
            pasts: Arc::default(),
            looks: Arc::new(Semaphore::new(waiting_room::LOOKS_AT_ONCE)),
            alarms: Arc::default(),
            depths: Arc::default(),
            stillness: Arc::default(),
        }
    }
}
