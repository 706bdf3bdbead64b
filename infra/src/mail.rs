//! Mail out: SMTP through lettre, or files in a folder that a developer reads at `/dev/outbox`.

use std::path::{Path, PathBuf};

use lettre::message::{Mailbox, MultiPart};
use lettre::{AsyncFileTransport, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

/// A letter. `text` is plain text; the HTML part is made from it, escaped, so that no text can become markup.
#[derive(Debug, Clone)]
pub struct Letter {
    /// In whose name it goes out, one line; in our own, when absent. The address it is sent from is always ours.
    pub sender: Option<String>,
    /// The recipient's address.
    pub to: String,
    /// The subject, one line.
    pub subject: String,
    /// Paragraphs separated by blank lines.
    pub text: String,
    /// A button: what it says and where it leads.
    pub button: Option<(String, String)>,
}

/// Sends letters.
#[derive(Clone)]
pub struct Mailer {
    route: Route,
    from: Mailbox,
}

#[derive(Clone)]
enum Route {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Outbox(AsyncFileTransport<Tokio1Executor>, PathBuf),
}

/// The mail settings are unusable, or a letter was refused.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The settings cannot be used.
    #[error("the mail settings cannot be used: {0}")]
    Settings(String),
    /// The letter itself cannot be sent to this address, ever.
    #[error("the letter cannot be written: {0}")]
    Letter(String),
    /// The server refused or was away; worth another try.
    #[error("the mail server did not take the letter: {0}")]
    Server(String),
}

impl Mailer {
    /// Makes a mailer from `smtp://`, `smtps://` or `outbox:` and a sender.
    pub fn new(url: &str, from: &str) -> Result<Self, MailError> {
        let settings = |error: &dyn std::fmt::Display| MailError::Settings(error.to_string());
        let from = from.parse().map_err(|error| settings(&error))?;
        let route = if let Some(folder) = url.strip_prefix("outbox:") {
            std::fs::create_dir_all(folder).map_err(|error| settings(&error))?;
            Route::Outbox(AsyncFileTransport::new(folder), folder.into())
        } else {
            let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|error| settings(&error))?;
            Route::Smtp(builder.timeout(Some(std::time::Duration::from_secs(10))).build())
        };
        Ok(Self { route, from })
    }

    /// The folder of the outbox, when mail is not really sent.
    pub fn outbox(&self) -> Option<&Path> {
        match &self.route {
            Route::Smtp(_) => None,
            Route::Outbox(_, folder) => Some(folder),
        }
    }

    /// Sends one letter.
    pub async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let to = letter.to.parse().map_err(|error| MailError::Letter(format!("{error}")))?;
        let mut text = letter.text.clone();
        if let Some((label, link)) = &letter.button {
            text = format!("{text}\n\n{label}: {link}\n");
        }
        let mut from = self.from.clone();
        if let Some(sender) = &letter.sender {
            text = format!("{text}\n\n— {sender}\n");
            from.name = Some(sender.clone());
        }
        let message = Message::builder()
            .from(from)
            .to(to)
            .subject(&letter.subject)
            .multipart(MultiPart::alternative_plain_html(text, html(letter)))
            .map_err(|error| MailError::Letter(error.to_string()))?;
        match &self.route {
            Route::Smtp(smtp) => smtp.send(message).await.map(drop).map_err(|error| {
                if error.is_permanent() {
                    MailError::Letter(error.to_string())
                } else {
                    MailError::Server(error.to_string())
                }
            }),
            Route::Outbox(files, _) => {
                files.send(message).await.map(drop).map_err(|error| MailError::Server(error.to_string()))
            }
        }
    }
}

/// Text as HTML text.
pub fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
        out
    })
}

fn html(letter: &Letter) -> String {
    let name = |style: &str| {
        let sender = letter.sender.as_deref().map(escape);
        sender.map_or_else(String::new, |sender| format!("<p style=\"{style}\">{sender}</p>"))
    };
    let (head, foot) =
        (name("margin:0 0 24px;font-size:18px;font-weight:600"), name("margin:32px 0 0;color:#667;font-size:13px"));
    let paragraphs: String = letter
        .text
        .split("\n\n")
        .map(|paragraph| format!("<p style=\"margin:0 0 16px\">{}</p>", escape(paragraph).replace('\n', "<br>")))
        .collect();
    let button = letter.button.as_ref().map_or_else(String::new, |(label, link)| {
        format!(
            "<p style=\"margin:24px 0\"><a href=\"{}\" style=\"background:#1f6feb;color:#fff;padding:12px 20px;border-radius:8px;text-decoration:none;font-weight:600\">{}</a></p>\
             <p style=\"margin:0;color:#667;font-size:13px;word-break:break-all\">{}</p>",
            escape(link), escape(label), escape(link)
        )
    });
    format!(
        "<!doctype html><html><body style=\"margin:0;background:#f5f6f8\"><div style=\"max-width:560px;margin:32px auto;padding:32px;background:#fff;\
         border-radius:12px;font:16px/1.5 -apple-system,'Segoe UI',Roboto,'PingFang SC','Microsoft YaHei',sans-serif;color:#1c2024\">{head}{paragraphs}{button}{foot}</div></body></html>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_company_name_full_of_markup_stays_text() {
        let letter = Letter {
            sender: Some("<i>Tea</i> & Co.".into()),
            to: "a@b.cc".into(),
            subject: "s".into(),
            text: "<script>alert(1)</script>".into(),
            button: Some(("\"><img>".into(), "https://x/?a=1&b=2".into())),
        };
        let page = html(&letter);
        assert!(!page.contains("<script>") && !page.contains("<img>"), "{page}");
        assert!(page.contains("a=1&amp;b=2"));
        assert_eq!(page.matches("&lt;i&gt;Tea&lt;/i&gt; &amp; Co.").count(), 2, "above and below: {page}");
    }
}
