//! The knee: the fewest blocks whose mean accuracy is within a margin of the deepest model's, as one sentence.
//!
//! It compares means; whether the difference is more than noise is for a verdict to say.

use crate::scores::Score;

/// Accuracies this close to the margin's edge count as inside it: means of floats are not exact.
const ROUNDING: f64 = 1e-12;

/// One sentence on where the knee is; `margin` is in points of accuracy.
pub(crate) fn sentence(scores: &[Score], margin: f64) -> String {
    let Some(full) = deepest(scores) else { return "no configuration, so no knee".to_owned() };
    let depths = best_per_depth(scores, full);
    let lowest = full.test_accuracy - margin / 100.0 - ROUNDING;
    match depths.iter().find(|score| score.test_accuracy >= lowest) {
        _ if depths.len() == 1 => format!(
            "only one depth with head `{}` here, {} (`{}`): there is nothing to compare it with",
            full.head,
            blocks(full.n_blocks),
            full.configuration
        ),
        Some(knee) if knee.n_blocks < full.n_blocks => found(knee, full, margin),
        _ => none(depths[depths.len() - 2], full, margin),
    }
}

fn deepest(scores: &[Score]) -> Option<&Score> {
    let key = |score: &Score| (score.n_blocks, score.test_accuracy);
    scores.iter().max_by(|a, b| key(a).partial_cmp(&key(b)).unwrap_or(std::cmp::Ordering::Equal))
}

/// The most accurate configuration of each depth, shallow to deep, with the encoder and head of the deepest;
/// without blocks any head will do.
fn best_per_depth<'a>(scores: &'a [Score], full: &'a Score) -> Vec<&'a Score> {
    let alike = |score: &&Score| score.encoder == full.encoder && (score.head == full.head || score.n_blocks == 0);
    let mut depths: Vec<&Score> = scores.iter().filter(alike).collect();
    depths.sort_by(|a, b| a.n_blocks.cmp(&b.n_blocks).then(b.test_accuracy.total_cmp(&a.test_accuracy)));
    depths.dedup_by_key(|score| score.n_blocks);
    depths
}

fn found(knee: &Score, full: &Score, margin: f64) -> String {
    format!("{} (the fewest within {})", shares(knee, full), conditions(knee, full, margin))
}

fn none(next: &Score, full: &Score, margin: f64) -> String {
    let (needed, missed) = (blocks(full.n_blocks), conditions(next, full, margin));
    format!("no fewer than {needed} will do: {} (not within {missed})", shares(next, full))
}

fn shares(some: &Score, full: &Score) -> String {
    let accuracy = 100.0 * some.test_accuracy / full.test_accuracy;
    let time = some.seconds_per_epoch.zip(full.seconds_per_epoch).map(|(some, full)| 100.0 * some / full);
    let time = time.map_or("an unknown share".to_owned(), |share| format!("{share:.0} %"));
    let reach = if some.n_blocks == 1 { "reaches" } else { "reach" };
    let whole = blocks(full.n_blocks);
    format!("{} of {whole} {reach} {accuracy:.1} % of the full accuracy at {time} of the time", some.n_blocks)
}

/// What the comparison rests on, so that nobody takes it for more.
fn conditions(some: &Score, full: &Score, margin: f64) -> String {
    let head = match some.head == full.head {
        true => format!("head `{}`", full.head),
        false => format!("heads `{}` and `{}`", some.head, full.head),
    };
    let seeds = match some.n_seeds.min(full.n_seeds) {
        1 => "one seed, so the noise between seeds is unknown".to_owned(),
        n => format!("means over {n} seeds"),
    };
    let mut said = vec![format!("{margin} points of `{}`", full.configuration), head, seeds];
    let mut caveat = |holds: bool, text: String| said.extend(holds.then_some(text));
    let whole = full.n_blocks == full.encoder_blocks;
    caveat(!whole, format!("the whole encoder has {}", full.encoder_blocks));
    caveat(!(some.chosen_on_validation && full.chosen_on_validation), "epochs chosen on test".to_owned());
    let one_machine = some.measured_on_one_machine && full.measured_on_one_machine;
    caveat(!one_machine || some.measured_on != full.measured_on, "times from different devices".to_owned());
    said.join("; ")
}

fn blocks(n: u64) -> String {
    format!("{n} {}", if n == 1 { "block" } else { "blocks" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Made;
    use crate::scores::from_text;

    fn said(made: &[Made], margin: f64) -> String {
        sentence(&from_text(&made.iter().map(Made::metrics).collect::<String>()), margin)
    }

    fn at(id: &str, correct: usize) -> Made {
        Made::new(id, 1).test(&[0, correct, 0]).seconds(id[..1].parse::<f64>().unwrap() + 1.0)
    }

    #[test]
    fn the_fewest_blocks_within_the_margin_are_named_with_their_price() {
        let made = [at("0BE", 20).head("mean-linear"), at("1VA", 30), at("2VA", 35), at("3VA", 36), at("4VA", 36)];
        assert_eq!(
            said(&made, 2.5),
            "2 of 4 blocks reach 97.2 % of the full accuracy at 60 % of the time (the fewest within 2.5 points of \
             `4VA`; head `cls-linear`; one seed, so the noise between seeds is unknown)"
        );
        assert!(said(&made, 2.4).starts_with("3 of 4 blocks reach 100.0 %"));
        assert!(said(&made, 15.0).starts_with("1 of 4 blocks reaches 83.3 %"));
        assert!(said(&made, 40.0).contains("`4VA`; heads `mean-linear` and `cls-linear`;"));
    }

    #[test]
    fn where_every_block_is_needed_the_sentence_says_so() {
        let two = |id: &str, correct| [at(id, correct), Made::new(id, 2).test(&[0, correct, 0])];
        let made = [two("1VA", 30), two("2VA", 36)].concat();
        let expected = "no fewer than 2 blocks will do: 1 of 2 blocks reaches 83.3 % of the full accuracy at";
        assert!(said(&made, 0.5).starts_with(expected), "{}", said(&made, 0.5));
        assert!(said(&made, 0.5).contains("means over 2 seeds; the whole encoder has 4"));
    }

    #[test]
    fn other_heads_are_not_compared_and_one_depth_is_no_comparison() {
        let made = [at("1VF", 36).head("flatten-linear"), at("4VA", 36)];
        assert_eq!(
            said(&made, 0.5),
            "only one depth with head `cls-linear` here, 4 blocks (`4VA`): there is nothing to compare it with"
        );
    }

    #[test]
    fn of_two_configurations_of_a_depth_the_better_one_counts() {
        let made = [at("1LV", 20), at("1LBD", 36).blocks(&[3]), at("4VA", 36)];
        assert!(said(&made, 0.5).starts_with("1 of 4 blocks reaches 100.0 %"), "{}", said(&made, 0.5));
    }

    #[test]
    fn epochs_chosen_on_test_and_times_of_two_machines_are_caveats() {
        let one = at("1VA", 36).no_validation().metrics().replace("abacus", "slide rule");
        let text = one + &at("4VA", 36).metrics();
        let said = sentence(&from_text(&text), 0.5);
        assert!(said.ends_with("; epochs chosen on test; times from different devices)"), "{said}");
    }
}
