//! `expand[]=latest_invoice.payments`: ids become objects, and what is told only to those who ask is told.

use serde_json::Value;

use crate::books::Books;
use crate::form::Form;
use crate::refusal::Refusal;

impl Books {
    /// Expands what the request names.
    pub(crate) fn expand(&self, mut body: Value, form: &Form) -> Result<Value, Refusal> {
        for path in form.texts("expand")? {
            let names: Vec<&str> = path.split('.').collect();
            if names.len() > 4 {
                return Err(Refusal::invalid("expand", "You may expand at most four levels."));
            }
            self.walk(&mut body, &names, &path)?;
        }
        Ok(body)
    }

    fn walk(&self, body: &mut Value, names: &[&str], path: &str) -> Result<(), Refusal> {
        let Some((first, rest)) = names.split_first() else { return Ok(()) };
        match body {
            Value::Array(rows) => rows.iter_mut().try_for_each(|row| self.walk(row, names, path)),
            Value::Object(fields) => {
                if !fields.contains_key(*first) {
                    let kind = fields.get("object").and_then(Value::as_str).unwrap_or_default().to_owned();
                    let id = fields.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
                    let told = self.includable(&kind, &id, first).ok_or_else(|| {
                        Refusal::invalid("expand", &format!("This property cannot be expanded ({path})."))
                    })?;
                    fields.insert((*first).to_owned(), told);
                }
                let Some(field) = fields.get_mut(*first) else { return Ok(()) };
                match field {
                    Value::String(id) => {
                        if let Some(found) = self.named(first, id) {
                            *field = found;
                        }
                    }
                    Value::Array(rows) => {
                        for row in rows.iter_mut() {
                            if let Some(found) = row.as_str().and_then(|id| self.named(first, id)) {
                                *row = found;
                            }
                        }
                    }
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {}
                }
                self.walk(field, rest, path)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }

    /// The object that an id in a field stands for.
    fn named(&self, field: &str, id: &str) -> Option<Value> {
        match field {
            "customer" => self.customers.find(id).map(|found| self.customer_json(found)),
            "product" => self.products.find(id).map(|found| self.product_json(found)),
            "price" => self.prices.find(id).map(|found| self.price_json(found)),
            "subscription" => self.subscriptions.find(id).map(|found| self.subscription_json(found)),
            "invoice" | "latest_invoice" => self.invoices.find(id).map(|found| self.invoice_json(found)),
            "default_payment_method" | "payment_method" => self.methods.find(id).map(|found| self.method_json(found)),
            "coupon" => self.coupons.find(id).map(|found| self.coupon_json(found)),
            "promotion_code" => self.promotions.find(id).map(|found| self.promotion_json(found)),
            "discounts" | "discount" => self.discounts.find(id).map(Self::discount_json),
            "configuration" => self.configurations.find(id).map(|found| self.configuration_json(found)),
            "test_clock" => self.clocks.find(id).map(|found| self.clock_json(found)),
            _ => None,
        }
    }

    /// What an object does not say unless it is asked.
    fn includable(&self, kind: &str, id: &str, field: &str) -> Option<Value> {
        match (kind, field) {
            ("price", "tiers") => self.prices.find(id).map(Self::tiers_json),
            ("invoice", "payments") => self.invoices.find(id).map(|invoice| self.payments_json(invoice)),
            ("checkout.session", "line_items") => {
                self.sessions.find(id).map(|session| self.session_line_items(session))
            }
            ("customer", "subscriptions") => {
                let own = self.subscriptions.iter().rev().filter(|sub| sub.customer == id && !sub.is_over());
                let own: Vec<Value> = own.map(|subscription| self.subscription_json(subscription)).collect();
                Some(super::list::page(&format!("/v1/customers/{id}/subscriptions"), &own, false))
            }
            ("coupon", "applies_to") => {
                self.coupons.find(id).map(|coupon| serde_json::json!({ "products": coupon.products }))
            }
            _ => None,
        }
    }
}
