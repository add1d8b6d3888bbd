//! Test accuracy against the number of kept blocks: a line per head, intervals, published values.

use super::caption::{self, MARGIN};
use super::csv::{self, Table};
use super::legend::{Entry, Legend};
use super::panel::{AXIS_LEFT, Panel};
use super::pen::{GREY, INTERVAL, PUBLISHED, PUBLISHED_LABEL, UPRIGHT, line, swatch, whisker};
use super::scale::Scale;
use super::series::{Point, Series, series, spread};
use super::{Figure, Material, marks};
use crate::chapter::Chapter;
use crate::format::blocks;
use crate::scores::Score;
use drawing::{At, Picture, Shape};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 24.0 + AXIS_LEFT;
const RIGHT: f64 = WIDTH - MARGIN;
const TOP: f64 = 92.0;
const BOTTOM: f64 = 512.0;
const LEGEND: f64 = BOTTOM + 66.0;

/// Free space beside the first and the last depth, in blocks, and how many depths are named at most.
const BESIDE: f64 = 0.45;
const TICKS: u64 = 16;

/// Distance of points of one depth in pixels, and at most so much of the way to the next depth for all of them.
const APART: f64 = 11.0;
const CROWD: f64 = 0.75;

/// Radius of our marks.
const MARK: f64 = 4.5;

/// What the legend calls the bands.
const SEEDS: &str = "from the worst to the best seed";

/// The plot area: where data become pixels.
struct Plot {
    panel: Panel,
    series: Vec<Series>,
}

pub(super) fn figure(material: &Material) -> Option<Figure> {
    let all = series(material.scores, &spread(material.runs));
    (!all.is_empty()).then(|| Figure {
        name: "accuracy-by-blocks",
        chapter: Chapter::Depths,
        title: title(material.scores, material.study),
        alt: alt(material.scores, &all),
        csv: numbers(&all),
        picture: picture(material.scores, all, material.study),
    })
}

fn title(scores: &[Score], study: Option<&str>) -> String {
    caption::title(scores, study, "accuracy by kept blocks")
}

/// The picture in words: each series from its first to its last point.
fn alt(scores: &[Score], all: &[Series]) -> String {
    let describe = |series: &Series| {
        let point = |point: &Point| format!("{:.2} % with {}", point.accuracy, blocks(point.n_blocks as usize));
        let ends = series.points.first().zip(series.points.last().filter(|_| series.is_joined()));
        let span = ends.map(|(first, last)| format!("{} to {}", point(first), point(last)));
        format!("{}: {}", series.name, span.or(series.points.first().map(point)).unwrap_or_default())
    };
    let all = all.iter().map(describe).collect::<Vec<_>>().join("; ");
    format!("Test accuracy against the number of kept transformer blocks ({}). {all}.", caption::basis(scores.iter()))
}

fn numbers(all: &[Series]) -> String {
    let mut table = Table::new(&[
        "series",
        "configuration",
        "n_blocks",
        "test_accuracy_percent",
        "interval_low_percent",
        "interval_high_percent",
        "worst_seed_percent",
        "best_seed_percent",
        "published_accuracy_percent",
    ]);
    for (series, point) in all.iter().flat_map(|series| series.points.iter().map(move |point| (series, point))) {
        let names = [series.name.clone(), point.configuration.clone(), point.n_blocks.to_string()];
        let (worst, best) = (point.seeds.map(|seeds| seeds.0), point.seeds.map(|seeds| seeds.1));
        let known = [point.accuracy, point.low, point.high].map(csv::number);
        table.push(names.into_iter().chain(known).chain([worst, best, point.published].map(csv::maybe)));
    }
    table.text()
}

/// The whole figure.
fn picture(scores: &[Score], all: Vec<Series>, study: Option<&str>) -> Picture {
    let plot = Plot::new(all);
    let caption = caption::shapes(title(scores, study), &[note(scores, &plot.panel.up)]);
    let legend = plot.legend();
    let frame = plot.panel.frame("kept transformer blocks", "test accuracy (%)");
    let shapes = [caption, frame, plot.data(), legend.shapes((MARGIN, LEGEND))];
    let height = LEGEND + legend.height() + 14.0;
    Picture { width: WIDTH, height, shapes: shapes.into_iter().flatten().collect() }
}

/// What a reader must know before believing the lines.
fn note(scores: &[Score], axis: &Scale) -> String {
    let basis = caption::basis(scores.iter());
    match axis.low > 0.0 {
        true => format!("{basis}; the accuracy axis begins at {}, not at 0", axis.ticks[0].1),
        false => basis,
    }
}

