//! Objects as Stripe writes them. Nothing is decided here.

mod catalogue;
mod customer;
mod expand;
mod invoice;
pub(crate) mod list;
mod session;
mod subscription;
