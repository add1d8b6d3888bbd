//! Whether cutting blocks hurts confidence before it hurts accuracy: both by depth, and how far they lie apart.

use super::caption::{self, MARGIN};
use super::csv::{self, Table};
use super::depths::{Depth, depths, summary};
use super::legend::{Entry, Legend};
use super::panel::{AXIS_LEFT, Panel};
use super::pen::{dashed, line, stroke, swatch};
use super::scale::Scale;
use super::{Figure, Material, marks};
use crate::chapter::Chapter;
use crate::format::blocks;
use drawing::{At, Picture, Shape};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 24.0 + AXIS_LEFT;
const RIGHT: f64 = WIDTH - MARGIN;

/// Heights of the two panels and their distance.
const UPPER: f64 = 300.0;
const LOWER: f64 = 220.0;
const BETWEEN: f64 = 56.0;

const MARK: f64 = 5.0;

/// Place of each curve in the palette.
const ACCURACY: usize = 0;
const RAW: usize = 1;
const TEMPERED: usize = 2;

pub(super) fn figure(material: &Material) -> Option<Figure> {
    let depths = depths(material);
    let title = material.title("accuracy and confidence by kept blocks");
    let summary = summary(&depths, material.verdict.margin)?;
    let notes = notes(&depths, &summary, &material.basis());
    Some(Figure {
        name: "confidence-by-blocks",
        chapter: Chapter::Quality,
        alt: alt(&depths, &summary),
        csv: numbers(&depths),
        picture: picture(&title, &notes, &depths),
        title,
    })
    .filter(|_| depths.len() > 1)
}

fn notes(depths: &[Depth], summary: &str, basis: &str) -> Vec<String> {
    let up = up(depths);
    let begin = (up.low > 0.0).then(|| format!("; the upper axis begins at {}, not at 0", up.ticks[0].1));
    vec![summary.to_owned(), format!("{basis}{}", begin.unwrap_or_default())]
}

/// The picture in words: what is summary above it, and the numbers of each depth.
fn alt(depths: &[Depth], summary: &str) -> String {
    let describe = |depth: &Depth| {
        let Depth { n_blocks, accuracy, confidence, error, .. } = depth;
        let tempered = depth.tempered.map(|(c, e)| format!(", tempered {c:.1} % and {e:.1}")).unwrap_or_default();
        format!("{} {accuracy:.1} %, {confidence:.1} % and {error:.1}{tempered}", blocks(*n_blocks))
    };
    let all = depths.iter().map(describe).collect::<Vec<_>>().join("; ");
    format!("On the test split {summary}. Accuracy, mean confidence and expected calibration error in points: {all}.")
}

fn numbers(depths: &[Depth]) -> String {
    let header = ["configuration", "n_blocks", "accuracy_percent", "confidence_percent", "over_confidence_points"];
    let more = ["calibration_error_points", "log_loss_nats", "tempered_confidence_percent"];
    let mut table = Table::new(&[&header[..], &more, &["tempered_calibration_error_points"]].concat());
    for depth in depths {
        let names = [depth.configuration.clone(), depth.n_blocks.to_string()];
        let known = [depth.accuracy, depth.confidence, depth.over_confidence(), depth.error, depth.log_loss];
        let (confidence, error) = depth.tempered.unzip();
        table.push(names.into_iter().chain(known.map(csv::number)).chain([confidence, error].map(csv::maybe)));
    }
    table.text()
}

fn picture(title: &str, notes: &[String], depths: &[Depth]) -> Picture {
    let notes = caption::wrapped(notes, RIGHT - MARGIN);
    let top = caption::height(notes.len()) + 24.0;
    let mut shapes = caption::shapes(title.to_owned(), &notes);
    let upper = panel(depths, top, UPPER, up(depths));
    let lower = panel(depths, top + UPPER + BETWEEN, LOWER, errors(depths));
    shapes.extend(upper.frame("", "accuracy, confidence (%)"));
    shapes.extend(lower.frame("kept transformer blocks", "calibration error (points)"));
    shapes.extend(above(&upper, depths));
    shapes.extend(below(&lower, depths));
    let legend = legend(depths);
    shapes.extend(legend.shapes((MARGIN, lower.bottom + 66.0)));
    Picture { width: WIDTH, height: lower.bottom + 80.0 + legend.height(), shapes }
}

fn panel(depths: &[Depth], top: f64, height: f64, up: Scale) -> Panel {
    let ends = |depths: &[Depth]| Some((depths.first()?.n_blocks as u64, depths.last()?.n_blocks as u64));
    let (first, last) = ends(depths).unwrap_or((0, 1));
    let across = Scale::counts(first, last, 0.4, 16);
    Panel { left: LEFT, right: RIGHT, top, bottom: top + height, across, up }
}

fn up(depths: &[Depth]) -> Scale {
    let tempered = depths.iter().filter_map(|depth| Some(depth.tempered?.0));
    Scale::per_cent(depths.iter().flat_map(|depth| [depth.accuracy, depth.confidence]).chain(tempered))
}

fn errors(depths: &[Depth]) -> Scale {
    let tempered = depths.iter().filter_map(|depth| Some(depth.tempered?.1));
    Scale::around(depths.iter().map(|depth| depth.error).chain(tempered).chain([0.0]))
}

