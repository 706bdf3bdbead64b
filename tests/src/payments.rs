//! Servers with a payment provider beside them, on the same clock: the stand-in for Stripe, which they cannot tell from the real one.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use infra::{Clock, Timestamp};
use serde_json::{Value, json};
use stripe_standin::{Habits, Mail, Options, Standin};

use crate::app::TestApp;
use crate::http::Http;
use crate::shop::{PASSWORD, Shop};
use crate::wait::{eventually, fresh};

/// What signs the provider's webhooks.
pub const WEBHOOK_SECRET: &str = "whsec_of_the_stories";
/// A card that pays.
pub const GOOD_CARD: &str = "4242424242424242";

/// What a company buys.
#[derive(Debug, Clone, Copy)]
pub struct Purchase<'a> {
    /// The plan.
    pub plan: &'a str,
    /// `month` or `year`.
    pub interval: &'a str,
    /// In which currency.
    pub currency: &'a str,
    /// For how many people.
    pub seats: u32,
    /// A coupon's word; empty for none.
    pub code: &'a str,
}

/// Servers, and the provider.
pub struct Payments {
    /// The servers.
    pub app: TestApp,
    /// The provider.
    pub stripe: Standin,
    /// The server whose hand is moved in stories: the last one.
    hand: usize,
}

impl Payments {
    /// So many servers beside a provider that knows the price list.
    pub async fn start(nodes: usize, seed: u64, mail: Mail) -> Self {
        let clock: Arc<OnceLock<Clock>> = Arc::default();
        let hand = Arc::clone(&clock);
        let now = Arc::new(move || hand.get().unwrap_or(&Clock::system()).now().timestamp());
        let options = Options { seed, now: Some(now), mail, habits: Habits::default(), ..Options::default() };
        let stripe = Standin::start(options).await.unwrap();
        let (key, url) = (stripe.key().to_owned(), stripe.url());
        let app = TestApp::start_with(nodes, |settings| {
            settings.stripe_key = Some(key);
            settings.stripe_url = Some(url);
            settings.stripe_webhook_secrets = vec![WEBHOOK_SECRET.to_owned()];
        })
        .await;
        clock.set(app.clock().clone()).unwrap();
        app.node(0).billing.sync().await.unwrap();
        let payments = Self { app, stripe, hand: nodes - 1 };
        payments.stripe.set_endpoints(vec![(payments.door(), vec![WEBHOOK_SECRET.to_owned()])]);
        payments
    }

    /// Where webhooks go.
    pub fn door(&self) -> String {
        format!("{}/hooks/stripe", self.app.base(0))
    }

    /// A company that has bought a plan; the id it has as a customer comes with it.
    pub async fn customer(&self, name: &str, plan: &str, seats: u32) -> (Shop, String) {
        let shop = self.app.shop(name).await;
        let customer = self.buys(&shop, plan, seats).await;
        (shop, customer)
    }

    /// A company buys a plan by the month in dollars, and pays; the id it has as a customer.
    pub async fn buys(&self, shop: &Shop, plan: &str, seats: u32) -> String {
        self.buys_so(shop, Purchase { plan, interval: "month", currency: "usd", seats, code: "" }).await
    }

