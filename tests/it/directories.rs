//! Directories as they really speak: what Okta and Entra send, each in its own form, and what they read in an answer.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{Reply, eventually};

use crate::sso::{Company, directory, scim};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// An error as a directory reads it: its status, as a text, and the standard's word for it.
pub(crate) fn reads(reply: &Reply) -> (String, String) {
    let error = reply.json();
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    (text("status"), text("scimType"))
}

pub(crate) fn told(status: &str, word: &str) -> (String, String) {
    (status.to_owned(), word.to_owned())
}

fn path_of(made: &Value) -> String {
    format!("/{}", made["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_directory_finds_out_what_there_is() {
    let company = Company::open().await;
    let http = directory(&company.shop).await;
    let provider = http.get("/v1/scim/v2/ServiceProviderConfig").await.ok();
    assert_eq!((&provider["patch"]["supported"], &provider["bulk"]["supported"]), (&json!(true), &json!(false)));
    assert_eq!(provider["authenticationSchemes"][0]["type"], "oauthbearertoken");
    let kinds = http.get("/v1/scim/v2/ResourceTypes").await.ok();
    assert_eq!(
        (&kinds["Resources"][0]["endpoint"], &kinds["Resources"][0]["schema"]),
        (&json!("/Users"), &json!(USER))
    );
    assert_eq!(http.get("/v1/scim/v2/ResourceTypes/User").await.ok(), kinds["Resources"][0]);
    assert_eq!(http.get("/v1/scim/v2/ResourceTypes/Group").await.ok()["endpoint"], "/Groups");
    let schemas = http.get("/v1/scim/v2/Schemas").await;
    assert_eq!(schemas.header("content-type"), Some("application/scim+json"));
    let schema = schemas.ok()["Resources"][0].clone();
    assert_eq!(schema["id"], USER);
    let one = http.get(&format!("/v1/scim/v2/Schemas/{USER}")).await;
    assert_eq!(one.header("content-type"), Some("application/scim+json"));
    assert_eq!(one.ok(), schema);
    let teams = http.get(&format!("/v1/scim/v2/Schemas/{}", USER.replace("User", "Group"))).await.ok();
    assert_eq!((&teams["name"], &teams["attributes"][1]["name"]), (&json!("Group"), &json!("members")));
    for unknown in ["ResourceTypes/Device", "Schemas/urn:ietf:params:scim:schemas:core:2.0:Device", "Schemas/User"] {
        let nothing = http.get(&format!("/v1/scim/v2/{unknown}")).await;
        nothing.refused(404, "not_found");
        assert_eq!(reads(&nothing), told("404", ""));
    }
    let kept: Vec<&str> =
        schema["attributes"].as_array().unwrap().iter().map(|attribute| attribute["name"].as_str().unwrap()).collect();
    assert_eq!(kept, ["userName", "displayName", "name", "active", "emails", "roles"]);
}

#[tokio::test]
async fn okta_makes_somebody_says_anew_who_they_are_and_switches_them_off_and_on() {
    let company = Company::open().await;
    let shop = &company.shop;
    let http = directory(shop).await;
    let (lin, married) = (company.address("lin"), company.address("lin.li"));
    let user = |email: &str, family: &str, active: bool| {
        json!({
            "schemas": [USER], "userName": email, "name": { "givenName": shop.says("Lin"), "familyName": family },
            "emails": [{ "primary": true, "value": email, "type": "work" }], "externalId": "00u1", "locale": "en-US",
            "displayName": shop.says(&format!("Lin {family}")), "groups": [], "active": active,
        })
    };
    let ask = format!("?filter=userName%20eq%20%22{lin}%22&startIndex=1&count=100");
    assert_eq!(scim(&http, "GET", &ask, Value::Null).await.ok()["totalResults"], 0);
    let made = scim(&http, "POST", "", user(&lin, "Wu", true)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let one = path_of(&made.json());
    let twice = scim(&http, "POST", "", user(&lin, "Wu", true)).await;
    twice.refused(409, "already_member");
    assert_eq!(reads(&twice), told("409", "uniqueness"));

    let now = scim(&http, "PUT", &one, user(&married, "Li", true)).await.ok();
    assert_eq!((&now["userName"], &now["displayName"]), (&json!(married), &json!(shop.says("Lin Li"))));
    let letter = company.app.mail().letter(&lin, "has changed").await;
    assert!(letter.text.contains(&married), "{}", letter.text);
    let session = company.journey(&shop.stranger(), &married).await.ok();
    assert_eq!(format!("/{}", session["me"]["agent"]["id"].as_str().unwrap()), one, "the same person");
    let lin_inside = shop.stranger().with(session["access_token"].as_str().unwrap());
    lin_inside.get("/v1/conversations").await.ok();

    assert_eq!(scim(&http, "PUT", &one, user(&married, "Li", false)).await.ok()["active"], false);
    lin_inside.get("/v1/auth/me").await.refused(401, "token_invalid");
    let on = json!({ "schemas": [PATCH], "Operations": [{ "op": "replace", "value": { "active": true } }] });
    assert_eq!(scim(&http, "PATCH", &one, on).await.ok()["active"], true);
    company.journey(&shop.stranger(), &married).await.ok();
}

#[tokio::test]
async fn entra_names_each_attribute_in_a_path_and_writes_truth_as_a_word() {
    let company = Company::open().await;
    let shop = &company.shop;
    let http = directory(shop).await;
    let (mei, renamed) = (company.address("mei"), company.address("mei.q"));
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let new = json!({
        "schemas": [USER, enterprise], "externalId": "mei", "userName": mei, "active": true, "displayName": shop.says("Mei"),
        "emails": [{ "primary": true, "type": "work", "value": mei }], "meta": { "resourceType": "User" }, "roles": [],
        "name": { "formatted": shop.says("Mei Q"), "familyName": "Q", "givenName": shop.says("Mei") },
    });
    let made = scim(&http, "POST", "", new).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let one = path_of(&made.json());
    let session = company.journey(&shop.stranger(), &mei).await.ok();
    let mei_inside = shop.stranger().with(session["access_token"].as_str().unwrap());
    mei_inside.get("/v1/conversations").await.ok();
    let patch = async |operations: Value| {
        scim(&http, "PATCH", &one, json!({ "schemas": [PATCH], "Operations": operations })).await
    };
    let now = patch(json!([
        { "op": "Replace", "path": "displayName", "value": shop.says("Mei Qin") },
        { "op": "Replace", "path": "userName", "value": renamed },
        { "op": "Add", "path": "name.familyName", "value": "Qin" },
        { "op": "Add", "path": format!("{enterprise}:department"), "value": "Tea" },
        { "op": "Remove", "path": "title" },
    ]))
    .await
    .ok();
    assert_eq!((&now["userName"], &now["displayName"]), (&json!(renamed), &json!(shop.says("Mei Qin"))));
    mei_inside.get("/v1/auth/me").await.refused(401, "token_invalid");
    for (word, active) in [("False", false), ("True", true)] {
        let now = patch(json!([{ "op": "Replace", "path": "active", "value": word }])).await.ok();
        assert_eq!(now["active"], active);
    }
    let whole = format!("{one}?attributes=id,userName");
    assert_eq!(scim(&http, "GET", &whole, Value::Null).await.ok()["userName"], renamed.as_str());
    let whole = format!("?filter=userName%20eq%20%22{renamed}%22&excludedAttributes=emails");
    assert_eq!(scim(&http, "GET", &whole, Value::Null).await.ok()["totalResults"], 1);
}

#[tokio::test]
async fn an_address_is_changed_only_by_whoever_speaks_for_it_and_for_the_person() {
    let company = Company::open().await;
    let (shop, other) = (&company.shop, company.app.shop("Coffee").await);
    let http = directory(shop).await;
    let address = |email: &str| json!({ "userName": email });
    let (mei, lin) = (company.address("mei"), company.address("lin"));
    let one = path_of(&scim(&http, "POST", "", address(&mei)).await.ok());
    scim(&http, "POST", "", address(&lin)).await.ok();

    let elsewhere = scim(&http, "PUT", &one, address("mei@elsewhere.test")).await;
    elsewhere.refused(422, "validation_failed");
    assert_eq!(reads(&elsewhere), told("422", "invalidValue"));
    let taken = scim(&http, "PUT", &one, address(&lin)).await;
    taken.refused(409, "email_taken");
    assert_eq!(reads(&taken), told("409", "uniqueness"));
    let owner = format!("/{}", shop.owner.id);
    scim(&http, "PUT", &owner, address(&company.address("boss"))).await.refused(403, "permission_denied");
    // Whoever holds a directory's key and a mailbox does not become an admin by them.
    let role = async |role: &str| {
        shop.owner.http.patch(&format!("/v1/agents{one}"), json!({ "role": role })).await.ok();
    };
    role("admin").await;
    let above = scim(&http, "PUT", &one, address(&company.address("mei.q"))).await;
    above.refused(403, "role_above_default");
    assert_eq!(reads(&above), told("403", ""));
    role("agent").await;
    company
        .app
        .sql(&format!(
            "insert into shared.membership (id, account_id, login_id, role, created_at) \
             select gen_random_uuid(), '{}', id, 'agent', now() from shared.login where email = '{mei}'",
            other.id.parse::<tenant::AccountId>().unwrap().uuid(),
        ))
        .await;
    scim(&http, "PUT", &one, address(&company.address("mei.q"))).await.refused(409, "login_elsewhere");
    // Who is switched off there may be switched on again there, whenever that company likes.
    company
        .app
        .sql(&format!(
            "update shared.membership set disabled_at = now() where account_id = '{}' and role = 'agent'",
            other.id.parse::<tenant::AccountId>().unwrap().uuid(),
        ))
        .await;
    scim(&http, "PUT", &one, address(&company.address("mei.q"))).await.refused(409, "login_elsewhere");
    assert_eq!(scim(&http, "GET", &one, Value::Null).await.ok()["userName"], mei.as_str(), "nothing has changed");

    let unknown = scim(&http, "GET", "/nobody", Value::Null).await;
    unknown.refused(404, "not_found");
    assert_eq!(reads(&unknown), told("404", ""));
    let filter = scim(&http, "GET", "?filter=title%20eq%20%22x%22", Value::Null).await;
    filter.refused(422, "validation_failed");
    assert_eq!(reads(&filter), told("422", "invalidFilter"));
    assert_eq!(reads(&shop.stranger().get("/v1/scim/v2/Users").await), told("401", ""));
}

#[tokio::test]
async fn a_directory_finds_people_by_its_own_id_for_them_and_no_two_have_the_same() {
    let company = Company::open().await;
    let shop = &company.shop;
    let http = directory(shop).await;
    let user = |name: &str, id: &str| json!({ "userName": company.address(name), "externalId": id });
    let found = async |id: &str| {
        let list = scim(&http, "GET", &format!("?filter=externalId%20eq%20%22{id}%22"), Value::Null).await.ok();
        list["Resources"].as_array().unwrap().iter().map(|one| one["userName"].clone()).collect::<Vec<_>>()
    };
    let made = scim(&http, "POST", "", user("mei", "Object-7")).await;
    assert_eq!((made.status, &made.json()["externalId"]), (201, &json!("Object-7")), "{}", made.text);
    let mei = path_of(&made.json());
    assert_eq!(found("Object-7").await, [json!(company.address("mei"))]);
    assert_eq!(found("object-7").await, [] as [Value; 0], "capitals matter");
    assert_eq!(found(&company.address("mei")).await, [] as [Value; 0]);

    // Nobody is made whom the directory cannot tell from another.
    let twice = scim(&http, "POST", "", user("lin", "Object-7")).await;
    twice.refused(409, "external_id_taken");
    assert_eq!(reads(&twice), told("409", "uniqueness"));
    let lin = scim(&http, "POST", "", json!({ "userName": company.address("lin") })).await;
    assert_eq!((lin.status, &lin.json()["externalId"]), (201, &Value::Null), "{}", lin.text);
    let lin = path_of(&lin.json());
    let patch = async |one: &str, operation: Value| {
        scim(&http, "PATCH", one, json!({ "schemas": [PATCH], "Operations": [operation] })).await
    };
    let taken = json!({ "op": "Add", "path": "externalId", "value": "Object-7" });
    patch(&lin, taken.clone()).await.refused(409, "external_id_taken");
    scim(&http, "PUT", &lin, user("lin", "Object-7")).await.refused(409, "external_id_taken");
    assert_eq!(scim(&http, "PUT", &lin, user("lin", "Object-8")).await.ok()["externalId"], "Object-8");
    let unnamed = json!({ "userName": company.address("lin") });
    assert_eq!(scim(&http, "PUT", &lin, unnamed).await.ok()["externalId"], "Object-8", "what is not named stays");
    let log = shop.owner.http.get("/v1/audit-log?action=agent.updated&limit=1").await.ok();
    assert_eq!(log["data"][0]["detail"], json!({ "external_id": "Object-8" }));

    // Given up by one, it is free for another.
    let gone = patch(&mei, json!({ "op": "Remove", "path": "externalId" })).await.ok();
    assert_eq!(gone["externalId"], Value::Null);
    assert_eq!(patch(&lin, taken).await.ok()["externalId"], "Object-7");
    assert_eq!(found("Object-7").await, [json!(company.address("lin"))]);
    let endless = patch(&lin, json!({ "op": "replace", "value": { "externalId": "x".repeat(256) } })).await;
    assert_eq!(reads(&endless), told("422", "invalidValue"));

    // Another company's directory has ids of its own.
    let other = company.app.shop("Coffee").await;
    let elsewhere = directory(&other).await;
    let owner = format!("/{}", other.owner.id);
    let same = json!({ "Operations": [{ "op": "add", "path": "externalId", "value": "Object-7" }] });
    assert_eq!(scim(&elsewhere, "PATCH", &owner, same).await.ok()["externalId"], "Object-7");
    assert_eq!(found("Object-7").await, [json!(company.address("lin"))]);
}

#[tokio::test]
async fn a_new_address_is_on_record_once_also_where_the_log_could_not_be_written_to() {
    let company = Company::open().await;
    let (app, shop) = (&company.app, &company.shop);
    let http = directory(shop).await;
    let one = path_of(&scim(&http, "POST", "", json!({ "userName": company.address("mei") })).await.ok());
    let schema = shop.schema().await;
    let on_record = async || {
        let log = shop.owner.http.get("/v1/audit-log?action=agent.updated").await.ok();
        log["data"].as_array().unwrap().clone()
    };
    let owed = "select count(*) from shared.job where kind = 'note_deed'";
    let moves_to = async |name: &str| {
        let address = company.address(name);
        assert_eq!(scim(&http, "PUT", &one, json!({ "userName": address })).await.ok()["userName"], address);
    };

    app.sql(&format!("alter table {schema}.audit_head rename to audit_head_away")).await;
    moves_to("mei.q").await;
    assert_eq!((app.count(owed).await, on_record().await.len()), (1, 0), "it is done, and owed");
    app.sql(&format!("alter table {schema}.audit_head_away rename to audit_head")).await;
    app.clock().advance(TimeDelta::seconds(31));
    eventually("the log is paid", async || (app.count(owed).await == 0).then_some(())).await;
    let entries = on_record().await;
    let told: Vec<_> = entries.iter().map(|entry| (&entry["actor"]["kind"], &entry["detail"])).collect();
    assert_eq!(told, [(&json!("api_key"), &json!({ "email": company.address("mei.q") }))]);

    // Where nothing is in the way, it stands there at once and nothing is owed any more.
    moves_to("mei").await;
    assert_eq!((app.count(owed).await, on_record().await.len()), (0, 2));
    let integrity = shop.owner.http.get("/v1/audit-log/integrity").await.ok();
    assert_eq!(integrity["intact"], true);
}
