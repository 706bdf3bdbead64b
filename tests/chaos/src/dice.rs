//! Chance from a seed, in the shapes that breaking things needs. The same seed gives the same numbers for ever.

use std::ops::Range;
use std::time::Duration;

use load::chance::Chance;

/// One stream of numbers for one purpose, so that one more draw here changes nothing there.
#[derive(Debug)]
pub(crate) struct Dice(Chance);

impl Dice {
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        Self(Chance::new(seed).part(purpose))
    }

    pub(crate) fn bits(&self) -> u64 {
        self.0.bits()
    }

    /// True in so many of a thousand cases.
    pub(crate) fn permille(&self, share: u32) -> bool {
        self.0.below(1000) < u64::from(share)
    }

    /// A time between two others, in whole milliseconds.
    pub(crate) fn between(&self, range: &Range<Duration>) -> Duration {
        let span = range.end.saturating_sub(range.start).as_millis();
        range.start + Duration::from_millis(self.0.below(u64::try_from(span).unwrap_or(u64::MAX)))
    }

    /// One of several.
    pub(crate) fn pick<'a, T>(&self, from: &'a [T]) -> Option<&'a T> {
        let at = self.0.below(u64::try_from(from.len()).unwrap_or(0));
        from.get(usize::try_from(at).unwrap_or(0))
    }

    /// Mixes them.
    pub(crate) fn shuffle<T>(&self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            let other = usize::try_from(self.0.below(u64::try_from(end + 1).unwrap_or(1))).unwrap_or(0);
            items.swap(end, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_says_everything() {
        let draw = |seed, purpose: &str| {
            let dice = Dice::new(seed, purpose);
            (0..50).map(|_| dice.bits()).collect::<Vec<_>>()
        };
        assert_eq!(draw(7, "nemesis"), draw(7, "nemesis"));
        assert_ne!(draw(7, "nemesis"), draw(8, "nemesis"));
        assert_ne!(draw(7, "nemesis"), draw(7, "clients"));
    }

    #[test]
    fn shares_and_times_stay_in_their_bounds() {
        let dice = Dice::new(1, "bounds");
        let hits = (0..10_000).filter(|_| dice.permille(200)).count();
        assert!((1_800..2_200).contains(&hits), "{hits}");
        let range = Duration::from_millis(10)..Duration::from_millis(20);
        assert!((0..1000).all(|_| range.contains(&dice.between(&range))));
        assert_eq!(dice.pick::<u8>(&[]), None);
        let mut cards: Vec<u32> = (0..52).collect();
        dice.shuffle(&mut cards);
        assert_ne!(cards, (0..52).collect::<Vec<_>>());
        cards.sort_unstable();
        assert_eq!(cards, (0..52).collect::<Vec<_>>());
    }
}
