//! Test accuracy against the number of kept blocks: a line per head, intervals, published values.

use plotters::style::text_anchor::HPos;

use super::axis::Axis;
use super::caption::{self, MARGIN};
use super::legend::{Entry, Legend};
use super::marks;
use super::pen::{GREY, GRID, INK, INTERVAL, LABEL, PUBLISHED, PUBLISHED_LABEL, UPRIGHT, line, text, whisker};
use super::picture::{At, Picture, Shape, Text};
use super::series::{Point, Series, series};
use crate::scores::Score;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 92.0;
const RIGHT: f64 = WIDTH - MARGIN;
const TOP: f64 = 92.0;
const BOTTOM: f64 = 512.0;
const LEGEND: f64 = BOTTOM + 66.0;

/// Free space beside the first and the last depth, in blocks.
const BESIDE: f64 = 0.45;

/// Distance of points of one depth in pixels, and at most so much of the way to the next depth for all of them.
const APART: f64 = 11.0;
const CROWD: f64 = 0.75;

/// Radius of our marks.
const MARK: f64 = 4.5;

/// The plot area: where data become pixels.
struct Plot {
    axis: Axis,
    deepest: u64,
    series: Vec<Series>,
}

/// The whole figure.
pub(crate) fn picture(scores: &[Score], study: Option<&str>) -> Picture {
    let plot = Plot::new(series(scores));
    let caption =
        caption::shapes(caption::title(scores, study, "accuracy by kept blocks"), &[note(scores, &plot.axis)]);
    let legend = plot.legend();
    let shapes = [caption, plot.frame(), plot.data(), legend.shapes((MARGIN, LEGEND))];
    let height = LEGEND + legend.height() + 14.0;
    Picture { width: WIDTH, height, shapes: shapes.into_iter().flatten().collect() }
}

/// What a reader must know before believing the lines.
fn note(scores: &[Score], axis: &Axis) -> String {
    let basis = caption::basis(scores.iter());
    match axis.low > 0.0 {
        true => format!("{basis}; the accuracy axis begins at {}, not at 0", axis.ticks()[0].1),
        false => basis,
    }
}

impl Plot {
    fn new(series: Vec<Series>) -> Self {
        let points = series.iter().flat_map(|series| &series.points);
        let values = points.clone().flat_map(|p| [Some(p.low), Some(p.high), p.published]).flatten();
        let (axis, deepest) = (Axis::around(values), points.map(|point| point.n_blocks).max().unwrap_or(0));
        Plot { axis, deepest, series }
    }

    fn x(&self, blocks: f64) -> f64 {
        LEFT + (blocks + BESIDE) / (self.deepest as f64 + 2.0 * BESIDE) * (RIGHT - LEFT)
    }

    fn y(&self, accuracy: f64) -> f64 {
        BOTTOM - self.axis.share(accuracy) * (BOTTOM - TOP)
    }

    /// Points of one depth stand beside each other, so that their intervals do not hide one another.
    fn at(&self, point: &Point, accuracy: f64) -> At {
        let same = self.series.iter().flat_map(|series| &series.points).filter(|p| p.n_blocks == point.n_blocks);
        let (before, all) = (same.clone().take_while(|other| !std::ptr::eq(*other, point)).count(), same.count());
        let apart = APART.min((self.x(1.0) - self.x(0.0)) * CROWD / all as f64);
        let beside = (before as f64 - (all as f64 - 1.0) / 2.0) * apart;
        (self.x(point.n_blocks as f64) + beside, self.y(accuracy))
    }

    /// Grid, ticks and what the axes are.
    fn frame(&self) -> Vec<Shape> {
        let mut shapes = Vec::new();
        for (value, label) in self.axis.ticks() {
            shapes.push(line((LEFT, self.y(value)), (RIGHT, self.y(value)), 1.0, GRID));
            shapes.push(text((LEFT - 10.0, self.y(value)), label, LABEL, HPos::Right, INK));
        }
        shapes.push(line((LEFT, BOTTOM), (RIGHT, BOTTOM), 1.5, INK));
        for n_blocks in (0..=self.deepest).step_by(1 + self.deepest as usize / 16) {
            let x = self.x(n_blocks as f64);
            shapes.push(line((x, BOTTOM), (x, BOTTOM + 6.0), 1.5, INK));
            shapes.push(text((x, BOTTOM + 20.0), n_blocks.to_string(), LABEL, HPos::Center, INK));
        }
        let (across, down) = ((LEFT + RIGHT) / 2.0, (TOP + BOTTOM) / 2.0);
        shapes.push(text((across, BOTTOM + 46.0), "kept transformer blocks", LABEL, HPos::Center, INK));
        let (at, text) = ((24.0, down), "test accuracy (%)".to_owned());
        shapes.push(Shape::Text(Text { at, text, size: LABEL, side: HPos::Center, colour: INK, upwards: true }));
        shapes
    }

