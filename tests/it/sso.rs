//! A company's own provider: the real journey over HTTP, keys that change, tokens that are almost right, people who come for the
//! first time, and a directory that switches them off.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{
    Agent, CLIENT_ID, CLIENT_SECRET, Http, OpenIdProvider, PASSWORD, Reply, Shop, Signing, TestApp, authenticator_code,
    fresh,
};

/// A company with a provider and a domain of its own.
pub(crate) struct Company {
    pub(crate) app: TestApp,
    pub(crate) shop: Shop,
    provider: OpenIdProvider,
    domain: String,
}

fn settings(issuer: &str) -> Value {
    json!({ "issuer": issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "default_role": "agent" })
}

async fn proves(app: &TestApp, shop: &Shop, domain: &str) {
    let ask = json!({ "domain": domain, "mailbox": "postmaster" });
    shop.owner.http.post("/v1/account/sso/domains", ask).await.ok();
    let letter = app.mail().letter(&format!("postmaster@{domain}"), domain).await;
    let confirm = json!({ "token": letter.token() });
    let proven = shop.stranger().post("/v1/account/sso/domains/confirm", confirm.clone()).await.ok();
    assert_eq!((&proven["domain"], &proven["account_name"]), (&json!(domain), &json!(shop.name)));
    shop.stranger().post("/v1/account/sso/domains/confirm", confirm).await.refused(404, "link_invalid");
}

impl Company {
    pub(crate) async fn open() -> Self {
        let app = TestApp::start_with(1, |settings| settings.private_outbound = true).await;
        let shop = app.shop("Tea").await;
        let provider = OpenIdProvider::open(app.clock()).await;
        let domain = format!("tea-{}.test", fresh().simple());
        proves(&app, &shop, &domain).await;
        shop.owner.http.put("/v1/account/sso", settings(provider.issuer())).await.ok();
        Self { app, shop, provider, domain }
    }

    pub(crate) fn address(&self, name: &str) -> String {
        format!("{name}@{}", self.domain)
    }

    /// Goes there and back; gives the answer and the cookie of the journey.
    pub(crate) async fn journey(&self, http: &Http, email: &str) -> Reply {
        let (arrival, cookie) = self.sent_back(http, email).await;
        http.send("POST", "/v1/auth/sso/finish", Some(arrival), &[("cookie", &cookie)]).await
    }

    async fn sent_back(&self, http: &Http, email: &str) -> (Value, String) {
        let begun = http.post("/v1/auth/sso/begin", json!({ "email": email })).await;
        let address = begun.ok()["redirect_url"].as_str().unwrap().to_owned();
        assert!(address.starts_with(self.provider.issuer()), "{address}");
        let cookie = begun.header("set-cookie").unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let (state, code) = self.provider.lets_in(&address, email, &self.shop.says("Sam")).await;
        (json!({ "state": state, "code": code }), cookie)
    }
}

#[tokio::test]
async fn somebody_comes_in_by_their_company_and_becomes_a_member_the_first_time() {
    let company = Company::open().await;
    let (shop, sam) = (&company.shop, company.address("sam"));
    let nobody = shop.stranger();
    let first = company.journey(&nobody, &sam).await.ok();
    let me = &first["me"];
    assert_eq!((&me["user"]["email"], &me["user"]["email_verified"]), (&json!(sam), &json!(true)));
    assert_eq!((&me["agent"]["role"], &me["agent"]["name"]), (&json!("agent"), &json!(shop.says("Sam"))));
    let again = company.journey(&nobody, &sam).await.ok();
    assert_eq!(again["me"]["agent"]["id"], me["agent"]["id"], "the same person");
    let http = nobody.with(again["access_token"].as_str().unwrap());
    let security = http.get("/v1/auth/security").await.ok();
    assert_eq!((&security["password"], &security["method"]), (&json!(false), &json!("sso")));
    assert!(!security["proven_until"].is_null(), "this company is their only one");
    let login = json!({ "email": sam, "password": "" });
    nobody.post("/v1/auth/login", login).await.refused(401, "credentials_invalid");

    // Who was invited is what they were invited as.
    let sue = company.address("sue");
    shop.owner.http.post("/v1/invitations", json!({ "email": sue, "role": "supervisor" })).await.ok();
    let invited = company.journey(&nobody, &sue).await.ok();
    assert_eq!(invited["me"]["agent"]["role"], "supervisor");

    // Addresses that no company has proven, and a company whose seats are taken.
    nobody.post("/v1/auth/sso/begin", json!({ "email": "ana@elsewhere.test" })).await.refused(404, "sso_unknown");
    for name in ["x", "y"] {
        company.journey(&nobody, &company.address(name)).await.ok();
    }
    company.journey(&nobody, &company.address("z")).await.refused(403, "limit_reached");
    company.journey(&nobody, &sam).await.ok();
    let id = me["agent"]["id"].as_str().unwrap();
    shop.owner.http.patch(&format!("/v1/agents/{id}"), json!({ "disabled": true })).await.ok();
    company.journey(&nobody, &sam).await.refused(403, "member_disabled");
}

