//! The door for whoever writes the play, `/_script`: time, faults, cards, webhooks, and a look into the books. It is no part of
//! the provider, and answers even while the provider is away.

use serde::Deserialize;
use serde_json::{Value, json};

use super::door::{Asked, Door, Reply, State};
use crate::books::Books;
use crate::refusal::Refusal;

/// `POST /_script`: whatever is named is done, in this order.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Lines {
    faults: Option<super::fault::Faults>,
    habits: Option<crate::books::Habits>,
    mail: Option<super::post::Mail>,
    endpoints: Option<Vec<Address>>,
    /// Seconds to move the provider's clock on.
    advance: Option<i64>,
    card: Option<Card>,
    /// Events to deliver once more.
    again: Vec<String>,
}

/// An address for webhooks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    url: String,
    secrets: Vec<String>,
}

/// Another card for a customer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Card {
    customer: String,
    /// Whether it pays.
    pays: bool,
}

pub(crate) fn answer(door: &Door, asked: &Asked) -> Reply {
    let reply = |status, body| Reply::Json { status, body, replayed: false, request_id: "req_script".to_owned() };
    match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/_script") => reply(200, looks(&door.enter())),
        ("GET", "/_script/requests") => reply(200, json!(door.enter().log)),
        ("POST", "/_script") => match serde_json::from_str::<Lines>(&asked.body) {
            Ok(lines) => match play(door, lines) {
                Ok(body) => {
                    door.save(&door.enter(), asked);
                    reply(200, body)
                }
                Err(refusal) => reply(refusal.status, refusal.body("req_script")),
            },
            Err(error) => reply(400, json!({ "error": error.to_string() })),
        },
        _ => reply(404, json!({ "error": "GET /_script, GET /_script/requests or POST /_script" })),
    }
}

fn play(door: &Door, lines: Lines) -> Result<Value, Refusal> {
    let mut state = door.enter();
    if let Some(faults) = lines.faults {
        state.faults = faults;
    }
    if let Some(habits) = lines.habits {
        state.books.habits = habits;
    }
    if let Some(mail) = lines.mail {
        state.post.mail = mail;
    }
    if let Some(addresses) = lines.endpoints {
        set_endpoints(&mut state.books, addresses.into_iter().map(|address| (address.url, address.secrets)).collect());
    }
    if let Some(seconds) = lines.advance {
        advance(&mut state, seconds);
    }
    if let Some(card) = lines.card {
        give_card(&mut state.books, &card.customer, card.pays)?;
    }
    let State { books, post, .. } = &mut *state;
    for event in &lines.again {
        post.again(event, books);
    }
    door.dispatch(&mut state);
    door.bell.notify_one();
    Ok(looks(&state))
}

/// Moves the provider's clock on; what is due on the way happens.
pub(crate) fn advance(state: &mut State, seconds: i64) {
    state.books.ahead += seconds.max(0);
    state.books.now += seconds.max(0);
    state.books.settle();
}

/// Webhooks go to these addresses and no others.
pub(crate) fn set_endpoints(books: &mut Books, addresses: Vec<(String, Vec<String>)>) {
    for id in books.endpoints.iter().map(|endpoint| endpoint.id.clone()).collect::<Vec<_>>() {
        books.endpoints.remove(&id);
    }
    for (url, secrets) in addresses {
        books.add_endpoint(&url, secrets, vec!["*".to_owned()]);
    }
}

/// A customer has another card from now on: one that pays, or one that does not. What is open is charged to it at once.
pub(crate) fn give_card(books: &mut Books, customer: &str, pays: bool) -> Result<(), Refusal> {
    let card = if pays { "pm_card_visa" } else { "pm_card_chargeCustomerFail" };
    books.use_card(customer, card)
}

fn looks(state: &State) -> Value {
    let books = &state.books;
    json!({
        "now": books.now, "faults": state.faults, "habits": books.habits, "mail": state.post.mail,
        "customers": books.customers.len(), "subscriptions": books.subscriptions.len(), "invoices": books.invoices.len(),
        "usage_events": books.usage.records.len(), "events": books.events.len(), "undelivered": state.post.waiting(),
    })
}
