//! Teams as directories push them: what Okta and Entra send, what becomes of it in the portal, and who sees something else then.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use tenant::{Permissions, Role};
use tests::{Http, Reply, Shop, TestApp};

use crate::directories::{reads, told};
use crate::sso::directory;

const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

async fn groups(http: &Http, method: &str, path: &str, body: Value) -> Reply {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    http.raw(method, &format!("/v1/scim/v2/Groups{path}"), body, &[("content-type", "application/scim+json")]).await
}

async fn patch(http: &Http, team: &str, operations: Value) -> Reply {
    groups(http, "PATCH", &format!("/{team}"), json!({ "schemas": [PATCH], "Operations": operations })).await
}

fn person(id: &str) -> Value {
    json!({ "value": id, "type": "User" })
}

/// Who is in a team, as a directory reads it.
fn members(group: &Value) -> Vec<&str> {
    group["members"].as_array().unwrap().iter().map(|one| one["value"].as_str().unwrap()).collect()
}

/// The address of a list that looks for a name.
fn named(name: &str) -> String {
    let mut address = "?excludedAttributes=members&filter=displayName%20eq%20%22".to_owned();
    for byte in name.bytes() {
        write!(address, "%{byte:02x}").unwrap();
    }
    address + "%22"
}

/// What is on record of a team, oldest first.
async fn deeds(shop: &Shop, team: &str) -> Vec<(String, Value)> {
    let log = shop.owner.http.get(&format!("/v1/audit-log?target={team}&limit=100")).await.ok();
    let mut entries = log["data"].as_array().unwrap().clone();
    // What was done at one instant is in order by its number alone.
    entries.sort_by_key(|one| one["number"].as_i64());
    entries.iter().map(|one| (one["action"].as_str().unwrap().to_owned(), one["actor"]["kind"].clone())).collect()
}

#[tokio::test]
async fn a_directory_makes_a_team_says_who_is_in_it_and_takes_it_away() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = directory(&shop).await;
    let (bo, cy) = (shop.colleague("Bo", Role::Agent).await, shop.colleague("Cy", Role::Agent).await);
    let sales = shop.says("Sales");
    let new = json!({ "schemas": [GROUP], "displayName": sales, "externalId": "g-1", "members": [person(&bo.id)] });
    let made = groups(&http, "POST", "", new).await;
    assert_eq!((made.status, made.header("content-type")), (201, Some("application/scim+json")), "{}", made.text);
    let made = made.json();
    let team = made["id"].as_str().unwrap();
    assert_eq!((&made["members"][0]["display"], members(&made)), (&json!(bo.name), vec![bo.id.as_str()]));
    let portal = async || shop.owner.http.get(&format!("/v1/teams/{team}")).await.ok();
    let is = portal().await;
    assert_eq!((&is["name"], &is["agent_ids"]), (&json!(sales), &json!([bo.id])));
    assert_eq!((&is["brand_id"], &is["public"]), (&Value::Null, &json!(false)));
    let twice = groups(&http, "POST", "", json!({ "displayName": sales.to_uppercase() })).await;
    twice.refused(409, "name_taken");
    assert_eq!(reads(&twice), told("409", "uniqueness"));

    let found = groups(&http, "GET", &named(&sales.to_lowercase()), Value::Null).await.ok();
    assert_eq!((&found["totalResults"], &found["Resources"][0]["id"]), (&json!(1), &json!(team)));
    assert_eq!(found["Resources"][0]["members"], Value::Null, "Entra leaves them out");
    assert_eq!(groups(&http, "GET", &named("Nothing"), Value::Null).await.ok()["totalResults"], 0);
    let whole = groups(&http, "GET", &format!("/{team}"), Value::Null).await.ok();
    assert_eq!(whole, made);
    let bare = groups(&http, "GET", &format!("/{team}?excludedAttributes=members"), Value::Null).await.ok();
    assert_eq!((&bare["displayName"], &bare["members"]), (&json!(sales), &Value::Null));

    // Entra.
    let now = patch(&http, team, json!([{ "op": "Add", "path": "members", "value": [person(&cy.id)] }])).await.ok();
    assert_eq!(members(&now).len(), 2);
    let now = patch(&http, team, json!([{ "op": "Remove", "path": "members", "value": [person(&bo.id)] }])).await.ok();
    assert_eq!(members(&now), [cy.id.as_str()]);
    // What the portal says of the team beside that stays.
    let settings = json!({ "name": sales, "description": shop.says("Before you buy"), "public": true, "position": 3 });
    shop.owner.http.put(&format!("/v1/teams/{team}"), settings).await.ok();
    // Okta.
    let whole = json!([{ "op": "replace", "value": { "id": team, "displayName": shop.says("Shop") } }]);
    assert_eq!(patch(&http, team, whole).await.ok()["displayName"], shop.says("Shop"));
    let is = portal().await;
    assert_eq!((&is["name"], &is["public"], &is["position"]), (&json!(shop.says("Shop")), &json!(true), &json!(3)));
    let one = format!("members[value eq \"{}\"]", cy.id);
    let now = patch(&http, team, json!([{ "op": "remove", "path": one }])).await.ok();
    assert_eq!(members(&now), [] as [&str; 0]);
    let put = json!({ "displayName": shop.says("Shop"), "members": [person(&cy.id), person(&bo.id), person(&cy.id)] });
    assert_eq!(members(&groups(&http, "PUT", &format!("/{team}"), put).await.ok()).len(), 2);
    let put = json!({ "displayName": shop.says("Sales again") });
    let now = groups(&http, "PUT", &format!("/{team}"), put.clone()).await.ok();
    assert_eq!((&now["displayName"], members(&now).len()), (&json!(shop.says("Sales again")), 2));
    groups(&http, "PUT", &format!("/{team}"), put).await.ok();

    let inbox = format!("/v1/inboxes/{}", shop.inbox["id"].as_str().unwrap());
    shop.owner.http.patch(&inbox, json!({ "team_id": team })).await.ok();
    groups(&http, "DELETE", &format!("/{team}"), Value::Null).await.refused(409, "team_in_use");
    shop.owner.http.patch(&inbox, json!({ "team_id": null })).await.ok();
    assert_eq!(groups(&http, "DELETE", &format!("/{team}"), Value::Null).await.status, 204);
    let gone = groups(&http, "GET", &format!("/{team}"), Value::Null).await;
    gone.refused(404, "team_unknown");
    assert_eq!(reads(&gone), told("404", ""));

    let by = |kind: &str, action: &str| (format!("team.{action}"), json!(kind));
    let changed = || by("api_key", "members_changed");
    let wanted = [
        by("api_key", "created"),
        changed(),
        changed(),
        changed(),
        by("agent", "updated"),
        by("api_key", "updated"),
        changed(),
        changed(),
        by("api_key", "updated"),
        by("api_key", "removed"),
    ];
    assert_eq!(deeds(&shop, team).await, wanted, "what changed nothing is not on record");
}

