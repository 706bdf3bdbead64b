//! Customers and what they pay with.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Books, Metadata, merge};
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shelf::Kept;

/// A customer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Customer {
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) postal_code: Option<String>,
    pub(crate) locales: Vec<String>,
    pub(crate) metadata: Metadata,
    /// Negative is credit.
    pub(crate) balance: i64,
    pub(crate) currency: Option<String>,
    pub(crate) delinquent: bool,
    pub(crate) default_method: Option<String>,
    pub(crate) test_clock: Option<String>,
    pub(crate) invoice_prefix: String,
    pub(crate) next_invoice: i64,
}

impl Kept for Customer {
    const WHAT: &'static str = "customer";
    fn id(&self) -> &str {
        &self.id
    }
}

/// A card.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Method {
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) customer: Option<String>,
    pub(crate) last4: String,
    pub(crate) email: Option<String>,
    /// What the bank says when it is charged; nothing when it pays.
    pub(crate) decline: Option<String>,
    pub(crate) metadata: Metadata,
}

impl Kept for Method {
    const WHAT: &'static str = "PaymentMethod";
    fn id(&self) -> &str {
        &self.id
    }
}

/// What a card number of the hosted pages does: whether it can be attached, and what it says when it is charged later.
pub(crate) fn card(number: &str) -> Result<Option<&'static str>, Refusal> {
    match number {
        "4242424242424242" | "5555555555554444" => Ok(None),
        "4000000000000341" => Ok(Some("generic_decline")),
        "4000000000000002" => Err(Refusal::declined("generic_decline")),
        "4000000000009995" => Err(Refusal::declined("insufficient_funds")),
        _ => Err(Refusal::coded("card[number]", "incorrect_number", "Your card number is incorrect.")),
    }
}

impl Books {
    pub(crate) fn create_customer(&mut self, form: &Form) -> Result<Value, Refusal> {
        let test_clock = form.text("test_clock")?;
        if let Some(clock) = &test_clock {
            self.clocks.get(clock, "test_clock")?;
        }
        let id = self.new_id("cus");
        let prefix = self.chance.word(8).to_uppercase();
        let mut customer =
            Customer { id: id.clone(), test_clock, invoice_prefix: prefix, next_invoice: 1, ..Customer::default() };
        self.fill_customer(&mut customer, form)?;
        self.customers.put(customer);
        let at = self.time_of(&id);
        if let Some(customer) = self.customers.find_mut(&id) {
            customer.created = at;
        }
        let body = self.customer_json(self.customers.get(&id, "id")?);
        self.tell("customer.created", at, body.clone());
        Ok(body)
    }

    pub(crate) fn update_customer(&mut self, id: &str, form: &Form) -> Result<Value, Refusal> {
        let mut customer = self.customers.get(id, "id")?.clone();
        let before = self.customer_json(&customer);
        self.fill_customer(&mut customer, form)?;
        self.customers.put(customer);
        Ok(self.customer_changed(id, &before))
    }

    /// Tells what is different about a customer.
    pub(crate) fn customer_changed(&mut self, id: &str, before: &Value) -> Value {
        let after = self.customers.find(id).map_or(Value::Null, |customer| self.customer_json(customer));
        let at = self.time_of(id);
        self.tell_change("customer.updated", at, before, after.clone());
        after
    }

