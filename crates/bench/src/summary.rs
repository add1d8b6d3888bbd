//! The summary of all rounds of a row.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::measurement::{Measurement, RowResults, Side};
use crate::place::{Place, Prepared};
use crate::rows::Needed;
use crate::statistics::Spread;

/// The last line of a row.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename = "summary")]
pub(crate) struct Summary {
    pub(crate) row: String,
    pub(crate) work: String,
    pub(crate) rounds: usize,
    /// Examples in each round.
    pub(crate) examples: usize,
    pub(crate) tokens: usize,
    pub(crate) ours: Numbers,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) peer: Option<Numbers>,
    /// Our examples per second over the peer's, round by round.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ratio: Option<Spread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory_ratio: Option<Spread>,
    pub(crate) needed: Needed,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) beside: Option<Beside>,
    pub(crate) device: String,
    pub(crate) hardware: String,
    pub(crate) threads: usize,
    pub(crate) versions: Map<String, Value>,
    /// The day of the measurement, in UTC.
    pub(crate) date: String,
    /// The commit that `bench` was built from.
    pub(crate) commit: String,
}

/// One side over all rounds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Numbers {
    pub(crate) examples_per_second: Option<Spread>,
    pub(crate) tokens_per_second: Option<Spread>,
    pub(crate) peak_bytes: Option<Spread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gpu_peak_bytes: Option<Spread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) loss: Option<Spread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gflops_useful: Option<Spread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ceiling_gflops: Option<Spread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) share_of_ceiling: Option<Spread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) steady_share_of_ceiling: Option<Spread>,
}

/// The comparison with another row of ours.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Beside {
    pub(crate) row: String,
    /// This row's examples per second over the other's.
    pub(crate) ratio: Option<f64>,
    /// This row's loss less the other's, in nats.
    pub(crate) loss_difference: Option<f64>,
}

impl Summary {
    pub(crate) fn new(prepared: &Prepared<'_>, place: &Place, results: &RowResults, beside: Option<&Summary>) -> Self {
        let side = |side| results.measurements.iter().filter(move |measurement| measurement.side == side);
        let (ours, theirs): (Vec<_>, Vec<_>) = (side(Side::Ours).collect(), side(Side::Peer).collect());
        let ratio = |of: fn(&Measurement) -> f64| Spread::of_ratios(&values(&ours, of), &values(&theirs, of));
        let numbers = Numbers::of(&ours);
        Summary {
            row: prepared.row.id.clone(),
            work: prepared.row.work.clone(),
            rounds: ours.len(),
            examples: prepared.work.examples,
            tokens: prepared.work.tokens,
            ratio: ratio(|m| m.examples_per_second),
            memory_ratio: ratio(|m| m.peak_bytes as f64),
            needed: prepared.row.needed,
            beside: beside.map(|other| Beside::new(&numbers, other)),
            ours: numbers,
            peer: (!theirs.is_empty()).then(|| Numbers::of(&theirs)),
            device: place.engine.name.clone(),
            hardware: place.engine.hardware.clone(),
            threads: place.engine.threads,
            versions: results.versions.clone(),
            date: today(),
            commit: env!("FATHOM_COMMIT").to_owned(),
        }
    }
}

impl Numbers {
    fn of(side: &[&Measurement]) -> Self {
        let spread = |of: fn(&Measurement) -> Option<f64>| Spread::of(side.iter().filter_map(|m| of(m)));
        Numbers {
            examples_per_second: spread(|m| Some(m.examples_per_second)),
            tokens_per_second: spread(|m| Some(m.tokens_per_second)),
            peak_bytes: spread(|m| Some(m.peak_bytes as f64)),
            gpu_peak_bytes: spread(|m| m.gpu_peak_bytes.map(|bytes| bytes as f64)),
            loss: spread(|m| m.loss),
            gflops_useful: spread(|m| m.gflops_useful),
            ceiling_gflops: spread(|m| m.ceiling_gflops),
            share_of_ceiling: spread(|m| m.share_of_ceiling),
            steady_share_of_ceiling: spread(|m| m.steady_share_of_ceiling),
        }
    }
}

impl Beside {
    fn new(ours: &Numbers, other: &Summary) -> Self {
        let median = |spread: Option<Spread>| spread.map(|spread| spread.median);
        let both = |of: fn(&Numbers) -> Option<Spread>| median(of(ours)).zip(median(of(&other.ours)));
        Beside {
            row: other.row.clone(),
            ratio: both(|numbers| numbers.examples_per_second).map(|(this, other)| this / other),
            loss_difference: both(|numbers| numbers.loss).map(|(this, other)| this - other),
        }
    }
}

fn values(side: &[&Measurement], of: fn(&Measurement) -> f64) -> Vec<f64> {
    side.iter().map(|measurement| of(measurement)).collect()
}

/// The date in UTC.
pub(crate) fn today() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    date(now.as_secs() / 86_400)
}

/// `2026-11-24` from days since 1970: Hinnant's `civil_from_days`.
fn date(days: u64) -> String {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year_of_era + u64::from(month <= 2))
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn days_become_dates() {
        let dates = [(0, "1970-01-01"), (11_016, "2000-02-29"), (20_781, "2026-11-24"), (24_837, "2038-01-01")];
        for (days, expected) in dates {
            assert_eq!(date(days), expected);
        }
    }
}
