//! The points that are drawn: one series per head, in order of first appearance.

use std::collections::HashMap;

use crate::runs::Run;
use crate::scores::{Score, several_encoders};

/// Points that belong together.
#[derive(Debug, PartialEq)]
pub(crate) struct Series {
    pub(crate) name: String,
    /// From shallow to deep.
    pub(crate) points: Vec<Point>,
}

impl Series {
    /// Whether there is something for a line to join.
    pub(crate) fn is_joined(&self) -> bool {
        self.points.len() > 1
    }

    fn has_blocks(&self) -> bool {
        self.points.iter().all(|point| point.n_blocks > 0)
    }
}

/// One configuration, in per cent.
#[derive(Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) configuration: String,
    pub(crate) n_blocks: u64,
    pub(crate) accuracy: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) published: Option<f64>,
    /// The worst and the best seed, where there are at least two.
    pub(crate) seeds: Option<(f64, f64)>,
}

/// The worst and the best seed of each configuration of at least two.
pub(crate) type Spread = HashMap<String, (f64, f64)>;

/// Of test accuracy in per cent.
pub(crate) fn spread(runs: &[Run]) -> Spread {
    let mut of: HashMap<&str, Vec<f64>> = HashMap::new();
    for run in runs {
        of.entry(&run.configuration().configuration).or_default().push(100.0 * run.test().0);
    }
    let ends = |seeds: Vec<f64>| {
        let (low, high) = (seeds.iter().copied().fold(100.0, f64::min), seeds.iter().copied().fold(0.0, f64::max));
        (seeds.len() > 1).then_some((low, high))
    };
    of.into_iter().filter_map(|(name, seeds)| Some((name.to_owned(), ends(seeds)?))).collect()
}

/// A configuration without blocks is a series of its own, called by its id: a bag of words and an embedding are
/// different baselines, and share a head with deeper points at most by name.
pub(crate) fn series(scores: &[Score], spread: &Spread) -> Vec<Series> {
    let encoders = several_encoders(scores);
    let mut all: Vec<Series> = Vec::new();
    for score in scores {
        let (name, has_blocks) = (name(score, encoders), score.n_blocks > 0);
        match all.iter_mut().find(|series| series.name == name && series.has_blocks() == has_blocks) {
            Some(series) => series.points.push(point(score, spread)),
            None => all.push(Series { name, points: vec![point(score, spread)] }),
        }
    }
    all.iter_mut().for_each(|series| series.points.sort_by_key(|point| point.n_blocks));
    all
}

fn name(score: &Score, with_encoder: bool) -> String {
    if score.n_blocks == 0 {
        return score.configuration.clone();
    }
    let mut name = score.head.clone() + which(score);
    if with_encoder {
        name += &format!(", {}", score.encoder);
    }
    name
}

/// Which blocks are kept, where it is not the first ones.
fn which(score: &Score) -> &'static str {
    let from_the_first = score.kept_blocks.iter().copied().eq(0..score.n_blocks);
    let to_the_last =
        score.kept_blocks.iter().copied().eq(score.encoder_blocks.saturating_sub(score.n_blocks)..score.encoder_blocks);
    match (from_the_first, to_the_last) {
        (true, _) => "",
        (_, true) => ", last blocks",
        _ => ", other blocks",
    }
}