    fn fill_customer(&self, customer: &mut Customer, form: &Form) -> Result<(), Refusal> {
        form.only(&[
            "email",
            "name",
            "phone",
            "description",
            "address",
            "preferred_locales",
            "metadata",
            "balance",
            "invoice_settings",
            "test_clock",
            "payment_method",
            "tax",
            "tax_exempt",
            "business_name",
        ])?;
        let set = |field: &mut Option<String>, name: &str| -> Result<(), Refusal> {
            if let Some(text) = form.text(name)? {
                *field = (!text.is_empty()).then_some(text);
            }
            Ok(())
        };
        set(&mut customer.email, "email")?;
        set(&mut customer.name, "name")?;
        set(&mut customer.phone, "phone")?;
        set(&mut customer.description, "description")?;
        let address = form.part("address");
        if let Some(country) = address.text("country")? {
            customer.country = (!country.is_empty()).then_some(country);
        }
        if let Some(code) = address.text("postal_code")? {
            customer.postal_code = (!code.is_empty()).then_some(code);
        }
        if form.has("preferred_locales") {
            customer.locales = form.texts("preferred_locales")?;
        }
        if let Some(balance) = form.int("balance")? {
            customer.balance = balance;
        }
        let settings = form.part("invoice_settings");
        if let Some(method) = settings.text("default_payment_method")? {
            let known = self.methods.get(&method, "invoice_settings[default_payment_method]")?;
            if known.customer.as_deref() != Some(customer.id.as_str()) {
                return Err(Refusal::invalid(
                    "invoice_settings[default_payment_method]",
                    &format!(
                        "The customer does not have a payment method with the ID {method}. The payment method must be attached to the customer."
                    ),
                ));
            }
            customer.default_method = Some(method);
        }
        merge(&mut customer.metadata, form.map("metadata")?)
    }

    pub(crate) fn delete_customer(&mut self, id: &str) -> Result<Value, Refusal> {
        let body = self.customer_json(self.customers.get(id, "id")?);
        let at = self.time_of(id);
        let ids: Vec<String> = self
            .subscriptions
            .iter()
            .filter(|sub| sub.customer == id && !sub.is_over())
            .map(|sub| sub.id.clone())
            .collect();
        for subscription in ids {
            self.end_subscription(&subscription, at, "cancellation_requested");
        }
        self.customers.remove(id);
        self.tell("customer.deleted", at, body);
        Ok(serde_json::json!({ "id": id, "object": "customer", "deleted": true }))
    }

    /// A card that nobody has yet; `decline` is what it says later.
    pub(crate) fn new_method(&mut self, last4: &str, decline: Option<&str>) -> String {
        let id = self.new_id("pm");
        self.methods.put(Method {
            id: id.clone(),
            created: self.now,
            customer: None,
            last4: last4.to_owned(),
            email: None,
            decline: decline.map(str::to_owned),
            metadata: Metadata::new(),
        });
        id
    }

    /// Gives a card to a customer. The cards of Stripe's tests have names instead of numbers.
    pub(crate) fn attach_method(&mut self, id: &str, customer: &str, param: &str) -> Result<String, Refusal> {
        self.customers.get(customer, "customer")?;
        let id = match id {
            "pm_card_visa" => self.new_method("4242", None),
            "pm_card_chargeCustomerFail" => self.new_method("0341", Some("generic_decline")),
            "pm_card_visa_chargeDeclined" => return Err(Refusal::declined("generic_decline")),
            other => other.to_owned(),
        };
        let method = self.methods.get_mut(&id, param)?;
        method.customer = Some(customer.to_owned());
        let body = self.method_json(self.methods.get(&id, param)?);
        let at = self.time_of(customer);
        self.tell("payment_method.attached", at, body);
        Ok(id)
    }

    /// Makes a card the one that invoices are charged to.
    pub(crate) fn prefer_method(&mut self, customer: &str, method: &str) {
        let Some(found) = self.customers.find(customer) else { return };
        let before = self.customer_json(found);
        if let Some(found) = self.customers.find_mut(customer) {
            found.default_method = Some(method.to_owned());
        }
        self.customer_changed(customer, &before);
    }

    pub(crate) fn detach_method(&mut self, id: &str) -> Result<Value, Refusal> {
        let method = self.methods.get_mut(id, "id")?;
        method.customer = None;
        for customer in self.customers.iter_mut().filter(|customer| customer.default_method.as_deref() == Some(id)) {
            customer.default_method = None;
        }
        let body = self.method_json(self.methods.get(id, "id")?);
        let at = self.now;
        self.tell("payment_method.detached", at, body.clone());
        Ok(body)
    }
}
