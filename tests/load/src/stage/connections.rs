//! What the kernel says of a server's connections: who has one that the server has not closed. A peer that reads nothing cannot tell.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::outcome::{Doing as _, Failed, Outcome};

const TABLE: &str = "/proc/net/tcp";
/// As the kernel writes them.
const ESTABLISHED: &str = "01";
const LISTENS: &str = "0A";

/// From which addresses connections to these servers stand, as the servers see it.
pub fn connected_to(servers: &[SocketAddr]) -> Outcome<HashSet<IpAddr>> {
    read(&std::fs::read_to_string(TABLE).doing(|| format!("read {TABLE}"))?, servers)
}

/// A table in which a server does not even listen says nothing of who is connected to it.
fn read(table: &str, servers: &[SocketAddr]) -> Outcome<HashSet<IpAddr>> {
    let (mut listening, mut connected) = (HashSet::new(), HashSet::new());
    for (local, remote, state) in table.lines().filter_map(row) {
        if !servers.contains(&local) {
            continue;
        }
        if state == LISTENS {
            listening.insert(local);
        } else if state == ESTABLISHED {
            connected.insert(remote.ip());
        }
    }
    match servers.iter().find(|server| !listening.contains(*server)) {
        Some(server) => Err(Failed::because(format!("{TABLE} does not show that anybody listens at {server}"))),
        None => Ok(connected),
    }
}

/// Our side, the other side, and the state. Nothing for the heading.
fn row(line: &str) -> Option<(SocketAddr, SocketAddr, &str)> {
    let mut fields = line.split_whitespace().skip(1);
    Some((address(fields.next()?)?, address(fields.next()?)?, fields.next()?))
}

/// `0100007F:1F90`: the address as the machine holds it, and the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let ip = Ipv4Addr::from(u32::from_str_radix(ip, 16).ok()?.to_ne_bytes());
    Some(SocketAddr::new(ip.into(), u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_counts_until_the_server_closes_it_though_its_peer_reads_nothing() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap();
        let (peer, other) = ("127.77.3.1".parse().unwrap(), "127.77.3.2".parse().unwrap());
        let _unread = crate::ws::connect(peer, server).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        let _open = crate::ws::connect(other, server).await.unwrap();
        let _accepted = listener.accept().await.unwrap();
        assert_eq!(connected_to(&[server]).unwrap(), HashSet::from([peer, other]));
        drop(accepted);
        assert_eq!(connected_to(&[server]).unwrap(), HashSet::from([other]));
        let nobody = SocketAddr::new(server.ip(), 1);
        assert!(connected_to(&[server, nobody]).is_err(), "nobody listens there");
        assert!(read("", &[server]).is_err(), "an empty table is no closed connection");
    }
}
