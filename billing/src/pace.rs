//! How fast a company on each plan may go. Far above what a company of its size needs in its busiest minute: it keeps a flood from the
//! others, and is nothing to sell.

use tenant::Pace;

/// What a plan gives. A plan that no longer exists goes as fast as the smallest one.
pub fn pace(plan: &str) -> Pace {
    match plan {
        "private" => Pace::default(),
        "scale" => bounds(20),
        "pro" => bounds(5),
        _ => bounds(1),
    }
}

fn bounds(times: u32) -> Pace {
    Pace {
        messages_per_minute: Some(6_000 * times),
        requests_per_minute: Some(12_000 * times),
        key_requests_per_minute: Some(1_200 * times),
        visitors_per_minute: Some(6_000 * times),
        sockets: Some(5_000 * times),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_of_yesterday_does_not_lift_every_bound() {
        assert_eq!(pace("gold-2019"), pace("free"));
        assert_eq!(pace("private"), Pace::default());
        assert!(pace("pro").messages_per_minute > pace("free").messages_per_minute);
    }
}
