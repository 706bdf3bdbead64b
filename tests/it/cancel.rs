//! Callers go away at every possible moment. No acknowledged write is lost, and no connection comes back into the pool
//! inside somebody else's transaction, role or schema.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{Request, header};
use desk::message;
use infra::database::{Rows as _, sql};
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Executor as _, Row as _};
use tenant::Tenant;
use tests::{Shop, TestApp, eventually, fresh};
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::probes::{Door, Things, without_limits};

/// Polls a future so many times, as it wakes, and then drops it. `None` when it was dropped unfinished.
struct Cut<F> {
    inner: Pin<Box<F>>,
    left: usize,
}

fn cut<F: Future>(polls: usize, inner: F) -> Cut<F> {
    Cut { inner: Box::pin(inner), left: polls }
}

impl<F: Future> Future for Cut<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.left -= 1;
        match self.inner.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if self.left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// The hazard itself, on a plain pool: were it to vanish from sqlx, the guard in `infra` could go.
#[tokio::test]
async fn a_plain_pool_loses_writes_when_begin_is_cancelled() {
    let app = TestApp::start().await;
    app.sql("create table public.hazard (n integer)").await;
    let pool = PgPoolOptions::new().max_connections(1).connect(&app.database().admin_url).await.unwrap();
    let mut promised = 0_i64;
    for polls in (1..=12).cycle().take(240) {
        drop(cut(polls, pool.begin()).await);
        promised += i64::from(pool.execute("insert into public.hazard values (1)").await.is_ok());
    }
    pool.close().await;
    let kept = app.count("select count(*) from public.hazard").await;
    assert!(kept < promised, "sqlx kept all {promised}: this hazard is gone");
}

/// Whether a fresh borrower of the pool finds it as it should be.
async fn is_clean(tenant: &Tenant) -> bool {
    let look = "do $$ begin if current_user <> session_user or current_setting('search_path') <> 'pg_catalog' \
        or now() <> statement_timestamp() then raise 'not clean'; end if; end $$";
    tenant.world.database.run(look).await.is_ok()
}

async fn is_inside(tenant: &Tenant) -> bool {
    #[derive(sea_orm::FromQueryResult)]
    struct Inside {
        role: String,
        path: String,
    }
    let tx = tenant.begin().await.unwrap();
    let row: Option<Inside> =
        tx.one(sql("select current_user::text as role, current_setting('search_path') as path", [])).await.unwrap();
    let (row, schema) = (row.unwrap(), tenant.account.schema.as_str());
    row.role == schema && row.path == format!("{schema}, pg_catalog")
}

/// What is in the tables when all is done: every promise, once, and nobody else's words.
async fn keeps(shop: &Shop, promised: &BTreeSet<Uuid>) {
    let schema = shop.schema().await;
    let mut admin = shop.app.database().admin().await;
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "select client_message_id, text from {schema}.message where client_message_id is not null"
    )))
    .fetch_all(&mut admin)
    .await
    .unwrap();
    let mut kept = BTreeSet::new();
    for row in &rows {
        assert!(kept.insert(row.get::<Uuid, _>(0)), "written twice");
        let text: String = row.get(1);
        assert!(text.contains(&shop.canary), "another company's row: {text}");
    }
    let lost: Vec<&Uuid> = promised.difference(&kept).collect();
    assert!(lost.is_empty(), "{} of {} promised messages are lost", lost.len(), promised.len());
    assert_eq!(
        shop.count("select coalesce(max(last_seq), 0) - (select count(*) from {}.message) from {}.conversation").await,
        0
    );
}

