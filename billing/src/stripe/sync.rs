//! Brings the price list to Stripe: products, prices, meters and coupons. What is there already and right is left alone, so that it
//! can be run with every release; a price that has changed gets a successor, because Stripe's prices do not change.

use std::collections::HashMap;

use infra::Timestamp;
use infra::database::{Rows as _, StoreError, Tx, sql};
use serde::Serialize;
use stripe_billing::BillingMeterStatus;
use stripe_billing::billing_meter::{
    CreateBillingMeter, CreateBillingMeterCustomerMapping, CreateBillingMeterCustomerMappingType,
    CreateBillingMeterDefaultAggregation, CreateBillingMeterDefaultAggregationFormula, CreateBillingMeterValueSettings,
    ListBillingMeter,
};
use stripe_product::coupon::{CreateCoupon, RetrieveCoupon};
use stripe_product::price::{
    CreatePrice, CreatePriceRecurring, CreatePriceRecurringInterval, CreatePriceRecurringUsageType, CreatePriceTiers,
    CreatePriceTiersUpTo, ListPrice, UpdatePrice,
};
use stripe_product::product::{CreateProduct, RetrieveProduct, UpdateProduct};
use stripe_product::promotion_code::{
    CreatePromotionCode, CreatePromotionCodePromotion, CreatePromotionCodePromotionType, ListPromotionCode,
    UpdatePromotionCode,
};
use stripe_product::{CouponDuration, PriceBillingScheme, PriceTaxBehavior, PriceTiersMode};
use tenant::usage::Meter;
use tenant::world::World;

use super::Stripe;
use super::error::{is_missing, said};
use super::names::{Part, REPLACED, meter_key, price_key};
use crate::catalogue::{self, COUPONS, Coupon, Currency, Interval, MeteredPrice, Offer, PriceOffer};
use crate::gateway::GatewayError;
use crate::service::BillingError;

/// What a sync has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Synced {
    /// Things that were missing or had changed.
    pub made: usize,
    /// Things that were right.
    pub kept: usize,
}

struct Known {
    key: String,
    provider_id: String,
    fingerprint: String,
}

impl Stripe {
    /// Brings everything to Stripe, and keeps what it is called there.
    pub async fn sync(&self, world: &World) -> Result<Synced, BillingError> {
        let mut done = Synced::default();
        let mut known = Vec::new();
        let offers: Vec<Offer> = catalogue::all().into_iter().filter(|offer| offer.for_sale).collect();
        let mut meters = HashMap::new();
        for meter in charged(&offers) {
            let id = self.meter(meter, &mut done).await?;
            known.push(Known { key: meter_key(meter), provider_id: id.clone(), fingerprint: "sum".into() });
            meters.insert(meter.as_str(), id);
        }
        for offer in &offers {
            for part in parts(offer) {
                let product = format!("frontdesk_{}_{}", offer.id, part.as_str());
                self.product(&product, &format!("Frontdesk {}: {}", offer.name, words(part)), &mut done).await?;
                for currency in Currency::ALL {
                    for interval in Interval::ALL {
                        let Some(price) = offer.price(currency, interval) else { continue };
                        let wanted = Wanted { offer, part, price, product: &product, meters: &meters };
                        known.push(self.price(&wanted, &mut done).await?);
                    }
                }
            }
        }
        for coupon in &COUPONS {
            self.coupon(coupon, &mut done).await?;
        }
        let now = world.now();
        let tx = world.database.begin("".into()).await?;
        for known in known {
            keep(&tx, self.is_live(), known, now).await?;
        }
        tx.commit().await?;
        Ok(done)
    }

