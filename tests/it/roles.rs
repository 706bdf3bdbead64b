//! Who may do what: the whole table, tried for real and compared with `roles.txt`, which is reviewed like code.
//!
//! `UPDATE_ROLES=1 cargo nextest run -p tests roles` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;
use tenant::{Permission, Permissions, Role};
use tests::{Http, TestApp};

use crate::probes::{Door, Things, without_limits};

const HEAD: &str = "\
# What each caller is answered to a good request for every operation: 2xx is yes, 401 not known, 403 known and not allowed,
# 404 not for them to know of. `full key` has every scope, `reader key` only conversations.read. `teams role` has the rights of an
# agent and sees only what its teams have, which is nothing here; `reader role` sees all and may only read. What ends the caller's
# own place is asked for with a wrong password: 422 for whom it would be done. Written by `roles.rs`.
";

#[tokio::test]
async fn every_role_may_do_what_the_table_says() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    without_limits(&shop).await;
    let key = async |scopes: serde_json::Value| {
        let made = shop.owner.http.post("/v1/api-keys", json!({ "name": "A program", "scopes": scopes })).await.ok();
        shop.stranger().with(made["secret"].as_str().unwrap())
    };
    let admin = shop.colleague("Ada", Role::Admin).await;
    let supervisor = shop.colleague("Sue", Role::Supervisor).await;
    let agent = shop.colleague("Bo", Role::Agent).await;
    let hands = Permissions::of(Role::Agent);
    let teams_role = shop.holder("Tia", json!(hands), "teams").await;
    let reader_role = shop.holder("Rea", json!(["conversations.read", "surveys.read"]), "all").await;
    let members: [(&str, Http); 8] = [
        ("owner", shop.owner.http.with(&shop.owner.http.token())),
        ("admin", admin.http),
        ("supervisor", supervisor.http),
        ("agent", agent.http),
        ("teams role", teams_role.http),
        ("reader role", reader_role.http),
        ("full key", key(json!(Permission::ALL)).await),
        ("reader key", key(json!(["conversations.read"])).await),
    ];

    let mut columns: Vec<(&str, Vec<(String, String)>)> = Vec::new();
    for (who, http) in &members {
        // Fresh things for each caller: one revokes what the next could not revoke again.
        let things = Things::of(&shop).await;
        columns.push((who, answers(&things, http).await));
    }
    let things = Things::of(&shop).await;
    columns.push(("visitor", answers(&things, &things.visitor.http).await));
    columns.push(("nobody", answers(&things, &shop.stranger()).await));

    let mut table = format!("{HEAD}{:<62}", "");
    for (who, _) in &columns {
        write!(table, "{who:>12}").unwrap();
    }
    for (row, (operation, _)) in columns[0].1.iter().enumerate() {
        write!(table, "\n{operation:<62}").unwrap();
        for (_, answers) in &columns {
            write!(table, "{:>12}", answers[row].1).unwrap();
        }
    }
    table.push('\n');

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/roles.txt");
    if std::env::var_os("UPDATE_ROLES").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    for (line, (was, is)) in committed.lines().zip(table.lines()).enumerate() {
        assert_eq!(is, was, "line {} of roles.txt; if this is meant: UPDATE_ROLES=1", line + 1);
    }
    assert_eq!(committed.lines().count(), table.lines().count(), "operations came or went; UPDATE_ROLES=1");
}

async fn answers(things: &Things, http: &Http) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for probe in things.probes() {
        let answer = match probe.door {
            Door::Public => "public".to_owned(),
            Door::Member | Door::Visitor => probe.send(http).await.status.to_string(),
        };
        all.push((probe.operation, answer));
    }
    all
}

