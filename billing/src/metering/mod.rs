//! Usage on its way to the provider: rolled up by closed hours, sent once, and compared with what the provider has.
//!
//! pending → sent → accepted → confirmed. A batch is **sent** from the moment somebody sets out to send it; whether it has arrived is
//! known when it is **accepted**; that it was counted is known when the provider's own sum says so.

mod batch;
mod compare;
mod hold;
mod roll;
mod send;
mod stamp;

pub(crate) use batch::moved;
pub use compare::{Compared, Comparison};
pub use send::Sent;
pub(crate) use stamp::{open_since, turned_at};

use chrono::TimeDelta;
use tenant::usage::Meter;

/// What is charged for, and so is told to the provider.
pub const CHARGED: [Meter; 3] = [Meter::Conversations, Meter::Messages, Meter::AiResolutions];

/// An hour is closed so long after its end: whoever was still writing has finished.
pub const CLOSED_AFTER: TimeDelta = TimeDelta::minutes(5);
/// Nothing older is sent: the provider takes 35 days. Somebody has to see to it.
pub const TOO_OLD: TimeDelta = TimeDelta::days(34);
/// So long the provider knows a repetition by its identifier, with an hour to spare.
pub const KNOWN_FOR: TimeDelta = TimeDelta::hours(23);
/// So long after its acceptance a batch may still be on its way into the provider's sums.
pub const COUNTED_WITHIN: TimeDelta = TimeDelta::minutes(30);
/// An invoice is final an hour after its period; what comes later than this is charged with the next one.
pub const FINAL_AFTER: TimeDelta = TimeDelta::minutes(55);
