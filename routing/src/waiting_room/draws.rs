//! Even draws: over all runs together, everything that is uncertain takes each of its quantiles once (a Latin hypercube).
//! So a few runs do for what would take hundreds of free draws, and equal knowledge gives equal estimates.
//!
//! "A Comparison of Three Methods for Selecting Values of Input Variables in the
//! Analysis of Output from a Computer Code", Technometrics 21 (1979).

/// The order in which one uncertain thing goes through its quantiles, run by run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draw {
    step: u32,
    start: u32,
    runs: u32,
}

impl Draw {
    /// Of the thing with this number. `runs` must be a prime, so that every step visits every quantile.
    pub(super) fn of(number: u64, runs: u32) -> Self {
        let bits = mixed(number);
        let wide = u64::from(runs.max(2));
        let small = |bits: u64, most: u64| u32::try_from(bits % most).unwrap_or(0);
        Self { step: 1 + small(bits >> 32, wide - 1), start: small(bits & 0xffff_ffff, wide), runs: runs.max(2) }
    }

    /// The chance in this run, between 0 and 1.
    pub(super) fn in_run(self, run: u32) -> f64 {
        let place = (u64::from(self.step) * u64::from(run) + u64::from(self.start)) % u64::from(self.runs);
        let place = u32::try_from(place).unwrap_or(0);
        (f64::from(place) + 0.5) / f64::from(self.runs)
    }
}

/// The chance of one thing among many in a run, that of another in every run.
pub(super) fn chance(run: u32, count: u32) -> f64 {
    let bits = mixed((u64::from(run) << 32) | u64::from(count)) >> 32;
    f64::from(u32::try_from(bits).unwrap_or(0)) / 4_294_967_296.0
}

/// The finish of `SplitMix64`: neighbours become strangers.
fn mixed(number: u64) -> u64 {
    let z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The standard normal quantile (P. J. Acklam's rational approximation, without its tails: chances between 0.02 and 0.98).
pub(super) fn normal(chance: f64) -> f64 {
    let q = chance.clamp(0.02, 0.98) - 0.5;
    let r = q * q;
    let above = ((((-39.696_830_286_653_76 * r + 220.946_098_424_520_5) * r - 275.928_510_446_968_7) * r
        + 138.357_751_867_269)
        * r
        - 30.664_798_066_147_16)
        * r
        + 2.506_628_277_459_239;
    let below = ((((-54.476_098_798_224_06 * r + 161.585_836_858_040_9) * r - 155.698_979_859_886_6) * r
        + 66.801_311_887_719_72)
        * r
        - 13.280_681_552_885_72)
        * r
        + 1.0;
    q * above / below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quantile_comes_once() {
        for number in 0..50 {
            let draw = Draw::of(number, 61);
            let mut seen: Vec<f64> = (0..61).map(|run| draw.in_run(run)).collect();
            seen.sort_by(f64::total_cmp);
            assert!(seen.windows(2).all(|pair| (pair[1] - pair[0] - 1.0 / 61.0).abs() < 1e-9));
        }
        assert_ne!(Draw::of(1, 61).in_run(3).to_bits(), Draw::of(2, 61).in_run(3).to_bits());
    }

    #[test]
    fn the_normal_quantile_is_known() {
        for (chance, known) in [(0.5, 0.0), (0.841_344_7, 1.0), (0.1, -1.281_551_6), (0.975, 1.959_964)] {
            assert!((normal(chance) - known).abs() < 1e-4, "{chance}: {}", normal(chance));
        }
    }
}
