//! HTTP out: one way to make a client, with timeouts and our one TLS provider.
//!
//! For addresses that an operator wrote. It may reach our own network, so an address that a customer wrote must not get here.

use std::time::Duration;

pub use reqwest;

/// How long a server may take to accept.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long a whole answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// What a client brings along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookies {
    /// Keeps what servers set, as a browser does.
    Kept,
    /// Keeps none.
    Refused,
}

/// Makes ring the provider of this process, unless it has one: reqwest and the sockets come without.
pub fn choose_tls() {
    // Refused only when somebody was quicker, and there is no other provider to choose.
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// A client that gives up in time, follows no redirect and asks no proxy.
#[expect(clippy::disallowed_methods, reason = "the one place that makes HTTP clients")]
pub fn client(user_agent: &str, cookies: Cookies) -> Result<reqwest::Client, reqwest::Error> {
    choose_tls();
    reqwest::Client::builder()
        .user_agent(user_agent)
        .connect_timeout(CONNECT_WITHIN)
        .timeout(ANSWER_WITHIN)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .cookie_store(cookies == Cookies::Kept)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_client_finds_the_provider_chosen() {
        assert!(client("test", Cookies::Refused).is_ok());
        assert!(client("test", Cookies::Kept).is_ok());
    }
}
