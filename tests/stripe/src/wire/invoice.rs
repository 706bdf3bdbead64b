//! Invoices, their lines, their payments and what waits for one, as Stripe writes them.

use serde_json::{Value, json};

use super::list::page;
use crate::books::Books;
use crate::books::invoice::{Invoice, State};
use crate::books::item::InvoiceItem;
use crate::books::lines::Line;
use crate::money::Rate;

/// How many lines are told with an invoice.
const WITH_IT: usize = 10;

impl Books {
    pub(crate) fn invoice_json(&self, invoice: &Invoice) -> Value {
        let lines: Vec<Value> = invoice.lines.iter().map(|line| self.line_json(invoice, line)).collect();
        // The rest is told to who asks for it.
        let told = lines.get(..WITH_IT).unwrap_or(&lines);
        let customer = self.customers.find(&invoice.customer);
        let final_ = invoice.finalized_at.is_some();
        let address =
            |end: &str| final_.then(|| format!("{}/i/acct_1Standin000000/{}{end}", self.public_url, invoice.id));
        let parent = invoice.subscription.as_ref().map(|subscription| {
            json!({
                "quote_details": null, "type": "subscription_details",
                "subscription_details": { "metadata": invoice.metadata, "subscription": subscription, "subscription_proration_date": null },
            })
        });
        let reason = if invoice.occasion == "final" { "subscription_cycle" } else { invoice.occasion.as_str() };
        let total = invoice.total();
        json!({
            "id": invoice.id, "object": "invoice", "account_country": "US", "account_name": "Stand-in", "account_tax_ids": null,
            "amount_due": invoice.due_amount(), "amount_overpaid": 0, "amount_paid": invoice.amount_paid,
            "amount_remaining": invoice.remaining(), "amount_shipping": 0, "application": null,
            "attempt_count": invoice.attempts, "attempted": invoice.attempts > 0 || invoice.state == State::Paid,
            "auto_advance": invoice.auto_advance && !invoice.is_settled(),
            "automatic_tax": {
                "disabled_reason": null, "enabled": invoice.automatic_tax,
                "liability": invoice.automatic_tax.then(|| json!({ "type": "self" })),
                "provider": invoice.automatic_tax.then_some("stripe"), "status": invoice.automatic_tax.then_some("complete"),
            },
            "automatically_finalizes_at": invoice.finalizes_at, "billing_reason": reason,
            "collection_method": if invoice.days_until_due.is_some() { "send_invoice" } else { "charge_automatically" },
            "created": invoice.created, "currency": invoice.currency, "custom_fields": null, "customer": invoice.customer,
            "customer_account": null, "customer_address": null, "customer_email": customer.and_then(|customer| customer.email.clone()),
            "customer_name": customer.and_then(|customer| customer.name.clone()), "customer_phone": null,
            "customer_shipping": null, "customer_tax_exempt": "none", "customer_tax_ids": [], "default_payment_method": null,
            "default_source": null, "default_tax_rates": [], "description": invoice.description,
            "discounts": invoice.discounts, "due_date": invoice.due, "effective_at": invoice.finalized_at,
            "ending_balance": invoice.ending_balance, "footer": null, "from_invoice": null,
            "hosted_invoice_url": address(""), "invoice_pdf": address("/pdf"), "issuer": { "type": "self" },
            "last_finalization_error": null, "latest_revision": null,
            "lines": page(&format!("/v1/invoices/{}/lines", invoice.id), told, lines.len() > told.len()), "livemode": self.habits.livemode,
            "metadata": invoice.metadata, "next_payment_attempt": invoice.next_attempt.or(invoice.finalizes_at),
            "number": invoice.number, "on_behalf_of": null, "parent": parent,
            "payment_settings": { "default_mandate": null, "payment_method_options": null, "payment_method_types": null },
            "period_end": invoice.to, "period_start": invoice.from, "post_payment_credit_notes_amount": 0,
            "pre_payment_credit_notes_amount": 0, "receipt_number": null, "rendering": null, "shipping_cost": null,
            "shipping_details": null, "starting_balance": invoice.starting_balance, "statement_descriptor": null,
            "status": invoice.state.as_str(),
            "status_transitions": {
                "finalized_at": invoice.finalized_at, "marked_uncollectible_at": invoice.given_up_at,
                "paid_at": invoice.paid_at, "voided_at": invoice.voided_at,
            },
            "subtotal": invoice.subtotal(), "subtotal_excluding_tax": invoice.subtotal(),
            "test_clock": customer.and_then(|customer| customer.test_clock.clone()), "total": total,
            "total_discount_amounts": discount_amounts(invoice), "total_excluding_tax": total - invoice.tax,
            "total_pretax_credit_amounts": [], "total_taxes": taxes(invoice), "webhooks_delivered_at": invoice.finalized_at,
        })
    }

