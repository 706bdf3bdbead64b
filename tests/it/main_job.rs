//! The main job: a company signs up, a visitor writes, an agent answers, the admin reads what came of it.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{TestApp, eventually, within};

#[tokio::test]
async fn a_company_signs_up_and_its_first_visitor_is_answered_and_rates() {
    let app = TestApp::start().await;
    let mut shop = app.shop("Tea").await;
    shop.owner.connects().await;
    let mut ana = shop.visitor("Ana").await;

    // The visitor writes; the agent who is online has it within a second.
    let first = ana.writes("Where is my parcel?").await;
    assert_eq!((&first["seq"], &first["message_type"]), (&json!(1), &json!("incoming")));
    let chat = ana.chat();
    within(Duration::from_secs(1), "assignment", shop.owner.is_given(&chat)).await;
    shop.owner.sees(&chat, "Where is my parcel?").await;

    // Both directions are live, and a note stays inside without leaving a hole in what the visitor counts.
    shop.owner.replies(&chat, "Let me look.").await;
    ana.sees("Let me look.").await;
    let note = shop.owner.notes(&chat, "She has called before.").await;
    assert_eq!((&note["private"], &note["public_seq"]), (&json!(true), &Value::Null));
    shop.owner.replies(&chat, "It arrives tomorrow.").await;
    let last = ana.sees("It arrives tomorrow.").await;
    assert_eq!(last["seq"], 3, "a note takes no place among what the visitor counts");
    ana.writes("Thank you!").await;
    shop.owner.sees(&chat, "Thank you!").await;

    // Resolved, asked, rated.
    let resolved = shop.owner.resolves(&chat).await;
    assert_eq!(
        (&resolved["status"], &resolved["unread_count"]),
        (&json!("resolved"), &json!(1)),
        "a reply reads what it answers"
    );
    let asked = ana.socket.until("the survey is asked", |frames| {
        frames.iter().find(|frame| frame["message"]["content"]["kind"] == "survey").cloned()
    });
    assert_eq!(asked.await["message"]["message_type"], "template");
    let rating = json!({ "rating": 5, "comment": shop.says("Quick and kind") });
    let rated = ana.http.post(&format!("/v1/widget/conversations/{chat}/survey"), rating).await.ok();
    assert_eq!((&rated["survey"]["rating"], &rated["status"]), (&json!(5), &json!("resolved")));
    shop.owner
        .socket()
        .until("the rating arrives", |frames| {
            frames.iter().any(|frame| frame["conversation"]["survey"]["rating"] == 5).then_some(())
        })
        .await;

    // Nothing of the note ever reached the visitor, on the socket or over HTTP.
    let heard = Value::from(ana.socket.frames()).to_string();
    assert!(!heard.contains("She has called before") && !heard.contains("\"private\""), "{heard}");
    let said = ["Where is my parcel?", "Let me look.", "It arrives tomorrow.", "Thank you!"];
    let thread = ana.thread().await;
    assert_eq!(shop.plain(&thread[..4]), said);
    let places: Vec<i64> = thread.iter().map(|message| message["seq"].as_i64().unwrap()).collect();
    assert_eq!(places, [1, 2, 3, 4, 5]);

    the_admin_reads_it_all(&shop, &chat).await;

    // Reloading both sides shows the same.
    let (screen, console) = (ana.screen(), shop.owner.screen(&chat));
    let session = ana.reloads().await;
    assert_eq!(session["conversation"]["id"], chat.as_str());
    ana.socket.frame("resumed").await;
    assert_eq!(ana.screen(), screen);
    shop.owner.leaves();
    shop.owner.resumes(json!({ &chat: 0 })).await;
    shop.owner.socket().frame("resumed").await;
    assert_eq!(shop.owner.screen(&chat), console);
    assert_eq!(shop.plain(&shop.owner.thread(&chat).await), console);
}

async fn the_admin_reads_it_all(shop: &tests::Shop, chat: &str) {
    let admin = &shop.owner.http;
    let ratings = admin.get("/v1/survey-responses").await.ok();
    assert_eq!((&ratings["data"][0]["rating"], &ratings["data"][0]["conversation_id"]), (&json!(5), &json!(chat)));
    assert_eq!(ratings["data"][0]["comment"], shop.says("Quick and kind"));
    let summary = admin.get("/v1/survey-responses/summary").await.ok();
    assert_eq!((&summary["count"], &summary["average"], &summary["ratings"]["5"]), (&json!(1), &json!(5.0), &json!(1)));

    let usage = admin.get("/v1/usage").await.ok();
    let used = |meter: &str| {
        let meters = usage["meters"].as_array().unwrap().iter();
        meters.clone().find(|row| row["meter"] == meter).map(|row| row["used"].as_i64().unwrap())
    };
    assert_eq!((used("conversations"), used("messages"), used("agents")), (Some(1), Some(5), Some(1)), "{usage}");

    let audit = admin.get("/v1/audit-log").await.ok();
    assert!(audit["data"].as_array().unwrap().iter().any(|entry| entry["action"] == "account.created"), "{audit}");

    let checklist = admin.get("/v1/account/checklist").await.ok();
    assert_eq!((&checklist["first_conversation"], &checklist["first_reply"]), (&json!(true), &json!(true)));
    let counts = admin.get("/v1/conversations/counts").await.ok();
    assert_eq!((&counts["resolved"], &counts["all_open"]), (&json!(1), &json!(0)), "{counts}");
    let listed = admin.get("/v1/conversations?status=resolved").await.ok();
    assert_eq!(listed["data"][0]["id"], chat);
}

#[tokio::test]
async fn a_visitor_who_writes_again_reopens_the_conversation_and_may_rate_again() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello?").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    bo.resolves(&chat).await;
    let rate = format!("/v1/widget/conversations/{chat}/survey");
    ana.http.post(&rate, json!({ "rating": 2 })).await.ok();
    ana.http.post(&rate, json!({ "rating": 4 })).await.ok();

    ana.writes("One more thing").await;

    assert_eq!(ana.chat(), chat, "the same thread goes on");
    let reopened = eventually("the agent who had it has it again", async || {
        let now = bo.reads(&chat).await;
        (now["assignee_id"] == bo.id.as_str()).then_some(now)
    });
    let reopened = reopened.await;
    assert_eq!((&reopened["status"], &reopened["episode"]), (&json!("open"), &json!(2)));
    ana.http.post(&rate, json!({ "rating": 1 })).await.refused(409, "survey_not_asked");
    bo.resolves(&chat).await;
    ana.http.post(&rate, json!({ "rating": 1 })).await.ok();
    let ratings = shop.owner.http.get("/v1/survey-responses").await.ok();
    let given: Vec<&Value> = ratings["data"].as_array().unwrap().iter().map(|row| &row["rating"]).collect();
    assert_eq!(given, [&json!(1), &json!(4)], "one rating an episode, the newest first");
}
