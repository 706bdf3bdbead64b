//! Whose address a request comes from. A client writes into `X-Forwarded-For` what it likes; only what our own proxies added counts,
//! and how many those are, the operator says.

use std::net::{IpAddr, SocketAddr};

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use sha2::{Digest as _, Sha256};
use std::convert::Infallible;
use std::sync::Arc;
use tenant::throttle::Rate;
use uuid::Uuid;

use crate::App;
use crate::problem::Problem;

/// Who is at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// The client's address, as a number that stands for it. A house has one IPv6 network of /64, and so counts as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address(pub(crate) u64);

impl FromRequestParts<Arc<App>> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let Whence(address) = Whence::from_request_parts(parts, app).await?;
        Ok(Self(address.map_or(1, number)))
    }
}

/// The client's address itself, for what a company says of networks. It is looked at and not kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whence(pub(crate) Option<IpAddr>);

impl FromRequestParts<Arc<App>> for Whence {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.0.ip());
        Ok(Self(peer.map(|peer| client(peer, &parts.headers, app.trusted_proxies))))
    }
}

/// Somebody nobody knows yet stands at a door: they sign in or up, or ask for a link or a challenge. Counted by where they come from, at
/// this process alone. High enough for a whole office behind one address, and low enough that one address cannot keep the hashing of
/// passwords, which has two places, from everybody else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AtTheDoor;

/// How often one address may knock.
pub(crate) const KNOCKS: Rate = Rate::new(300, 60);

impl FromRequestParts<Arc<App>> for AtTheDoor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Ok(Address(from)) = Address::from_request_parts(parts, app).await;
        app.doors.attempt(Uuid::from_u128(from.into()), app.world.now())?;
        Ok(Self)
    }
}

/// Behind so many proxies of our own, the client is the one whom the outermost of them has seen. A header that is too short, or holds
/// no address there, was not written by them.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: usize) -> IpAddr {
    if trusted == 0 {
        return peer;
    }
    // A line counts whatever bytes a client has put into it: left out, it would shift everybody's place.
    let told: Vec<_> =
        headers.get_all("x-forwarded-for").iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    let hops: Vec<&str> = told.iter().flat_map(|line| line.split(',')).map(str::trim).collect();
    let outermost = hops.len().checked_sub(trusted).and_then(|place| hops.get(place));
    outermost.and_then(|hop| hop.parse().ok()).unwrap_or(peer)
}

fn number(address: IpAddr) -> u64 {
    let bytes = match address.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().into_iter().take(8).collect(),
    };
    let hash = Sha256::digest(&bytes);
    // 0 stands for all addresses.
    hash.iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        headers
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_hundred_thousand_invented_addresses_are_one_client() {
        let peer = ip("203.0.113.9");
        for turn in 0..100_000_u32 {
            let invented = std::net::Ipv4Addr::from(turn.wrapping_mul(2_654_435_761)).to_string();
            // Without a proxy of ours the header is not looked at.
            assert_eq!(client(peer, &told(&[&invented]), 0), peer);
            // Behind one, what it added stands last, whatever the client wrote before it.
            let headers = told(&[&format!("{invented}, 10.0.0.1"), &format!("{invented},198.51.100.7")]);
            assert_eq!(client(ip("10.0.0.2"), &headers, 1), ip("198.51.100.7"));
        }
    }

    #[test]
    fn what_our_proxies_cannot_have_written_is_not_believed() {
        let proxy = ip("10.0.0.2");
        assert_eq!(client(proxy, &told(&["1.1.1.1, 198.51.100.7, 10.0.0.3"]), 2), ip("198.51.100.7"));
        for headers in [told(&[]), told(&["198.51.100.7"]), told(&["x, y"]), told(&["198.51.100.7, unknown, 10.0.0.3"])]
        {
            assert_eq!(client(proxy, &headers, 2), proxy, "{headers:?}");
        }
        for (name, value) in [("forwarded", "for=1.1.1.1"), ("x-real-ip", "1.1.1.1"), ("true-client-ip", "1.1.1.1")] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            assert_eq!(client(proxy, &headers, 1), proxy, "{name}");
        }
    }

    #[test]
    fn strange_bytes_hide_nobody() {
        let proxy = ip("10.0.0.2");
        for line in ["é, 203.0.113.7".as_bytes(), b"\xff\xfe,203.0.113.7"] {
            let mut headers = HeaderMap::new();
            headers.append("x-forwarded-for", axum::http::HeaderValue::from_bytes(line).unwrap());
            assert_eq!(client(proxy, &headers, 1), ip("203.0.113.7"));
            headers.append("x-forwarded-for", "10.0.0.3".parse().unwrap());
            assert_eq!(client(proxy, &headers, 2), ip("203.0.113.7"));
        }
    }

    #[test]
    fn a_house_with_a_network_of_its_own_is_one_client_and_its_neighbour_another() {
        assert_eq!(number(ip("2001:db8:1:2::1")), number(ip("2001:db8:1:2:ffff:ffff:ffff:ffff")));
        assert_ne!(number(ip("2001:db8:1:2::1")), number(ip("2001:db8:1:3::1")));
        assert_eq!(number(ip("::ffff:203.0.113.9")), number(ip("203.0.113.9")));
        assert_ne!(number(ip("203.0.113.9")), number(ip("203.0.113.10")));
    }
}
