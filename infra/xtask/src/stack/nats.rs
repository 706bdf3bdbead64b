//! NATS core. Without `JetStream`: it carries fan-out and wake-ups, and may lose everything.

use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use super::Setting;
use crate::outcome::Outcome;
use crate::process::{Launch, Running, StopSignal};

pub(super) fn start(setting: &Setting<'_>, port: u16) -> Outcome<Running> {
    Launch {
        name: "NATS",
        program: setting.tools.nats.clone(),
        arguments: ["--addr", "127.0.0.1", "--port", &port.to_string()].iter().map(Into::into).collect(),
        environment: setting.environment(),
        folder: setting.home.clone(),
        log: setting.log("nats.log"),
        account: setting.account,
        lifetime: setting.plan.lifetime,
        stop: StopSignal::Terminate,
    }
    .start()
}

pub(super) fn await_ready(setting: &Setting<'_>, service: Option<&mut Running>, port: u16) -> Outcome<()> {
    setting.await_answer(service, "nats.log", Duration::from_secs(30), || answers(port).is_some())
}

/// NATS speaks first.
fn answers(port: u16) -> Option<()> {
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    let mut greeting = [0; 5];
    socket.read_exact(&mut greeting).ok()?;
    (&greeting == b"INFO ").then_some(())
}
