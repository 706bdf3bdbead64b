//! What the kernel says of a server's connections: who has one that the server has not closed. A peer that reads nothing cannot tell.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// As the kernel writes it.
const ESTABLISHED: &str = "01";

/// From which addresses connections to these servers stand, as the servers see it.
pub fn connected_to(servers: &[SocketAddr]) -> HashSet<IpAddr> {
    read(&std::fs::read_to_string("/proc/net/tcp").unwrap_or_default(), servers)
}

fn read(table: &str, servers: &[SocketAddr]) -> HashSet<IpAddr> {
    let rows = table.lines().filter_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (local, remote, state) = (fields.next()?, fields.next()?, fields.next()?);
        let is_ours = state == ESTABLISHED && servers.contains(&address(local)?);
        is_ours.then(|| address(remote)).flatten()
    });
    rows.map(|remote| remote.ip()).collect()
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
        assert_eq!(connected_to(&[server]), HashSet::from([peer, other]));
        drop(accepted);
        assert_eq!(connected_to(&[server]), HashSet::from([other]));
        assert!(connected_to(&[SocketAddr::new(server.ip(), 1)]).is_empty());
    }
}
