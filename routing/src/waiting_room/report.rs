//! Calibration: what was promised to those who waited, held against what came.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use desk::team::TeamId;
use desk::waiting_room::{PastWait, past_waits};
use infra::database::StoreError;
use serde::Serialize;
use tenant::TenantTx;

/// How many waits are shown one by one.
const POINTS: usize = 500;
/// A wait shorter than this is alike to who waits, and would make any share of it great.
const SHORTEST: i32 = 60;

/// How true estimates were.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Trueness {
    /// How many waits ended with an agent, and had an estimate when they began.
    pub waits: usize,
    /// The median of how wrong the estimates were, as a share of the wait (of a minute, for shorter ones); null without waits.
    pub median_abs_error: Option<f64>,
    /// Which share of the waits lay in the range that was given: 0.8 is meant; null without waits.
    pub cover_p80: Option<f64>,
}

/// The same for a team.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct TeamTrueness {
    /// Which; null for the line of the whole company.
    pub team_id: Option<TeamId>,
    /// How true.
    #[serde(flatten)]
    pub trueness: Trueness,
}

/// A wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct WaitPoint {
    /// What was promised, in seconds.
    pub predicted: i32,
    /// What came.
    pub actual: i32,
}

/// How true estimates were.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct WaitEstimates {
    /// All together.
    #[serde(flatten)]
    pub all: Trueness,
    /// Team by team.
    pub by_team: Vec<TeamTrueness>,
    /// The newest waits one by one, at most 500.
    pub points: Vec<WaitPoint>,
}

/// The calibration of so many days.
pub async fn wait_estimates(tx: &TenantTx, days: i64) -> Result<WaitEstimates, StoreError> {
    Ok(judge(&past_waits(tx, tx.now() - TimeDelta::days(days)).await?))
}

fn judge(waits: &[PastWait]) -> WaitEstimates {
    let mut by_team: BTreeMap<Option<TeamId>, Vec<&PastWait>> = BTreeMap::new();
    for wait in waits {
        by_team.entry(wait.team).or_default().push(wait);
    }
    let points = waits.iter().take(POINTS);
    WaitEstimates {
        all: trueness(waits.iter()),
        by_team: by_team
            .into_iter()
            .map(|(team_id, waits)| TeamTrueness { team_id, trueness: trueness(waits.into_iter()) })
            .collect(),
        points: points
            .map(|wait| WaitPoint { predicted: wait.predicted_seconds, actual: wait.actual_seconds })
            .collect(),
    }
}

fn trueness<'a>(waits: impl Iterator<Item = &'a PastWait>) -> Trueness {
    let (mut errors, mut covered) = (Vec::new(), 0.0);
    for wait in waits {
        let error = wait.predicted_seconds.abs_diff(wait.actual_seconds);
        errors.push(f64::from(error) / f64::from(wait.actual_seconds.max(SHORTEST)));
        let range = wait.low_seconds..=wait.high_seconds;
        covered += if range.contains(&wait.actual_seconds) { 1.0 } else { 0.0 };
    }
    errors.sort_by(f64::total_cmp);
    let rounded = |share: f64| (share * 1000.0).round() / 1000.0;
    let count = errors.len();
    let median = super::standing::quantile(&errors, count, 0.5);
    Trueness {
        waits: count,
        median_abs_error: median.map(rounded),
        cover_p80: (count > 0).then(|| rounded(covered / count as f64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(predicted_seconds: i32, actual_seconds: i32) -> PastWait {
        let (low_seconds, high_seconds) = (predicted_seconds / 2, predicted_seconds * 2);
        PastWait { team: None, predicted_seconds, low_seconds, high_seconds, actual_seconds }
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        let none = judge(&[]);
        assert_eq!((none.all.waits, none.all.median_abs_error, none.all.cover_p80), (0, None, None));
    }

    #[test]
    fn errors_are_shares_and_short_waits_do_not_blow_them_up() {
        let report = judge(&[wait(100, 200), wait(300, 300), wait(6, 0), wait(100, 400)]);
        assert_eq!(report.all.waits, 4);
        // 0.5, 0, 0.1, 0.75
        assert_eq!(report.all.median_abs_error, Some(0.3));
        assert_eq!(report.all.cover_p80, Some(0.5));
        assert_eq!(report.points[0], WaitPoint { predicted: 100, actual: 200 });
        assert_eq!(report.by_team.len(), 1);
    }
}
