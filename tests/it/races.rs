//! Sixty-four at once, at two servers, where only one may win or only so many may pass. In each story something that all of them need
//! is held until several stand before it, and then let go: whoever decided by what they had read before would decide wrongly, every
//! time. What came of it is read from Postgres.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};
use tenant::{AccountId, Role};
use tests::payments::uses;
use tests::{COME_AGAIN, Http, Reply, Shop, Signer, TestApp, fresh, insistently};

use crate::claims::{ASTRAY, wait_for_it};
use crate::handover::{decrees, is_offered};

const AT_ONCE: usize = 64;
/// Those of a company who stand before what is held, of the six connections that it has on each server.
const SEVERAL: i64 = 4;
/// The same of the directory, which has two.
const A_COUPLE: i64 = 2;
/// Places of a thread that nobody has.
const GAPS: &str = "select coalesce(max(seq), 0) - count(*) from {}.message";

/// Holds what a statement locks until so many stand before it; then all go on at once.
async fn behind<T>(app: &TestApp, held: &str, many: i64, race: impl Future<Output = T>) -> T {
    let mut admin = app.database().admin().await;
    sqlx::Executor::execute(&mut admin, sqlx::AssertSqlSafe(format!("begin; {held}"))).await.unwrap();
    let lets_go = async {
        wait_for_it(app, many).await;
        sqlx::Executor::execute(&mut admin, "commit").await.unwrap();
    };
    futures::join!(race, lets_go).0
}

/// One caller's clients, one of each server.
fn doors(shop: &Shop, token: &str) -> [Http; 2] {
    [0, 1].map(|node| Http::new(&shop.app.base(node), shop.guard()).with(token))
}

/// Asks again with the same ids for as long as there is too much to do, as pages do.
async fn insists(http: &Http, path: &str, body: Value) -> Reply {
    insistently(path, async || http.post(path, body.clone()).await).await
}

/// Those who were let through. Everybody else was told to come again, or refused with this.
fn winners<'a>(replies: &'a [Reply], status: u16, codes: &[&str]) -> Vec<&'a Reply> {
    let (won, lost): (Vec<&Reply>, Vec<&Reply>) = replies.iter().partition(|reply| reply.status < 300);
    for reply in lost.iter().filter(|reply| !COME_AGAIN.contains(&reply.status)) {
        assert_eq!(reply.status, status, "{}: {}", reply.asked, reply.text);
        assert!(codes.contains(&reply.code().as_str()), "{}: {}", reply.asked, reply.text);
    }
    won
}

fn account(shop: &Shop) -> uuid::Uuid {
    shop.id.parse::<AccountId>().unwrap().uuid()
}

fn contact(id: &str) -> uuid::Uuid {
    id.parse::<desk::ContactId>().unwrap().uuid()
}

fn conversation(id: &str) -> uuid::Uuid {
    id.parse::<desk::ConversationId>().unwrap().uuid()
}

#[tokio::test]
async fn a_visitor_who_first_writes_from_everywhere_at_once_has_one_conversation() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let ana = shop.visitor("Ana").await;
    let doors = doors(&shop, &ana.http.token());
    let sends = (0..AT_ONCE).map(|number| {
        let body = json!({ "client_message_id": fresh(), "text": shop.says(&format!("m{number}")) });
        insists(&doors[number % 2], "/v1/widget/messages", body)
    });
    let held = format!("select id from {}.contact where id = '{}' for update", shop.schema().await, contact(&ana.id));
    let replies = behind(&app, &held, SEVERAL, join_all(sends)).await;

    let chats: BTreeSet<String> = replies.iter().map(|reply| reply.ok()["conversation"]["id"].to_string()).collect();
    assert_eq!(chats.len(), 1, "{chats:?}");
    assert_eq!(shop.count("select count(*) from {}.conversation").await, 1);
    assert_eq!(shop.count("select count(*) from {}.message where message_type = 'incoming'").await, 64);
    assert_eq!(shop.count(GAPS).await, 0);
    assert_eq!(shop.count("select count(*) from {}.usage_event where meter = 'conversations'").await, 1);
}

