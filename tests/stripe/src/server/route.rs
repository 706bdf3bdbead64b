//! Which address leads to what.

use serde_json::{Value, json};

use crate::books::Books;
use crate::books::subscription::Subscription;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::wire::list::cut;

type Done = Result<Value, Refusal>;

/// Carries out one request. `reject` is why a usage event will not count.
pub(crate) fn dispatch(books: &mut Books, method: &str, path: &str, form: &Form, reject: Option<&str>) -> Done {
    let trimmed = path.trim_matches('/');
    let segments: Vec<&str> = trimmed.split('/').collect();
    let rest = segments.get(2..).unwrap_or_default();
    let found = match segments.get(..2).unwrap_or_default() {
        ["v1", "customers"] => customers(books, method, rest, form),
        ["v1", "payment_methods"] => methods(books, method, rest, form),
        ["v1", "products"] => products(books, method, rest, form),
        ["v1", "prices"] => prices(books, method, rest, form),
        ["v1", "coupons" | "promotion_codes"] => coupons(books, method, &segments, form),
        ["v1", "billing"] => metering(books, method, rest, form, reject),
        ["v1", "checkout"] => checkout(books, method, rest, form),
        ["v1", "billing_portal"] => portal(books, method, rest, form),
        ["v1", "subscriptions"] => subscriptions(books, method, rest, form),
        ["v1", "subscription_items"] => items(books, method, rest, form),
        ["v1", "invoices"] => invoices(books, method, rest, form),
        ["v1", "invoiceitems"] => invoice_items(books, method, rest, form),
        ["v1", "test_helpers"] => clocks(books, method, rest, form),
        ["v1", "webhook_endpoints"] => endpoints(books, method, rest, form),
        _ => events(books, method, &segments, form),
    };
    found.unwrap_or_else(|| Err(Refusal::no_route(method, path)))
}

/// One page of some rows, newest first.
fn list(url: &str, rows: Vec<Value>, form: &Form) -> Done {
    let span = form.part("created");
    let (from, after) = (span.int("gte")?, span.int("gt")?);
    let (to, before) = (span.int("lte")?, span.int("lt")?);
    let lies = |row: &Value| {
        let at = row.get("created").or_else(|| row.get("date")).and_then(Value::as_i64).unwrap_or(0);
        from.is_none_or(|from| at >= from)
            && after.is_none_or(|after| at > after)
            && to.is_none_or(|to| at <= to)
            && before.is_none_or(|before| at < before)
    };
    cut(url, &rows.into_iter().filter(lies).collect::<Vec<_>>(), form)
}

fn wants(form: &Form, field: &str, value: Option<&str>) -> bool {
    form.text(field).ok().flatten().is_none_or(|wanted| Some(wanted.as_str()) == value)
}

fn wants_flag(form: &Form, field: &str, value: bool) -> bool {
    form.flag(field).ok().flatten().is_none_or(|wanted| wanted == value)
}

fn customers(books: &mut Books, method: &str, rest: &[&str], form: &Form) -> Option<Done> {
    Some(match (method, rest) {
        ("POST", []) => books.create_customer(form),
        ("GET", []) => {
            let own = books.customers.iter().rev().filter(|customer| wants(form, "email", customer.email.as_deref()));
            list("/v1/customers", own.map(|customer| books.customer_json(customer)).collect(), form)
        }
        ("GET", ["search"]) => form.need("query").and_then(|query| {
            let (name, value) = by_metadata(&query)?;
            let found =
                books.customers.iter().rev().filter(|found| found.metadata.get(name).is_some_and(|own| own == value));
            let rows: Vec<Value> = found.map(|customer| books.customer_json(customer)).collect();
            let url = "/v1/customers/search";
            Ok(json!({ "object": "search_result", "data": rows, "has_more": false, "next_page": null, "url": url }))
        }),
        // A customer who was deleted is still remembered, as deleted.
        ("GET", [id]) if books.customers.find(id).is_none() && was_deleted(books, id) => {
            Ok(json!({ "id": id, "object": "customer", "deleted": true }))
        }
        ("GET", [id]) => books.customers.get(id, "id").map(|customer| books.customer_json(customer)),
        ("POST", [id]) => books.update_customer(id, form),
        ("DELETE", [id]) => books.delete_customer(id),
        ("GET", [id, "payment_methods"]) => {
            let own = books.methods.iter().rev().filter(|method| method.customer.as_deref() == Some(*id));
            list(
                &format!("/v1/customers/{id}/payment_methods"),
                own.map(|method| books.method_json(method)).collect(),
                form,
            )
        }
        _ => return None,
    })
}

