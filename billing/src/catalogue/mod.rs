//! What can be bought, as data: plans with their limits, what they include, and what lies beyond it costs.
//!
//! What must be absent: anything about who has bought it. Prices are in the smallest unit of their currency (cents, fen); prices of one
//! thing are in millionths of it, because one message costs less than a cent.

mod plans;
mod tiers;

use serde::{Deserialize, Serialize};
use tenant::Limits;
use tenant::limits::Span;
use tenant::usage::Meter;

use crate::period::charged;

pub use plans::{COUPONS, Coupon, all, plan};
pub use tiers::{Tier, TierAmount, amounts, total};

/// A currency that prices are named in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Currency {
    /// US dollar.
    Usd,
    /// Euro.
    Eur,
    /// Renminbi.
    Cny,
}

impl Currency {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Usd, Self::Eur, Self::Cny];

    /// As stored and as sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Usd => "usd",
            Self::Eur => "eur",
            Self::Cny => "cny",
        }
    }

    /// From what was stored.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|currency| currency.as_str() == text)
    }
}

/// How often is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BillingInterval)]
pub enum Interval {
    /// Every month.
    Month,
    /// Every year; what is included is that of twelve months, to be used at any time of the year.
    Year,
}

impl Interval {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Month, Self::Year];

    /// As stored and as sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// From what was stored.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|interval| interval.as_str() == text)
    }

    /// How many months it has.
    pub const fn months(self) -> u32 {
        match self {
            Self::Month => 1,
            Self::Year => 12,
        }
    }
}

/// What happens when more is used than the plan includes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Beyond {
    /// Nothing more is taken until the next month.
    Stop,
    /// It goes on and is charged for, unless the company has switched its hard limit on.
    Charge,
}

/// What a plan says about one meter.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct MeteredOffer {
    /// Which.
    pub meter: Meter,
    /// How much a month includes; null for no bound.
    pub included_per_month: Option<u64>,
    /// And then.
    pub beyond: Beyond,
}

/// What a plan costs in one currency, paid in one rhythm.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PriceOffer {
    /// In which currency.
    pub currency: Currency,
    /// How often.
    pub interval: Interval,
    /// One seat for one interval, in the smallest unit of the currency.
    pub seat_minor: i64,
    /// What usage costs, meter by meter; for a year the bounds are those of twelve months.
    pub metered: Vec<MeteredPrice>,
}

/// What one meter's usage costs in one interval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct MeteredPrice {
    /// Which.
    pub meter: Meter,
    /// From the first on; the first step is what is included.
    pub tiers: Vec<Tier>,
}

/// A plan as it is offered.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Offer {
    /// Its stable name.
    #[schema(example = "pro")]
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// Whether it can be bought.
    pub for_sale: bool,
    /// How many days it can be tried without paying; 0 for not at all.
    pub trial_days: u16,
    /// Bounds that hold in any case.
    pub limits: Limits,
    /// What it says about usage.
    pub metered: Vec<MeteredOffer>,
    /// What it costs; empty when nothing.
    pub prices: Vec<PriceOffer>,
}

impl Offer {
    /// The price in a currency and rhythm.
    pub fn price(&self, currency: Currency, interval: Interval) -> Option<&PriceOffer> {
        self.prices.iter().find(|price| price.currency == currency && price.interval == interval)
    }

    /// How much of a meter a month includes.
    pub fn included(&self, meter: Meter) -> Option<u64> {
        self.metered.iter().find(|offer| offer.meter == meter).and_then(|offer| offer.included_per_month)
    }

    /// Whether a meter stops at what is included.
    pub fn stops(&self, meter: Meter, hard_limit: bool) -> bool {
        self.metered
            .iter()
            .find(|offer| offer.meter == meter)
            .is_some_and(|offer| offer.included_per_month.is_some() && (hard_limit || offer.beyond == Beyond::Stop))
    }
}

