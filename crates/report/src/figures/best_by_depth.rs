//! The best configuration of each depth, as the source study draws it: one lying bar each, with its interval and its
//! published value.

use drawing::HPos;

use super::axis::Axis;
use super::bars::{Bar, bars, best};
use super::caption::{self, MARGIN};
use super::csv::{self, Table};
use super::legend::{Entry, Legend};
use super::pen::{GRID, INK, INTERVAL, LABEL, LYING, PUBLISHED, PUBLISHED_LABEL, WHITE, line, room, text, whisker};
use super::{Figure, Material, marks};
use crate::chapter::Chapter;
use crate::format::blocks;
use crate::scores::Score;
use drawing::{Colour, Picture, Shape};

const WIDTH: f64 = 960.0;
const TOP: f64 = 108.0;

/// From bar to bar, how thick one is, and how far above its middle a published mark stands, its tip just above the bar.
const ROW: f64 = 38.0;
const THICK: f64 = 20.0;
const ABOVE: f64 = 21.5;

/// Room for the bars at the least, however long the names are.
const SHORTEST: f64 = 420.0;

/// Between two columns of text, and between text and what is drawn.
const COLUMN: f64 = 20.0;
const BESIDE: f64 = 10.0;

/// Form of the published marks: a triangle that points down to its value.
const POINTER: usize = 4;

/// Without blocks it is no model of the encoder.
const BASELINE: Colour = (200, 200, 200);

/// The plot area: where data become pixels.
struct Plot {
    axis: Axis,
    bars: Vec<Bar>,
    /// Where the names end, and where the axis begins and ends.
    names: f64,
    start: f64,
    end: f64,
}

pub(super) fn figure(material: &Material) -> Option<Figure> {
    let bars = bars(material.scores);
    (!bars.is_empty()).then(|| Figure {
        name: "best-by-depth",
        chapter: Chapter::Depths,
        title: title(material.scores, material.study),
        alt: alt(material.scores, &bars),
        csv: numbers(&bars),
        picture: picture(material.scores, bars, material.study),
    })
}

fn title(scores: &[Score], study: Option<&str>) -> String {
    caption::title(scores, study, "the best configuration of each depth")
}

/// The picture in words: each bar.
fn alt(scores: &[Score], bars: &[Bar]) -> String {
    let bar = |bar: &Bar| format!("{}: {} with {:.2} %", blocks(bar.n_blocks as usize), bar.name, bar.accuracy);
    let (all, basis) = (bars.iter().map(bar).collect::<Vec<_>>().join("; "), caption::basis(best(scores).into_iter()));
    format!("Of each depth the configuration with the best test accuracy ({basis}). {all}.")
}

fn numbers(bars: &[Bar]) -> String {
    let mut table = Table::new(&[
        "configuration",
        "n_blocks",
        "test_accuracy_percent",
        "interval_low_percent",
        "interval_high_percent",
        "published_accuracy_percent",
    ]);
    for bar in bars {
        let known = [bar.accuracy, bar.low, bar.high].map(csv::number);
        let names = [bar.name.clone(), bar.n_blocks.to_string()];
        table.push(names.into_iter().chain(known).chain([csv::maybe(bar.published)]));
    }
    table.text()
}

/// The whole figure.
fn picture(scores: &[Score], bars: Vec<Bar>, study: Option<&str>) -> Picture {
    let plot = Plot::new(bars);
    let caption = caption::shapes(title(scores, study), &notes(scores, &plot.axis));
    let (legend, below) = (plot.legend(), plot.bottom() + 66.0);
    let height = below + legend.height() + 14.0;
    let shapes = [caption, plot.frame(), plot.data(), legend.shapes((plot.start, below))];
    Picture { width: plot.width(), height, shapes: shapes.into_iter().flatten().collect() }
}

/// What a reader must know before believing the bars.
fn notes(scores: &[Score], axis: &Axis) -> Vec<String> {
    let best = best(scores);
    let mut basis = caption::basis(best.iter().copied());
    if axis.low > 0.0 {
        basis += &format!("; the bars begin at {} %, not at 0", axis.ticks()[0].1);
    }
    let picked = "where a depth has several configurations, the one shown was picked by test accuracy: that flatters it \
                  a little";
    let all_shown = best.len() == scores.len();
    [basis].into_iter().chain((!all_shown).then(|| picked.to_owned())).collect()
}

