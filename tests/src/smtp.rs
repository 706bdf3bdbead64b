//! A mail server of ours (RFC 5321, as much as lettre speaks), so that letters go the whole way and links can be followed.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::wait::{DEADLINE, within};

/// A letter that arrived.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Whom it was delivered to.
    pub to: String,
    /// Whom it says it is from, decoded.
    pub from: String,
    /// The subject, decoded.
    pub subject: String,
    /// The plain text part, decoded.
    pub text: String,
    /// The HTML part, decoded.
    pub html: String,
}

impl Mail {
    /// The secret of the link in this letter.
    ///
    /// # Panics
    /// When there is no link.
    pub fn token(&self) -> String {
        let (_, rest) = self.text.split_once("token=").unwrap_or_else(|| panic!("no link in {}", self.text));
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_').collect()
    }
}

/// The mail server and what it was given.
#[derive(Debug)]
pub struct Mailbox {
    /// Where it listens.
    pub port: u16,
    mails: Arc<watch::Sender<Vec<Mail>>>,
}

impl Mailbox {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mails = Arc::new(watch::Sender::new(Vec::new()));
        let kept = Arc::clone(&mails);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mails = Arc::clone(&kept);
                tokio::spawn(async move { drop(serve(stream, &mails).await) });
            }
        });
        Self { port, mails }
    }

    /// Everything that has arrived so far.
    pub fn all(&self) -> Vec<Mail> {
        self.mails.borrow().clone()
    }

    /// The newest letter to this address whose subject has these words, once there is one.
    pub async fn letter(&self, to: &str, words: &str) -> Mail {
        let mut mails = self.mails.subscribe();
        let find =
            |mails: &[Mail]| mails.iter().rev().find(|mail| mail.to == to && mail.subject.contains(words)).cloned();
        within(DEADLINE, &format!("a letter to {to} about “{words}”"), async {
            loop {
                if let Some(mail) = find(&mails.borrow_and_update()) {
                    return mail;
                }
                mails.changed().await.unwrap();
            }
        })
        .await
    }
}

async fn serve(stream: TcpStream, mails: &watch::Sender<Vec<Mail>>) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 mail.test ESMTP\r\n").await?;
    let mut recipients = Vec::new();
    while let Some(line) = lines.next_line().await? {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" | "HELO" | "MAIL" | "NOOP" | "RSET" => "250 ok",
            "RCPT" => {
                let address = line.split(['<', '>']).nth(1).unwrap_or_default();
                recipients.push(address.to_owned());
                "250 ok"
            }
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await?;
                let mut letter = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    letter.push_str(line.strip_prefix('.').unwrap_or(&line));
                    letter.push('\n');
                }
                for to in recipients.drain(..) {
                    let mail = read(&to, &letter);
                    mails.send_modify(|all| all.push(mail));
                }
                "250 taken"
            }
            "QUIT" => {
                writer.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "500 what?",
        };
        writer.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

fn read(to: &str, letter: &str) -> Mail {
    let (head, _) = letter.split_once("\n\n").unwrap_or((letter, ""));
    let unfolded = head.replace("\n ", " ").replace("\n\t", " ");
    let field = |name: &str| words(unfolded.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default());
    Mail {
        to: to.to_owned(),
        from: field("From: "),
        subject: field("Subject: "),
        text: part(letter, "text/plain").unwrap_or_default(),
        html: part(letter, "text/html").unwrap_or_default(),
    }
}

/// One part of a multipart letter, decoded.
fn part(letter: &str, kind: &str) -> Option<String> {
    let (_, rest) = letter.split_once(&format!("Content-Type: {kind}"))?;
    let (head, body) = rest.split_once("\n\n")?;
    let body = body.split("\n--").next()?;
    let encoding = head.lines().find_map(|line| line.strip_prefix("Content-Transfer-Encoding: ")).unwrap_or("7bit");
    match encoding.trim() {
        "base64" => String::from_utf8(STANDARD.decode(body.replace('\n', "")).ok()?).ok(),
        "quoted-printable" => Some(unquote(&body.replace("=\n", ""))),
        _ => Some(body.to_owned()),
    }
}

fn unquote(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'=' {
            let hex: Vec<u8> = rest.by_ref().take(2).collect();
            let hex = String::from_utf8_lossy(&hex).into_owned();
            bytes.push(u8::from_str_radix(&hex, 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// RFC 2047: words in base64.
fn words(subject: &str) -> String {
    let mut out = String::new();
    let mut encoded_before = false;
    for word in subject.split(' ') {
        let inner = word.strip_prefix("=?utf-8?b?").and_then(|word| word.strip_suffix("?="));
        let decoded =
            inner.and_then(|inner| STANDARD.decode(inner).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
        // White space between two encoded words belongs to neither.
        let glued = encoded_before && decoded.is_some();
        if !glued && !out.is_empty() {
            out.push(' ');
        }
        encoded_before = decoded.is_some();
        out.push_str(decoded.as_deref().unwrap_or(word));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_subjects_and_parts_are_read() {
        assert_eq!(words("=?utf-8?b?6K+36aqM6K+B?= =?utf-8?b?5oKo?="), "请验证您");
        assert_eq!(words("Reset your password"), "Reset your password");
        let letter = "Subject: Hi\n\n--x\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\na=3Db=\nc\n--x--\n";
        assert_eq!(read("a@b.cc", letter).text, "a=bc");
    }
}
