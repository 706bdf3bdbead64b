//! Just enough HTTP to ask our own server on loopback whether it is there.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use crate::outcome::{Outcome, Stop};

/// The status of a GET, and its body; `None` when nobody answers.
pub(super) fn get(port: u16, path: &str) -> Option<(u16, String)> {
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let ask =
        format!("GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAccept: text/html\r\nConnection: close\r\n\r\n");
    socket.write_all(ask.as_bytes()).ok()?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).ok()?;
    parse(&String::from_utf8_lossy(&answer))
}

/// A page that must be there and be HTML.
pub(super) fn page(port: u16, path: &str) -> Outcome<String> {
    match get(port, path) {
        Some((200, body)) if body.contains("<html") => Ok(body),
        Some((200, _)) => {
            Err(Stop::because(format!("GET {path} answered, but not with a page: are the web apps built?")))
        }
        Some((status, body)) => Err(Stop::because(format!("GET {path} answered {status}: {body}"))),
        None => Err(Stop::because(format!("GET {path} was not answered"))),
    }
}

fn parse(answer: &str) -> Option<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_status_and_a_body() {
        assert_eq!(parse("HTTP/1.1 204 No Content\r\nx: y\r\n\r\n"), Some((204, String::new())));
        assert_eq!(parse("HTTP/1.1 200 OK\r\n\r\n<html>"), Some((200, "<html>".to_owned())));
        assert_eq!(parse("garbage"), None);
    }
}
