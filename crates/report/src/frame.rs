//! The frames: one row per run, then one row per configuration. Column names carry the units.

use anyhow::Result;
use polars::prelude::*;

use crate::comparable;
use crate::interval::{self, Interval};
use crate::runs::Run;

/// One row per configuration, in order of first appearance.
pub(crate) fn per_configuration(runs: &[Run]) -> Result<DataFrame> {
    let groups = comparable::by_configuration(runs)?;
    let intervals: Vec<Interval> = groups.iter().map(|group| interval::of(group)).collect();
    Ok(over_seeds(per_run(runs)?, &intervals)?)
}

fn per_run(runs: &[Run]) -> PolarsResult<DataFrame> {
    let begins: Vec<_> = runs.iter().map(|run| &run.training.begin).collect();
    let configurations: Vec<_> = runs.iter().map(Run::configuration).collect();
    df![
        "configuration" => configurations.iter().map(|c| c.configuration.as_str()).collect::<Vec<_>>(),
        "encoder" => configurations.iter().map(|c| c.encoder.as_str()).collect::<Vec<_>>(),
        "head" => configurations.iter().map(|c| c.head.kind.as_str()).collect::<Vec<_>>(),
        "kept_blocks" => begins.iter().map(|b| spaced(&b.blocks)).collect::<Vec<_>>(),
        "n_blocks" => begins.iter().map(|b| b.blocks.len() as u64).collect::<Vec<_>>(),
        "encoder_blocks" => begins.iter().map(|b| b.encoder_blocks as u64).collect::<Vec<_>>(),
        "seed" => configurations.iter().map(|c| c.seed).collect::<Vec<_>>(),
        "test_accuracy" => runs.iter().map(|run| run.test().0).collect::<Vec<_>>(),
        "test_examples" => runs.iter().map(|run| run.test().1 as u64).collect::<Vec<_>>(),
        "has_validation" => runs.iter().map(Run::has_validation).collect::<Vec<_>>(),
        "chosen_epoch" => runs.iter().map(|run| run.chosen_epoch() as u64).collect::<Vec<_>>(),
        "peak_test_accuracy" => runs.iter().map(|run| Some(run.peak()?.accuracy)).collect::<Vec<_>>(),
        "peak_epoch" => runs.iter().map(|run| Some(run.peak()?.epoch as u64)).collect::<Vec<_>>(),
        "published_accuracy" => configurations.iter().map(|c| c.published_accuracy).collect::<Vec<_>>(),
        "parameters" => begins.iter().map(|b| b.parameters as u64).collect::<Vec<_>>(),
        "model_bytes" => runs.iter().map(|run| run.training.end.model_bytes).collect::<Vec<_>>(),
        "seconds_per_epoch" => runs.iter().map(Run::seconds_per_epoch).collect::<Vec<_>>(),
        "peak_memory_bytes" => runs.iter().map(|run| run.training.end.peak_memory_bytes).collect::<Vec<_>>(),
        "measured_on" => runs.iter().map(Run::measured_on).collect::<Vec<_>>(),
    ]
}

fn spaced(numbers: &[usize]) -> String {
    numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(" ")
}

fn over_seeds(per_run: DataFrame, intervals: &[Interval]) -> PolarsResult<DataFrame> {
    let mut frame = per_run.lazy().group_by_stable([col("configuration")]).agg(aggregates()).collect()?;
    frame.with_column(Column::new("interval_low".into(), intervals.iter().map(|i| i.low).collect::<Vec<_>>()))?;
    frame.with_column(Column::new("interval_high".into(), intervals.iter().map(|i| i.high).collect::<Vec<_>>()))?;
    let methods: Vec<&str> = intervals.iter().map(|interval| interval.method.name()).collect();
    frame.with_column(Column::new("interval_method".into(), methods))?;
    let difference = (col("peak_test_accuracy") - col("published_accuracy")).alias("peak_minus_published");
    frame.lazy().with_column(difference).select(COLUMNS.map(col)).collect()
}

