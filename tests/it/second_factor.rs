//! Beside the password: codes of an authenticator app, recovery codes, what a company may demand, and proof once more before any of
//! it changes.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use tenant::Role;
use tests::{Agent, Http, PASSWORD, Program, Reply, Shop, Socket, TestApp, authenticator_code};

async fn login(http: &Http, email: &str) -> Reply {
    http.nobody().post("/v1/auth/login", json!({ "email": email, "password": PASSWORD })).await
}

/// Sets an authenticator app up; gives its secret and the recovery codes.
pub(crate) async fn sets_up(app: &TestApp, http: &Http) -> (String, Vec<String>) {
    let setup = http.post("/v1/auth/totp", Value::Null).await.ok();
    let secret = setup["secret"].as_str().unwrap().to_owned();
    assert!(setup["uri"].as_str().unwrap().starts_with("otpauth://totp/Frontdesk"), "{setup}");
    let code = authenticator_code(&secret, app.clock().now());
    let done = http.post("/v1/auth/totp/confirm", json!({ "code": code })).await.ok();
    let codes = done["recovery_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned());
    (secret, codes.collect())
}

async fn answers(http: &Http, challenge: &Value, code: &str) -> Reply {
    let body = json!({ "challenge": challenge["challenge"], "code": code });
    http.nobody().post("/v1/auth/login/second-factor", body).await
}

/// Codes change every half minute: what follows is to happen within one.
fn begins_a_step(app: &TestApp) {
    let into = app.clock().now().timestamp().rem_euclid(30);
    app.clock().advance(TimeDelta::seconds(30 - into));
}

/// Ten minutes and more go by, in which the browser stays signed in.
async fn ten_minutes_later(app: &TestApp, agent: &mut Agent) {
    app.clock().advance(TimeDelta::minutes(11));
    let headers = [("cookie", agent.cookie.as_str()), ("x-frontdesk", "1")];
    let renewed = agent.http.nobody().send("POST", "/v1/auth/refresh", None, &headers).await;
    agent.http.take(renewed.ok()["access_token"].as_str().unwrap());
    agent.cookie = renewed.cookie().unwrap();
}

fn later(app: &TestApp) {
    app.clock().advance(TimeDelta::seconds(31));
}

#[tokio::test]
async fn a_code_is_asked_for_once_it_is_set_up_and_none_is_taken_twice() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    let email = &shop.owner.email;
    let elsewhere = login(http, email).await.ok();
    let elsewhere = http.with(elsewhere["access_token"].as_str().unwrap());
    begins_a_step(&app);
    let (secret, codes) = sets_up(&app, http).await;
    assert_eq!(codes.len(), 10);
    http.get("/v1/auth/me").await.ok();
    elsewhere.get("/v1/auth/me").await.refused(401, "token_invalid");
    app.mail().letter(email, "How you sign in has changed").await;

    // The code that set it up is spent.
    let first = login(http, email).await;
    assert_eq!(first.status, 202, "{}", first.text);
    assert!(first.json()["access_token"].is_null() && first.cookie().is_none(), "{}", first.text);
    let challenge = first.json();
    assert_eq!(challenge["factors"], json!({ "totp": true, "passkey": false, "recovery_code": true }));
    answers(http, &challenge, &authenticator_code(&secret, app.clock().now())).await.refused(401, "code_invalid");
    later(&app);
    let code = authenticator_code(&secret, app.clock().now());
    let typed = format!("{} {}", &code[..3], &code[3..]);
    let session = answers(http, &challenge, &typed).await.ok();
    assert_eq!(session["second_factor_due"], false);
    answers(http, &challenge, &code).await.refused(401, "challenge_over");
    let again = login(http, email).await.json();
    answers(http, &again, &code).await.refused(401, "code_invalid");

    // A recovery code stands in once, however it is typed.
    let lost = codes[0].to_uppercase().replace('-', " ");
    answers(http, &again, &lost).await.ok();
    let again = login(http, email).await.json();
    answers(http, &again, &codes[0]).await.refused(401, "code_invalid");
    let security = http.get("/v1/auth/security").await.ok();
    assert_eq!((&security["recovery_codes_left"], &security["method"]), (&json!(9), &json!("totp")));

    // Guesses end the challenge, and a wrong password never gets as far.
    for _ in 0..3 {
        answers(http, &again, "000000").await;
    }
    app.clock().advance(TimeDelta::minutes(2));
    answers(http, &again, "000000").await.refused(401, "code_invalid");
    let code = authenticator_code(&secret, app.clock().now());
    answers(http, &again, &code).await.refused(401, "challenge_over");
    let wrong = json!({ "email": email, "password": "not the right one" });
    http.nobody().post("/v1/auth/login", wrong).await.refused(401, "credentials_invalid");
}

