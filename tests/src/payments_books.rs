//! Invoices held against the rows of usage, by the price list that is written out here.

use std::collections::BTreeMap;

use crate::payments::{Payments, product};
use crate::price_list::cost;

/// What is charged for.
pub const METERS: [&str; 3] = ["conversations", "messages", "ai_resolutions"];

/// What the metered lines of a customer's invoices come to, and how far that is from what they should: each price in each stretch of time
/// by itself, from the rows of usage.
pub async fn priced(payments: &Payments, schema: &str, customer: &str) -> (u64, u64) {
    let (mut charged, mut wrong) = (0, 0);
    for invoice in payments.invoices(customer) {
        let currency = invoice["currency"].as_str().unwrap();
        let mut sums: BTreeMap<(String, String, i64, i64), i64> = BTreeMap::new();
        for line in payments.lines(&invoice).iter().filter(|line| METERS.iter().any(|m| product(line).ends_with(m))) {
            let price = line["pricing"]["price_details"]["price"].as_str().unwrap().to_owned();
            let (from, to) = (line["period"]["start"].as_i64().unwrap(), line["period"]["end"].as_i64().unwrap());
            *sums.entry((product(line).to_owned(), price, from, to)).or_default() += line["amount"].as_i64().unwrap();
        }
        for ((product, price, from, to), amount) in sums {
            let part = product.strip_prefix("frontdesk_").unwrap();
            let (plan, meter) = part.split_once('_').unwrap();
            let price = payments.stripe.act("GET", &format!("/v1/prices/{price}"), "").unwrap();
            let months = if price["recurring"]["interval"] == "year" { 12 } else { 1 };
            let quantity = chargeable(payments, (schema, customer), meter, (from, to)).await;
            let should = cost(plan, meter, currency, months, quantity);
            if amount != should {
                eprintln!("{product} of {customer}: {quantity} come to {should}, and {amount} is charged");
            }
            charged += amount.unsigned_abs();
            wrong += amount.abs_diff(should);
        }
    }
    (charged, wrong)
}

/// What a stretch of time has to charge, from the rows of usage: those whose hour ends in it, without what was told for later than its own
/// hour because its invoice was final, and with what was told for it so.
async fn chargeable(payments: &Payments, (schema, customer): (&str, &str), meter: &str, (from, to): (i64, i64)) -> i64 {
    let within = |at: &str| {
        format!(
            "date_trunc('second', {at}) >= to_timestamp({from}) and date_trunc('second', {at}) < to_timestamp({to})"
        )
    };
    let used = within("date_trunc('hour', occurred_at) + interval '59 minutes 59 seconds'");
    let (told, lies) = (within("b.counted_at"), within("b.hour + interval '59 minutes 59 seconds'"));
    let sum = format!(
        "select (coalesce((select sum(quantity) from {schema}.usage_event where meter = '{meter}' \
             and occurred_at >= (select metered_from from shared.subscription where customer = '{customer}') and {used}), 0) \
           + coalesce((select sum(case when {told} and b.state <> 'stopped' then b.quantity else 0 end - case when {lies} then b.quantity else 0 end) \
             from shared.meter_batch b join shared.subscription s on s.account_id = b.account_id \
             where s.customer = '{customer}' and b.meter = '{meter}'), 0))::bigint"
    );
    payments.app.count(&sum).await
}

/// By how much our copies of invoices differ from what their lines come to.
pub async fn unexplained(payments: &Payments) -> u64 {
    let sum = "select coalesce(sum(abs(i.subtotal_minor - (select coalesce(sum((line ->> 'amount_minor')::bigint), 0) \
         from jsonb_array_elements(i.lines) line))), 0)::bigint from shared.invoice i where i.status <> 'draft'";
    payments.app.count(sum).await.unsigned_abs()
}
