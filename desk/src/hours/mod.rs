//! Business hours: when somebody answers. One engine for everything that asks whether it is open, when it opens, and how much
//! open time has passed.
//!
//! A [`Timetable`] is what people write: slots for each weekday, special days, a time zone. A [`Calendar`] is a timetable that
//! makes sense.
//!
//! **A slot begins when the wall clock first reaches its beginning, and ends when the clock first reaches its end.** So a slot in
//! an hour that the clock leaps over begins, or is over, at the leap; one in an hour that comes twice lasts through both; and
//! none is ever cut in two.

mod calendar;
mod timetable;

#[cfg(test)]
mod minutes;

pub use calendar::{Calendar, Nonsense, Span};
pub use timetable::{Slot, SpecialDay, Timetable, Weekly};