#[tokio::test]
async fn changing_how_one_signs_in_asks_for_proof_once_more() {
    let app = TestApp::start().await;
    let mut shop = app.shop("Tea").await;
    let key = json!({ "name": "x", "scopes": ["audit.read"] });
    let key = shop.owner.http.post("/v1/api-keys", key).await.ok();
    let rotate = format!("/v1/api-keys/{}/rotate", key["id"].as_str().unwrap());
    ten_minutes_later(&app, &mut shop.owner).await;
    let http = shop.owner.http.with(&shop.owner.http.token());
    let again = async |body: Value| shop.stranger().with(&http.token()).post("/v1/auth/reauthenticate", body).await;
    for (method, path, body) in [
        ("POST", "/v1/auth/totp", Value::Null),
        ("PUT", "/v1/auth/password", json!({ "password": "another good password" })),
        ("POST", "/v1/auth/email", json!({ "email": "new@mail.test" })),
        ("POST", "/v1/auth/passkeys/begin", Value::Null),
        ("POST", "/v1/api-keys", json!({ "name": "x", "scopes": ["audit.read"] })),
        ("POST", rotate.as_str(), json!({ "keep_previous_hours": 0 })),
        ("POST", "/v1/account/close", json!({ "slug": "tea" })),
        ("POST", "/v1/account/suspend", json!({})),
        ("PUT", "/v1/account/sign-in/second-factor", json!({ "required": false })),
        ("DELETE", "/v1/account/sso", Value::Null),
    ] {
        let body = (!body.is_null()).then_some(body);
        http.send(method, path, body, &[]).await.refused(403, "reauthentication_required");
    }
    again(json!({ "password": "not the right one" })).await.refused(401, "credentials_invalid");
    again(json!({})).await.refused(422, "validation_failed");
    again(json!({ "password": PASSWORD })).await.ok();
    let (secret, codes) = sets_up(&app, &http).await;

    // With a second factor, the password alone proves nothing any more.
    ten_minutes_later(&app, &mut shop.owner).await;
    http.take(&shop.owner.http.token());
    let again = async |body: Value| http.post("/v1/auth/reauthenticate", body).await;
    again(json!({ "password": PASSWORD })).await.refused(401, "code_invalid");
    let close = json!({ "slug": http.get("/v1/account").await.ok()["slug"], "password": PASSWORD });
    http.post("/v1/account/close", close).await.refused(403, "reauthentication_required");
    again(json!({ "code": codes[0] })).await.refused(401, "credentials_invalid");
    let code = authenticator_code(&secret, app.clock().now());
    again(json!({ "password": PASSWORD, "code": code })).await.ok();
    let fresh = http.post("/v1/auth/recovery-codes", Value::Null).await.ok();
    assert_eq!(fresh["recovery_codes"].as_array().unwrap().len(), 10);
    assert_eq!(http.delete("/v1/auth/totp").await.status, 204);
    assert_eq!(login(&http, &shop.owner.email).await.status, 200, "a password is enough again");
    let security = http.get("/v1/auth/security").await.ok();
    assert_eq!((&security["totp_since"], &security["recovery_codes_left"]), (&Value::Null, &json!(0)));

    let log = http.get("/v1/audit-log?limit=100").await.ok();
    let actions: Vec<&str> =
        log["data"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    for action in ["session.began", "login.totp_added", "login.recovery_codes_renewed", "login.totp_removed"] {
        assert!(actions.contains(&action), "{action} is not in {actions:?}");
    }
}

async fn signs_in(agent: &mut Agent) -> Value {
    let reply = agent.signs_in().await;
    reply.ok()
}

#[tokio::test]
async fn a_company_that_asks_for_a_second_factor_leads_everybody_through_setting_one_up() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let mut bo = shop.agent("Bo").await;
    let require = json!({ "required": true });
    let path = "/v1/account/sign-in/second-factor";
    shop.owner.http.put(path, require.clone()).await.refused(409, "own_second_factor_first");
    sets_up(&app, &shop.owner.http).await;
    let settings = shop.owner.http.put(path, require).await.ok();
    assert_eq!(
        (&settings["second_factor_required"], &settings["members_without_second_factor"]),
        (&json!(true), &json!(1))
    );

    // Whoever came in by less is out, and comes in again for one thing only.
    assert_eq!(bo.socket().closed_within(Duration::from_secs(2)).await, Some(4003));
    bo.http.get("/v1/auth/me").await.refused(401, "token_invalid");
    let session = signs_in(&mut bo).await;
    assert_eq!(session["second_factor_due"], true);
    for path in ["/v1/auth/me", "/v1/conversations", "/v1/agents", "/v1/account", "/v1/contacts"] {
        bo.http.get(path).await.refused(403, "second_factor_due");
    }
    bo.http.put("/v1/auth/password", json!({ "password": "something else" })).await.refused(403, "second_factor_due");
    let socket = Socket::connect(&app.base(0), shop.guard()).await;
    socket.say(json!({ "type": "hello", "protocol": 1, "token": bo.http.token() }));
    assert!(socket.closed().await.is_some());
    bo.http.get("/v1/auth/security").await.ok();
    sets_up(&app, &bo.http).await;
    bo.http.get("/v1/conversations").await.ok();
    bo.connects().await;
    bo.http.delete("/v1/auth/totp").await.refused(409, "last_second_factor");

    // Somebody new is led through it as well.
    let cy = shop.colleague("Cy", Role::Agent).await;
    cy.http.get("/v1/conversations").await.refused(403, "second_factor_due");
}

