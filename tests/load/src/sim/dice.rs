//! Chance with the shapes that days have.

use crate::chance::Chance;

/// Draws for one schedule.
#[derive(Debug)]
pub(super) struct Dice(Chance);

impl Dice {
    pub(super) fn new(chance: Chance) -> Self {
        Self(chance)
    }

    /// Above 0 and below 1.
    pub(super) fn fraction(&self) -> f64 {
        ((self.0.bits() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    pub(super) fn between(&self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.fraction()
    }

    /// Evenly by ratio: as often from 2 to 4 as from 20 to 40.
    pub(super) fn scaled(&self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }

    pub(super) fn yes(&self, share: f64) -> bool {
        self.fraction() < share
    }

    pub(super) fn below(&self, most: usize) -> usize {
        self.0.below(most as u64) as usize
    }

    pub(super) fn exponential(&self, mean: f64) -> f64 {
        -self.fraction().ln() * mean
    }

    /// By Box and Muller.
    pub(super) fn normal(&self) -> f64 {
        (-2.0 * self.fraction().ln()).sqrt() * (std::f64::consts::TAU * self.fraction()).cos()
    }

    pub(super) fn lognormal(&self, median: f64, spread: f64) -> f64 {
        median * (spread * self.normal()).exp()
    }
}
