//! Checkout sessions: what is offered to a buyer on a page of the provider's own, and what comes of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::subscription::{Behavior, Wanted, no_location};
use super::{Books, Metadata, customer, merge};
use crate::calendar::DAY;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shelf::Kept;

/// A session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) mode: String,
    pub(crate) status: String,
    pub(crate) customer: Option<String>,
    pub(crate) customer_email: Option<String>,
    pub(crate) client_reference_id: Option<String>,
    pub(crate) success_url: Option<String>,
    pub(crate) cancel_url: Option<String>,
    /// Price and quantity.
    pub(crate) items: Vec<(String, Option<i64>)>,
    pub(crate) trial_end: Option<i64>,
    pub(crate) trial_days: Option<i64>,
    pub(crate) without_method: String,
    pub(crate) flexible: bool,
    pub(crate) subscription_metadata: Metadata,
    pub(crate) description: Option<String>,
    pub(crate) discounts: Vec<(String, Option<String>)>,
    pub(crate) allow_codes: Option<bool>,
    pub(crate) automatic_tax: bool,
    pub(crate) keeps_address: bool,
    pub(crate) collection: String,
    pub(crate) locale: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) created: i64,
    pub(crate) expires: i64,
    pub(crate) subscription: Option<String>,
    pub(crate) invoice: Option<String>,
}

impl Kept for Session {
    const WHAT: &'static str = "checkout.session";
    fn id(&self) -> &str {
        &self.id
    }
}

impl Session {
    pub(crate) fn is_open(&self) -> bool {
        self.status == "open"
    }
}

/// What a buyer fills in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filled {
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) country: String,
    pub(crate) card: String,
    pub(crate) code: String,
}

/// What a session may be asked for.
const FIELDS: &[&str] = &[
    "mode",
    "customer",
    "customer_email",
    "client_reference_id",
    "success_url",
    "cancel_url",
    "line_items",
    "subscription_data",
    "discounts",
    "allow_promotion_codes",
    "automatic_tax",
    "customer_update",
    "payment_method_collection",
    "locale",
    "metadata",
    "expires_at",
    "ui_mode",
    "billing_address_collection",
    "tax_id_collection",
    "currency",
    "payment_method_types",
    "customer_creation",
    "submit_type",
    "phone_number_collection",
    "custom_text",
    "saved_payment_method_options",
];

impl Books {
    pub(crate) fn create_session(&mut self, form: &Form) -> Result<Value, Refusal> {
        form.only(FIELDS)?;
        let mode = form.choice("mode", &["subscription", "setup"])?.ok_or_else(|| Refusal::missing("mode"))?;
        let customer = form.text("customer")?;
        let automatic_tax = form.part("automatic_tax").flag("enabled")?.unwrap_or(false);
        let keeps_address = form.part("customer_update").text("address")?.as_deref() == Some("auto");
        if let Some(id) = &customer {
            let found = self.customers.get(id, "customer")?;
            if automatic_tax && found.country.is_none() && !keeps_address {
                return Err(no_location());
            }
        } else if form.has("customer_update") {
            return Err(Refusal::invalid("customer_update", "`customer_update` can only be used with `customer`."));
        }
        if form.has("discounts") && form.flag("allow_promotion_codes")?.unwrap_or(false) {
            return Err(Refusal::invalid(
                "allow_promotion_codes",
                "You may only specify one of these parameters: allow_promotion_codes, discounts.",
            ));
        }
        let items = self.session_items(form, &mode)?;
        let data = form.part("subscription_data");
        data.only(&[
            "metadata",
            "trial_end",
            "trial_period_days",
            "trial_settings",
            "billing_mode",
            "description",
            "invoice_settings",
            "proration_behavior",
        ])?;
        let trial_end = data.int("trial_end")?;
        // Stripe wants two days, so that nobody is surprised.
        if trial_end.is_some_and(|end| end < self.now + 2 * DAY) {
            return Err(Refusal::invalid(
                "subscription_data[trial_end]",
                "The `trial_end` date has to be at least 2 days in the future.",
            ));
        }
        let (mut metadata, mut of_subscription) = (Metadata::new(), Metadata::new());
        merge(&mut metadata, form.map("metadata")?)?;
        merge(&mut of_subscription, data.map("metadata")?)?;
        let without = data.part("trial_settings").part("end_behavior");
        let without = without.choice("missing_payment_method", &["create_invoice", "cancel", "pause"])?;
        let collection = form.choice("payment_method_collection", &["always", "if_required"])?;
        let now = customer.as_deref().map_or(self.now, |customer| self.time_of(customer));
        let session = Session {
            id: format!("cs_test_{}", self.chance.word(58)),
            mode,
            status: "open".to_owned(),
            customer_email: form.text("customer_email")?,
            client_reference_id: form.text("client_reference_id")?,
            success_url: Some(form.need("success_url")?),
            cancel_url: form.text("cancel_url")?,
            items,
            trial_end,
            trial_days: data.int("trial_period_days")?,
            without_method: without.unwrap_or_else(|| "create_invoice".to_owned()),
            flexible: data.part("billing_mode").choice("type", &["classic", "flexible"])?.as_deref() != Some("classic"),
            subscription_metadata: of_subscription,
            description: data.text("description")?,
            discounts: self.wanted_discounts(form, customer.as_deref())?,
            allow_codes: form.flag("allow_promotion_codes")?,
            automatic_tax,
            keeps_address,
            collection: collection.unwrap_or_else(|| "always".to_owned()),
            locale: form.text("locale")?,
            metadata,
            created: now,
            expires: form.int("expires_at")?.unwrap_or(now + DAY),
            subscription: None,
            invoice: None,
            customer,
        };
        let body = self.session_json(&session);
        self.sessions.put(session);
        Ok(body)
    }

