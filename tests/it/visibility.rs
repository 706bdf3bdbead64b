//! Roles that a company makes: what their holders may do, and what they see. A conversation out of sight is not there: not in a list, not
//! in a count, not in a search, not on a socket.

use std::collections::BTreeSet;
use std::time::Duration;

use desk::Audience;
use infra::Id;
use infra::database::{Rows as _, sql};
use serde_json::{Value, json};
use tenant::{AgentId, Permission, Permissions, Role, Sight};
use tests::{Agent, PASSWORD, Shop, TestApp, Visitor, fresh};

use crate::probes::{Things, without_limits};

const SOON: Duration = Duration::from_secs(2);

/// What an agent may do, ratings and what one may read of the line beside it.
fn hands() -> Value {
    let all = Permissions::of(Role::Agent);
    json!(all.iter().chain([Permission::SurveysRead, Permission::UsageRead]).collect::<Vec<_>>())
}

async fn team(shop: &Shop, name: &str, members: &[&Agent]) -> String {
    let made = shop.owner.http.post("/v1/teams", json!({ "name": shop.says(name) })).await.ok();
    let id = made["id"].as_str().unwrap().to_owned();
    joins(shop, &id, members).await;
    id
}

async fn joins(shop: &Shop, team: &str, members: &[&Agent]) {
    let ids: Vec<&str> = members.iter().map(|agent| agent.id.as_str()).collect();
    shop.owner.http.put(&format!("/v1/teams/{team}/members"), json!({ "agent_ids": ids })).await.ok();
}

async fn goes_to(shop: &Shop, chat: &str, team: &str) {
    let to = json!({ "to": { "kind": "team", "team_id": team } });
    shop.owner.http.post(&format!("/v1/conversations/{chat}/transfer"), to).await.ok();
}

async fn is_given(shop: &Shop, chat: &str, agent: &Agent) {
    shop.owner.http.put(&format!("/v1/conversations/{chat}/assignee"), json!({ "agent_id": agent.id })).await.ok();
}

async fn writes_in(shop: &Shop, name: &str, team: Option<&str>) -> (Visitor, String) {
    let visitor = shop.visitor(name).await;
    visitor.writes(&format!("Words of {name}")).await;
    let chat = visitor.chat();
    if let Some(team) = team {
        goes_to(shop, &chat, team).await;
    }
    (visitor, chat)
}