#[tokio::test]
async fn the_secret_at_the_provider_is_sealed_with_the_companys_own_key_and_noise_without_it() {
    let company = Company::open().await;
    let (app, nobody, sam) = (&company.app, company.shop.stranger(), company.address("sam"));
    let (world, account) = (&app.node(0).world, company.shop.id.parse::<tenant::AccountId>().unwrap());
    // What the installation's own key has sealed, as it once did, begins with another byte.
    let first_byte =
        "select get_byte(sso_client_secret, 0)::bigint from shared.sign_in where sso_client_secret is not null";
    assert_eq!(app.count(first_byte).await, 0);
    let place = tenant::seal::Place::new("sso-client-secret", account.uuid());
    let old = world.sealer.seal(&world.chance, place, CLIENT_SECRET.as_bytes()).unwrap();
    let old: String = old.iter().map(|byte| format!("{byte:02x}")).collect();
    app.sql(&format!("update shared.sign_in set sso_client_secret = '\\x{old}' where sso_client_secret is not null"))
        .await;
    assert_eq!(app.count(first_byte).await, 1);
    company.journey(&nobody, &sam).await.ok();

    assert_eq!(tenant::sso::reseal_all(world).await.unwrap().anew, 1);
    assert_eq!((app.count(first_byte).await, tenant::sso::reseal_all(world).await.unwrap().anew), (0, 0));
    company.journey(&nobody, &sam).await.ok();

    tenant::data_key::shred(world, account).await.unwrap();
    nobody.post("/v1/auth/sso/begin", json!({ "email": sam })).await.refused(500, "internal");
    // Noise holds nobody up: it is counted, and left.
    app.sql("update shared.sign_in set sso_client_secret = '\\x01' || sso_client_secret").await;
    let resealed = tenant::sso::reseal_all(world).await.unwrap();
    assert_eq!((resealed.anew, resealed.unopened.len()), (0, 1));
    assert_eq!(resealed.unopened[0].of, company.shop.id);
}

#[tokio::test]
async fn a_token_that_is_almost_right_lets_nobody_in() {
    let company = Company::open().await;
    let (nobody, sam, provider) = (company.shop.stranger(), company.address("sam"), &company.provider);
    let now = company.app.clock().now().timestamp();
    let wrong = [
        (json!({ "nonce": "of another journey" }), "sso_refused"),
        (json!({ "nonce": null }), "sso_refused"),
        (json!({ "aud": "somebody else" }), "sso_refused"),
        (json!({ "iss": "https://login.evil.example" }), "sso_refused"),
        (json!({ "exp": now - 10 }), "sso_refused"),
        (json!({ "exp": null }), "sso_refused"),
        (json!({ "sub": null }), "sso_refused"),
        (json!({ "email": null }), "sso_address_not_allowed"),
        (json!({ "email": "boss@elsewhere.test" }), "sso_address_not_allowed"),
        (json!({ "email": format!("sam@{}.evil.test", company.domain) }), "sso_address_not_allowed"),
        (json!({ "email_verified": false }), "sso_address_not_allowed"),
    ];
    for (claims, code) in wrong {
        provider.says(claims.clone());
        let reply = company.journey(&nobody, &sam).await;
        assert_eq!(reply.code(), code, "{claims}: {}", reply.text);
        company.app.clock().advance(TimeDelta::seconds(31));
    }
    provider.says(json!({}));
    for signing in [Signing::Hs256, Signing::Nothing, Signing::Stranger] {
        provider.cheats_with(signing);
        let reply = company.journey(&nobody, &sam).await;
        assert_eq!(reply.code(), "sso_refused", "{signing:?}: {}", reply.text);
        company.app.clock().advance(TimeDelta::seconds(61));
    }
    provider.cheats_with(Signing::Rs256);

    // A code is good once, in the browser that was sent, with the state it was sent with.
    let finish = async |arrival: Value, cookie: &str| {
        nobody.send("POST", "/v1/auth/sso/finish", Some(arrival), &[("cookie", cookie)]).await
    };
    let (arrival, cookie) = company.sent_back(&nobody, &sam).await;
    let (other, other_cookie) = company.sent_back(&nobody, &sam).await;
    nobody.post("/v1/auth/sso/finish", arrival.clone()).await.refused(401, "sso_refused");
    finish(arrival.clone(), &other_cookie).await.refused(401, "sso_refused");
    finish(arrival, &cookie).await.refused(401, "challenge_over");
    let mixed = json!({ "state": other["state"], "code": "of another journey" });
    finish(mixed, &other_cookie).await.refused(401, "sso_refused");
    let (late, cookie) = company.sent_back(&nobody, &sam).await;
    company.app.clock().advance(TimeDelta::minutes(11));
    finish(late, &cookie).await.refused(401, "challenge_over");
    assert_eq!(company.shop.count("select count(*) from {}.agent").await, 1, "nobody joined");
    company.journey(&nobody, &sam).await.ok();
}

