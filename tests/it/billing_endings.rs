//! Subscriptions that Stripe ends in the middle of a period: nothing is charged afterwards, and nothing of before vanishes unsaid.

use chrono::TimeDelta;
use stripe_standin::Mail;
use tests::eventually;
use tests::payments::{Payments, sign_in, uses};

#[tokio::test]
async fn who_is_ended_for_not_paying_is_charged_nothing_more_and_what_is_lost_is_said() {
    let payments = Payments::start(1, 17, Mail::default()).await;
    let (app, billing) = (&payments.app, &payments.app.node(0).billing);
    let (shop, customer) = payments.customer("Tea", "pro", 2).await;
    payments.stripe.give_card(&customer, false).unwrap();
    // The renewal is not paid: it is tried for sixteen days, beginning an hour after the period.
    let renewed = payments.period_end().await;
    let ended = renewed + TimeDelta::hours(1) + TimeDelta::days(16);
    payments.comes(ended - TimeDelta::hours(6));
    eventually("the payment is missing", async || {
        payments.stripe.deliver().await;
        billing.work_events().await.unwrap();
        (app.count("select count(*) from shared.subscription where status = 'past_due'").await == 1).then_some(())
    })
    .await;
    uses(&shop, "messages", 70, payments.hour(2)).await;
    app.sql("update shared.subscription set rolled_to = null").await;
    eventually("what was used is told", async || {
        payments.tell_usage().await;
        (payments.counted(&customer, "messages") == 70).then_some(())
    })
    .await;

    payments.comes(ended + TimeDelta::hours(5));
    eventually("Stripe has given up", async || {
        payments.stripe.deliver().await;
        billing.work_events().await.unwrap();
        sign_in(&shop).await;
        let view = shop.owner.http.get("/v1/billing").await.ok();
        (view["state"] == "ended" && view["plan"] == "free").then_some(())
    })
    .await;
    // Late news of an hour before the end, and what a company without a subscription uses.
    uses(&shop, "messages", 8, ended - TimeDelta::hours(2)).await;
    uses(&shop, "messages", 500, ended + TimeDelta::hours(2)).await;
    app.sql("update shared.subscription set rolled_to = null, roll_until = null").await;
    eventually("no invoice can take the late news", async || {
        payments.tell_usage().await;
        let stopped = "select count(*) from shared.meter_batch where state = 'stopped' and quantity = 8";
        (app.count(stopped).await == 1).then_some(())
    })
    .await;
    assert_eq!(app.count("select sum(quantity)::bigint from shared.meter_batch").await, 78, "nothing of after the end");
    assert_eq!(payments.counted(&customer, "messages"), 70);
    assert_eq!(payments.invoiced(&customer, "messages"), 0);
    let report = billing.report().await.unwrap();
    let unbilled: Vec<_> = report.unbilled.iter().map(|left| (left.meter.as_str(), left.quantity)).collect();
    assert_eq!((unbilled, report.batches.get("stopped")), (vec![("messages", 70)], Some(&1)));
}
