//! Runs that did not learn what others of their configuration learnt.

use study::Measure;

use crate::measure::of_most_frequent;
use crate::runs::Run;

use super::candidates::Candidate;

/// A run that failed, and how that shows.
#[derive(Debug, Clone)]
pub(crate) struct Failed<'a> {
    pub(crate) run: &'a Run,
    /// Its measure.
    pub(crate) own: f64,
    /// What that is compared with.
    pub(crate) than: Than,
}

/// What a run's measure is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Than {
    /// That of always answering the most frequent class of test, which the run does not exceed.
    MostFrequent(f64),
    /// The median of its sisters, which the run is far below.
    Sisters(f64),
}

/// A run is far below its sisters, at least two of them, if more than ten points and more than five times their median
/// distance from their median lie between it and that median.
const FAR: f64 = 0.1;
const TIMES: f64 = 5.0;

/// The runs of a configuration that failed; none is known to where a run has no such measure.
pub(crate) fn failed<'a>(candidate: &Candidate<'a>, measure: Measure) -> Vec<Failed<'a>> {
    let all: Option<Vec<f64>> = candidate.runs.iter().map(|run| run.measured(measure)).collect();
    let Some(all) = all else { return Vec::new() };
    let of = |(place, run): (usize, &&'a Run)| {
        let own = all[place];
        let frequent = run.outcomes.as_ref().map(|outcomes| of_most_frequent(measure, outcomes));
        let frequent = frequent.filter(|constant| own <= *constant).map(Than::MostFrequent);
        let mut sisters = all.clone();
        sisters.remove(place);
        let than = frequent.or_else(|| far_below(own, sisters).map(Than::Sisters));
        than.map(|than| Failed { run, own, than })
    };
    candidate.runs.iter().enumerate().filter_map(of).collect()
}

/// The median of `sisters`, if `own` is far below.
fn far_below(own: f64, sisters: Vec<f64>) -> Option<f64> {
    let enough = sisters.len() >= 2;
    let middle = median(sisters.clone());
    let distance = median(sisters.iter().map(|sister| (sister - middle).abs()).collect());
    (enough && middle - own > FAR.max(TIMES * distance)).then_some(middle)
}

/// NaN of nothing.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let (low, high) = (values.len().saturating_sub(1) / 2, values.len() / 2);
    values.get(low).zip(values.get(high)).map_or(f64::NAN, |(low, high)| (low + high) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::far_below;

    #[test]
    fn far_below_is_ten_points_and_beyond_how_sisters_differ() {
        for (own, sisters, expected) in [
            (0.70, &[0.92, 0.91][..], true),
            (0.83, &[0.92, 0.91], false),
            (0.70, &[0.92, 0.80], false),
            (0.70, &[0.92], false),
            (0.70, &[], false),
            (0.70, &[0.92, 0.92, 0.91, 0.92, 0.72], true),
        ] {
            assert_eq!(far_below(own, sisters.to_vec()).is_some(), expected, "{own} {sisters:?}");
        }
        assert_eq!(far_below(0.5, vec![0.9, 0.8, 0.95, 0.9]), Some(0.9));
    }
}