/// The distance of confidence from accuracy as a band below the curves.
fn above(panel: &Panel, depths: &[Depth]) -> Vec<Shape> {
    let of = |value: &dyn Fn(&Depth) -> Option<f64>| curve(panel, depths, value);
    let (accuracy, raw) = (of(&|depth| Some(depth.accuracy)), of(&|depth| Some(depth.confidence)));
    let around = accuracy.iter().chain(raw.iter().rev()).copied().collect();
    let mut shapes = vec![Shape::Band { points: around, colour: marks::colour(RAW) }];
    shapes.extend(drawn(&of(&|depth| Some(depth.tempered?.0)), TEMPERED));
    shapes.extend(drawn(&raw, RAW));
    shapes.extend(drawn(&accuracy, ACCURACY));
    shapes
}

fn below(panel: &Panel, depths: &[Depth]) -> Vec<Shape> {
    let mut shapes = drawn(&curve(panel, depths, &|depth| Some(depth.tempered?.1)), TEMPERED);
    shapes.extend(drawn(&curve(panel, depths, &|depth| Some(depth.error)), RAW));
    shapes
}

fn curve(panel: &Panel, depths: &[Depth], value: &dyn Fn(&Depth) -> Option<f64>) -> Vec<At> {
    depths.iter().filter_map(|depth| Some(panel.at(depth.n_blocks as f64, value(depth)?))).collect()
}

/// Accuracy is solid, confidence dashed; after the temperature its marks are hollow.
fn drawn(points: &[At], which: usize) -> Vec<Shape> {
    let colour = marks::colour(which);
    let mut shapes = match which {
        ACCURACY => vec![Shape::Path { points: points.to_vec(), width: 2.0, colour }],
        _ => dashed(points, 2.0, colour),
    };
    for &at in points {
        shapes.extend(marks::solid(at, MARK, which).into_iter().take(if which == TEMPERED { 1 } else { 2 }));
        shapes.extend((which == TEMPERED).then(|| marks::hollow(at, MARK, which, colour)).into_iter().flatten());
    }
    shapes
}

fn legend(depths: &[Depth]) -> Legend {
    let mark = |which: usize| {
        move |at: At| {
            let (from, to) = (stroke(at)[0], stroke(at)[1]);
            let joined = match which {
                ACCURACY => vec![line(from, to, 2.0, marks::colour(which))],
                _ => dashed(&[from, to], 2.0, marks::colour(which)),
            };
            joined.into_iter().chain(drawn(&[at], which)).collect()
        }
    };
    let mut entries = vec![
        Entry::new("accuracy", mark(ACCURACY)),
        Entry::new("mean confidence; below: expected calibration error", mark(RAW)),
    ];
    if depths.iter().any(|depth| depth.tempered.is_some()) {
        entries.push(Entry::new("the same after a temperature fitted on validation", mark(TEMPERED)));
    }
    entries.push(Entry::new("how far confidence is from accuracy", |at| swatch(at, marks::colour(RAW))));
    Legend::new(entries, RIGHT - MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{layout, material};
    use crate::fixture::Made;

    fn made() -> Vec<Made> {
        ["1VA", "2VA", "4VA"].into_iter().flat_map(|id| [1, 2].map(|seed| Made::new(id, seed))).collect()
    }

    #[test]
    fn the_curves_are_those_of_the_quality_of_each_depth_of_the_ladder() {
        let quality = [
            material::quality("4VA", 0.90, 0.04),
            material::quality("another", 0.5, 0.4),
            material::quality("1VA", 0.80, 0.08),
        ];
        let figure = material::figure(&made(), &quality, figure).unwrap();
        let rows: Vec<&str> = figure.csv.lines().skip(1).collect();
        assert_eq!(rows, ["1VA,1,80,88,8,8,0.4,82,2", "4VA,4,90,94,4,4,0.4,91,1"]);
        assert!(figure.alt.contains("in points: 1 block 80.0 %, 88.0 % and 8.0, tempered 82.0 % and 2.0; 4 blocks"));
    }

    #[test]
    fn the_band_lies_between_accuracy_and_confidence() {
        let quality = [material::quality("1VA", 0.80, 0.08), material::quality("4VA", 0.90, -0.04)];
        material::with(&material::runs(&made()), &quality, |material| {
            let depths = depths(material);
            let panel = panel(&depths, 100.0, UPPER, up(&depths));
            let shapes = above(&panel, &depths);
            let Some(Shape::Band { points, .. }) = shapes.first() else { panic!("no band") };
            assert_eq!(points[..], [(1.0, 80.0), (4.0, 90.0), (4.0, 86.0), (1.0, 88.0)].map(|(n, up)| panel.at(n, up)));
        });
    }

    #[test]
    fn twelve_depths_meet_nothing_and_one_with_a_quality_is_no_figure() {
        let all = material::deep();
        let quality: Vec<_> = material::runs(&all)
            .iter()
            .enumerate()
            .step_by(2)
            .map(|(i, run)| {
                material::quality(&run.configuration().configuration, 0.6 + 0.012 * i as f64, 0.08 - 0.006 * i as f64)
            })
            .collect();
        let picture = material::figure(&all, &quality, figure).unwrap().picture;
        assert_eq!(layout::faults(&picture), [""; 0]);
        assert!(material::figure(&made(), &quality, figure).is_none());
        assert!(material::figure(&made(), &[material::quality("1VA", 0.8, 0.1)], figure).is_none());
    }
}
