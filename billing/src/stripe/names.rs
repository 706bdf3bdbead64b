//! What Stripe calls the things of our price list. Written by the sync, read by everybody else.

use std::collections::HashMap;

use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use tenant::usage::Meter;
use tenant::world::World;

use super::Stripe;
use crate::catalogue::{Currency, Interval};
use crate::gateway::GatewayError;
use crate::service::BillingError;

/// A part of a plan that has a price of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Seats.
    Seats,
    /// A meter's usage.
    Usage(Meter),
}

impl Part {
    /// As in names.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Seats => "seats",
            Self::Usage(meter) => meter.as_str(),
        }
    }

    /// From a name.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "seats" { Some(Self::Seats) } else { Meter::parse(text).map(Self::Usage) }
    }
}

/// The key of a price: also its lookup key at Stripe.
pub(super) fn price_key(plan: &str, part: Part, currency: Currency, interval: Interval) -> String {
    format!("frontdesk_{plan}_{}_{}_{}", part.as_str(), currency.as_str(), interval.as_str())
}

/// What stands between a key and the price that had it before.
pub(super) const REPLACED: char = '@';

/// The key of a meter: also the name of its events.
pub(super) fn meter_key(meter: Meter) -> String {
    format!("frontdesk_{}", meter.as_str())
}

/// The names, by key and the other way round.
#[derive(Debug, Default)]
pub struct Names {
    by_key: HashMap<String, String>,
    by_name: HashMap<String, String>,
}

#[derive(FromQueryResult)]
struct Row {
    key: String,
    provider_id: String,
}

impl Names {
    /// Stripe's name for a key.
    pub(super) fn of(&self, key: &str) -> Result<&str, GatewayError> {
        self.by_key.get(key).map(String::as_str).ok_or_else(|| GatewayError::NotSynced(key.to_owned()))
    }

    /// What a price is for, or was for before another one took its place: the plan and the part.
    pub(super) fn meaning(&self, price: &str) -> Option<(&str, Part)> {
        let key = self.by_name.get(price)?.strip_prefix("frontdesk_")?;
        let key = key.split_once(REPLACED).map_or(key, |(key, _)| key);
        let (plan, rest) = key.split_once('_')?;
        let part = rest.rsplitn(3, '_').nth(2)?;
        Some((plan, Part::parse(part)?))
    }
}

impl Stripe {
    /// The names as the last sync has written them. They are read each time: the sync is another process.
    pub async fn names(&self, world: &World) -> Result<Names, BillingError> {
        let names = self.load(world).await?;
        if names.by_key.is_empty() {
            return Err(GatewayError::NotSynced("all of it".into()).into());
        }
        Ok(names)
    }

    async fn load(&self, world: &World) -> Result<Names, StoreError> {
        let rows: Vec<Row> = world
            .database
            .orm()
            .all(sql(
                "select key, provider_id from shared.billing_catalogue where provider = 'stripe' and livemode = $1",
                [self.is_live().into()],
            ))
            .await?;
        let mut names = Names::default();
        for Row { key, provider_id } in rows {
            names.by_name.insert(provider_id.clone(), key.clone());
            names.by_key.insert(key, provider_id);
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_tells_what_it_is_for() {
        let mut names = Names::default();
        let key = price_key("pro", Part::Usage(Meter::AiResolutions), Currency::Cny, Interval::Year);
        names.by_name.insert("price_1".into(), key);
        assert_eq!(names.meaning("price_1"), Some(("pro", Part::Usage(Meter::AiResolutions))));
        assert_eq!(names.meaning("price_2"), None);
        let before = price_key("pro", Part::Seats, Currency::Usd, Interval::Month);
        names.by_name.insert("price_0".into(), format!("{before}{REPLACED}price_0"));
        assert_eq!(names.meaning("price_0"), Some(("pro", Part::Seats)), "who subscribed to it before still pays it");
        assert!(matches!(names.of("x"), Err(GatewayError::NotSynced(_))));
    }
}
