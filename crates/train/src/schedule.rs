//! The change of the learning rates over the steps: one factor on all of them.

use serde::Deserialize;
use study::Component;

/// A schedule in a study file: `{ kind = "linear", warmup = 0.1 }`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Schedule {
    /// The rates stay constant after the warm-up.
    Constant {
        /// Share of all steps in which the factor rises from 0 to 1.
        #[serde(default)]
        warmup: f64,
    },
    /// The rates decrease linearly to 0 at the last step.
    Linear {
        /// Share of all steps in which the factor rises from 0 to 1.
        #[serde(default)]
        warmup: f64,
    },
}

impl Schedule {
    /// Read `{ kind, …options }`.
    pub(crate) fn new(component: &Component) -> Result<Self, String> {
        let schedule = serde_json::from_value(component.to_value()).map_err(|e| format!("schedule: {e}"))?;
        let (Schedule::Constant { warmup } | Schedule::Linear { warmup }) = schedule;
        match (0.0..1.0).contains(&warmup) {
            true => Ok(schedule),
            false => Err("schedule: `warmup` is a share of all steps, at least 0 and below 1".to_owned()),
        }
    }

    /// The factor of the step after `taken` of `total` steps: Hugging Face's `get_linear_schedule_with_warmup` and
    /// `get_constant_schedule_with_warmup`, whose first step has the factor 0 if there is a warm-up.
    pub(crate) fn factor(self, taken: usize, total: usize) -> f64 {
        let (Schedule::Constant { warmup } | Schedule::Linear { warmup }) = self;
        let (taken, total) = (taken as f64, total as f64);
        let warm = (warmup * total).ceil(); // as the Trainer's `get_warmup_steps`
        match self {
            _ if taken < warm => taken / warm,
            Schedule::Constant { .. } => 1.0,
            Schedule::Linear { .. } => ((total - taken) / (total - warm)).max(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schedule(value: serde_json::Value) -> Result<Schedule, String> {
        Schedule::new(&serde_json::from_value(value).unwrap())
    }

    #[test]
    fn the_factors_equal_hugging_face() {
        let factors =
            |value| (0..10).map(|taken| schedule(json!(value)).unwrap().factor(taken, 10)).collect::<Vec<_>>();
        let linear = factors(json!({"kind": "linear", "warmup": 0.2}));
        assert_eq!(linear, [0.0, 0.5, 1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125]);
        assert_eq!(factors(json!({"kind": "linear"}))[..3], [1.0, 0.9, 0.8]);
        assert_eq!(factors(json!({"kind": "constant", "warmup": 0.2}))[..4], [0.0, 0.5, 1.0, 1.0]);
        assert!(factors(json!({"kind": "constant"})).iter().all(|&factor| factor == 1.0));
    }

    /// `get_linear_schedule_with_warmup(optimizer, math.ceil(15 * 0.1), 15)`; 100 · 0.29 is 28.999… in floating point.
    #[test]
    fn a_part_of_a_warm_up_step_counts_as_a_step_as_in_the_trainer() {
        let factors = |kind: &str, warmup: f64, total: usize| {
            let schedule = schedule(json!({"kind": kind, "warmup": warmup})).unwrap();
            (0..total).map(|taken| schedule.factor(taken, total)).collect::<Vec<_>>()
        };
        assert_eq!(factors("linear", 0.1, 15)[..4], [0.0, 0.5, 1.0, 12.0 / 13.0]);
        assert_eq!(factors("constant", 0.1, 15)[..4], [0.0, 0.5, 1.0, 1.0]);
        for (warmup, total, steps) in
            [(0.29, 100, 29), (0.1, 30, 3), (0.1, 10, 1), (0.01, 10, 1), (0.95, 10, 10), (0.0, 10, 0)]
        {
            let warm = factors("linear", warmup, total).iter().position(|&factor| factor == 1.0).unwrap_or(total);
            assert_eq!(warm, steps, "{warmup} of {total}");
        }
    }

    #[test]
    fn an_unknown_kind_and_an_endless_warm_up_are_refused() {
        assert!(schedule(json!({"kind": "cosine"})).unwrap_err().contains("`constant` or `linear`"));
        assert!(schedule(json!({"kind": "linear", "warmup": 1})).unwrap_err().contains("`warmup`"));
        assert!(schedule(json!({"kind": "linear", "warm_up": 0.1})).unwrap_err().contains("unknown field"));
    }
}
