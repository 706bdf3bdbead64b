//! Checkout and portal sessions as Stripe writes them.

use serde_json::{Value, json};

use super::list::page;
use crate::books::Books;
use crate::books::checkout::Session;
use crate::books::lines::cost;
use crate::books::portal::{Configuration, Portal};

impl Books {
    /// What the licensed things of a session cost for one period, and what of it is due at once.
    pub(crate) fn session_amounts(&self, session: &Session) -> (i64, i64) {
        let cost = |(price, quantity): &(String, Option<i64>)| {
            let price = self.prices.find(price).filter(|price| price.meter.is_none());
            price.map_or(0, |price| cost(&price.scheme, quantity.unwrap_or(1)))
        };
        let whole: i64 = session.items.iter().map(cost).sum();
        let trial = session.trial_end.is_some() || session.trial_days.is_some_and(|days| days > 0);
        (whole, if trial { 0 } else { whole })
    }

    pub(crate) fn session_currency(&self, session: &Session) -> Option<String> {
        let (price, _) = session.items.first()?;
        self.prices.find(price).map(|price| price.currency.clone())
    }

    pub(crate) fn session_json(&self, session: &Session) -> Value {
        let (_, due) = self.session_amounts(session);
        let invoice = session.invoice.as_deref().and_then(|id| self.invoices.find(id));
        let (subtotal, total) = invoice.map_or((due, due), |invoice| (invoice.subtotal(), invoice.total()));
        let (off, tax) = invoice.map_or((0, 0), |invoice| (invoice.off(), invoice.tax));
        let discounts: Vec<Value> = session
            .discounts
            .iter()
            .map(|(coupon, code)| json!({ "coupon": coupon, "promotion_code": code }))
            .collect();
        let buyer = session.customer.as_deref().and_then(|id| self.customers.find(id));
        let email = session.customer_email.clone().or_else(|| buyer.and_then(|buyer| buyer.email.clone()));
        let details = json!({
            "address": null, "email": email, "name": buyer.and_then(|buyer| buyer.name.clone()), "phone": null, "tax_exempt": "none",
            "tax_ids": [],
        });
        let url = session.is_open().then(|| format!("{}/c/pay/{}", self.public_url, session.id));
        json!({
            "id": session.id, "object": "checkout.session", "adaptive_pricing": { "enabled": false },
            "after_expiration": null, "allow_promotion_codes": session.allow_codes, "amount_subtotal": subtotal,
            "amount_total": total,
            "automatic_tax": {
                "enabled": session.automatic_tax, "liability": session.automatic_tax.then(|| json!({ "type": "self" })),
                "provider": session.automatic_tax.then_some("stripe"),
                "status": session.automatic_tax.then_some(if session.is_open() { "requires_location_inputs" } else { "complete" }),
            },
            "billing_address_collection": null, "cancel_url": session.cancel_url,
            "client_reference_id": session.client_reference_id, "client_secret": null, "collected_information": null,
            "consent": null, "consent_collection": null, "created": session.created,
            "currency": self.session_currency(session), "currency_conversion": null, "custom_fields": [],
            "custom_text": { "after_submit": null, "shipping_address": null, "submit": null, "terms_of_service_acceptance": null },
            "customer": session.customer, "customer_account": null,
            "customer_creation": if session.mode == "subscription" { Value::Null } else { json!("always") },
            "customer_details": if email.is_some() { details } else { Value::Null }, "customer_email": session.customer_email,
            "discounts": discounts, "expires_at": session.expires, "invoice": session.invoice, "invoice_creation": null,
            "livemode": self.habits.livemode, "locale": session.locale, "metadata": session.metadata,
            "mode": session.mode, "origin_context": null, "payment_intent": null, "payment_link": null,
            "payment_method_collection": session.collection, "payment_method_configuration_details": null,
            "payment_method_options": {}, "payment_method_types": ["card"],
            "payment_status": payment_status(session, due),
            "permissions": null, "phone_number_collection": { "enabled": false }, "recovered_from": null,
            "saved_payment_method_options": null, "setup_intent": null, "shipping_address_collection": null,
            "shipping_cost": null, "shipping_options": [], "status": session.status, "submit_type": null,
            "subscription": session.subscription, "success_url": session.success_url,
            "total_details": { "amount_discount": off, "amount_shipping": 0, "amount_tax": tax }, "ui_mode": "hosted_page",
            "url": url, "wallet_options": null,
        })
    }