impl Plot {
    fn new(series: Vec<Series>) -> Self {
        let points = series.iter().flat_map(|series| &series.points);
        let ends = |point: &Point| point.seeds.map(|(worst, best)| [worst, best]).into_iter().flatten();
        let values = points.clone().flat_map(|p| [p.low, p.high].into_iter().chain(p.published).chain(ends(p)));
        let deepest = points.clone().map(|point| point.n_blocks).max().unwrap_or(0);
        let (across, up) = (Scale::counts(0, deepest, BESIDE, TICKS), Scale::per_cent(values));
        Plot { panel: Panel { left: LEFT, right: RIGHT, top: TOP, bottom: BOTTOM, across, up }, series }
    }

    /// Points of one depth stand beside each other, so that their intervals do not hide one another.
    fn at(&self, point: &Point, accuracy: f64) -> At {
        let same = self.series.iter().flat_map(|series| &series.points).filter(|p| p.n_blocks == point.n_blocks);
        let (before, all) = (same.clone().take_while(|other| !std::ptr::eq(*other, point)).count(), same.count());
        let apart = APART.min((self.panel.x(1.0) - self.panel.x(0.0)) * CROWD / all as f64);
        let beside = (before as f64 - (all as f64 - 1.0) / 2.0) * apart;
        (self.panel.x(point.n_blocks as f64) + beside, self.panel.y(accuracy))
    }

    /// Bands below lines below intervals below published marks below our own.
    fn data(&self) -> Vec<Shape> {
        let each = || self.series.iter().enumerate().flat_map(|(i, s)| s.points.iter().map(move |point| (i, point)));
        let lines = self.series.iter().enumerate().filter(|(_, series)| series.is_joined());
        let lines = lines.map(|(i, series)| self.line(i, series));
        let bands = self.series.iter().enumerate().flat_map(|(i, series)| self.bands(i, series));
        let intervals = each().flat_map(|(i, point)| self.interval(i, point));
        let published = each().filter_map(|(i, point)| Some((i, self.at(point, point.published?))));
        let published = published.flat_map(|(i, at)| marks::hollow(at, PUBLISHED, i, marks::colour(i)));
        let ours = each().flat_map(|(i, point)| marks::solid(self.at(point, point.accuracy), MARK, i));
        bands.chain(lines).chain(intervals).chain(published).chain(ours).collect()
    }

    /// From the worst to the best seed, wherever neighbours have several.
    fn bands(&self, i: usize, series: &Series) -> Vec<Shape> {
        let band = |pair: &[Point]| {
            let ((low, high), (next_low, next_high)) = pair[0].seeds.zip(pair[1].seeds)?;
            let (here, next) = (&pair[0], &pair[1]);
            let low = [self.at(here, low), self.at(next, next_low)];
            let points = low.into_iter().chain([self.at(next, next_high), self.at(here, high)]).collect();
            Some(Shape::Band { points, colour: marks::colour(i) })
        };
        series.points.windows(2).filter_map(band).collect()
    }

    fn line(&self, i: usize, series: &Series) -> Shape {
        let points = series.points.iter().map(|point| self.at(point, point.accuracy)).collect();
        Shape::Path { points, width: 2.0, colour: marks::colour(i) }
    }

    fn interval(&self, i: usize, point: &Point) -> Vec<Shape> {
        whisker(self.at(point, point.low), self.at(point, point.high), UPRIGHT, marks::colour(i))
    }

