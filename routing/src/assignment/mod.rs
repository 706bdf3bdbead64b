//! Who gets a waiting conversation. [`plan()`] decides, from plain data and without any service; [`round`](mod@round) carries it out.
//!
//! **Invariant.** Equal floors give equal plans: time is an argument, chance is not used, every tie is broken.
//! **Invariant.** Nobody gets more than fits, and nobody waits whom somebody here could take.

pub mod alarms;
pub mod depths;
pub mod floor;
pub mod handover;
pub mod ladder;
pub mod model;
pub mod plan;
pub(crate) mod rank;
pub mod round;
pub mod turns;
pub mod why;

pub use ladder::{Reach, Teams, effective};
pub use model::{Floor, Offer, Seat, Ticket};
pub use plan::{Decision, Plan, plan, plan_to, refusal};
pub use round::{Round, is_noteworthy, repair, round, standing_offers};
pub use why::{Candidate, Ground, Refusal, Why};