async fn listed(agent: &Agent) -> BTreeSet<String> {
    let page = agent.http.get("/v1/conversations?limit=100").await.ok();
    page["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

fn set<'a>(chats: impl IntoIterator<Item = &'a String>) -> BTreeSet<String> {
    chats.into_iter().cloned().collect()
}

#[tokio::test]
async fn a_role_hides_what_other_teams_have_from_every_reader() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let tia = shop.holder("Tia", hands(), "teams").await;
    let ona = shop.holder("Ona", hands(), "own").await;
    let gil = shop.colleague("Gil", Role::Agent).await;
    let sales = team(&shop, "Sales", &[&tia, &ona, &gil]).await;
    let support = team(&shop, "Support", &[&gil]).await;
    let (_, line) = writes_in(&shop, "Ana", Some(&sales)).await;
    let (_, gils) = writes_in(&shop, "Bea", Some(&sales)).await;
    is_given(&shop, &gils, &gil).await;
    let (zoe, hidden) = writes_in(&shop, "Zoe", Some(&support)).await;
    let (_, nobodys) = writes_in(&shop, "Yve", None).await;

    assert_eq!(listed(&shop.owner).await, set([&line, &gils, &hidden, &nobodys]));
    assert_eq!(listed(&tia).await, set([&line, &gils]));
    assert_eq!(listed(&ona).await, set([&line]));
    for (agent, all_open) in [(&tia, 2), (&ona, 1), (&gil, 4)] {
        let counts = agent.http.get("/v1/conversations/counts").await.ok();
        assert_eq!(counts["all_open"], all_open, "{}: {counts}", agent.name);
        let contacts = agent.http.get("/v1/contacts").await.ok();
        assert_eq!(contacts["data"].as_array().unwrap().len(), all_open, "{}", agent.name);
        let board = agent.http.get("/v1/queue").await.ok();
        let waiting = if agent.id == gil.id { 3 } else { 1 };
        assert_eq!(board["waiting"].as_array().unwrap().len(), waiting, "{}: {board}", agent.name);
    }
    let found = tia.http.get("/v1/contacts?query=Zoe").await.ok();
    assert_eq!(found["data"], json!([]));
    tia.http.get(&format!("/v1/contacts/{}", zoe.id)).await.refused(404, "contact_unknown");
    tia.http
        .patch(&format!("/v1/contacts/{}", zoe.id), json!({ "name": "Mine" }))
        .await
        .refused(404, "contact_unknown");

    let before = shop.owner.reads(&hidden).await;
    let message = json!({ "client_message_id": fresh(), "text": shop.says("mine now"), "private": false });
    for (method, verb, body) in [
        ("GET", "", None),
        ("GET", "/messages", None),
        ("GET", "/assignments", None),
        ("POST", "/messages", Some(message)),
        ("POST", "/read", Some(json!({ "seq": 1 }))),
        ("PUT", "/status", Some(json!({ "status": "resolved" }))),
        ("PUT", "/priority", Some(json!({ "priority": "high" }))),
        ("PUT", "/assignee", Some(json!({ "agent_id": tia.id }))),
        ("POST", "/transfer", Some(json!({ "to": { "kind": "team", "team_id": sales } }))),
    ] {
        let reply = tia.http.send(method, &format!("/v1/conversations/{hidden}{verb}"), body, &[]).await;
        reply.refused(404, "conversation_unknown");
    }
    assert_eq!(shop.owner.reads(&hidden).await, before, "nothing has changed");

    // What is in sight is worked with as ever.
    let reply = json!({ "client_message_id": fresh(), "text": shop.says("Good day"), "private": false });
    tia.http.post(&format!("/v1/conversations/{gils}/messages"), reply).await.ok();
    // And may be given away, out of sight.
    tia.http
        .post(&format!("/v1/conversations/{line}/transfer"), json!({ "to": { "kind": "team", "team_id": support } }))
        .await
        .ok();
    assert_eq!(listed(&tia).await, set([&gils]));
}

#[tokio::test]
async fn ratings_of_what_is_out_of_sight_are_neither_shown_nor_counted() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let tia = shop.holder("Tia", hands(), "teams").await;
    let sales = team(&shop, "Sales", &[&tia]).await;
    for (name, place) in [("Ana", Some(sales.as_str())), ("Zoe", None)] {
        let (visitor, chat) = writes_in(&shop, name, place).await;
        shop.owner.resolves(&chat).await;
        let rating = json!({ "rating": 4, "comment": shop.says("Good") });
        visitor.http.post(&format!("/v1/widget/conversations/{chat}/survey"), rating).await.ok();
    }
    for (agent, count) in [(&tia, 1), (&shop.owner, 2)] {
        assert_eq!(agent.http.get("/v1/survey-responses/summary").await.ok()["count"], count);
        assert_eq!(agent.http.get("/v1/survey-responses").await.ok()["data"].as_array().unwrap().len(), count);
    }
}