#[tokio::test]
async fn an_admin_takes_the_second_factor_off_a_colleague_who_has_lost_it() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let mut ada = shop.colleague("Ada", Role::Admin).await;
    let mut bo = shop.agent("Bo").await;
    let of = |agent: &Agent| format!("/v1/agents/{}/second-factor", agent.id);
    let path = of(&bo);
    ada.http.delete(&path).await.refused(409, "no_second_factor");
    sets_up(&app, &bo.http).await;
    assert_eq!(login(&bo.http, &bo.email).await.status, 202, "Bo is locked out");

    // Not by whoever may not switch Bo off, nor of oneself or the owner, nor by a program, nor without proof.
    let sue = shop.colleague("Sue", Role::Supervisor).await;
    let coffee = app.shop("Coffee").await;
    coffee.owner.http.delete(&path).await.refused(404, "not_found");
    sue.http.delete(&path).await.refused(403, "permission_denied");
    bo.http.delete(&path).await.refused(403, "permission_denied");
    ada.http.delete(&of(&ada)).await.refused(403, "permission_denied");
    ada.http.delete(&of(&shop.owner)).await.refused(403, "permission_denied");
    let hands = shop.holder("Pia", json!(["agents.read", "agents.manage"]), "teams").await;
    hands.http.delete(&path).await.refused(403, "permission_denied");
    let key = json!({ "name": shop.says("A program"), "scopes": ["agents.manage"] });
    let key = shop.owner.http.post("/v1/api-keys", key).await.ok();
    shop.stranger().with(key["secret"].as_str().unwrap()).delete(&path).await.refused(403, "permission_denied");
    ten_minutes_later(&app, &mut ada).await;
    ada.http.delete(&path).await.refused(403, "reauthentication_required");
    ada.http.post("/v1/auth/reauthenticate", json!({ "password": PASSWORD })).await.ok();

    let before = bo.http.with(&bo.http.token());
    assert_eq!(ada.http.delete(&path).await.status, 204);
    assert_eq!(bo.socket().closed_within(Duration::from_secs(2)).await, Some(4003));
    before.get("/v1/auth/me").await.refused(401, "token_invalid");
    let letter = app.mail().letter(&bo.email, "Your second factor was taken off").await;
    assert!(letter.text.contains(&shop.name), "{}", letter.text);
    ada.http.delete(&path).await.refused(409, "no_second_factor");
    let log = shop.owner.http.get("/v1/audit-log?limit=20").await.ok();
    let noted = log["data"].as_array().unwrap().iter().find(|entry| entry["action"] == "agent.second_factor_taken_off");
    let noted = noted.expect("it is in the log");
    assert_eq!((&noted["target"], &noted["detail"]), (&json!(bo.id), &json!({ "totp": true, "passkeys": 0 })));

    // The password lets in; where the company asks for a second factor, for setting one up and nothing else.
    shop.owner.http.post("/v1/auth/reauthenticate", json!({ "password": PASSWORD })).await.ok();
    sets_up(&app, &shop.owner.http).await;
    shop.owner.http.put("/v1/account/sign-in/second-factor", json!({ "required": true })).await.ok();
    assert_eq!(signs_in(&mut bo).await["second_factor_due"], true);
    bo.http.get("/v1/conversations").await.refused(403, "second_factor_due");
    let (_, codes) = sets_up(&app, &bo.http).await;
    assert_eq!(codes.len(), 10, "the old codes are gone");
    bo.http.get("/v1/conversations").await.ok();
}

