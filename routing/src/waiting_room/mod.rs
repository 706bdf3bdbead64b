//! The waiting room: where a visitor stands, how long it will take, and how far the bar has come.
//!
//! [`standings`] plays the line forward from what is known now: who is here, what they have in hand and for how long
//! already, how long such conversations have taken, who is ahead and what they may be given. See `docs/ROUTING.md`.
//!
//! **Invariant.** Equal knowledge gives equal estimates: neither the clock nor chance is asked.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "seconds of a day at most, and lines of some thousands: rounded before anybody reads them"
)]

mod bar;
mod board;
mod calibration;
mod draws;
mod flow;
mod forecast;
mod handling;
mod line;
mod past;
mod push;
mod report;
mod standing;
mod survival;
mod turnover;

pub use bar::{Bar, Shown, advance};
pub use board::{QueueBoard, WidgetQueue, board, of_visitor};
pub use calibration::{Calibration, Promise};
pub use flow::{End, Flow, Waited};
pub use forecast::Running;
pub use handling::{HandleTimes, Handled, Prior};
pub use line::Place;
pub(crate) use past::Pasts;
pub(crate) use push::LOOKS_AT_ONCE;
pub use push::{refresh_now, refresh_soon};
pub use report::{WaitEstimates, wait_estimates};
pub use standing::{Estimate, Known, Standing, standings};
pub use turnover::{Turnover, Turnovers};