    /// A company buys and pays; the id it has as a customer.
    pub async fn buys_so(&self, shop: &Shop, purchase: Purchase<'_>) -> String {
        let Purchase { plan, interval, currency, seats, code } = purchase;
        let ask = json!({ "plan": plan, "interval": interval, "currency": currency, "seats": seats });
        let page = shop.owner.http.post("/v1/billing/checkout", ask).await.ok();
        let session = page["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        self.stripe.buy(&session, GOOD_CARD, code).unwrap();
        self.stripe.deliver().await;
        eventually("the plan holds", async || {
            self.app.node(0).billing.work_events().await.unwrap();
            let view = shop.owner.http.get("/v1/billing").await.ok();
            (view["state"] == "active" && view["plan"] == plan).then_some(())
        })
        .await;
        let session = self.stripe.act("GET", &format!("/v1/checkout/sessions/{session}"), "").unwrap();
        session["customer"].as_str().unwrap().to_owned()
    }

    /// Time passes for everybody; people sign in anew, for their tokens were for a quarter of an hour.
    pub async fn pass(&self, by: TimeDelta, shops: &[&Shop]) {
        self.app.clock().advance(by);
        for shop in shops {
            sign_in(shop).await;
        }
    }

    /// Usage is rolled up and sent, as the workers do it: what does not go at once goes the next time.
    pub async fn tell_usage(&self) {
        let billing = &self.app.node(self.hand).billing;
        eventually("usage is rolled up and sent", async || {
            billing.roll_up().await.ok()?;
            while billing.send_due().await.ok()?.accepted > 0 {}
            Some(())
        })
        .await;
    }

    /// The beginning of an hour so many before now.
    pub fn hour(&self, ago: i64) -> DateTime<Utc> {
        let now = self.app.clock().now();
        now.with_minute(0).and_then(|at| at.with_second(0)).and_then(|at| at.with_nanosecond(0)).unwrap()
            - TimeDelta::hours(ago)
    }

    /// The companies have paid for longer than they have.
    pub async fn paid_since(&self, days: i64) {
        let since = (self.app.clock().now() - TimeDelta::days(days)).to_rfc3339();
        self.app.sql(&format!("update shared.subscription set metered_from = '{since}', rolled_to = null")).await;
    }

    /// The same, and compared, until there is nothing left to do; the clock goes on meanwhile, so that waits end.
    pub async fn drain(&self) {
        let billing = &self.app.node(self.hand).billing;
        let busy = "select count(*) from shared.meter_batch where state in ('pending', 'sent', 'accepted')";
        for _ in 0..40 {
            self.tell_usage().await;
            self.app.clock().advance(TimeDelta::minutes(31));
            eventually("usage is compared", async || {
                billing.compare_all_soon().await.ok()?;
                billing.compare_due().await.inspect_err(|error| eprintln!("not compared: {error}")).ok()
            })
            .await;
            if self.app.count(busy).await == 0 {
                return;
            }
        }
        panic!("usage is still on its way: {}", self.app.count(busy).await);
    }

    /// When the first of the present periods ends.
    pub async fn period_end(&self) -> DateTime<Utc> {
        let end =
            "select extract(epoch from min(period_to))::bigint from shared.subscription where provider = 'stripe'";
        DateTime::from_timestamp(self.app.count(end).await, 0).unwrap()
    }

    /// The clock goes on to an instant.
    pub fn comes(&self, at: DateTime<Utc>) {
        self.app.clock().advance(at - self.app.clock().now());
    }

    /// All that the final invoices to one customer come to of one meter.
    pub fn invoiced(&self, customer: &str, meter: &str) -> i64 {
        let lines = self.invoices(customer).into_iter().flat_map(|invoice| self.lines(&invoice));
        lines.filter(|line| product(line).ends_with(meter)).map(|line| line["quantity"].as_i64().unwrap()).sum()
    }

    /// The final invoices to one customer, newest first.
    pub fn invoices(&self, customer: &str) -> Vec<Value> {
        let list = self.stripe.act("GET", "/v1/invoices", &format!("customer={customer}&limit=100")).unwrap();
        list["data"].as_array().unwrap().iter().filter(|invoice| invoice["status"] != "draft").cloned().collect()
    }

    /// All lines of an invoice, not only those that are told with it.
    pub fn lines(&self, invoice: &Value) -> Vec<Value> {
        let path = format!("/v1/invoices/{}/lines", invoice["id"].as_str().unwrap());
        let list = self.stripe.act("GET", &path, "limit=100").unwrap();
        assert_eq!(list["has_more"], false, "an invoice longer than any story makes");
        list["data"].as_array().unwrap().clone()
    }

    /// All that the provider counts of one customer's meter.
    pub fn counted(&self, customer: &str, meter: &str) -> i64 {
        let name = format!("frontdesk_{meter}");
        let counted = self.stripe.counted().into_iter();
        counted.filter(|event| event.customer == customer && event.event_name == name).map(|event| event.value).sum()
    }
}

/// What a line is about, as the provider calls it: `frontdesk_pro_messages`.
pub fn product(line: &Value) -> &str {
    line["pricing"]["price_details"]["product"].as_str().unwrap_or_default()
}

/// The owner signs in, however busy everybody is.
pub async fn sign_in(shop: &Shop) {
    let ask = json!({ "email": shop.owner.email, "password": PASSWORD });
    let session: Value = eventually("the owner is let in", async || {
        let reply = shop.owner.http.nobody().post("/v1/auth/login", ask.clone()).await;
        (reply.status != 503).then(|| reply.ok())
    })
    .await;
    shop.owner.http.take(session["access_token"].as_str().unwrap());
}

/// Usage as the message path writes it, at an instant.
pub async fn uses(shop: &Shop, meter: &str, quantity: i64, at: Timestamp) {
    uses_many(shop, meter, &[(quantity, at)]).await;
}

/// Much usage at once.
pub async fn uses_many(shop: &Shop, meter: &str, rows: &[(i64, DateTime<Utc>)]) {
    write_usage(&shop.app, &shop.schema().await, meter, rows).await;
}

/// The same, for a company that is known by its schema alone.
pub async fn write_usage(app: &TestApp, schema: &str, meter: &str, rows: &[(i64, DateTime<Utc>)]) {
    let rows =
        rows.iter().map(|(quantity, at)| format!("('{meter}', '{}', {quantity}, '{}')", fresh(), at.to_rfc3339()));
    for part in rows.collect::<Vec<_>>().chunks(2_000) {
        let insert = format!(
            "insert into {schema}.usage_event (meter, source, quantity, occurred_at) values {}",
            part.join(",")
        );
        app.sql(&insert).await;
    }
}

/// Things used one by one, each a row of its own: spread over the half hour before an instant, none before another one.
pub async fn write_rows(
    app: &TestApp,
    schema: &str,
    meter: &str,
    count: u64,
    (at, not_before): (DateTime<Utc>, DateTime<Utc>),
) {
    let (source, at, not_before) = (fresh(), at.to_rfc3339(), not_before.to_rfc3339());
    app.sql(&format!(
        "insert into {schema}.usage_event (meter, source, quantity, occurred_at) \
         select '{meter}', '{source}:' || n, 1, greatest('{not_before}', '{at}'::timestamptz - (n * 37 % 1800) * interval '1 second') \
         from generate_series(1, {count}) n"
    ))
    .await;
}

/// How a company stands, without what differs from company to company.
pub async fn standing(http: &Http) -> Value {
    let mut view = http.get("/v1/billing").await.ok();
    for field in ["period_from", "period_to", "trial", "grace_ends_at", "payment_url", "seen_at"] {
        view[field].take();
    }
    view
}