#[tokio::test]
async fn no_company_takes_off_what_proves_somebody_elsewhere() {
    let app = TestApp::start().await;
    let (tea, coffee) = (app.shop("Tea").await, app.shop("Coffee").await);
    let bo = tea.colleague("Bo", Role::Agent).await;
    let (tenant, by) = (coffee.tenant().await, coffee.owner.id.parse().unwrap());
    let standing = tenant::role::Standing::built_in(Role::Agent);
    let invited =
        tenant::invitation::invite(&tenant.world, &tenant.account, by, "Olive", &bo.email, standing).await.unwrap();
    let both = Http::new(&app.base(0), app.guard(None).of_everybody());
    let accept = format!("/v1/invitations/by-token/{}/accept", invited.1);
    let joined = both.post(&accept, json!({ "password": PASSWORD })).await.ok();
    sets_up(&app, &bo.http).await;
    let path = format!("/v1/agents/{}/second-factor", bo.id);
    tea.owner.http.delete(&path).await.refused(409, "login_elsewhere");
    assert_eq!(login(&both, &bo.email).await.status, 202, "it is still asked for");

    // Nor when they are switched off there: the other company may switch them on again at any time.
    let there = joined["me"]["agent"]["id"].as_str().unwrap().parse().unwrap();
    tenant::membership::update(&tenant.world, tenant.id(), there, None, Some(true)).await.unwrap();
    tea.owner.http.delete(&path).await.refused(409, "login_elsewhere");
    assert_eq!(login(&both, &bo.email).await.status, 202, "it is still asked for");

    // A group's admin reaches every company of it.
    let cy = tea.colleague("Cy", Role::Agent).await;
    sets_up(&app, &cy.http).await;
    let group = tea.owner.http.post("/v1/organisations", json!({ "name": tea.says("House") })).await.ok();
    let admins = format!("/v1/organisations/{}/admins", group["id"].as_str().unwrap());
    tea.owner.http.post(&admins, json!({ "email": cy.email })).await.ok();
    tea.owner.http.delete(&format!("/v1/agents/{}/second-factor", cy.id)).await.refused(409, "login_elsewhere");
}

#[tokio::test]
async fn the_operator_helps_whom_no_admin_may() {
    let app = TestApp::start().await;
    let (tea, coffee) = (app.shop("Tea").await, app.shop("Coffee").await);
    let owner = &tea.owner;
    let tenant = coffee.tenant().await;
    let (by, standing) = (coffee.owner.id.parse().unwrap(), tenant::role::Standing::built_in(Role::Agent));
    let invited = tenant::invitation::invite(&tenant.world, &tenant.account, by, "Olive", &owner.email, standing).await;
    let both = Http::new(&app.base(0), app.guard(None).of_everybody());
    let accept = format!("/v1/invitations/by-token/{}/accept", invited.unwrap().1);
    both.post(&accept, json!({ "password": PASSWORD })).await.ok();
    let runs = async |email: &str| {
        let ask =
            ["login", "take-off-second-factor", email, "--operator", "Kim", "--reason", "seen by video", "--json"];
        Program::try_run(app.settings(), &ask).await
    };
    for (email, why) in [(owner.email.as_str(), "no second factor"), ("nobody@example.com", "nobody signs in with")] {
        let (well, _, said) = runs(email).await;
        assert!(!well && said.contains(why), "{said}");
    }

    sets_up(&app, &owner.http).await;
    let bystander = coffee.colleague("Bo", Role::Agent).await;
    let before = owner.http.with(&owner.http.token());
    let (well, said, why) = runs(&owner.email).await;
    assert!(well, "{why}");
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["taken_off"], json!({ "totp": true, "passkeys": 0 }));
    before.get("/v1/auth/me").await.refused(401, "token_invalid");
    bystander.http.get("/v1/auth/me").await.ok();
    assert_eq!(login(&both, &owner.email).await.status, 200, "the password lets in");
    let letter = app.mail().letter(&owner.email, "Your second factor was taken off").await;
    assert!(letter.text.contains("The operator of this service"), "{}", letter.text);
    let noted = "select count(*) from {}.audit where action = 'agent.second_factor_taken_off' \
                 and detail->>'operator' = 'Kim' and detail->>'reason' = 'seen by video'";
    assert_eq!((tea.count(noted).await, coffee.count(noted).await), (1, 1), "each of their companies reads of it");
}

