//! Products, prices, meters, coupons and codes as Stripe writes them.

use serde_json::{Value, json};

use crate::books::Books;
use crate::books::catalogue::{Price, Product, Scheme, Tier};
use crate::books::coupon::{Coupon, Discount, Promotion};
use crate::books::meter::Meter;
use crate::money::Rate;

impl Books {
    pub(crate) fn product_json(&self, product: &Product) -> Value {
        json!({
            "id": product.id, "object": "product", "active": product.active, "created": product.created,
            "default_price": null, "description": product.description, "images": [], "livemode": self.habits.livemode,
            "marketing_features": [], "metadata": product.metadata, "name": product.name, "package_dimensions": null,
            "shippable": null, "statement_descriptor": null, "tax_code": product.tax_code, "type": "service",
            "unit_label": product.unit_label, "updated": product.updated, "url": null,
        })
    }

    pub(crate) fn price_json(&self, price: &Price) -> Value {
        let unit = match &price.scheme {
            Scheme::PerUnit(rate) => Some(*rate),
            Scheme::Graduated(_) | Scheme::Volume(_) => None,
        };
        let recurring = price.interval.map(|interval| {
            json!({
                "interval": interval.unit.as_str(), "interval_count": interval.count, "meter": price.meter,
                "trial_period_days": null, "usage_type": usage_type(price),
            })
        });
        json!({
            "id": price.id, "object": "price", "active": price.active, "billing_scheme": billing_scheme(price),
            "created": price.created, "currency": price.currency, "custom_unit_amount": null,
            "livemode": self.habits.livemode, "lookup_key": price.lookup_key, "metadata": price.metadata,
            "nickname": price.nickname, "product": price.product, "recurring": recurring,
            "tax_behavior": price.tax_behavior, "tiers_mode": tiers_mode(price), "transform_quantity": null,
            "type": if price.interval.is_some() { "recurring" } else { "one_time" },
            "unit_amount": unit.and_then(Rate::whole), "unit_amount_decimal": unit.map(Rate::text),
        })
    }

    /// The predecessor of a price, which subscription items still carry.
    pub(crate) fn plan_json(&self, price: &Price) -> Value {
        let unit = match &price.scheme {
            Scheme::PerUnit(rate) => Some(*rate),
            Scheme::Graduated(_) | Scheme::Volume(_) => None,
        };
        let interval = price.interval.map_or("month", |interval| interval.unit.as_str());
        json!({
            "id": price.id, "object": "plan", "active": price.active, "amount": unit.and_then(Rate::whole),
            "amount_decimal": unit.map(Rate::text), "billing_scheme": billing_scheme(price), "created": price.created,
            "currency": price.currency, "interval": interval,
            "interval_count": price.interval.map_or(1, |interval| interval.count), "livemode": self.habits.livemode,
            "metadata": price.metadata, "meter": price.meter, "nickname": price.nickname, "product": price.product,
            "tiers_mode": tiers_mode(price), "transform_usage": null, "trial_period_days": null, "usage_type": usage_type(price),
        })
    }

    /// The tiers of a price, which are told only to those who ask.
    pub(crate) fn tiers_json(price: &Price) -> Value {
        let tier = |tier: &Tier| {
            json!({
                "flat_amount": tier.flat.and_then(Rate::whole), "flat_amount_decimal": tier.flat.map(Rate::text),
                "unit_amount": tier.unit.and_then(Rate::whole), "unit_amount_decimal": tier.unit.map(Rate::text),
                "up_to": tier.up_to,
            })
        };
        match &price.scheme {
            Scheme::PerUnit(_) => Value::Null,
            Scheme::Graduated(tiers) | Scheme::Volume(tiers) => tiers.iter().map(tier).collect(),
        }
    }

    pub(crate) fn meter_json(&self, meter: &Meter) -> Value {
        json!({
            "id": meter.id, "object": "billing.meter", "created": meter.created,
            "customer_mapping": { "event_payload_key": meter.customer_key, "type": "by_id" },
            "default_aggregation": { "formula": meter.formula.as_str() }, "display_name": meter.display_name,
            "event_name": meter.event_name, "event_time_window": null, "livemode": self.habits.livemode,
            "status": if meter.deactivated.is_some() { "inactive" } else { "active" },
            "status_transitions": { "deactivated_at": meter.deactivated }, "updated": meter.updated,
            "value_settings": { "event_payload_key": meter.value_key },
        })
    }

    pub(crate) fn summary_json(&self, meter: &Meter, customer: &str, start: i64, end: i64, value: i64) -> Value {
        // One number a window: its name follows from what it is about.
        let id = format!("mtrusg_test_{}_{customer}_{start}_{end}", meter.id.trim_start_matches("mtr_"));
        json!({
            "id": id, "object": "billing.meter_event_summary", "aggregated_value": value, "end_time": end,
            "livemode": self.habits.livemode, "meter": meter.id, "start_time": start,
        })
    }

    pub(crate) fn coupon_json(&self, coupon: &Coupon) -> Value {
        let percent = coupon.percent.map(|hundredths| {
            let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            text.parse::<f64>().unwrap_or_default()
        });
        json!({
            "id": coupon.id, "object": "coupon", "amount_off": coupon.amount.as_ref().map(|(amount, _)| amount),
            "created": coupon.created, "currency": coupon.amount.as_ref().map(|(_, currency)| currency),
            "duration": coupon.duration, "duration_in_months": coupon.months, "livemode": self.habits.livemode,
            "max_redemptions": coupon.most, "metadata": coupon.metadata, "name": coupon.name, "percent_off": percent,
            "redeem_by": coupon.redeem_by, "times_redeemed": coupon.redeemed, "valid": coupon.is_valid(self.now),
        })
    }

    pub(crate) fn promotion_json(&self, promotion: &Promotion) -> Value {
        json!({
            "id": promotion.id, "object": "promotion_code", "active": promotion.active, "code": promotion.code,
            "created": promotion.created, "customer": promotion.customer, "customer_account": null,
            "expires_at": promotion.expires, "livemode": self.habits.livemode, "max_redemptions": promotion.most,
            "metadata": promotion.metadata, "promotion": { "coupon": promotion.coupon, "type": "coupon" },
            "restrictions": { "first_time_transaction": false, "minimum_amount": null, "minimum_amount_currency": null },
            "times_redeemed": promotion.redeemed,
        })
    }

    pub(crate) fn discount_json(discount: &Discount) -> Value {
        json!({
            "id": discount.id, "object": "discount", "checkout_session": null, "customer": discount.customer,
            "customer_account": null, "end": discount.end, "invoice": null, "invoice_item": null,
            "promotion_code": discount.promotion, "source": { "coupon": discount.coupon, "type": "coupon" },
            "start": discount.start, "subscription": discount.subscription, "subscription_item": null,
        })
    }
}

fn billing_scheme(price: &Price) -> &'static str {
    match price.scheme {
        Scheme::PerUnit(_) => "per_unit",
        Scheme::Graduated(_) | Scheme::Volume(_) => "tiered",
    }
}

fn tiers_mode(price: &Price) -> Option<&'static str> {
    match price.scheme {
        Scheme::PerUnit(_) => None,
        Scheme::Graduated(_) => Some("graduated"),
        Scheme::Volume(_) => Some("volume"),
    }
}

fn usage_type(price: &Price) -> &'static str {
    if price.meter.is_some() { "metered" } else { "licensed" }
}
