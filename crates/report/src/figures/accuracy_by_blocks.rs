//! Test accuracy against the number of kept blocks: a line per head, intervals, published values.

use plotters::style::text_anchor::HPos;

use super::axis::Axis;
use super::marks;
use super::picture::{At, Colour, Picture, Shape, Text, text_width};
use super::series::{Point, Series, series};
use crate::scores::Score;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 560.0;
const LEFT: f64 = 92.0;
const TOP: f64 = 92.0;
const BOTTOM: f64 = 482.0;

const TITLE: f64 = 20.0;
const LABEL: f64 = 16.0;
const NOTE: f64 = 13.5;
const INK: Colour = (40, 40, 40);
const GREY: Colour = (105, 105, 105);
const GRID: Colour = (222, 222, 222);

/// Free space beside the first and the last depth, in blocks.
const BESIDE: f64 = 0.45;

/// Distance of points of one depth in pixels, and at most so much of the way to the next depth for all of them.
const APART: f64 = 11.0;
const CROWD: f64 = 0.75;

/// Radius of our marks and of the published ones.
const MARK: f64 = 4.5;
const PUBLISHED: f64 = 7.0;

/// The plot area: where data become pixels.
struct Plot {
    axis: Axis,
    deepest: u64,
    right: f64,
    series: Vec<Series>,
}

/// The whole figure.
pub(crate) fn picture(scores: &[Score], study: Option<&str>) -> Picture {
    let plot = Plot::new(series(scores));
    let title = study.or(scores.first().map(|score| score.encoder.as_str())).unwrap_or("no runs");
    let heading = text((20.0, 30.0), format!("{title}: accuracy by kept blocks"), TITLE, HPos::Left, INK);
    let note = text((20.0, 62.0), note(scores, &plot.axis), NOTE, HPos::Left, GREY);
    let shapes = [vec![heading, note], plot.frame(), plot.data(), plot.legend()];
    Picture { width: WIDTH, height: HEIGHT, shapes: shapes.into_iter().flatten().collect() }
}

/// What a reader must know before believing the lines.
fn note(scores: &[Score], axis: &Axis) -> String {
    let seeds = scores.iter().map(|score| score.n_seeds);
    let seeds = match (seeds.clone().min().unwrap_or(0), seeds.max().unwrap_or(0)) {
        (1, 1) => "one seed".to_owned(),
        (few, many) if few == many => format!("means over {few} seeds"),
        (few, many) => format!("means over {few} to {many} seeds"),
    };
    let chosen = scores.iter().all(|score| score.chosen_on_validation);
    let chosen = if chosen { "epoch chosen on validation" } else { "epoch chosen on test" };
    match axis.low > 0.0 {
        true => format!("{seeds}; {chosen}; the accuracy axis begins at {}, not at 0", axis.ticks()[0].1),
        false => format!("{seeds}; {chosen}"),
    }
}

impl Plot {
    fn new(series: Vec<Series>) -> Self {
        let points = series.iter().flat_map(|series| &series.points);
        let values = points.clone().flat_map(|p| [Some(p.low), Some(p.high), p.published]).flatten();
        let names = series.iter().map(|series| text_width(&series.name, LABEL)).fold(0.0, f64::max);
        let legend = 64.0 + names.max(text_width("95 % interval", LABEL)) * 1.06; // other fonts are wider
        let (axis, deepest) = (Axis::around(values), points.map(|point| point.n_blocks).max().unwrap_or(0));
        Plot { axis, deepest, right: WIDTH - legend.min(WIDTH / 2.0), series }
    }

    fn x(&self, blocks: f64) -> f64 {
        LEFT + (blocks + BESIDE) / (self.deepest as f64 + 2.0 * BESIDE) * (self.right - 24.0 - LEFT)
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
        let (start, end) = (LEFT, self.right - 24.0);
        let mut shapes = Vec::new();
        for (value, label) in self.axis.ticks() {
            shapes.push(line((start, self.y(value)), (end, self.y(value)), 1.0, GRID));
            shapes.push(text((start - 10.0, self.y(value)), label, LABEL, HPos::Right, INK));
        }
        shapes.push(line((start, BOTTOM), (end, BOTTOM), 1.5, INK));
        for n_blocks in (0..=self.deepest).step_by(1 + self.deepest as usize / 16) {
            let x = self.x(n_blocks as f64);
            shapes.push(line((x, BOTTOM), (x, BOTTOM + 6.0), 1.5, INK));
            shapes.push(text((x, BOTTOM + 20.0), n_blocks.to_string(), LABEL, HPos::Center, INK));
        }
        let (across, down) = ((start + end) / 2.0, (TOP + BOTTOM) / 2.0);
        shapes.push(text((across, HEIGHT - 24.0), "kept transformer blocks".to_owned(), LABEL, HPos::Center, INK));
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
        bar(self.at(point, point.low), self.at(point, point.high), marks::colour(i))
    }

