//! The provider in this process: started on a free port, scripted, and looked into.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::books::{Books, Habits};
use crate::chance::Chance;
use crate::refusal::Refusal;
use crate::server::connection;
use crate::server::door::{Door, Noted, Now, State};
use crate::server::fault::Faults;
use crate::server::keys::Keys;
use crate::server::post::{Delivered, Mail, Post, header};
use crate::server::script;

/// How the provider is started.
pub struct Options {
    /// Where it listens; port 0 is any.
    pub listen: SocketAddr,
    /// The secret key that requests must carry.
    pub key: String,
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// The clock, in seconds; the machine's when there is none.
    pub now: Option<Now>,
    /// Where webhooks go, with the secrets that sign them.
    pub endpoints: Vec<(String, Vec<String>)>,
    /// How webhooks travel.
    pub mail: Mail,
    /// What the account has chosen.
    pub habits: Habits,
    /// Where the books are kept between two runs; nowhere when there is none.
    pub file: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            key: "sk_test_standin".to_owned(),
            seed: 1,
            now: None,
            endpoints: Vec::new(),
            mail: Mail::default(),
            habits: Habits::default(),
            file: None,
        }
    }
}

/// A provider that runs until it is dropped.
pub struct Standin {
    door: Arc<Door>,
    address: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

impl std::fmt::Debug for Standin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Standin").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// An event as it is sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// The body, to the byte.
    pub body: String,
}

/// A usage event that the provider counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// What it was sent as.
    pub identifier: String,
    /// The name of its meter's events.
    pub event_name: String,
    /// Whose it is.
    pub customer: String,
    /// How much.
    pub value: i64,
    /// When it was used.
    pub timestamp: i64,
}

