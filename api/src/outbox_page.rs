//! `/dev/outbox`: the mail that was not really sent, newest first. Only there when mail goes to a folder.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use infra::mail::escape;

use crate::App;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route("/dev/outbox", get(list)).route("/dev/outbox/{name}", get(show))
}

async fn list(State(app): State<Arc<App>>) -> Response {
    let Some(folder) = &app.mail_outbox else { return StatusCode::NOT_FOUND.into_response() };
    let mut letters = Vec::new();
    if let Ok(mut entries) = tokio::fs::read_dir(folder).await {
        while let Ok(Some(entry)) = entries.next_entry().await {
            let name = entry.file_name().to_string_lossy().into_owned();
            if let (Ok(meta), true) = (entry.metadata().await, is_letter(&name)) {
                letters.push((meta.modified().ok(), name));
            }
        }
    }
    letters.sort_by(|left, right| right.cmp(left));
    let mut rows = String::new();
    for (_, name) in letters.iter().take(200) {
        let text = tokio::fs::read_to_string(folder.join(name)).await.unwrap_or_default();
        let header =
            |field: &str| text.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default().trim().to_owned();
        let row = format!(
            "<li><a href=\"/dev/outbox/{}\"><b>{}</b><span>{}</span><time>{}</time></a></li>",
            escape(name),
            escape(&decode_words(&header("Subject:"))),
            escape(&header("To:")),
            escape(&header("Date:"))
        );
        rows.push_str(&row);
    }
    if rows.is_empty() {
        rows.push_str("<li><p>No letters yet.</p></li>");
    }
    Html(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Outbox</title><meta name=\"viewport\" content=\"width=device-width\">\
         <style>body{{font:15px/1.5 system-ui,sans-serif;max-width:760px;margin:40px auto;padding:0 16px;color:#1c2024;background:#f5f6f8}}\
         ul{{list-style:none;padding:0;background:#fff;border-radius:12px;overflow:hidden}}li+li{{border-top:1px solid #eceef1}}\
         a{{display:grid;grid-template-columns:1fr auto;gap:0 16px;padding:12px 16px;color:inherit;text-decoration:none}}a:hover{{background:#f0f4fa}}\
         time,span{{color:#667;font-size:13px}}time{{grid-column:1/-1}}p{{padding:12px 16px}}</style></head>\
         <body><h1>Outbox</h1><p>Letters of this development server. None of them was really sent.</p><ul>{rows}</ul></body></html>"
    ))
    .into_response()
}

async fn show(State(app): State<Arc<App>>, Path(name): Path<String>) -> Response {
    let Some(folder) = app.mail_outbox.as_ref().filter(|_| is_letter(&name)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Ok(text) = tokio::fs::read_to_string(folder.join(&name)).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let page = html_part(&text).unwrap_or_else(|| format!("<pre>{}</pre>", escape(&text)));
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response()
}

fn is_letter(name: &str) -> bool {
    name.strip_suffix(".eml")
        .is_some_and(|stem| !stem.is_empty() && stem.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
}

/// The HTML part of one of our own letters: quoted-printable or base64, as lettre writes them.
fn html_part(letter: &str) -> Option<String> {
    let (_, part) = letter.split_once("Content-Type: text/html")?;
    let (head, body) = part.split_once("\r\n\r\n").or_else(|| part.split_once("\n\n"))?;
    let body = body.split("\r\n--").next()?;
    if head.contains("base64") {
        return decode_base64(&body.replace(['\r', '\n'], ""));
    }
    if head.contains("quoted-printable") { Some(decode_quoted(body)) } else { Some(body.to_owned()) }
}

fn decode_base64(text: &str) -> Option<String> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    String::from_utf8(bytes).ok()
}

fn decode_quoted(text: &str) -> String {
    let joined = text.replace("=\r\n", "").replace("=\n", "");
    let mut bytes = Vec::with_capacity(joined.len());
    let mut rest = joined.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = if *first == b'=' { after.get(..2).and_then(|two| std::str::from_utf8(two).ok()) } else { None };
        if let Some(byte) = hex.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// RFC 2047 encoded words of UTF-8 in base64, as lettre writes subjects.
fn decode_words(text: &str) -> String {
    text.split_whitespace()
        .map(|word| {
            let inner = word.strip_prefix("=?utf-8?b?").and_then(|word| word.strip_suffix("?="));
            inner.and_then(decode_base64).unwrap_or_else(|| format!("{word} "))
        })
        .collect::<String>()
        .trim()
        .to_owned()
}