#[tokio::test]
async fn a_provider_may_change_its_keys_and_is_not_asked_for_them_without_need() {
    let company = Company::open().await;
    let (nobody, provider) = (company.shop.stranger(), &company.provider);
    for name in ["a", "b"] {
        company.journey(&nobody, &company.address(name)).await.ok();
    }
    assert_eq!(provider.asked_for_keys(), 1, "once, when it was set up");
    company.app.clock().advance(TimeDelta::seconds(31));
    provider.rotates_to(Signing::Es256);
    company.journey(&nobody, &company.address("a")).await.ok();
    assert_eq!(provider.asked_for_keys(), 2);
    // Forged names of keys do not make us ask without end.
    provider.cheats_with(Signing::Stranger);
    for _ in 0..5 {
        company.journey(&nobody, &company.address("a")).await.refused(401, "sso_refused");
    }
    assert_eq!(provider.asked_for_keys(), 2);
}

#[tokio::test]
async fn whoever_signed_up_beforehand_with_an_address_that_is_not_theirs_is_out_when_its_owner_comes() {
    let company = Company::open().await;
    let victim = company.address("victim");
    // Somebody founds a company with the victim's address, and arms the login.
    let ask = json!({ "company": company.shop.says("Trap"), "email": victim, "password": PASSWORD });
    let nobody = company.shop.stranger();
    let reply = nobody.post("/v1/signup", ask).await;
    let squatter = nobody.with(reply.ok()["access_token"].as_str().unwrap());
    let cookie = reply.cookie().unwrap();
    let setup = squatter.post("/v1/auth/totp", Value::Null).await.ok();
    let code = authenticator_code(setup["secret"].as_str().unwrap(), company.app.clock().now());
    squatter.post("/v1/auth/totp/confirm", json!({ "code": code })).await.ok();
    let key = squatter.post("/v1/api-keys", json!({ "name": "x", "scopes": ["conversations.read"] })).await.ok();

    let owner = company.journey(&nobody, &victim).await.ok();
    assert_eq!(owner["me"]["user"]["email"], victim.as_str());
    squatter.get("/v1/auth/me").await.refused(401, "token_invalid");
    let headers = [("cookie", cookie.as_str()), ("x-frontdesk", "1")];
    nobody.send("POST", "/v1/auth/refresh", None, &headers).await.refused(401, "session_expired");
    let login = json!({ "email": victim, "password": PASSWORD });
    nobody.post("/v1/auth/login", login).await.refused(401, "credentials_invalid");
    nobody.with(key["secret"].as_str().unwrap()).get("/v1/conversations").await.refused(401, "token_invalid");
    let http = nobody.with(owner["access_token"].as_str().unwrap());
    let security = http.get("/v1/auth/security").await.ok();
    assert_eq!((&security["password"], &security["totp_since"]), (&json!(false), &Value::Null));
}

