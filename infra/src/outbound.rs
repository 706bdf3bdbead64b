//! HTTP out to addresses that a customer wrote: nothing of our own network can be reached, read or told apart by it.
//!
//! The address is judged when the connection is made, not when the name was read, so a name that changes its mind in between leads
//! nowhere. No redirect is followed, answers are bounded, and everything is over within seconds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use http::{Request, Response};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Url, redirect};

/// How long a server may take to accept.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// How long a whole answer may take: less than whoever waits for us has patience.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// The largest answer that is read.
const LARGEST: usize = 512 * 1024;

/// Where requests may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses, over TLS.
    Public,
    /// Anywhere, as an operator has allowed: for installations whose providers are in the same network, and for tests.
    Anywhere,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// It is not to be asked.
    #[error("this address may not be asked: {0}")]
    Forbidden(&'static str),
    /// It did not answer, or not well.
    #[error("it did not answer: {0}")]
    Away(String),
    /// It answered more than anybody would.
    #[error("the answer is too large")]
    TooLarge,
}

/// Asks addresses that a customer wrote.
#[derive(Debug, Clone)]
pub struct Outbound {
    client: reqwest::Client,
    reach: Reach,
}

struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err("it leads to no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

impl Outbound {
    /// Makes the one client for such addresses.
    #[expect(clippy::disallowed_methods, reason = "the one place that makes HTTP clients for what customers wrote")]
    pub fn new(reach: Reach) -> Result<Self, reqwest::Error> {
        crate::http::choose_tls();
        let client = reqwest::Client::builder()
            .user_agent("Frontdesk")
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            .redirect(redirect::Policy::none())
            .no_proxy();
        let client = match reach {
            Reach::Public => client.dns_resolver(PublicOnly).https_only(true),
            Reach::Anywhere => client,
        };
        Ok(Self { client: client.build()?, reach })
    }

    /// Whether an address may be asked at all, as far as can be told without asking.
    pub fn may_ask(&self, address: &str) -> Result<(), OutboundError> {
        let url = Url::parse(address).map_err(|_| OutboundError::Forbidden("it is no address"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OutboundError::Forbidden("it holds a password"));
        }
        match (self.reach, url.scheme()) {
            (_, "https") | (Reach::Anywhere, "http") => {}
            _ => return Err(OutboundError::Forbidden("it does not begin with https")),
        }
        let host = url.host_str().ok_or(OutboundError::Forbidden("it names no server"))?;
        // A literal address is connected to without asking the resolver.
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match (self.reach, literal) {
            (Reach::Public, Ok(ip)) if !is_public(ip) => Err(OutboundError::Forbidden("it is not public")),
            _ => Ok(()),
        }
    }

    /// Asks, and reads the answer whole.
    pub async fn ask(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutboundError> {
        self.may_ask(&request.uri().to_string())?;
        let away = |error: reqwest::Error| OutboundError::Away(error.without_url().to_string());
        let request = reqwest::Request::try_from(request).map_err(away)?;
        let mut answer = self.client.execute(request).await.map_err(away)?;
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(away)? {
            if body.len() + piece.len() > LARGEST {
                return Err(OutboundError::TooLarge);
            }
            body.extend_from_slice(&piece);
        }
        let mut whole = Response::new(body);
        *whole.status_mut() = answer.status();
        std::mem::swap(whole.headers_mut(), answer.headers_mut());
        Ok(whole)
    }
}

/// Whether an address is somebody's on the internet: not ours, not a neighbour's, not reserved for examples, groups or tunnels.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let ours = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !ours
}

/// Only `2000::/3` is given out; within it, tunnels that would carry a private address inside are left out.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    let given_out = first & 0xe000 == 0x2000;
    let tunnel_or_example = first == 0x2002 || (first == 0x2001 && (second < 0x0200 || second == 0x0db8));
    given_out && !tunnel_or_example && first != 0x3fff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_our_own_network_is_public() {
        for ours in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
        ] {
            assert!(!is_public(ours.parse().unwrap()), "{ours}");
        }
        for theirs in ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"] {
            assert!(is_public(theirs.parse().unwrap()), "{theirs}");
        }
    }

    #[test]
    fn an_address_that_leads_inside_is_not_asked() {
        let outbound = Outbound::new(Reach::Public).unwrap();
        for bad in [
            "http://login.example",
            "https://127.0.0.1/",
            "https://[::1]:8443/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://user:word@login.example/",
            "file:///etc/passwd",
            "gopher://login.example",
            "login.example",
            "",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/latest/meta-data",
        ] {
            assert!(outbound.may_ask(bad).is_err(), "{bad}");
        }
        assert!(outbound.may_ask("https://login.example/realm").is_ok());
        let inside = Outbound::new(Reach::Anywhere).unwrap();
        assert!(inside.may_ask("http://127.0.0.1:1/").is_ok() && inside.may_ask("file:///etc/passwd").is_err());
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_connected_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let outbound = Outbound::new(Reach::Public).unwrap();
        let ask = Request::get(format!("https://localhost:{port}/")).body(Vec::new()).unwrap();
        assert!(matches!(outbound.ask(ask).await, Err(OutboundError::Away(_))));
        let nobody = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(nobody.is_err(), "somebody connected");
    }
}
