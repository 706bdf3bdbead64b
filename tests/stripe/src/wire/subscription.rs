//! Subscriptions and their items as Stripe writes them.

use serde_json::{Value, json};

use super::list::page;
use crate::books::Books;
use crate::books::subscription::{Item, Status, Subscription};

impl Books {
    pub(crate) fn subscription_json(&self, subscription: &Subscription) -> Value {
        let items: Vec<Value> =
            subscription.items.iter().map(|item| self.subscription_item_json(subscription, item)).collect();
        let url = format!("/v1/subscription_items?subscription={}", subscription.id);
        let sent = subscription.days_until_due.is_some();
        let mode = if subscription.flexible {
            json!({ "flexible": { "proration_discounts": "included" }, "type": "flexible" })
        } else {
            json!({ "flexible": null, "type": "classic" })
        };
        json!({
            "id": subscription.id, "object": "subscription", "application": null, "application_fee_percent": null,
            "automatic_tax": {
                "disabled_reason": null, "enabled": subscription.automatic_tax,
                "liability": subscription.automatic_tax.then(|| json!({ "type": "self" })),
            },
            "billing_cycle_anchor": subscription.anchor, "billing_cycle_anchor_config": null, "billing_mode": mode,
            "billing_schedules": [], "billing_thresholds": null, "cancel_at": subscription.cancel_at,
            "cancel_at_period_end": subscription.cancel_at_period_end, "canceled_at": subscription.canceled_at,
            "cancellation_details": {
                "comment": subscription.cancel_comment, "feedback": subscription.cancel_feedback,
                "reason": subscription.cancel_reason,
            },
            "collection_method": if sent { "send_invoice" } else { "charge_automatically" },
            "created": subscription.created, "currency": subscription.currency, "customer": subscription.customer,
            "customer_account": null, "days_until_due": subscription.days_until_due,
            "default_payment_method": subscription.default_method, "default_source": null, "default_tax_rates": [],
            "description": subscription.description, "discounts": subscription.discounts,
            "ended_at": subscription.ended_at,
            "invoice_settings": { "account_tax_ids": null, "issuer": { "type": "self" } },
            "items": page(&url, &items, false), "latest_invoice": subscription.latest_invoice,
            "livemode": self.habits.livemode, "metadata": subscription.metadata,
            "next_pending_invoice_item_invoice": null, "on_behalf_of": null, "pause_collection": null,
            "payment_settings": {
                "payment_method_options": null, "payment_method_types": null, "save_default_payment_method": "off",
            },
            "pending_invoice_item_interval": null, "pending_setup_intent": null, "pending_update": null, "schedule": null,
            "start_date": subscription.created, "status": subscription.status.as_str(),
            "test_clock": self.customers.find(&subscription.customer).and_then(|customer| customer.test_clock.clone()),
            "transfer_data": null, "trial_end": subscription.trial.map(|(_, end)| end),
            "trial_settings": { "end_behavior": { "missing_payment_method": subscription.without_method } },
            "trial_start": subscription.trial.map(|(start, _)| start),
        })
    }

    pub(crate) fn subscription_item_json(&self, subscription: &Subscription, item: &Item) -> Value {
        let price = self.prices.find(&item.price);
        let mut body = json!({
            "id": item.id, "object": "subscription_item", "billing_thresholds": null, "created": item.created,
            "current_period_end": item.to, "current_period_start": item.from, "discounts": [], "metadata": item.metadata,
            "plan": price.map(|price| self.plan_json(price)), "price": price.map(|price| self.price_json(price)),
            "subscription": subscription.id, "tax_rates": [],
        });
        // A metered item has no quantity at all.
        if let (Some(quantity), Value::Object(fields)) = (item.quantity, &mut body) {
            fields.insert("quantity".to_owned(), json!(quantity));
        }
        body
    }

    /// Which subscriptions a list shows: without a wish, all but the ended ones.
    pub(crate) fn shows(subscription: &Subscription, status: Option<&str>) -> bool {
        match status {
            None => subscription.status != Status::Canceled,
            Some("all") => true,
            Some("ended") => subscription.is_over(),
            Some(wanted) => subscription.status.as_str() == wanted,
        }
    }
}
