//! The demo company's past days, written through the same verbs as the present, with a clock that is set back.

use std::sync::Arc;

use chrono::TimeDelta;
use desk::contact::{self, ContactChange, ContactId};
use desk::conversation::{self, AssignedBy, Claim, ConversationId, Mark, Status};
use desk::inbox;
use desk::message::{self, Author};
use desk::survey;
use infra::Timestamp;
use infra::database::StoreError;
use tenant::{AgentId, Tenant, TenantTx, outbox};

use super::script::{self, Colleague, PastStory, Step};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The members who answered.
pub(super) struct Staff {
    pub(super) mei: (AgentId, &'static str),
    pub(super) bo: (AgentId, &'static str),
}

impl Staff {
    const fn of(&self, who: Colleague) -> (AgentId, &'static str) {
        match who {
            Colleague::Mei => self.mei,
            Colleague::Bo => self.bo,
        }
    }
}

/// A step of a story, and when it happens.
struct Moment {
    at: Timestamp,
    story: Arc<PastStory>,
    place: usize,
}

/// What is known of a story by the time a step happens.
#[derive(Clone, Copy)]
struct Begun {
    contact: ContactId,
    conversation: ConversationId,
    seq: i64,
    public_seq: i64,
}

/// As the routing would have it.
fn routed(reason: &str) -> AssignedBy {
    AssignedBy::Routing { why: serde_json::json!({ "reason": reason }), stamp: None }
}

/// Writes the past days, unless the company has a conversation already. The world's clock must be adjustable.
pub(super) async fn write(tenant: &Tenant, staff: &Staff) -> Outcome<bool> {
    let tx = tenant.begin().await?;
    let progress = conversation::progress(&tx).await?;
    let inbox = inbox::list(&tx).await?.into_iter().next().ok_or("the demo company has no inbox")?;
    drop(tx);
    if progress.begun {
        return Ok(false);
    }
    let present = tenant.now();
    let stories: Vec<Arc<PastStory>> = script::history()?.into_iter().map(Arc::new).collect();
    let moments = moments(&stories, present);
    if let Some(first) = moments.first() {
        set_clock(tenant, first.at - TimeDelta::minutes(30));
        let tx = tenant.begin().await?;
        inbox::mark_installed(&tx, inbox.id).await?;
        tx.commit().await?;
    }
    let mut begun: Vec<(Arc<PastStory>, Begun)> = Vec::new();
    for moment in moments {
        set_clock(tenant, moment.at);
        let mut tx = tenant.begin().await?;
        let known = begun.iter().position(|(story, _)| Arc::ptr_eq(story, &moment.story));
        let before = known.and_then(|place| begun.get(place)).map(|(_, begun)| *begun);
        let after = happen(&mut tx, &moment, before, staff, inbox.id).await?;
        tx.commit().await?;
        match known.and_then(|place| begun.get_mut(place)) {
            Some((_, begun)) => *begun = after,
            None => begun.push((Arc::clone(&moment.story), after)),
        }
    }
    set_clock(tenant, present);
    forget_facts(tenant).await?;
    Ok(true)
}

/// All steps of all stories in the order of time: people read and type, and do not all write at once.
fn moments(stories: &[Arc<PastStory>], present: Timestamp) -> Vec<Moment> {
    let mut all = Vec::new();
    for story in stories {
        let mut at = present - TimeDelta::hours(story.hours_ago) - TimeDelta::minutes(story.hours_ago % 37);
        let mut ended = false;
        for (place, step) in story.lines.iter().enumerate() {
            let letters = match step {
                Step::Visitor(text) | Step::Agent(text) | Step::Note(text) | Step::Rate(_, text) => {
                    text.chars().count()
                }
                Step::Priority(_) | Step::ToMei | Step::Snooze | Step::Resolve => 10,
            };
            at += TimeDelta::seconds(25 + i64::try_from(letters).unwrap_or(0));
            if ended && matches!(step, Step::Visitor(_)) {
                at += TimeDelta::hours(3);
            }
            ended |= matches!(step, Step::Resolve);
            all.push(Moment { at: at.min(present), story: Arc::clone(story), place });
        }
    }
    all.sort_by_key(|moment| moment.at);
    all
}

fn set_clock(tenant: &Tenant, to: Timestamp) {
    let clock = &tenant.world.clock;
    clock.advance(to - clock.now());
}

async fn happen(
    tx: &mut TenantTx,
    moment: &Moment,
    before: Option<Begun>,
    staff: &Staff,
    inbox: inbox::InboxId,
) -> Outcome<Begun> {
    let story = &moment.story;
    let step = story.lines.get(moment.place).ok_or("a story has lost a line")?;
    let Some(begun) = before else {
        let Step::Visitor(text) = step else {
            return Err(format!("{} begins without its visitor", story.topic).into());
        };
        return begin(tx, story, text, staff, inbox).await;
    };
    let id = begun.conversation;
    let agent = story.agent.map(|who| staff.of(who));
    let author = agent.map(|(id, name)| Author::Agent { id, name: name.to_owned() });
    match (step, agent, author) {
        (Step::Visitor(text), ..) => {
            conversation::note(tx, id, Mark::ReadByContact(begun.contact), begun.public_seq).await?;
            let sent = message::receive(tx, begun.contact, inbox, text, None, tx.uuid()).await?;
            if let Some((agent, _)) = agent.filter(|_| sent.conversation.is_waiting()) {
                let line = sent.conversation.team_id;
                conversation::claim(tx, vec![Claim { id, line, to: agent, by: routed("last_agent") }]).await?;
            }
        }
        (Step::Agent(text), _, Some(author)) => {
            conversation::note(tx, id, Mark::ReadByAgent, begun.seq).await?;
            message::send(tx, id, author, text, false, tx.uuid()).await?;
        }
        (Step::Note(text), _, Some(author)) => {
            conversation::note(tx, id, Mark::ReadByAgent, begun.seq).await?;
            message::send(tx, id, author, text, true, tx.uuid()).await?;
        }
        (Step::Priority(priority), ..) => {
            conversation::set_priority(tx, id, Some(*priority)).await?;
        }
        (Step::Snooze, Some((_, name)), _) => {
            conversation::note(tx, id, Mark::ReadByAgent, begun.seq).await?;
            let until = tx.now() + TimeDelta::hours(46);
            conversation::set_status(tx, id, Status::Snoozed, Some(until), Some(name.to_owned())).await?;
        }
        (Step::Resolve, Some((_, name)), _) => {
            conversation::note(tx, id, Mark::ReadByAgent, begun.seq).await?;
            conversation::set_status(tx, id, Status::Resolved, None, Some(name.to_owned())).await?;
        }
        (Step::Rate(stars, comment), ..) => {
            conversation::note(tx, id, Mark::ReadByContact(begun.contact), begun.public_seq).await?;
            let comment = Some(comment.clone()).filter(|comment| !comment.is_empty());
            survey::answer(tx, id, begun.contact, *stars, comment).await?;
        }
        (Step::ToMei | Step::Agent(_) | Step::Note(_) | Step::Snooze | Step::Resolve, ..) => {
            return Err(format!("{} has a step that its people cannot take", story.topic).into());
        }
    }
    contact::seen(tx, begun.contact, None).await?;
    look(tx, begun.contact, id).await
}

/// A visitor nobody knows yet comes and writes.
async fn begin(
    tx: &mut TenantTx,
    story: &PastStory,
    text: &str,
    staff: &Staff,
    inbox: inbox::InboxId,
) -> Outcome<Begun> {
    let browser = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15";
    let person = &story.person;
    let contact = contact::welcome(tx, inbox, &tx.secret(), Some(person.locale.clone()), browser).await?;
    let change = ContactChange {
        name: Some(person.name.clone()),
        email: Some(person.email.clone()),
        ..ContactChange::default()
    };
    contact::update(tx, contact, change).await?;
    let front = script::front_page(&person.locale).url;
    contact::seen(tx, contact, Some(script::page(&story.page, &front))).await?;
    let sent = message::receive(tx, contact, inbox, text, None, tx.uuid()).await?;
    if let Some(who) = story.agent {
        let (id, line) = (sent.conversation.id, sent.conversation.team_id);
        conversation::claim(tx, vec![Claim { id, line, to: staff.of(who).0, by: routed("least_busy") }]).await?;
    }
    look(tx, contact, sent.conversation.id).await
}

async fn look(tx: &TenantTx, contact: ContactId, id: ConversationId) -> Outcome<Begun> {
    let now = conversation::find(tx, id).await?.ok_or("a conversation vanished")?;
    Ok(Begun { contact, conversation: id, seq: now.last_seq, public_seq: now.last_public_seq })
}

/// Old news is no news: nobody is to hear now of what happened days ago.
async fn forget_facts(tenant: &Tenant) -> Result<(), StoreError> {
    loop {
        let tx = tenant.begin().await?;
        let left = outbox::left_behind(&tx, tenant.now(), 500, Vec::new()).await?;
        if left.is_empty() {
            return Ok(());
        }
        outbox::remove(&tx, left.iter().map(|fact| fact.id).collect()).await?;
        tx.commit().await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_past_is_in_order_and_not_in_the_future() {
        let present = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let stories: Vec<Arc<PastStory>> = script::history().unwrap().into_iter().map(Arc::new).collect();
        let all = moments(&stories, present);
        assert!(all.is_sorted_by_key(|moment| moment.at));
        assert!(all.iter().all(|moment| moment.at <= present));
        for story in &stories {
            let places = all.iter().filter(|moment| Arc::ptr_eq(&moment.story, story)).map(|moment| moment.place);
            assert!(places.eq(0..story.lines.len()), "{}", story.topic);
        }
    }
}
