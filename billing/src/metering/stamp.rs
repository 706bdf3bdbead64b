//! What usage is told to count for: its own hour, as long as the invoice of that hour's period can still take it. What comes to a
//! final invoice would be counted, agree with our books, and never be charged.

use infra::Timestamp;

use super::FINAL_AFTER;
use crate::gateway::Provider;
use crate::lifecycle::Status;
use crate::subscription::{Contract, Subscription};

/// Where it is charged what is to count for an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charged {
    /// On the invoice of its own period.
    There,
    /// On the invoice of the period that is open: the one of its own period is final.
    Now,
    /// Nowhere: the invoice of its own period was the last one, and is final.
    Nowhere,
}

/// Since when it is counted what is on no invoice yet: since the period began, or since its prices were changed.
pub(crate) fn open_since(contract: &Contract, turned_at: Option<Timestamp>) -> Timestamp {
    let turned = turned_at.filter(|turned| *turned < contract.period_to);
    turned.map_or(contract.period_from, |turned| turned.max(contract.period_from))
}

/// When it was last invoiced at once what had been told so far, as it follows from what is seen now: a change of the rhythm begins a
/// period, one of the plan does not. The end of a trial is nobody's invoice.
pub(crate) fn turned_at(before: &Subscription, seen: Option<&Contract>, now: Timestamp) -> Option<Timestamp> {
    match (&before.contract, seen) {
        (Some(was), Some(is)) if was.provider_id == is.provider_id && was.status != Status::Trialing => {
            // The provider does not say when a plan was changed. It was before now, and nothing was sent meanwhile.
            let other_plan = (is.provider == Provider::Stripe && was.plan != is.plan).then_some(now);
            let begun = (was.period_from < is.period_from && is.period_from < was.period_to).then_some(is.period_from);
            // Never earlier than it was, also by a clock that has been set back: what is invoiced stays invoiced.
            begun.or(other_plan).max(before.turned_at)
        }
        _ => before.turned_at,
    }
}

/// Where it is charged what is to count for `at`, and is sent `now`.
pub(super) fn charged(at: Timestamp, subscription: &Subscription, now: Timestamp) -> Charged {
    let Some(contract) = subscription.contract.as_ref().filter(|contract| contract.provider == Provider::Stripe) else {
        return Charged::There;
    };
    // The provider begins the next period in time, also when nobody could look since.
    let is_over = now > contract.period_to + FINAL_AFTER;
    let begun = if is_over { contract.period_to } else { open_since(contract, subscription.turned_at) };
    let is_final = now > begun + FINAL_AFTER || subscription.turned_at == Some(begun);
    if at >= begun || !is_final {
        return Charged::There;
    }
    // What is used while trying is free: it must not be moved to where it costs something.
    let tried_until = subscription.trial_ends_at.map(|end| end.timestamp());
    if [begun, contract.period_from].iter().any(|start| at < *start && tried_until == Some(start.timestamp())) {
        return Charged::There;
    }
    if is_over && (contract.cancels_at_end || contract.status == Status::Canceled) {
        return Charged::Nowhere;
    }
    Charged::Now
}

/// Whether it is before the last change of prices by our clock, which has been set back since: what counts now would count for before.
pub(super) fn is_behind(subscription: &Subscription, now: Timestamp) -> bool {
    let contract = subscription.contract.as_ref();
    contract.is_some_and(|contract| now < open_since(contract, subscription.turned_at))
}

/// The instant that is told for what is to count for `at`: the same, unless it would be charged to nobody.
pub(super) fn counted_for(at: Timestamp, subscription: &Subscription, now: Timestamp) -> Timestamp {
    match charged(at, subscription, now) {
        Charged::Now => now,
        Charged::There | Charged::Nowhere => at,
    }
}

#[cfg(test)]
mod tests {
    use tenant::AccountId;
    use uuid::Uuid;

    use super::*;
    use crate::catalogue::{Currency, Interval};
    use crate::subscription::Terms;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn subscription(cancels_at_end: bool, trial_ends_at: Option<&str>) -> Subscription {
        let contract = Contract {
            provider: Provider::Stripe,
            provider_id: "sub_1".into(),
            status: Status::Active,
            plan: "pro".into(),
            terms: Terms { currency: Currency::Usd, interval: Interval::Month, seats: 1 },
            period_from: at("2027-03-01T02:17:33Z"),
            period_to: at("2027-04-01T02:17:33Z"),
            cancels_at_end,
            began_at: at("2027-01-01T02:17:33Z"),
        };
        let before = Subscription {
            trial_ends_at: trial_ends_at.map(at),
            ..Subscription::none(AccountId::from_uuid(Uuid::nil()), "free")
        };
        before.seen(Some(contract), at("2027-03-02T00:00:00Z"))
    }

