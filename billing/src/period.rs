//! Which hours of usage belong to which period. One rule for invoices, previews and meters: an hour counts to the period in which
//! it ends, so that the last hour of a period has been sent long before its invoice is final.

use chrono::{DurationRound as _, TimeDelta};
use infra::Timestamp;

/// The beginning of the hour that an instant lies in.
pub fn hour_of(at: Timestamp) -> Timestamp {
    at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at)
}

/// The instant that stands for an hour: its last second.
pub fn counted_at(hour: Timestamp) -> Timestamp {
    hour + TimeDelta::seconds(3599)
}

/// The usage that is charged to the period `from..to`, as a span of time. Nothing from before `metered_from` is.
pub fn charged(from: Timestamp, to: Timestamp, metered_from: Option<Timestamp>) -> (Timestamp, Timestamp) {
    let begin = hour_of(from).max(metered_from.unwrap_or(Timestamp::MIN_UTC));
    (begin, hour_of(to).max(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_hour_counts_to_the_period_in_which_it_ends() {
        let (from, to) = charged(at("2027-03-01T02:17:33Z"), at("2027-04-01T02:17:33Z"), None);
        assert_eq!((from, to), (at("2027-03-01T02:00:00Z"), at("2027-04-01T02:00:00Z")));
        let cut = at("2027-04-01T02:17:33Z");
        assert!(counted_at(at("2027-04-01T01:00:00Z")) < cut && counted_at(at("2027-04-01T02:00:00Z")) >= cut);
    }

    #[test]
    fn periods_that_follow_each_other_share_no_hour_and_leave_none_out() {
        let cuts = ["2027-03-01T02:17:33Z", "2027-04-01T02:00:00Z", "2027-05-01T00:59:59Z"].map(at);
        let first = charged(cuts[0], cuts[1], None);
        let second = charged(cuts[1], cuts[2], None);
        assert_eq!(first.1, second.0);
    }

    #[test]
    fn what_was_used_before_buying_is_not_charged() {
        let bought = at("2027-03-01T02:17:33Z");
        assert_eq!(charged(bought, at("2027-04-01T02:17:33Z"), Some(bought)).0, bought);
        assert_eq!(charged(bought, bought + TimeDelta::minutes(5), Some(bought)), (bought, bought));
    }
}