#[tokio::test]
async fn sockets_hear_only_what_is_in_sight_and_are_told_when_it_leaves() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let mut tia = shop.holder("Tia", hands(), "teams").await;
    let mut ona = shop.holder("Ona", hands(), "own").await;
    let mut gil = shop.colleague("Gil", Role::Agent).await;
    let sales = team(&shop, "Sales", &[&tia, &ona]).await;
    let support = team(&shop, "Support", &[&gil]).await;
    for each in [&tia, &ona, &gil] {
        each.chooses("away").await;
    }
    tia.connects().await;
    ona.moves_to(&app, 1).await;
    // He sees everything, beside Ona: what he has heard has come to her server.
    gil.moves_to(&app, 1).await;
    let (ana, chat) = writes_in(&shop, "Ana", Some(&support)).await;
    gil.sees(&chat, "Words of Ana").await;
    ana.socket.say(json!({ "type": "typing", "conversation_id": chat, "on": true }));
    ana.http.patch("/v1/widget/contact", json!({ "email": "ana@mail.test" })).await.ok();
    // Whatever is asked of a socket about it is answered as if there were nothing.
    for kind in ["read", "typing", "send"] {
        let seen = tia.socket().count();
        tia.socket().say(match kind {
            "read" => json!({ "type": kind, "conversation_id": chat, "seq": 1 }),
            "typing" => json!({ "type": kind, "conversation_id": chat, "on": true }),
            _ => json!({ "type": kind, "client_message_id": fresh(), "conversation_id": chat, "text": "mine" }),
        });
        let answer = tia.socket().next(seen, kind, |frame| frame["type"] == "error").await;
        assert_eq!(answer["code"], "conversation_unknown", "{kind}");
    }
    let seen = tia.socket().count();
    tia.socket().say(json!({ "type": "resume", "conversations": { chat.as_str(): 0 } }));
    tia.socket().next(seen, "a reset", |frame| frame["type"] == "reset").await;
    for agent in [&tia, &ona] {
        agent.socket().catch_up().await;
        let heard = Value::from(agent.socket().frames()).to_string();
        assert!(!heard.contains("Words of Ana") && !heard.contains(&ana.id), "{} heard {heard}", agent.name);
        let counted = agent
            .socket()
            .frames()
            .into_iter()
            .find(|frame| frame["type"] == "queue.updated" && frame["waiting"].is_number());
        assert_eq!(counted, None, "how many wait is not for {}", agent.name);
    }

    // Into sight.
    goes_to(&shop, &chat, &sales).await;
    for agent in [&tia, &ona] {
        let told =
            |frame: &Value| frame["type"] == "conversation.updated" && frame["conversation"]["id"] == chat.as_str();
        agent.socket().next(0, "the conversation comes into sight", told).await;
    }
    ana.writes("Anybody there?").await;
    tia.sees(&chat, "Anybody there?").await;
    ona.sees(&chat, "Anybody there?").await;
    // What she typed a moment ago went to others.
    let typing = json!({ "type": "typing", "conversation_id": chat, "on": true });
    let types = |frame: &Value| frame["type"] == "typing" && frame["conversation_id"] == chat.as_str();
    ana.socket.say(typing.clone());
    for agent in [&tia, &ona] {
        agent.socket().next(0, "Ana types", types).await;
    }
    // Given to a colleague: out of sight of who sees only their own.
    is_given(&shop, &chat, &gil).await;
    let gone = |frame: &Value| frame["type"] == "conversation.hidden" && frame["conversation_id"] == chat.as_str();
    ona.socket().next(0, "the conversation leaves her sight", gone).await;
    let (at_ona, at_tia, at_gil) = (ona.socket().count(), tia.socket().count(), gil.socket().count());
    ana.socket.say(typing);
    gil.socket().next(at_gil, "Ana types", types).await;
    ana.writes("For Gil alone").await;
    tia.sees(&chat, "For Gil alone").await;
    gil.sees(&chat, "For Gil alone").await;
    assert!(!tia.socket().frames_after(at_tia).iter().any(gone), "who sees the team's has lost nothing");
    ona.socket().catch_up().await;
    let heard = Value::from(ona.socket().frames_after(at_ona)).to_string();
    assert!(!heard.contains("For Gil alone") && !heard.contains(&chat), "{heard}");
    // And out of sight of both.
    goes_to(&shop, &chat, &support).await;
    tia.socket().next(at_tia, "the conversation leaves her sight", gone).await;
}

