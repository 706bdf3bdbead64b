//! Messages that arrive together are written together; one company's trouble stays its own.

use futures::future::join_all;
use infra::database::Columns;
use serde_json::{Value, json};
use tenant::lane::{Lane, LanePart};
use tests::{Shop, TestApp, Visitor, eventually, fresh};

/// One lane, so that every company shares it.
async fn narrow() -> TestApp {
    TestApp::start_with(1, |settings| settings.database_lanes = 1).await
}

/// Visitors whose conversations are open.
async fn visitors(shop: &Shop, many: usize) -> Vec<Visitor> {
    // Who comes, and the first messages, which make conversations, have transactions of their own: no more at once than a company has
    // places, or one that waits for long may be told to come again.
    let mut visitors = Vec::new();
    while visitors.len() < many {
        let some = (many - visitors.len()).min(4);
        let some = join_all(["Ana", "Ben", "Cleo", "Dan"].into_iter().take(some).map(|name| shop.visitor(name))).await;
        join_all(some.iter().map(|visitor| visitor.writes("Hello"))).await;
        visitors.extend(some);
    }
    visitors
}

async fn all_say(shop: &Shop, visitors: &[Visitor], text: &str) -> Vec<Value> {
    let frame = || json!({ "client_message_id": fresh(), "text": shop.says(text) });
    join_all(visitors.iter().map(|visitor| visitor.socket.send(frame()))).await
}

