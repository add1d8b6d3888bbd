//! A scale for any unit: linear or logarithmic, with round ticks.

use super::axis::Axis;

/// From values to shares of the way along an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    pub(super) low: f64,
    high: f64,
    /// Where ticks are, and what is written there.
    pub(super) ticks: Vec<(f64, String)>,
    pub(super) is_logarithmic: bool,
}

/// About so many distances between ticks.
const TICKS: f64 = 6.0;

/// Values that spread over more than this factor stand on a logarithmic scale.
const SPREAD: f64 = 20.0;

/// Ticks of a decade: of a few decades, and of many.
const FEW_DECADES: [f64; 3] = [1.0, 2.0, 5.0];
const MANY_DECADES: [f64; 1] = [1.0];

impl Scale {
    /// Per cent, tight around the values, within 0 to 100.
    pub(super) fn per_cent(values: impl Iterator<Item = f64> + Clone) -> Self {
        let axis = Axis::around(values);
        Scale { low: axis.low, high: axis.high, ticks: axis.ticks(), is_logarithmic: false }
    }

    /// Tight around the values, of either sign.
    pub(super) fn around(values: impl Iterator<Item = f64> + Clone) -> Self {
        let (least, most) = ends(values);
        let step = step((most - least).max(1e-9) / TICKS);
        let low = (least / step + 1e-9).floor();
        let n_steps = ((most / step - 1e-9).ceil() - low).max(1.0) as usize;
        let tick = |i: usize| (low + i as f64) * step;
        let ticks = (0..=n_steps).map(|i| (tick(i), written(tick(i), step))).collect();
        Scale { low: tick(0), high: tick(n_steps), ticks, is_logarithmic: false }
    }

    /// Of costs, which are above 0: from 0, or logarithmic where they spread widely.
    pub(super) fn of_costs(values: impl Iterator<Item = f64> + Clone) -> Self {
        let (least, most) = ends(values.clone());
        match most > SPREAD * least {
            true => Scale::logarithmic(least / 1.25, most * 1.25),
            false => Scale::around(values.chain([0.0, most * 1.03])),
        }
    }

    fn logarithmic(low: f64, high: f64) -> Self {
        let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
        let within = if high > 1e3 * low { &MANY_DECADES[..] } else { &FEW_DECADES[..] };
        let ticks = decades.flat_map(|decade| within.iter().map(move |part| part * 10_f64.powi(decade)));
        let ticks = ticks.filter(|tick| (low..=high).contains(tick));
        Scale { low, high, ticks: ticks.map(|tick| (tick, written(tick, tick))).collect(), is_logarithmic: true }
    }

    /// Whole numbers, with room beside the first and the last.
    pub(super) fn counts(first: u64, last: u64, beside: f64, most_ticks: u64) -> Self {
        let every = (1 + (last - first) / most_ticks.max(1)) as usize;
        let ticks = (first..=last).step_by(every).map(|n| (n as f64, n.to_string())).collect();
        Scale { low: first as f64 - beside, high: last as f64 + beside, ticks, is_logarithmic: false }
    }

    /// One place for each name.
    pub(super) fn names(names: impl Iterator<Item = String>) -> Self {
        let ticks: Vec<(f64, String)> = names.enumerate().map(|(i, name)| (i as f64, name)).collect();
        Scale { low: -0.5, high: ticks.len() as f64 - 0.5, ticks, is_logarithmic: false }
    }

    /// Where a value lies, 0 at the low end and 1 at the high one.
    pub(super) fn share(&self, value: f64) -> f64 {
        match self.is_logarithmic {
            true => (value / self.low).ln() / (self.high / self.low).ln(),
            false => (value - self.low) / (self.high - self.low),
        }
    }
}

fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)))
}

/// The next of 1, 2, 5, 10 … that is not smaller.
fn step(least: f64) -> f64 {
    let decade = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|part| part * decade)
        .find(|step| *step >= least * (1.0 - 1e-9))
        .unwrap_or(10.0 * decade)
}

/// With the decimals that the step has.
fn written(value: f64, step: f64) -> String {
    let decimals = (-step.log10() - 1e-9).ceil().clamp(0.0, 9.0) as usize;
    format!("{value:.decimals$}").replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(scale: &Scale) -> String {
        scale.ticks.iter().map(|tick| tick.1.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ticks_are_round_and_hold_every_value_of_either_sign() {
        for (values, expected) in [
            (&[-0.4, 2.1][..], "−0.5 0.0 0.5 1.0 1.5 2.0 2.5"),
            (&[0.0, 31.0], "0 10 20 30 40"),
            (&[0.012, 0.058], "0.01 0.02 0.03 0.04 0.05 0.06"),
            (&[0.0, 0.0], "0.0000000 0.0000000"),
        ] {
            let scale = Scale::around(values.iter().copied());
            assert!(values.iter().all(|value| (0.0..=1.0).contains(&scale.share(*value))), "{scale:?}");
            if values[0] != values[1] {
                assert_eq!(ticks(&scale), expected);
            }
        }
    }

    #[test]
    fn costs_begin_at_zero_unless_they_spread_over_more_than_a_factor_of_twenty() {
        let narrow = Scale::of_costs([4.0, 70.0].into_iter());
        assert_eq!((narrow.is_logarithmic, ticks(&narrow).as_str()), (false, "0 20 40 60 80"));
        let wide = Scale::of_costs([4.0, 81.0].into_iter());
        assert_eq!((wide.is_logarithmic, ticks(&wide).as_str()), (true, "5 10 20 50 100"));
        assert!((wide.share(20.0) - wide.share(10.0) - wide.share(10.0) + wide.share(5.0)).abs() < 1e-9);
        assert_eq!(ticks(&Scale::of_costs([0.02, 900.0].into_iter())), "0.1 1 10 100 1000");
    }

    #[test]
    fn counts_and_names_have_room_beside_them() {
        let counts = Scale::counts(1, 12, 0.5, 6);
        assert_eq!((ticks(&counts).as_str(), counts.share(0.5), counts.share(12.5)), ("1 3 5 7 9 11", 0.0, 1.0));
        let names = Scale::names(["a", "b"].into_iter().map(str::to_owned));
        assert_eq!([names.share(0.0), names.share(1.0)], [0.25, 0.75]);
    }
}