#[tokio::test]
async fn neither_an_invitation_nor_another_company_is_a_way_around_the_second_factor() {
    let app = TestApp::start().await;
    let (tea, coffee) = (app.shop("Tea").await, app.shop("Coffee").await);
    sets_up(&app, &tea.owner.http).await;
    let tenant = coffee.tenant().await;
    let by = coffee.owner.id.parse().unwrap();
    let invited = tenant::invitation::invite(
        &tenant.world,
        &tenant.account,
        by,
        "Olive",
        &tea.owner.email,
        tenant::role::Standing::built_in(Role::Agent),
    )
    .await;
    let path = format!("/v1/invitations/by-token/{}/accept", invited.unwrap().1);
    let both = Http::new(&app.base(0), app.guard(None).of_everybody());
    let accepted = both.post(&path, json!({ "password": PASSWORD })).await;
    assert_eq!(accepted.status, 202, "{}", accepted.text);
    let founded = json!({ "company": tea.says("Second"), "email": tea.owner.email, "password": PASSWORD });
    assert_eq!(tea.stranger().post("/v1/signup", founded).await.status, 202);
}

#[tokio::test]
async fn a_new_password_and_a_new_address_are_taken_with_letters_to_both() {
    let app = TestApp::start().await;
    let shop: Shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    let elsewhere = login(http, &shop.owner.email).await.ok();
    let elsewhere = http.with(elsewhere["access_token"].as_str().unwrap());
    let change = json!({ "password": "an even better password" });
    assert_eq!(http.put("/v1/auth/password", change).await.status, 204);
    elsewhere.get("/v1/auth/me").await.refused(401, "token_invalid");
    http.get("/v1/auth/me").await.ok();
    http.put("/v1/auth/password", json!({ "password": "short" })).await.refused(422, "validation_failed");
    app.mail().letter(&shop.owner.email, "How you sign in has changed").await;

    let new = format!("olive-{}@mail.test", tests::fresh().simple());
    assert_eq!(http.post("/v1/auth/email", json!({ "email": new })).await.status, 204);
    let old_told = app.mail().letter(&shop.owner.email, "about to change").await;
    assert!(old_told.text.contains(&new), "{}", old_told.text);
    let letter = app.mail().letter(&new, "Confirm your new e-mail address").await;
    assert_eq!(http.get("/v1/auth/me").await.ok()["user"]["email"], shop.owner.email, "nothing yet");
    let confirm = json!({ "token": letter.token() });
    assert_eq!(http.nobody().post("/v1/auth/email/confirm", confirm.clone()).await.status, 204);
    http.nobody().post("/v1/auth/email/confirm", confirm).await.refused(404, "link_invalid");
    app.mail().letter(&shop.owner.email, "has changed").await;
    let me = http.get("/v1/auth/me").await.ok();
    assert_eq!((&me["user"]["email"], &me["user"]["email_verified"]), (&json!(new), &json!(true)));
    let with = json!({ "email": new, "password": "an even better password" });
    http.nobody().post("/v1/auth/login", with).await.ok();

    // Who has the address already is told, and nobody else learns of it.
    let other = app.shop("Coffee").await;
    assert_eq!(http.post("/v1/auth/email", json!({ "email": other.owner.email })).await.status, 204);
    app.mail().letter(&other.owner.email, "already have a Frontdesk login").await;
    http.post("/v1/auth/email", json!({ "email": new })).await.refused(409, "email_same");
}

