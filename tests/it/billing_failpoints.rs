//! The real program dies at every place where billing lets itself die for a test: nothing is lost or done twice by whoever comes after it.
//! The places are read from the code, so that there is none without a story.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::TimeDelta;
use serde_json::json;
use stripe_standin::{Faults, Mail, signature_header};
use tests::payments::{Payments, WEBHOOK_SECRET, standing, write_usage};
use tests::payments_books::priced;
use tests::{Http, Program, Shop, eventually};

const HELD: Mail = Mail { hold: true, twice: 0, shuffle: false };

/// Every source of billing.
fn sources() -> Vec<String> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../billing/src")];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                sources.push(std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    sources
}

/// Every place whose name begins so.
fn places(beginning: &str) -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    for source in sources() {
        let passed = source.split("failpoint::pass(\"").skip(1);
        places.extend(passed.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()));
    }
    places.retain(|place| place.starts_with(beginning));
    places
}

#[test]
fn whatever_place_the_code_names_is_told_of_here() {
    let named: usize = sources().iter().map(|source| source.matches("failpoint::pass(").count()).sum();
    let (all, senders, webhooks, changes) = (places(""), places("meter-"), places("event-"), places("change-"));
    assert_eq!(all.len(), named, "each place has a name of its own, written where it is passed: {all:?}");
    assert!(!senders.is_empty() && !webhooks.is_empty() && !changes.is_empty(), "{all:?}");
    let told = &(&senders | &webhooks) | &changes;
    let untold: Vec<_> = all.difference(&told).collect();
    assert!(untold.is_empty(), "no story dies at {untold:?}");
}

#[tokio::test]
async fn a_sender_that_dies_anywhere_loses_and_doubles_nothing() {
    let payments = Payments::start(2, 12, HELD).await;
    let (shop, customer) = payments.customer("Tea", "pro", 2).await;
    payments.paid_since(2).await;
    let schema = shop.schema().await;
    // The work is now another process's; the second server here does none by itself.
    payments.app.stop(0).await;
    // Each of them at its first passage, and two in the middle of a handful of batches.
    let later = ["meter-sent:3", "meter-noted:2"].map(ToOwned::to_owned);
    for (number, place) in places("meter-").into_iter().chain(later).enumerate() {
        let ago = i64::try_from(number).unwrap() * 3 + 2;
        for back in 0..3 {
            let at = payments.hour(ago + back) + TimeDelta::minutes(1);
            write_usage(&payments.app, &schema, "messages", &[(5 + back, at)]).await;
        }
        payments.app.sql("update shared.subscription set rolled_to = null, roll_until = null").await;
        payments.app.sql("update shared.meter_batch set claim_until = null, try_at = created_at").await;
        let armed = [("FRONTDESK_FAILPOINT", place.as_str())];
        let works = "timeout 40 frontdesk work || echo ended $?";
        let (_, said) = Program::script(payments.app.settings(), &armed, works).await;
        // Killed by its own abort, not by our patience.
        assert!(said.contains("ended 134"), "{place}: {said}");
    }
    payments.drain().await;
    let sum = format!("select sum(quantity)::bigint from {schema}.usage_event where meter = 'messages'");
    assert_eq!(payments.counted(&customer, "messages"), payments.app.count(&sum).await);
}

/// Somebody buys more than their card pays for; what the provider tells of it, to the byte.
pub(crate) fn fails_to_pay(payments: &Payments, customer: &str) -> String {
    payments.stripe.give_card(customer, false).unwrap();
    let list = payments.stripe.act("GET", "/v1/subscriptions", &format!("customer={customer}&status=all")).unwrap();
    let subscription = &list["data"][0];
    let mut items = subscription["items"]["data"].as_array().unwrap().iter();
    let seats = items.find(|item| item["quantity"].is_number()).unwrap()["id"].as_str().unwrap();
    let more = format!("items[0][id]={seats}&items[0][quantity]=5&proration_behavior=always_invoice");
    payments.stripe.act("POST", &format!("/v1/subscriptions/{}", subscription["id"].as_str().unwrap()), &more).unwrap();
    let mut told = payments.stripe.events().into_iter().rev();
    told.find(|event| event.kind == "invoice.payment_failed" && event.body.contains(customer)).unwrap().body
}

