//! What is known of a conversation, in short, for whoever gets it next. Put together from what is written, so that two who look at
//! the same conversation read the same.
//!
//! **Invariant.** Parts, not sentences: whoever shows it says it in their own language.

use std::collections::BTreeMap;
use std::sync::Arc;

use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use serde::Serialize;
use tenant::TenantTx;

use super::store::{lock, save};
use super::{Conversation, ConversationError, ConversationId};
use crate::contact::{self, VisitedPage};
use crate::event::Event;
use crate::inbox;
use crate::message::{self, Activity, MessageType, SenderKind, Span};
use crate::routing_rule::{self, Facts, RoutingRule};
use crate::start::{self, Start};

/// How many of the last words are shown.
const LINES: usize = 5;
/// How much of each, in characters.
const OF_A_LINE: usize = 160;
/// How far back they are looked for: notes and activity lie between them.
const LOOKED_THROUGH: u64 = 40;
/// How many of those who had it are shown.
const HOLDERS: usize = 5;
/// How many rules are named.
const RULES: usize = 10;

/// Somebody who had a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = SummaryHolder)]
pub struct Holder {
    /// Their name.
    pub name: String,
    /// For how long.
    pub seconds: i64,
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = SummaryLine)]
pub struct Line {
    /// Who: the visitor, or the company.
    pub by: SenderKind,
    /// Their name.
    pub name: Option<String>,
    /// Its first 160 characters.
    pub text: String,
}

/// What is known of a conversation, in short.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = ConversationSummary)]
pub struct Summary {
    /// Where the visitor was when it began.
    pub page: Option<VisitedPage>,
    /// What was answered before the chat, by question.
    pub answers: BTreeMap<String, String>,
    /// The names of the routing rules that match what was known when it began, in order; at most 10.
    pub rules: Vec<String>,
    /// Who has had it in this episode, in order; the last five.
    pub holders: Vec<Holder>,
    /// What was said last, in order; at most five messages, no notes.
    pub messages: Vec<Line>,
}

/// Sums up a conversation.
pub async fn summary(tx: &TenantTx, conversation: &Conversation) -> Result<Summary, StoreError> {
    let start = start::find(tx, conversation).await?;
    let all = routing_rule::list(tx).await?;
    let matched = match contact::find(tx, conversation.contact.id).await? {
        Some(contact) => {
            let open = was_open(tx, conversation, &start, &all).await?;
            routing_rule::apply(&all, Facts::of(&contact, conversation.inbox_id, open, &start)).rule_ids
        }
        None => Vec::new(),
    };
    let rules = all.into_iter().filter(|rule| matched.contains(&rule.id)).map(|rule| rule.name).take(RULES).collect();
    Ok(Summary {
        page: start.page,
        answers: start.answers,
        rules,
        holders: holders(tx, conversation).await?,
        messages: lines(tx, conversation).await?,
    })
}

/// Whether it was open when it came into line; now, if it never did.
async fn was_open(
    tx: &TenantTx,
    conversation: &Conversation,
    start: &Start,
    rules: &[RoutingRule],
) -> Result<bool, StoreError> {
    #[derive(FromQueryResult)]
    struct Came {
        at: Option<Timestamp>,
    }
    if !routing_rule::ask_for_hours(rules) {
        return Ok(true);
    }
    let came: Option<Came> = tx
        .one(sql(
            "select min(entered_at) as at from wait where conversation_id = $1 and episode = $2",
            [conversation.id.uuid().into(), conversation.episode.into()],
        ))
        .await?;
    let at = came.and_then(|came| came.at).unwrap_or(tx.now());
    let inbox = inbox::find(tx, conversation.inbox_id).await?;
    let hours = routing_rule::hours(tx, rules).await?;
    Ok(inbox.is_none_or(|inbox| hours.open_to(start, &inbox, at)))
}

#[derive(FromQueryResult)]
struct Held {
    name: Option<String>,
    since: Timestamp,
}

