//! The checkers: pure comparisons of what was asked, what is stored and what is shown.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::truth::{Stored, Truth};
use crate::oplog::Story;

/// What one client shows of one conversation at the end.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Which actor.
    pub actor: u32,
    /// Which company.
    pub tenant: u32,
    /// Whether it counts all messages, or those a visitor sees.
    pub is_agent: bool,
    /// Where.
    pub conversation: Uuid,
    /// In the order shown.
    pub ids: Vec<Uuid>,
}

/// What is wrong after a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// (a) Acknowledged and not stored.
    pub lost: u64,
    /// (a) One send stored more than once.
    pub doubled: u64,
    /// (a) Stored elsewhere, or with another text, than was acknowledged.
    pub misplaced: u64,
    /// (b) Stored and never asked for, or refused.
    pub phantom: u64,
    /// (c) Conversations whose numbers are not 1, 2, 3 …
    pub gaps: u64,
    /// (d) Screens that show another order than stored.
    pub reordered: u64,
    /// (d) Screens that lack something that is stored.
    pub behind: u64,
    /// (e) Foreign words received.
    pub leaked: u64,
    /// (f) Companies whose bill differs from what was written.
    pub miscounted: u64,
    /// (g) Conversations that wait while an agent is here and has room.
    pub stuck: u64,
    /// Operations whose outcome stayed unknown. Not a fault by itself: each is stored once or not at all.
    pub unsettled: u64,
    /// The first few faults, as sentences.
    pub examples: Vec<String>,
}

impl Verdict {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.faults().iter().all(|(_, count)| *count == 0)
    }

    /// Every kind of fault, and how many there are.
    pub fn faults(&self) -> [(&'static str, u64); 10] {
        [
            ("lost", self.lost),
            ("doubled", self.doubled),
            ("misplaced", self.misplaced),
            ("phantom", self.phantom),
            ("gaps", self.gaps),
            ("reordered", self.reordered),
            ("behind", self.behind),
            ("leaked", self.leaked),
            ("miscounted", self.miscounted),
            ("stuck", self.stuck),
        ]
    }

    fn say(&mut self, sentence: impl FnOnce() -> String) {
        if self.examples.len() < 20 {
            self.examples.push(sentence());
        }
    }
}

/// Everything that is compared.
#[derive(Debug, Default)]
pub struct Evidence {
    /// What was asked, by company and message.
    pub stories: HashMap<(u32, Uuid), Story>,
    /// What is stored, by company.
    pub truths: HashMap<u32, Truth>,
    /// What clients show.
    pub screens: Vec<Shown>,
    /// Companies with an agent who is connected.
    pub staffed: HashSet<u32>,
    /// Foreign words received.
    pub leaked: u64,
}

/// Compares everything.
pub fn judge(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict { leaked: evidence.leaked, ..Verdict::default() };
    if evidence.leaked > 0 {
        verdict.say(|| format!("{} foreign words were received", evidence.leaked));
    }
    sends(evidence, &mut verdict);
    for (tenant, truth) in &evidence.truths {
        numbers(*tenant, truth, &mut verdict);
        bill(*tenant, truth, &mut verdict);
        if evidence.staffed.contains(tenant) && truth.room > 0 {
            let waiting = truth.conversations.iter().filter(|conversation| conversation.waits).count() as u64;
            verdict.stuck += waiting;
            if waiting > 0 {
                verdict.say(|| format!("company {tenant}: {waiting} wait, and there is room for {}", truth.room));
            }
        }
    }
    shown(evidence, &mut verdict);
    verdict
}

