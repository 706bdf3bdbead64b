//! The wire: keys, errors, lists, expansion, and what goes wrong on purpose.

use serde_json::json;
use stripe_standin::{Down, Faults};

use crate::scene::{DAY, Scene, id};

#[tokio::test]
async fn a_request_with_a_key_is_done_once_and_answered_alike() {
    let scene = Scene::open().await;
    let ask = |body: &'static str| scene.http("POST", "/v1/customers", "idempotency-key: k1\r\n", body);
    let (status, head, first) = ask("name=A").await.unwrap();
    assert!(status == 200 && head.contains("request-id: req_") && !head.contains("idempotent-replayed"));
    let (_, head, second) = ask("name=A").await.unwrap();
    assert!(head.contains("idempotent-replayed: true"));
    assert_eq!(first["id"], second["id"]);
    let (status, _, refused) = ask("name=B").await.unwrap();
    assert_eq!((status, refused["error"]["type"].as_str()), (400, Some("idempotency_error")));
    scene.pass(DAY);
    let (_, _, later) = ask("name=B").await.unwrap();
    assert_ne!(later["id"], first["id"]);
}

#[tokio::test]
async fn a_saved_failure_is_repeated_for_its_key_and_a_passing_one_is_not() {
    let scene = Scene::open().await;
    let post =
        async |key: &str| scene.http("POST", "/v1/customers", &format!("idempotency-key: {key}\r\n"), "name=A").await;
    scene.standin.set_faults(Faults { broken_after: 1_000, ..Faults::default() });
    assert_eq!(post("a").await.unwrap().0, 500);
    scene.standin.set_faults(Faults { broken: 1_000, ..Faults::default() });
    assert_eq!(post("b").await.unwrap().0, 500);
    scene.standin.set_faults(Faults { too_many: 1_000, ..Faults::default() });
    let (status, head, body) = post("b").await.unwrap();
    assert_eq!((status, body["error"]["code"].as_str()), (429, Some("rate_limit")));
    assert!(head.contains("stripe-should-retry: true"));
    scene.standin.set_faults(Faults::default());
    let (status, head, _) = post("a").await.unwrap();
    assert!(status == 500 && head.contains("idempotent-replayed: true") && head.contains("stripe-should-retry: false"));
    assert_eq!(post("b").await.unwrap().0, 200);
    // Done and then said to be broken: there are two customers.
    assert_eq!(scene.get("/v1/customers")["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_done_without_an_answer_is_done() {
    let scene = Scene::open().await;
    scene.standin.set_faults(Faults { lost: 1_000, ..Faults::default() });
    assert!(scene.http("POST", "/v1/customers", "idempotency-key: a\r\n", "name=A").await.is_none());
    scene.standin.set_faults(Faults { dropped: 1_000, ..Faults::default() });
    assert!(scene.http("POST", "/v1/customers", "idempotency-key: b\r\n", "name=B").await.is_none());
    scene.standin.set_faults(Faults { down: Some(Down::Unavailable), ..Faults::default() });
    assert_eq!(scene.http("GET", "/v1/customers", "", "").await.unwrap().0, 503);
    scene.standin.set_faults(Faults::default());
    let (_, head, body) = scene.http("POST", "/v1/customers", "idempotency-key: a\r\n", "name=A").await.unwrap();
    assert!(head.contains("idempotent-replayed: true"));
    let all = scene.get("/v1/customers");
    assert_eq!((all["data"].as_array().unwrap().len(), all["data"][0]["id"].clone()), (1, body["id"].clone()));
}

#[tokio::test]
async fn refusals_say_what_is_wrong_and_where() {
    let scene = Scene::open().await;
    let customer = scene.customer(true);
    let cases = [
        ("GET", "/v1/customers/cus_none", String::new(), 404, "resource_missing", "id"),
        ("POST", "/v1/customers", "nme=A".to_owned(), 400, "parameter_unknown", "nme"),
        (
            "POST",
            "/v1/prices",
            "product=seat&currency=usd&unit_amount=x".to_owned(),
            400,
            "parameter_invalid_integer",
            "unit_amount",
        ),
        ("POST", "/v1/subscriptions", format!("customer={customer}"), 400, "parameter_missing", "items"),
        ("POST", "/v1/products", "id=seat&name=Again".to_owned(), 400, "resource_already_exists", "id"),
        ("GET", "/v1/invoices", "limit=1000".to_owned(), 400, "parameter_invalid_integer", "limit"),
    ];
    for (method, path, form, status, code, param) in cases {
        let refusal = scene.standin.act(method, path, &form).unwrap_err();
        assert_eq!(
            (refusal.status, refusal.code.as_deref(), refusal.param.as_deref()),
            (status, Some(code), Some(param)),
            "{path}"
        );
    }
    let (status, _, body) = scene.http("GET", "/v1/nothing", "", "").await.unwrap();
    assert_eq!((status, body["error"]["type"].as_str()), (404, Some("invalid_request_error")));
}

#[tokio::test]
async fn ids_become_objects_for_those_who_ask() {
    let scene = Scene::open().await;
    let customer = scene.customer(true);
    let subscription = id(&scene.subscribe(&customer, ""));
    let path = format!(
        "/v1/subscriptions/{subscription}?expand[]=latest_invoice.payments&expand[]=customer&expand[]=items.data.price.tiers"
    );
    let (_, _, body) = scene.http("GET", &path, "", "").await.unwrap();
    assert_eq!(body["customer"]["email"], "a@b.example");
    assert_eq!(body["latest_invoice"]["payments"]["data"][0]["status"], "paid");
    assert_eq!(body["items"]["data"][1]["price"]["tiers"][1]["unit_amount_decimal"], "0.5");
    let (status, _, _) =
        scene.http("GET", &format!("/v1/subscriptions/{subscription}?expand[]=moon"), "", "").await.unwrap();
    assert_eq!(status, 400);
    let plain = scene.get(&format!("/v1/subscriptions/{subscription}"));
    assert_eq!(plain["items"]["data"][1]["price"]["tiers"], json!(null));
}

#[tokio::test]
async fn a_lookup_key_moves_to_the_newer_price_when_told_to() {
    let scene = Scene::open().await;
    let twin = "product=seat&currency=usd&unit_amount=1200&recurring[interval]=month&lookup_key=seat";
    assert_eq!(scene.standin.act("POST", "/v1/prices", twin).unwrap_err().param.as_deref(), Some("lookup_key"));
    let newer = id(&scene.act("POST", "/v1/prices", &format!("{twin}&transfer_lookup_key=true")));
    let found = scene.act("GET", "/v1/prices", "lookup_keys[]=seat&active=true");
    assert_eq!(found["data"].as_array().unwrap().iter().map(id).collect::<Vec<_>>(), [newer]);
}

#[tokio::test]
async fn the_script_answers_while_the_provider_is_away() {
    let scene = Scene::open().await;
    let (status, _, body) =
        scene.http("POST", "/_script", "", r#"{"faults":{"down":"refuse"},"advance":86400}"#).await.unwrap();
    assert_eq!((status, body["now"].clone()), (200, json!(scene.now() + DAY)));
    assert!(scene.http("GET", "/v1/customers", "", "").await.is_none());
    assert_eq!(scene.http("POST", "/_script", "", r#"{"fault":{}}"#).await.unwrap().0, 400);
}
