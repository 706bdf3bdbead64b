//! tests prove: the harness that the stories in `tests/it` are told with.
//!
//! Every [`TestApp`] has a database of its own, real servers in this process, a real mail server of ours, and a clock that
//! only it can move. Every company has a canary word in all its texts; what a client of another company receives is
//! searched for it, byte by byte.
//!
//! **Invariant.** Nothing here waits blindly: every wait names what it waits for, and has a deadline.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::needless_pass_by_value,
    clippy::match_wild_err_arm,
    reason = "a harness that fails loudly, at the line that is wrong, is what it is for"
)]

mod app;
mod authenticator;
mod canary;
mod database;
mod http;
mod lossy;
mod openid;
pub mod payments;
pub mod payments_books;
mod payments_kills;
pub mod payments_sim;
mod people;
pub mod price_list;
mod program;
mod proxy;
mod shop;
mod smtp;
mod socket;
mod stream;
mod vouching;
mod wait;

pub use app::{Node, TestApp};
pub use authenticator::authenticator_code;
pub use canary::Guard;
pub use database::{Addresses, OwnDatabase};
pub use http::{Http, Reply};
pub use lossy::LossyBus;
pub use openid::{CLIENT_ID, CLIENT_SECRET, OpenIdProvider, Signing};
pub use people::{Agent, Visitor};
pub use program::{Program, Worker, build_program, free_port};
pub use proxy::Proxy;
pub use shop::{PASSWORD, Shop};
pub use smtp::{Mail, Mailbox};
pub use socket::Socket;
pub use stream::EventStream;
pub use vouching::Signer;
pub use wait::{COME_AGAIN, DEADLINE, chance, eventually, fresh, insistently, within};
