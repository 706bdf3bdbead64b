//! Whether agents who take turns do: for each two of them, how far one ever got ahead of the other while both could have had
//! whatever was given to either.

/// How one agent stands against another.
#[derive(Debug, Clone, Copy, Default)]
struct Lead {
    now: i64,
    least: i64,
    most: i64,
}

/// All pairs.
#[derive(Debug)]
pub(super) struct Turns {
    leads: Vec<Vec<Lead>>,
    pub(super) gap: u64,
    pub(super) counted: u64,
}

impl Turns {
    pub(super) fn new(agents: usize) -> Self {
        Self { leads: vec![vec![Lead::default(); agents]; agents], gap: 0, counted: 0 }
    }

    /// `chosen` got one; `equals` could have had it just as well.
    pub(super) fn given(&mut self, chosen: usize, equals: &[usize]) {
        self.counted += u64::from(equals.len() > 1);
        for other in (0..self.leads.len()).filter(|other| *other != chosen) {
            let (low, high) = (chosen.min(other), chosen.max(other));
            let lead = &mut self.leads[low][high];
            if !equals.contains(&other) {
                // They were not equals this time: another stretch begins.
                *lead = Lead::default();
                continue;
            }
            lead.now += if chosen == low { 1 } else { -1 };
            lead.least = lead.least.min(lead.now);
            lead.most = lead.most.max(lead.now);
            self.gap = self.gap.max(lead.most.abs_diff(lead.least));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_fair_and_favours_are_seen() {
        let mut turns = Turns::new(3);
        for n in 0..30 {
            turns.given(n % 3, &[0, 1, 2]);
        }
        assert_eq!((turns.gap, turns.counted), (1, 30));
        turns.given(0, &[0]);
        turns.given(0, &[0, 1, 2]);
        assert_eq!(turns.gap, 1, "a stretch ends where they were not equals");
        turns.given(0, &[0, 1, 2]);
        assert_eq!(turns.gap, 2);
    }
}