#[tokio::test]
async fn the_line_gives_to_whoever_sees_little_as_to_everybody() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let mut ona = shop.holder("Ona", hands(), "own").await;
    ona.connects().await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    // The company's own line is everybody's.
    ona.is_given(&ana.chat()).await;
    assert_eq!(listed(&ona).await, set([&ana.chat()]));
    ona.replies(&ana.chat(), "Good day").await;
    ana.sees("Good day").await;
    ana.writes("I have a question").await;
    ona.sees(&ana.chat(), "I have a question").await;
    ona.resolves(&ana.chat()).await;
    assert_eq!(ona.reads(&ana.chat()).await["status"], "resolved", "what was theirs stays in sight");
}

#[tokio::test]
async fn a_change_of_teams_or_of_the_role_changes_what_a_socket_sees_at_once() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let mut tia = shop.holder("Tia", hands(), "teams").await;
    let mut gil = shop.colleague("Gil", Role::Agent).await;
    let sales = team(&shop, "Sales", &[&tia]).await;
    for each in [&tia, &gil] {
        each.chooses("away").await;
    }
    tia.moves_to(&app, 1).await;
    gil.moves_to(&app, 1).await;
    let (ana, chat) = writes_in(&shop, "Ana", Some(&sales)).await;
    ana.writes("Good day").await;
    tia.sees(&chat, "Good day").await;

    joins(&shop, &sales, &[]).await;
    assert_eq!(tia.socket().closed_within(SOON).await, Some(1012), "come again, and look anew");
    tia.resumes(json!({ chat.as_str(): 0 })).await;
    tia.socket().frame("reset").await;
    ana.writes("Only for Sales").await;
    // Who sees everything has heard it at her server.
    gil.sees(&chat, "Only for Sales").await;
    tia.socket().catch_up().await;
    assert!(!Value::from(tia.socket().frames()).to_string().contains("Only for Sales"));

    let me = tia.http.get("/v1/auth/me").await.ok();
    let role = me["agent"]["custom_role"]["id"].as_str().unwrap().to_owned();
    assert_eq!(me["agent"]["visibility"], "teams");
    let wider = json!({ "name": shop.says("Wider"), "permissions": hands(), "visibility": "all" });
    shop.owner.http.put(&format!("/v1/roles/{role}"), wider).await.ok();
    assert_eq!(tia.socket().closed_within(SOON).await, Some(4003));
    assert_eq!(listed(&tia).await, set([&chat]));
    tia.connects().await;
    ana.writes("For all").await;
    tia.sees(&chat, "For all").await;
}

#[tokio::test]
async fn the_rule_for_rows_and_the_rule_for_frames_are_one() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let (tia, ona) = (shop.holder("Tia", hands(), "teams").await, shop.holder("Ona", hands(), "own").await);
    let gil = shop.colleague("Gil", Role::Agent).await;
    let sales = team(&shop, "Sales", &[&tia, &ona]).await;
    let support = team(&shop, "Support", &[&gil]).await;
    let id = |text: &str| text.parse::<AgentId>().unwrap();
    let teams = [None, Some(sales.as_str()), Some(support.as_str())];
    let hands = [None, Some(&tia.id), Some(&ona.id), Some(&gil.id)];
    let mut placed = Vec::new();
    let tenant = shop.tenant().await;
    for team in teams {
        for assignee in hands {
            let (_, chat) = writes_in(&shop, "Ana", None).await;
            let audience =
                Audience { team: team.map(|team| team.parse().unwrap()), assignee: assignee.map(|agent| id(agent)) };
            let tx = tenant.begin().await.unwrap();
            let values: [sea_orm::Value; 3] = [
                chat.parse::<desk::ConversationId>().unwrap().uuid().into(),
                audience.team.map(Id::uuid).into(),
                audience.assignee.map(Id::uuid).into(),
            ];
            tx.run(sql("update conversation set team_id = $2, assignee_id = $3 where id = $1", values)).await.unwrap();
            tx.commit().await.unwrap();
            placed.push((chat, audience));
        }
    }
    let teams = BTreeSet::from([sales.parse().unwrap()]);
    for (agent, sight) in [(&tia, Sight::Teams(id(&tia.id))), (&ona, Sight::Own(id(&ona.id))), (&gil, Sight::All)] {
        let by_frames = placed.iter().filter(|(_, audience)| audience.is_seen_by(sight, &teams)).map(|(chat, _)| chat);
        assert_eq!(listed(agent).await, set(by_frames), "{sight:?}");
    }
}

