//! Coupons, the codes that stand for them, and the discounts that they become.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Books, Metadata, merge};
use crate::calendar::{Interval, Unit};
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shelf::Kept;

/// A coupon.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Coupon {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    /// Hundredths of a per cent.
    pub(crate) percent: Option<i64>,
    pub(crate) amount: Option<(i64, String)>,
    /// `once`, `repeating` or `forever`.
    pub(crate) duration: String,
    pub(crate) months: Option<i64>,
    pub(crate) products: Vec<String>,
    pub(crate) most: Option<i64>,
    pub(crate) redeem_by: Option<i64>,
    pub(crate) redeemed: i64,
    pub(crate) metadata: Metadata,
    pub(crate) created: i64,
}

impl Kept for Coupon {
    const WHAT: &'static str = "coupon";
    fn id(&self) -> &str {
        &self.id
    }
}

/// A code that people type.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Promotion {
    pub(crate) id: String,
    pub(crate) code: String,
    pub(crate) coupon: String,
    pub(crate) active: bool,
    pub(crate) customer: Option<String>,
    pub(crate) most: Option<i64>,
    pub(crate) expires: Option<i64>,
    pub(crate) redeemed: i64,
    pub(crate) metadata: Metadata,
    pub(crate) created: i64,
}

impl Kept for Promotion {
    const WHAT: &'static str = "promotion code";
    fn id(&self) -> &str {
        &self.id
    }
}

/// A coupon in use.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Discount {
    pub(crate) id: String,
    pub(crate) coupon: String,
    pub(crate) promotion: Option<String>,
    pub(crate) customer: String,
    pub(crate) subscription: Option<String>,
    pub(crate) start: i64,
    pub(crate) end: Option<i64>,
}

impl Kept for Discount {
    const WHAT: &'static str = "discount";
    fn id(&self) -> &str {
        &self.id
    }
}

impl Coupon {
    pub(crate) fn is_valid(&self, now: i64) -> bool {
        self.most.is_none_or(|most| self.redeemed < most) && self.redeem_by.is_none_or(|by| now < by)
    }
}

impl Books {
    pub(crate) fn create_coupon(&mut self, form: &Form) -> Result<Value, Refusal> {
        form.only(&[
            "id",
            "name",
            "percent_off",
            "amount_off",
            "currency",
            "duration",
            "duration_in_months",
            "applies_to",
            "max_redemptions",
            "redeem_by",
            "metadata",
            "currency_options",
        ])?;
        let id = match form.text("id")? {
            Some(id) if self.coupons.find(&id).is_some() => {
                return Err(Refusal::coded("id", "resource_already_exists", "Coupon already exists."));
            }
            Some(id) => id,
            None => self.chance.word(8),
        };
        let percent = form.text("percent_off")?.map(|text| hundredths(&text)).transpose()?;
        let amount = match form.int("amount_off")? {
            Some(amount) => Some((amount, form.need("currency")?.to_lowercase())),
            None => None,
        };
        if percent.is_some() == amount.is_some() {
            return Err(Refusal::invalid("percent_off", "You must pass exactly one of percent_off and amount_off."));
        }
        let duration = form.choice("duration", &["once", "repeating", "forever"])?.unwrap_or_else(|| "once".to_owned());
        let months = form.int("duration_in_months")?;
        if (duration == "repeating") != months.is_some() {
            return Err(Refusal::invalid("duration_in_months", "duration_in_months belongs to duration repeating."));
        }
        let mut metadata = Metadata::new();
        merge(&mut metadata, form.map("metadata")?)?;
        let coupon = Coupon {
            id,
            name: form.text("name")?,
            percent,
            amount,
            duration,
            months,
            products: form.part("applies_to").texts("products")?,
            most: form.int("max_redemptions")?,
            redeem_by: form.int("redeem_by")?,
            redeemed: 0,
            metadata,
            created: self.now,
        };
        let body = self.coupon_json(&coupon);
        self.coupons.put(coupon);
        let at = self.now;
        self.tell("coupon.created", at, body.clone());
        Ok(body)
    }

    pub(crate) fn create_promotion(&mut self, form: &Form) -> Result<Value, Refusal> {
        form.only(&[
            "promotion",
            "code",
            "customer",
            "active",
            "max_redemptions",
            "expires_at",
            "metadata",
            "restrictions",
        ])?;
        let promotion = form.part("promotion");
        promotion.choice("type", &["coupon"])?.ok_or_else(|| Refusal::missing("promotion[type]"))?;
        let coupon = promotion.need("coupon")?;
        self.coupons.get(&coupon, "promotion[coupon]")?;
        let code = form.text("code")?.unwrap_or_else(|| self.chance.word(8).to_uppercase());
        let taken = |other: &Promotion| other.active && other.code.eq_ignore_ascii_case(&code);
        if self.promotions.iter().any(taken) {
            return Err(Refusal::invalid("code", "An active promotion code with this code already exists."));
        }
        let mut metadata = Metadata::new();
        merge(&mut metadata, form.map("metadata")?)?;
        let promotion = Promotion {
            id: self.new_id("promo"),
            code,
            coupon,
            active: form.flag("active")?.unwrap_or(true),
            customer: form.text("customer")?,
            most: form.int("max_redemptions")?,
            expires: form.int("expires_at")?,
            redeemed: 0,
            metadata,
            created: self.now,
        };
        let body = self.promotion_json(&promotion);
        self.promotions.put(promotion);
        let at = self.now;
        self.tell("promotion_code.created", at, body.clone());
        Ok(body)
    }

