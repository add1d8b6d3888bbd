//! The gains that are drawn: of each depth over the next shallower one, in points.

use crate::verdict::{DepthResult, Verdict};

/// From one depth to the next deeper one; the gain in points.
#[derive(Debug, PartialEq)]
pub(super) struct Step {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) gain: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Between neighbouring depths of the verdict; without an interval there is no step.
pub(super) fn steps(verdict: &Verdict) -> Vec<Step> {
    let step = |pair: &[DepthResult]| {
        let gain = pair[1].gain.as_ref()?;
        let interval = gain.interval(0.95);
        let (from, to) = (pair[0].candidate.n_blocks(), pair[1].candidate.n_blocks());
        Some(Step { from, to, gain: 100.0 * gain.mean, low: 100.0 * interval.low, high: 100.0 * interval.high })
    };
    let steps = verdict.depths.windows(2).filter_map(step);
    steps.filter(|step| step.low.is_finite() && step.high.is_finite()).collect()
}

impl Step {
    pub(super) fn name(&self) -> String {
        format!("{} → {}", self.from, self.to)
    }

    /// Points per block, where the step spans several.
    pub(super) fn per_block(&self) -> Option<f64> {
        (self.to > self.from + 1).then(|| self.gain / (self.to - self.from) as f64)
    }

    /// Whether the interval excludes 0.
    pub(super) fn is_certain(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// `+0.31` or `−0.31`
pub(super) fn signed(points: f64) -> String {
    match format!("{points:+.2}").as_str() {
        "-0.00" | "+0.00" => "0.00".to_owned(),
        text => text.replace('-', "−"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_step_gains_per_block_is_its_share() {
        let step = |from, to| Step { from, to, gain: 3.0, low: -1.0, high: 7.0 };
        assert_eq!([step(6, 12).per_block(), step(2, 3).per_block()], [Some(0.5), None]);
        assert!(!step(2, 3).is_certain() && Step { low: 0.5, ..step(2, 3) }.is_certain());
        assert!(Step { high: -0.5, ..step(2, 3) }.is_certain());
    }

    #[test]
    fn a_gain_has_its_sign_and_nothing_has_none() {
        assert_eq!([0.314, -0.314, -0.001, 0.0].map(signed), ["+0.31", "−0.31", "0.00", "0.00"]);
    }
}
