//! Ports on the loopback address.

use std::net::{Ipv4Addr, TcpListener};

use crate::outcome::{Outcome, Stop};

/// How far to look for a free one.
const WINDOW: u16 = 60;

/// True when nobody listens there.
pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// The wanted port, or the next one that is free.
pub(crate) fn free_from(wanted: u16) -> Outcome<u16> {
    let last = wanted.saturating_add(WINDOW);
    (wanted..=last).find(|port| is_free(*port)).ok_or_else(|| {
        Stop::because(format!(
            "every port from {wanted} to {last} is taken: end what listens there (`ss -ltnp` shows it), or choose another with --port"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_gives_way_to_the_next_free_one() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(!is_free(port));
        if let Ok(next) = free_from(port) {
            assert!(next > port);
        }
    }
}