/// Of all that can be searched for, `metadata['name']:'value'`.
fn by_metadata(query: &str) -> Result<(&str, &str), Refusal> {
    let inner = query.strip_prefix("metadata['").and_then(|rest| rest.strip_suffix('\''));
    let found = inner.and_then(|inner| inner.split_once("']:'"));
    found.ok_or_else(|| Refusal::invalid("query", "We were unable to parse your search query."))
}

fn was_deleted(books: &Books, id: &str) -> bool {
    let told =
        |event: &crate::books::event::Event| event.body.pointer("/data/object/id").and_then(Value::as_str) == Some(id);
    books.events.iter().rev().any(|event| event.kind == "customer.deleted" && told(event))
}

fn methods(books: &mut Books, method: &str, rest: &[&str], form: &Form) -> Option<Done> {
    Some(match (method, rest) {
        ("GET", []) => {
            let own = books.methods.iter().rev().filter(|method| wants(form, "customer", method.customer.as_deref()));
            list("/v1/payment_methods", own.map(|method| books.method_json(method)).collect(), form)
        }
        ("GET", [id]) => books.methods.get(id, "id").map(|method| books.method_json(method)),
        ("POST", [id, "attach"]) => form.need("customer").and_then(|customer| {
            let id = books.attach_method(id, &customer, "id")?;
            books.methods.get(&id, "id").map(|method| books.method_json(method))
        }),
        ("POST", [id, "detach"]) => books.detach_method(id),
        _ => return None,
    })
}

fn products(books: &mut Books, method: &str, rest: &[&str], form: &Form) -> Option<Done> {
    Some(match (method, rest) {
        ("POST", []) => books.create_product(form),
        ("GET", []) => form.texts("ids").and_then(|ids| {
            let shown = books.products.iter().rev().filter(|product| {
                wants_flag(form, "active", product.active) && (ids.is_empty() || ids.contains(&product.id))
            });
            list("/v1/products", shown.map(|product| books.product_json(product)).collect(), form)
        }),
        ("GET", [id]) => books.products.get(id, "id").map(|product| books.product_json(product)),
        ("POST", [id]) => books.update_product(id, form),
        _ => return None,
    })
}

fn prices(books: &mut Books, method: &str, rest: &[&str], form: &Form) -> Option<Done> {
    Some(match (method, rest) {
        ("POST", []) => books.create_price(form),
        ("GET", []) => form.texts("lookup_keys").and_then(|keys| {
            let shown = books.prices.iter().rev().filter(|price| {
                let key = price.lookup_key.as_ref();
                wants_flag(form, "active", price.active)
                    && wants(form, "product", Some(&price.product))
                    && wants(form, "currency", Some(&price.currency))
                    && (keys.is_empty() || key.is_some_and(|key| keys.contains(key)))
            });
            list("/v1/prices", shown.map(|price| books.price_json(price)).collect(), form)
        }),
        ("GET", [id]) => books.prices.get(id, "id").map(|price| books.price_json(price)),
        ("POST", [id]) => books.update_price(id, form),
        _ => return None,
    })
}

fn coupons(books: &mut Books, method: &str, segments: &[&str], form: &Form) -> Option<Done> {
    Some(match (method, segments) {
        ("POST", [_, "coupons"]) => books.create_coupon(form),
        ("GET", [_, "coupons"]) => {
            list("/v1/coupons", books.coupons.iter().rev().map(|coupon| books.coupon_json(coupon)).collect(), form)
        }
        ("GET", [_, "coupons", id]) => books.coupons.get(id, "id").map(|coupon| books.coupon_json(coupon)),
        ("DELETE", [_, "coupons", id]) => match books.coupons.remove(id) {
            Some(_) => Ok(json!({ "id": id, "object": "coupon", "deleted": true })),
            None => Err(Refusal::no_such("coupon", id, "id")),
        },
        ("POST", [_, "promotion_codes"]) => books.create_promotion(form),
        ("GET", [_, "promotion_codes"]) => {
            let shown = books.promotions.iter().rev().filter(|promotion| {
                wants_flag(form, "active", promotion.active)
                    && wants(form, "code", Some(&promotion.code))
                    && wants(form, "coupon", Some(&promotion.coupon))
            });
            list("/v1/promotion_codes", shown.map(|promotion| books.promotion_json(promotion)).collect(), form)
        }
        ("GET", [_, "promotion_codes", id]) => books.promotions.get(id, "id").map(|found| books.promotion_json(found)),
        ("POST", [_, "promotion_codes", id]) => books.update_promotion(id, form),
        _ => return None,
    })
}

