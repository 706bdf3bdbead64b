//! What a company does not want to keep or to read: numbers of cards and of residents, and words of its own. It is masked or refused
//! before anything is written, in what visitors write (also before the chat, and beside a rating) and in what they are answered. Notes
//! among colleagues stay as they are.

mod fold;
mod masks;
mod numbers;
mod words;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use infra::validate::{Check, Invalid};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tenant::TenantTx;
use uuid::Uuid;

use crate::choice::ChoiceError;

pub use masks::WordRefused;
pub(crate) use masks::{Known, Masks, is_same};

/// How many words there may be.
const MOST_WORDS: usize = 500;
/// How long one may be, in characters.
const LONGEST_WORD: usize = 60;

/// What becomes of a message that holds one of the words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WordsAction {
    /// The word is written as dots.
    #[default]
    Mask,
    /// The message is not taken, and its writer is told so.
    Refuse,
}

impl WordsAction {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Mask => "mask",
            Self::Refuse => "refuse",
        }
    }
}

/// What is masked or refused in messages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Masking {
    /// Whether numbers of payment cards are masked.
    pub card_numbers: bool,
    /// Whether numbers of Chinese residents are masked.
    pub resident_ids: bool,
    /// Words, in the order in which they were given.
    pub words: Vec<String>,
    /// What becomes of a message that holds one of them.
    pub words_action: WordsAction,
    /// When it was last changed; null until somebody has chosen.
    pub updated_at: Option<DateTime<Utc>>,
}

/// What is to be masked or refused in messages.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MaskingRequest {
    /// Whether to mask numbers of payment cards: 13 to 19 digits with the right check sum, in groups or not.
    pub card_numbers: bool,
    /// Whether to mask numbers of Chinese residents: eighteen places with a possible day of birth and the right check.
    pub resident_ids: bool,
    /// At most 500 words of 1 to 60 characters. Capitals and widths do not matter. Where words stand between spaces, a word is found
    /// as a whole word only; elsewhere, as in Chinese, wherever it stands. What differs in nothing else counts once.
    #[serde(default)]
    pub words: Vec<String>,
    /// What becomes of a message that holds one of them.
    #[serde(default)]
    pub words_action: WordsAction,
}

impl MaskingRequest {
    fn checked(self) -> Result<Masking, Invalid> {
        let mut check = Check::new();
        if self.words.len() > MOST_WORDS {
            check.refuse("words", "too_many", "At most 500.");
        }
        let (mut words, mut seen) = (Vec::new(), BTreeSet::new());
        for (place, word) in self.words.iter().take(MOST_WORDS).enumerate() {
            let field = format!("words/{place}");
            let word = check.line(&field, word, 1, LONGEST_WORD);
            let folded = fold::folded(&word);
            if word.contains(masks::MASK) {
                check.refuse(&field, "word_masked", "A word cannot hold the dots that stand for words.");
            } else if folded.trim().is_empty() && !word.is_empty() {
                check.refuse(&field, "word_unseen", "Nobody would see this word.");
            }
            if seen.insert(folded) {
                words.push(word);
            }
        }
        check.finish()?;
        let Self { card_numbers, resident_ids, words_action, .. } = self;
        Ok(Masking { card_numbers, resident_ids, words, words_action, updated_at: None })
    }
}

#[derive(FromQueryResult)]
struct Row {
    edition: Uuid,
    card_numbers: bool,
    resident_ids: bool,
    words: Vec<String>,
    words_action: String,
    updated_at: Timestamp,
}

impl TryFrom<Row> for Masking {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let actions = [WordsAction::Mask, WordsAction::Refuse];
        let action = actions.into_iter().find(|action| action.as_str() == row.words_action);
        let words_action = action.ok_or_else(|| StoreError::Inconsistent {
            table: "masking",
            id: "the choice".to_owned(),
            what: "an unknown action".to_owned(),
        })?;
        Ok(Self {
            card_numbers: row.card_numbers,
            resident_ids: row.resident_ids,
            words: row.words,
            words_action,
            updated_at: Some(row.updated_at),
        })
    }
}

async fn row(tx: &TenantTx) -> Result<Option<Row>, StoreError> {
    tx.one(sql("select edition, card_numbers, resident_ids, words, words_action, updated_at from masking", [])).await
}

