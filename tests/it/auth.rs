//! Signing in, staying in, and being shown out.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::{Value, json};
use tenant::Role;
use tests::{Agent, Http, PASSWORD, Reply, TestApp, eventually, fresh, within};

async fn refresh(agent: &Agent, cookie: &str) -> Reply {
    let headers = [("cookie", cookie), ("x-frontdesk", "1")];
    agent.http.nobody().send("POST", "/v1/auth/refresh", None, &headers).await
}

#[tokio::test]
async fn a_stolen_refresh_secret_ends_the_session_and_two_tabs_do_not() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let first = shop.owner.cookie.clone();
    let no_header = [("cookie", first.as_str())];
    shop.stranger().send("POST", "/v1/auth/refresh", None, &no_header).await.refused(403, "header_missing");

    let rotated = refresh(&shop.owner, &first).await;
    let second = rotated.cookie().unwrap();
    assert_ne!(first, second);
    let flags = rotated.header("set-cookie").unwrap();
    assert!(flags.contains("HttpOnly") && flags.contains("SameSite=Strict"), "{flags}");
    let other_tab = refresh(&shop.owner, &first).await;
    let same = Some(second.clone());
    assert_eq!(
        (other_tab.status, other_tab.cookie()),
        (200, same),
        "a lost answer, or the other tab, gets the same again"
    );
    let third = refresh(&shop.owner, &second).await.cookie().unwrap();

    app.clock().advance(TimeDelta::seconds(31));
    refresh(&shop.owner, &second).await.refused(401, "session_expired");
    refresh(&shop.owner, &third).await.refused(401, "session_expired");
    for odd in ["fd_refresh=", "fd_refresh=x", "fd_refresh=01h455vb4pex5vsknk084sn02q.x", "other=1"] {
        refresh(&shop.owner, odd).await.refused(401, "session_expired");
    }
}

#[tokio::test]
async fn everybody_works_on_while_the_installations_secret_is_replaced() {
    // Two servers in the middle of it: one goes by the old secret and knows the new one, the other the reverse.
    const NEW: &str = "quite another secret of more than 32 letters";
    let app = TestApp::start_each(2, |number, settings| {
        let (old, new) = (settings.secret.clone(), NEW.to_owned());
        (settings.secret, settings.previous_secrets) = if number == 0 { (old, vec![new]) } else { (new, vec![old]) };
    })
    .await;
    let shop = app.shop("Tea").await;
    let (bo, ana) = (shop.agent_on(1, "Bo").await, shop.visitor_on(1, "Ana").await);
    let at = |node: usize, token: &str| Http::new(&app.base(node), shop.guard()).with(token);
    for agent in [&shop.owner, &bo] {
        for node in [0, 1] {
            at(node, &agent.http.token()).get("/v1/auth/me").await.ok();
        }
    }
    for node in [0, 1] {
        at(node, &ana.http.token()).patch("/v1/widget/contact", json!({ "name": ana.name })).await.ok();
    }

    // A refresh whose answer was lost at one server is asked for again at the other: the browser stays signed in.
    let again = async |node: usize, cookie: &str| {
        let headers = [("cookie", cookie), ("x-frontdesk", "1")];
        at(node, "").send("POST", "/v1/auth/refresh", None, &headers).await
    };
    let mut cookie = shop.owner.cookie.clone();
    for (first, second) in [(0, 1), (1, 0)] {
        let next = again(first, &cookie).await.cookie().unwrap();
        assert_eq!(again(second, &cookie).await.cookie(), Some(next.clone()), "lost at {first}");
        cookie = next;
    }
    again(0, &cookie).await.ok();
}

#[tokio::test]
async fn a_session_ends_when_it_is_signed_out_or_unused_for_a_month() {
    let app = TestApp::start().await;
    let mut shop = app.shop("Tea").await;
    let cookie = shop.owner.cookie.clone();
    let headers = [("cookie", cookie.as_str()), ("x-frontdesk", "1")];
    let out = shop.stranger().send("POST", "/v1/auth/logout", None, &headers).await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    refresh(&shop.owner, &cookie).await.refused(401, "session_expired");
    app.clock().advance(TimeDelta::seconds(4));
    shop.owner.http.get("/v1/auth/me").await.refused(401, "token_invalid");

    shop.owner.signs_in().await.ok();
    app.clock().advance(TimeDelta::days(29));
    let cookie = refresh(&shop.owner, &shop.owner.cookie).await.cookie().unwrap();
    app.clock().advance(TimeDelta::days(29));
    let cookie = refresh(&shop.owner, &cookie).await.cookie().unwrap();
    app.clock().advance(TimeDelta::days(31));
    refresh(&shop.owner, &cookie).await.refused(401, "session_expired");
}

