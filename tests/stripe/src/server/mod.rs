//! The provider as a server: HTTP in, HTTP out, and webhooks on their way. What it knows is in `books`.

pub(crate) mod connection;
pub(crate) mod door;
pub(crate) mod fault;
pub(crate) mod keys;
pub(crate) mod page;
pub(crate) mod pdf;
pub(crate) mod post;
pub(crate) mod route;
pub(crate) mod script;
pub(crate) mod visitor;
