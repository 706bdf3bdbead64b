//! Products and prices.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Books, Metadata, merge};
use crate::calendar::{Interval, Unit};
use crate::form::Form;
use crate::money::Rate;
use crate::refusal::Refusal;
use crate::shelf::Kept;

/// A product.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Product {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) active: bool,
    pub(crate) description: Option<String>,
    pub(crate) tax_code: Option<String>,
    pub(crate) unit_label: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) created: i64,
    pub(crate) updated: i64,
}

impl Kept for Product {
    const WHAT: &'static str = "product";
    fn id(&self) -> &str {
        &self.id
    }
}

/// So much for each unit up to a number, and once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tier {
    /// The last unit; none is no end.
    pub(crate) up_to: Option<i64>,
    pub(crate) unit: Option<Rate>,
    pub(crate) flat: Option<Rate>,
}

/// How the amount follows from the quantity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Scheme {
    PerUnit(Rate),
    /// Each unit by the tier it lies in.
    Graduated(Vec<Tier>),
    /// All units by the tier the last one lies in.
    Volume(Vec<Tier>),
}

/// A price.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Price {
    pub(crate) id: String,
    pub(crate) product: String,
    pub(crate) active: bool,
    pub(crate) currency: String,
    pub(crate) scheme: Scheme,
    pub(crate) interval: Option<Interval>,
    /// The meter that counts the quantity; none when it is said.
    pub(crate) meter: Option<String>,
    pub(crate) lookup_key: Option<String>,
    pub(crate) nickname: Option<String>,
    pub(crate) tax_behavior: String,
    pub(crate) metadata: Metadata,
    pub(crate) created: i64,
}

impl Kept for Price {
    const WHAT: &'static str = "price";
    fn id(&self) -> &str {
        &self.id
    }
}

impl Books {
    pub(crate) fn create_product(&mut self, form: &Form) -> Result<Value, Refusal> {
        form.only(&[
            "id",
            "name",
            "active",
            "description",
            "metadata",
            "tax_code",
            "unit_label",
            "type",
            "statement_descriptor",
            "shippable",
            "url",
        ])?;
        let id = match form.text("id")? {
            Some(id) if self.products.find(&id).is_some() => {
                return Err(Refusal::coded("id", "resource_already_exists", "Product already exists."));
            }
            Some(id) => id,
            None => self.new_id("prod"),
        };
        let mut product =
            Product { id, name: form.need("name")?, active: true, created: self.now, ..Product::default() };
        self.fill_product(&mut product, form)?;
        let body = self.product_json(&product);
        self.products.put(product);
        let at = self.now;
        self.tell("product.created", at, body.clone());
        Ok(body)
    }

    pub(crate) fn update_product(&mut self, id: &str, form: &Form) -> Result<Value, Refusal> {
        let mut product = self.products.get(id, "id")?.clone();
        let before = self.product_json(&product);
        if form.has("name") {
            product.name = form.need("name")?;
        }
        self.fill_product(&mut product, form)?;
        let after = self.product_json(&product);
        self.products.put(product);
        let at = self.now;
        self.tell_change("product.updated", at, &before, after.clone());
        Ok(after)
    }

    fn fill_product(&self, product: &mut Product, form: &Form) -> Result<(), Refusal> {
        product.active = form.flag("active")?.unwrap_or(product.active);
        for (field, name) in [
            (&mut product.description, "description"),
            (&mut product.tax_code, "tax_code"),
            (&mut product.unit_label, "unit_label"),
        ] {
            if let Some(text) = form.text(name)? {
                *field = (!text.is_empty()).then_some(text);
            }
        }
        product.updated = self.now;
        merge(&mut product.metadata, form.map("metadata")?)
    }

    pub(crate) fn create_price(&mut self, form: &Form) -> Result<Value, Refusal> {
        form.only(&[
            "product",
            "product_data",
            "currency",
            "unit_amount",
            "unit_amount_decimal",
            "billing_scheme",
            "tiers",
            "tiers_mode",
            "recurring",
            "lookup_key",
            "transfer_lookup_key",
            "nickname",
            "tax_behavior",
            "metadata",
            "active",
        ])?;
        let product = self.product_of(form)?;
        let currency = form.need("currency")?.to_lowercase();
        let scheme = scheme(form)?;
        let recurring = form.part("recurring");
        let interval = interval(&recurring)?;
        let metered = recurring.choice("usage_type", &["licensed", "metered"])?.as_deref() == Some("metered");
        let meter = recurring.text("meter")?;
        match &meter {
            Some(meter) if !metered => {
                let message = format!("`recurring[usage_type]` must be `metered` to use the meter {meter}.");
                return Err(Refusal::invalid("recurring[usage_type]", &message));
            }
            Some(meter) => {
                self.meters.get(meter, "recurring[meter]")?;
            }
            None if metered => {
                let message = "Metered prices must be backed by meters: pass `recurring[meter]`.";
                return Err(Refusal::invalid("recurring[meter]", message));
            }
            None => {}
        }
        let lookup_key = form.text("lookup_key")?;
        let transfer = form.flag("transfer_lookup_key")?.unwrap_or(false);
        self.take_lookup_key(lookup_key.as_deref(), transfer)?;
        let mut metadata = Metadata::new();
        merge(&mut metadata, form.map("metadata")?)?;
        let tax_behavior = form.choice("tax_behavior", &["inclusive", "exclusive", "unspecified"])?;
        let price = Price {
            id: self.new_id("price"),
            product,
            active: form.flag("active")?.unwrap_or(true),
            currency,
            scheme,
            interval,
            meter,
            lookup_key,
            nickname: form.text("nickname")?,
            tax_behavior: tax_behavior.unwrap_or_else(|| "unspecified".to_owned()),
            metadata,
            created: self.now,
        };
        let body = self.price_json(&price);
        self.prices.put(price);
        let at = self.now;
        self.tell("price.created", at, body.clone());
        Ok(body)
    }