#[tokio::test]
async fn each_field_of_a_colleague_is_changed_only_by_whom_it_is_for() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let admin = shop.colleague("Ada", Role::Admin).await;
    let bo = shop.colleague("Bo", Role::Agent).await;
    let path = |id: &str| format!("/v1/agents/{id}");

    for change in [
        json!({ "role": "admin" }),
        json!({ "capacity": 90 }),
        json!({ "disabled": true }),
        json!({ "name": "X", "role": "owner" }),
    ] {
        bo.http.patch(&path(&bo.id), change.clone()).await.refused(403, "permission_denied");
        bo.http.patch(&path(&admin.id), change).await.refused(403, "permission_denied");
    }
    bo.http.patch(&path(&admin.id), json!({ "name": shop.says("Not Ada") })).await.refused(403, "permission_denied");
    let renamed = bo.http.patch(&path(&bo.id), json!({ "name": shop.says("Bob") })).await.ok();
    assert_eq!(renamed["name"], shop.says("Bob"), "one's own name is one's own");

    for (by, whom, change) in [
        (&admin.http, &admin.id, json!({ "role": "agent" })),
        (&admin.http, &admin.id, json!({ "disabled": true })),
        (&admin.http, &shop.owner.id, json!({ "role": "agent" })),
        (&admin.http, &shop.owner.id, json!({ "disabled": true })),
        (&admin.http, &bo.id, json!({ "role": "owner" })),
        (&shop.owner.http, &shop.owner.id, json!({ "disabled": true })),
        (&shop.owner.http, &shop.owner.id, json!({ "role": "admin" })),
    ] {
        by.patch(&path(whom), change).await.refused(403, "permission_denied");
    }
    let agents = shop.owner.http.get("/v1/agents").await.ok();
    let roles: Vec<&str> =
        agents["data"].as_array().unwrap().iter().map(|agent| agent["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["owner", "admin", "agent"]);
    for unknown in ["tenant_id", "account_id", "id", "created_at", "email", "is_verified", "seq", "plan"] {
        shop.owner.http.patch(&path(&bo.id), json!({ unknown: "x" })).await.refused(422, "body_fields_invalid");
        shop.owner.http.patch("/v1/account", json!({ unknown: "x" })).await.refused(422, "body_fields_invalid");
    }
}

#[tokio::test]
async fn a_key_never_outranks_or_outlives_its_maker() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let admin = shop.colleague("Ada", Role::Admin).await;
    let wanted = json!({ "name": "All of it", "scopes": ["conversations.read", "audit.read"] });
    let made = admin.http.post("/v1/api-keys", wanted).await.ok();
    let program = shop.stranger().with(made["secret"].as_str().unwrap());
    program.get("/v1/audit-log").await.ok();
    program.get("/v1/contacts").await.refused(403, "permission_denied");
    program
        .post("/v1/api-keys", json!({ "name": "child", "scopes": ["audit.read"] }))
        .await
        .refused(403, "permission_denied");
    let listed = shop.owner.http.get("/v1/api-keys").await;
    assert!(!listed.text.contains(made["secret"].as_str().unwrap()), "a secret is shown once");

    shop.owner.http.patch(&format!("/v1/agents/{}", admin.id), json!({ "role": "agent" })).await.ok();
    program.get("/v1/audit-log").await.refused(403, "permission_denied");
    program.get("/v1/conversations").await.ok();

    let unknown = json!({ "name": "x", "scopes": ["everything"] });
    shop.owner.http.post("/v1/api-keys", unknown).await.refused(422, "body_fields_invalid");
    shop.owner.http.post("/v1/api-keys", json!({ "name": "x", "scopes": [] })).await.refused(422, "validation_failed");

    shop.owner.http.patch(&format!("/v1/agents/{}", admin.id), json!({ "disabled": true })).await.ok();
    program.get("/v1/conversations").await.refused(401, "token_invalid");

    let own =
        shop.owner.http.post("/v1/api-keys", json!({ "name": "Own", "scopes": ["conversations.read"] })).await.ok();
    let program = shop.stranger().with(own["secret"].as_str().unwrap());
    program.get("/v1/conversations").await.ok();
    shop.owner.http.delete(&format!("/v1/api-keys/{}", own["id"].as_str().unwrap())).await.ok();
    program.get("/v1/conversations").await.refused(401, "token_invalid");
}