fn metering(books: &mut Books, method: &str, rest: &[&str], form: &Form, reject: Option<&str>) -> Option<Done> {
    Some(match (method, rest) {
        ("POST", ["meters"]) => books.create_meter(form),
        ("GET", ["meters"]) => {
            let active = |active: bool| if active { "active" } else { "inactive" };
            let shown = books.meters.iter().rev();
            let shown = shown.filter(|meter| wants(form, "status", Some(active(meter.deactivated.is_none()))));
            list("/v1/billing/meters", shown.map(|meter| books.meter_json(meter)).collect(), form)
        }
        ("GET", ["meters", id]) => books.meters.get(id, "id").map(|meter| books.meter_json(meter)),
        ("POST", ["meters", id]) => books.update_meter(id, form),
        ("POST", ["meters", id, "deactivate"]) => books.deactivate_meter(id),
        ("POST", ["meters", id, "reactivate"]) => books.reactivate_meter(id),
        ("GET", ["meters", id, "event_summaries"]) => books
            .meter_summaries(id, form)
            .and_then(|rows| cut(&format!("/v1/billing/meters/{id}/event_summaries"), &rows, form)),
        ("POST", ["meter_events"]) => books.create_meter_event(form, reject),
        ("POST", ["meter_event_adjustments"]) => books.adjust_meter_event(form),
        _ => return None,
    })
}

fn checkout(books: &mut Books, method: &str, rest: &[&str], form: &Form) -> Option<Done> {
    Some(match (method, rest) {
        ("POST", ["sessions"]) => books.create_session(form),
        ("GET", ["sessions"]) => {
            let shown = books.sessions.iter().rev().filter(|session| {
                wants(form, "customer", session.customer.as_deref())
                    && wants(form, "subscription", session.subscription.as_deref())
                    && wants(form, "status", Some(&session.status))
            });
            list("/v1/checkout/sessions", shown.map(|session| books.session_json(session)).collect(), form)
        }
        ("GET", ["sessions", id]) => books.sessions.get(id, "id").map(|session| books.session_json(session)),
        ("POST", ["sessions", id, "expire"]) => books.expire_session(id),
        ("GET", ["sessions", id, "line_items"]) => books.sessions.get(id, "id").and_then(|session| {
            cut(&format!("/v1/checkout/sessions/{id}/line_items"), &books.session_items_json(session), form)
        }),
        _ => return None,
    })
}

fn portal(books: &mut Books, method: &str, rest: &[&str], form: &Form) -> Option<Done> {
    Some(match (method, rest) {
        ("POST", ["sessions"]) => books.create_portal(form),
        ("POST", ["configurations"]) => books.create_configuration(form),
        ("GET", ["configurations"]) => {
            let all = books.configurations.iter().rev().map(|found| books.configuration_json(found)).collect();
            list("/v1/billing_portal/configurations", all, form)
        }
        ("GET", ["configurations", id]) => {
            books.configurations.get(id, "id").map(|found| books.configuration_json(found))
        }
        _ => return None,
    })
}

fn subscriptions(books: &mut Books, method: &str, rest: &[&str], form: &Form) -> Option<Done> {
    Some(match (method, rest) {
        ("POST", []) => books.create_subscription(form),
        ("GET", []) => form.text("status").and_then(|status| {
            let shown = books.subscriptions.iter().rev().filter(|subscription| {
                Books::shows(subscription, status.as_deref()) && wants(form, "customer", Some(&subscription.customer))
            });
            list("/v1/subscriptions", shown.map(|found| books.subscription_json(found)).collect(), form)
        }),
        ("GET", [id]) => books.subscriptions.get(id, "id").map(|found| books.subscription_json(found)),
        ("POST", [id]) => books.update_subscription(id, form),
        ("POST", [id, "migrate"]) => books.migrate_subscription(id, form),
        ("DELETE", [id]) => books.cancel_subscription(id, form),
        _ => return None,
    })
}

/// Items of a subscription are changed through it.
fn items(books: &mut Books, method: &str, rest: &[&str], form: &Form) -> Option<Done> {
    let owner = |books: &Books, id: &str| -> Result<Subscription, Refusal> {
        let found = books.subscriptions.iter().find(|sub| sub.items.iter().any(|item| item.id == id));
        found.cloned().ok_or_else(|| Refusal::no_such("subscription item", id, "id"))
    };
    Some(match (method, rest) {
        ("GET", []) => form.need("subscription").and_then(|id| {
            let subscription = books.subscriptions.get(&id, "subscription")?;
            let rows = subscription.items.iter().map(|item| books.subscription_item_json(subscription, item));
            list("/v1/subscription_items", rows.collect(), form)
        }),
        ("GET", [id]) => owner(books, id).and_then(|subscription| {
            let item = subscription.items.iter().find(|item| item.id == *id);
            item.map(|item| books.subscription_item_json(&subscription, item))
                .ok_or_else(|| Refusal::no_such("subscription item", id, "id"))
        }),
        _ => return None,
    })
}