#[tokio::test]
async fn a_chat_that_is_accepted_by_everybody_at_once_is_taken_once_by_whoever_was_asked() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    decrees(&shop, json!({ "accept_seconds": 120 })).await;
    let (bo, cy) = (shop.agent("Bo").await, shop.colleague("Cy", Role::Agent).await);
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    let chat = ana.chat();
    is_offered(&bo, &chat, 0).await;

    let (asked, others) = (doors(&shop, &bo.http.token()), doors(&shop, &cy.http.token()));
    let path = format!("/v1/conversations/{chat}/accept");
    let accepts = (0..AT_ONCE).map(|number| {
        let hands = if number % 4 == 3 { &others } else { &asked };
        hands[number / 4 % 2].post(&path, json!({}))
    });
    let schema = shop.schema().await;
    let held = format!("select id from {schema}.conversation where id = '{}' for update", conversation(&chat));
    let replies = behind(&app, &held, SEVERAL, join_all(accepts)).await;

    let won = winners(&replies, 409, &["offer_ended"]);
    assert!(won.len() <= 1, "{} were told that it is theirs", won.len());
    assert!(won.iter().all(|reply| reply.json()["assignee_id"] == bo.id.as_str()));
    assert_eq!(shop.count("select count(*) from {}.assignment where agent_id is not null").await, 1);
    assert_eq!(shop.owner.reads(&chat).await["assignee_id"], bo.id.as_str());
    assert_eq!(shop.count(ASTRAY).await, 0);
}

#[tokio::test]
async fn a_trial_that_is_begun_by_many_at_once_begins_once() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let doors = doors(&shop, &shop.owner.http.token());
    let begins = (0..AT_ONCE).map(|number| {
        let plan = if number % 4 < 2 { "pro" } else { "scale" };
        doors[number % 2].post("/v1/billing/trial", json!({ "plan": plan }))
    });
    // Whoever has no subscription yet gets a row that leans on this one.
    let held = format!("select id from shared.account where id = '{}' for update", account(&shop));
    let replies = behind(&app, &held, A_COUPLE, join_all(begins)).await;

    let won = winners(&replies, 409, &["trial_not_possible", "trial_used"]);
    assert!(won.len() <= 1, "{} trials began", won.len());
    let view = shop.owner.http.get("/v1/billing").await.ok();
    assert_eq!(view["state"], "trialing", "{view}");
    assert!(won.iter().all(|reply| reply.json()["plan"] == view["plan"]), "{view}");
    assert_eq!(app.count("select count(*) from shared.subscription where trial_started_at is not null").await, 1);
}

#[tokio::test]
async fn many_invited_at_once_get_the_seats_there_are_and_no_more() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let doors = doors(&shop, &shop.owner.http.token());
    let invites = (0..AT_ONCE).map(|number| {
        let email = format!("{}@mail.test", fresh().simple());
        doors[number % 2].post("/v1/invitations", json!({ "email": email, "role": "agent" }))
    });
    let held = format!("select id from shared.account where id = '{}' for update", account(&shop));
    let replies = behind(&app, &held, A_COUPLE, join_all(invites)).await;

    let won = winners(&replies, 403, &["limit_reached"]);
    assert!(won.len() <= 4, "{} were invited", won.len());
    let open = "select count(*) from shared.invitation where accepted_at is null and revoked_at is null";
    assert_eq!(app.count(open).await, 4, "the owner and four more");
}

#[tokio::test]
async fn what_is_written_while_a_chat_is_being_closed_is_kept_and_opens_it_again() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    let chat = ana.chat();
    let (visitor, owner) = (doors(&shop, &ana.http.token()), doors(&shop, &shop.owner.http.token()));
    let sends = (0..AT_ONCE / 2).map(|number| {
        let body = json!({ "client_message_id": fresh(), "text": shop.says(&format!("m{number}")) });
        insists(&visitor[number % 2], "/v1/widget/messages", body)
    });
    let path = format!("/v1/conversations/{chat}/status");
    let ends = (0..AT_ONCE / 2).map(|number| {
        let (http, path) = (&owner[number % 2], &path);
        async move { insistently(path, async || http.put(path, json!({ "status": "resolved" })).await).await }
    });
    let schema = shop.schema().await;
    let held = format!("select id from {schema}.conversation where id = '{}' for update", conversation(&chat));
    let race = async { futures::join!(join_all(sends), join_all(ends)) };
    let (sent, closed) = behind(&app, &held, SEVERAL, race).await;

    assert!(!winners(&closed, 200, &[]).is_empty(), "it was closed at least once");
    for reply in &sent {
        assert_eq!(reply.ok()["conversation"]["id"], chat.as_str());
    }
    assert_eq!(shop.count("select count(*) from {}.message where message_type = 'incoming'").await, 33);
    assert_eq!(shop.count(GAPS).await, 0);
    let unheard = "select count(*) from {}.conversation c where c.status = 'resolved' and exists (select from {}.message m \
        where m.conversation_id = c.id and m.message_type = 'incoming' and m.seq > (select max(a.seq) from {}.message a \
        where a.conversation_id = c.id and a.message_type = 'activity' and a.content ->> 'status' = 'resolved'))";
    assert_eq!(shop.count(unheard).await, 0, "a chat is closed over what was said after it was closed");
    let uncounted = "select (select sum(episode) from {}.conversation)::bigint \
        - (select count(*) from {}.usage_event where meter = 'conversations')";
    assert_eq!(shop.count(uncounted).await, 0, "each time that it was opened counts once");
    assert_eq!(shop.count(ASTRAY).await, 0);
}

