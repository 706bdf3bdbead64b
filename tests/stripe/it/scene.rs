//! A provider with a small catalogue, a clock that is moved by hand, and plain HTTP beside the typed client.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::Value;
use stripe_standin::{Options, Standin};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const SECRET: &str = "whsec_one";
/// 15 January 2027, 10:00 UTC.
pub(crate) const NOW: i64 = 1_800_007_200;
pub(crate) const DAY: i64 = 86_400;

/// One provider.
pub(crate) struct Scene {
    pub(crate) standin: Standin,
    clock: Arc<AtomicI64>,
    pub(crate) meter: String,
    /// $10 a seat and month.
    pub(crate) seats: String,
    /// $30 a seat and month.
    pub(crate) dear: String,
    /// 1,000 messages for nothing, then half a cent each.
    pub(crate) messages: String,
}

impl Scene {
    pub(crate) async fn open() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let clock = Arc::new(AtomicI64::new(NOW));
        let hand = Arc::clone(&clock);
        let now = Arc::new(move || hand.load(Ordering::SeqCst));
        let standin = Standin::start(Options { now: Some(now), ..options }).await.unwrap();
        let make = |path: &str, form: &str| id(&standin.act("POST", path, form).unwrap());
        let meter =
            make("/v1/billing/meters", "display_name=Messages&event_name=messages&default_aggregation[formula]=sum");
        make("/v1/products", "id=seat&name=Seats");
        make("/v1/products", "id=message&name=Messages");
        let seats =
            make("/v1/prices", "product=seat&currency=usd&unit_amount=1000&recurring[interval]=month&lookup_key=seat");
        let dear = make("/v1/prices", "product=seat&currency=usd&unit_amount=3000&recurring[interval]=month");
        let messages = make(
            "/v1/prices",
            &format!(
                "product=message&currency=usd&billing_scheme=tiered&tiers_mode=graduated&tiers[0][up_to]=1000&tiers[0][unit_amount]=0\
                 &tiers[1][up_to]=inf&tiers[1][unit_amount_decimal]=0.5&recurring[interval]=month&recurring[usage_type]=metered&recurring[meter]={meter}"
            ),
        );
        Self { standin, clock, meter, seats, dear, messages }
    }

    pub(crate) fn act(&self, method: &str, path: &str, form: &str) -> Value {
        self.standin.act(method, path, form).unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.act("GET", path, "")
    }

    /// Time passes for everybody.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    /// A customer with a card that pays, or one that does not.
    pub(crate) fn customer(&self, pays: bool) -> String {
        let customer = id(&self.act("POST", "/v1/customers", "email=a@b.example&address[country]=US"));
        self.standin.give_card(&customer, pays).unwrap();
        customer
    }

    /// Two seats and messages; more is said in a form.
    pub(crate) fn subscribe(&self, customer: &str, more: &str) -> Value {
        let (seats, messages) = (&self.seats, &self.messages);
        let form = format!(
            "customer={customer}&items[0][price]={seats}&items[0][quantity]=2&items[1][price]={messages}&{more}"
        );
        self.act("POST", "/v1/subscriptions", &form)
    }

    pub(crate) fn use_messages(&self, customer: &str, identifier: &str, value: i64, at: i64) {
        let form = format!(
            "event_name=messages&identifier={identifier}&timestamp={at}&payload[stripe_customer_id]={customer}&payload[value]={value}"
        );
        self.act("POST", "/v1/billing/meter_events", &form);
    }

    pub(crate) fn invoices(&self, customer: &str) -> Vec<Value> {
        let mut list = self.act("GET", "/v1/invoices", &format!("customer={customer}&limit=100"));
        let mut rows: Vec<Value> = serde_json::from_value(list["data"].take()).unwrap();
        rows.reverse();
        rows
    }

    pub(crate) fn status(&self, subscription: &Value) -> String {
        self.get(&format!("/v1/subscriptions/{}", id(subscription)))["status"].as_str().unwrap().to_owned()
    }

    pub(crate) fn kinds(&self) -> Vec<String> {
        self.standin.events().into_iter().map(|event| event.kind).collect()
    }

    /// Plain HTTP: status, head, body.
    pub(crate) async fn http(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> Option<(u16, String, Value)> {
        let address = self.standin.url().replace("http://", "").trim_end_matches('/').to_owned();
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let key = self.standin.key();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, head.to_lowercase(), serde_json::from_str(body).unwrap_or(Value::Null)))
    }
}

pub(crate) fn id(object: &Value) -> String {
    object["id"].as_str().unwrap().to_owned()
}
