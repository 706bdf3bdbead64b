//! The archive of one person is read back as it was recorded, once however often, and never for somebody who was erased.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tests::{Program, Shop, TestApp, fresh};

use crate::exports::{opened, ready};

/// Runs `frontdesk tenant import-contact` and gives what it tells machines.
async fn imported(app: &TestApp, company: &str, file: &str, more: &[&str]) -> Value {
    let mut arguments = vec!["tenant", "import-contact", company, file, "--json"];
    arguments.extend(more);
    serde_json::from_str(&Program::run(app.settings(), &arguments).await).unwrap()
}

/// Runs it to be refused with this code.
async fn refused(app: &TestApp, company: &str, file: &str, code: &str) {
    let (well, said, why) = Program::try_run(app.settings(), &["tenant", "import-contact", company, file]).await;
    assert!(!well && why.contains(&format!("({code})")), "{said} {why}");
}

/// Takes a person and all that was said with them away, as where an older backup knows nothing of them.
async fn forgets(shop: &Shop, contact: &str) {
    let schema = shop.schema().await;
    let id = contact.parse::<tenant::scope::ContactId>().unwrap().uuid();
    let theirs = format!("conversation_id in (select id from {schema}.conversation where contact_id = '{id}')");
    // All at once, held from the beginning: a sweep puts back into line what waits without a place there.
    let mut all = format!("do $$ begin perform 1 from {schema}.conversation where contact_id = '{id}' for update; ");
    for table in ["queue_entry", "transfer", "assignment", "survey_response", "message"] {
        write!(all, "delete from {schema}.{table} where {theirs}; ").unwrap();
    }
    for table in ["conversation", "contact_inbox"] {
        write!(all, "delete from {schema}.{table} where contact_id = '{id}'; ").unwrap();
    }
    shop.app.sql(&format!("{all} delete from {schema}.contact where id = '{id}'; end $$")).await;
}

#[tokio::test]
async fn an_archive_of_a_person_comes_back_whole_and_once() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    // Nobody is online, so that nothing moves by itself.
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello \u{1f375} \\ \"quoted\" 你好").await;
    let chat = ana.chat();
    let says = async |text: &str, private: bool| {
        let message = json!({ "client_message_id": fresh(), "text": shop.says(text), "private": private });
        http.post(&format!("/v1/conversations/{chat}/messages"), message).await.ok();
    };
    says("Somebody we know", true).await;
    says("Good morning", false).await;
    shop.owner.resolves(&chat).await;
    let rating = json!({ "rating": 5, "comment": shop.says("Lovely") });
    ana.http.post(&format!("/v1/widget/conversations/{chat}/survey"), rating).await.ok();
    let about = json!({ "attributes": { "size": "large" }, "tags": ["vip"], "phone": "+1 555" });
    http.patch(&format!("/v1/contacts/{}", ana.id), about).await.ok();
    ana.writes("One more thing").await;
    let person = async || {
        let mut person = http.get(&format!("/v1/contacts/{}", ana.id)).await.ok();
        person.as_object_mut().unwrap().remove("last_seen_at");
        person
    };
    let (known, said, was) = (person().await, shop.owner.thread(&chat).await, shop.owner.reads(&chat).await);
    assert_eq!((&was["status"], &was["survey"]["rating"]), (&json!("open"), &json!(5)));
    let export = ready(http, json!({ "holds": "contact", "contact_id": ana.id })).await;
    let archive = opened(&app, &shop, &export).await;
    let file = archive.path().to_str().unwrap();

    // Nothing is missing: nothing comes, and what has happened since stays.
    says("Since then", false).await;
    let told = imported(&app, &shop.id, file, &[]).await;
    assert_eq!((&told["read"]["contact_is_new"], &told["read"]["conversations"]), (&json!(false), &json!(0)), "{told}");
    assert_eq!(shop.owner.thread(&chat).await.len(), said.len() + 1);

    forgets(&shop, &ana.id).await;
    http.get(&format!("/v1/contacts/{}", ana.id)).await.refused(404, "contact_unknown");
    let billed = shop.count("select count(*) from {}.usage_event").await;
    let told = imported(&app, &shop.id, file, &[]).await;
    assert_eq!((&told["read"]["contact_id"], &told["read"]["contact_is_new"]), (&json!(ana.id), &json!(true)));
    assert_eq!((&told["read"]["conversations"], &told["read"]["ratings"]), (&json!(1), &json!(1)), "{told}");
    assert!(told["not_taken"]["contact_inbox.ndjson"].as_u64() >= Some(1), "it says what it did not take: {told}");
    assert_eq!(person().await, known);
    assert_eq!(shop.owner.thread(&chat).await, said, "with its authors, its notes, and the same ids");
    let now = shop.owner.reads(&chat).await;
    assert_eq!((&now["status"], &now["last_seq"]), (&json!("resolved"), &was["last_seq"]), "what was going on is over");
    assert_eq!((&now["unread_count"], &now["survey"]["rating"]), (&json!(0), &json!(5)));

    let told = imported(&app, &shop.id, file, &[]).await;
    assert_eq!((&told["read"]["messages"], &told["read"]["there_already"]), (&json!(0), &json!(1)), "{told}");
    assert_eq!(shop.owner.thread(&chat).await, said, "nothing is there twice");
    assert_eq!(shop.count("select count(*) from {}.conversation").await, 1);
    assert_eq!(shop.count("select count(*) from {}.usage_event").await, billed, "what is read back is not billed");
    let log = http.get("/v1/audit-log?action=contact.imported").await.ok();
    assert_eq!(log["data"].as_array().unwrap().len(), 3);
    let newest = &log["data"][0];
    assert_eq!((&newest["target"], &newest["detail"]["from"]), (&json!(ana.id), &json!(shop.id)), "{log}");
    assert_eq!(http.get("/v1/audit-log/integrity").await.ok()["intact"], true);
}

