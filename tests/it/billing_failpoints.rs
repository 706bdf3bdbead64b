//! The real program dies at every place where billing lets itself die for a test: nothing is lost or done twice by whoever comes after it.
//! The places are read from the code, so that there is none without a story.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::TimeDelta;
use stripe_standin::{Mail, signature_header};
use tests::payments::{Payments, WEBHOOK_SECRET, standing, write_usage};
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
    let (all, senders, webhooks) = (places(""), places("meter-"), places("event-"));
    assert_eq!(all.len(), named, "each place has a name of its own, written where it is passed: {all:?}");
    assert!(!senders.is_empty() && !webhooks.is_empty(), "{all:?}");
    let told = &senders | &webhooks;
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
fn fails_to_pay(payments: &Payments, customer: &str) -> String {
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
