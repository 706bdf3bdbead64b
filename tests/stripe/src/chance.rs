//! Chance from a seed (`SplitMix64`), for ids and for faults. Not for secrets.

use serde::{Deserialize, Serialize};

/// A stream of numbers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// True so many times in a thousand.
    pub(crate) fn per_mille(&mut self, times: u32) -> bool {
        self.bits() % 1000 < u64::from(times)
    }

    /// So many letters and digits.
    pub(crate) fn word(&mut self, length: usize) -> String {
        const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut word = String::with_capacity(length);
        for _ in 0..length {
            let at = usize::try_from(self.bits() % 62).unwrap_or_default();
            word.push(char::from(LETTERS.get(at).copied().unwrap_or(b'A')));
        }
        word
    }
}
