//! Bounds on what strangers write. Every field of every request goes through here, so that the refusals agree.

use crate::fault::{Fault, FieldFault, Kind};

/// Refused fields. Answered as 422 with one entry a field.
#[derive(Debug, Clone, thiserror::Error)]
#[error("some fields were refused")]
pub struct Invalid(pub Vec<FieldFault>);

impl Fault for Invalid {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }
    fn code(&self) -> &'static str {
        "validation_failed"
    }
    fn fields(&self) -> Vec<FieldFault> {
        self.0.clone()
    }
}

/// Collects refusals, so that a form learns of all of them at once.
#[derive(Debug, Default)]
pub struct Check(Vec<FieldFault>);

impl Check {
    /// Nothing refused yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses `field` with a code.
    pub fn refuse(&mut self, field: &str, code: &str, detail: &str) {
        self.0.push(FieldFault { pointer: format!("/{field}"), code: code.into(), detail: detail.into() });
    }

    /// Text of `min..=max` characters after trimming, without NUL or other control characters but line breaks and
    /// tabs (Postgres rejects NUL, and the rest only serve to deceive a reader). Returns the trimmed text.
    pub fn text(&mut self, field: &str, text: &str, min: usize, max: usize) -> String {
        let trimmed = text.trim();
        let length = trimmed.chars().count();
        if trimmed.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            self.refuse(field, "text_control_characters", "Control characters are not allowed.");
        } else if length < min {
            self.refuse(field, "text_too_short", &format!("At least {min} characters."));
        } else if length > max {
            self.refuse(field, "text_too_long", &format!("At most {max} characters."));
        }
        trimmed.to_owned()
    }

    /// One line of text: [`Check::text`] without line breaks.
    pub fn line(&mut self, field: &str, text: &str, min: usize, max: usize) -> String {
        let line = self.text(field, text, min, max);
        if line.contains(['\n', '\r', '\t']) {
            self.refuse(field, "text_line_breaks", "One line only.");
        }
        line
    }

    /// An e-mail address, lower-cased. Checked for shape only: the proof is the mail that arrives.
    pub fn email(&mut self, field: &str, text: &str) -> String {
        let email = text.trim().to_lowercase();
        let good = email.len() <= 254
            && email.parse::<lettre::Address>().is_ok()
            && email.rsplit_once('@').is_some_and(|(_, host)| host.contains('.') || host == "localhost");
        if !good {
            self.refuse(field, "email_invalid", "This is not an e-mail address.");
        }
        email
    }

    /// `Ok` when nothing was refused.
    pub fn finish(self) -> Result<(), Invalid> {
        if self.0.is_empty() { Ok(()) } else { Err(Invalid(self.0)) }
    }
}
