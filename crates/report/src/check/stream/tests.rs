use super::*;
use crate::fixture::Made;
use crate::sources::from_text;

/// The lines of three epochs, four each, after `begin`, with one changed.
fn changed(line: usize, from: &str, to: &str) -> String {
    let text = Made::new("2VA", 1).metrics();
    let changed = text.lines().enumerate().map(|(index, found)| match index + 1 == line {
        true => found.replace(from, to) + if to.is_empty() { "" } else { "\n" },
        false => format!("{found}\n"),
    });
    let changed: String = changed.collect();
    assert_ne!(changed, text, "{from}");
    changed
}

fn refused(cases: &[(String, &str)]) {
    for (text, says) in cases {
        let message = format!("{:#}", from_text(text).unwrap_err());
        assert!(message.starts_with("`it`, ") && message.contains(says), "{message}");
    }
}

#[test]
fn repeated_missing_and_mismatched_scores_are_refused_by_line() {
    let text = Made::new("2VA", 1).metrics();
    let whole = |line: usize| text.lines().nth(line - 1).unwrap();
    let twice = format!("{0}\n{0}", whole(5));
    refused(&[
        (changed(3, "\"seconds\":", "\"seconds\":-"), "line 3: `seconds` is -"),
        (
            changed(3, "\"epoch\":1", "\"epoch\":4294967295"),
            "line 3: `epoch` is 4294967295, but the configuration has 3 epochs: remove",
        ),
        (changed(3, "\"epoch\":1", "\"epoch\":0"), "line 3: `epoch` is 0, but the configuration has 3 epochs: remove"),
        (changed(5, whole(5), &twice), "line 6: the test score is of epoch 1, but epoch 2 comes next: remove"),
        (changed(9, whole(9), ""), "line 12: the test score is of epoch 3, but epoch 2 comes next"),
        (changed(12, whole(12), ""), "line 13: the validation scores end with epoch 2 of 3: remove"),
        (
            changed(8, "\"examples\":40", "\"examples\":4"),
            "line 8: epoch 2 has 4 validation examples, but the one before has 40",
        ),
    ]);
}

#[test]
fn a_begin_or_end_that_contradicts_the_configuration_is_refused_by_line() {
    refused(&[
        (
            changed(14, "\"epochs\":3", "\"epochs\":2"),
            "line 14: `epochs` is 2, but the configuration has 3 epochs: remove",
        ),
        (
            changed(14, "\"best_epoch\":2", "\"best_epoch\":3"),
            "line 14: `best_epoch` is 3, but epoch 2 is the best on validation",
        ),
        (
            changed(14, "\"best_epoch\":2", "\"best_epoch\":0"),
            "line 14: `best_epoch` is 0, but the run has 3 epochs: remove",
        ),
        (
            changed(1, "\"blocks\":[0,1]", "\"blocks\":[0]"),
            "line 1: `blocks` differ from the `0,1` of 4 in the configuration: remove",
        ),
        (changed(1, "\"encoder_blocks\":4", "\"encoder_blocks\":1"), "line 1: blocks `0,1`: the encoder has 1 block"),
        (
            changed(1, "\"encoder_blocks\":4", "\"encoder_blocks\":18446744073709551615")
                .replace("\"0,1\"", "\"every:1\""),
            "line 1: `encoder_blocks` is 18446744073709551615, but the limit is 1000",
        ),
    ]);
}

#[test]
fn an_unfinished_stream_is_checked_only_against_earlier_lines() {
    let text = Made::new("2VA", 1).metrics();
    let cut = text.lines().take(9).collect::<Vec<_>>().join("\n");
    let message = from_text(&cut).unwrap_err().to_string();
    assert!(message.contains("have no `end`"), "{message}");
}

#[test]
fn the_best_epoch_is_the_one_train_chooses() {
    let scored = |split, scores: &[(f64, f64)]| -> Vec<Epoch> {
        let epoch = |(index, &(accuracy, loss)): (usize, &(f64, f64))| Epoch {
            epoch: index + 1,
            split,
            loss,
            accuracy,
            examples: 9,
            seconds: 1.0,
        };
        scores.iter().enumerate().map(epoch).collect()
    };
    let chosen = |scores: &[(f64, f64)]| {
        let epochs = scored(Split::Validation, scores);
        best(&epochs).map(|best| best.epoch)
    };
    assert_eq!(chosen(&[(0.8, 0.1), (0.9, 0.9), (0.7, 0.0)]), Some(2));
    assert_eq!(chosen(&[(0.8, 0.5), (0.8, 0.4), (0.8, 0.4)]), Some(2));
    assert_eq!(chosen(&[(0.8, 0.5), (0.8, 0.5)]), Some(1));
    let test = scored(Split::Test, &[(0.1, 1.0), (0.2, 1.0)]);
    assert_eq!(best(&test).map(|best| (best.split, best.epoch)), Some((Split::Test, 2)));
    let both = [test, scored(Split::Validation, &[(0.2, 1.0), (0.1, 1.0)])].concat();
    assert_eq!(best(&both).map(|best| (best.split, best.epoch)), Some((Split::Validation, 1)));
    assert!(best(&scored(Split::Train, &[(0.1, 1.0)])).is_none());
}
