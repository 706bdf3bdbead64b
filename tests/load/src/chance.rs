//! Chance from a seed: the same seed plays the same run.

use std::sync::Mutex;

use uuid::Uuid;

/// `SplitMix64`. Not for secrets.
#[derive(Debug)]
pub struct Chance(Mutex<u64>);

impl Chance {
    /// The chance of a seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }

    /// Chance of its own for a part of the run, so that one part's draws do not shift another's.
    #[must_use]
    pub fn part(&self, name: &str) -> Self {
        let seed = self.0.lock().map_or(0, |state| *state);
        Self::new(seed ^ hash(name.as_bytes()))
    }

    /// 64 bits.
    pub fn bits(&self) -> u64 {
        let Ok(mut state) = self.0.lock() else { return 0 };
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `most`; 0 when `most` is 0.
    pub fn below(&self, most: u64) -> u64 {
        if most == 0 { 0 } else { self.bits() % most }
    }

    /// True once in `times`.
    pub fn once_in(&self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// 128 bits.
    pub fn wide(&self) -> u128 {
        (u128::from(self.bits()) << 64) | u128::from(self.bits())
    }

    /// A random id (version 4).
    pub fn uuid(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.wide().to_be_bytes()).into_uuid()
    }
}

/// FNV-1a.
pub fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_plays_the_same_run_and_its_parts_do_not_disturb_each_other() {
        let (one, other) = (Chance::new(7), Chance::new(7));
        let draws = |chance: &Chance| (0..5).map(|_| chance.bits()).collect::<Vec<_>>();
        let part = other.part("people");
        drop(draws(&part));
        assert_eq!(draws(&one), draws(&other));
        assert_ne!(draws(&Chance::new(7).part("a")), draws(&Chance::new(7).part("b")));
        assert_eq!(one.uuid().get_version_num(), 4);
    }
}