impl Standin {
    /// Starts one.
    ///
    /// # Errors
    /// When the port is taken or the books cannot be read.
    pub async fn start(options: Options) -> std::io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let now = options.now.unwrap_or_else(|| Arc::new(|| chrono::Utc::now().timestamp()));
        let url = format!("http://{address}");
        let kept = options.file.as_ref().filter(|file| file.exists()).map(std::fs::read).transpose()?;
        let mut books: Books = match kept {
            Some(text) => serde_json::from_slice(&text).map_err(std::io::Error::other)?,
            None => Books::new(options.seed, &url, options.habits, now()),
        };
        books.public_url = url;
        books.usage.place();
        script::set_endpoints(&mut books, options.endpoints);
        let state = State {
            books,
            faults: Faults::default(),
            keys: Keys::default(),
            post: Post::new(options.mail),
            chance: Chance::new(options.seed ^ 0x5eed),
            log: Vec::new(),
        };
        let door = Arc::new(Door::new(state, now, options.key, options.file));
        let tasks = vec![
            tokio::spawn(connection::serve(listener, Arc::clone(&door))),
            tokio::spawn(connection::deliver(Arc::clone(&door))),
        ];
        Ok(Self { door, address, tasks })
    }

    /// Its address, with a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The secret key.
    pub fn key(&self) -> &str {
        &self.door.key
    }

    /// Its clock.
    pub fn now(&self) -> i64 {
        self.door.enter().books.now
    }

    /// Moves its clock on; what is due on the way happens.
    pub fn advance(&self, seconds: i64) {
        let mut state = self.door.enter();
        script::advance(&mut state, seconds);
        self.door.dispatch(&mut state);
    }

    /// What goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.door.enter().faults = faults;
    }

    /// What the account has chosen from now on.
    pub fn set_habits(&self, habits: Habits) {
        self.door.enter().books.habits = habits;
    }

    /// How webhooks travel from now on.
    pub fn set_mail(&self, mail: Mail) {
        self.door.enter().post.mail = mail;
        self.door.bell.notify_one();
    }

    /// Where webhooks go from now on, with the secrets that sign them.
    pub fn set_endpoints(&self, endpoints: Vec<(String, Vec<String>)>) {
        script::set_endpoints(&mut self.door.enter().books, endpoints);
    }

    /// A customer has another card: one that pays, or one that does not. What is open is charged to it at once.
    ///
    /// # Errors
    /// When there is no such customer.
    pub fn give_card(&self, customer: &str, pays: bool) -> Result<(), Refusal> {
        let mut state = self.door.enter();
        let given = script::give_card(&mut state.books, customer, pays);
        self.door.dispatch(&mut state);
        given
    }

    /// Does something as the provider's own staff could, past HTTP: `POST /v1/…` with a form.
    ///
    /// # Errors
    /// What the API would refuse.
    pub fn act(&self, method: &str, path: &str, form: &str) -> Result<Value, Refusal> {
        let mut state = self.door.enter();
        let form = crate::form::Form::parse(form);
        let done = crate::server::route::dispatch(&mut state.books, method, path, &form, None);
        self.door.dispatch(&mut state);
        done
    }

    /// A buyer fills in the page of a session; where they are sent.
    ///
    /// # Errors
    /// What the page would say, like a declined card.
    pub fn buy(&self, session: &str, card: &str, code: &str) -> Result<String, Refusal> {
        let mut state = self.door.enter();
        let filled = crate::books::checkout::Filled {
            email: "buyer@shop.example".to_owned(),
            name: "A Buyer".to_owned(),
            country: "US".to_owned(),
            card: card.to_owned(),
            code: code.to_owned(),
        };
        let done = state.books.complete_session(session, &filled);
        self.door.dispatch(&mut state);
        done
    }

    /// Every event, oldest first.
    pub fn events(&self) -> Vec<Sent> {
        let state = self.door.enter();
        let sent = |event: &crate::books::event::Event| Sent {
            id: event.id.clone(),
            kind: event.kind.clone(),
            body: serde_json::to_string_pretty(&event.body).unwrap_or_default(),
        };
        state.books.events.iter().map(sent).collect()
    }

    /// Every try to deliver a webhook.
    pub fn delivered(&self) -> Vec<Delivered> {
        self.door.enter().post.delivered.clone()
    }

    /// How many webhooks are not delivered yet.
    pub fn undelivered(&self) -> usize {
        self.door.enter().post.waiting()
    }

    /// Forgets the webhooks that are not delivered yet.
    pub fn forget_undelivered(&self) {
        self.door.enter().post.forget();
    }

    /// Delivers everything that is due now, also what is held back; how many tries that took.
    pub async fn deliver(&self) -> usize {
        let mut tries = 0;
        while let Some(parcel) = self.door.next_parcel(true) {
            connection::hand_over(&self.door, &parcel).await;
            tries += 1;
        }
        tries
    }

    /// Every request, oldest first.
    pub fn requests(&self) -> Vec<Noted> {
        self.door.enter().log.clone()
    }

    /// A subscription is one that was sold in the classic billing mode; false when there is none. No request of the API makes it so.
    pub fn make_classic(&self, subscription: &str) -> bool {
        let mut state = self.door.enter();
        let found = state.books.subscriptions.find_mut(subscription);
        found.map(|subscription| subscription.flexible = false).is_some()
    }

    /// Every usage event that counts.
    pub fn counted(&self) -> Vec<Counted> {
        let state = self.door.enter();
        let books = &state.books;
        let counts = books.usage.records.iter().filter(|record| record.void.is_none());
        let counted = |record: &crate::books::usage::Record| Counted {
            identifier: record.identifier.clone(),
            event_name: books.meters.find(&record.meter).map(|meter| meter.event_name.clone()).unwrap_or_default(),
            customer: record.customer.clone(),
            value: record.value,
            timestamp: record.timestamp,
        };
        counts.map(counted).collect()
    }

    /// Makes the provider's count of an event another one behind everybody's back, or takes the event away; false when there is
    /// no such event.
    pub fn falsify(&self, identifier: &str, value: Option<i64>) -> bool {
        let mut state = self.door.enter();
        let Some(record) = state.books.usage.named_mut(identifier) else { return false };
        match value {
            Some(value) => record.value = value,
            None => record.void = Some("falsified".to_owned()),
        }
        true
    }
}

/// The header `Stripe-Signature` for a body, with one signature for each secret.
pub fn signature_header(body: &str, secrets: &[&str], at: i64) -> String {
    let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
    header(body, &secrets, at)
}