/// Over the seeds of a configuration: means of what varies, the first of what cannot, the largest of memory and
/// disk; an epoch for each seed, the peak only of those that scored test after every epoch.
fn aggregates() -> Vec<Expr> {
    let first = ["encoder", "head", "kept_blocks", "n_blocks", "encoder_blocks", "test_examples", "published_accuracy"];
    let first = first.into_iter().chain(["parameters", "measured_on"]).map(|name| col(name).first());
    let means = ["test_accuracy", "peak_test_accuracy", "seconds_per_epoch"].map(|name| col(name).mean());
    let others = [
        col("seed").alias("seeds"),
        col("seed").count().cast(DataType::UInt64).alias("n_seeds"),
        col("chosen_epoch").alias("chosen_epochs"),
        col("peak_epoch").drop_nulls().alias("peak_epochs"),
        col("has_validation").min().alias("chosen_on_validation"),
        col("measured_on").n_unique().eq(lit(1)).alias("measured_on_one_machine"),
        col("peak_memory_bytes").max(),
        col("model_bytes").max(),
    ];
    first.chain(means).chain(others).collect()
}

/// The columns of the result, in order.
pub(crate) const COLUMNS: [&str; 25] = [
    "configuration",
    "encoder",
    "head",
    "kept_blocks",
    "n_blocks",
    "encoder_blocks",
    "n_seeds",
    "seeds",
    "test_accuracy",
    "interval_low",
    "interval_high",
    "interval_method",
    "test_examples",
    "chosen_epochs",
    "chosen_on_validation",
    "peak_test_accuracy",
    "peak_epochs",
    "published_accuracy",
    "peak_minus_published",
    "parameters",
    "model_bytes",
    "seconds_per_epoch",
    "peak_memory_bytes",
    "measured_on",
    "measured_on_one_machine",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Made;
    use crate::sources::from_text;

    #[test]
    fn a_row_is_the_mean_over_the_seeds_and_rows_stand_as_they_first_appear() {
        let made = [
            Made::new("2VA", 1).test(&[20, 30, 36]).published(0.85).seconds(3.0).model_bytes(5_000),
            Made::new("0BE", 1).head("mean-linear"),
            Made::new("2VA", 2).test(&[20, 34, 32]).published(0.85).seconds(5.0).model_bytes(7_000),
        ];
        let text: String = made.iter().map(Made::metrics).collect();
        let frame = per_configuration(&from_text(&text).unwrap()).unwrap();
        assert_eq!(frame.get_column_names(), COLUMNS);
        let cell = |column: &str| frame.column(column).unwrap().get(0).unwrap();
        assert_eq!(frame.column("configuration").unwrap().get(1).unwrap(), AnyValue::String("0BE"));
        assert_eq!(cell("n_seeds"), AnyValue::UInt64(2));
        for (column, expected) in [
            ("test_accuracy", (30.0 + 34.0) / 80.0),
            ("peak_test_accuracy", (36.0 + 34.0) / 80.0),
            ("peak_minus_published", 70.0 / 80.0 - 0.85),
            ("seconds_per_epoch", 4.0),
            ("peak_memory_bytes", f64::from(116 << 20)),
            ("parameters", 1.5e6),
            ("model_bytes", 7_000.0),
        ] {
            assert!((cell(column).extract::<f64>().unwrap() - expected).abs() < 1e-12, "{column}: {}", cell(column));
        }
    }

    #[test]
    fn one_seed_without_validation_marks_the_whole_row() {
        let text = Made::new("2VA", 1).metrics() + &Made::new("2VA", 2).no_validation().metrics();
        let frame = per_configuration(&from_text(&text).unwrap()).unwrap();
        assert_eq!(frame.column("chosen_on_validation").unwrap().get(0).unwrap(), AnyValue::Boolean(false));
    }
}
