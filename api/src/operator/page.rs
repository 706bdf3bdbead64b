//! The operator's page as HTML. Pure: a report in, a page out. Whatever is put into it is text, and escaped in one place.

use std::collections::{BTreeMap, BTreeSet};

use billing::report::Report;
use infra::Timestamp;
use infra::mail::escape;

use super::texts::Texts;
use crate::billing_command::amount;

const STYLE: &str = ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,'PingFang SC','Microsoft YaHei',sans-serif;max-width:64rem;\
    margin:2rem auto;padding:0 1rem;color:CanvasText;background:Canvas}h2{margin-top:2.5rem}.wide{overflow-x:auto;margin:1rem 0}\
    table{border-collapse:collapse;min-width:50%}caption{text-align:start;padding:.25rem 0}th,td{padding:.35rem .9rem .35rem 0;\
    border-bottom:1px solid GrayText;text-align:start;vertical-align:top}.number{text-align:end;font-variant-numeric:tabular-nums}\
    dt{font-weight:600}dd{margin:0 0 .5rem}:focus-visible{outline:3px solid Highlight;outline-offset:2px}";

/// What stands in a table.
enum Cell {
    Text(String),
    Number(String),
}

fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

fn number(number: i64) -> Cell {
    Cell::Number(number.to_string())
}

/// A column: its head, and whether numbers are in it.
type Column<'a> = (&'a str, bool);

/// To the minute, as everybody who runs servers reads it.
fn time(at: Timestamp) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// The whole page around its parts.
fn page(texts: &Texts, body: &str) -> String {
    let (lang, title) = (escape(texts.lang), escape(texts.title));
    format!(
        "<!doctype html><html lang=\"{lang}\"><head><meta charset=\"utf-8\"><title>{title} – Frontdesk</title>\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><style>{STYLE}</style></head>\
         <body><main><h1>{title}</h1>{body}</main></body></html>"
    )
}

/// In place of everything, while nothing can be said.
pub(super) fn unavailable(texts: &Texts) -> String {
    page(texts, &paragraph(texts.unavailable))
}

/// Everything.
pub(super) fn of(report: &Report, is_charged: bool, texts: &Texts) -> String {
    let mut body = paragraph(&format!("{} {}", texts.as_of, time(report.at)));
    if !is_charged {
        body += &paragraph(texts.nobody_charged);
    }
    body += &companies(report, texts);
    body += &money(report, texts);
    body += &unpaid(report, texts);
    body += &differences(report, texts);
    body += &unbilled(report, texts);
    body += &usage(report, texts);
    page(texts, &body)
}

fn companies(report: &Report, texts: &Texts) -> String {
    let counted = |counts: &BTreeMap<String, i64>| -> Vec<Vec<Cell>> {
        counts.iter().map(|(name, count)| vec![text(texts.word(name)), number(*count)]).collect()
    };
    let plan = |id: &str| billing::catalogue::plan(id).map_or_else(|| id.to_owned(), |offer| offer.name.to_owned());
    let plans = report.plans.iter().map(|(id, count)| vec![text(plan(id)), number(*count)]).collect();
    let states = [(texts.state, false), (texts.how_many, true)];
    let by_plan = [(texts.plan, false), (texts.how_many, true)];
    heading(texts.companies)
        + &table(texts.by_state, &states, counted(&report.accounts), texts.none)
        + &table(texts.by_plan, &by_plan, plans, texts.none)
}

fn money(report: &Report, texts: &Texts) -> String {
    let sums = [
        &report.monthly_recurring_minor,
        &report.paid_30_days_minor,
        &report.paid_30_days_before_minor,
        &report.open_minor,
    ];
    let currencies: BTreeSet<&String> = sums.iter().flat_map(|sum| sum.keys()).collect();
    let rows = currencies.into_iter().map(|currency| -> Vec<Cell> {
        let of = |sum: &&BTreeMap<String, i64>| Cell::Number(amount(sum.get(currency).copied().unwrap_or(0)));
        std::iter::once(text(currency.to_uppercase())).chain(sums.iter().map(of)).collect()
    });
    let columns = [
        (texts.currency, false),
        (texts.recurring, true),
        (texts.paid, true),
        (texts.paid_before, true),
        (texts.open, true),
    ];
    heading(texts.money) + &table(texts.by_currency, &columns, rows.collect(), texts.no_money)
}