/// Hands a webhook over to the program; the status of the answer, if there is one.
async fn tell(payments: &Payments, program: &Program, body: &str) -> Option<u16> {
    let http = Http::new(&program.base(), payments.app.guard(None));
    let signature = signature_header(body, &[WEBHOOK_SECRET], payments.app.clock().now().timestamp());
    let headers = [("stripe-signature", signature.as_str())];
    http.try_raw("POST", "/hooks/stripe", body.as_bytes().to_vec(), &headers).await.ok().map(|reply| reply.status)
}

/// What has come of the event: how it stands, how many invoices are kept, and how many letters were written about it.
async fn came_of(
    payments: &Payments,
    program: &Program,
    shop: &Shop,
    customer: &str,
) -> (serde_json::Value, i64, usize) {
    let http = Http::new(&program.base(), shop.guard()).with(&shop.owner.http.token());
    let kept = "select count(*) from shared.invoice i join shared.subscription s on s.account_id = i.account_id";
    let invoices = payments.app.count(&format!("{kept} where s.customer = '{customer}'")).await;
    let letters = payments.app.mail().all().into_iter();
    let letters = letters.filter(|mail| mail.to == shop.owner.email && mail.subject.contains("has failed")).count();
    (standing(&http).await, invoices, letters)
}

#[tokio::test]
async fn a_server_that_dies_anywhere_over_a_webhook_leaves_it_to_be_done_once() {
    let payments = Payments::start(2, 19, HELD).await;
    let app = &payments.app;
    // The first of them lives in peace, and shows how it should be.
    let mut lives = Vec::new();
    for place in [String::new()].into_iter().chain(places("event-")) {
        let (shop, customer) = payments.customer(&format!("Tea {}", lives.len()), "pro", 2).await;
        lives.push((place, shop, customer));
    }
    let waiting = "select count(*) from shared.stripe_event where state = 'pending'";
    eventually("what was told so far is done", async || (app.count(waiting).await == 0).then_some(())).await;
    app.stop(0).await;
    // Nobody is looked at unasked.
    app.sql("update shared.subscription set seen_at = '2999-01-01'").await;

    let letters = "select count(*) from shared.job where kind = 'send_mail'";
    let mut in_peace = None;
    for (place, shop, customer) in &lives {
        let body = fails_to_pay(&payments, customer);
        let mut program = Program::start_to_die_at(app.settings(), place).await;
        let answer = tell(&payments, &program, &body).await;
        if place.is_empty() {
            assert_eq!(answer, Some(200));
        } else {
            assert!(program.aborted().await, "{place}: {answer:?}");
            // The lease of who has died runs out within a minute.
            app.sql("update shared.subscription set look_until = null").await;
            program = Program::start(app.settings()).await;
        }
        // Whatever the provider has heard, it tells the same again.
        assert_eq!(tell(&payments, &program, &body).await, Some(200), "{place}");
        app.mail().letter(&shop.owner.email, "has failed").await;
        eventually("no letter is on its way", async || (app.count(letters).await == 0).then_some(())).await;
        eventually("the event is done", async || (app.count(waiting).await == 0).then_some(())).await;
        let done = "select count(*) from shared.stripe_event where kind = 'invoice.payment_failed' and state = 'done'";
        let done = format!("{done} and customer = '{customer}'");
        assert_eq!(app.count(&done).await, 1, "{place}: it is kept once");
        let came = came_of(&payments, &program, shop, customer).await;
        assert_eq!((&came.0["state"], came.2), (&"grace".into(), 1), "{place}: {}", came.0);
        assert_eq!(tell(&payments, &program, &body).await, Some(200), "{place}");
        let nothing_more = came_of(&payments, &program, shop, customer).await;
        assert_eq!(nothing_more, came, "{place}: who is told again changes nothing");
        let should = in_peace.get_or_insert_with(|| came.clone());
        assert_eq!(came, *should, "{place}: it stands as if nobody had died");
    }
}

