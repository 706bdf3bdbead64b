//! What a quantity costs in steps: each thing at the price of the step it falls into.

use serde::{Deserialize, Serialize};

/// One step of a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = PriceTier)]
pub struct Tier {
    /// The last quantity in it; null for the last step.
    pub up_to: Option<u64>,
    /// One thing, in millionths of the smallest unit of the currency.
    pub unit_micros: i64,
}

/// What fell into one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TierAmount {
    /// The last quantity in the step; null for the last one.
    pub up_to: Option<u64>,
    /// One thing in it, in millionths of the smallest unit of the currency.
    pub unit_micros: i64,
    /// How much of the quantity is in it.
    pub quantity: u64,
    /// What that costs, rounded half up to the smallest unit of the currency.
    pub amount_minor: i64,
}

/// Spreads a quantity over the steps. Steps that nothing fell into are left out.
pub fn amounts(tiers: &[Tier], quantity: u64) -> Vec<TierAmount> {
    let mut before = 0;
    let mut all = Vec::new();
    for tier in tiers {
        let end = tier.up_to.unwrap_or(u64::MAX).min(quantity);
        let within = end.saturating_sub(before);
        if within > 0 {
            let Tier { up_to, unit_micros } = *tier;
            all.push(TierAmount { up_to, unit_micros, quantity: within, amount_minor: price(within, unit_micros) });
        }
        before = before.max(end);
    }
    all
}

/// What all steps come to.
pub fn total(steps: &[TierAmount]) -> i64 {
    steps.iter().fold(0, |sum, step| sum.saturating_add(step.amount_minor))
}

fn price(quantity: u64, unit_micros: i64) -> i64 {
    let micros = i128::from(quantity).saturating_mul(i128::from(unit_micros));
    i64::try_from((micros + 500_000).div_euclid(1_000_000)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIERS: [Tier; 3] = [
        Tier { up_to: Some(100), unit_micros: 0 },
        Tier { up_to: Some(150), unit_micros: 2_000_000 },
        Tier { up_to: None, unit_micros: 500_000 },
    ];

    fn cost(quantity: u64) -> i64 {
        total(&amounts(&TIERS, quantity))
    }

    #[test]
    fn each_thing_costs_what_its_step_says() {
        assert_eq!(cost(0), 0);
        assert_eq!(cost(100), 0);
        assert_eq!(cost(101), 2);
        assert_eq!(cost(150), 100);
        assert_eq!(cost(152), 101);
        let steps = amounts(&TIERS, 152);
        assert_eq!(steps.iter().map(|step| step.quantity).collect::<Vec<_>>(), [100, 50, 2]);
    }

    #[test]
    fn half_a_cent_is_rounded_up_once_a_step() {
        assert_eq!(cost(151), 101);
        assert_eq!(cost(153), 102);
    }

    #[test]
    fn no_quantity_is_too_large() {
        assert_eq!(cost(u64::MAX), i64::MAX);
    }
}
