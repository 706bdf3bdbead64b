//! How the line flows, apart from how long conversations take: who gives up, and who is let in ahead.

/// Counts over the recent past: of some hours, or of a day.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Flow {
    /// How many gave up waiting.
    pub gave_up: f64,
    /// How long everybody waited, together.
    pub waited_seconds: f64,
    /// How many were given to an agent while others were left waiting.
    pub given: f64,
    /// How many of these stood before others who had come earlier: VIPs, higher ranks, and what came back to the line.
    pub inserted: f64,
    /// How many offers were answered, or ran out.
    pub offers: f64,
    /// How long all these took, together.
    pub offered_seconds: f64,
}

/// Before anything was counted: as if so much had been waited without anybody giving up, and so many given in turn, so many offers
/// answered after so long.
const PATIENT_SECONDS: f64 = 7_200.0;
const IN_TURN: f64 = 20.0;
const OFFERS: f64 = 5.0;
const OFFER_SECONDS: f64 = 6.0;

impl Flow {
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