    fn product_of(&mut self, form: &Form) -> Result<String, Refusal> {
        if form.has("product_data") {
            let made = self.create_product(&form.part("product_data"))?;
            let id = made.get("id").and_then(Value::as_str).unwrap_or_default();
            return Ok(id.to_owned());
        }
        let id = form.need("product")?;
        Ok(self.products.get(&id, "product")?.id.clone())
    }

    /// A lookup key names one active price.
    fn take_lookup_key(&mut self, key: Option<&str>, transfer: bool) -> Result<(), Refusal> {
        let Some(key) = key else { return Ok(()) };
        let Some(holder) = self.prices.iter().find(|price| price.lookup_key.as_deref() == Some(key)) else {
            return Ok(());
        };
        if !transfer {
            let message = format!(
                "A price (`{}`) already uses that lookup key. Set `transfer_lookup_key` to transfer it.",
                holder.id
            );
            return Err(Refusal::invalid("lookup_key", &message));
        }
        let (id, before) = (holder.id.clone(), self.price_json(holder));
        if let Some(price) = self.prices.find_mut(&id) {
            price.lookup_key = None;
        }
        self.price_changed(&id, &before);
        Ok(())
    }

    fn price_changed(&mut self, id: &str, before: &Value) -> Value {
        let after = self.prices.find(id).map_or(Value::Null, |price| self.price_json(price));
        let at = self.now;
        self.tell_change("price.updated", at, before, after.clone());
        after
    }

    pub(crate) fn update_price(&mut self, id: &str, form: &Form) -> Result<Value, Refusal> {
        form.only(&["active", "lookup_key", "transfer_lookup_key", "nickname", "tax_behavior", "metadata"])?;
        let mut price = self.prices.get(id, "id")?.clone();
        let before = self.price_json(&price);
        price.active = form.flag("active")?.unwrap_or(price.active);
        if let Some(key) = form.text("lookup_key")? {
            let key = (!key.is_empty()).then_some(key);
            if key != price.lookup_key {
                self.take_lookup_key(key.as_deref(), form.flag("transfer_lookup_key")?.unwrap_or(false))?;
            }
            price.lookup_key = key;
        }
        if let Some(nickname) = form.text("nickname")? {
            price.nickname = (!nickname.is_empty()).then_some(nickname);
        }
        merge(&mut price.metadata, form.map("metadata")?)?;
        self.prices.put(price);
        Ok(self.price_changed(id, &before))
    }
}

fn interval(recurring: &Form) -> Result<Option<Interval>, Refusal> {
    let Some(unit) = recurring.choice("interval", &["day", "week", "month", "year"])? else { return Ok(None) };
    let count = recurring.int("interval_count")?.unwrap_or(1);
    let count = u32::try_from(count).ok().filter(|count| (1..=1095).contains(count));
    let count = count.ok_or_else(|| Refusal::invalid("recurring[interval_count]", "Invalid interval count"))?;
    Ok(Unit::parse(&unit).map(|unit| Interval { unit, count }))
}

fn rate(form: &Form, whole: &str, decimal: &str) -> Result<Option<Rate>, Refusal> {
    if let Some(cents) = form.int(whole)? {
        return Ok(Some(Rate::cents(cents)));
    }
    let Some(text) = form.text(decimal)? else { return Ok(None) };
    let parsed = Rate::parse(&text);
    parsed.map(Some).ok_or_else(|| Refusal::invalid(&form.name(decimal), &format!("Invalid decimal: {text}")))
}

fn scheme(form: &Form) -> Result<Scheme, Refusal> {
    let billing = form.choice("billing_scheme", &["per_unit", "tiered"])?;
    if billing.as_deref() != Some("tiered") {
        if form.has("tiers") {
            let message = "`tiers` may only be specified with `billing_scheme=tiered`.";
            return Err(Refusal::invalid("tiers", message));
        }
        let rate = rate(form, "unit_amount", "unit_amount_decimal")?;
        return rate.map(Scheme::PerUnit).ok_or_else(|| Refusal::missing("unit_amount"));
    }
    let mode = form.choice("tiers_mode", &["graduated", "volume"])?;
    let mut tiers = Vec::new();
    for part in form.parts("tiers") {
        let up_to = match part.need("up_to")?.as_str() {
            "inf" => None,
            _ => part.int("up_to")?,
        };
        let tier = Tier {
            up_to,
            unit: rate(&part, "unit_amount", "unit_amount_decimal")?,
            flat: rate(&part, "flat_amount", "flat_amount_decimal")?,
        };
        if tier.unit.is_none() && tier.flat.is_none() {
            return Err(Refusal::invalid(
                &part.name("unit_amount"),
                "A tier needs an amount for a unit or a flat one.",
            ));
        }
        tiers.push(tier);
    }
    let ends: Vec<Option<i64>> = tiers.iter().map(|tier| tier.up_to).collect();
    let rising = ends.windows(2).all(|pair| match pair {
        [Some(one), Some(next)] => one < next,
        [Some(_), None] => true,
        _ => false,
    });
    if ends.last() != Some(&None) || !rising {
        let message = "Tiers must rise, and the last one must have `up_to` set to `inf`.";
        return Err(Refusal::invalid("tiers", message));
    }
    match mode.as_deref() {
        Some("graduated") => Ok(Scheme::Graduated(tiers)),
        Some("volume") => Ok(Scheme::Volume(tiers)),
        _ => Err(Refusal::missing("tiers_mode")),
    }
}