fn unpaid(report: &Report, texts: &Texts) -> String {
    let rows = report.unpaid.iter().map(|company| {
        let since = company.since.map_or_else(|| texts.nothing_heard.to_owned(), time);
        vec![
            text(company.name.as_str()),
            text(company.company.as_str()),
            text(texts.word(&company.state)),
            text(company.plan.as_str()),
            text(since),
        ]
    });
    let columns = [texts.name, texts.company, texts.state, texts.plan, texts.since].map(|head| (head, false));
    heading(texts.unpaid) + &table(texts.unpaid_rows, &columns, rows.collect(), texts.all_pay)
}

fn differences(report: &Report, texts: &Texts) -> String {
    let unmended = report.differences.iter().filter(|found| !found.mended);
    let rows = unmended.map(|found| {
        let repair = found.repair.as_deref().map_or(texts.none, |state| texts.word(state));
        vec![
            text(found.company.as_str()),
            text(texts.word(&found.meter)),
            text(time(found.hour)),
            number(found.ours),
            number(found.theirs),
            text(repair),
            text(time(found.found_at)),
        ]
    });
    let columns = [
        (texts.company, false),
        (texts.meter, false),
        (texts.hour, false),
        (texts.ours, true),
        (texts.theirs, true),
        (texts.repair, false),
        (texts.found, false),
    ];
    let compared = &report.comparison;
    let at = |at: Option<Timestamp>| at.map_or_else(|| texts.never.to_owned(), time);
    let facts = [
        (texts.last_compared, at(compared.last_at)),
        (texts.oldest_compared, at(compared.oldest_at)),
        (texts.waiting_compared, compared.waiting.to_string()),
        (texts.differed, report.differences.len().to_string()),
    ];
    heading(texts.differences)
        + &table(texts.differences_rows, &columns, rows.collect(), texts.all_agree)
        + &list(&facts)
}

fn unbilled(report: &Report, texts: &Texts) -> String {
    let rows = report.unbilled.iter().map(|left| {
        vec![
            text(left.company.as_str()),
            text(texts.word(&left.meter)),
            number(left.quantity),
            text(time(left.ended_at)),
        ]
    });
    let columns = [(texts.company, false), (texts.meter, false), (texts.units, true), (texts.ended, false)];
    heading(texts.unbilled) + &table(texts.unbilled_rows, &columns, rows.collect(), texts.all_billed)
}

/// What is confirmed has arrived.
fn usage(report: &Report, texts: &Texts) -> String {
    let states = ["pending", "sent", "accepted", "stopped"];
    let rows = states.iter().filter_map(|state| {
        let batches = report.batches.get(*state)?;
        let units = report.units.get(*state).copied().unwrap_or(0);
        Some(vec![text(texts.word(state)), number(*batches), number(units)])
    });
    let columns = [(texts.state, false), (texts.batches, true), (texts.units, true)];
    let facts = [
        (texts.oldest_unsent, report.oldest_unsent.map_or_else(|| texts.all_accepted.to_owned(), time)),
        (texts.events, report.events_waiting.to_string()),
    ];
    heading(texts.usage) + &table(texts.usage_rows, &columns, rows.collect(), texts.no_usage) + &list(&facts)
}

fn heading(words: &str) -> String {
    format!("<h2>{}</h2>", escape(words))
}

fn paragraph(words: &str) -> String {
    format!("<p>{}</p>", escape(words))
}

/// Facts with what they are called.
fn list(facts: &[(&str, String)]) -> String {
    let facts: String =
        facts.iter().map(|(what, is)| format!("<dt>{}</dt><dd>{}</dd>", escape(what), escape(is))).collect();
    format!("<dl>{facts}</dl>")
}