    #[test]
    fn late_usage_of_an_invoiced_period_counts_now() {
        let (company, hour) = (subscription(false, None), at("2027-03-01T00:59:59Z"));
        assert_eq!(counted_for(hour, &company, at("2027-03-01T03:00:00Z")), hour, "the invoice is not final yet");
        let late = at("2027-03-01T04:00:00Z");
        assert_eq!(counted_for(hour, &company, late), late);
        let own = at("2027-03-09T00:59:59Z");
        assert_eq!(counted_for(own, &company, at("2027-03-20T00:00:00Z")), own);
    }

    #[test]
    fn a_period_ends_also_when_nobody_can_look() {
        let (company, hour) = (subscription(false, None), at("2027-03-31T23:59:59Z"));
        assert_eq!(counted_for(hour, &company, at("2027-04-01T03:10:00Z")), hour, "the invoice is not final yet");
        let back = at("2027-04-03T14:00:00Z");
        assert_eq!(counted_for(hour, &company, back), back);
        let next = at("2027-04-01T02:59:59Z");
        assert_eq!(counted_for(next, &company, back), next, "the next period's invoice is far away");
    }

    #[test]
    fn after_the_last_invoice_nothing_is_charged_and_nobody_says_that_it_was() {
        let (company, hour) = (subscription(true, None), at("2027-03-31T23:59:59Z"));
        assert_eq!(charged(hour, &company, at("2027-04-01T03:10:00Z")), Charged::There);
        assert_eq!(charged(hour, &company, at("2027-04-01T03:20:00Z")), Charged::Nowhere);
        let of_before = at("2027-02-28T23:59:59Z");
        assert_eq!(charged(of_before, &company, at("2027-03-20T00:00:00Z")), Charged::Now, "another invoice comes");
    }

    #[test]
    fn a_subscription_that_ended_early_has_no_open_period() {
        let whole = subscription(false, None);
        let ended = whole.contract.clone().map(|contract| Contract {
            status: Status::Canceled,
            period_to: at("2027-03-17T03:17:33Z"),
            ..contract
        });
        let (company, hour) = (Subscription { contract: ended, ..whole }, at("2027-03-17T01:59:59Z"));
        assert_eq!(charged(hour, &company, at("2027-03-17T04:00:00Z")), Charged::There, "a last invoice could take it");
        assert_eq!(charged(hour, &company, at("2027-03-17T05:00:00Z")), Charged::Nowhere);
    }

    #[test]
    fn a_period_that_was_cut_short_takes_nothing_more() {
        let company = Subscription { turned_at: Some(at("2027-03-01T02:17:33Z")), ..subscription(false, None) };
        let (hour, now) = (at("2027-03-01T01:59:59Z"), at("2027-03-01T02:18:00Z"));
        assert_eq!(counted_for(hour, &company, now), now);
        assert_eq!(counted_for(hour, &subscription(false, None), now), hour);
    }

    #[test]
    fn after_a_change_of_plan_what_was_used_before_it_and_not_told_counts_now() {
        let before = subscription(false, None);
        let larger = before.contract.clone().map(|contract| Contract { plan: "scale".into(), ..contract });
        let (changed, now) = (at("2027-03-17T10:20:00Z"), at("2027-03-17T10:21:00Z"));
        let company = before.clone().seen(larger.clone(), changed);
        assert_eq!(company.turned_at, Some(changed));
        assert_eq!(company.clone().seen(larger, now).turned_at, Some(changed), "looking twice changes nothing");
        assert_eq!(company.contract.as_ref().map(|contract| open_since(contract, company.turned_at)), Some(changed));
        let (told_late, own) = (at("2027-03-17T09:59:59Z"), at("2027-03-17T10:59:59Z"));
        assert_eq!(counted_for(told_late, &company, now), now);
        assert_eq!(counted_for(own, &company, at("2027-03-17T11:05:00Z")), own, "the hour of the change ends after it");
        assert!(is_behind(&company, at("2027-03-17T09:30:00Z")) && !is_behind(&company, now));
        let more = before.contract.clone().map(|contract| Contract { cancels_at_end: true, ..contract });
        assert_eq!(before.seen(more, changed).turned_at, None, "prices stay as they are");
    }

    #[test]
    fn what_was_used_while_trying_stays_free() {
        let company = subscription(false, Some("2027-03-01T02:17:33.5Z"));
        let hour = at("2027-03-01T00:59:59Z");
        assert_eq!(counted_for(hour, &company, at("2027-03-02T00:00:00Z")), hour);
        let changed = Subscription { turned_at: Some(at("2027-03-05T00:00:00Z")), ..company };
        assert_eq!(counted_for(hour, &changed, at("2027-03-06T00:00:00Z")), hour, "also after a change of plan");
    }
}