/// What was used is on no invoice when it is told for before a change after it: here that is all there is, for none of it is told before.
#[tokio::test]
async fn a_server_that_dies_anywhere_over_a_change_of_prices_leaves_no_unit_unbilled() {
    let payments = Payments::start(2, 25, HELD).await;
    let app = &payments.app;
    let mut lives = Vec::new();
    for place in places("change-") {
        let (shop, customer) = payments.customer(&format!("Tea {}", lives.len()), "pro", 2).await;
        let schema = shop.schema().await;
        lives.push((place, shop, schema, customer));
    }
    payments.paid_since(2).await;
    app.stop(0).await;
    let no_events = || Faults { dropped: 1_000, only: "/v1/billing/meter_event".into(), ..Faults::default() };
    let billing = &app.node(1).billing;
    for (place, shop, schema, customer) in &lives {
        let of_it = format!("from shared.subscription where customer = '{customer}'");
        payments.stripe.set_faults(no_events());
        let used = (20_700_000, payments.hour(3) + TimeDelta::minutes(1));
        write_usage(app, schema, "messages", &[used]).await;
        app.sql("update shared.subscription set rolled_to = null, roll_until = null").await;
        billing.roll_up().await.unwrap();
        let mut program = Program::start_to_die_at(app.settings(), place).await;
        let http = Http::new(&program.base(), shop.guard()).with(&shop.owner.http.token());
        let larger = json!({ "plan": "scale" }).to_string().into_bytes();
        let json_body = [("content-type", "application/json")];
        let answer = http.try_raw("PUT", "/v1/billing/plan", larger, &json_body).await.map(|reply| reply.status);
        assert!(program.aborted().await, "{place}: {answer:?}");

        // Before anybody has looked, nothing sets out: nobody here can know whether prices were changed.
        let held = app.count(&format!("select count(*) {of_it} and usage_held_at is not null")).await == 1;
        assert_eq!(held, place != "change-seen", "{place}");
        payments.stripe.set_faults(Faults::default());
        if held {
            // However long ago it was.
            app.sql("update shared.subscription set usage_held_at = usage_held_at - interval '2 hours'").await;
            app.sql("update shared.meter_batch set claim_until = null, try_at = created_at").await;
            billing.send_due().await.unwrap();
            assert_eq!(payments.counted(customer, "messages"), 0, "{place}");
        }
        payments.stripe.set_faults(no_events());
        // The lease of who has died runs out within a minute; another one looks by itself.
        app.sql("update shared.subscription set look_until = null").await;
        let program = Program::start(app.settings()).await;
        let free = format!("select count(*) {of_it} and usage_held_at is null and look_wanted_at is null");
        eventually("somebody has looked", async || (app.count(&free).await == 1).then_some(())).await;
        let http = Http::new(&program.base(), shop.guard()).with(&shop.owner.http.token());
        let plan = http.get("/v1/billing").await.ok()["plan"].clone();
        assert_eq!(plan, if place == "change-held" { "pro" } else { "scale" }, "{place}");
        http.put("/v1/billing/plan", json!({ "plan": "scale" })).await.ok();
    }
    payments.stripe.set_faults(Faults::default());
    payments.drain().await;
    payments.comes(payments.period_end().await + TimeDelta::hours(3));
    for (place, _, schema, customer) in &lives {
        assert_eq!(payments.invoiced(customer, "messages"), 20_700_000, "{place}");
        let (charged, wrong) = priced(&payments, schema, customer).await;
        assert_eq!((charged, wrong), (14_000, 0), "{place}");
    }
}