#[tokio::test]
async fn an_access_token_lives_a_quarter_of_an_hour_and_a_socket_takes_a_fresh_one() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let mut bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    app.clock().advance(TimeDelta::minutes(14));
    bo.http.get("/v1/auth/me").await.ok();
    app.clock().advance(TimeDelta::minutes(2));
    bo.http.get("/v1/auth/me").await.refused(401, "token_invalid");
    ana.http.patch("/v1/widget/contact", json!({ "name": ana.name })).await.ok();
    let renewed = refresh(&bo, &bo.cookie).await;
    let token = renewed.ok()["access_token"].as_str().unwrap().to_owned();
    bo.http.take(&token);
    bo.cookie = renewed.cookie().unwrap();
    bo.socket().say(json!({ "type": "renew", "token": token }));
    bo.socket().frame("renewed").await;
    app.clock().advance(TimeDelta::minutes(46));
    ana.http.patch("/v1/widget/contact", json!({ "name": ana.name })).await.refused(401, "token_invalid");
}

#[tokio::test]
async fn whoever_is_switched_off_is_out_within_three_seconds_on_every_server() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent_on(1, "Bo").await;
    let elsewhere = tests::Http::new(&app.base(0), shop.guard()).with(&bo.http.token());
    elsewhere.get("/v1/auth/me").await.ok();
    bo.http.get("/v1/auth/me").await.ok();

    shop.owner.http.patch(&format!("/v1/agents/{}", bo.id), json!({ "disabled": true })).await.ok();
    let began = Instant::now();

    let code = within(Duration::from_secs(3), "the socket closes", bo.socket().closed()).await;
    assert_eq!(code, Some(4003));
    for http in [&bo.http, &elsewhere] {
        eventually("the token is refused", async || (http.get("/v1/auth/me").await.status == 401).then_some(())).await;
    }
    assert!(began.elapsed() < Duration::from_millis(4500), "{:?}", began.elapsed());
    refresh(&bo, &bo.cookie).await.refused(401, "session_expired");
    let login = json!({ "email": bo.email, "password": PASSWORD });
    shop.stranger().post("/v1/auth/login", login).await.refused(401, "credentials_invalid");
    let again = tests::Socket::connect(&app.base(0), shop.guard()).await;
    again.say(json!({ "type": "hello", "protocol": 1, "token": bo.http.token() }));
    assert_eq!(again.closed().await, Some(4001));

    shop.owner.http.patch(&format!("/v1/agents/{}", bo.id), json!({ "disabled": false })).await.ok();
    let mut bo = bo;
    bo.signs_in().await.ok();
}

#[tokio::test]
async fn a_changed_role_counts_at_once_and_closes_the_socket() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let mut sue = shop.colleague("Sue", Role::Supervisor).await;
    sue.connects().await;
    sue.http.get("/v1/usage").await.ok();
    shop.owner.http.patch(&format!("/v1/agents/{}", sue.id), json!({ "role": "agent" })).await.ok();
    sue.http.get("/v1/usage").await.refused(403, "permission_denied");
    assert_eq!(sue.socket().closed().await, Some(4003));
    sue.connects().await;
}

