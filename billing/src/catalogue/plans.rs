//! The price list. Whoever changes a number here runs `frontdesk billing sync` with the next release: subscribers of before keep
//! the price they have bought, new ones get the new one.

use tenant::Limits;
use tenant::usage::Meter;

use super::{Beyond, Currency, Interval, MeteredOffer, MeteredPrice, Offer, PriceOffer, Tier};

const GIB: u64 = 1024 * 1024 * 1024;

/// What one seat costs: a currency, a month, a year.
type Seat = (Currency, i64, i64);

/// What usage beyond what is included costs, in millionths of the smallest unit, dollar, euro, renminbi: a step ends at so many
/// a month, the last one never.
struct Step {
    up_to: Option<u64>,
    micros: [i64; 3],
}

struct Charged {
    meter: Meter,
    included: u64,
    steps: &'static [Step],
}

const PRO_SEAT: [Seat; 3] =
    [(Currency::Usd, 1_900, 19_000), (Currency::Eur, 1_800, 18_000), (Currency::Cny, 12_900, 129_000)];
const SCALE_SEAT: [Seat; 3] =
    [(Currency::Usd, 4_900, 49_000), (Currency::Eur, 4_600, 46_000), (Currency::Cny, 34_900, 349_000)];

const PRO: [Charged; 3] = [
    Charged {
        meter: Meter::Conversations,
        included: 20_000,
        steps: &[
            Step { up_to: Some(100_000), micros: [2_000_000, 1_900_000, 14_000_000] },
            Step { up_to: None, micros: [1_000_000, 950_000, 7_000_000] },
        ],
    },
    Charged {
        meter: Meter::Messages,
        included: 500_000,
        steps: &[Step { up_to: None, micros: [50_000, 47_000, 350_000] }],
    },
    Charged {
        meter: Meter::AiResolutions,
        included: 200,
        steps: &[
            Step { up_to: Some(5_000), micros: [50_000_000, 47_000_000, 350_000_000] },
            Step { up_to: None, micros: [40_000_000, 38_000_000, 280_000_000] },
        ],
    },
];

const SCALE: [Charged; 3] = [
    Charged {
        meter: Meter::Conversations,
        included: 500_000,
        steps: &[
            Step { up_to: Some(2_000_000), micros: [1_000_000, 950_000, 7_000_000] },
            Step { up_to: None, micros: [500_000, 470_000, 3_500_000] },
        ],
    },
    Charged {
        meter: Meter::Messages,
        included: 20_000_000,
        steps: &[Step { up_to: None, micros: [20_000, 19_000, 140_000] }],
    },
    Charged {
        meter: Meter::AiResolutions,
        included: 5_000,
        steps: &[
            Step { up_to: Some(50_000), micros: [40_000_000, 38_000_000, 280_000_000] },
            Step { up_to: None, micros: [30_000_000, 28_000_000, 210_000_000] },
        ],
    },
];

/// Every plan, smallest first. `private` is for installations of one's own and is not for sale.
pub fn all() -> [Offer; 4] {
    [
        smallest(),
        Offer {
            id: "pro",
            name: "Pro",
            for_sale: true,
            trial_days: 14,
            limits: limits(50, 20, 20_000, 500_000, 50),
            metered: metered(&PRO, 50),
            prices: prices(&PRO_SEAT, &PRO),
        },
        Offer {
            id: "scale",
            name: "Scale",
            for_sale: true,
            trial_days: 14,
            limits: limits(1_000, 200, 500_000, 20_000_000, 1_000),
            metered: metered(&SCALE, 1_000),
            prices: prices(&SCALE_SEAT, &SCALE),
        },
        Offer {
            id: "private",
            name: "Private",
            for_sale: false,
            trial_days: 0,
            limits: Limits::default(),
            metered: Vec::new(),
            prices: Vec::new(),
        },
    ]
}

/// The plan of this name.
pub fn plan(id: &str) -> Option<Offer> {
    all().into_iter().find(|offer| offer.id == id)
}

pub(super) fn smallest() -> Offer {
    let stop = |meter, included| MeteredOffer { meter, included_per_month: Some(included), beyond: Beyond::Stop };
    Offer {
        id: "free",
        name: "Free",
        for_sale: false,
        trial_days: 0,
        limits: limits(5, 3, 1_000, 20_000, 1),
        metered: vec![
            stop(Meter::Conversations, 1_000),
            stop(Meter::Messages, 20_000),
            stop(Meter::AiResolutions, 50),
            stop(Meter::StorageBytes, GIB),
        ],
        prices: Vec::new(),
    }
}

fn limits(agents: u32, inboxes: u32, conversations: u32, messages: u32, storage_gib: u64) -> Limits {
    Limits {
        agents: Some(agents),
        inboxes: Some(inboxes),
        conversations_per_month: Some(conversations),
        messages_per_month: Some(messages),
        storage_bytes: Some(storage_gib * GIB),
        span: None,
    }
}

fn metered(charged: &[Charged], storage_gib: u64) -> Vec<MeteredOffer> {
    let storage =
        MeteredOffer { meter: Meter::StorageBytes, included_per_month: Some(storage_gib * GIB), beyond: Beyond::Stop };
    charged
        .iter()
        .map(|each| MeteredOffer { meter: each.meter, included_per_month: Some(each.included), beyond: Beyond::Charge })
        .chain([storage])
        .collect()
}

fn prices(seats: &[Seat], charged: &[Charged]) -> Vec<PriceOffer> {
    let one = |currency: Currency, interval: Interval, seat_minor: i64| PriceOffer {
        currency,
        interval,
        seat_minor,
        metered: charged.iter().map(|each| metered_price(each, currency, interval)).collect(),
    };
    seats
        .iter()
        .flat_map(|(currency, month, year)| {
            [one(*currency, Interval::Month, *month), one(*currency, Interval::Year, *year)]
        })
        .collect()
}

fn metered_price(charged: &Charged, currency: Currency, interval: Interval) -> MeteredPrice {
    let months = u64::from(interval.months());
    let included = Tier { up_to: Some(charged.included * months), unit_micros: 0 };
    let beyond = charged.steps.iter().map(|step| {
        let [usd, eur, cny] = step.micros;
        let unit_micros = match currency {
            Currency::Usd => usd,
            Currency::Eur => eur,
            Currency::Cny => cny,
        };
        Tier { up_to: step.up_to.map(|up_to| up_to * months), unit_micros }
    });
    MeteredPrice { meter: charged.meter, tiers: [included].into_iter().chain(beyond).collect() }
}

/// Less for a while, for who has the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coupon {
    /// Its stable name.
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// The word.
    pub code: &'static str,
    /// How much less, in per cent.
    pub percent_off: u8,
    /// For how many months.
    pub months: u8,
}

/// Every coupon. They are redeemed on the payment provider's page.
pub const COUPONS: [Coupon; 1] =
    [Coupon { id: "frontdesk_welcome", name: "Welcome", code: "WELCOME20", percent_off: 20, months: 3 }];