#[tokio::test]
async fn what_one_browser_said_becomes_one_persons_however_many_come_for_it_at_once() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let signer = Signer::make(&shop.owner.http, shop.inbox["id"].as_str().unwrap()).await;
    let path = format!("/v1/inboxes/{}/identity", shop.inbox["id"].as_str().unwrap());
    shop.owner.http.put(&path, json!({ "required": false })).await.ok();
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    let chat = ana.chat();

    let (strangers, anonymous) = (doors(&shop, ""), doors(&shop, &ana.http.token()));
    let people = AT_ONCE * 3 / 4;
    let comers = (0..people).map(|number| {
        let token = signer.token(&app, &format!("user-{number}"));
        let ask = json!({ "key": shop.key(), "token": token, "attempt": fresh(), "secret": ana.secret });
        insists(&strangers[number % 2], "/v1/widget/identify", ask)
    });
    let sends = (people..AT_ONCE).map(|number| {
        let body = json!({ "client_message_id": fresh(), "text": shop.says(&format!("m{number}")) });
        anonymous[number % 2].post("/v1/widget/messages", body)
    });
    let held = format!("select id from {}.contact where id = '{}' for update", shop.schema().await, contact(&ana.id));
    let race = async { futures::join!(join_all(comers), join_all(sends)) };
    let (came, sent) = behind(&app, &held, SEVERAL, race).await;

    let heirs = came.iter().filter(|reply| reply.ok()["conversation"]["id"] == chat.as_str()).count();
    assert_eq!(heirs, 1, "what she said is one person's");
    assert_eq!(shop.count("select count(*) from {}.contact where not verified").await, 0, "nobody is left of her");
    assert_eq!(shop.count("select count(*) from {}.contact where verified").await, 48);
    assert_eq!(shop.count("select count(*) from {}.conversation").await, 1);
    // What she wrote meanwhile was taken, and is there, or she was told that she is somebody else now.
    let kept: Vec<Value> = shop.owner.thread(&chat).await.iter().map(|message| message["id"].clone()).collect();
    for reply in winners(&sent, 401, &["token_invalid"]) {
        assert!(kept.contains(&reply.json()["message"]["id"]), "{}", reply.text);
    }
    assert_eq!(shop.count(GAPS).await, 0);
}

#[tokio::test]
async fn a_crowd_at_the_edge_of_what_is_included_is_let_in_up_to_it() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    uses(&shop, "conversations", 997, app.clock().now() - TimeDelta::seconds(1)).await;
    let strangers = doors(&shop, "");
    let coming =
        (0..AT_ONCE).map(|number| insists(&strangers[number % 2], "/v1/widget/session", json!({ "key": shop.key() })));
    let mut crowd = Vec::new();
    for (number, session) in join_all(coming).await.iter().enumerate() {
        crowd.push(strangers[number % 2].with(session.ok()["token"].as_str().unwrap()));
    }
    let sends = crowd.iter().map(|visitor| {
        let body = json!({ "client_message_id": fresh(), "text": shop.says("Hello") });
        insists(visitor, "/v1/widget/messages", body)
    });
    // What was used can be read meanwhile, and nothing can be counted: whoever looks by themselves finds room.
    let held = format!("lock table {}.usage_event in share row exclusive mode", shop.schema().await);
    let replies = behind(&app, &held, SEVERAL, join_all(sends)).await;

    assert_eq!(winners(&replies, 403, &["limit_reached"]).len(), 3, "a thousand are included");
    assert_eq!(shop.count("select count(*) from {}.conversation").await, 3);
    let used = "select sum(quantity)::bigint from {}.usage_event where meter = 'conversations'";
    assert_eq!(shop.count(used).await, 1_000);
}