async fn quiet(app: &TestApp) {
    eventually("all work is done", async || {
        let busy = "select count(*) from pg_stat_activity where datname = current_database() and state <> 'idle' and pid <> pg_backend_pid()";
        (app.count(busy).await == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn transactions_cancelled_at_every_poll_leave_the_pool_clean_and_lose_nothing() {
    let app = TestApp::start_with(1, |settings| settings.database_connections = 3).await;
    let shops = [app.shop("Tea").await, app.shop("Coffee").await];
    let mut sides = Vec::new();
    for shop in &shops {
        let visitor = shop.visitor("Ana").await;
        let inbox = shop.inbox["id"].as_str().unwrap().parse().unwrap();
        sides.push((shop, shop.tenant().await, visitor.id.parse().unwrap(), inbox, BTreeSet::new(), visitor));
    }
    let (mut cancelled, mut finished) = (0, 0);
    // How many polls a future needs is up to the machine: it goes on until enough were cut.
    for round in 0.. {
        if round >= 24 && cancelled > 500 && finished > 50 {
            break;
        }
        assert!(round < 240, "only {cancelled} cancelled, {finished} finished");
        // Once to the fiftieth poll; most futures here are done after a dozen.
        for polls in 1..=if round == 0 { 50 } else { 20 } {
            let (shop, tenant, contact, inbox, promised, _) = &mut sides[polls % 2];
            cancelled += usize::from(cut(1 + polls % 2, tenant.begin()).await.is_none());
            let mut tx = tenant.begin().await.unwrap();
            let (id, text) = (fresh(), shop.says("Hello"));
            let Some(sent) = cut(polls, message::receive(&mut tx, *contact, *inbox, &text, None, id)).await else {
                cancelled += 1;
                continue;
            };
            sent.unwrap();
            match cut(1 + (polls + round) % 3, tx.commit()).await {
                Some(done) => {
                    done.unwrap();
                    promised.insert(id);
                    finished += 1;
                }
                None => cancelled += 1,
            }
        }
        assert!(is_clean(&sides[round % 2].1).await, "round {round}");
        assert!(is_inside(&sides[0].1).await && is_inside(&sides[1].1).await, "round {round}");
    }
    println!("{cancelled} cancelled, {finished} finished");
    quiet(&app).await;
    for (shop, _, _, _, promised, _) in &sides {
        keeps(shop, promised).await;
    }
}

async fn call(
    router: &axum::Router,
    polls: usize,
    method: &str,
    path: &str,
    token: &str,
    body: Option<&Value>,
) -> Option<u16> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
        .unwrap();
    let answer = cut(polls, router.clone().oneshot(request)).await?;
    Some(answer.unwrap().status().as_u16())
}

#[tokio::test]
async fn requests_cancelled_at_every_poll_lose_no_acknowledged_write_and_mix_no_companies() {
    let app = TestApp::start_with(1, |settings| settings.database_connections = 4).await;
    let shops = [app.shop("Tea").await, app.shop("Coffee").await];
    let router = api::router(app.node(0).shared());
    let mut promised = [BTreeSet::new(), BTreeSet::new()];
    let mut things = Vec::new();
    for shop in &shops {
        without_limits(shop).await;
        things.push(Things::of(shop).await);
    }
    let (mut cancelled, mut finished) = (0, 0);
    for polls in [1, 2, 1, 3, 1, 2, 1, 4, 1, 2, 1, 50] {
        for (side, shop) in shops.iter().enumerate() {
            for probe in
                things[side].probes().iter().filter(|probe| probe.method != "GET" && probe.door != Door::Public)
            {
                let token = match probe.door {
                    Door::Visitor => things[side].visitor.http.token(),
                    Door::Member | Door::Public => shop.owner.http.token(),
                };
                let status = call(&router, polls, &probe.method, &probe.path, &token, probe.body.as_ref()).await;
                match status {
                    None => cancelled += 1,
                    Some(status) => {
                        finished += 1;
                        assert!(status < 500 || status == 503, "{}: {status}", probe.operation);
                    }
                }
                let id = probe.body.as_ref().and_then(|body| body["client_message_id"].as_str());
                if let (Some(id), Some(200 | 201)) = (id, status) {
                    promised[side].insert(id.parse().unwrap());
                }
            }
        }
        let tenant = shops[polls % 2].tenant().await;
        assert!(is_clean(&tenant).await && is_inside(&tenant).await, "after {polls} polls");
        // The clients of either company search these answers for the other's canary.
        for shop in &shops {
            shop.owner.http.get("/v1/conversations").await.ok();
            shop.owner.http.get("/v1/contacts").await.ok();
        }
    }
    println!("{cancelled} cancelled, {finished} finished");
    assert!(cancelled > 150 && finished > 150, "{cancelled} cancelled, {finished} finished");
    quiet(&app).await;
    for (shop, promised) in shops.iter().zip(&promised) {
        keeps(shop, promised).await;
    }
}

#[tokio::test]
async fn a_browser_that_hangs_up_in_the_middle_of_a_send_finds_the_message_once() {
    let app = TestApp::start_with(1, |settings| settings.database_connections = 2).await;
    let shop = app.shop("Tea").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    let router = api::router(app.node(0).shared());
    let mut sent = BTreeSet::new();
    for polls in (1..=6).cycle().take(60) {
        let id = fresh();
        let body = json!({ "client_message_id": id, "text": shop.says("again and again") });
        let first = call(&router, polls, "POST", "/v1/widget/messages", &ana.http.token(), Some(&body)).await;
        let again = ana.http.post("/v1/widget/messages", body).await;
        assert!([200, 201].contains(&again.status), "{}", again.text);
        if first.is_some() {
            assert_eq!(again.status, 200, "what was answered is there");
        }
        sent.insert(id);
    }
    keeps(&shop, &sent).await;
    assert_eq!(shop.count("select count(*) from {}.message").await, 61);
}

#[tokio::test]
async fn a_connection_that_comes_back_clean_is_used_again() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let sessions = "select sessions from pg_stat_database where datname = current_database()";
    let before = app.count(sessions).await;
    for _ in 0..100 {
        shop.owner.http.get("/v1/conversations").await.ok();
    }
    // A backend reports what it did when it is idle, or ends; the superuser's own looks are sessions too.
    let opened = app.count(sessions).await - before;
    assert!(opened < 30, "a hundred requests opened {opened} connections");
}