fn invoices(books: &mut Books, method: &str, rest: &[&str], form: &Form) -> Option<Done> {
    Some(match (method, rest) {
        ("GET", []) => {
            let shown = books.invoices.iter().rev().filter(|invoice| {
                wants(form, "customer", Some(&invoice.customer))
                    && wants(form, "subscription", invoice.subscription.as_deref())
                    && wants(form, "status", Some(invoice.state.as_str()))
            });
            list("/v1/invoices", shown.map(|invoice| books.invoice_json(invoice)).collect(), form)
        }
        ("POST", ["create_preview"]) => books.preview_invoice(form),
        ("GET", [id]) => books.invoices.get(id, "id").map(|invoice| books.invoice_json(invoice)),
        ("POST", [id]) => books.update_invoice(id, form),
        ("DELETE", [id]) => books.delete_invoice(id),
        ("GET", [id, "lines"]) => books
            .invoices
            .get(id, "id")
            .and_then(|invoice| cut(&format!("/v1/invoices/{id}/lines"), &books.lines_json(invoice), form)),
        ("POST", [id, "finalize"]) => books.finalize_invoice(id),
        ("POST", [id, "pay"]) => books.pay_invoice(id, form),
        ("POST", [id, "void"]) => books.void_invoice(id),
        ("POST", [id, "mark_uncollectible"]) => books.give_up_invoice(id),
        _ => return None,
    })
}

fn invoice_items(books: &mut Books, method: &str, rest: &[&str], form: &Form) -> Option<Done> {
    Some(match (method, rest) {
        ("POST", []) => books.create_item(form),
        ("GET", []) => {
            let shown = books.items.iter().rev().filter(|item| {
                wants(form, "customer", Some(&item.customer))
                    && wants(form, "invoice", item.invoice.as_deref())
                    && wants_flag(form, "pending", item.invoice.is_none())
            });
            list("/v1/invoiceitems", shown.map(|item| books.item_json(item)).collect(), form)
        }
        ("GET", [id]) => books.items.get(id, "id").map(|item| books.item_json(item)),
        ("DELETE", [id]) => books.delete_item(id),
        _ => return None,
    })
}

fn clocks(books: &mut Books, method: &str, rest: &[&str], form: &Form) -> Option<Done> {
    Some(match (method, rest) {
        ("POST", ["test_clocks"]) => books.create_clock(form),
        ("GET", ["test_clocks"]) => {
            let all = books.clocks.iter().rev().map(|clock| books.clock_json(clock)).collect();
            list("/v1/test_helpers/test_clocks", all, form)
        }
        ("GET", ["test_clocks", id]) => books.clocks.get(id, "id").map(|clock| books.clock_json(clock)),
        ("POST", ["test_clocks", id, "advance"]) => books.advance_clock(id, form),
        ("DELETE", ["test_clocks", id]) => books.delete_clock(id),
        _ => return None,
    })
}

fn endpoints(books: &mut Books, method: &str, rest: &[&str], form: &Form) -> Option<Done> {
    Some(match (method, rest) {
        ("POST", []) => books.create_endpoint(form),
        ("GET", []) => {
            let all = books.endpoints.iter().rev().map(|endpoint| books.endpoint_json(endpoint)).collect();
            list("/v1/webhook_endpoints", all, form)
        }
        ("GET", [id]) => books.endpoints.get(id, "id").map(|endpoint| books.endpoint_json(endpoint)),
        ("POST", [id]) => books.update_endpoint(id, form),
        ("DELETE", [id]) => match books.endpoints.remove(id) {
            Some(_) => Ok(json!({ "id": id, "object": "webhook_endpoint", "deleted": true })),
            None => Err(Refusal::no_such("webhook endpoint", id, "id")),
        },
        _ => return None,
    })
}

fn events(books: &Books, method: &str, segments: &[&str], form: &Form) -> Option<Done> {
    Some(match (method, segments) {
        ("GET", ["v1", "events"]) => form.texts("types").and_then(|kinds| {
            let shown = books.events.iter().rev().filter(|event| {
                event.full.is_none()
                    && wants(form, "type", Some(&event.kind))
                    && (kinds.is_empty() || kinds.contains(&event.kind))
            });
            list("/v1/events", shown.map(|event| event.body.clone()).collect(), form)
        }),
        ("GET", ["v1", "events", id]) => books.events.get(id, "id").map(|event| event.body.clone()),
        ("GET", ["v2", "core", "events", id]) => books
            .events
            .get(id, "id")
            .and_then(|event| event.full.clone().ok_or_else(|| Refusal::no_such("event", id, "id"))),
        ("GET", ["v1", "account"]) => Ok(Books::account_json()),
        _ => return None,
    })
}