#[tokio::test]
async fn a_directory_finds_a_team_by_its_own_id_and_no_two_have_the_same() {
    let app = TestApp::start().await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let http = directory(&shop).await;
    let team = |name: &str, id: &str| json!({ "displayName": shop.says(name), "externalId": id });
    let found = async |id: &str| {
        let list = groups(&http, "GET", &format!("?filter=externalId%20eq%20%22{id}%22"), Value::Null).await.ok();
        list["Resources"].as_array().unwrap().iter().map(|one| one["displayName"].clone()).collect::<Vec<_>>()
    };
    let made = groups(&http, "POST", "", team("Sales", "Group-7")).await;
    assert_eq!((made.status, &made.json()["externalId"]), (201, &json!("Group-7")), "{}", made.text);
    let sales = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(found("Group-7").await, [json!(shop.says("Sales"))]);
    assert_eq!(found("group-7").await, [] as [Value; 0], "capitals matter");
    assert_eq!(found("Sales").await, [] as [Value; 0]);

    // Nothing is made that the directory cannot tell from another.
    let twice = groups(&http, "POST", "", team("Support", "Group-7")).await;
    twice.refused(409, "external_id_taken");
    assert_eq!(reads(&twice), told("409", "uniqueness"));
    assert_eq!(shop.owner.http.get("/v1/teams").await.ok()["data"].as_array().unwrap().len(), 1);
    let support = groups(&http, "POST", "", json!({ "displayName": shop.says("Support") })).await.ok();
    assert_eq!(support["externalId"], Value::Null);
    let support = support["id"].as_str().unwrap();
    let taken = json!([{ "op": "Add", "path": "externalId", "value": "Group-7" }]);
    patch(&http, support, taken.clone()).await.refused(409, "external_id_taken");
    let one = format!("/{support}");
    groups(&http, "PUT", &one, team("Support", "Group-7")).await.refused(409, "external_id_taken");
    assert_eq!(groups(&http, "PUT", &one, team("Support", "Group-8")).await.ok()["externalId"], "Group-8");
    let unnamed = json!({ "displayName": shop.says("Support") });
    assert_eq!(groups(&http, "PUT", &one, unnamed).await.ok()["externalId"], "Group-8", "what is not named stays");
    let settings = json!({ "name": shop.says("Support"), "public": true });
    shop.owner.http.put(&format!("/v1/teams/{support}"), settings).await.ok();
    let still = groups(&http, "GET", &one, Value::Null).await.ok();
    assert_eq!(still["externalId"], "Group-8", "the portal leaves it alone");
    let log = shop.owner.http.get(&format!("/v1/audit-log?target={support}&limit=100")).await.ok();
    let noted = log["data"].as_array().unwrap().iter().filter(|entry| entry["detail"]["external_id"] == "Group-8");
    assert_eq!(noted.count(), 1, "{log}");

    // Given up by one, it is free for another.
    let gone = patch(&http, &sales, json!([{ "op": "Remove", "path": "externalId" }])).await.ok();
    assert_eq!(gone["externalId"], Value::Null);
    assert_eq!(patch(&http, support, taken).await.ok()["externalId"], "Group-7");
    assert_eq!(found("Group-7").await, [json!(shop.says("Support"))]);
    let endless = json!([{ "op": "replace", "value": { "externalId": "x".repeat(256) } }]);
    assert_eq!(reads(&patch(&http, support, endless).await), told("422", "invalidValue"));

    // Another company's directory has ids of its own.
    let elsewhere = directory(&other).await;
    let same = json!({ "displayName": other.says("Sales"), "externalId": "Group-7" });
    assert_eq!(groups(&elsewhere, "POST", "", same).await.ok()["externalId"], "Group-7");
    assert_eq!(found("Group-7").await, [json!(shop.says("Support"))]);
}