#[tokio::test]
async fn one_companys_provider_opens_that_company_only() {
    let company = Company::open().await;
    let other = company.app.shop("Coffee").await;
    let sam = company.address("sam");
    company.journey(&company.shop.stranger(), &sam).await.ok();
    // Sam works for both.
    company.app.sql(&format!(
        "insert into shared.membership (id, account_id, login_id, role, created_at) select gen_random_uuid(), '{}', id, 'admin', now() from shared.login where email = '{sam}'",
        other.id.parse::<tenant::AccountId>().unwrap().uuid(),
    )).await;
    let both = Http::new(&company.app.base(0), company.app.guard(None).of_everybody());
    let session = company.journey(&both, &sam).await.ok();
    let http = both.with(session["access_token"].as_str().unwrap());
    http.post("/v1/auth/switch", json!({ "account_id": other.id })).await.refused(403, "sso_session_elsewhere");
    // Nor does it manage a group of several companies, or end what Sam began elsewhere.
    assert_eq!(http.get("/v1/organisations").await.ok()["data"], json!([]));
    http.post("/v1/organisations", json!({ "name": "House" })).await.refused(403, "sso_session_elsewhere");
    company.app.sql(&format!(
        "insert into shared.session (id, login_id, membership_id, secret_hash, rotated_at, expires_at, user_agent, created_at, method, enrol_only) \
         select gen_random_uuid(), m.login_id, m.id, 'x', now(), now() + interval '1 day', '', now(), 'password', false \
         from shared.membership m join shared.login l on l.id = m.login_id where l.email = '{sam}' and m.account_id = '{}'",
        other.id.parse::<tenant::AccountId>().unwrap().uuid(),
    )).await;
    assert_eq!(http.delete("/v1/auth/sessions").await.status, 204);
    let there = format!(
        "select count(*) from shared.session s join shared.membership m on m.id = s.membership_id join shared.login l on l.id = m.login_id \
         where l.email = '{sam}' and m.account_id = '{}' and s.revoked_at is null",
        other.id.parse::<tenant::AccountId>().unwrap().uuid(),
    );
    assert_eq!(company.app.count(&there).await, 1);
    // Nor may it set up what would.
    http.put("/v1/auth/password", json!({ "password": "a way around it" }))
        .await
        .refused(403, "reauthentication_required");
    http.post("/v1/auth/totp", Value::Null).await.refused(403, "reauthentication_required");
    http.post("/v1/auth/reauthenticate", json!({ "password": "x" })).await.refused(403, "reauthentication_required");
    // But it may leave the company whose provider spoke for it, as long as it has just done so.
    let leave = async || http.post("/v1/agents/me/leave", json!({})).await;
    company.app.clock().advance(TimeDelta::minutes(11));
    leave().await.refused(403, "reauthentication_required");
    let session = company.journey(&both, &sam).await.ok();
    http.take(session["access_token"].as_str().unwrap());
    assert_eq!(leave().await.status, 204);
}

#[tokio::test]
async fn a_company_may_let_people_in_by_its_provider_only() {
    let company = Company::open().await;
    let shop = &company.shop;
    let mut bo = shop.agent("Bo").await;
    let only = |only: bool| {
        let mut settings = settings(company.provider.issuer());
        settings.as_object_mut().unwrap().remove("client_secret");
        settings["only"] = json!(only);
        settings
    };
    let ada = shop.colleague("Ada", tenant::Role::Admin).await;
    ada.http.put("/v1/account/sso", only(true)).await.refused(409, "sso_not_tried");
    let settings = shop.owner.http.put("/v1/account/sso", only(true)).await.ok();
    assert_eq!((&settings["sso"]["only"], &settings["sso"]["has_client_secret"]), (&json!(true), &json!(true)));
    assert_eq!(bo.socket().closed_within(Duration::from_secs(2)).await, Some(4003));
    bo.signs_in().await.refused(403, "sso_required");
    let owner = json!({ "email": shop.owner.email, "password": PASSWORD });
    shop.stranger().post("/v1/auth/login", owner).await.ok();
    company.journey(&shop.stranger(), &company.address("sam")).await.ok();
    let removed = shop.owner.http.delete("/v1/account/sso").await.ok();
    assert!(removed["sso"].is_null());
    bo.signs_in().await.ok();
    let begin = json!({ "email": company.address("sam") });
    shop.stranger().post("/v1/auth/sso/begin", begin).await.refused(404, "sso_unknown");
}

#[tokio::test]
async fn a_provider_that_cannot_be_asked_is_not_taken_and_nothing_inside_is_asked() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let provider = OpenIdProvider::open(app.clock()).await;
    let http = &shop.owner.http;
    for issuer in
        [provider.issuer(), "https://127.0.0.1", "https://169.254.169.254", "https://[::1]", "ftp://x.example"]
    {
        let refused = http.put("/v1/account/sso", settings(issuer)).await;
        refused.refused(422, "validation_failed");
        assert_eq!(refused.json()["errors"][0]["code"], "issuer_not_allowed", "{}", refused.text);
    }
    assert_eq!(provider.asked_for_keys(), 0);
    let nowhere = http.put("/v1/account/sso", settings("https://nobody.invalid")).await;
    assert_eq!(nowhere.json()["errors"][0]["code"], "issuer_unusable", "{}", nowhere.text);
    for domain in ["nonsense", "10.0.0.1", "a b.example", ""] {
        let ask = json!({ "domain": domain, "mailbox": "admin" });
        http.post("/v1/account/sso/domains", ask).await.refused(422, "validation_failed");
    }
    let ask = json!({ "domain": "tea.example", "mailbox": "ana" });
    http.post("/v1/account/sso/domains", ask).await.refused(422, "body_fields_invalid");
}