#[tokio::test]
async fn no_operation_shows_a_word_of_what_is_out_of_sight() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    without_limits(&shop).await;
    let things = Things::of(&shop).await;
    let wide =
        [Permission::ConversationsSupervise, Permission::RoutingManage, Permission::AuditRead, Permission::DataManage];
    let all: Vec<Permission> = Permission::ALL.into_iter().filter(|one| !wide.contains(one)).collect();
    for visibility in ["teams", "own"] {
        let tia = shop.holder(&format!("Tia {visibility}"), json!(all), visibility).await;
        for probe in things.probes() {
            let reply = probe.send(&tia.http).await;
            for word in ["Only Ana may see this", things.chat.as_str(), things.visitor.id.as_str()] {
                assert!(!reply.text.contains(word), "{} tells {visibility}: {}", probe.operation, reply.text);
            }
        }
    }
}

#[tokio::test]
async fn nobody_gives_away_or_takes_more_than_they_have() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    without_limits(&shop).await;
    let rights = json!(["agents.manage", "agents.read", "conversations.read"]);
    let max = shop.holder("Max", rights.clone(), "teams").await;
    let (ada, bo) = (shop.colleague("Ada", Role::Admin).await, shop.colleague("Bo", Role::Agent).await);
    let role = |permissions: Value, visibility: &str| json!({ "name": shop.says(&fresh().simple().to_string()), "permissions": permissions, "visibility": visibility });
    let denied = |reply: &tests::Reply| reply.refused(403, "permission_denied");
    denied(&max.http.post("/v1/roles", role(json!(["surveys.read"]), "own")).await);
    denied(&max.http.post("/v1/roles", role(json!(["conversations.read"]), "all")).await);
    let lesser = max.http.post("/v1/roles", role(json!(["conversations.read"]), "own")).await.ok();
    let email = || format!("{}@mail.test", fresh().simple());
    denied(&max.http.post("/v1/invitations", json!({ "email": email(), "role": "agent" })).await);
    max.http.post("/v1/invitations", json!({ "email": email(), "custom_role_id": lesser["id"] })).await.ok();
    // Not themselves, and nobody who has more.
    let change = async |whom: &Agent, body: Value| max.http.patch(&format!("/v1/agents/{}", whom.id), body).await;
    denied(&change(&max, json!({ "role": "admin" })).await);
    denied(&change(&ada, json!({ "disabled": true })).await);
    denied(&change(&bo, json!({ "custom_role_id": lesser["id"] })).await);
    let own = max.http.get("/v1/auth/me").await.ok()["agent"]["custom_role"]["id"].as_str().unwrap().to_owned();
    denied(&max.http.put(&format!("/v1/roles/{own}"), role(json!(Permission::ALL), "all")).await);
    let key = json!({ "name": "x", "scopes": ["audit.read"] });
    denied(&max.http.post("/v1/api-keys", key).await);

    // What reaches everything is not for whoever sees little, and what is held or offered does not go away.
    for wide in ["conversations.supervise", "routing.manage", "audit.read", "data.manage"] {
        let wide = role(json!([wide]), "teams");
        shop.owner.http.post("/v1/roles", wide).await.refused(422, "validation_failed");
    }
    shop.owner.http.delete(&format!("/v1/roles/{own}")).await.refused(409, "role_in_use");
    let offered = format!("/v1/roles/{}", lesser["id"].as_str().unwrap());
    shop.owner.http.delete(&offered).await.refused(409, "role_in_use");
    let twice = json!({ "role": "agent", "custom_role_id": own });
    shop.owner.http.patch(&format!("/v1/agents/{}", bo.id), twice).await.refused(422, "validation_failed");
    let back = shop.owner.http.patch(&format!("/v1/agents/{}", max.id), json!({ "role": "agent" })).await.ok();
    assert_eq!(
        (&back["role"], &back["custom_role"], &back["visibility"]),
        (&json!("agent"), &Value::Null, &json!("all"))
    );
    assert_eq!(shop.owner.http.delete(&format!("/v1/roles/{own}")).await.status, 204);
    let audit = shop.owner.http.get("/v1/audit-log?limit=100").await.ok().to_string();
    for action in ["role.created", "role.removed", "agent.updated"] {
        assert!(audit.contains(action), "{action} is not on record");
    }
}

