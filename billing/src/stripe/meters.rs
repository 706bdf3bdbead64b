//! Usage on its way to Stripe, and what Stripe has of it.

use std::collections::{BTreeMap, HashMap};

use infra::Timestamp;
use stripe::RequestStrategy;
use stripe::StripeRequest as _;
use stripe_billing::billing_meter_event::CreateBillingMeterEvent;
use stripe_billing::billing_meter_event_summary::{
    ListIdBillingMeterEventSummary, ListIdBillingMeterEventSummaryValueGroupingWindow,
};

use super::error::{is_there_already, said};
use super::names::{Names, meter_key};
use super::{ANSWER_WITHIN, Stripe};
use crate::gateway::GatewayError;
use tenant::usage::Meter;

/// What each hour comes to at Stripe, by the hour's beginning. Hours without any are absent.
pub type HourSums = BTreeMap<Timestamp, i64>;

/// A part of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HourPage {
    /// The hours in it.
    pub sums: HourSums,
    /// What the next part comes after; none when this was the last one.
    pub next: Option<String>,
}

/// A quantity on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterEvent {
    /// Of which meter.
    pub meter: Meter,
    /// Whose.
    pub customer: String,
    /// How much; less than nothing takes back.
    pub quantity: i64,
    /// Our name for it, by which Stripe knows a repetition.
    pub identifier: String,
    /// The instant it counts for.
    pub counted_at: Timestamp,
}

/// How it came there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrived {
    /// Just now.
    Now,
    /// An earlier try had arrived, although we had not heard so.
    Before,
}

impl Stripe {
    /// Sends a quantity, once: who repeats it is the caller, by its identifier.
    pub async fn send(&self, event: &MeterEvent) -> Result<Arrived, GatewayError> {
        let payload = HashMap::from([
            ("stripe_customer_id".to_owned(), event.customer.clone()),
            ("value".to_owned(), event.quantity.to_string()),
        ]);
        let sent = CreateBillingMeterEvent::new(meter_key(event.meter), payload)
            .identifier(event.identifier.clone())
            .timestamp(event.counted_at.timestamp())
            .customize()
            .request_strategy(RequestStrategy::Once)
            .timeout(ANSWER_WITHIN)
            .send(&self.client)
            .await;
        match sent {
            Ok(_) => Ok(Arrived::Now),
            Err(error) if is_there_already(&error) => Ok(Arrived::Before),
            Err(error) => Err(said(error)),
        }
    }

    /// What Stripe has counted of a meter for a customer, hour by hour, in `from..to`, which are whole hours: the page `after` the one
    /// before. Asked once: who repeats it is the caller.
    pub async fn hours(
        &self,
        names: &Names,
        meter: Meter,
        customer: &str,
        (from, to): (Timestamp, Timestamp),
        after: Option<&str>,
    ) -> Result<HourPage, GatewayError> {
        let id = names.of(&meter_key(meter))?;
        let ask = ListIdBillingMeterEventSummary::new(id, customer, to.timestamp(), from.timestamp())
            .value_grouping_window(ListIdBillingMeterEventSummaryValueGroupingWindow::Hour)
            .limit(100);
        let ask = match after {
            Some(after) => ask.starting_after(after),
            None => ask,
        };
        let page = ask.customize().request_strategy(RequestStrategy::Once).send(&self.client).await.map_err(said)?;
        let mut sums = HourSums::new();
        for summary in &page.data {
            let hour = chrono::DateTime::from_timestamp(summary.start_time, 0)
                .ok_or_else(|| GatewayError::Unreadable("an impossible time".into()))?;
            let sum = whole(summary.aggregated_value)?;
            if sum != 0 {
                sums.insert(hour, sum);
            }
        }
        let last = page.data.last().filter(|_| page.has_more);
        Ok(HourPage { sums, next: last.map(|last| last.id.as_str().to_owned()) })
    }
}

/// Sums are told as floating point numbers; ours are whole, and exact up to 2^53.
fn whole(value: f64) -> Result<i64, GatewayError> {
    let text = format!("{value:.0}");
    let unreadable = || GatewayError::Unreadable(format!("a sum that is not whole: {value}"));
    let sum: i64 = text.parse().map_err(|_| unreadable())?;
    if (value - value.round()).abs() > 1e-6 { Err(unreadable()) } else { Ok(sum) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_whole_numbers_or_refused() {
        assert_eq!(whole(0.0), Ok(0));
        assert_eq!(whole(-5.0), Ok(-5));
        assert_eq!(whole(9_007_199_254_740_992.0), Ok(9_007_199_254_740_992));
        assert!(whole(1.5).is_err());
        assert!(whole(f64::NAN).is_err());
        assert!(whole(f64::INFINITY).is_err());
    }
}
