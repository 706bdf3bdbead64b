//! When sends go as they should again after something was too much: told from single sends, each by the second it was begun in.
//! Not by the second it was answered in: what was begun in the worst of it and is answered at last says nothing of those who write now.

use std::time::Duration;

use crate::oplog::Timed;

const WINDOW: u64 = 1_000_000;
/// One good second between bad ones is chance.
const STEADY: usize = 5;

/// How long after `from` begins a stretch of seconds in each of which 99 of 100 sends were acknowledged `within` so many microseconds.
/// What was begun from `until` on is not looked at; nothing when there is no such stretch.
pub fn normal_again(sends: &[Timed], from: u64, until: u64, within: u64) -> Option<Duration> {
    let mut seconds = vec![(0_u64, 0_u64); usize::try_from(until.saturating_sub(from) / WINDOW).unwrap_or(0)];
    for send in sends {
        let second = send.began.checked_sub(from).and_then(|after| usize::try_from(after / WINDOW).ok());
        let Some((all, late)) = second.and_then(|second| seconds.get_mut(second)) else { continue };
        *all += 1;
        *late += u64::from(send.took().is_none_or(|took| took > within));
    }
    // A second in which nobody could write is none of the good ones.
    let is_good = |(all, late): &(u64, u64)| *all > 0 && late * 100 <= *all;
    let begins = seconds.windows(STEADY).position(|stretch| stretch.iter().all(is_good))?;
    Some(Duration::from_secs(u64::try_from(begins).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: u64 = 7_300_000;

    /// Two hundred sends in each second, of which so many take too long.
    fn lived(late: &[u64]) -> Vec<Timed> {
        let seconds = (0_u64..).zip(late);
        let sends = seconds.flat_map(|(second, late)| {
            (0..200_u64).map(move |number| {
                let began = FROM + second * WINDOW + number * 5_000;
                let took = if number < *late { 100_001 } else { 100_000 };
                Timed { began, acknowledged: Some(began + took) }
            })
        });
        sends.collect()
    }

    fn again(sends: &[Timed], seconds: u64) -> Option<u64> {
        normal_again(sends, FROM, FROM + seconds * WINDOW, 100_000).map(|again| again.as_secs())
    }

    #[test]
    fn a_stretch_of_good_seconds_is_normal_and_one_good_second_is_not() {
        assert_eq!(again(&lived(&[0; 5]), 5), Some(0));
        assert_eq!(
            again(&lived(&[200, 3, 0, 9, 2, 2, 0, 0, 1, 90]), 10),
            Some(4),
            "two in two hundred are one in a hundred"
        );
        assert_eq!(again(&lived(&[200, 0, 0, 0, 0, 3, 0, 0, 0, 0]), 10), None);
        assert_eq!(again(&lived(&[0; 5]), 4), None, "what is not over is not judged");
    }

    #[test]
    fn who_is_never_answered_is_late_and_a_second_without_sends_is_no_good_one() {
        let mut sends = lived(&[0; 6]);
        for send in sends.iter_mut().take(3) {
            send.acknowledged = None;
        }
        assert_eq!(again(&sends, 6), Some(1));
        sends.retain(|send| send.began < FROM + 3 * WINDOW || send.began >= FROM + 4 * WINDOW);
        assert_eq!(again(&sends, 6), None);
        let earlier = Timed { began: FROM - 1, acknowledged: None };
        assert_eq!(
            again(&[vec![earlier; 9], lived(&[0; 5])].concat(), 5),
            Some(0),
            "what began before is of the time before"
        );
    }
}