#[tokio::test]
async fn an_archive_goes_to_another_company_of_the_group_and_to_no_stranger() {
    let app = TestApp::start().await;
    let (shop, stranger) = (app.shop("Tea").await, app.shop("Coffee").await);
    let http = &shop.owner.http;
    let made = http.post("/v1/organisations", json!({ "name": shop.says("House") })).await.ok();
    let ask = json!({ "company": shop.says("Cups"), "locale": "en" });
    let cups = http.post(&format!("/v1/organisations/{}/accounts", made["id"].as_str().unwrap()), ask).await.ok();
    let cups = cups["id"].as_str().unwrap();
    let session = http.post("/v1/auth/switch", json!({ "account_id": cups })).await.ok();
    let there = shop.stranger().with(session["access_token"].as_str().unwrap());
    let inbox = there.get("/v1/inboxes").await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
    let masking = json!({ "card_numbers": true, "resident_ids": false, "words": ["fool"], "words_action": "refuse" });
    there.put("/v1/safety/masking", masking).await.ok();
    let (bo, ana) = (shop.agent("Bo").await, shop.visitor("Ana").await);
    ana.writes("A fool wrote this").await;
    bo.is_given(&ana.chat()).await;
    bo.replies(&ana.chat(), "Never mind").await;
    // As if her own company had vouched for her.
    let vouched = format!("update {}.contact set external_id = 'u-1', verified = true", shop.schema().await);
    app.sql(&vouched).await;
    let export = ready(http, json!({ "holds": "contact", "contact_id": ana.id })).await;
    let archive = opened(&app, &shop, &export).await;
    let file = archive.path().to_str().unwrap();

    refused(&app, &stranger.id, file, "archive_elsewhere").await;
    refused(&app, cups, file, "archive_inbox_needed").await;
    assert_eq!(there.get("/v1/contacts").await.ok()["data"], json!([]), "nothing has changed");

    let told = imported(&app, cups, file, &["--inbox", &inbox]).await;
    let id = told["read"]["contact_id"].as_str().unwrap();
    assert_ne!(id, ana.id, "two companies never share an id");
    let person = there.get(&format!("/v1/contacts/{id}")).await.ok();
    assert_eq!(person["name"], ana.name.as_str());
    assert_eq!(
        (&person["external_id"], &person["verified"]),
        (&Value::Null, &json!(false)),
        "nobody vouches for her here"
    );
    let chats = there.get("/v1/conversations?status=resolved").await.ok()["data"].clone();
    assert_eq!((chats.as_array().unwrap().len(), &chats[0]["inbox_id"]), (1, &json!(inbox)));
    let thread = format!("/v1/conversations/{}/messages?limit=100", chats[0]["id"].as_str().unwrap());
    let said = there.get(&thread).await.ok()["data"].clone();
    let said = said.as_array().unwrap();
    let of = |kind: &str| said.iter().find(|one| one["message_type"] == kind).unwrap();
    assert_eq!(
        of("incoming")["text"],
        json!(shop.says("A •••• wrote this")),
        "what this company does not keep is masked"
    );
    assert_eq!((&of("outgoing")["sender"]["id"], &of("outgoing")["sender"]["name"]), (&json!(bo.id), &json!(bo.name)));

    let again = imported(&app, cups, file, &["--inbox", &inbox]).await;
    assert_eq!((&again["read"]["contact_id"], &again["read"]["there_already"]), (&json!(id), &json!(1)), "{again}");
    assert_eq!(there.get("/v1/contacts").await.ok()["data"].as_array().unwrap().len(), 1);

    // Erased where the archive came from: it opens no other door any more.
    http.post(&format!("/v1/contacts/{}/erase", ana.id), json!({ "confirm": ana.name })).await.ok();
    refused(&app, cups, file, "contact_erased").await;
    refused(&app, &shop.id, file, "contact_erased").await;
    let erased = http.get(&format!("/v1/contacts/{}", ana.id)).await.ok();
    assert!(erased["name"].is_null() && erased["erased_at"].is_string(), "{erased}");
}