    fn session_items(&self, form: &Form, mode: &str) -> Result<Vec<(String, Option<i64>)>, Refusal> {
        let mut items = Vec::new();
        for part in form.parts("line_items") {
            part.only(&["price", "quantity", "adjustable_quantity", "metadata"])?;
            let id = part.need("price")?;
            let price = self.prices.get(&id, &part.name("price"))?;
            let quantity = part.int("quantity")?;
            match (&price.meter, quantity) {
                (Some(_), Some(_)) => {
                    let message = format!("You cannot specify `quantity` for the metered price {id}.");
                    return Err(Refusal::invalid(&part.name("quantity"), &message));
                }
                (None, None) => return Err(Refusal::missing(&part.name("quantity"))),
                _ => items.push((id, quantity)),
            }
        }
        if mode == "subscription" && items.is_empty() {
            return Err(Refusal::missing("line_items"));
        }
        Ok(items)
    }

    pub(crate) fn expire_session(&mut self, id: &str) -> Result<Value, Refusal> {
        let session = self.sessions.get(id, "id")?;
        if !session.is_open() {
            let message = format!(
                "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of {}.",
                session.status
            );
            return Err(Refusal::bad(&message));
        }
        let at = self.now;
        self.expire(id, at);
        Ok(self.session_json(self.sessions.get(id, "id")?))
    }

    pub(crate) fn expire(&mut self, id: &str, at: i64) {
        if let Some(session) = self.sessions.find_mut(id) {
            "expired".clone_into(&mut session.status);
        }
        let body = self.sessions.find(id).map_or(Value::Null, |session| self.session_json(session));
        self.tell("checkout.session.expired", at, body);
    }

    /// The buyer presses the button; where they go next.
    pub(crate) fn complete_session(&mut self, id: &str, filled: &Filled) -> Result<String, Refusal> {
        let session = self.sessions.get(id, "id")?.clone();
        if !session.is_open() {
            return Err(Refusal::bad("This checkout session has expired or was completed."));
        }
        let decline = customer::card(&filled.card)?;
        let mut discounts = session.discounts.clone();
        if !filled.code.is_empty() {
            let promotion = self
                .promotions
                .iter()
                .find(|promotion| promotion.active && promotion.code.eq_ignore_ascii_case(&filled.code));
            let promotion =
                promotion.filter(|_| session.allow_codes == Some(true)).map(|promotion| promotion.id.clone());
            let promotion = promotion.ok_or_else(|| Refusal::invalid("code", "This code is invalid."))?;
            discounts.push(self.code(&promotion, session.customer.as_deref(), "code")?);
        }
        let trial = session.trial_end.is_some() || session.trial_days.is_some_and(|days| days > 0);
        if session.mode == "subscription" && !trial && decline.is_some() {
            return Err(Refusal::declined("generic_decline"));
        }
        let buyer = self.buyer(&session, filled)?;
        let last4 = filled.card.get(filled.card.len().saturating_sub(4)..).unwrap_or("4242").to_owned();
        let method = self.new_method(&last4, decline);
        let method = self.attach_method(&method, &buyer, "payment_method")?;
        let mut done = session.clone();
        done.customer = Some(buyer.clone());
        if session.mode == "subscription" {
            let now = self.time_of(&buyer);
            let subscription = self.open_subscription(Wanted {
                customer: buyer,
                items: session
                    .items
                    .iter()
                    .map(|(price, quantity)| (price.clone(), *quantity, Metadata::new()))
                    .collect(),
                trial_end: session
                    .trial_end
                    .or_else(|| session.trial_days.filter(|days| *days > 0).map(|days| now + days * DAY)),
                without_method: session.without_method,
                metadata: session.subscription_metadata,
                discounts,
                automatic_tax: session.automatic_tax,
                days_until_due: None,
                default_method: Some(method),
                behavior: Behavior::Allow,
                flexible: session.flexible,
                description: session.description,
                cancel_at_period_end: false,
            })?;
            done.invoice =
                self.subscriptions.find(&subscription).and_then(|subscription| subscription.latest_invoice.clone());
            done.subscription = Some(subscription);
        } else {
            self.prefer_method(&buyer, &method);
        }
        "complete".clone_into(&mut done.status);
        let (body, at) = (self.session_json(&done), self.now);
        let target = done.success_url.clone().unwrap_or_default().replace("{CHECKOUT_SESSION_ID}", id);
        self.sessions.put(done);
        self.tell("checkout.session.completed", at, body);
        Ok(target)
    }

    /// The customer of the session, or a new one.
    fn buyer(&mut self, session: &Session, filled: &Filled) -> Result<String, Refusal> {
        if let Some(id) = &session.customer {
            let before = self.customer_json(self.customers.get(id, "customer")?);
            if let Some(customer) = self.customers.find_mut(id).filter(|_| session.keeps_address) {
                customer.country = Some(filled.country.clone());
            }
            self.customer_changed(id, &before);
            return Ok(id.clone());
        }
        let made = self.create_customer(&Form::empty())?;
        let id = made.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(customer) = self.customers.find_mut(&id) {
            customer.email = Some(session.customer_email.clone().unwrap_or_else(|| filled.email.clone()));
            customer.name = Some(filled.name.clone());
            customer.country = Some(filled.country.clone());
        }
        Ok(id)
    }
}