    /// The series, and what the other marks mean.
    fn legend(&self) -> Legend {
        let series = |(i, series): (usize, &Series)| {
            let is_joined = series.is_joined();
            Entry::new(&series.name, move |at| {
                let joined = is_joined.then(|| line((at.0 - 18.0, at.1), (at.0 + 18.0, at.1), 2.0, marks::colour(i)));
                joined.into_iter().chain(marks::solid(at, MARK, i)).collect()
            })
        };
        let mut entries: Vec<Entry> = self.series.iter().enumerate().map(series).collect();
        entries.push(Entry::new(INTERVAL, |(x, y)| whisker((x, y + 10.0), (x, y - 10.0), UPRIGHT, GREY)));
        if self.series.iter().enumerate().any(|(i, series)| !self.bands(i, series).is_empty()) {
            entries.push(Entry::new(SEEDS, |at| swatch(at, GREY)));
        }
        if self.series.iter().flat_map(|series| &series.points).any(|point| point.published.is_some()) {
            entries.push(Entry::new(PUBLISHED_LABEL, |at| marks::hollow(at, PUBLISHED, 0, GREY)));
        }
        Legend::new(entries, RIGHT - MARGIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::layout;
    use crate::figures::series::Spread;
    use crate::fixture::Made;
    use crate::scores::from_text;

    fn scores(made: &[Made]) -> Vec<Score> {
        from_text(&made.iter().map(Made::metrics).collect::<String>())
    }

    fn study() -> Vec<Score> {
        let wide = Made::new("1VF", 1).head("a-head-whose-name-is-longer-than-any-other");
        scores(&[Made::new("0BE", 1).published(0.7), Made::new("1VA", 1), wide, Made::new("9VA", 1).test(&[0, 36, 0])])
    }

    fn texts(scores: &[Score], study: Option<&str>) -> Vec<String> {
        picture(scores, series(scores, &Spread::new()), study).texts().map(|text| text.text.clone()).collect()
    }

    #[test]
    fn a_lone_point_stands_on_its_depth_and_two_stand_on_either_side() {
        let plot = Plot::new(series(&study(), &Spread::new()));
        let x = |series: usize, point: usize| plot.at(&plot.series[series].points[point], 50.0).0;
        assert_eq!((x(0, 0), x(1, 1)), (plot.panel.x(0.0), plot.panel.x(9.0)));
        assert!((x(1, 0) + x(2, 0) - 2.0 * plot.panel.x(1.0)).abs() < 1e-9 && x(1, 0) < x(2, 0));
        assert!(x(2, 0) - x(1, 0) < plot.panel.x(1.0) - plot.panel.x(0.0));
    }

    #[test]
    fn a_band_lies_between_neighbours_of_several_seeds_and_the_legend_says_what_it_is() {
        let of = |id: &str, tests: &[usize]| {
            let made = tests.iter().enumerate().map(|(i, test)| Made::new(id, i as u64 + 1).test(&[0, *test, 0]));
            made.collect::<Vec<_>>()
        };
        let made = [of("1VA", &[30, 34]), of("2VA", &[32, 38, 35]), of("4VA", &[38])].concat();
        let text: String = made.iter().map(Made::metrics).collect();
        let (scores, spread) = (from_text(&text), spread(&crate::sources::from_text(&text).unwrap()));
        let plot = Plot::new(series(&scores, &spread));
        let bands = plot.bands(0, &plot.series[0]);
        let [Shape::Band { points, .. }] = &bands[..] else { panic!("{} bands", bands.len()) };
        let expected = [(1.0, 75.0), (2.0, 80.0), (2.0, 95.0), (1.0, 85.0)].map(|(n, up)| plot.panel.at(n, up));
        assert_eq!(points[..], expected);
        let has_band =
            |spread: &Spread| picture(&scores, series(&scores, spread), None).texts().any(|text| text.text == SEEDS);
        assert!(has_band(&spread) && !has_band(&Spread::new()));
        assert!(numbers(&plot.series).contains("cls-linear,2VA,2,87.5,"), "{}", numbers(&plot.series));
        assert!(numbers(&plot.series).lines().nth(2).is_some_and(|row| row.ends_with(",80,95,")));
        assert_eq!(layout::faults(&picture(&scores, series(&scores, &spread), None)), [""; 0]);
        let alt = alt(&scores, &plot.series);
        assert!(alt.ends_with("cls-linear: 80.00 % with 1 block to 95.00 % with 4 blocks."), "{alt}");
    }

    #[test]
    fn data_stay_between_the_axis_and_the_edge_and_text_inside_the_picture() {
        let plot = Plot::new(series(&study(), &Spread::new()));
        assert!(plot.panel.x(9.0) + PUBLISHED < RIGHT && plot.panel.x(0.0) - PUBLISHED > LEFT);
        assert_eq!(layout::faults(&picture(&study(), series(&study(), &Spread::new()), Some("imdb"))), [""; 0]);
    }

    #[test]
    fn the_picture_says_which_study_and_what_to_beware_of() {
        let whole = texts(&study(), Some("imdb"));
        assert_eq!(whole[0], "imdb: accuracy by kept blocks");
        assert_eq!(whole[1], "one seed; epoch chosen on validation; the accuracy axis begins at 60, not at 0");
        assert!(whole.contains(&"published".to_owned()));
        let made = [Made::new("1VA", 1).no_validation(), Made::new("1VA", 2).no_validation(), Made::new("2VA", 1)];
        let source = texts(&scores(&made), None);
        assert_eq!(source[0], "tiny-bert: accuracy by kept blocks");
        assert!(
            source[1].starts_with("means over 1 to 2 seeds; epoch chosen on validation (on test for 1 of 2); "),
            "{}",
            source[1]
        );
        assert!(!source.contains(&"published".to_owned()));
    }
}