pub(crate) async fn directory(shop: &Shop) -> Http {
    let key = shop.owner.http.post("/v1/api-keys", json!({ "name": "Directory", "scopes": ["scim"] })).await.ok();
    shop.stranger().with(key["secret"].as_str().unwrap())
}

pub(crate) async fn scim(http: &Http, method: &str, path: &str, body: Value) -> Reply {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    http.raw(method, &format!("/v1/scim/v2/Users{path}"), body, &[("content-type", "application/scim+json")]).await
}

#[tokio::test]
async fn a_directory_makes_people_finds_them_and_switches_them_off_within_two_seconds() {
    let company = Company::open().await;
    let shop = &company.shop;
    let http = directory(shop).await;
    let sam = company.address("sam");
    let new = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": sam, "externalId": "4711",
        "name": { "givenName": shop.says("Sam"), "familyName": "Tee" }, "active": true, "title": "unknown to us",
    });
    let made = scim(&http, "POST", "", new.clone()).await;
    assert_eq!((made.status, made.header("content-type")), (201, Some("application/scim+json")), "{}", made.text);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    scim(&http, "POST", "", new).await.refused(409, "already_member");
    let stranger = json!({ "userName": "ana@elsewhere.test" });
    let refused = scim(&http, "POST", "", stranger).await;
    assert_eq!(refused.json()["errors"][0]["code"], "domain_not_proven", "{}", refused.text);
    let found = scim(&http, "GET", &format!("?filter=userName%20eq%20%22{}%22", sam.to_uppercase()), Value::Null).await;
    assert_eq!(found.json()["Resources"][0]["id"], id.as_str(), "{}", found.text);
    assert_eq!(found.json()["totalResults"], 1);
    let page = scim(&http, "GET", "?startIndex=2&count=1", Value::Null).await.json();
    assert_eq!((&page["totalResults"], &page["itemsPerPage"]), (&json!(2), &json!(1)));
    http.get("/v1/agents").await.refused(403, "permission_denied");

    // Sam comes in by the company's provider, and is the one the directory made.
    let session = company.journey(&shop.stranger(), &sam).await.ok();
    assert_eq!(session["me"]["agent"]["id"], id.as_str());
    let on_duty = Agent::signed_in(shop, &session).await;
    on_duty.http.get("/v1/conversations").await.ok();
    let off = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "Replace", "path": "active", "value": "False" }] });
    let switched = scim(&http, "PATCH", &format!("/{id}"), off).await.ok();
    assert_eq!(switched["active"], false);
    assert_eq!(on_duty.socket().closed_within(Duration::from_secs(2)).await, Some(4003));
    on_duty.http.get("/v1/auth/me").await.refused(401, "token_invalid");
    company.journey(&shop.stranger(), &sam).await.refused(403, "member_disabled");
    let on = json!({ "Operations": [{ "op": "replace", "value": { "active": true, "displayName": shop.says("Samantha") } }] });
    let back = scim(&http, "PATCH", &format!("/{id}"), on).await.ok();
    assert_eq!((&back["active"], &back["displayName"]), (&json!(true), &json!(shop.says("Samantha"))));
    assert_eq!(scim(&http, "DELETE", &format!("/{id}"), Value::Null).await.status, 204);
    assert_eq!(scim(&http, "GET", &format!("/{id}"), Value::Null).await.json()["active"], false);
    let owner = format!("/{}", shop.owner.id);
    scim(&http, "DELETE", &owner, Value::Null).await.refused(403, "permission_denied");
    for bad in [json!({ "Operations": [] }), json!({ "Operations": [{ "op": "remove", "path": "active" }] })] {
        scim(&http, "PATCH", &format!("/{id}"), bad).await.refused(422, "validation_failed");
    }

    // Whoever squats on an address is not let in by the directory that makes its owner.
    let late = company.address("late");
    let ask = json!({ "company": shop.says("Trap"), "email": late, "password": PASSWORD });
    shop.stranger().post("/v1/signup", ask).await.ok();
    scim(&http, "POST", "", json!({ "userName": late })).await.ok();
    let login = json!({ "email": late, "password": PASSWORD });
    shop.stranger().post("/v1/auth/login", login).await.refused(401, "credentials_invalid");
}