    async fn meter(&self, meter: Meter, done: &mut Synced) -> Result<String, GatewayError> {
        let key = meter_key(meter);
        let there = ListBillingMeter::new()
            .status(BillingMeterStatus::Active)
            .limit(100)
            .send(&self.client)
            .await
            .map_err(said)?;
        if let Some(found) = there.data.iter().find(|found| found.event_name == key) {
            done.kept += 1;
            return Ok(found.id.as_str().to_owned());
        }
        let sum = CreateBillingMeterDefaultAggregation::new(CreateBillingMeterDefaultAggregationFormula::Sum);
        let mapping =
            CreateBillingMeterCustomerMapping::new("stripe_customer_id", CreateBillingMeterCustomerMappingType::ById);
        let made = CreateBillingMeter::new(sum, format!("Frontdesk {}", words(Part::Usage(meter))), key)
            .customer_mapping(mapping)
            .value_settings(CreateBillingMeterValueSettings::new("value"))
            .send(&self.client)
            .await
            .map_err(said)?;
        done.made += 1;
        Ok(made.id.as_str().to_owned())
    }

    async fn product(&self, id: &str, name: &str, done: &mut Synced) -> Result<(), GatewayError> {
        match RetrieveProduct::new(id).send(&self.client).await {
            Ok(found) if found.name == name && found.active => done.kept += 1,
            Ok(_) => {
                UpdateProduct::new(id).name(name).active(true).send(&self.client).await.map_err(said)?;
                done.made += 1;
            }
            Err(error) if is_missing(&error) => {
                CreateProduct::new(name).id(id).send(&self.client).await.map_err(said)?;
                done.made += 1;
            }
            Err(error) => return Err(said(error)),
        }
        Ok(())
    }

    async fn price(&self, wanted: &Wanted<'_>, done: &mut Synced) -> Result<Known, GatewayError> {
        let key = price_key(wanted.offer.id, wanted.part, wanted.price.currency, wanted.price.interval);
        let fingerprint = wanted.fingerprint();
        let there = ListPrice::new().lookup_keys(vec![key.clone()]).active(true).limit(10);
        let there = there.send(&self.client).await.map_err(said)?.data;
        let is_right = |print: Option<&String>| print.is_some_and(|print| *print == fingerprint);
        if let Some(found) = there.iter().find(|found| is_right(found.metadata.get("frontdesk_fingerprint"))) {
            done.kept += 1;
            return Ok(Known { key, provider_id: found.id.as_str().to_owned(), fingerprint });
        }
        let made = wanted.create(&key, &fingerprint)?.send(&self.client).await.map_err(said)?;
        // Who subscribes to the one before keeps it; nobody new gets it.
        for before in &there {
            UpdatePrice::new(before.id.clone()).active(false).send(&self.client).await.map_err(said)?;
        }
        done.made += 1;
        Ok(Known { key, provider_id: made.id.as_str().to_owned(), fingerprint })
    }

    async fn coupon(&self, coupon: &Coupon, done: &mut Synced) -> Result<(), GatewayError> {
        // Stripe's coupons do not change, and who has redeemed one keeps it: other terms are another coupon, with a name of its own.
        let successor = format!("{}_{}_{}", coupon.id, coupon.percent_off, coupon.months);
        let id = match self.has_terms(coupon.id, coupon).await? {
            None => self.create(coupon.id, coupon, done).await?,
            Some(true) => {
                done.kept += 1;
                coupon.id
            }
            Some(false) => match self.has_terms(&successor, coupon).await? {
                None => self.create(&successor, coupon, done).await?,
                Some(true) => {
                    done.kept += 1;
                    successor.as_str()
                }
                Some(false) => {
                    return Err(GatewayError::Refused(format!(
                        "the coupon {successor} has other terms than its name says"
                    )));
                }
            },
        };
        self.word(coupon, id, done).await
    }

    /// Whether a coupon takes off what it should, for as long as it should; none where there is no such coupon.
    async fn has_terms(&self, id: &str, wanted: &Coupon) -> Result<Option<bool>, GatewayError> {
        let found = match RetrieveCoupon::new(id).send(&self.client).await {
            Ok(found) => found,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(said(error)),
        };
        let percent = found.percent_off.is_some_and(|off| (off - f64::from(wanted.percent_off)).abs() < 0.005);
        let duration =
            found.duration == CouponDuration::Repeating && found.duration_in_months == Some(i64::from(wanted.months));
        Ok(Some(percent && duration && found.valid))
    }