/// A table whose rows begin with their heads; a sentence in its place where there are no rows. Where it is wider than the window, it can be
/// scrolled by keyboard.
fn table(caption: &str, columns: &[Column<'_>], rows: Vec<Vec<Cell>>, otherwise: &str) -> String {
    if rows.is_empty() {
        return paragraph(otherwise);
    }
    let class = |is_number: bool| if is_number { " class=\"number\"" } else { "" };
    let heads: String = columns
        .iter()
        .map(|(head, is_number)| format!("<th scope=\"col\"{}>{}</th>", class(*is_number), escape(head)))
        .collect();
    let mut body = String::new();
    for row in rows {
        body += "<tr>";
        for (place, cell) in row.into_iter().enumerate() {
            let (words, is_number) = match cell {
                Cell::Text(words) => (words, false),
                Cell::Number(words) => (words, true),
            };
            let words = escape(&words);
            let (open, close) = if place == 0 { ("<th scope=\"row\"", "</th>") } else { ("<td", "</td>") };
            let kind = if place == 0 { "" } else { class(is_number) };
            body.extend([open, kind, ">", &words, close]);
        }
        body += "</tr>";
    }
    let caption = escape(caption);
    format!(
        "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"{caption}\"><table><caption>{caption}</caption>\
         <thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )
}

#[cfg(test)]
mod tests {
    use billing::metering::Comparison;
    use billing::report::{Difference, Unbilled, Unpaid};

    use super::super::texts::{CHINESE, ENGLISH};
    use super::*;

    const HOSTILE: &str = "</td><script>alert('1')</script>\"&";

    fn at() -> Timestamp {
        "2027-03-01T02:03:04Z".parse().unwrap()
    }

    /// Everything in it is of this word.
    fn report(word: &str) -> Report {
        let of = |count: i64| BTreeMap::from([(word.to_owned(), count)]);
        let (company, meter) = (word.to_owned(), word.to_owned());
        Report {
            at: at(),
            monthly_recurring_minor: of(123_456),
            paid_30_days_minor: of(-7),
            paid_30_days_before_minor: BTreeMap::new(),
            open_minor: BTreeMap::new(),
            accounts: of(3),
            plans: of(4),
            batches: BTreeMap::from([("sent".to_owned(), 2)]),
            units: BTreeMap::from([("sent".to_owned(), 40)]),
            comparison: Comparison { last_at: Some(at()), oldest_at: None, waiting: 1 },
            oldest_unsent: None,
            events_waiting: 5,
            unpaid: vec![Unpaid {
                company: company.clone(),
                name: word.to_owned(),
                state: word.to_owned(),
                plan: word.to_owned(),
                since: None,
            }],
            unbilled: vec![Unbilled { company: company.clone(), meter: meter.clone(), quantity: 9, ended_at: at() }],
            differences: vec![Difference {
                company,
                meter,
                hour: at(),
                ours: 8,
                theirs: 6,
                repair: Some(word.to_owned()),
                mended: false,
                found_at: at(),
            }],
        }
    }

    #[test]
    fn nothing_that_anybody_wrote_becomes_a_part_of_the_page() {
        for texts in [&ENGLISH, &CHINESE] {
            let (hostile, plain) = (of(&report(HOSTILE), true, texts), of(&report("word"), true, texts));
            assert!(!hostile.to_lowercase().contains("<script"), "{hostile}");
            let marks = |page: &str| [page.matches('<').count(), page.matches('"').count()];
            assert_eq!(marks(&hostile), marks(&plain), "{hostile}");
        }
    }

    #[test]
    fn every_table_has_a_caption_and_every_head_says_what_it_is_the_head_of() {
        let page = of(&report("word"), true, &CHINESE);
        let count = |mark: &str| page.matches(mark).count();
        assert_eq!((count("<table>"), count("<caption>")), (7, 7), "{page}");
        assert_eq!(count("<th "), count("<th scope=\"col\"") + count("<th scope=\"row\""));
        assert_eq!((count("<h1>"), count("<h2>")), (1, 6));
        assert!(page.contains("lang=\"zh-CN\"") && page.contains("color-scheme:light dark"));
        for shown in ["1234.56", "-0.07", ">40<", ">8<", ">6<", "2027-03-01 02:03 UTC", CHINESE.all_accepted] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
    }

    #[test]
    fn where_there_is_nothing_a_sentence_says_so() {
        let nothing = Report {
            accounts: BTreeMap::new(),
            plans: BTreeMap::new(),
            batches: BTreeMap::new(),
            units: BTreeMap::new(),
            monthly_recurring_minor: BTreeMap::new(),
            paid_30_days_minor: BTreeMap::new(),
            unpaid: Vec::new(),
            unbilled: Vec::new(),
            differences: Vec::new(),
            ..report("word")
        };
        let page = of(&nothing, false, &ENGLISH);
        assert!(!page.contains("<table>"), "{page}");
        for sentence in [ENGLISH.nobody_charged, ENGLISH.no_money, ENGLISH.all_pay, ENGLISH.all_agree, ENGLISH.no_usage]
        {
            assert!(page.contains(&escape(sentence)), "{sentence}: {page}");
        }
        assert!(unavailable(&ENGLISH).contains(&escape(ENGLISH.unavailable)));
    }
}
