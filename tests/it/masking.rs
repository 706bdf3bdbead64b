//! Numbers and words that a company does not want: they are gone before anything is written, on every way in and at every server.

use serde_json::{Value, json};
use tenant::Role;
use tests::{Shop, TestApp, fresh};

const CARD: &str = "My card is 4111 1111 1111 1111";
const MASKED_CARD: &str = "My card is •••• •••• •••• ••••";

fn choice(words: &Value, action: &str) -> Value {
    json!({ "card_numbers": true, "resident_ids": true, "words": words, "words_action": action })
}

/// How many messages of the company hold these words, in the database itself.
async fn kept(shop: &Shop, words: &str) -> i64 {
    shop.count(&format!("select count(*) from {{}}.message where text like '%{words}%'")).await
}

#[tokio::test]
async fn what_a_company_masks_is_written_nowhere_by_whichever_way_and_server_it_comes() {
    let app = TestApp::start_nodes(2).await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let (bo, ana) = (shop.agent_on(1, "Bo").await, shop.visitor_on(1, "Ana").await);
    // Nothing is altered until somebody wishes it.
    ana.writes(CARD).await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    bo.replies(&chat, "Nonsense").await;
    assert_eq!((kept(&shop, "4111").await, kept(&shop, "Nonsense").await), (1, 1));

    // Set at one server, and true for the next message at the other.
    let set = shop.owner.http.put("/v1/safety/masking", choice(&json!(["nonsense", "赌博"]), "mask")).await.ok();
    assert_eq!(shop.owner.http.get("/v1/safety/masking").await.ok(), set);
    let message = ana.writes(CARD).await;
    assert_eq!(message["text"], shop.says(MASKED_CARD), "the writer sees what was kept");
    bo.sees(&chat, MASKED_CARD).await;
    ana.writes("身份证11010519491231002X，来赌博").await;
    bo.sees(&chat, "身份证••••••••••••••••••，来••").await;
    bo.replies(&chat, "ＮＯＮＳＥＮＳＥ, 5555-5555-5555-4444").await;
    ana.sees("••••••••, ••••-••••-••••-••••").await;
    let posted = ana.posts("4111111111111111").await.ok();
    assert_eq!(posted["message"]["text"], shop.says(&"•".repeat(16)));
    let reply = json!({ "client_message_id": fresh(), "text": shop.says("nonsense again") });
    let reply = bo.http.post(&format!("/v1/conversations/{chat}/messages"), reply).await.ok();
    assert_eq!(reply["text"], shop.says("•••••••• again"));
    // A first message opens a conversation by itself, outside the everyday way.
    let bea = shop.visitor("Bea").await;
    bea.writes("4111111111111111").await;
    assert_eq!(shop.plain(&bea.thread().await), ["•".repeat(16)]);
    // What fails its check sum, and what colleagues tell each other, stays.
    ana.writes("Order 4111111111111112").await;
    bo.notes(&chat, "They said 4111 1111 1111 1111, nonsense").await;
    assert_eq!(kept(&shop, "Order 4111111111111112").await, 1);
    assert_eq!(kept(&shop, "They said 4111 1111 1111 1111, nonsense").await, 1);
    assert_eq!((kept(&shop, "My card is 4111").await, kept(&shop, "5555").await, kept(&shop, "赌博").await), (1, 0, 0));
    // It is nobody else's choice.
    let zoe = other.visitor_on(1, "Zoe").await;
    assert_eq!(zoe.writes(CARD).await["text"], other.says(CARD));

    shop.owner.http.put("/v1/safety/masking", choice(&json!([]), "mask")).await.ok();
    assert_eq!(ana.writes("nonsense").await["text"], shop.says("nonsense"));
    let log = shop.owner.http.get("/v1/audit-log?action=masking").await.ok();
    assert_eq!(log["data"].as_array().unwrap().len(), 2, "{log}");
    assert_eq!(log["data"][1]["detail"]["words"], 2);
    assert!(!log.to_string().contains("赌博"), "a log holds no texts");
}

