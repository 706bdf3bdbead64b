//! A company where nothing happens is left alone by the sweeps, and is looked at again as soon as something is written or due.

use chrono::TimeDelta;
use serde_json::json;
use tests::{TestApp, eventually};

#[tokio::test]
async fn what_was_snoozed_in_a_silent_company_wakes_in_time_and_what_strays_later_is_put_right() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("See you in an hour").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    let until = app.clock().now() + TimeDelta::hours(1);
    bo.http
        .put(&format!("/v1/conversations/{chat}/status"), json!({ "status": "snoozed", "snoozed_until": until }))
        .await
        .ok();
    let routing = &app.node(0).routing;
    // Silent for long enough to be left alone.
    for _ in 0..4 {
        app.clock().advance(TimeDelta::seconds(30));
        routing::relay::sweep_all(routing).await.unwrap();
    }
    let open = "select count(*) from {}.conversation where status = 'open'";
    assert_eq!(shop.count(open).await, 0);
    app.clock().advance(TimeDelta::hours(1));
    routing::relay::sweep_all(routing).await.unwrap();
    assert_eq!(shop.count(open).await, 1, "its time has come, though nobody wrote anything");

    // Silent again; then a program that died half-way left a line that is not true.
    for _ in 0..4 {
        app.clock().advance(TimeDelta::seconds(30));
        routing::relay::sweep_all(routing).await.unwrap();
    }
    let schema = shop.schema().await;
    app.sql(&format!("update {schema}.conversation set assignee_id = null; delete from {schema}.queue_entry")).await;
    eventually("it stands in line or is given to somebody", async || {
        routing::relay::sweep_all(routing).await.unwrap();
        let placed = "select count(*) from {}.conversation c where c.assignee_id is not null \
                      or exists (select from {}.queue_entry q where q.conversation_id = c.id)";
        (shop.count(placed).await == 1).then_some(())
    })
    .await;
}
