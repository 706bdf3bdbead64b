//! Customers, cards, clocks and addresses of webhooks as Stripe writes them.

use serde_json::{Value, json};

use crate::books::customer::{Customer, Method};
use crate::books::endpoint::Endpoint;
use crate::books::test_clock::TestClock;
use crate::books::{Books, VERSION};

impl Books {
    pub(crate) fn customer_json(&self, customer: &Customer) -> Value {
        let address = customer.country.as_ref().map(|country| {
            json!({
                "city": null, "country": country, "line1": null, "line2": null, "postal_code": customer.postal_code, "state": null,
            })
        });
        json!({
            "id": customer.id, "object": "customer", "address": address, "balance": customer.balance,
            "created": customer.created, "currency": customer.currency, "customer_account": null, "default_source": null,
            "delinquent": customer.delinquent, "description": customer.description, "discount": null,
            "email": customer.email, "invoice_prefix": customer.invoice_prefix,
            "invoice_settings": {
                "custom_fields": null, "default_payment_method": customer.default_method, "footer": null, "rendering_options": null,
            },
            "livemode": self.habits.livemode, "metadata": customer.metadata, "name": customer.name,
            "next_invoice_sequence": customer.next_invoice, "phone": customer.phone,
            "preferred_locales": customer.locales, "shipping": null, "tax_exempt": "none", "test_clock": customer.test_clock,
        })
    }

    pub(crate) fn method_json(&self, method: &Method) -> Value {
        json!({
            "id": method.id, "object": "payment_method", "allow_redisplay": "unspecified",
            "billing_details": { "address": null, "email": method.email, "name": null, "phone": null, "tax_id": null },
            "card": {
                "brand": "visa", "checks": { "address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass" },
                "country": "US", "display_brand": "visa", "exp_month": 12, "exp_year": 2099, "fingerprint": "Xt5EWLLDS7FJjR1c",
                "funding": "credit", "generated_from": null, "last4": method.last4,
                "networks": { "available": ["visa"], "preferred": null }, "three_d_secure_usage": { "supported": true }, "wallet": null,
            },
            "created": method.created, "customer": method.customer, "customer_account": null,
            "livemode": self.habits.livemode, "metadata": method.metadata, "type": "card",
        })
    }

    pub(crate) fn clock_json(&self, clock: &TestClock) -> Value {
        json!({
            "id": clock.id, "object": "test_helpers.test_clock", "created": clock.created,
            "deletes_after": Self::clock_ends(clock), "frozen_time": clock.frozen, "livemode": self.habits.livemode,
            "name": clock.name, "status": "ready", "status_details": {},
        })
    }

    pub(crate) fn endpoint_json(&self, endpoint: &Endpoint) -> Value {
        json!({
            "id": endpoint.id, "object": "webhook_endpoint", "api_version": VERSION, "application": null,
            "created": endpoint.created, "description": null, "enabled_events": endpoint.kinds,
            "livemode": self.habits.livemode, "metadata": endpoint.metadata,
            "status": if endpoint.enabled { "enabled" } else { "disabled" }, "url": endpoint.url,
        })
    }

    /// The account that the key belongs to.
    pub(crate) fn account_json() -> Value {
        json!({
            "id": "acct_1Standin000000", "object": "account", "charges_enabled": true, "country": "US", "created": 1_700_000_000,
            "default_currency": "usd", "details_submitted": true, "email": "owner@standin.example", "metadata": {},
            "payouts_enabled": true, "type": "standard",
        })
    }
}