/// The choice; nothing is masked until somebody has made one.
pub async fn find(tx: &TenantTx) -> Result<Masking, StoreError> {
    row(tx).await?.map_or_else(|| Ok(Masking::default()), Masking::try_from)
}

/// Writes the choice. Every message that is written from now on, by whichever server, is written by it; what was written stays.
pub async fn set(tx: &TenantTx, ask: MaskingRequest) -> Result<Masking, ChoiceError> {
    let choice = ask.checked()?;
    tx.run(sql(
        "insert into masking (edition, card_numbers, resident_ids, words, words_action, updated_at) values ($1, $2, $3, $4, $5, $6) \
         on conflict (singleton) do update set edition = excluded.edition, card_numbers = excluded.card_numbers, \
         resident_ids = excluded.resident_ids, words = excluded.words, words_action = excluded.words_action, \
         updated_at = excluded.updated_at",
        [
            tx.uuid().into(),
            choice.card_numbers.into(),
            choice.resident_ids.into(),
            choice.words.clone().into(),
            choice.words_action.as_str().into(),
            tx.now().into(),
        ],
    ))
    .await?;
    Ok(Masking { updated_at: Some(tx.now()), ..choice })
}

#[derive(FromQueryResult)]
struct Edition {
    edition: Uuid,
}

/// What is done to texts now; `known` if that is still it. `None` where nobody has chosen anything.
pub(crate) async fn current(tx: &TenantTx, known: Option<Arc<Masks>>) -> Result<Option<Arc<Masks>>, StoreError> {
    let now: Option<Edition> = tx.one(sql("select edition from masking", [])).await?;
    let Some(now) = now else { return Ok(None) };
    if let Some(known) = known.filter(|known| known.edition() == Some(now.edition)) {
        return Ok(Some(known));
    }
    let Some(row) = row(tx).await? else { return Ok(None) };
    let edition = row.edition;
    Ok(Some(Arc::new(Masks::of(edition, &Masking::try_from(row)?))))
}

/// What is done to texts that were written elsewhere and that nobody can be asked to write otherwise: what would be refused is masked too.
pub(crate) async fn of_what_was_written(tx: &TenantTx) -> Result<Masks, StoreError> {
    let choice = find(tx).await?;
    Ok(Masks::of(tx.uuid(), &Masking { words_action: WordsAction::Mask, ..choice }))
}

/// A text as it may be written, by what the company has chosen.
pub(crate) fn masked(masks: Option<&Masks>, text: &str) -> Result<String, WordRefused> {
    masks.map_or_else(|| Ok(text.to_owned()), |masks| masks.apply(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(words: &[&str]) -> MaskingRequest {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        MaskingRequest { card_numbers: true, resident_ids: false, words, words_action: WordsAction::Refuse }
    }

    #[test]
    fn words_that_differ_in_nothing_a_reader_sees_count_once() {
        let choice = ask(&[" Fool ", "ＦＯＯＬ", "fool", "赌博"]).checked().unwrap();
        assert_eq!(choice.words, ["Fool", "赌博"]);
        assert!(choice.card_numbers && !choice.resident_ids);
        assert_eq!(choice.words_action, WordsAction::Refuse);
    }

    #[test]
    fn every_word_that_cannot_be_one_is_named() {
        let long = "x".repeat(61);
        let refused = ask(&["fine", "", "a\nb", &long, "a•", "\u{200b}"]).checked().unwrap_err().0;
        let refused: Vec<(&str, &str)> =
            refused.iter().map(|fault| (fault.pointer.as_str(), fault.code.as_str())).collect();
        assert_eq!(
            refused,
            [
                ("/words/1", "text_too_short"),
                ("/words/2", "text_line_breaks"),
                ("/words/3", "text_too_long"),
                ("/words/4", "word_masked"),
                ("/words/5", "word_unseen"),
            ]
        );
        let many: Vec<String> = (0..501).map(|n| format!("w{n}")).collect();
        let many = ask(&many.iter().map(String::as_str).collect::<Vec<_>>()).checked().unwrap_err().0;
        assert_eq!(many[0].code, "too_many");
    }
}
