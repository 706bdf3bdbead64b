//! The page of the provider where customers look after their cards, subscriptions and invoices.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Books, Metadata, customer, merge};
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shelf::Kept;

/// A visit to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Portal {
    pub(crate) id: String,
    pub(crate) customer: String,
    pub(crate) configuration: String,
    pub(crate) return_url: Option<String>,
    pub(crate) locale: Option<String>,
    /// What the visit is for: `payment_method_update`, or `subscription_cancel` of one.
    pub(crate) flow: Option<(String, Option<String>)>,
    pub(crate) secret: String,
    pub(crate) created: i64,
}

impl Kept for Portal {
    const WHAT: &'static str = "billing_portal.session";
    fn id(&self) -> &str {
        &self.id
    }
}

/// How the page is set up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Configuration {
    pub(crate) id: String,
    pub(crate) headline: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) cancels: bool,
    pub(crate) default: bool,
    pub(crate) metadata: Metadata,
    pub(crate) created: i64,
}

impl Kept for Configuration {
    const WHAT: &'static str = "configuration";
    fn id(&self) -> &str {
        &self.id
    }
}

impl Books {
    pub(crate) fn create_configuration(&mut self, form: &Form) -> Result<Value, Refusal> {
        form.only(&["business_profile", "features", "default_return_url", "metadata", "login_page", "name"])?;
        let cancels = form.part("features").part("subscription_cancel").flag("enabled")?.unwrap_or(false);
        let mut metadata = Metadata::new();
        merge(&mut metadata, form.map("metadata")?)?;
        let configuration = Configuration {
            id: self.new_id("bpc"),
            headline: form.part("business_profile").text("headline")?,
            return_url: form.text("default_return_url")?,
            cancels,
            default: self.configurations.len() == 0,
            metadata,
            created: self.now,
        };
        let body = self.configuration_json(&configuration);
        self.configurations.put(configuration);
        Ok(body)
    }

    fn default_configuration(&mut self) -> Result<String, Refusal> {
        if let Some(found) = self.configurations.iter().find(|configuration| configuration.default) {
            return Ok(found.id.clone());
        }
        // An account of Stripe's tests has one once its owner has looked at the settings.
        let form = Form::parse("features[subscription_cancel][enabled]=true");
        let made = self.create_configuration(&form)?;
        Ok(made.get("id").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    pub(crate) fn create_portal(&mut self, form: &Form) -> Result<Value, Refusal> {
        form.only(&["customer", "return_url", "configuration", "locale", "flow_data"])?;
        let customer = form.need("customer")?;
        self.customers.get(&customer, "customer")?;
        let configuration = match form.text("configuration")? {
            Some(id) => self.configurations.get(&id, "configuration")?.id.clone(),
            None => self.default_configuration()?,
        };
        let data = form.part("flow_data");
        let flow = match data.choice("type", &["payment_method_update", "subscription_cancel"])? {
            None => None,
            Some(kind) if kind == "subscription_cancel" => {
                let subscription = data.part("subscription_cancel").need("subscription")?;
                self.subscriptions.get(&subscription, "flow_data[subscription_cancel][subscription]")?;
                Some((kind, Some(subscription)))
            }
            Some(kind) => Some((kind, None)),
        };
        let portal = Portal {
            id: self.new_id("bps"),
            customer,
            configuration,
            return_url: form.text("return_url")?,
            locale: form.text("locale")?,
            flow,
            secret: self.chance.word(40),
            created: self.now,
        };
        let body = self.portal_json(&portal);
        self.portals.put(portal);
        let at = self.now;
        self.tell("billing_portal.session.created", at, body.clone());
        Ok(body)
    }

    /// The visit that a secret address leads to.
    pub(crate) fn visit(&self, secret: &str) -> Result<Portal, Refusal> {
        let found = self.portals.iter().find(|portal| portal.secret == secret);
        found.cloned().ok_or_else(|| Refusal::no_such("billing_portal.session", secret, "id"))
    }

    /// The customer gives another card; what is owed is charged to it.
    pub(crate) fn change_card(&mut self, customer: &str, number: &str) -> Result<(), Refusal> {
        let decline = customer::card(number)?;
        let last4 = number.get(number.len().saturating_sub(4)..).unwrap_or("4242").to_owned();
        let method = self.new_method(&last4, decline);
        self.use_card(customer, &method)
    }

    /// A card becomes the one that everything of a customer is charged to, open invoices at once.
    pub(crate) fn use_card(&mut self, customer: &str, method: &str) -> Result<(), Refusal> {
        let method = self.attach_method(method, customer, "payment_method")?;
        self.prefer_method(customer, &method);
        let own: Vec<String> = self
            .subscriptions
            .iter()
            .filter(|sub| sub.customer == customer && !sub.is_over())
            .map(|sub| sub.id.clone())
            .collect();
        for id in own {
            let before = self.subscription_body(&id);
            if let Some(subscription) = self.subscriptions.find_mut(&id).filter(|sub| sub.default_method.is_some()) {
                subscription.default_method = Some(method.clone());
            }
            self.subscription_changed(&id, &before);
        }
        let open = |invoice: &&super::invoice::Invoice| {
            invoice.customer == customer && invoice.state == super::invoice::State::Open && invoice.remaining() > 0
        };
        let open: Vec<String> = self.invoices.iter().filter(open).map(|invoice| invoice.id.clone()).collect();
        for invoice in open {
            drop(self.pay(&invoice, None));
        }
        Ok(())
    }
}
