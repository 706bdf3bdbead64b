//! How long something lasts, learnt from what lasted so long and from what still goes on: a weighted Kaplan–Meier curve.
//!
//! E. L. Kaplan and P. Meier, "Nonparametric Estimation from Incomplete Observations", JASA 53 (1958).

/// One observation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Observed {
    /// How long, so far.
    pub(super) lasted: f64,
    /// Whether it is over. What still goes on says only that it takes longer.
    pub(super) over: bool,
    /// How much it counts.
    pub(super) weight: f64,
}

/// What share lasts longer than this.
#[derive(Debug, Clone)]
pub(super) struct Survival {
    /// Times, rising, with the share that lasts longer; begins with all at 0, straight lines between.
    steps: Vec<(f64, f64)>,
    /// Mean of what remains beyond the last step.
    tail: f64,
}

impl Survival {
    /// Learns the curve. There must be something that is over.
    pub(super) fn learn(mut observed: Vec<Observed>) -> Self {
        observed.sort_by(|one, other| one.lasted.total_cmp(&other.lasted));
        let mut at_risk: f64 = observed.iter().map(|one| one.weight).sum();
        let mut left = 1.0;
        let mut steps = vec![(0.0, 1.0)];
        for one in &observed {
            if one.over && at_risk > 0.0 {
                left *= (1.0 - one.weight / at_risk).max(0.0);
                match steps.last_mut() {
                    Some(last) if last.0 >= one.lasted => last.1 = left,
                    _ => steps.push((one.lasted, left)),
                }
            }
            at_risk -= one.weight;
        }
        let longest = steps.last().map_or(0.0, |last| last.0);
        Self { steps, tail: (longest / 2.0).max(1.0) }
    }

    /// The share that lasts longer.
    pub(super) fn share(&self, time: f64) -> f64 {
        let next = self.steps.partition_point(|step| step.0 <= time);
        match (self.steps.get(next.wrapping_sub(1)), self.steps.get(next)) {
            (Some(before), Some(after)) => {
                before.1 + (after.1 - before.1) * (time - before.0) / (after.0 - before.0).max(f64::MIN_POSITIVE)
            }
            _ => 0.0,
        }
    }

    /// When only this share is left.
    fn time(&self, share: f64) -> f64 {
        let next = self.steps.partition_point(|step| step.1 > share);
        match (self.steps.get(next.wrapping_sub(1)), self.steps.get(next)) {
            (Some(before), Some(after)) => {
                before.0 + (after.0 - before.0) * (before.1 - share) / (before.1 - after.1).max(f64::MIN_POSITIVE)
            }
            (Some(last), None) => last.0,
            _ => 0.0,
        }
    }

    /// How much longer it takes when it has lasted so long, for a chance between 0 and 1: 0 for the shortest.
    pub(super) fn remaining(&self, lasted: f64, chance: f64) -> f64 {
        let left = self.share(lasted);
        let wanted = left * (1.0 - chance);
        let last = self.steps.last().copied().unwrap_or_default();
        if left > last.1 && wanted >= last.1 && left > 0.0 {
            (self.time(wanted) - lasted).max(0.0)
        } else {
            // Longer than anything known: it goes on like anything that is nearly over for ever.
            let from = last.0.max(lasted) - lasted;
            let share = if left > last.1 && last.1 > 0.0 { wanted / last.1 } else { 1.0 - chance };
            from - share.max(1e-9).ln() * self.tail.max(lasted / 2.0)
        }
    }

    /// The mean.
    pub(super) fn mean(&self) -> f64 {
        let known: f64 = self
            .steps
            .windows(2)
            .map(|pair| match pair {
                [before, after] => (after.0 - before.0) * f64::midpoint(before.1, after.1),
                _ => 0.0,
            })
            .sum();
        known + self.steps.last().map_or(0.0, |last| last.1) * self.tail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(lasted: f64, over: bool) -> Observed {
        Observed { lasted, over, weight: 1.0 }
    }

    #[test]
    fn what_still_goes_on_counts_as_longer_and_not_as_nothing() {
        let over: Vec<Observed> = (1..=10).map(|n| observed(f64::from(n) * 60.0, true)).collect();
        let short = Survival::learn(over.clone());
        let mut more = over;
        more.extend((0..10).map(|_| observed(300.0, false)));
        let long = Survival::learn(more);
        assert!((short.share(300.0) - 0.5).abs() < 1e-9);
        assert!(long.share(400.0) > short.share(400.0) + 0.1);
        assert!(long.mean() > short.mean());
    }

    #[test]
    fn what_remains_is_read_off_the_curve_and_goes_on_beyond_it() {
        let curve = Survival::learn((1..=100).map(|n| observed(f64::from(n), true)).collect());
        assert!((curve.remaining(0.0, 0.5) - 50.0).abs() < 1.0);
        assert!((curve.remaining(80.0, 0.5) - 10.0).abs() < 1.0);
        assert!(curve.remaining(500.0, 0.5) > 50.0, "nobody knows, so not at once");
        let chances: Vec<f64> = (0..=9).map(|n| curve.remaining(40.0, f64::from(n) / 10.0)).collect();
        assert!(chances.is_sorted());
    }

    #[test]
    fn the_mean_is_the_mean() {
        let curve = Survival::learn((0..1000).map(|n| observed(f64::from(n) + 0.5, true)).collect());
        assert!((curve.mean() - 500.0).abs() < 5.0, "{}", curve.mean());
    }
}