    async fn create<'a>(&self, id: &'a str, coupon: &Coupon, done: &mut Synced) -> Result<&'a str, GatewayError> {
        CreateCoupon::new()
            .id(id)
            .name(coupon.name)
            .percent_off(f64::from(coupon.percent_off))
            .duration(CouponDuration::Repeating)
            .duration_in_months(i64::from(coupon.months))
            .send(&self.client)
            .await
            .map_err(said)?;
        done.made += 1;
        Ok(id)
    }

    /// The word that people type stands for this coupon, and for no other.
    async fn word(&self, coupon: &Coupon, id: &str, done: &mut Synced) -> Result<(), GatewayError> {
        let there =
            ListPromotionCode::new().code(coupon.code).active(true).limit(10).send(&self.client).await.map_err(said)?;
        let mut stands = false;
        for word in &there.data {
            if word.promotion.coupon.as_ref().is_some_and(|of| of.id().as_str() == id) {
                stands = true;
            } else {
                UpdatePromotionCode::new(word.id.clone()).active(false).send(&self.client).await.map_err(said)?;
            }
        }
        if stands {
            done.kept += 1;
            return Ok(());
        }
        let mut promotion = CreatePromotionCodePromotion::new(CreatePromotionCodePromotionType::Coupon);
        promotion.coupon = Some(id.to_owned());
        CreatePromotionCode::new(promotion).code(coupon.code).send(&self.client).await.map_err(said)?;
        done.made += 1;
        Ok(())
    }
}

/// A price that is to be there.
struct Wanted<'a> {
    offer: &'a Offer,
    part: Part,
    price: &'a PriceOffer,
    product: &'a str,
    meters: &'a HashMap<&'static str, String>,
}

impl Wanted<'_> {
    fn metered(&self) -> Option<&MeteredPrice> {
        match self.part {
            Part::Seats => None,
            Part::Usage(meter) => self.price.metered.iter().find(|metered| metered.meter == meter),
        }
    }

    /// The same for the same price, and for no other.
    fn fingerprint(&self) -> String {
        match self.metered() {
            None => format!("seat:{}", self.price.seat_minor),
            Some(metered) => {
                let step = |up_to: Option<u64>| up_to.map_or_else(|| "inf".to_owned(), |up_to| up_to.to_string());
                let steps: Vec<String> =
                    metered.tiers.iter().map(|tier| format!("{}@{}", step(tier.up_to), tier.unit_micros)).collect();
                format!("usage:{}", steps.join(","))
            }
        }
    }

    fn create(&self, key: &str, fingerprint: &str) -> Result<CreatePrice, GatewayError> {
        let interval = match self.price.interval {
            Interval::Month => CreatePriceRecurringInterval::Month,
            Interval::Year => CreatePriceRecurringInterval::Year,
        };
        let mut recurring = CreatePriceRecurring::new(interval);
        let currency = match self.price.currency {
            Currency::Usd => stripe_types::Currency::USD,
            Currency::Eur => stripe_types::Currency::EUR,
            Currency::Cny => stripe_types::Currency::CNY,
        };
        let price = CreatePrice::new(currency)
            .product(self.product)
            .lookup_key(key)
            .transfer_lookup_key(true)
            .tax_behavior(PriceTaxBehavior::Exclusive)
            .metadata(HashMap::from([
                ("frontdesk_plan".to_owned(), self.offer.id.to_owned()),
                ("frontdesk_part".to_owned(), self.part.as_str().to_owned()),
                ("frontdesk_fingerprint".to_owned(), fingerprint.to_owned()),
            ]));
        let Some(metered) = self.metered() else {
            recurring.usage_type = Some(CreatePriceRecurringUsageType::Licensed);
            return Ok(price.recurring(recurring).unit_amount(self.price.seat_minor));
        };
        recurring.usage_type = Some(CreatePriceRecurringUsageType::Metered);
        let meter = self.meters.get(metered.meter.as_str());
        recurring.meter = Some(meter.ok_or_else(|| GatewayError::NotSynced(meter_key(metered.meter)))?.clone());
        let tiers: Vec<CreatePriceTiers> = metered
            .tiers
            .iter()
            .map(|tier| {
                let up_to = tier.up_to.and_then(|up_to| i64::try_from(up_to).ok());
                let mut step =
                    CreatePriceTiers::new(up_to.map_or(CreatePriceTiersUpTo::Inf, CreatePriceTiersUpTo::I64));
                step.unit_amount_decimal = Some(decimal(tier.unit_micros));
                step
            })
            .collect();
        Ok(price
            .recurring(recurring)
            .billing_scheme(PriceBillingScheme::Tiered)
            .tiers_mode(PriceTiersMode::Graduated)
            .tiers(tiers))
    }
}