    /// What is offered, which is told only to those who ask.
    pub(crate) fn session_items_json(&self, session: &Session) -> Vec<Value> {
        let item = |(number, (id, quantity)): (usize, &(String, Option<i64>))| {
            let price = self.prices.find(id)?;
            let amount = if price.meter.is_some() { 0 } else { cost(&price.scheme, quantity.unwrap_or(1)) };
            let product = self.products.find(&price.product).map(|product| product.name.clone());
            Some(json!({
                "id": format!("li_{}{number}", session.id.trim_start_matches("cs_test_").get(..20).unwrap_or("x")),
                "object": "item", "amount_discount": 0, "amount_subtotal": amount, "amount_tax": 0, "amount_total": amount,
                "currency": price.currency, "description": product, "discounts": [], "metadata": {},
                "price": self.price_json(price), "quantity": quantity, "taxes": [],
            }))
        };
        session.items.iter().enumerate().filter_map(item).collect()
    }

    pub(crate) fn session_line_items(&self, session: &Session) -> Value {
        page(&format!("/v1/checkout/sessions/{}/line_items", session.id), &self.session_items_json(session), false)
    }

    pub(crate) fn portal_json(&self, portal: &Portal) -> Value {
        let flow = portal.flow.as_ref().map(|(kind, subscription)| {
            json!({
                "after_completion": { "hosted_confirmation": null, "redirect": null, "type": "portal_homepage" },
                "subscription_cancel": subscription.as_ref().map(|id| json!({ "retention": null, "subscription": id })),
                "subscription_update": null, "subscription_update_confirm": null, "type": kind,
            })
        });
        json!({
            "id": portal.id, "object": "billing_portal.session", "configuration": portal.configuration,
            "created": portal.created, "customer": portal.customer, "customer_account": null, "flow": flow,
            "livemode": self.habits.livemode, "locale": portal.locale, "on_behalf_of": null,
            "return_url": portal.return_url, "url": format!("{}/p/session/{}", self.public_url, portal.secret),
        })
    }

    pub(crate) fn configuration_json(&self, configuration: &Configuration) -> Value {
        json!({
            "id": configuration.id, "object": "billing_portal.configuration", "active": true, "application": null,
            "business_profile": { "headline": configuration.headline, "privacy_policy_url": null, "terms_of_service_url": null },
            "created": configuration.created, "default_return_url": configuration.return_url,
            "features": {
                "customer_update": { "allowed_updates": [], "enabled": false }, "invoice_history": { "enabled": true },
                "payment_method_update": { "enabled": true, "payment_method_configuration": null },
                "subscription_cancel": {
                    "cancellation_reason": { "enabled": false, "options": [] }, "enabled": configuration.cancels,
                    "mode": "at_period_end", "proration_behavior": "none",
                },
                "subscription_update": {
                    "billing_cycle_anchor": null, "default_allowed_updates": [], "enabled": false, "proration_behavior": "none",
                    "schedule_at_period_end": { "conditions": [] }, "trial_update_behavior": "end_trial",
                },
            },
            "is_default": configuration.default, "livemode": self.habits.livemode,
            "login_page": { "enabled": false, "url": null }, "metadata": configuration.metadata, "name": null,
            "updated": configuration.created,
        })
    }
}

fn payment_status(session: &Session, due: i64) -> &'static str {
    match session.status.as_str() {
        "complete" if due == 0 => "no_payment_required",
        "complete" => "paid",
        _ => "unpaid",
    }
}