    /// Lines below intervals below published marks below our own.
    fn data(&self) -> Vec<Shape> {
        let each = || self.series.iter().enumerate().flat_map(|(i, s)| s.points.iter().map(move |point| (i, point)));
        let lines = self.series.iter().enumerate().filter(|(_, series)| series.is_joined());
        let lines = lines.map(|(i, series)| self.line(i, series));
        let intervals = each().flat_map(|(i, point)| self.interval(i, point));
        let published = each().filter_map(|(i, point)| Some((i, self.at(point, point.published?))));
        let published = published.flat_map(|(i, at)| marks::hollow(at, PUBLISHED, i, marks::colour(i)));
        let ours = each().flat_map(|(i, point)| marks::solid(self.at(point, point.accuracy), MARK, i));
        lines.chain(intervals).chain(published).chain(ours).collect()
    }

    fn line(&self, i: usize, series: &Series) -> Shape {
        let points = series.points.iter().map(|point| self.at(point, point.accuracy)).collect();
        Shape::Path { points, width: 2.0, colour: marks::colour(i) }
    }

    fn interval(&self, i: usize, point: &Point) -> Vec<Shape> {
        whisker(self.at(point, point.low), self.at(point, point.high), UPRIGHT, marks::colour(i))
    }

    /// The series, and what the two other marks mean.
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
    use crate::fixture::Made;
    use crate::scores::from_text;

    fn scores(made: &[Made]) -> Vec<Score> {
        from_text(&made.iter().map(Made::metrics).collect::<String>())
    }

    fn study() -> Vec<Score> {
        let wide = Made::new("1VF", 1).head("a-head-whose-name-is-longer-than-any-other");
        scores(&[Made::new("0BE", 1).published(0.7), Made::new("1VA", 1), wide, Made::new("9VA", 1).test(&[0, 36, 0])])
    }

    fn said(scores: &[Score], study: Option<&str>) -> Vec<String> {
        picture(scores, study).texts().map(|text| text.text.clone()).collect()
    }

    #[test]
    fn a_lone_point_stands_on_its_depth_and_two_stand_on_either_side() {
        let plot = Plot::new(series(&study()));
        let x = |series: usize, point: usize| plot.at(&plot.series[series].points[point], 50.0).0;
        assert_eq!((x(0, 0), x(1, 1)), (plot.x(0.0), plot.x(9.0)));
        assert!((x(1, 0) + x(2, 0) - 2.0 * plot.x(1.0)).abs() < 1e-9 && x(1, 0) < x(2, 0));
        assert!(x(2, 0) - x(1, 0) < plot.x(1.0) - plot.x(0.0));
    }

    #[test]
    fn data_stay_between_the_axis_and_the_edge_and_text_inside_the_picture() {
        let plot = Plot::new(series(&study()));
        assert!(plot.x(9.0) + PUBLISHED < RIGHT && plot.x(0.0) - PUBLISHED > LEFT);
        assert_eq!(layout::faults(&picture(&study(), Some("imdb"))), [""; 0]);
    }

    #[test]
    fn the_picture_says_which_study_and_what_to_beware_of() {
        let whole = said(&study(), Some("imdb"));
        assert_eq!(whole[0], "imdb: accuracy by kept blocks");
        assert_eq!(whole[1], "one seed; epoch chosen on validation; the accuracy axis begins at 60, not at 0");
        assert!(whole.contains(&"published".to_owned()));
        let made = [Made::new("1VA", 1).no_validation(), Made::new("1VA", 2).no_validation(), Made::new("2VA", 1)];
        let source = said(&scores(&made), None);
        assert_eq!(source[0], "tiny-bert: accuracy by kept blocks");
        assert!(
            source[1].starts_with("means over 1 to 2 seeds; epoch chosen on validation (on test for 1 of 2); "),
            "{}",
            source[1]
        );
        assert!(!source.contains(&"published".to_owned()));
    }
}