#[tokio::test]
async fn a_suspended_company_is_shut_for_members_visitors_and_programs() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let ana = shop.visitor("Ana").await;
    let key = shop.owner.http.post("/v1/api-keys", json!({ "name": "x", "scopes": ["conversations.read"] })).await.ok();
    let program = shop.stranger().with(key["secret"].as_str().unwrap());
    let tenant = shop.tenant().await;
    let world = &tenant.world;
    // The second one comes too late, and is told so.
    for done in [true, false] {
        let to = tenant::account::Status::Suspended;
        let moved = tenant::account::set_status(&world.database, &tenant.account, to, world.now()).await.unwrap();
        assert_eq!(moved, done);
    }
    app.clock().advance(TimeDelta::seconds(4));

    shop.owner.http.get("/v1/auth/me").await.refused(403, "account_suspended");
    program.get("/v1/conversations").await.refused(403, "account_suspended");
    assert_eq!(ana.posts("Hello?").await.code(), "account_suspended");
    let config = shop.stranger().get(&format!("/v1/widget/config?key={}", shop.key())).await;
    config.refused(404, "inbox_unknown");
    let login = json!({ "email": shop.owner.email, "password": PASSWORD });
    shop.stranger().post("/v1/auth/login", login).await.refused(403, "account_suspended");
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_by_the_link_in_the_letter() {
    let app = TestApp::start().await;
    let mut shop = app.shop("Tea").await;
    let (email, cookie) = (shop.owner.email.clone(), shop.owner.cookie.clone());
    let forgot = async |email: &str| shop.stranger().post("/v1/auth/forgot-password", json!({ "email": email })).await;
    let known = forgot(&email).await;
    let unknown = forgot("nobody@mail.test").await;
    assert_eq!(
        (known.status, known.text.as_str()),
        (unknown.status, unknown.text.as_str()),
        "nobody learns who has a login"
    );
    let letter = app.mail().letter(&email, "Reset your password").await;
    let reset = async |token: &str, password: &str| {
        shop.stranger().post("/v1/auth/reset-password", json!({ "token": token, "password": password })).await
    };
    reset(&letter.token(), "short").await.refused(422, "validation_failed");
    assert_eq!(reset(&letter.token(), "an even better password").await.status, 204);

    reset(&letter.token(), "once more with feeling").await.refused(404, "link_invalid");
    refresh(&shop.owner, &cookie).await.refused(401, "session_expired");
    app.clock().advance(TimeDelta::seconds(4));
    shop.owner.http.get("/v1/auth/me").await.refused(401, "token_invalid");
    let old = json!({ "email": email, "password": PASSWORD });
    shop.stranger().post("/v1/auth/login", old).await.refused(401, "credentials_invalid");
    let new = json!({ "email": email, "password": "an even better password" });
    let me = shop.stranger().post("/v1/auth/login", new).await.ok();
    assert_eq!(me["me"]["user"]["email_verified"], true, "who read the letter owns the address");

    forgot(&email).await;
    let second = eventually("another letter", async || {
        app.mail()
            .all()
            .into_iter()
            .find(|mail| mail.to == email && mail.subject.contains("Reset") && mail.token() != letter.token())
    })
    .await;
    app.clock().advance(TimeDelta::minutes(61));
    reset(&second.token(), "too late for this").await.refused(404, "link_invalid");
    assert!(app.mail().all().iter().all(|mail| mail.to != "nobody@mail.test"), "an unknown address gets no letter");
    shop.owner.leaves();
}

#[tokio::test]
async fn a_mailbox_is_not_filled_by_strangers_whatever_they_ask_for() {
    let app = TestApp::start().await;
    let (tea, coffee) = (app.shop("Tea").await, app.shop("Coffee").await);
    // The first letter came with the signup.
    let email = &tea.owner.email;
    let forgot = async |email: &str| {
        let reply = coffee.stranger().post("/v1/auth/forgot-password", json!({ "email": email })).await;
        assert_eq!((reply.status, reply.text.as_str()), (204, ""), "the same to whoever asks");
    };
    let letters = || app.mail().all().into_iter().filter(|mail| mail.to == *email).count();
    for _ in 0..3 {
        forgot(email).await;
    }
    eventually("the mailbox has had enough", async || (letters() == 4).then_some(())).await;
    let invite = json!({ "email": email, "role": "agent" });
    assert_eq!(coffee.owner.http.post("/v1/invitations", invite).await.status, 201);
    app.clock().advance(TimeDelta::hours(2));
    forgot(email).await;
    // Letters go in the order in which they were asked for: by the time that this one is here, others would be.
    forgot(&coffee.owner.email).await;
    app.mail().letter(&coffee.owner.email, "Reset your password").await;
    assert_eq!(letters(), 4);

    app.clock().advance(TimeDelta::hours(23));
    forgot(email).await;
    eventually("a letter on another day", async || (letters() == 5).then_some(())).await;
}

