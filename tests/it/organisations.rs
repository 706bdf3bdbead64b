//! Groups of companies: managed together, with figures of all, and no look into any.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tenant::Role;
use tests::{PASSWORD, Shop, TestApp};

async fn group(shop: &Shop) -> String {
    let made = shop.owner.http.post("/v1/organisations", json!({ "name": shop.says("House") })).await.ok();
    format!("/v1/organisations/{}", made["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_group_sees_the_figures_of_its_companies_and_not_a_word_of_them() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let path = group(&shop).await;
    let http = &shop.owner.http;
    let brand =
        http.post(&format!("{path}/accounts"), json!({ "company": shop.says("Cups"), "locale": "en" })).await.ok();
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    let bo = shop.agent("Bo").await;
    bo.is_given(&ana.chat()).await;
    bo.resolves(&ana.chat()).await;
    let rating = json!({ "rating": 4 });
    ana.http.post(&format!("/v1/widget/conversations/{}/survey", ana.chat()), rating).await.ok();
    shop.visitor("Bea").await.writes("Anybody?").await;

    let view = http.get(&format!("{path}/overview")).await.ok();
    let (tea, cups) = (&view["accounts"][0], &view["accounts"][1]);
    assert_eq!((tea["id"].as_str().unwrap(), &cups["id"]), (shop.id.as_str(), &brand["id"]));
    assert_eq!(tea["figures"]["conversations"], 2);
    assert_eq!((&tea["figures"]["open"], &tea["figures"]["agents_online"]), (&json!(1), &json!(1)));
    assert_eq!((&tea["figures"]["rating_average"], &tea["figures"]["agents"]), (&json!(4.0), &json!(2)));
    assert_eq!((&cups["figures"]["conversations"], &cups["figures"]["agents"]), (&json!(0), &json!(1)));
    assert_eq!((&view["total"]["conversations"], &view["total"]["agents"]), (&json!(2), &json!(3)));
    assert!(!view.to_string().contains("Hello"));

    // The brand is a company of its own, with its own door, and its maker owns it.
    let session = http.post("/v1/auth/switch", json!({ "account_id": brand["id"] })).await.ok();
    let there = shop.stranger().with(session["access_token"].as_str().unwrap());
    assert_eq!(there.get("/v1/conversations").await.ok()["data"], json!([]));
    assert_eq!(session["me"]["agent"]["role"], "owner");
    let audit = there.get("/v1/audit-log").await.ok().to_string();
    assert!(audit.contains("organisation.joined"));
}

#[tokio::test]
async fn who_manages_a_group_is_decided_with_fresh_proof_and_on_record_in_each_of_its_companies() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let path = group(&shop).await;
    let http = &shop.owner.http;
    let brand =
        http.post(&format!("{path}/accounts"), json!({ "company": shop.says("Cups"), "locale": "en" })).await.ok();
    let bo = shop.colleague("Bo", Role::Agent).await;
    let admins = format!("{path}/admins");
    let email = json!({ "email": bo.email });
    http.patch(&path, json!({ "name": shop.says("Home") })).await.ok();
    let admin = http.post(&admins, email.clone()).await.ok();
    http.post(&admins, email.clone()).await.ok();
    let gone = format!("{admins}/{}", admin["user_id"].as_str().unwrap());
    assert_eq!(http.delete(&gone).await.status, 204);

    let session = http.post("/v1/auth/switch", json!({ "account_id": brand["id"] })).await.ok();
    let there = http.with(session["access_token"].as_str().unwrap());
    for company in [http, &there] {
        let log = company.get("/v1/audit-log?action=organisation").await.ok()["data"].clone();
        let actions: Vec<_> =
            log.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect();
        let told = ["admin_removed", "admin_added", "renamed", "joined"].map(|what| format!("organisation.{what}"));
        assert_eq!(actions, told, "each once: who was an admin already is not made one");
        assert_eq!((&log[0]["detail"]["email"], &log[1]["detail"]["email"]), (&json!(bo.email), &json!(bo.email)));
    }

    app.clock().advance(TimeDelta::minutes(11));
    http.patch(&path, json!({ "name": shop.says("House") })).await.refused(403, "reauthentication_required");
    http.post(&admins, email).await.refused(403, "reauthentication_required");
    http.delete(&gone).await.refused(403, "reauthentication_required");
}

/// Another company whose owner speaks the same words, so that a group may read its name.
async fn neighbour(shop: &Shop, name: &str) -> (tests::Http, String) {
    let email = format!("{}@mail.test", tests::fresh().simple());
    let ask = json!({ "company": shop.says(name), "email": email, "password": PASSWORD, "name": shop.says("Nea") });
    let session = shop.stranger().post("/v1/signup", ask).await.ok();
    let http = shop.stranger().with(session["access_token"].as_str().unwrap());
    (http, session["me"]["account"]["id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_company_goes_into_a_group_and_out_of_it_only_when_both_want_it() {
    let app = TestApp::start().await;
    let house = app.shop("House").await;
    let (tea, tea_id) = neighbour(&house, "Tea").await;
    let path = group(&house).await;
    let manager = &house.owner.http;
    let answer = json!({ "accept": true });
    let moves = format!("{path}/moves");
    let of_tea = format!("{moves}/{tea_id}");
    // Nobody is taken without being asked.
    manager.put(&of_tea, answer.clone()).await.refused(409, "move_not_asked");
    let out = json!({ "account_id": tea_id, "direction": "leave" });
    manager.post(&moves, out).await.refused(409, "organisation_differs");
    let ask = json!({ "account_id": tea_id, "direction": "join" });
    assert_eq!(manager.post(&moves, ask).await.status, 204);
    // Who has asked does not answer.
    manager.put(&of_tea, answer.clone()).await.refused(409, "move_not_asked");
    let inside = async || manager.get(&path).await.ok()["accounts"].to_string().contains(&tea_id);
    assert!(!inside().await);
    let pending = tea.get("/v1/account/organisation").await.ok();
    assert_eq!((&pending["pending"]["direction"], &pending["organisation"]), (&json!("join"), &Value::Null));
    let id = path.rsplit('/').next().unwrap();
    let yes = json!({ "organisation_id": id, "accept": true });
    assert_eq!(tea.put("/v1/account/organisation/moves", yes.clone()).await.status, 204);
    assert!(inside().await);
    tea.put("/v1/account/organisation/moves", yes).await.refused(409, "move_not_asked");
    assert_eq!(tea.get("/v1/account/organisation").await.ok()["organisation"]["id"], id);
    // Its owner does not manage the group for being in it.
    tea.get(&path).await.refused(404, "organisation_unknown");
    tea.get(&format!("{path}/overview")).await.refused(404, "organisation_unknown");
    // Out again, asked by the company this time. A group it is not in is none.
    let (other, _) = neighbour(&house, "Other").await;
    let leave = json!({ "organisation_id": id, "direction": "leave" });
    other.post("/v1/account/organisation/moves", leave.clone()).await.refused(404, "organisation_unknown");
    assert_eq!(tea.post("/v1/account/organisation/moves", leave).await.status, 204);
    assert_eq!(manager.put(&of_tea, answer).await.status, 204);
    assert_eq!(tea.get("/v1/account/organisation").await.ok()["organisation"], Value::Null);
    assert!(!inside().await);
}

#[tokio::test]
async fn whoever_manages_a_group_hands_out_roles_in_its_companies() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let path = group(&shop).await;
    let http = &shop.owner.http;
    let brand =
        http.post(&format!("{path}/accounts"), json!({ "company": shop.says("Cups"), "locale": "en" })).await.ok();
    let members = format!("{path}/accounts/{}/members", brand["id"].as_str().unwrap());
    let bo = shop.colleague("Bo", Role::Agent).await;
    bo.http.get(&path).await.refused(404, "organisation_unknown");
    let given = http.put(&members, json!({ "email": bo.email, "role": "supervisor" })).await.ok();
    assert_eq!(given["is_member"], false, "a stranger to the brand is asked first");
    let letter = app.mail().letter(&bo.email, "Cups").await;
    let accept = format!("/v1/invitations/by-token/{}/accept", letter.token());
    shop.stranger().post(&accept, json!({ "password": PASSWORD })).await.ok();
    let given = http.put(&members, json!({ "email": bo.email, "role": "agent" })).await.ok();
    assert_eq!(given["is_member"], true);
    let listed = http.get(&members).await.ok();
    let roles: Vec<_> = listed["data"].as_array().unwrap().iter().map(|one| one["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["owner", "agent"]);
    http.put(&members, json!({ "email": shop.owner.email, "role": "agent" })).await.refused(403, "permission_denied");
    // Managing is passed on, and never given up by the last.
    let admin = http.post(&format!("{path}/admins"), json!({ "email": bo.email })).await.ok();
    bo.http.get(&path).await.ok();
    let stranger = json!({ "email": "nobody@mail.test" });
    http.post(&format!("{path}/admins"), stranger).await.refused(404, "not_in_organisation");
    let gone = format!("{path}/admins/{}", admin["user_id"].as_str().unwrap());
    assert_eq!(http.delete(&gone).await.status, 204);
    bo.http.get(&path).await.refused(404, "organisation_unknown");
    let last = http.get(&path).await.ok()["admins"][0]["user_id"].as_str().unwrap().to_owned();
    http.delete(&format!("{path}/admins/{last}")).await.refused(409, "last_group_admin");
}
