//! Processes: those that run to their end, those that serve, and who they are after we have forgotten them.

mod identity;
mod job;
mod service;
mod signals;

pub(crate) use identity::{Process, with_folder_open};
pub(crate) use job::{capture, quiet, run};
pub(crate) use service::{Account, Launch, Lifetime, Running, StopSignal, run_as};
pub(crate) use signals::Signals;
