//! Invoice items: amounts that wait for an invoice, as changes in the middle of a period leave them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Books, Metadata, merge};
use crate::form::Form;
use crate::money::Rate;
use crate::refusal::Refusal;
use crate::shelf::Kept;

/// An amount that waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct InvoiceItem {
    pub(crate) id: String,
    pub(crate) customer: String,
    pub(crate) subscription: Option<String>,
    pub(crate) subscription_item: Option<String>,
    pub(crate) invoice: Option<String>,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) description: String,
    pub(crate) quantity: i64,
    pub(crate) price: Option<String>,
    pub(crate) unit: Option<Rate>,
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) proration: bool,
    pub(crate) discountable: bool,
    pub(crate) date: i64,
    pub(crate) metadata: Metadata,
}

impl Kept for InvoiceItem {
    const WHAT: &'static str = "invoiceitem";
    fn id(&self) -> &str {
        &self.id
    }
}

impl Books {
    pub(crate) fn create_item(&mut self, form: &Form) -> Result<Value, Refusal> {
        form.only(&[
            "customer",
            "subscription",
            "invoice",
            "amount",
            "currency",
            "description",
            "quantity",
            "unit_amount_decimal",
            "metadata",
            "discountable",
            "period",
        ])?;
        let customer = form.need("customer")?;
        self.customers.get(&customer, "customer")?;
        let subscription = form.text("subscription")?;
        if let Some(subscription) = &subscription {
            self.subscriptions.get(subscription, "subscription")?;
        }
        let invoice = form.text("invoice")?;
        if let Some(invoice) = &invoice
            && !self.invoices.get(invoice, "invoice")?.is_draft()
        {
            return Err(Refusal::coded("invoice", "invoice_not_editable", "Only draft invoices can be changed."));
        }
        let quantity = form.int("quantity")?.unwrap_or(1);
        let unit = form
            .text("unit_amount_decimal")?
            .map(|text| Rate::parse(&text).ok_or_else(|| Refusal::invalid("unit_amount_decimal", "Invalid decimal")));
        let unit = unit.transpose()?;
        let amount = match (form.int("amount")?, unit) {
            (Some(amount), _) => amount,
            (None, Some(unit)) => unit.times(quantity),
            (None, None) => return Err(Refusal::missing("amount")),
        };
        let at = self.time_of(&customer);
        let period = form.part("period");
        let mut metadata = Metadata::new();
        merge(&mut metadata, form.map("metadata")?)?;
        let item = InvoiceItem {
            id: self.new_id("ii"),
            customer,
            subscription,
            subscription_item: None,
            invoice: invoice.clone(),
            amount,
            currency: form.need("currency")?.to_lowercase(),
            description: form.text("description")?.unwrap_or_default(),
            quantity,
            price: None,
            unit: Some(unit.unwrap_or(Rate::cents(amount))),
            from: period.int("start")?.unwrap_or(at),
            to: period.int("end")?.unwrap_or(at),
            proration: false,
            discountable: form.flag("discountable")?.unwrap_or(amount >= 0),
            date: at,
            metadata,
        };
        let body = self.add_item(item.clone());
        if let Some(invoice) = invoice {
            self.add_to_draft(&invoice, item);
        }
        Ok(body)
    }

    /// Lets an amount wait.
    pub(crate) fn add_item(&mut self, item: InvoiceItem) -> Value {
        let body = self.item_json(&item);
        let at = item.date;
        self.items.put(item);
        self.tell("invoiceitem.created", at, body.clone());
        body
    }

    /// What waits for the next invoice of a subscription.
    pub(crate) fn waiting_items(&self, customer: &str, subscription: &str) -> Vec<InvoiceItem> {
        let waits = |item: &&InvoiceItem| {
            item.customer == customer
                && item.invoice.is_none()
                && item.subscription.as_deref().is_none_or(|owner| owner == subscription)
        };
        self.items.iter().filter(waits).cloned().collect()
    }

    pub(crate) fn delete_item(&mut self, id: &str) -> Result<Value, Refusal> {
        let item = self.items.get(id, "id")?;
        if item
            .invoice
            .as_deref()
            .and_then(|invoice| self.invoices.find(invoice))
            .is_some_and(|invoice| !invoice.is_draft())
        {
            return Err(Refusal::bad("This invoice item is part of a finalized invoice and cannot be deleted."));
        }
        let (body, at) = (self.item_json(item), self.time_of(&item.customer));
        self.items.remove(id);
        self.tell("invoiceitem.deleted", at, body);
        Ok(serde_json::json!({ "id": id, "object": "invoiceitem", "deleted": true }))
    }
}