fn point(score: &Score, spread: &Spread) -> Point {
    Point {
        configuration: score.configuration.clone(),
        seeds: spread.get(&score.configuration).copied(),
        n_blocks: score.n_blocks,
        accuracy: 100.0 * score.test_accuracy,
        low: 100.0 * score.interval_low,
        high: 100.0 * score.interval_high,
        published: score.published_accuracy.map(|accuracy| 100.0 * accuracy),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Made;
    use crate::scores::from_text;

    fn names(made: &[Made]) -> Vec<(String, Vec<u64>)> {
        let all = series(&from_text(&made.iter().map(Made::metrics).collect::<String>()), &Spread::new());
        all.into_iter().map(|s| (s.name, s.points.iter().map(|point| point.n_blocks).collect())).collect()
    }

    #[test]
    fn a_series_is_a_head_and_runs_from_shallow_to_deep() {
        let made = [
            Made::new("4VA", 1),
            Made::new("1VF", 1).head("flatten-linear"),
            Made::new("1VA", 1),
            Made::new("0LV", 1).head("bilstm"),
            Made::new("1LV", 1).head("bilstm"),
            Made::new("1LBD", 1).head("bilstm").blocks(&[3]),
            Made::new("2E", 1).head("bilstm").blocks(&[0, 2]),
        ];
        let expected = [
            ("cls-linear", vec![1, 4]),
            ("flatten-linear", vec![1]),
            ("0LV", vec![0]),
            ("bilstm", vec![1]),
            ("bilstm, last blocks", vec![1]),
            ("bilstm, other blocks", vec![2]),
        ];
        assert_eq!(names(&made), expected.map(|(name, points)| (name.to_owned(), points)));
    }

    #[test]
    fn baselines_without_blocks_stand_alone_under_their_ids_and_are_not_joined() {
        let made = [
            Made::new("custom-embedding", 1).head("bilstm"),
            Made::new("bert-embeddings", 1).head("bilstm"),
            Made::new("cls-linear", 1),
            Made::new("1VA", 1),
            Made::new("2VA", 1),
        ];
        let expected = [("custom-embedding", vec![0]), ("bert-embeddings", vec![0]), ("cls-linear", vec![0])];
        let expected = expected.into_iter().chain([("cls-linear", vec![1, 2])]);
        assert_eq!(names(&made), expected.map(|(name, points)| (name.to_owned(), points)).collect::<Vec<_>>());
        let text: String = made.iter().map(Made::metrics).collect();
        let joined: Vec<bool> = series(&from_text(&text), &Spread::new()).iter().map(Series::is_joined).collect();
        assert_eq!(joined, [false, false, false, true]);
    }

    #[test]
    fn encoders_are_named_where_blocks_of_several_are_kept() {
        let other = |id: &str| Made::new(id, 1).metrics().replace("tiny-bert", "other");
        let all =
            |text: String| series(&from_text(&text), &Spread::new()).into_iter().map(|s| s.name).collect::<Vec<_>>();
        let ours = Made::new("1VA", 1).metrics();
        assert_eq!(all(ours.clone() + &other("TF-IDF")), ["cls-linear", "TF-IDF"]);
        assert_eq!(
            all(ours + &other("2M") + &other("TF-IDF")),
            ["cls-linear, tiny-bert", "cls-linear, other", "TF-IDF"]
        );
    }

    #[test]
    fn a_point_is_in_per_cent() {
        let scores = from_text(&Made::new("2VA", 1).published(0.8903).metrics());
        let point = &series(&scores, &Spread::new())[0].points[0];
        assert_eq!((point.n_blocks, point.accuracy, point.published), (2, 80.0, Some(89.03)));
        assert!(0.0 < point.low && point.low < 80.0 && 80.0 < point.high && point.high < 100.0, "{point:?}");
    }

    #[test]
    fn the_spread_is_of_the_seeds_of_one_configuration() {
        let made = [
            Made::new("1VA", 1).test(&[0, 30, 0]),
            Made::new("2VA", 1),
            Made::new("1VA", 2).test(&[0, 36, 0]),
            Made::new("1VA", 3).test(&[0, 34, 0]),
        ];
        let text: String = made.iter().map(Made::metrics).collect();
        let spread = spread(&crate::sources::from_text(&text).unwrap());
        assert_eq!(spread, Spread::from([("1VA".to_owned(), (75.0, 90.0))]));
        let seeds: Vec<_> = series(&from_text(&text), &spread)[0].points.iter().map(|point| point.seeds).collect();
        assert_eq!(seeds, [Some((75.0, 90.0)), None]);
    }
}
