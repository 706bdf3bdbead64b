//! An installation of one's own: no signup but the first owner's, by a link that is printed once; everything is free.

use serde_json::json;
use tests::{PASSWORD, TestApp, fresh};

fn signup(setup: Option<&str>) -> serde_json::Value {
    let email = format!("{}@mail.test", fresh().simple());
    json!({ "company": "House", "email": email, "password": PASSWORD, "setup": setup })
}

#[tokio::test]
async fn a_private_installation_lets_its_first_owner_in_by_a_link_and_nobody_else() {
    let app = TestApp::start_with(1, |settings| settings.private = true).await;
    let world = &app.node(0).world;
    let nobody = app.stranger();
    assert_eq!(nobody.get("/v1/signup").await.ok()["open"], false);
    nobody.post("/v1/signup", signup(None)).await.refused(403, "signup_closed");
    nobody.post("/v1/signup", signup(Some("a guess"))).await.refused(403, "signup_closed");
    let (first, second) = (
        tenant::setup_link::issue(world).await.unwrap().unwrap(),
        tenant::setup_link::issue(world).await.unwrap().unwrap(),
    );
    let secret = |link: &str| link.split_once("setup=").unwrap().1.to_owned();
    // Both at once: one gets in.
    let both = tokio::join!(
        nobody.post("/v1/signup", signup(Some(&secret(&first)))),
        nobody.post("/v1/signup", signup(Some(&secret(&first)))),
    );
    let mut answers = [both.0.status, both.1.status];
    answers.sort_unstable();
    assert_eq!(answers, [201, 403]);
    let session = if both.0.status == 201 { both.0.json() } else { both.1.json() };
    assert_eq!(session["me"]["account"]["plan"], "private");
    assert!(session["me"]["limits"]["agents"].is_null(), "nothing is limited");
    nobody.post("/v1/signup", signup(Some(&secret(&second)))).await.refused(403, "signup_closed");
    assert_eq!(tenant::setup_link::issue(world).await.unwrap(), None, "there is a company now");
    // Brands of a group are made by its owner.
    let owner = nobody.with(session["access_token"].as_str().unwrap());
    let group = owner.post("/v1/organisations", json!({ "name": "Group" })).await.ok();
    let path = format!("/v1/organisations/{}/accounts", group["id"].as_str().unwrap());
    let brand = owner.post(&path, json!({ "company": "Cups", "locale": "en" })).await.ok();
    assert_eq!(brand["plan"], "private");
}

#[tokio::test]
async fn a_hosted_installation_takes_everybody() {
    let app = TestApp::start().await;
    assert_eq!(app.stranger().get("/v1/signup").await.ok()["open"], true);
    app.shop("Tea").await;
}