#[tokio::test]
async fn one_sees_where_one_is_signed_in_and_ends_it() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let phone = [
        (
            "user-agent",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 Version/19.0 Safari/604.1",
        ),
        ("x-time-zone", "Asia/Shanghai"),
    ];
    let signs_in = async || {
        let body = json!({ "email": bo.email, "password": PASSWORD });
        let session = bo.http.nobody().send("POST", "/v1/auth/login", Some(body), &phone).await.ok();
        bo.http.with(session["access_token"].as_str().unwrap())
    };
    let on_phone = signs_in().await;
    let socket = Socket::open(&app.base(0), shop.guard(), &on_phone.token(), json!({})).await;
    let list = bo.http.get("/v1/auth/sessions").await.ok()["data"].clone();
    assert_eq!(list.as_array().unwrap().len(), 2, "{list}");
    let listed = list.as_array().unwrap().iter().find(|session| session["current"] == false).unwrap();
    assert_eq!(listed["device"], json!({ "browser": "Safari", "system": "iPhone" }));
    assert_eq!((&listed["time_zone"], &listed["method"]), (&json!("Asia/Shanghai"), &json!("password")));
    let path = format!("/v1/auth/sessions/{}", listed["id"].as_str().unwrap());
    shop.owner.http.delete(&path).await.refused(404, "not_found");
    assert_eq!(bo.http.delete(&path).await.status, 204);
    assert_eq!(socket.closed_within(Duration::from_secs(2)).await, Some(4003));
    on_phone.get("/v1/auth/me").await.refused(401, "token_invalid");
    bo.socket().catch_up().await;

    let (one, two) = (signs_in().await, signs_in().await);
    assert_eq!(two.delete("/v1/auth/sessions").await.status, 204);
    one.get("/v1/auth/me").await.refused(401, "token_invalid");
    bo.http.get("/v1/auth/me").await.refused(401, "token_invalid");
    two.get("/v1/auth/me").await.ok();

    // An admin ends what a colleague has in this company: one of them, or all.
    let ada = shop.colleague("Ada", Role::Admin).await;
    let of_bo = format!("/v1/agents/{}/sessions", bo.id);
    let listed = ada.http.get(&of_bo).await.ok()["data"].clone();
    let id = listed[0]["id"].as_str().unwrap();
    two.get(&of_bo).await.refused(403, "permission_denied");
    assert_eq!(ada.http.delete(&format!("{of_bo}/{id}")).await.status, 204);
    two.get("/v1/auth/me").await.refused(401, "token_invalid");
    let of_owner = format!("/v1/agents/{}/sessions", shop.owner.id);
    let owners = ada.http.get(&of_owner).await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
    ada.http.delete(&format!("{of_owner}/{owners}")).await.refused(403, "permission_denied");
    ada.http.delete(&of_owner).await.refused(403, "permission_denied");
    let (one, two) = (signs_in().await, signs_in().await);
    one.delete(&of_bo).await.refused(403, "permission_denied");
    assert_eq!(ada.http.delete(&of_bo).await.status, 204);
    for bos in [one, two] {
        bos.get("/v1/auth/me").await.refused(401, "token_invalid");
    }
    assert_eq!(ada.http.get(&of_bo).await.ok()["data"], json!([]));
    assert_eq!(ada.http.delete(&format!("/v1/agents/{}/sessions", ada.id)).await.status, 204);
    ada.http.get("/v1/auth/me").await.ok();
}

#[tokio::test]
async fn a_login_gets_a_new_session_and_the_browsers_earlier_one_ends() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let before = shop.owner.cookie.clone();
    let body = json!({ "email": shop.owner.email, "password": PASSWORD });
    let again = shop.stranger().send("POST", "/v1/auth/login", Some(body), &[("cookie", before.as_str())]).await;
    let after = again.cookie().unwrap();
    assert_ne!(before.split('.').next(), after.split('.').next(), "another session, not another secret of the same");
    shop.owner.http.get("/v1/auth/me").await.refused(401, "token_invalid");
    let headers = [("cookie", before.as_str()), ("x-frontdesk", "1")];
    shop.stranger().send("POST", "/v1/auth/refresh", None, &headers).await.refused(401, "session_expired");
}