#[tokio::test]
async fn whoever_a_directory_takes_out_of_a_team_sees_what_it_has_no_longer() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = directory(&shop).await;
    let mut tia = shop.holder("Tia", json!(Permissions::of(Role::Agent)), "teams").await;
    tia.chooses("away").await;
    let made = groups(&http, "POST", "", json!({ "displayName": shop.says("Sales") })).await.ok();
    let team = made["id"].as_str().unwrap();
    let ana = shop.visitor("Ana").await;
    ana.writes("Good day").await;
    let chat = ana.chat();
    let to = json!({ "to": { "kind": "team", "team_id": team } });
    shop.owner.http.post(&format!("/v1/conversations/{chat}/transfer"), to).await.ok();
    let path = format!("/v1/conversations/{chat}");
    tia.http.get(&path).await.refused(404, "conversation_unknown");

    tia.connects().await;
    patch(&http, team, json!([{ "op": "add", "path": "members", "value": [person(&tia.id)] }])).await.ok();
    assert_eq!(tia.socket().closed_within(Duration::from_secs(2)).await, Some(1012), "come again, and look anew");
    tia.http.get(&path).await.ok();
    tia.connects().await;
    ana.writes("Anybody there?").await;
    tia.sees(&chat, "Anybody there?").await;

    patch(&http, team, json!([{ "op": "remove", "path": "members", "value": [person(&tia.id)] }])).await.ok();
    assert_eq!(tia.socket().closed_within(Duration::from_secs(2)).await, Some(1012));
    tia.http.get(&path).await.refused(404, "conversation_unknown");
}

#[tokio::test]
async fn a_directory_reaches_nobody_and_nothing_of_another_company() {
    let app = TestApp::start().await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let http = directory(&shop).await;
    let bo = shop.colleague("Bo", Role::Agent).await;
    let made =
        groups(&http, "POST", "", json!({ "displayName": shop.says("Sales"), "members": [person(&bo.id)] })).await;
    let made = made.ok();
    let team = made["id"].as_str().unwrap();
    let before = shop.owner.http.get("/v1/teams").await.ok();

    for stranger in [other.owner.id.as_str(), "agent_01h455vb4pex5vsknk084sn02q", "somebody"] {
        let both = json!([person(&bo.id), person(stranger)]);
        let body = json!({ "displayName": shop.says("Others"), "members": both });
        for refused in [
            groups(&http, "POST", "", body.clone()).await,
            groups(&http, "PUT", &format!("/{team}"), body).await,
            patch(&http, team, json!([{ "op": "add", "path": "members", "value": both }])).await,
            patch(&http, team, json!([{ "op": "replace", "value": { "members": both } }])).await,
        ] {
            refused.refused(400, "member_unknown");
            assert_eq!(reads(&refused), told("400", "invalidValue"));
        }
    }
    let theirs = directory(&other).await;
    let one = format!("/{team}");
    let body = json!({ "displayName": other.says("Mine") });
    groups(&theirs, "GET", &one, Value::Null).await.refused(404, "team_unknown");
    groups(&theirs, "PUT", &one, body).await.refused(404, "team_unknown");
    patch(&theirs, team, json!([{ "op": "remove", "path": "members" }])).await.refused(404, "team_unknown");
    groups(&theirs, "DELETE", &one, Value::Null).await.refused(404, "team_unknown");
    assert_eq!(groups(&theirs, "GET", "", Value::Null).await.ok()["totalResults"], 0);

    // Nor does anybody widen what they see, by way of a key of theirs.
    let tia = shop.holder("Tia", json!(["api_keys.manage", "scim"]), "teams").await;
    let key = tia.http.post("/v1/api-keys", json!({ "name": "x", "scopes": ["scim"] })).await.ok();
    let narrow = shop.stranger().with(key["secret"].as_str().unwrap());
    groups(&narrow, "GET", "", Value::Null).await.ok();
    let herself = json!([{ "op": "add", "path": "members", "value": [person(&tia.id)] }]);
    patch(&narrow, team, herself).await.refused(403, "permission_denied");
    groups(&narrow, "DELETE", &one, Value::Null).await.refused(403, "permission_denied");
    assert_eq!(shop.owner.http.get("/v1/teams").await.ok(), before, "nothing has changed");
}