#[tokio::test]
async fn messages_that_arrive_together_are_written_together_and_each_counts_once() {
    let app = narrow().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let people = visitors(&shop, 16).await;

    for round in 2..=5 {
        let answers = all_say(&shop, &people, &format!("round {round}")).await;
        for answer in &answers {
            assert_eq!((&answer["type"], &answer["message"]["seq"]), (&json!("ack"), &json!(round)), "{answer}");
        }
    }

    for visitor in &people {
        let chat = visitor.chat();
        bo.sees(&chat, "round 5").await;
        let incoming: Vec<String> =
            shop.plain(bo.thread(&chat).await.iter().filter(|message| message["message_type"] == "incoming"));
        assert_eq!(incoming, ["Hello", "round 2", "round 3", "round 4", "round 5"]);
    }
    let messages = shop.count("select count(*) from {}.message where message_type = 'incoming'").await;
    let counted = "select sum(quantity)::bigint from {}.usage_event where meter = 'messages'";
    assert_eq!((messages, shop.count(counted).await), (16 * 5, 16 * 5));
    let together = shop.count("select max(quantity) from {}.usage_event where meter = 'messages'").await;
    assert!(together > 1, "no two messages were ever written together");
    eventually("every fact is published and its row removed", async || {
        (shop.count("select count(*) from {}.outbox").await == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn where_a_transaction_may_carry_one_message_of_a_company_each_is_written_and_counted_apart() {
    let app = TestApp::start_with(1, |settings| {
        settings.database_lanes = 1;
        settings.database_batch = 1;
    })
    .await;
    let shop = app.shop("Tea").await;
    let people = visitors(&shop, 8).await;

    for round in 2..=4 {
        let answers = all_say(&shop, &people, &format!("round {round}")).await;
        assert!(
            answers.iter().all(|answer| answer["type"] == "ack" && answer["message"]["seq"] == round),
            "{answers:?}"
        );
    }
    let together = shop.count("select max(quantity) from {}.usage_event where meter = 'messages'").await;
    let counted = shop.count("select sum(quantity)::bigint from {}.usage_event where meter = 'messages'").await;
    assert_eq!((together, counted), (1, 8 * 4));
}

#[tokio::test]
async fn a_note_among_the_messages_of_a_batch_never_reaches_its_visitor() {
    let app = narrow().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let people = visitors(&shop, 6).await;
    for visitor in &people {
        bo.is_given(&visitor.chat()).await;
    }
    let chats: Vec<String> = people.iter().map(Visitor::chat).collect();

    let notes = chats.iter().map(|chat| bo.notes(chat, "between us"));
    let replies = chats.iter().map(|chat| bo.replies(chat, "for you"));
    tokio::join!(join_all(notes), join_all(replies), all_say(&shop, &people, "and me"));

    for (visitor, chat) in people.iter().zip(&chats) {
        visitor.sees("for you").await;
        let (all, seen) = (bo.thread(chat).await, visitor.thread().await);
        let places: Vec<i64> = all.iter().map(|message| message["seq"].as_i64().unwrap()).collect();
        assert_eq!(places, (1..=i64::try_from(all.len()).unwrap()).collect::<Vec<_>>());
        let public: Vec<i64> = all.iter().filter_map(|message| message["public_seq"].as_i64()).collect();
        assert_eq!(public, (1..=3).collect::<Vec<_>>());
        assert!(!shop.plain(&seen).contains(&"between us".to_owned()));
        assert_eq!(shop.plain(&seen).len(), 3);
        assert!(!visitor.screen().contains(&"between us".to_owned()));
    }
}

#[tokio::test]
async fn a_company_whose_writing_fails_fails_alone() {
    let app = narrow().await;
    let (tea, coffee) = (app.shop("Tea").await, app.shop("Coffee").await);
    let (drinkers, others) = (visitors(&tea, 8).await, visitors(&coffee, 8).await);
    let schema = tea.schema().await;
    app.sql(&format!("alter table {schema}.usage_event add constraint broken check (quantity < 0) not valid")).await;

    let mut refused = 0;
    for round in 0..4 {
        let text = format!("round {round}");
        let (bad, good) = tokio::join!(all_say(&tea, &drinkers, &text), all_say(&coffee, &others, &text));
        refused += bad.iter().filter(|answer| answer["type"] == "error").count();
        assert!(good.iter().all(|answer| answer["type"] == "ack"), "{good:?}");
    }
    assert_eq!(refused, 8 * 4, "what was not counted was not acknowledged");
    assert_eq!(tea.count("select count(*) from {}.message where message_type = 'incoming'").await, 8);
    assert_eq!(coffee.count("select count(*) from {}.message where message_type = 'incoming'").await, 8 * 5);

    app.sql(&format!("alter table {schema}.usage_event drop constraint broken")).await;
    let mended = all_say(&tea, &drinkers, "mended").await;
    assert!(mended.iter().all(|answer| answer["type"] == "ack" && answer["message"]["seq"] == 2), "{mended:?}");
}

#[tokio::test]
async fn each_part_of_a_transaction_stands_in_its_own_company() {
    let app = narrow().await;
    let (tea, coffee) = (app.shop("Tea").await, app.shop("Coffee").await);
    visitors(&tea, 1).await;
    visitors(&coffee, 2).await;
    let options = app.node(0).world.sites.home().pipeline.clone().expect("there are lanes");
    let (first, second) = (tea.tenant().await, coffee.tenant().await);
    let parts = || [&first, &second].map(|tenant| LanePart { tenant: tenant.clone(), values: Vec::new() });

    let mut lane = Lane::new(
        options.clone(),
        "select current_user::text, current_schema()::text, (select count(*) from tenant.conversation), (select count(*) from conversation)",
    );
    let rows = lane.write(parts().into()).await.unwrap();
    for ((rows, tenant), chats) in rows.iter().zip([&first, &second]).zip([1_i64, 2]) {
        let mut columns = Columns::of(&rows[0]);
        let (role, schema): (String, String) = (columns.take().unwrap(), columns.take().unwrap());
        assert_eq!((role.as_str(), schema.as_str()), (tenant.account.schema.as_str(), tenant.account.schema.as_str()));
        assert_eq!((columns.take::<i64>().unwrap(), columns.take::<i64>().unwrap()), (chats, chats));
    }

    // A statement that names another company's schema is refused by its role, and nothing of the transaction stays.
    let theirs = second.account.schema.as_str();
    let reaching: &'static str =
        format!("with mine as (update tenant.contact set name = 'x') select count(*) from {theirs}.contact").leak();
    let mut lane = Lane::new(options, reaching);
    // The company whose schema is named goes first and may; the other may not, and takes the first one's writing with it.
    let [one, other] = parts();
    let refused = lane.write(vec![other, one]).await.expect_err("the role refuses").to_string();
    assert!(refused.contains("permission denied"), "{refused}");
    assert_eq!(lane.refused(), Some(1), "it is known whose part it was");
    assert_eq!(coffee.count("select count(*) from {}.contact where name = 'x'").await, 0);
}

#[tokio::test]
async fn a_writer_whose_connection_is_cut_writes_again_at_once() {
    let app = narrow().await;
    let shop = app.shop("Tea").await;
    let people = visitors(&shop, 4).await;
    let writers = "from pg_stat_activity where application_name = 'frontdesk writer' and datname = current_database()";

    let cut = app.count(&format!("select count(pg_terminate_backend(pid)) {writers}")).await;
    assert!(cut > 0, "there was nobody to cut");

    for visitor in &people {
        let frame = json!({ "client_message_id": fresh(), "text": shop.says("after the cut") });
        let answer = eventually("the message is written", async || {
            let answer = visitor.socket.send(frame.clone()).await;
            (answer["type"] == "ack").then_some(answer)
        })
        .await;
        assert_eq!(answer["message"]["seq"], 2);
    }
    let again = app.count(&format!("select count(*) {writers}")).await;
    assert!(again > 0, "the messages were written by somebody else");
}