#[tokio::test]
async fn a_refused_word_is_said_kindly_to_either_side_and_a_repeat_finds_what_was_written() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let (bo, ana) = (shop.agent_on(1, "Bo").await, shop.visitor_on(1, "Ana").await);
    ana.writes("Hello").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    let body = |text: &str| json!({ "client_message_id": fresh(), "text": shop.says(text) });
    // Written, but its answer was lost; then the company changes its mind, twice.
    let (before, card) = (body("You fool"), body("4111111111111111"));
    let first = ana.http.post("/v1/widget/messages", before.clone()).await.ok();
    let first_card = ana.http.post("/v1/widget/messages", card.clone()).await.ok();
    shop.owner.http.put("/v1/safety/masking", choice(&json!(["fool"]), "refuse")).await.ok();

    let by_http = ana.http.post("/v1/widget/messages", body("YOU FOOL!")).await;
    by_http.refused(422, "message_word_refused");
    let fault = &by_http.json()["errors"][0];
    assert_eq!((&fault["pointer"], &fault["code"]), (&json!("/text"), &json!("word_refused")));
    assert_eq!(fault["detail"], "Not taken here: FOOL");
    assert_eq!(ana.socket.send(body("ｆｏｏｌ")).await["code"], "message_word_refused");
    let mut frame = body("A fool, I said");
    frame["conversation_id"] = json!(chat);
    assert_eq!(bo.socket().send(frame).await["code"], "message_word_refused");
    let path = format!("/v1/conversations/{chat}/messages");
    bo.http.post(&path, body("fool")).await.refused(422, "message_word_refused");
    let leaving = json!({ "key": shop.key() });
    let stranger = shop.stranger().post("/v1/widget/session", leaving).await.ok();
    let stranger = shop.stranger().with(stranger["token"].as_str().unwrap());
    stranger.post("/v1/widget/messages", body("fool")).await.refused(422, "message_word_refused");
    bo.notes(&chat, "They called me a fool").await;
    ana.writes("Foolish of me").await;

    for (repeat, known) in [(&before, &first), (&card, &first_card)] {
        let again = ana.http.post("/v1/widget/messages", repeat.clone()).await;
        assert_eq!((again.status, &again.ok()["message"]), (200, &known["message"]));
        assert_eq!(ana.socket.send(repeat.clone()).await["message"], known["message"]);
    }
    let masked = body("4111111111111111, please");
    let sent = ana.http.post("/v1/widget/messages", masked.clone()).await.ok();
    assert_eq!(sent["message"]["text"], shop.says(&format!("{}, please", "•".repeat(16))));
    for _ in 0..2 {
        let again = ana.http.post("/v1/widget/messages", masked.clone()).await;
        assert_eq!((again.status, &again.ok()["message"]), (200, &sent["message"]));
        shop.owner.http.put("/v1/safety/masking", json!({ "card_numbers": false, "resident_ids": false })).await.ok();
    }
    let mut other_words = masked;
    other_words["text"] = json!(shop.says("something else"));
    ana.http.post("/v1/widget/messages", other_words).await.refused(409, "client_message_id_reused");
    let fools = shop.plain(&ana.thread().await).iter().filter(|text| text.to_lowercase().contains("fool")).count();
    assert_eq!(fools, 2, "what was refused was not written");
}

#[tokio::test]
async fn answers_before_the_chat_and_the_comment_beside_a_rating_are_a_visitors_words_too() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let ana = shop.visitor("Ana").await;
    shop.owner.http.put("/v1/safety/masking", choice(&json!(["fool"]), "refuse")).await.ok();
    let begins = |answer: &str| {
        let start = json!({ "answers": { "Paid with": answer } });
        json!({ "client_message_id": fresh(), "text": shop.says("Hello"), "start": start })
    };
    let refused = ana.http.post("/v1/widget/messages", begins("a fool's card")).await;
    refused.refused(422, "message_word_refused");
    assert_eq!(refused.json()["errors"][0]["pointer"], "/start/answers");
    ana.http.post("/v1/widget/messages", begins("4111111111111111")).await.ok();
    let starts = |words: &str| format!("select count(*) from {{}}.conversation where start::text like '%{words}%'");
    assert_eq!((shop.count(&starts("4111")).await, shop.count(&starts("••••")).await), (0, 1));

    ana.writes("And again").await;
    let chat = ana.chat();
    shop.owner.resolves(&chat).await;
    let path = format!("/v1/widget/conversations/{chat}/survey");
    let refused = ana.http.post(&path, json!({ "rating": 1, "comment": shop.says("You fool") })).await;
    refused.refused(422, "message_word_refused");
    assert_eq!(refused.json()["errors"][0]["pointer"], "/comment");
    let rated = ana.http.post(&path, json!({ "rating": 5, "comment": shop.says(CARD) })).await.ok();
    assert_eq!(rated["survey"]["comment"], shop.says(MASKED_CARD));
}

#[tokio::test]
async fn only_those_who_run_the_company_choose_and_every_bad_word_is_named() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let admin = shop.colleague("Ada", Role::Admin).await;
    for role in [Role::Supervisor, Role::Agent] {
        let colleague = shop.colleague("Bo", role).await;
        colleague.http.get("/v1/safety/masking").await.refused(403, "permission_denied");
        colleague.http.put("/v1/safety/masking", choice(&json!([]), "mask")).await.refused(403, "permission_denied");
    }
    let before = admin.http.get("/v1/safety/masking").await.ok();
    let nothing = json!({
        "card_numbers": false, "resident_ids": false, "words": [], "words_action": "mask", "updated_at": null,
    });
    assert_eq!(before, nothing, "nothing is altered by surprise");
    for (words, pointer, code) in [
        (json!(["x".repeat(61)]), "/words/0", "text_too_long"),
        (json!(["fine", " "]), "/words/1", "text_too_short"),
        (json!(["a\nb"]), "/words/0", "text_line_breaks"),
        (json!(["••"]), "/words/0", "word_masked"),
        (json!(["\u{200b}"]), "/words/0", "word_unseen"),
        (json!((0..501).map(|n| format!("w{n}")).collect::<Vec<_>>()), "/words", "too_many"),
    ] {
        let reply = admin.http.put("/v1/safety/masking", choice(&words, "refuse")).await;
        reply.refused(422, "validation_failed");
        let error = &reply.json()["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)));
    }
    let strange = choice(&json!([]), "forget");
    admin.http.put("/v1/safety/masking", strange).await.refused(422, "body_fields_invalid");
    assert_eq!(admin.http.get("/v1/safety/masking").await.ok(), before);
    let whole: Vec<String> = (0..500).map(|n| format!("{n}{}", "词".repeat(57))).collect();
    let set = admin.http.put("/v1/safety/masking", choice(&json!(whole), "refuse")).await.ok();
    assert_eq!(set["words"].as_array().unwrap().len(), 500);
}
