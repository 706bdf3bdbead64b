//! Plans in short: a name and what it includes. The whole offer is in [`crate::catalogue`].

use serde::Serialize;
use tenant::Limits;

use crate::catalogue;

/// What a company can choose.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Plan {
    /// Its stable name.
    #[schema(example = "free")]
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// What it includes.
    pub limits: Limits,
}

/// Every plan, smallest first.
pub fn all() -> Vec<Plan> {
    catalogue::all().into_iter().map(|offer| Plan { id: offer.id, name: offer.name, limits: offer.limits }).collect()
}
