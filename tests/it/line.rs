//! The rows of the line: kept whole, and read in the order in which people are served.

use chrono::TimeDelta;
use desk::conversation::{ConversationId, Priority};
use desk::queue::{self, Offer, QueueEntry, Reason};
use desk::skill::{Demand, Demands};
use serde_json::json;
use tenant::TenantTx;
use tests::{Shop, TestApp};

fn entry(tx: &TenantTx, conversation: &str, seconds_ago: i64) -> QueueEntry {
    QueueEntry {
        conversation: conversation.parse().unwrap(),
        team: None,
        entered_at: tx.now() - TimeDelta::seconds(seconds_ago),
        rank: Priority::rank(None),
        vip: false,
        patient: false,
        turned_away: false,
        refused: false,
        demands: Demands::default(),
        language: None,
        channel: "website".into(),
        weight: 100,
        last_agent: None,
        only_agent: None,
        return_team: None,
        return_at: None,
        declined: Vec::new(),
        last_offer_at: None,
        offer: None,
        reason: Reason::New,
        step: 0,
        step_at: None,
        best_progress: 0.0,
        predicted: None,
        updated_at: tx.now(),
    }
}

async fn chats(shop: &Shop, many: usize) -> Vec<String> {
    let mut chats = Vec::new();
    for n in 0..many {
        let visitor = shop.visitor(&format!("Visitor {n}")).await;
        visitor.writes("Hello").await;
        chats.push(visitor.chat());
    }
    chats
}

/// Nobody else has put anybody into the line.
async fn empty(tx: &TenantTx) {
    for entry in queue::list(tx).await.unwrap() {
        queue::remove(tx, entry.conversation).await.unwrap();
    }
}

#[tokio::test]
async fn the_line_is_live_waits_first_then_vips_then_by_priority_then_by_time() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let chats = chats(&shop, 6).await;
    let tenant = shop.tenant().await;
    let tx = tenant.begin().await.unwrap();
    empty(&tx).await;
    let wanted = [
        QueueEntry { vip: true, rank: Priority::rank(Some(Priority::Low)), ..entry(&tx, &chats[0], 1) },
        QueueEntry { rank: Priority::rank(Some(Priority::Urgent)), ..entry(&tx, &chats[1], 2) },
        QueueEntry { rank: Priority::rank(Some(Priority::High)), ..entry(&tx, &chats[2], 3) },
        entry(&tx, &chats[3], 60),
        QueueEntry { rank: Priority::rank(Some(Priority::Medium)), ..entry(&tx, &chats[4], 50) },
        QueueEntry { patient: true, vip: true, ..entry(&tx, &chats[5], 900) },
    ];
    for place in [3, 5, 0, 4, 1, 2] {
        queue::put(&tx, &wanted[place]).await.unwrap();
    }
    let line: Vec<ConversationId> = queue::list(&tx).await.unwrap().iter().map(|entry| entry.conversation).collect();
    assert_eq!(line, wanted.each_ref().map(|entry| entry.conversation));
}

#[tokio::test]
async fn an_entry_is_kept_whole() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let chat = chats(&shop, 1).await.remove(0);
    let made = |path: &'static str, name: &'static str| {
        let http = &shop.owner.http;
        async move { http.post(path, json!({ "name": name })).await.ok()["id"].as_str().unwrap().to_owned() }
    };
    let (team, skill) = (made("/v1/teams", "Support").await, made("/v1/skills", "Tea").await);
    let agent = shop.owner.id.parse().unwrap();
    let tenant = shop.tenant().await;
    let tx = tenant.begin().await.unwrap();
    empty(&tx).await;
    let demand = Demand { skill_id: skill.parse().unwrap(), level: 3 };
    let until = tx.now() + TimeDelta::seconds(30);
    let full = QueueEntry {
        team: Some(team.parse().unwrap()),
        vip: true,
        turned_away: true,
        refused: true,
        demands: Demands { required: vec![demand], preferred: vec![demand] },
        language: Some("zh-CN".into()),
        weight: 50,
        last_agent: Some(agent),
        only_agent: Some(agent),
        return_team: Some(team.parse().unwrap()),
        return_at: Some(until),
        declined: vec![agent],
        last_offer_at: Some(tx.now()),
        offer: Some(Offer { agent, at: tx.now(), until }),
        reason: Reason::Transferred,
        step: 2,
        step_at: Some(until),
        best_progress: 0.25,
        predicted: Some(json!({ "seconds": 240 })),
        ..entry(&tx, &chat, 10)
    };
    let bare = entry(&tx, &chat, 20);
    for wanted in [&full, &bare, &full] {
        queue::put(&tx, wanted).await.unwrap();
        assert_eq!(queue::find(&tx, wanted.conversation).await.unwrap().as_ref(), Some(wanted));
    }
    tx.commit().await.unwrap();
    // A skill that somebody waits for does not go away.
    shop.owner.http.delete(&format!("/v1/skills/{skill}")).await.refused(409, "skill_in_use");
    shop.owner.http.delete(&format!("/v1/teams/{team}")).await.refused(409, "team_in_use");
    let tx = tenant.begin().await.unwrap();
    assert!(queue::remove(&tx, full.conversation).await.unwrap());
    assert!(!queue::remove(&tx, full.conversation).await.unwrap());
    assert_eq!(queue::find(&tx, full.conversation).await.unwrap(), None);
    tx.commit().await.unwrap();
    assert_eq!(shop.owner.http.delete(&format!("/v1/teams/{team}")).await.status, 204);
}
