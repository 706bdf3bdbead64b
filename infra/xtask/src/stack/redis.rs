//! Redis, which may lose everything at any time, so nothing of it is written to disk.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use super::Setting;
use crate::outcome::Outcome;
use crate::process::{Launch, Running, StopSignal};

pub(super) fn start(setting: &Setting<'_>, port: u16) -> Outcome<Running> {
    let port = port.to_string();
    let arguments = [
        "--bind",
        "127.0.0.1",
        "--port",
        &port,
        "--save",
        "",
        "--appendonly",
        "no",
        "--daemonize",
        "no",
        "--databases",
        "64",
    ];
    Launch {
        name: "Redis",
        program: setting.tools.redis.clone(),
        arguments: arguments.iter().map(Into::into).collect(),
        environment: setting.environment(),
        folder: setting.home.clone(),
        log: setting.log("redis.log"),
        account: setting.account,
        lifetime: setting.plan.lifetime,
        stop: StopSignal::Terminate,
    }
    .start()
}

pub(super) fn await_ready(setting: &Setting<'_>, service: Option<&mut Running>, port: u16) -> Outcome<()> {
    setting.await_answer(service, "redis.log", Duration::from_secs(30), || answers(port).is_some())
}

fn answers(port: u16) -> Option<()> {
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    socket.write_all(b"PING\r\n").ok()?;
    let mut answer = [0; 5];
    socket.read_exact(&mut answer).ok()?;
    (&answer == b"+PONG").then_some(())
}