/// Each decision holds until the next one; the last until now.
async fn holders(tx: &TenantTx, conversation: &Conversation) -> Result<Vec<Holder>, StoreError> {
    let rows: Vec<Held> = tx
        .all(sql(
            "select a.name, s.created_at as since from assignment s left join agent a on a.id = s.agent_id where s.conversation_id = $1 \
             and s.created_at >= coalesce((select min(w.entered_at) from wait w where w.conversation_id = $1 and w.episode = $2), '-infinity') \
             order by s.created_at desc, s.number desc limit 50",
            [conversation.id.uuid().into(), conversation.episode.into()],
        ))
        .await?;
    Ok(spans(rows.into_iter().map(|row| (row.name, row.since)), tx.now()))
}

/// From decisions, newest first.
fn spans(newest_first: impl Iterator<Item = (Option<String>, Timestamp)>, now: Timestamp) -> Vec<Holder> {
    let mut until = now;
    let mut holders = Vec::new();
    for (name, since) in newest_first {
        if let Some(name) = name {
            holders.push(Holder { name, seconds: (until - since).num_seconds().max(0) });
        }
        until = since;
    }
    holders.truncate(HOLDERS);
    holders.reverse();
    holders
}

async fn lines(tx: &TenantTx, conversation: &Conversation) -> Result<Vec<Line>, StoreError> {
    let span = Span { limit: LOOKED_THROUGH, ..Span::default() };
    let (messages, _) = message::list(tx, conversation.id, span).await?;
    let is_said = |kind| matches!(kind, MessageType::Incoming | MessageType::Outgoing);
    let mut said: Vec<Line> = messages
        .into_iter()
        .rev()
        .filter(|message| !message.private && message.episode == conversation.episode && is_said(message.message_type))
        .take(LINES)
        .map(|message| Line { by: message.sender.kind, name: message.sender.name, text: short(&message.text) })
        .collect();
    said.reverse();
    Ok(said)
}

/// In one line, cut where it grows long.
fn short(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= OF_A_LINE {
        return words;
    }
    words.chars().take(OF_A_LINE - 1).chain(['…']).collect()
}

/// To whom a conversation is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PassedTo {
    /// A colleague.
    Agent,
    /// A team.
    Team,
}

/// Writes a summary into a conversation that is passed on, among colleagues.
pub async fn note_transfer(
    tx: &mut TenantTx,
    id: ConversationId,
    (to, name): (PassedTo, String),
    by: String,
) -> Result<Summary, ConversationError> {
    let mut conversation = lock(tx, id).await?.ok_or(ConversationError::Unknown)?;
    let summary = summary(tx, &conversation).await?;
    let activity = Activity::Transferred { to, name, by, summary: Box::new(summary.clone()) };
    message::note_activity(tx, &mut conversation, activity).await?;
    save(tx, &mut conversation).await?;
    Event::ConversationUpdated { conversation: Arc::new(conversation) }.tell(tx)?;
    Ok(summary)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn everybody_had_it_until_the_next_decision_and_the_line_is_nobody() {
        let decided = [(Some("Cy".to_owned()), at(90)), (None, at(60)), (Some("Bo".to_owned()), at(20)), (None, at(0))];
        let held: Vec<(String, i64)> =
            spans(decided.into_iter(), at(100)).into_iter().map(|holder| (holder.name, holder.seconds)).collect();
        assert_eq!(held, [("Bo".to_owned(), 40), ("Cy".to_owned(), 10)]);
        let many = (0..9).rev().map(|n| (Some(format!("Agent {n}")), at(n * 10)));
        let held = spans(many, at(90));
        assert_eq!((held.len(), held.first().map(|holder| holder.name.as_str())), (HOLDERS, Some("Agent 4")));
    }

    #[test]
    fn what_was_said_is_one_short_line() {
        assert_eq!(short(" My teapot\n\n leaks  "), "My teapot leaks");
        let long = short(&"茶".repeat(500));
        assert_eq!((long.chars().count(), long.ends_with('…')), (OF_A_LINE, true));
        assert_eq!(short(&"x".repeat(OF_A_LINE)), "x".repeat(OF_A_LINE));
    }
}