    fn line_json(&self, invoice: &Invoice, line: &Line) -> Value {
        let details = |price: &String| {
            let product = self.prices.find(price).map(|price| price.product.clone()).unwrap_or_default();
            json!({ "price": price, "product": product })
        };
        let pricing = json!({
            "price_details": line.price.as_ref().map(details), "type": "price_details",
            "unit_amount_decimal": line.unit.map(Rate::text),
        });
        let proration = json!({ "credited_items": null });
        let parent = match (&line.item, &line.invoice_item) {
            (Some(item), None) => json!({
                "invoice_item_details": null, "type": "subscription_item_details",
                "subscription_item_details": {
                    "invoice_item": null, "proration": false, "proration_details": proration,
                    "subscription": invoice.subscription, "subscription_item": item,
                },
            }),
            (_, waited) => json!({
                "subscription_item_details": null, "type": "invoice_item_details",
                "invoice_item_details": {
                    "invoice_item": waited.clone().unwrap_or_default(), "proration": line.proration,
                    "proration_details": proration, "subscription": invoice.subscription,
                },
            }),
        };
        let off: Vec<Value> =
            line.discounts.iter().map(|(discount, amount)| json!({ "amount": amount, "discount": discount })).collect();
        json!({
            "id": line.id, "object": "line_item", "amount": line.amount, "currency": invoice.currency,
            "description": line.description, "discount_amounts": off, "discountable": line.discountable, "discounts": [],
            "invoice": invoice.id, "livemode": self.habits.livemode, "metadata": invoice.metadata, "parent": parent,
            "period": { "end": line.to, "start": line.from }, "pretax_credit_amounts": [], "pricing": pricing,
            "quantity": line.quantity.max(0), "quantity_decimal": line.quantity.to_string(), "subscription": invoice.subscription,
            "subtotal": line.amount, "taxes": [],
        })
    }

    pub(crate) fn lines_json(&self, invoice: &Invoice) -> Vec<Value> {
        invoice.lines.iter().map(|line| self.line_json(invoice, line)).collect()
    }

    /// What was paid for an invoice, which is told only to those who ask.
    pub(crate) fn payments_json(&self, invoice: &Invoice) -> Value {
        let paid = invoice.payment.as_ref().map(|intent| {
            json!({
                "id": format!("inpay_{}", intent.trim_start_matches("pi_")), "object": "invoice_payment",
                "amount_paid": invoice.amount_paid, "amount_requested": invoice.due_amount(),
                "created": invoice.paid_at.unwrap_or(invoice.created), "currency": invoice.currency, "invoice": invoice.id,
                "is_default": true, "livemode": self.habits.livemode,
                "payment": { "payment_intent": intent, "type": "payment_intent" }, "status": "paid",
                "status_transitions": { "canceled_at": null, "paid_at": invoice.paid_at },
            })
        });
        page("/v1/invoice_payments", paid.as_slice(), false)
    }

    pub(crate) fn item_json(&self, item: &InvoiceItem) -> Value {
        let product = item.price.as_deref().and_then(|id| self.prices.find(id)).map(|price| price.product.clone());
        let details = item.price.as_ref().map(|price| json!({ "price": price, "product": product }));
        let parent = item.subscription.as_ref().map(|subscription| {
            json!({
                "type": "subscription_details",
                "subscription_details": { "subscription": subscription, "subscription_item": item.subscription_item },
            })
        });
        json!({
            "id": item.id, "object": "invoiceitem", "amount": item.amount, "currency": item.currency, "customer": item.customer,
            "customer_account": null, "date": item.date, "description": item.description, "discountable": item.discountable,
            "discounts": [], "invoice": item.invoice, "livemode": self.habits.livemode, "metadata": item.metadata,
            "net_amount": item.amount, "parent": parent, "period": { "end": item.to, "start": item.from },
            "pricing": {
                "price_details": details, "type": "price_details", "unit_amount_decimal": item.unit.map(Rate::text),
            },
            "proration": item.proration, "proration_details": { "credited_items": null, "discount_amounts": [] },
            "quantity": item.quantity.max(0), "quantity_decimal": item.quantity.to_string(), "tax_rates": [],
            "test_clock": self.customers.find(&item.customer).and_then(|customer| customer.test_clock.clone()),
        })
    }
}

fn discount_amounts(invoice: &Invoice) -> Vec<Value> {
    let of = |discount: &String| {
        let lines = invoice.lines.iter().flat_map(|line| &line.discounts);
        let amount: i64 = lines.filter(|(id, _)| id == discount).map(|(_, amount)| amount).sum();
        json!({ "amount": amount, "discount": discount })
    };
    invoice.discounts.iter().map(of).collect()
}

fn taxes(invoice: &Invoice) -> Vec<Value> {
    if invoice.tax == 0 {
        return Vec::new();
    }
    vec![json!({
        "amount": invoice.tax, "tax_behavior": "exclusive", "tax_rate_details": { "tax_rate": "txr_standin" },
        "taxability_reason": "standard_rated", "taxable_amount": invoice.total() - invoice.tax, "type": "tax_rate_details",
    })]
}