impl Plot {
    fn new(bars: Vec<Bar>) -> Self {
        let values = bars.iter().flat_map(|bar| [Some(bar.low), Some(bar.high), bar.published]).flatten();
        let axis = Axis::for_bars(values);
        let names = room(bars.iter().map(|bar| bar.name.as_str()));
        let depths: Vec<String> = bars.iter().map(|bar| blocks(bar.n_blocks as usize)).collect();
        let names = MARGIN + room(depths.iter().map(String::as_str)) + COLUMN + names;
        let start = names + BESIDE;
        let end = (WIDTH - Plot::values()).max(start + SHORTEST);
        Plot { axis, bars, names, start, end }
    }

    /// Room on the right of the axis, for a value beside an interval that reaches its very end.
    fn values() -> f64 {
        BESIDE + room(["100.00"].into_iter()) + MARGIN
    }

    fn width(&self) -> f64 {
        self.end + Plot::values()
    }

    fn bottom(&self) -> f64 {
        TOP + ROW * self.bars.len() as f64
    }

    fn x(&self, accuracy: f64) -> f64 {
        self.start + self.axis.share(accuracy) * (self.end - self.start)
    }

    /// The middle of a bar.
    fn y(&self, i: usize) -> f64 {
        TOP + ROW * (i as f64 + 0.5)
    }

    /// Grid, ticks and what the axis is.
    fn frame(&self) -> Vec<Shape> {
        let mut shapes = Vec::new();
        for (value, label) in self.axis.ticks() {
            let x = self.x(value);
            shapes.push(line((x, TOP), (x, self.bottom()), 1.0, GRID));
            shapes.push(text((x, self.bottom() + 16.0), label, LABEL, HPos::Center, INK));
        }
        let middle = ((self.start + self.end) / 2.0, self.bottom() + 44.0);
        shapes.push(text(middle, "test accuracy (%)", LABEL, HPos::Center, INK));
        shapes
    }

    /// The bars, then the line they stand on.
    fn data(&self) -> Vec<Shape> {
        let bars = self.bars.iter().enumerate().flat_map(|(i, bar)| self.bar(self.y(i), bar));
        bars.chain([line((self.start, TOP), (self.start, self.bottom()), 1.5, INK)]).collect()
    }

    /// Names, the bar, its interval and the value beside it; the published mark above.
    fn bar(&self, y: f64, bar: &Bar) -> Vec<Shape> {
        let (accuracy, high) = (self.x(bar.accuracy), self.x(bar.high));
        let value = format!("{:.2}", bar.accuracy);
        let mut shapes = vec![
            text((MARGIN, y), blocks(bar.n_blocks as usize), LABEL, HPos::Left, INK),
            text((self.names, y), bar.name.as_str(), LABEL, HPos::Right, INK),
            area((self.start, accuracy), y, bar.encoder.map_or(BASELINE, marks::pale)),
            area((high + BESIDE, high + BESIDE + room([value.as_str()].into_iter())), y, WHITE),
            text((high + BESIDE, y), value, LABEL, HPos::Left, INK),
        ];
        shapes.extend(whisker((self.x(bar.low), y), (high, y), LYING, INK));
        let published = bar.published.map(|published| (self.x(published), y - ABOVE));
        shapes.extend(published.into_iter().flat_map(|at| marks::hollow(at, PUBLISHED, POINTER, INK)));
        shapes
    }

    fn legend(&self) -> Legend {
        let mut entries = vec![Entry::new(INTERVAL, |(x, y)| whisker((x - 14.0, y), (x + 14.0, y), LYING, INK))];
        if self.bars.iter().any(|bar| bar.published.is_some()) {
            entries.push(Entry::new(PUBLISHED_LABEL, |at| marks::hollow(at, PUBLISHED, POINTER, INK)));
        }
        Legend::new(entries, self.width() - self.start - MARGIN)
    }
}

