//! The checkers are checked: a fault of each kind is planted, and must be found.

use std::collections::HashMap;

use uuid::Uuid;

use super::truth::{Conversation, Stored, Truth};
use super::{Evidence, Shown, Verdict, judge};
use crate::oplog::{Op, OpLog, What};

const CHAT: Uuid = Uuid::from_u128(77);

fn note(log: &OpLog, what: What, message: u64, mark: u64) {
    let client_message_id = Uuid::from_u128(u128::from(message));
    let by_agent = message == 4;
    log.note(Op { at: 0, what, tenant: 0, actor: 0, by_agent, conversation: CHAT, client_message_id, mark });
}

fn id(seq: i64) -> Uuid {
    Uuid::from_u128(1000 + u128::from(seq.unsigned_abs()))
}

/// Three messages of a visitor, then an activity line, which the visitor does not see, then an agent's answer. All is well.
fn story() -> (OpLog, Evidence) {
    let log = OpLog::default();
    for message in 1..=4 {
        note(&log, What::Invoke, message, 500 + message);
        note(&log, What::Ok, message, if message == 4 { 5 } else { message });
    }
    let stored = |seq: i64, public_seq: Option<i64>, send: Option<u64>| Stored {
        id: id(seq),
        conversation: CHAT,
        seq,
        public_seq,
        by_person: send.is_some(),
        mark: send.map_or(0, |send| 500 + send),
        client_message_id: send.map(|send| Uuid::from_u128(u128::from(send))),
    };
    let truth = Truth {
        messages: vec![
            stored(1, Some(1), Some(1)),
            stored(2, Some(2), Some(2)),
            stored(3, Some(3), Some(3)),
            stored(4, None, None),
            stored(5, Some(4), Some(4)),
        ],
        conversations: vec![Conversation { id: CHAT, last_seq: 5, last_public_seq: 4, episodes: 1, waits: false }],
        billed_messages: 4,
        billed_episodes: 1,
        room: 3,
    };
    let shown = |actor: u32, is_agent: bool, places: &[i64]| Shown {
        actor,
        tenant: 0,
        is_agent,
        conversation: CHAT,
        ids: places.iter().map(|seq| id(*seq)).collect(),
    };
    let evidence = Evidence {
        stories: HashMap::new(),
        truths: HashMap::from([(0, truth)]),
        screens: vec![shown(1, false, &[1, 2, 3, 5]), shown(2, true, &[1, 2, 3, 4, 5])],
        staffed: [0].into(),
        leaked: 0,
    };
    (log, evidence)
}

/// Plants a fault and gives the kinds of faults that were found.
fn found(plant: impl FnOnce(&OpLog, &mut Evidence)) -> Vec<(&'static str, u64)> {
    let (log, mut evidence) = story();
    plant(&log, &mut evidence);
    evidence.stories = log.stories();
    let verdict = judge(&evidence);
    assert_eq!(verdict.is_clean(), verdict.examples.is_empty(), "each fault is told: {verdict:?}");
    verdict.faults().into_iter().filter(|(_, count)| *count > 0).collect()
}

fn truth(evidence: &mut Evidence) -> &mut Truth {
    evidence.truths.get_mut(&0).unwrap()
}

#[test]
fn where_nothing_is_wrong_nothing_is_found() {
    assert_eq!(found(|_, _| {}), []);
    assert_eq!(Verdict::default().faults().len(), 10);
}

#[test]
fn a_lost_message_is_found() {
    let lost = found(|log, _| {
        note(log, What::Invoke, 9, 1);
        note(log, What::Ok, 9, 6);
    });
    assert_eq!(lost, [("lost", 1)]);
    // An unknown outcome promises nothing.
    assert_eq!(found(|log, _| note(log, What::Invoke, 9, 1)), []);
}

#[test]
fn a_doubled_message_is_found() {
    let doubled = found(|_, evidence| {
        let truth = truth(evidence);
        let again = Stored { id: id(6), seq: 6, public_seq: Some(5), ..truth.messages[2].clone() };
        truth.messages.push(again);
        (truth.conversations[0].last_seq, truth.conversations[0].last_public_seq) = (6, 5);
        truth.billed_messages = 5;
        evidence.screens.iter_mut().for_each(|screen| screen.ids.push(id(6)));
    });
    assert_eq!(doubled, [("doubled", 1)]);
}

#[test]
fn a_message_that_nobody_sent_or_that_was_refused_is_found() {
    assert_eq!(found(|_, evidence| truth(evidence).messages[2].client_message_id = Some(Uuid::max())).len(), 2);
    let refused = found(|log, _| {
        note(log, What::Fail, 2, 0);
    });
    assert_eq!(refused, [("phantom", 1)]);
    assert_eq!(found(|_, evidence| truth(evidence).messages[3].by_person = true), [("phantom", 1), ("miscounted", 1)]);
}

#[test]
fn a_message_at_another_place_or_with_another_text_is_found() {
    assert_eq!(found(|log, _| note(log, What::Ok, 2, 3)), [("misplaced", 1)]);
    assert_eq!(found(|_, evidence| truth(evidence).messages[1].mark = 0), [("misplaced", 1)]);
}

#[test]
fn a_gap_in_either_numbering_is_found() {
    let gap = found(|_, evidence| truth(evidence).conversations[0].last_seq = 6);
    assert_eq!(gap, [("gaps", 1)]);
    let gap = found(|log, evidence| {
        note(log, What::Ok, 4, 5);
        truth(evidence).messages[4].public_seq = Some(5);
    });
    assert_eq!(gap, [("gaps", 1)]);
}

#[test]
fn a_reordered_screen_and_one_that_lacks_something_are_found() {
    assert_eq!(found(|_, evidence| evidence.screens[0].ids.swap(1, 2)), [("reordered", 1)]);
    assert_eq!(
        found(|_, evidence| {
            evidence.screens[1].ids.remove(2);
        }),
        [("reordered", 1)]
    );
    assert_eq!(
        found(|_, evidence| {
            evidence.screens[0].ids.pop();
        }),
        [("behind", 1)]
    );
    // A note among colleagues on a visitor's screen is no matter of order only, but it is found here too.
    assert_eq!(found(|_, evidence| evidence.screens[0].ids.insert(3, id(4))), [("reordered", 1)]);
}

#[test]
fn a_leak_a_wrong_bill_and_a_forgotten_visitor_are_found() {
    assert_eq!(found(|_, evidence| evidence.leaked = 1), [("leaked", 1)]);
    assert_eq!(found(|_, evidence| truth(evidence).billed_messages = 5), [("miscounted", 1)]);
    assert_eq!(found(|_, evidence| truth(evidence).billed_episodes = 0), [("miscounted", 1)]);
    assert_eq!(found(|_, evidence| truth(evidence).conversations[0].waits = true), [("stuck", 1)]);
    let nobody_here = found(|_, evidence| {
        truth(evidence).conversations[0].waits = true;
        evidence.staffed.clear();
    });
    assert_eq!(nobody_here, [], "nobody is there to take it");
}
