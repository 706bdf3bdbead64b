//! How the line flows, apart from how long conversations take: who gives up, who is let in ahead, and how long agents take to accept.

/// A wait: one that is over, or one that goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Waited {
    /// How long it has lasted.
    pub seconds: f64,
    /// What came of it.
    pub end: End,
    /// Whether it stood before others who had come earlier: a VIP, a higher rank, or back in line.
    pub ahead: bool,
    /// How long the agent who ended it took to accept; `None` when nobody was asked.
    pub asked_seconds: Option<f64>,
}

/// What came of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// An agent has it.
    Served,
    /// The visitor stopped waiting.
    GaveUp,
    /// Nothing yet, or something else: it says only that the visitor waited for so long.
    Open,
}

/// What is known of the flow.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Flow {
    gave_up: f64,
    waited_seconds: f64,
    given: f64,
    inserted: f64,
    offers: f64,
    offered_seconds: f64,
}

/// Before anything was counted: as if so much had been waited without anybody giving up, and so many given in turn, so many offers
/// answered after so long.
const PATIENT_SECONDS: f64 = 7_200.0;
const IN_TURN: f64 = 20.0;
const OFFERS: f64 = 5.0;
const OFFER_SECONDS: f64 = 6.0;
/// Who waited for less was not in anybody's way.
const QUEUED_SECONDS: f64 = 1.0;

impl Flow {
    /// Learns from recent waits, some hundreds, and from those that go on.
    pub fn learn(waits: impl IntoIterator<Item = Waited>) -> Self {
        let mut flow = Self::default();
        for one in waits {
            flow.waited_seconds += one.seconds.max(0.0);
            match one.end {
                End::GaveUp => flow.gave_up += 1.0,
                End::Served if one.seconds > QUEUED_SECONDS => {
                    flow.given += 1.0;
                    flow.inserted += if one.ahead { 1.0 } else { 0.0 };
                }
                End::Served | End::Open => {}
            }
            if let Some(seconds) = one.asked_seconds {
                flow.offers += 1.0;
                flow.offered_seconds += seconds.max(0.0);
            }
        }
        flow
    }

    /// How many of those who wait give up, in a second.
    pub(super) fn leave_rate(&self) -> f64 {
        self.gave_up / (self.waited_seconds + PATIENT_SECONDS)
    }

    /// How long an offer takes.
    pub(super) fn offer_seconds(&self) -> f64 {
        (self.offered_seconds + OFFERS * OFFER_SECONDS) / (self.offers + OFFERS)
    }

    /// The share of places that goes to whoever is let in ahead.
    pub(super) fn inserted_share(&self) -> f64 {
        (self.inserted / (self.given + IN_TURN)).min(0.9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rate_is_learnt_from_the_waits_that_tell_of_it() {
        let wait = |seconds, end| Waited { seconds, end, ahead: false, asked_seconds: None };
        let mut waits = vec![wait(360.0, End::Served); 60];
        waits.extend(vec![Waited { ahead: true, asked_seconds: Some(11.0), ..wait(60.0, End::Served) }; 20]);
        waits.extend(vec![wait(100.0, End::GaveUp); 9]);
        // Served at once, and still in line.
        waits.extend(vec![Waited { ahead: true, ..wait(0.0, End::Served) }; 50]);
        waits.push(wait(4_300.0, End::Open));
        let flow = Flow::learn(waits);
        assert!((flow.inserted_share() - 0.2).abs() < 1e-9, "{}", flow.inserted_share());
        assert!((flow.offer_seconds() - 10.0).abs() < 1e-9);
        assert!((flow.leave_rate() - 9.0 / 35_200.0).abs() < 1e-9, "of 28,000 s, and the 7,200 s believed before");
        let none = Flow::learn([]);
        assert_eq!((none.leave_rate(), none.inserted_share(), none.offer_seconds()), (0.0, 0.0, OFFER_SECONDS));
    }
}