#[tokio::test]
async fn what_becomes_of_a_login_is_on_record_in_each_company_of_the_person() {
    let app = TestApp::start().await;
    let (tea, coffee) = (app.shop("Tea").await, app.shop("Coffee").await);
    let bo = tea.colleague("Bo", Role::Agent).await;
    let invite = json!({ "email": bo.email, "role": "agent" });
    coffee.owner.http.post("/v1/invitations", invite).await.ok();
    let invited = app.mail().letter(&bo.email, "invites you to Coffee").await;
    let both = Http::new(&app.base(0), app.guard(None).of_everybody());
    let accept = format!("/v1/invitations/by-token/{}/accept", invited.token());
    both.post(&accept, json!({ "password": PASSWORD })).await.ok();

    let next = "another good password";
    bo.http.put("/v1/auth/password", json!({ "password": next })).await.ok();
    let new = format!("bo-{}@mail.test", fresh().simple());
    bo.http.post("/v1/auth/email", json!({ "email": new })).await.ok();
    let letter = app.mail().letter(&new, "Confirm your new e-mail address").await;
    both.post("/v1/auth/email/confirm", json!({ "token": letter.token() })).await.ok();
    both.post("/v1/auth/forgot-password", json!({ "email": new })).await.ok();
    let letter = app.mail().letter(&new, "Reset your password").await;
    let reset = json!({ "token": letter.token(), "password": "one more good password" });
    both.post("/v1/auth/reset-password", reset).await.ok();
    let told = ["password_reset", "email_changed", "email_change_asked", "password_changed"];
    let told = told.map(|what| format!("login.{what}"));
    // Bo's name has the first company's word in it.
    let anybody = Http::new(&app.base(0), app.guard(None).of_everybody());
    for shop in [&tea, &coffee] {
        let log = anybody.with(&shop.owner.http.token()).get("/v1/audit-log?action=login").await.ok();
        let entries = log["data"].as_array().unwrap();
        let actions: Vec<_> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
        assert_eq!(actions, told, "{}", shop.name);
    }
}

#[tokio::test]
async fn an_address_is_proven_by_the_link_in_the_letter_once() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let checklist = async || shop.owner.http.get("/v1/account/checklist").await.ok()["email_verified"].clone();
    assert_eq!(checklist().await, false);
    let letter = app.mail().letter(&shop.owner.email, "Verify").await;
    assert!(letter.text.contains(&shop.name) && letter.text.contains("http://frontdesk.test/login/verify?token="));
    let verify = async |token: &str| shop.stranger().post("/v1/auth/verify-email", json!({ "token": token })).await;
    assert_eq!(shop.owner.http.post("/v1/auth/resend-verification", Value::Null).await.status, 204);
    assert_eq!(verify(&letter.token()).await.status, 204);
    verify(&letter.token()).await.refused(404, "link_invalid");
    assert_eq!(checklist().await, true);
    // A link for one thing is no link for another.
    let again = eventually("the second letter", async || {
        app.mail().all().into_iter().find(|mail| mail.to == shop.owner.email && mail.token() != letter.token())
    })
    .await;
    let reset = json!({ "token": again.token(), "password": "not by this link" });
    shop.stranger().post("/v1/auth/reset-password", reset).await.refused(404, "link_invalid");
}