/// Millionths of the smallest unit as Stripe writes them: a decimal number of the smallest unit.
fn decimal(micros: i64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn parts(offer: &Offer) -> Vec<Part> {
    let usage = charged(std::slice::from_ref(offer)).into_iter().map(Part::Usage);
    [Part::Seats].into_iter().chain(usage).collect()
}

/// Every meter that some price of these plans charges for.
fn charged(offers: &[Offer]) -> Vec<Meter> {
    let has = |meter: Meter| {
        let prices = offers.iter().flat_map(|offer| &offer.prices);
        prices.flat_map(|price| &price.metered).any(|metered| metered.meter == meter)
    };
    Meter::ALL.into_iter().filter(|meter| has(*meter)).collect()
}

const fn words(part: Part) -> &'static str {
    match part {
        Part::Seats => "seats",
        Part::Usage(Meter::Conversations) => "conversations",
        Part::Usage(Meter::Messages) => "messages",
        Part::Usage(Meter::Agents) => "agents",
        Part::Usage(Meter::StorageBytes) => "storage",
        Part::Usage(Meter::AiResolutions) => "AI resolutions",
    }
}

async fn keep(tx: &Tx, live: bool, known: Known, now: Timestamp) -> Result<(), StoreError> {
    // A name that another one takes the place of stays known: lines of it go on coming.
    tx.run(sql(
        "insert into shared.billing_catalogue (provider, livemode, key, provider_id, fingerprint, synced_at) \
         select provider, livemode, key || $4 || provider_id, provider_id, fingerprint, synced_at from shared.billing_catalogue \
         where provider = 'stripe' and livemode = $1 and key = $2 and provider_id <> $3 on conflict do nothing",
        [live.into(), known.key.clone().into(), known.provider_id.clone().into(), REPLACED.to_string().into()],
    ))
    .await?;
    tx.run(sql(
        "insert into shared.billing_catalogue (provider, livemode, key, provider_id, fingerprint, synced_at) \
         values ('stripe', $1, $2, $3, $4, $5) \
         on conflict (provider, livemode, key) do update set provider_id = $3, fingerprint = $4, synced_at = $5",
        [live.into(), known.key.into(), known.provider_id.into(), known.fingerprint.into(), now.into()],
    ))
    .await
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_below_a_cent_are_written_exactly() {
        assert_eq!(decimal(50_000), "0.05");
        assert_eq!(decimal(2_000_000), "2");
        assert_eq!(decimal(0), "0");
        assert_eq!(decimal(1), "0.000001");
        assert_eq!(decimal(14_500_000), "14.5");
    }

    #[test]
    fn a_price_that_has_changed_has_another_fingerprint() {
        let offer = catalogue::plan("pro").unwrap();
        let meters = HashMap::new();
        let prints: Vec<String> = offer
            .prices
            .iter()
            .flat_map(|price| {
                parts(&offer)
                    .into_iter()
                    .map(|part| Wanted { offer: &offer, part, price, product: "p", meters: &meters }.fingerprint())
            })
            .collect();
        assert!(prints.iter().any(|print| print == "seat:1900"));
        assert!(prints.iter().any(|print| print == "usage:500000@0,inf@50000"));
    }
}