    pub(crate) fn update_promotion(&mut self, id: &str, form: &Form) -> Result<Value, Refusal> {
        form.only(&["active", "metadata", "restrictions"])?;
        let mut promotion = self.promotions.get(id, "id")?.clone();
        let before = self.promotion_json(&promotion);
        promotion.active = form.flag("active")?.unwrap_or(promotion.active);
        merge(&mut promotion.metadata, form.map("metadata")?)?;
        let after = self.promotion_json(&promotion);
        self.promotions.put(promotion);
        let at = self.now;
        self.tell_change("promotion_code.updated", at, &before, after.clone());
        Ok(after)
    }

    /// Reads `discounts[0][coupon]` or `discounts[0][promotion_code]` and refuses what cannot be redeemed.
    pub(crate) fn wanted_discounts(
        &self,
        form: &Form,
        customer: Option<&str>,
    ) -> Result<Vec<(String, Option<String>)>, Refusal> {
        let mut wanted = Vec::new();
        for part in form.parts("discounts") {
            if let Some(coupon) = part.text("coupon")? {
                self.redeemable(&coupon, &part.name("coupon"))?;
                wanted.push((coupon, None));
            } else if let Some(id) = part.text("promotion_code")? {
                wanted.push(self.code(&id, customer, &part.name("promotion_code"))?);
            } else if let Some(id) = part.text("discount")? {
                let discount = self.discounts.get(&id, &part.name("discount"))?;
                wanted.push((discount.coupon.clone(), discount.promotion.clone()));
            }
        }
        Ok(wanted)
    }

    /// What a promotion code stands for, for a customer who may be new.
    pub(crate) fn code(
        &self,
        id: &str,
        customer: Option<&str>,
        param: &str,
    ) -> Result<(String, Option<String>), Refusal> {
        let promotion = self.promotions.get(id, param)?;
        let expired = promotion.expires.is_some_and(|at| at <= self.now);
        let used_up = promotion.most.is_some_and(|most| promotion.redeemed >= most);
        let of_another = promotion.customer.as_deref().is_some_and(|owner| Some(owner) != customer);
        if !promotion.active || expired || used_up || of_another {
            return Err(Refusal::coded(
                param,
                "coupon_expired",
                &format!("This promotion code cannot be redeemed: {id}"),
            ));
        }
        self.redeemable(&promotion.coupon, param)?;
        Ok((promotion.coupon.clone(), Some(id.to_owned())))
    }

    fn redeemable(&self, coupon: &str, param: &str) -> Result<(), Refusal> {
        if self.coupons.get(coupon, param)?.is_valid(self.now) {
            return Ok(());
        }
        Err(Refusal::coded(param, "coupon_expired", &format!("Coupon expired: {coupon}")))
    }

    /// Puts a coupon to use.
    pub(crate) fn redeem(
        &mut self,
        coupon: &str,
        promotion: Option<&str>,
        customer: &str,
        subscription: &str,
    ) -> String {
        let id = self.new_id("di");
        let start = self.time_of(customer);
        let months = self.coupons.find(coupon).and_then(|coupon| coupon.months);
        let months = months.and_then(|months| u32::try_from(months).ok());
        let end = months.map(|count| Interval { unit: Unit::Month, count }.next(start, start));
        if let Some(coupon) = self.coupons.find_mut(coupon) {
            coupon.redeemed += 1;
        }
        if let Some(promotion) = promotion.and_then(|id| self.promotions.find_mut(id)) {
            promotion.redeemed += 1;
        }
        self.discounts.put(Discount {
            id: id.clone(),
            coupon: coupon.to_owned(),
            promotion: promotion.map(str::to_owned),
            customer: customer.to_owned(),
            subscription: Some(subscription.to_owned()),
            start,
            end,
        });
        let body = self.discounts.find(&id).map_or(Value::Null, Self::discount_json);
        self.tell("customer.discount.created", start, body);
        id
    }
}

/// `12.5` per cent is 1250.
fn hundredths(text: &str) -> Result<i64, Refusal> {
    let rate = crate::money::Rate::parse(text).map(|rate| rate.times(100));
    rate.filter(|value| (1..=10_000).contains(value))
        .ok_or_else(|| Refusal::invalid("percent_off", "percent_off must be greater than 0 and at most 100"))
}