/// (a), (b): every acknowledged send is stored once and where it was said to be; nothing else is.
fn sends(evidence: &Evidence, verdict: &mut Verdict) {
    let mut stored: HashMap<(u32, Uuid), Vec<&Stored>> = HashMap::new();
    for (tenant, truth) in &evidence.truths {
        for message in truth.messages.iter().filter(|message| message.by_person) {
            let Some(id) = message.client_message_id else {
                verdict.phantom += 1;
                verdict.say(|| format!("company {tenant}: message {} has no sender's id", message.id));
                continue;
            };
            stored.entry((*tenant, id)).or_default().push(message);
        }
    }
    for ((tenant, id), messages) in &stored {
        if messages.len() > 1 {
            verdict.doubled += messages.len() as u64 - 1;
            verdict.say(|| format!("company {tenant}: send {id} is stored {} times", messages.len()));
        }
        match evidence.stories.get(&(*tenant, *id)) {
            Some(story) if story.refused => {
                verdict.phantom += 1;
                verdict.say(|| format!("company {tenant}: send {id} was refused, and is stored"));
            }
            Some(_) => {}
            None => {
                verdict.phantom += 1;
                verdict.say(|| format!("company {tenant}: message {id} is stored, and nobody sent it"));
            }
        }
    }
    for ((tenant, id), story) in &evidence.stories {
        if !evidence.truths.contains_key(tenant) {
            continue;
        }
        let found = stored.get(&(*tenant, *id)).and_then(|messages| messages.first());
        match (story.acknowledged, found) {
            (Some(place), None) => {
                verdict.lost += 1;
                verdict.say(|| format!("company {tenant}: send {id} was acknowledged at {place}, and is not stored"));
            }
            (acknowledged, Some(message)) => {
                let place = if story.invoked.by_agent { Some(message.seq) } else { message.public_seq };
                let place = place.map(i64::unsigned_abs);
                let elsewhere = acknowledged.is_some_and(|said| Some(said) != place);
                if elsewhere || story.contradicted || message.mark != story.invoked.mark {
                    verdict.misplaced += 1;
                    verdict.say(|| {
                        format!("company {tenant}: send {id} was acknowledged at {acknowledged:?}, and is stored at {place:?}")
                    });
                }
            }
            (None, None) => {}
        }
        if story.acknowledged.is_none() && !story.refused {
            verdict.unsettled += 1;
        }
    }
}

/// (c): both numberings of every conversation are 1, 2, 3 …
fn numbers(tenant: u32, truth: &Truth, verdict: &mut Verdict) {
    let by_conversation = group(truth);
    for conversation in &truth.conversations {
        let messages = by_conversation.get(&conversation.id).map(Vec::as_slice).unwrap_or_default();
        let in_turn = |places: &[i64], last: i64| {
            places.iter().zip(1..).all(|(place, turn)| *place == turn) && i64::try_from(places.len()) == Ok(last)
        };
        let all: Vec<i64> = messages.iter().map(|message| message.seq).collect();
        let public: Vec<i64> = messages.iter().filter_map(|message| message.public_seq).collect();
        if !in_turn(&all, conversation.last_seq) || !in_turn(&public, conversation.last_public_seq) {
            verdict.gaps += 1;
            verdict.say(|| format!("company {tenant}: conversation {} is not numbered 1, 2, 3 …", conversation.id));
        }
    }
}

fn group(truth: &Truth) -> HashMap<Uuid, Vec<&Stored>> {
    let mut groups: HashMap<Uuid, Vec<&Stored>> = HashMap::new();
    for message in &truth.messages {
        groups.entry(message.conversation).or_default().push(message);
    }
    groups
}

/// (f): what is billed is what was written.
fn bill(tenant: u32, truth: &Truth, verdict: &mut Verdict) {
    let messages = truth.messages.iter().filter(|message| message.by_person).count();
    let episodes: i64 = truth.conversations.iter().map(|conversation| conversation.episodes).sum();
    if i64::try_from(messages) != Ok(truth.billed_messages) || episodes != truth.billed_episodes {
        verdict.miscounted += 1;
        verdict.say(|| {
            format!(
                "company {tenant}: {messages} messages and {episodes} episodes are billed as {} and {}",
                truth.billed_messages, truth.billed_episodes
            )
        });
    }
}

/// (d): every screen shows what is stored, in that order.
fn shown(evidence: &Evidence, verdict: &mut Verdict) {
    let stored: HashMap<u32, HashMap<Uuid, Vec<&Stored>>> =
        evidence.truths.iter().map(|(tenant, truth)| (*tenant, group(truth))).collect();
    for screen in &evidence.screens {
        let Some(company) = stored.get(&screen.tenant) else { continue };
        let messages = company.get(&screen.conversation).map(Vec::as_slice).unwrap_or_default();
        let visible = messages.iter().filter(|message| screen.is_agent || message.public_seq.is_some());
        let expected: Vec<Uuid> = visible.map(|message| message.id).collect();
        if screen.ids == expected {
            continue;
        }
        let Shown { actor, tenant, conversation, .. } = screen;
        if expected.starts_with(&screen.ids) {
            verdict.behind += 1;
            verdict.say(|| {
                format!(
                    "company {tenant}: actor {actor} shows {} of {} messages of {conversation}",
                    screen.ids.len(),
                    expected.len()
                )
            });
        } else {
            verdict.reordered += 1;
            verdict
                .say(|| format!("company {tenant}: actor {actor} shows {conversation} in another order than stored"));
        }
    }
}
