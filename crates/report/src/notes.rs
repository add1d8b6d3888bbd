//! What the columns of the table mean and how far to trust them, as far as it applies to these rows.

use crate::scores::Score;
use statistics::Method;
use study::{Measure, ModelKind};

/// One line of a markdown list for each thing a reader must know.
pub(crate) fn notes(scores: &[Score]) -> String {
    let published = scores.iter().any(|score| score.published_accuracy.is_some());
    let on_test = scores.iter().any(|score| !score.chosen_on_validation);
    let terms = scores.iter().any(|score| ModelKind::named(&score.head) == ModelKind::TfIdf);
    let sized = scores.iter().any(|score| score.model_bytes.is_some());
    let by = |method: Method| scores.iter().any(|score| score.interval_method == method.name());
    let notes = [
        Some(test(scores)),
        on_test.then(|| ON_TEST.to_owned()),
        by(Method::Student).then(|| format!("95 % interval: {ACCURACY}")),
        scores.first().and_then(|score| of_measure(score.measure)),
        by(Method::Wilson).then(|| WILSON.to_owned()),
        Some(PEAK.to_owned()),
        published.then(|| self::published(scores)),
        terms.then(|| TERMS.to_owned()),
        Some(COSTS.to_owned()),
        sized.then(|| SIZE.to_owned()),
    ];
    notes.into_iter().flatten().map(|note| format!("- {note}\n")).collect()
}

const ON_TEST: &str = "†: no validation split, so the epoch was chosen on test and the number is optimistic";

/// `simulation::tables` of the crate `statistics` counts the studies.
pub(crate) const ACCURACY: &str = "Student's t with seeds and test examples as random factors and four examples added, two of them \
                                   right; of simulated studies it holds the truth in 94 to 97 % with three seeds or more; with one \
                                   seed it covers the test examples only";
const OF_CLASSES: &str = "Student's t as for an accuracy, over what each test example contributes to first order (the infinitesimal \
                          jackknife, Efron 1982), with four examples added that are shared out among the classes; of simulated \
                          studies of 2 to 20 classes, the rarest with 10 to 200 examples, it holds the truth in 93 to 100 % \
                          with three seeds or more; with one seed it covers the test examples only";
const WILSON: &str = "95 % interval without predictions: Wilson's, over the test examples of one run; it ignores \
                      the spread between seeds";
const PEAK: &str = "peak ‡: best test accuracy of any epoch, the protocol of the source study; chosen on test, so it \
                    is optimistic; mean over seeds; peak epoch: that epoch for each seed, the first of equals";
const TERMS: &str =
    "TF-IDF reads the same tokens as the networks, and so the same part of a long text, joined into words";
const COSTS: &str = "epoch: the chosen epoch of each seed; s/epoch: the training pass, mean over epochs and seeds; \
                     MiB: largest resident set of a training process";
const SIZE: &str = "MB: the weights of the saved model on disk, in 10^6 bytes; the largest over seeds";

/// The columns of a measure that is not accuracy.
fn of_measure(measure: Measure) -> Option<String> {
    let note =
        || format!("{}: {}; 95 % of the measure: {}", measure.words(), self::measure(measure), interval(measure));
    (measure != Measure::Accuracy).then(note)
}

/// What a measure is the mean of.
pub(crate) fn measure(measure: Measure) -> &'static str {
    match measure {
        Measure::Accuracy => "the share of right answers",
        Measure::MacroF1 => "the mean F1 of the classes that occur in test or among the answers, as in scikit-learn",
        Measure::BalancedAccuracy => {
            "the mean share of right answers of the classes that occur in test, as in scikit-learn"
        }
    }
}

/// How the interval of a measure is found.
pub(crate) fn interval(measure: Measure) -> String {
    match measure {
        Measure::Accuracy => ACCURACY.to_owned(),
        _ => OF_CLASSES.to_owned(),
    }
}

fn test(scores: &[Score]) -> String {
    let on_validation = scores.iter().filter(|score| score.chosen_on_validation).count();
    let chosen = match on_validation {
        0 => "test †",
        n if n < scores.len() => "validation (on test where marked †)",
        _ => "validation",
    };
    let mut examples: Vec<u64> = scores.iter().map(|score| score.test_examples).collect();
    examples.sort_unstable();
    examples.dedup();
    let examples = examples.iter().map(u64::to_string).collect::<Vec<_>>().join(" or ");
    format!("test: accuracy on {examples} test examples at the epoch chosen on {chosen}, mean over seeds")
}

fn published(scores: &[Score]) -> String {
    let held_out = scores.iter().any(|score| score.published_accuracy.is_some() && score.chosen_on_validation);
    let trained = match held_out {
        true => "ours are also peaks, but trained without the reviews held out for validation",
        false => "both by the source's protocol",
    };
    format!("difference: peak minus published, in points; {trained}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Made;
    use crate::scores::from_text;

    #[test]
    fn only_notes_that_apply_are_written() {
        let whole = |made: &Made| made.metrics() + &made.predictions();
        let one = notes(&from_text(&whole(&Made::new("1VA", 1))));
        assert!(one.contains("Student's t with seeds") && !one.contains("Wilson") && !one.contains('†'), "{one}");
        assert!(!one.contains("published"), "{one}");
        let held_out = notes(&from_text(&Made::new("1VA", 1).published(0.9).metrics()));
        assert!(held_out.contains("trained without the reviews held out"), "{held_out}");
        let terms = notes(&from_text(&Made::new("0T", 1).head("tf-idf").metrics()));
        assert!(terms.contains("joined into words") && !one.contains("TF-IDF"), "{terms}");
        let source = notes(&from_text(&Made::new("1VA", 1).no_validation().published(0.9).metrics()));
        assert!(source.contains("Wilson") && source.contains('†') && source.contains("minus published"), "{source}");
        assert!(!source.contains("Student") && !source.contains("MB"), "{source}");
        let sized = notes(&from_text(&Made::new("1VA", 1).model_bytes(9).metrics()));
        assert!(sized.contains("MB: the weights of the saved model on disk"), "{sized}");
    }

    #[test]
    fn the_note_names_the_split_that_chose_the_epoch() {
        let (ours, source) = (Made::new("1VA", 1).metrics(), Made::new("2VA", 1).no_validation().metrics());
        for (text, says) in [
            (ours.clone(), "at the epoch chosen on validation, mean"),
            (source.clone(), "at the epoch chosen on test †, mean"),
            (ours + &source, "at the epoch chosen on validation (on test where marked †), mean"),
        ] {
            let first = notes(&from_text(&text)).lines().next().map(str::to_owned);
            assert!(first.as_ref().is_some_and(|first| first.contains(says)), "{first:?}");
        }
    }
}
