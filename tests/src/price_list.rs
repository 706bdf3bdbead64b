//! The price list once more, written out by hand, and what it makes of a quantity. Nothing here is read from the product: what an
//! invoice says is held against it.

/// A step of a price: where it ends in a month, and what one thing costs in it, in millionths of the smallest unit of a dollar, of a
/// euro and of a renminbi. The last one does not end.
type Step = (Option<i64>, [i64; 3]);

/// What is paid for beyond what a month includes.
struct Price {
    plan: &'static str,
    meter: &'static str,
    steps: &'static [Step],
}

const PRICES: [Price; 6] = [
    Price {
        plan: "pro",
        meter: "conversations",
        steps: &[
            (Some(20_000), [0, 0, 0]),
            (Some(100_000), [2_000_000, 1_900_000, 14_000_000]),
            (None, [1_000_000, 950_000, 7_000_000]),
        ],
    },
    Price { plan: "pro", meter: "messages", steps: &[(Some(500_000), [0, 0, 0]), (None, [50_000, 47_000, 350_000])] },
    Price {
        plan: "pro",
        meter: "ai_resolutions",
        steps: &[
            (Some(200), [0, 0, 0]),
            (Some(5_000), [50_000_000, 47_000_000, 350_000_000]),
            (None, [40_000_000, 38_000_000, 280_000_000]),
        ],
    },
    Price {
        plan: "scale",
        meter: "conversations",
        steps: &[
            (Some(500_000), [0, 0, 0]),
            (Some(2_000_000), [1_000_000, 950_000, 7_000_000]),
            (None, [500_000, 470_000, 3_500_000]),
        ],
    },
    Price {
        plan: "scale",
        meter: "messages",
        steps: &[(Some(20_000_000), [0, 0, 0]), (None, [20_000, 19_000, 140_000])],
    },
    Price {
        plan: "scale",
        meter: "ai_resolutions",
        steps: &[
            (Some(5_000), [0, 0, 0]),
            (Some(50_000), [40_000_000, 38_000_000, 280_000_000]),
            (None, [30_000_000, 28_000_000, 210_000_000]),
        ],
    },
];

fn price(plan: &str, meter: &str) -> &'static Price {
    PRICES.iter().find(|price| price.plan == plan && price.meter == meter).unwrap()
}

/// How much of a meter a month of a plan includes.
pub fn included(plan: &str, meter: &str) -> i64 {
    price(plan, meter).steps[0].0.unwrap()
}

/// What so much of a meter costs in a period of so many months: each step rounded half up to the smallest unit.
pub fn cost(plan: &str, meter: &str, currency: &str, months: i64, quantity: i64) -> i64 {
    let column = ["usd", "eur", "cny"].iter().position(|known| *known == currency).unwrap();
    let (mut below, mut sum) = (0, 0);
    for (end, units) in price(plan, meter).steps {
        let end = end.map_or(i64::MAX, |end| end * months).min(quantity.max(0));
        sum += ((end - below).max(0) * units[column] + 500_000) / 1_000_000;
        below = below.max(end);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_costs_what_its_step_says() {
        assert_eq!(cost("pro", "conversations", "usd", 1, 20_000), 0);
        assert_eq!(cost("pro", "conversations", "usd", 1, 100_010), 160_010);
        assert_eq!(cost("pro", "messages", "usd", 1, 500_010), 1, "half a cent is rounded up");
        assert_eq!(cost("scale", "ai_resolutions", "cny", 12, 60_001), 280);
        assert_eq!(cost("pro", "messages", "eur", 1, -5), 0);
    }
}
