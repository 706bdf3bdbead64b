//! What the provider knows: customers, prices, subscriptions, invoices, usage. Rules only; HTTP is unknown here.

pub(crate) mod catalogue;
pub(crate) mod checkout;
pub(crate) mod coupon;
pub(crate) mod customer;
pub(crate) mod due;
pub(crate) mod endpoint;
pub(crate) mod event;
pub(crate) mod invoice;
pub(crate) mod item;
pub(crate) mod lines;
pub(crate) mod meter;
pub(crate) mod pay;
pub(crate) mod portal;
pub(crate) mod preview;
pub(crate) mod subscription;
pub(crate) mod subscription_change;
pub(crate) mod test_clock;
pub(crate) mod usage;

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::chance::Chance;
use crate::refusal::Refusal;
use crate::shelf::Shelf;

/// Names and texts of the customer of this API.
pub(crate) type Metadata = BTreeMap<String, String>;

/// The version of the API that is spoken.
pub(crate) const VERSION: &str = "2026-09-30.endive";

/// What an account chooses in Stripe's dashboard, and how Stripe behaves.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Habits {
    /// What happens to a subscription after the last retry: `cancel`, `unpaid` or `past_due`.
    pub after_retries: String,
    /// Days between one attempt to charge and the next.
    pub retry_days: Vec<i64>,
    /// Sales tax in thousandths, for those who let taxes be calculated.
    pub tax_per_mille: i64,
    /// How many seconds a usage event takes to show in the summaries.
    pub summary_lag: i64,
    /// Whether objects are live ones.
    pub livemode: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            after_retries: "cancel".to_owned(),
            retry_days: vec![1, 3, 5, 7],
            tax_per_mille: 0,
            summary_lag: 0,
            livemode: false,
        }
    }
}

/// All of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Books {
    pub(crate) now: i64,
    /// How far this clock is ahead of the one that was given.
    pub(crate) ahead: i64,
    pub(crate) habits: Habits,
    pub(crate) public_url: String,
    pub(crate) chance: Chance,
    pub(crate) customers: Shelf<customer::Customer>,
    pub(crate) methods: Shelf<customer::Method>,
    pub(crate) products: Shelf<catalogue::Product>,
    pub(crate) prices: Shelf<catalogue::Price>,
    pub(crate) meters: Shelf<meter::Meter>,
    pub(crate) usage: usage::Usage,
    pub(crate) coupons: Shelf<coupon::Coupon>,
    pub(crate) promotions: Shelf<coupon::Promotion>,
    pub(crate) discounts: Shelf<coupon::Discount>,
    pub(crate) subscriptions: Shelf<subscription::Subscription>,
    pub(crate) items: Shelf<item::InvoiceItem>,
    pub(crate) invoices: Shelf<invoice::Invoice>,
    pub(crate) sessions: Shelf<checkout::Session>,
    pub(crate) portals: Shelf<portal::Portal>,
    pub(crate) configurations: Shelf<portal::Configuration>,
    pub(crate) clocks: Shelf<test_clock::TestClock>,
    pub(crate) endpoints: Shelf<endpoint::Endpoint>,
    pub(crate) events: Shelf<event::Event>,
    /// Which request causes what happens now.
    #[serde(skip)]
    pub(crate) cause: event::Cause,
    /// What has happened and was not yet handed to the postman.
    #[serde(skip)]
    pub(crate) fresh: VecDeque<String>,
}

impl Books {
    /// Empty ones.
    pub(crate) fn new(seed: u64, public_url: &str, habits: Habits, now: i64) -> Self {
        Self {
            now,
            ahead: 0,
            habits,
            public_url: public_url.to_owned(),
            chance: Chance::new(seed),
            customers: Shelf::default(),
            methods: Shelf::default(),
            products: Shelf::default(),
            prices: Shelf::default(),
            meters: Shelf::default(),
            usage: usage::Usage::default(),
            coupons: Shelf::default(),
            promotions: Shelf::default(),
            discounts: Shelf::default(),
            subscriptions: Shelf::default(),
            items: Shelf::default(),
            invoices: Shelf::default(),
            sessions: Shelf::default(),
            portals: Shelf::default(),
            configurations: Shelf::default(),
            clocks: Shelf::default(),
            endpoints: Shelf::default(),
            events: Shelf::default(),
            cause: event::Cause::default(),
            fresh: VecDeque::new(),
        }
    }

    /// An id nobody has.
    pub(crate) fn new_id(&mut self, prefix: &str) -> String {
        format!("{prefix}_{}", self.chance.word(24))
    }

    /// The clock a customer lives by: a test clock, or ours.
    pub(crate) fn time_of(&self, customer: &str) -> i64 {
        let clock = self.customers.find(customer).and_then(|customer| customer.test_clock.as_deref());
        clock.and_then(|clock| self.clocks.find(clock)).map_or(self.now, |clock| clock.frozen)
    }
}

/// New metadata over old: an empty text takes a name away.
pub(crate) fn merge(old: &mut Metadata, new: Metadata) -> Result<(), Refusal> {
    for (name, value) in new {
        if name.chars().count() > 40 {
            return Err(Refusal::invalid("metadata", "Metadata keys can be at most 40 characters long"));
        }
        if value.chars().count() > 500 {
            let message = "Metadata values can be up to 500 characters";
            return Err(Refusal::invalid(&format!("metadata[{name}]"), message));
        }
        if value.is_empty() {
            old.remove(&name);
        } else {
            old.insert(name, value);
        }
    }
    if old.len() > 50 {
        return Err(Refusal::invalid("metadata", "You can set at most 50 metadata keys"));
    }
    Ok(())
}