/// As thick as a bar, from one place to another.
fn area((start, end): (f64, f64), y: f64, colour: Colour) -> Shape {
    let (top, bottom) = (y - THICK / 2.0, y + THICK / 2.0);
    Shape::Area { points: vec![(start, top), (end, top), (end, bottom), (start, bottom)], colour }
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

    /// Two baselines, two heads with one block, a deep one; published values below, above and far from ours.
    fn study() -> Vec<Score> {
        scores(&[
            Made::new("custom-embedding", 1).test(&[0, 20, 0]).published(0.55),
            Made::new("TF-IDF", 1).test(&[0, 25, 0]),
            Made::new("1VA", 1).test(&[0, 30, 0]).published(0.70),
            Made::new("1VF", 1).test(&[0, 31, 0]).published(0.95),
            Made::new("9VA", 1).test(&[0, 36, 0]).published(0.999),
        ])
    }

    fn texts(scores: &[Score]) -> Vec<String> {
        picture(scores, bars(scores), Some("imdb")).texts().map(|text| text.text.clone()).collect()
    }

    #[test]
    fn a_bar_is_named_by_depth_and_configuration_and_ends_in_its_value() {
        let shown = texts(&study());
        for line in
            [["0 blocks", "custom-embedding", "50.00"], ["1 block", "1VF", "77.50"], ["9 blocks", "9VA", "90.00"]]
        {
            assert!(shown.windows(3).any(|texts| texts == line), "no {line:?} in {shown:?}");
        }
        assert!(!shown.contains(&"1VA".to_owned()) && shown.contains(&"published".to_owned()));
    }

    #[test]
    fn words_and_numbers_are_those_of_the_bars() {
        let bars = bars(&study());
        let alt = alt(&study(), &bars);
        assert!(
            alt.contains("(one seed; epoch chosen on validation). 0 blocks: custom-embedding with 50.00 %; "),
            "{alt}"
        );
        let numbers = numbers(&bars);
        assert_eq!(numbers.lines().count(), 5);
        assert!(numbers.lines().nth(3).is_some_and(|row| row.starts_with("1VF,1,77.5,") && row.ends_with(",95")));
    }

    #[test]
    fn bars_that_do_not_begin_at_zero_and_a_choice_among_heads_are_said() {
        let shown = texts(&scores(&[Made::new("1VF", 1).test(&[0, 36, 0]), Made::new("1VA", 1).test(&[0, 38, 0])]));
        assert_eq!(shown[0], "imdb: the best configuration of each depth");
        assert_eq!(shown[1], "one seed; epoch chosen on validation; the bars begin at 75 %, not at 0");
        assert!(shown[2].contains("picked by test accuracy: that flatters it"), "{}", shown[2]);
        let alone = texts(&scores(&[Made::new("1VA", 1).no_validation().test(&[1, 0, 0]), Made::new("2VA", 1)]));
        assert_eq!(alone[1], "one seed; epoch chosen on validation (on test for 1 of 2)");
        assert!(!alone.iter().any(|text| text.contains("picked") || text == "published"), "{alone:?}");
    }

    #[test]
    fn a_bar_ends_at_its_accuracy_below_its_published_mark_and_baselines_are_grey() {
        let plot = Plot::new(bars(&study()));
        let (mut ends, mut greys, mut tips) = (Vec::new(), 0, Vec::new());
        for shape in plot.data() {
            match shape {
                Shape::Area { points, colour } if colour != WHITE => {
                    ends.push(points[1].0);
                    greys += usize::from(colour == BASELINE);
                }
                Shape::Path { points, .. } if points.len() > 2 => tips.push((points[1].0.round(), points[1].1)),
                _ => {}
            }
        }
        assert_eq!((ends, greys), ([50.0, 62.5, 77.5, 90.0].map(|accuracy| plot.x(accuracy)).to_vec(), 2));
        let places: Vec<f64> = tips.iter().map(|tip| tip.0).collect();
        assert_eq!(places, [55.0, 95.0, 99.9].map(|published| plot.x(published).round()));
        assert!(
            tips.iter()
                .zip([0, 2, 3])
                .all(|(tip, i)| (plot.y(i) - THICK - 2.0..plot.y(i) - THICK / 2.0).contains(&tip.1))
        );
    }

    #[test]
    fn no_text_leaves_the_picture_or_meets_a_whisker_a_mark_or_another_text() {
        let long = Made::new(&"an-embedding-with-a-long-name-".repeat(3), 1).test(&[0, 39, 0]).published(0.2);
        for scores in [study(), scores(&[long, Made::new("1VA", 1).test(&[0, 40, 0]).published(1.0)])] {
            assert_eq!(layout::faults(&picture(&scores, bars(&scores), Some("imdb"))), [""; 0]);
        }
    }
}