#[tokio::test]
async fn a_colleague_comes_in_by_the_link_in_the_letter() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let invite = async |email: &str| {
        shop.owner.http.post("/v1/invitations", json!({ "email": email, "role": "supervisor" })).await
    };
    let to = format!("{}@mail.test", fresh().simple());
    invite(&to).await.ok();
    let letter = app.mail().letter(&to, "invites you").await;
    assert!(letter.text.contains("http://frontdesk.test/login/invite?token="), "{}", letter.text);
    let path = format!("/v1/invitations/by-token/{}", letter.token());
    let greeting = shop.stranger().get(&path).await.ok();
    assert_eq!((&greeting["email"], &greeting["has_login"]), (&json!(to), &json!(false)));
    let accept = json!({ "name": shop.says("Sue"), "password": PASSWORD });
    let session = shop.stranger().post(&format!("{path}/accept"), accept.clone()).await.ok();
    assert_eq!(
        (&session["me"]["agent"]["role"], &session["me"]["user"]["email_verified"]),
        (&json!("supervisor"), &json!(true))
    );
    shop.stranger().post(&format!("{path}/accept"), accept).await.refused(404, "link_invalid");
    invite(&to).await.refused(409, "already_member");

    // A known person uses the password they have; another one is no good.
    let other = app.shop("Coffee").await;
    let owner = other.owner.email.clone();
    invite(&owner).await.ok();
    let letter = app.mail().letter(&owner, "invites you").await;
    let path = format!("/v1/invitations/by-token/{}", letter.token());
    assert_eq!(shop.stranger().get(&path).await.ok()["has_login"], true);
    let wrong = shop.stranger().post(&format!("{path}/accept"), json!({ "password": "not the right one" })).await;
    wrong.refused(401, "credentials_invalid");
    // Who belongs to both may read of both.
    let anybody = tests::Http::new(&app.base(0), app.guard(None).of_everybody());
    let session = anybody.post(&format!("{path}/accept"), json!({ "password": PASSWORD })).await.ok();
    assert_eq!(session["me"]["accounts"].as_array().unwrap().len(), 2);

    // Taken back, replaced, too old.
    let to = format!("{}@mail.test", fresh().simple());
    let first = invite(&to).await.ok();
    let letter = app.mail().letter(&to, "invites you").await;
    shop.owner.http.delete(&format!("/v1/invitations/{}", first["id"].as_str().unwrap())).await;
    let greet = async |token: &str| shop.stranger().get(&format!("/v1/invitations/by-token/{token}")).await;
    greet(&letter.token()).await.refused(404, "link_invalid");
    invite(&to).await.ok();
    let fresh_letter = eventually("a letter after the first", async || {
        app.mail().all().into_iter().find(|mail| mail.to == to && mail.token() != letter.token())
    })
    .await;
    app.clock().advance(TimeDelta::days(8));
    greet(&fresh_letter.token()).await.refused(404, "link_invalid");
}

#[tokio::test]
async fn the_plan_limits_how_many_colleagues_and_inboxes_there_are() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let invite = async || {
        let email = format!("{}@mail.test", fresh().simple());
        shop.owner.http.post("/v1/invitations", json!({ "email": email, "role": "agent" })).await
    };
    let replies = futures::future::join_all((0..8).map(|_| invite())).await;
    let made = replies.iter().filter(|reply| reply.status == 201).count();
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.refused(403, "limit_reached");
    }
    assert_eq!(made, 4, "the owner and four more");
    let inboxes = futures::future::join_all((0..6).map(|number| {
        let body = json!({ "name": format!("Door {number}") });
        shop.owner.http.post("/v1/inboxes", body)
    }))
    .await;
    assert_eq!(inboxes.iter().filter(|reply| reply.status == 201).count(), 2, "three with the first");
    assert_eq!(shop.count("select count(*) from {}.inbox").await, 3);
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down_for_the_address_that_is_guessed_at() {
    let app = TestApp::start().await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    // Guesses are counted by the minute of the clock: all of these are to fall into one.
    let since_the_minute = app.clock().now().timestamp().rem_euclid(60);
    app.clock().advance(TimeDelta::seconds(61 - since_the_minute));
    let login = async |email: &str, password: &str| {
        shop.stranger().post("/v1/auth/login", json!({ "email": email, "password": password })).await
    };
    let unknown = login("nobody@mail.test", "guess guess").await;
    let known = login(&shop.owner.email, "guess guess").await;
    let words = |reply: &Reply| (reply.status, reply.json()["code"].clone(), reply.json()["detail"].clone());
    assert_eq!(words(&unknown), words(&known), "nobody learns who has a login");
    for spelling in [shop.owner.email.to_uppercase(), format!("  {} ", shop.owner.email)] {
        for _ in 0..5 {
            login(&spelling, "guess guess").await;
        }
    }
    let slowed = login(&shop.owner.email, PASSWORD).await;
    slowed.refused(429, "rate_limited");
    assert!(slowed.header("retry-after").unwrap().parse::<u64>().unwrap() <= 60);
    assert_eq!(
        other
            .owner
            .http
            .nobody()
            .post("/v1/auth/login", json!({ "email": other.owner.email, "password": PASSWORD }))
            .await
            .status,
        200
    );
    app.clock().advance(TimeDelta::seconds(61));
    assert_eq!(login(&shop.owner.email, PASSWORD).await.status, 200);
}
