//! The operator's page: what the command says, on the address that only operators reach, and in their language.

use std::net::SocketAddr;

use infra::config::Settings;
use infra::mail::escape;
use serde_json::Value;
use stripe_standin::{Down, Faults, Mail};
use tests::payments::{Payments, uses};
use tests::{Http, Program, eventually, free_port};

use crate::billing_failpoints::fails_to_pay;

/// Amounts as people write them.
fn amounts(sums: &Value) -> Vec<String> {
    let minor = sums.as_object().unwrap().values().map(|minor| minor.as_i64().unwrap());
    minor.map(|minor| format!("{}.{:02}", minor / 100, minor % 100)).collect()
}

#[tokio::test]
async fn operators_read_on_an_inner_address_what_the_command_says_and_the_public_finds_nothing() {
    let payments = Payments::start(1, 31, Mail::default()).await;
    let app = &payments.app;
    let (shop, customer) = payments.customer("Tea <script>alert(1)</script>", "pro", 2).await;
    fails_to_pay(&payments, &customer);
    eventually("the payment is missing", async || {
        payments.stripe.deliver().await;
        app.node(0).billing.work_events().await.unwrap();
        (shop.owner.http.get("/v1/billing").await.ok()["state"] == "grace").then_some(())
    })
    .await;
    payments.stripe.set_faults(Faults { down: Some(Down::Refuse), ..Faults::default() });
    payments.paid_since(2).await;
    uses(&shop, "messages", 40, payments.hour(3)).await;
    app.sql("update shared.subscription set rolled_to = null, roll_until = null").await;
    eventually("forty are on their way", async || {
        app.node(0).billing.roll_up().await.ok()?;
        app.node(0).billing.send_due().await.ok()?;
        let out = "select count(*) from shared.meter_batch where quantity = 40 and state = 'sent'";
        (app.count(out).await == 1).then_some(())
    })
    .await;
    app.sql(
        "insert into shared.meter_difference (id, account_id, meter, hour, ours, theirs, found_at) \
         select gen_random_uuid(), account_id, 'messages', date_trunc('hour', now()), 7129, 5013, now() from shared.subscription",
    )
    .await;

    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let settings = Settings { metrics_listen: Some(address), ..app.settings().clone() };
    let program = Program::start(&settings).await;
    let said: Value =
        serde_json::from_str(&Program::run(app.settings(), &["billing", "report", "--json"]).await).unwrap();
    let inner = Http::new(&format!("http://{address}"), shop.guard());
    let page = async |language: &str| {
        let reply = inner.send("GET", "/operator", None, &[("accept-language", language)]).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/html; charset=utf-8")));
        assert!(reply.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
        reply.text
    };
    let (english, chinese) = (page("en-GB,en;q=0.9,zh;q=0.1").await, page("zh-CN,zh;q=0.9,en;q=0.8").await);
    assert!(english.contains("<html lang=\"en\">") && english.contains("Payment failed, in grace"), "{english}");
    assert!(chinese.contains("<html lang=\"zh-CN\">") && chinese.contains("付款失败，宽限期内"), "{chinese}");

    let (unpaid, difference) = (&said["unpaid"][0], &said["differences"][0]);
    assert_eq!((unpaid["state"].as_str(), unpaid["name"].as_str()), (Some("grace"), Some(shop.name.as_str())));
    let mut told = vec![escape(&shop.name), escape(difference["company"].as_str().unwrap()), ">Pro<".into()];
    for sums in ["monthly_recurring_minor", "paid_30_days_minor", "open_minor"] {
        let sums = amounts(&said[sums]);
        assert!(!sums.is_empty(), "{said}");
        told.extend(sums);
    }
    for number in [&difference["ours"], &difference["theirs"], &said["units"]["sent"], &said["accounts"]["grace"]] {
        told.push(format!(">{}<", number.as_i64().unwrap()));
    }
    for shown in told {
        assert!(english.contains(&shown) && chinese.contains(&shown), "{shown} is not in {english}");
    }
    assert!(!english.contains("<script") && !chinese.contains("<script"), "{english}");

    assert_eq!(inner.post("/operator", Value::Null).await.status, 405, "it is to be read");
    for public in [program.base(), app.base(0)] {
        let public = Http::new(&public, shop.guard()).with(&shop.owner.http.token());
        assert_eq!(public.get("/operator").await.status, 404);
    }
}
