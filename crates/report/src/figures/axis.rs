//! An axis of per cent: tight around the values, round at both ends.

/// From `low` to `high` in steps; both ends are ticks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Axis {
    pub(crate) low: f64,
    pub(crate) high: f64,
    step: f64,
}

/// Distances between ticks that read well, in per cent.
const STEPS: [f64; 8] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0];

/// About so many distances between ticks.
const TICKS: f64 = 6.0;

impl Axis {
    /// The smallest round axis that holds all values, within 0 to 100 per cent.
    pub(crate) fn around(values: impl Iterator<Item = f64> + Clone) -> Self {
        let (least, most) = (values.clone().fold(100.0, f64::min), values.fold(0.0, f64::max));
        let step = STEPS.into_iter().find(|step| step * TICKS >= most - least).unwrap_or(20.0);
        let low = (least / step + 1e-9).floor() * step;
        let high = ((most / step - 1e-9).ceil() * step).max(low + step);
        Axis { low: low.clamp(0.0, 100.0 - step), high: high.clamp(step, 100.0), step }
    }

    /// An axis for bars: it leaves a third of the values' spread below the least, so that no bar vanishes.
    pub(crate) fn for_bars(values: impl Iterator<Item = f64> + Clone) -> Self {
        let (least, most) = (values.clone().fold(100.0, f64::min), values.clone().fold(0.0, f64::max));
        Axis::around(values.chain([(least - (most - least) / 3.0).max(0.0)]))
    }

    /// Where the ticks are, and what is written there.
    pub(crate) fn ticks(&self) -> Vec<(f64, String)> {
        let n_steps = ((self.high - self.low) / self.step).round() as usize;
        let decimals = usize::from(self.step < 1.0);
        let tick = |i: usize| self.low + i as f64 * self.step;
        (0..=n_steps).map(|i| (tick(i), format!("{:.decimals$}", tick(i)))).collect()
    }

    /// Where a value lies, 0 at the low end and 1 at the high one.
    pub(crate) fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(values: &[f64]) -> String {
        let ticks = Axis::around(values.iter().copied()).ticks();
        ticks.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_axis_is_tight_and_round_and_holds_every_value() {
        for (values, ticks) in [
            (&[86.23, 92.78][..], "86 88 90 92 94"),
            (&[52.0, 97.5], "50 60 70 80 90 100"),
            (&[0.0, 100.0], "0 20 40 60 80 100"),
            (&[91.02, 91.41], "91.0 91.1 91.2 91.3 91.4 91.5"),
            (&[100.0], "99.9 100.0"),
            (&[0.0], "0.0 0.1"),
        ] {
            assert_eq!(written(values), ticks, "{values:?}");
        }
    }

    #[test]
    fn bars_begin_well_below_the_least_value_and_never_below_zero() {
        let ticks = |values: &[f64]| Axis::for_bars(values.iter().copied()).ticks();
        assert_eq!(ticks(&[85.8, 93.1]).first().map(|tick| tick.0), Some(82.0));
        assert_eq!(ticks(&[85.8, 93.1]).last().map(|tick| tick.0), Some(94.0));
        assert_eq!(ticks(&[5.0, 90.0])[0].1, "0");
    }

    #[test]
    fn places_are_shares_of_the_axis() {
        let axis = Axis::around([50.0, 100.0].into_iter());
        assert_eq!([axis.share(50.0), axis.share(75.0), axis.share(100.0)], [0.0, 0.5, 1.0]);
    }
}
