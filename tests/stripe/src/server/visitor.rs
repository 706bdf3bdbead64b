//! The hosted pages as HTML: paying, looking after a subscription, looking at an invoice. Nothing is decided here.

use std::fmt::Write as _;

use crate::books::Books;
use crate::books::checkout::{Filled, Session};
use crate::books::invoice::{Invoice, State};
use crate::books::portal::Portal;
use crate::books::subscription::Subscription;
use crate::money::spoken;

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1a1f36;--soft:#5b6478;--line:#d9dee8;--back:#f6f8fb;--card:#fff;--act:#4f46e5;--bad:#b42318}
@media(prefers-color-scheme:dark){:root{--ink:#eef1f8;--soft:#a9b2c5;--line:#343b4d;--back:#12151d;--card:#1b202b;--act:#8b85ff;--bad:#ff8a80}}
*{box-sizing:border-box}body{margin:0;font:16px/1.5 system-ui,'Noto Sans CJK SC',sans-serif;color:var(--ink);background:var(--back)}
main{max-width:34rem;margin:3rem auto;padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:14px}
@media(max-width:36rem){main{margin:0;border:0;border-radius:0;min-height:100vh;padding:1.25rem}}
h1{font-size:1.35rem;margin:0 0 .25rem}h2{font-size:1rem;margin:1.75rem 0 .5rem}.soft{color:var(--soft)}
table{width:100%;border-collapse:collapse;margin:1rem 0}td{padding:.5rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td:last-child{text-align:right;white-space:nowrap}label{display:block;margin:.75rem 0 .25rem;font-weight:600;font-size:.9rem}
input,select{width:100%;padding:.65rem .75rem;border:1px solid var(--line);border-radius:8px;background:transparent;color:inherit;font:inherit}
button{width:100%;margin-top:1.25rem;padding:.75rem;border:0;border-radius:8px;background:var(--act);color:#fff;font:inherit;font-weight:600;cursor:pointer}
@media(prefers-color-scheme:dark){button{color:#12151d}}
button.plain{background:transparent;color:var(--ink);border:1px solid var(--line)}a{color:var(--act)}
.bad{color:var(--bad);font-weight:600}.mark{display:inline-block;padding:.1rem .5rem;border:1px solid var(--line);border-radius:99px;font-size:.8rem}";

fn whole(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>\
         <title>{title}</title><style>{STYLE}</style></head><body><main>{body}\
         <p class=soft style='margin-top:2rem;font-size:.85rem'>Stand-in for Stripe. No money moves.</p></main></body></html>"
    )
}

fn safe(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

fn day(at: i64) -> String {
    chrono::DateTime::from_timestamp(at, 0).unwrap_or_default().format("%d %b %Y").to_string()
}

/// A page that says no.
pub(crate) fn gone(sentence: &str) -> String {
    whole("Not here", &format!("<h1>Not here</h1><p class=soft>{}</p>", safe(sentence)))
}

/// The page where a buyer pays.
pub(crate) fn checkout(books: &Books, session: &Session, filled: &Filled, refused: Option<&str>) -> String {
    let currency = books.session_currency(session).unwrap_or_else(|| "usd".to_owned());
    let (every, due) = books.session_amounts(session);
    let mut rows = String::new();
    for (id, quantity) in &session.items {
        let Some(price) = books.prices.find(id) else { continue };
        let product = books.products.find(&price.product).map_or("", |product| product.name.as_str());
        let amount = match quantity {
            Some(quantity) => spoken(crate::books::lines::cost(&price.scheme, *quantity), &currency),
            None => "by use".to_owned(),
        };
        let times = quantity.map_or(String::new(), |quantity| format!("{quantity} × "));
        let _infallible = write!(rows, "<tr><td>{times}{}</td><td>{amount}</td></tr>", safe(product));
    }
    let trial = session
        .trial_end
        .map(day)
        .or_else(|| session.trial_days.filter(|days| *days > 0).map(|days| format!("{days} days")));
    let trial = trial.map_or(String::new(), |until| {
        format!("<p class=soft>Free trial ({until}), then {} for each period.</p>", spoken(every, &currency))
    });
    let said = refused.map_or(String::new(), |sentence| format!("<p class=bad role=alert>{}</p>", safe(sentence)));
    let email = session.customer_email.clone().unwrap_or_else(|| filled.email.clone());
    let code = if session.allow_codes == Some(true) {
        format!(
            "<label for=code>Promotion code</label><input id=code name=code value=\"{}\" autocomplete=off>",
            safe(&filled.code)
        )
    } else {
        String::new()
    };
    let cancel =
        session.cancel_url.as_ref().map_or(String::new(), |url| format!("<p><a href=\"{}\">Back</a></p>", safe(url)));
    let action = if session.mode == "setup" {
        "Save card"
    } else if due == 0 {
        "Start trial"
    } else {
        "Subscribe"
    };
    whole(
        "Checkout",
        &format!(
            "<h1>{}</h1><p class=soft>Due today: <strong>{}</strong></p>{trial}<table>{rows}</table>{said}<form method=post>\
             <label for=email>E-mail</label><input id=email name=email type=email required value=\"{}\">\
             <label for=card>Card number</label><input id=card name=card inputmode=numeric required placeholder='4242 4242 4242 4242' value=\"{}\">\
             <label for=name>Name on card</label><input id=name name=name required value=\"{}\">\
             <label for=country>Country</label><select id=country name=country><option value=US>United States</option>\
             <option value=DE>Germany</option><option value=CN>China</option></select>{code}<button type=submit>{action}</button></form>{cancel}",
            if session.mode == "setup" { "Save a card" } else { "Subscribe" },
            spoken(due, &currency),
            safe(&email),
            safe(&filled.card),
            safe(&filled.name),
        ),
    )
}

/// The page where a customer looks after things.
pub(crate) fn portal(books: &Books, portal: &Portal, said: Option<&str>) -> String {
    let own = books.subscriptions.iter().rev().filter(|sub| sub.customer == portal.customer);
    let mut body = String::from("<h1>Billing</h1>");
    if let Some(said) = said {
        let _infallible = write!(body, "<p class=bad role=alert>{}</p>", safe(said));
    }
    body.push_str("<h2>Subscriptions</h2>");
    for subscription in own {
        body.push_str(&subscribed(books, subscription));
    }
    let customer = books.customers.find(&portal.customer);
    // The customer's own, or the one that came with a purchase.
    let mut of_subscription =
        books.subscriptions.iter().rev().filter(|sub| sub.customer == portal.customer && !sub.is_over());
    let card = customer.and_then(|customer| customer.default_method.as_deref());
    let card = card.or_else(|| of_subscription.find_map(|sub| sub.default_method.as_deref()));
    let card = card.and_then(|id| books.methods.find(id));
    let card = card.map_or("none yet".to_owned(), |card| format!("•••• {}", card.last4));
    let _infallible = write!(
        body,
        "<h2>Card</h2><p class=soft>At present: {card}</p><form method=post><input type=hidden name=do value=card>\
         <label for=card>New card number</label><input id=card name=card inputmode=numeric required placeholder='4242 4242 4242 4242'>\
         <button type=submit>Use this card</button></form><h2>Invoices</h2><table>"
    );
    let invoices =
        books.invoices.iter().rev().filter(|invoice| invoice.customer == portal.customer && !invoice.is_draft());
    for invoice in invoices.take(24) {
        let _infallible = write!(
            body,
            "<tr><td><a href=\"/i/acct_1Standin000000/{}\">{}</a> <span class=mark>{}</span><br><span class=soft>{}</span></td><td>{}</td></tr>",
            invoice.id,
            safe(invoice.number.as_deref().unwrap_or("draft")),
            invoice.state.as_str(),
            day(invoice.created),
            spoken(invoice.total(), &invoice.currency),
        );
    }
    body.push_str("</table>");
    if let Some(url) = &portal.return_url {
        let _infallible = write!(body, "<p><a href=\"{}\">Back</a></p>", safe(url));
    }
    whole("Billing", &body)
}

fn subscribed(books: &Books, subscription: &Subscription) -> String {
    let product = |id: &str| books.prices.find(id).and_then(|price| books.products.find(&price.product));
    let names = subscription.items.iter().filter_map(|item| product(&item.price)).map(|product| safe(&product.name));
    let names = names.collect::<Vec<_>>().join(", ");
    let (action, words) = if subscription.cancel_at_period_end {
        ("keep", "Keep it")
    } else {
        ("cancel", "Cancel at the end of the period")
    };
    let until = if subscription.cancel_at_period_end { "ends" } else { "renews" };
    let form = if subscription.is_over() {
        String::new()
    } else {
        format!(
            "<form method=post><input type=hidden name=do value={action}><input type=hidden name=subscription value=\"{}\">\
             <button class=plain type=submit>{words}</button></form>",
            subscription.id
        )
    };
    format!(
        "<p>{names} <span class=mark>{}</span><br><span class=soft>{until} {}</span></p>{form}",
        subscription.status.as_str(),
        day(subscription.period_end())
    )
}

/// The page of an invoice.
pub(crate) fn invoice(invoice: &Invoice, said: Option<&str>) -> String {
    let money = |amount| spoken(amount, &invoice.currency);
    let mut rows = String::new();
    for line in &invoice.lines {
        let _infallible = write!(
            rows,
            "<tr><td>{}<br><span class=soft>{} – {}</span></td><td>{}</td></tr>",
            safe(&line.description),
            day(line.from),
            day(line.to),
            money(line.amount - line.off())
        );
    }
    let pay = if invoice.state == State::Open && invoice.remaining() > 0 {
        "<form method=post><label for=card>Card number</label><input id=card name=card inputmode=numeric required><button type=submit>Pay</button></form>"
    } else {
        ""
    };
    let said = said.map_or(String::new(), |said| format!("<p class=bad role=alert>{}</p>", safe(said)));
    whole(
        "Invoice",
        &format!(
            "<h1>Invoice {} <span class=mark>{}</span></h1><table>{rows}<tr><td>Tax</td><td>{}</td></tr><tr><td>Total</td><td>{}</td></tr>\
             <tr><td>Amount due</td><td><strong>{}</strong></td></tr></table>{said}{pay}<p><a href=\"/i/acct_1Standin000000/{}/pdf\">Download PDF</a></p>",
            safe(invoice.number.as_deref().unwrap_or("draft")),
            invoice.state.as_str(),
            money(invoice.tax),
            money(invoice.total()),
            money(invoice.remaining()),
            invoice.id,
        ),
    )
}

/// An invoice as lines of text.
pub(crate) fn invoice_text(invoice: &Invoice) -> Vec<String> {
    let money = |amount| format!("{} {}", invoice.currency.to_uppercase(), spoken(amount, ""));
    let mut lines = vec![format!("Invoice {}", invoice.number.as_deref().unwrap_or("draft")), String::new()];
    lines.push(format!(
        "Status: {}    Date: {}",
        invoice.state.as_str(),
        day(invoice.finalized_at.unwrap_or(invoice.created))
    ));
    lines.push(String::new());
    lines.extend(
        invoice.lines.iter().map(|line| format!("{}    {}", line.description, money(line.amount - line.off()))),
    );
    lines.push(String::new());
    lines.push(format!("Tax: {}", money(invoice.tax)));
    lines.push(format!("Total: {}", money(invoice.total())));
    lines.push(format!("Amount due: {}", money(invoice.remaining())));
    lines
}