    /// Outside the data, on the right.
    fn legend(&self) -> Vec<Shape> {
        let row = |index: usize| TOP + 14.0 + 32.0 * index as f64;
        let (left, middle) = (self.right, self.right + 18.0);
        let label =
            |index: usize, label: &str| text((left + 46.0, row(index)), label.to_owned(), LABEL, HPos::Left, INK);
        let mut shapes = Vec::new();
        for (i, series) in self.series.iter().enumerate() {
            if series.is_joined() {
                shapes.push(line((left, row(i)), (left + 36.0, row(i)), 2.0, marks::colour(i)));
            }
            shapes.extend(marks::solid((middle, row(i)), MARK, i));
            shapes.push(label(i, &series.name));
        }
        let next = self.series.len() + 1;
        shapes.extend(bar((middle, row(next) + 11.0), (middle, row(next) - 11.0), GREY));
        shapes.push(label(next, "95 % interval"));
        if self.series.iter().flat_map(|series| &series.points).any(|point| point.published.is_some()) {
            shapes.extend(marks::hollow((middle, row(next + 1)), PUBLISHED, 0, GREY));
            shapes.push(label(next + 1, "published"));
        }
        shapes
    }
}

/// An upright bar with feet.
fn bar(low: At, high: At, colour: Colour) -> Vec<Shape> {
    let foot = |at: At| line((at.0 - 5.0, at.1), (at.0 + 5.0, at.1), 1.5, colour);
    vec![line(low, high, 1.5, colour), foot(low), foot(high)]
}

fn line(from: At, to: At, width: f64, colour: Colour) -> Shape {
    Shape::Path { points: vec![from, to], width, colour }
}

fn text(at: At, text: String, size: f64, side: HPos, colour: Colour) -> Shape {
    Shape::Text(Text { at, text, size, side, colour, upwards: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Made;
    use crate::scores::from_text;

    fn scores(made: &[Made]) -> Vec<Score> {
        from_text(&made.iter().map(Made::metrics).collect::<String>())
    }

    fn study() -> Vec<Score> {
        let wide = Made::new("1VF", 1).head("a-head-whose-name-is-longer-than-any-other");
        scores(&[Made::new("0BE", 1).published(0.7), Made::new("1VA", 1), wide, Made::new("9VA", 1).test(&[0, 36, 0])])
    }

    fn texts(scores: &[Score], study: Option<&str>) -> Vec<Text> {
        let shapes = picture(scores, study).shapes;
        shapes.into_iter().filter_map(|s| if let Shape::Text(text) = s { Some(text) } else { None }).collect()
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
    fn data_stay_left_of_the_legend_and_text_inside_the_picture() {
        let plot = Plot::new(series(&study()));
        assert!(plot.x(9.0) + PUBLISHED < plot.right && plot.x(0.0) > LEFT);
        for text in texts(&study(), Some("imdb")) {
            let width = text_width(&text.text, text.size);
            let start = match text.side {
                HPos::Left => text.at.0,
                HPos::Center => text.at.0 - if text.upwards { 0.0 } else { width / 2.0 },
                HPos::Right => text.at.0 - width,
            };
            let end = if text.upwards { start } else { start + width };
            assert!(start >= 0.0 && end <= WIDTH, "`{}` from {start} to {end}", text.text);
        }
    }

    #[test]
    fn the_picture_says_which_study_and_what_to_beware_of() {
        let said = |scores: &[Score], study| texts(scores, study).into_iter().map(|t| t.text).collect::<Vec<_>>();
        let whole = said(&study(), Some("imdb"));
        assert_eq!(whole[0], "imdb: accuracy by kept blocks");
        assert_eq!(whole[1], "one seed; epoch chosen on validation; the accuracy axis begins at 60, not at 0");
        assert!(whole.contains(&"published".to_owned()));
        let made = [Made::new("1VA", 1).no_validation(), Made::new("1VA", 2).no_validation(), Made::new("2VA", 1)];
        let source = said(&scores(&made), None);
        assert_eq!(source[0], "tiny-bert: accuracy by kept blocks");
        assert!(source[1].starts_with("means over 1 to 2 seeds; epoch chosen on test; "), "{}", source[1]);
        assert!(!source.contains(&"published".to_owned()));
    }
}
