//! Realtime: frames from what was committed to whoever may see it. `openapi/realtime.json` describes every frame.
//!
//! What must be absent: anything that exists only here. A lost frame is found again by its number.

mod absence;
mod bell;
mod count;
mod eyes;
mod frame;
mod hub;
mod moves;
mod place;
mod refusal;
mod resume;
mod seats;
mod session;
mod switchboard;
mod topic;
mod typing;
mod welcome;

pub use absence::KEPT;
pub use bell::Call;
pub use eyes::{Eyes, View};
pub use frame::{CLIENT_TYPES, ClientFrame, FrameError, LARGEST, OfferOutcome, ServerFrame, Who};
pub use hub::{Hub, SocketId};
pub use place::{Delivery, Place};
pub use refusal::{OpenError, SessionError, TooMany};
pub use resume::continues;
pub use session::{Close, Session};
pub use switchboard::Switchboard;
pub use topic::Topic;
pub use welcome::Welcome;

/// How often clients ping, in seconds.
pub const HEARTBEAT_SECONDS: u64 = 20;
/// A socket that was silent for so long is taken for dead: a half-open peer is found within 45 s.
pub const SILENCE: std::time::Duration = std::time::Duration::from_secs(45);
/// How many missed messages a resume brings; beyond that the client is told to reload.
pub const RESUME_MOST: u64 = 500;
