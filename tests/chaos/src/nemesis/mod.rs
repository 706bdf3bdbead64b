//! The adversary: a plan from a seed, and the hands that carry it out.

mod act;
mod plan;

pub(crate) use act::Arena;
pub(crate) use plan::{Fault, Pace, Plan, Strike};
