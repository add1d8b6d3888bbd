//! The bars that are drawn: of each depth the configuration with the best test accuracy.

use crate::scores::{Score, several_encoders};

/// One configuration, in per cent.
#[derive(Debug, PartialEq)]
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) n_blocks: u64,
    pub(crate) accuracy: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) published: Option<f64>,
    /// Which of the encoders drawn, in order of first appearance; without blocks it is none of them.
    pub(crate) encoder: Option<usize>,
}

/// From shallow to deep, for each encoder; of equals the first. Configurations without blocks do not compete: a bag
/// of words and an embedding are different baselines, not heads of one encoder.
pub(crate) fn best(scores: &[Score]) -> Vec<&Score> {
    let mut best: Vec<&Score> = Vec::new();
    for score in scores {
        match best.iter_mut().find(|rival| compete(rival, score)) {
            Some(rival) if score.test_accuracy > rival.test_accuracy => *rival = score,
            Some(_) => {}
            None => best.push(score),
        }
    }
    best.sort_by_key(|score| score.n_blocks);
    best
}

fn compete(one: &Score, other: &Score) -> bool {
    one.n_blocks > 0 && one.n_blocks == other.n_blocks && one.encoder == other.encoder
}

/// A bar for each of the best; where there are several encoders it bears the name of its own.
pub(crate) fn bars(scores: &[Score]) -> Vec<Bar> {
    let mut encoders: Vec<&str> = Vec::new();
    for score in scores.iter().filter(|score| score.n_blocks > 0) {
        if !encoders.contains(&score.encoder.as_str()) {
            encoders.push(&score.encoder);
        }
    }
    let encoder = |score: &Score| encoders.iter().position(|encoder| score.n_blocks > 0 && *encoder == score.encoder);
    best(scores).into_iter().map(|score| bar(score, encoder(score), several_encoders(scores))).collect()
}

fn bar(score: &Score, encoder: Option<usize>, with_encoder: bool) -> Bar {
    let mut name = score.configuration.clone();
    if with_encoder && encoder.is_some() {
        name += &format!(", {}", score.encoder);
    }
    Bar {
        name,
        n_blocks: score.n_blocks,
        accuracy: 100.0 * score.test_accuracy,
        low: 100.0 * score.interval_low,
        high: 100.0 * score.interval_high,
        published: score.published_accuracy.map(|accuracy| 100.0 * accuracy),
        encoder,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Made;
    use crate::scores::from_text;

    fn ids(text: &str) -> Vec<String> {
        bars(&from_text(text)).into_iter().map(|bar| bar.name).collect()
    }

    fn all(made: &[Made]) -> String {
        made.iter().map(Made::metrics).collect()
    }

    #[test]
    fn a_depth_has_its_best_head_and_every_baseline_without_blocks_its_own_bar() {
        let made = [
            Made::new("4VA", 1).blocks(&(0..12).collect::<Vec<_>>()),
            Made::new("custom-embedding", 1),
            Made::new("2VA", 1).test(&[0, 30, 0]),
            Made::new("2LBD", 1).blocks(&[2, 3]).test(&[0, 31, 0]),
            Made::new("bert-embeddings", 1).test(&[0, 20, 0]),
            Made::new("1VA", 1),
        ];
        assert_eq!(ids(&all(&made)), ["custom-embedding", "bert-embeddings", "1VA", "2LBD", "4VA"]);
    }

    #[test]
    fn the_best_has_the_best_mean_at_the_chosen_epoch_and_neither_peak_nor_publication_nor_one_lucky_seed() {
        let flattered = [
            Made::new("2VF", 1).test(&[40, 30, 40]).published(0.99),
            Made::new("2LV", 1).test(&[0, 40, 0]),
            Made::new("2LV", 2).test(&[0, 21, 0]),
        ];
        assert_eq!(ids(&(all(&flattered) + &Made::new("2VA", 1).test(&[0, 31, 0]).metrics())), ["2VA"]);
    }

    #[test]
    fn of_equals_the_first_is_drawn_and_encoders_do_not_compete() {
        assert_eq!(ids(&all(&[Made::new("2VA", 1), Made::new("2VF", 1)])), ["2VA"]);
        let others = all(&[Made::new("0ML", 1), Made::new("2M", 1), Made::new("1M", 1)]).replace("tiny-bert", "other");
        let text = Made::new("2VA", 1).metrics() + &others;
        assert_eq!(ids(&text), ["0ML", "1M, other", "2VA, tiny-bert", "2M, other"]);
        let encoders: Vec<_> = bars(&from_text(&text)).iter().map(|bar| bar.encoder).collect();
        assert_eq!(encoders, [None, Some(1), Some(0), Some(1)]);
    }

    #[test]
    fn a_bar_is_in_per_cent() {
        let bar = bars(&from_text(&Made::new("2VA", 1).published(0.8903).metrics())).remove(0);
        assert_eq!((bar.n_blocks, bar.accuracy, bar.published), (2, 80.0, Some(89.03)));
        assert!(0.0 < bar.low && bar.low < 80.0 && 80.0 < bar.high && bar.high < 100.0, "{bar:?}");
    }
}