#[tokio::test]
async fn a_key_sees_no_more_than_its_maker() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let rights = json!(["api_keys.manage", "conversations.read", "contacts.read"]);
    let tia = shop.holder("Tia", rights, "teams").await;
    let sales = team(&shop, "Sales", &[&tia]).await;
    let (_, seen) = writes_in(&shop, "Ana", Some(&sales)).await;
    writes_in(&shop, "Zoe", None).await;
    let key = tia.http.post("/v1/api-keys", json!({ "name": "x", "scopes": ["conversations.read"] })).await.ok();
    let program = shop.stranger().with(key["secret"].as_str().unwrap());
    let page = program.get("/v1/conversations").await.ok();
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    assert_eq!(page["data"][0]["id"], seen.as_str());
}

#[tokio::test]
async fn the_company_always_has_one_owner_and_anybody_else_may_leave() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let mut bo = shop.agent("Bo").await;
    let ada = shop.colleague("Ada", Role::Admin).await;
    let leave = json!({ "password": PASSWORD });
    shop.owner.http.post("/v1/agents/me/leave", leave.clone()).await.refused(409, "owner_cannot_leave");
    let to = |password: &str, whom: &str| json!({ "agent_id": whom, "password": password });
    ada.http.put("/v1/account/owner", to(PASSWORD, &ada.id)).await.refused(403, "permission_denied");
    let wrong = shop.owner.http.put("/v1/account/owner", to("something else", &ada.id)).await;
    wrong.refused(422, "validation_failed");
    assert_eq!(wrong.json()["errors"][0]["code"], "password_wrong");
    let nobody = format!("agent_{}", infra::ids::encode(fresh()));
    shop.owner.http.put("/v1/account/owner", to(PASSWORD, &nobody)).await.refused(404, "not_found");
    shop.owner.http.put("/v1/account/owner", to(PASSWORD, &ada.id)).await.ok();
    let role_of = async |whose: &Agent| whose.http.get("/v1/auth/me").await.ok()["agent"]["role"].clone();
    assert_eq!((role_of(&ada).await, role_of(&shop.owner).await), (json!("owner"), json!("admin")));
    shop.owner.http.put("/v1/account/owner", to(PASSWORD, &bo.id)).await.refused(403, "permission_denied");

    let (_, chat) = writes_in(&shop, "Ana", None).await;
    bo.is_given(&chat).await;
    bo.http.post("/v1/agents/me/leave", json!({ "password": "wrong" })).await.refused(422, "validation_failed");
    assert_eq!(bo.http.post("/v1/agents/me/leave", leave).await.status, 204);
    assert_eq!(bo.socket().closed_within(SOON).await, Some(4003));
    bo.http.get("/v1/auth/me").await.refused(401, "token_invalid");
    assert_eq!(ada.reads(&chat).await["assignee_id"], Value::Null, "what he had waits for others");
    bo.leaves();
}
