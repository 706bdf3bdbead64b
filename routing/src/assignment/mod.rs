//! Who gets a waiting conversation. [`plan()`] decides, from plain data and without any service; [`claim`] carries it out.
//!
//! **Invariant.** Equal floors give equal plans: time is an argument, chance is not used, every tie is broken.
//! **Invariant.** Nobody gets more than fits, and nobody waits whom somebody here could take.

pub mod claim;
pub mod ladder;
pub mod model;
pub mod plan;
pub(crate) mod rank;
pub mod turns;
pub mod why;

pub use claim::{assign_waiting, is_noteworthy};
pub use ladder::{Reach, Teams, effective};
pub use model::{Floor, Offer, Reason, Seat, Ticket};
pub use plan::{Decision, Plan, plan, refusal};
pub use why::{Candidate, Ground, Refusal, Why};
