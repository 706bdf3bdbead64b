//! The hosted pages: what a browser asks for, and what people do there.

use super::door::{Asked, Door, Reply};
use super::{pdf, visitor};
use crate::books::Books;
use crate::books::checkout::Filled;
use crate::form::Form;
use crate::refusal::Refusal;

pub(crate) fn answer(door: &Door, asked: &Asked) -> Reply {
    let mut state = door.enter();
    let form = Form::parse(&asked.body);
    let posts = asked.method == "POST";
    let path = asked.path.trim_matches('/');
    let books = &mut state.books;
    let reply = match path.split('/').collect::<Vec<_>>().as_slice() {
        ["c", "pay", id] => pay(books, id, posts.then_some(&form)),
        ["p", "session", secret] => portal(books, secret, posts.then_some(&form)),
        ["i", _, id] => invoice(books, id, posts.then_some(&form)),
        ["i", _, id, "pdf"] => {
            books.invoices.get(id, "id").map(|invoice| Reply::Pdf(pdf::page(&visitor::invoice_text(invoice))))
        }
        [""] => Ok(page(200, visitor::gone("This is a stand-in for Stripe; its API is at /v1."))),
        _ => Err(Refusal::no_route(&asked.method, &asked.path)),
    };
    door.dispatch(&mut state);
    door.save(&state, asked);
    reply.unwrap_or_else(|refusal| page(404, visitor::gone(&refusal.message)))
}

fn page(status: u16, html: String) -> Reply {
    Reply::Page { status, html }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn field(form: &Form, name: &str) -> String {
    form.text(name).ok().flatten().unwrap_or_default().trim().to_owned()
}

fn pay(books: &mut Books, id: &str, form: Option<&Form>) -> Result<Reply, Refusal> {
    let session = books.sessions.get(id, "id")?.clone();
    if !session.is_open() {
        return Ok(page(410, visitor::gone("This checkout session has expired or was completed.")));
    }
    let Some(form) = form else {
        let filled = Filled::default();
        return Ok(page(200, visitor::checkout(books, &session, &filled, None)));
    };
    let filled = Filled {
        email: field(form, "email"),
        name: field(form, "name"),
        country: field(form, "country"),
        card: digits(&field(form, "card")),
        code: field(form, "code"),
    };
    match books.complete_session(id, &filled) {
        Ok(to) => Ok(Reply::Redirect(to)),
        Err(refusal) => Ok(page(402, visitor::checkout(books, &session, &filled, Some(&refusal.message)))),
    }
}

fn portal(books: &mut Books, secret: &str, form: Option<&Form>) -> Result<Reply, Refusal> {
    let visit = books.visit(secret)?;
    let Some(form) = form else { return Ok(page(200, visitor::portal(books, &visit, None))) };
    let subscription = field(form, "subscription");
    let own = books.subscriptions.find(&subscription).is_some_and(|found| found.customer == visit.customer);
    let done = match field(form, "do").as_str() {
        "card" => books.change_card(&visit.customer, &digits(&field(form, "card"))),
        "cancel" if own => {
            books.update_subscription(&subscription, &Form::parse("cancel_at_period_end=true")).map(drop)
        }
        "keep" if own => books.update_subscription(&subscription, &Form::parse("cancel_at_period_end=false")).map(drop),
        _ => Err(Refusal::bad("There is nothing to do.")),
    };
    let said = done.err().map(|refusal| refusal.message);
    let status = if said.is_some() { 402 } else { 200 };
    Ok(page(status, visitor::portal(books, &visit, said.as_deref())))
}

fn invoice(books: &mut Books, id: &str, form: Option<&Form>) -> Result<Reply, Refusal> {
    let customer = books.invoices.get(id, "id")?.customer.clone();
    let said = match form {
        None => None,
        Some(form) => books.change_card(&customer, &digits(&field(form, "card"))).err().map(|refusal| refusal.message),
    };
    let status = if said.is_some() { 402 } else { 200 };
    Ok(page(status, visitor::invoice(books.invoices.get(id, "id")?, said.as_deref())))
}