#[tokio::test]
async fn an_archive_that_is_damaged_or_of_something_else_changes_nothing() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    let export = ready(http, json!({ "holds": "contact", "contact_id": ana.id })).await;
    let archive = opened(&app, &shop, &export).await;
    let whole = ready(http, json!({ "holds": "account" })).await;
    let whole = opened(&app, &shop, &whole).await;
    refused(&app, &shop.id, whole.path().to_str().unwrap(), "archive_unfit").await;

    forgets(&shop, &ana.id).await;
    let good = std::fs::read(archive.path()).unwrap();
    let mut bytes = good.clone();
    bytes[good.len() / 2] ^= 4;
    for bad in [&bytes[..], &good[..good.len() / 2], b"nothing at all"] {
        std::fs::write(archive.path(), bad).unwrap();
        refused(&app, &shop.id, archive.path().to_str().unwrap(), "archive_damaged").await;
    }
    assert_eq!(shop.count("select count(*) from {}.contact").await, 0);
    assert_eq!(shop.count("select count(*) from {}.audit where action = 'contact.imported'").await, 0);

    // The same file, as it was written, is fit.
    std::fs::write(archive.path(), &good).unwrap();
    let file = archive.path().to_str().unwrap();
    imported(&app, &shop.id, file, &[]).await;
    assert_eq!(shop.count("select count(*) from {}.contact").await, 1);

    // Somebody else is vouched for under the own id of whoever was taken along.
    let schema = shop.schema().await;
    app.sql(&format!("update {schema}.contact set external_id = 'u-1', verified = true")).await;
    let export = ready(http, json!({ "holds": "contact", "contact_id": ana.id })).await;
    let archive = opened(&app, &shop, &export).await;
    forgets(&shop, &ana.id).await;
    shop.visitor("Bea").await.writes("Hello").await;
    app.sql(&format!("update {schema}.contact set external_id = 'u-1', verified = true")).await;
    refused(&app, &shop.id, archive.path().to_str().unwrap(), "archive_contact_taken").await;
    assert_eq!(shop.count("select count(*) from {}.contact").await, 1);
}
