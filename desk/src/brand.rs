//! Brands: groups of inboxes and teams inside one company.

use infra::{Id, ids};

/// Marks ids of brands.
#[derive(Debug)]
pub enum BrandKind {}
impl ids::Prefixed for BrandKind {
    const PREFIX: &'static str = "brand";
}
/// The id of a brand.
pub type BrandId = Id<BrandKind>;