/// What a company's plan and its own choices allow it: the seats it has bought, where the plan has seats to buy, and what flows within
/// the very time that it is charged for.
///
/// A plan that no longer exists keeps its company on the smallest one rather than on none.
pub fn limits(held: &tenant::account::Held) -> Limits {
    let offer = plan(&held.plan).unwrap_or_else(plans::smallest);
    let bound = |meter: Meter, limit: Option<u32>| if offer.stops(meter, held.hard_limit) { limit } else { None };
    let seats = match (held.seats, offer.limits.agents) {
        (Some(bought), Some(most)) if !offer.prices.is_empty() => Some(bought.min(most)),
        (Some(bought), None) if !offer.prices.is_empty() => Some(bought),
        (_, most) => most,
    };
    let span = held.bought.as_ref().map(|bought| {
        let (from, to) = charged(bought.from, bought.to, bought.metered_from);
        Span { from, to, months: Interval::parse(&bought.every).map_or(1, Interval::months) }
    });
    Limits {
        agents: seats,
        inboxes: offer.limits.inboxes,
        conversations_per_month: bound(Meter::Conversations, offer.limits.conversations_per_month),
        messages_per_month: bound(Meter::Messages, offer.limits.messages_per_month),
        storage_bytes: offer.limits.storage_bytes,
        span,
    }
}

#[cfg(test)]
mod tests {
    use tenant::account::{Bought, Held};

    use super::*;

    fn held(plan: &str, seats: Option<u32>, hard_limit: bool) -> Held {
        Held { plan: plan.to_owned(), seats, bought: None, hard_limit, restricted: false }
    }

    #[test]
    fn a_plan_of_yesterday_does_not_lift_every_limit() {
        assert_eq!(limits(&held("gold-2019", Some(900), false)), limits(&held("free", None, false)));
        assert_eq!(limits(&held("private", None, false)), Limits::default());
    }

    #[test]
    fn a_company_has_the_seats_it_has_bought_and_never_more_than_the_plan_sells() {
        assert_eq!(limits(&held("pro", Some(7), false)).agents, Some(7));
        assert_eq!(limits(&held("pro", Some(9_000), false)).agents, Some(50));
        assert_eq!(limits(&held("free", Some(9_000), false)).agents, Some(5));
    }

    #[test]
    fn paid_usage_goes_on_unless_the_company_wants_it_to_stop() {
        assert_eq!(limits(&held("pro", Some(1), false)).conversations_per_month, None);
        assert_eq!(limits(&held("pro", Some(1), true)).conversations_per_month, Some(20_000));
        assert_eq!(limits(&held("free", None, false)).conversations_per_month, Some(1_000));
    }

    #[test]
    fn what_a_year_includes_is_counted_over_the_year_that_is_charged() {
        let at = |text: &str| text.parse::<infra::Timestamp>().unwrap();
        let (from, to) = (at("2027-03-14T02:17:33Z"), at("2028-03-14T02:17:33Z"));
        let bought = |metered_from| Bought { from, to, metered_from, every: "year".into() };
        let span = |bought| limits(&Held { bought: Some(bought), ..held("pro", Some(1), true) }).span.unwrap();
        let first = Span { from, to: at("2028-03-14T02:00:00Z"), months: 12 };
        assert_eq!(span(bought(Some(from))), first, "nothing from before it was bought");
        assert_eq!(span(bought(None)), Span { from: at("2027-03-14T02:00:00Z"), ..first });
    }

    #[test]
    fn every_plan_for_sale_has_a_price_in_every_currency_and_rhythm_for_every_meter_that_is_charged() {
        for offer in all().into_iter().filter(|offer| offer.for_sale) {
            for currency in Currency::ALL {
                for interval in Interval::ALL {
                    let price = offer.price(currency, interval).unwrap();
                    assert!(price.seat_minor > 0);
                    for metered in offer.metered.iter().filter(|metered| metered.beyond == Beyond::Charge) {
                        let tiers = &price.metered.iter().find(|price| price.meter == metered.meter).unwrap().tiers;
                        let included = metered.included_per_month.unwrap() * u64::from(interval.months());
                        assert_eq!(tiers.first().unwrap(), &Tier { up_to: Some(included), unit_micros: 0 });
                        assert_eq!(tiers.last().unwrap().up_to, None, "usage without a price would be free for ever");
                        assert!(
                            tiers.windows(2).all(|pair| pair[1].up_to.is_none_or(|up_to| Some(up_to) > pair[0].up_to))
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_year_costs_less_than_twelve_months() {
        for offer in all().into_iter().filter(|offer| offer.for_sale) {
            for currency in Currency::ALL {
                let price = |interval| offer.price(currency, interval).unwrap().seat_minor;
                assert!(price(Interval::Year) < 12 * price(Interval::Month));
            }
        }
    }
}
