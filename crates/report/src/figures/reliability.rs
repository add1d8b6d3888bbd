//! Whether confidence is true: accuracy against confidence, for the knee and the full model, before and after the
//! temperature.

use drawing::HPos;
use statistics::{Bin, Calibration};

use super::caption::{self, MARGIN};
use super::csv::{self, Table};
use super::legend::{Entry, Legend};
use super::panel::{AXIS_BELOW, AXIS_LEFT, Panel};
use super::pen::{GREY, INK, LABEL, NOTE, dashed, line, stroke, text};
use super::scale::Scale;
use super::{Figure, Material, marks};
use crate::chapter::Chapter;
use crate::format::blocks;
use crate::quality::Quality;
use crate::verdict::DepthResult;
use drawing::{At, Picture, Shape};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 24.0 + AXIS_LEFT;
const RIGHT: f64 = WIDTH - MARGIN;

/// Side of a square panel, the distance of two, and the heights of the histogram and of the space above it.
const SIDE: f64 = 368.0;
const BESIDE: f64 = 112.0;
const COUNTS: f64 = 70.0;
const ABOVE: f64 = 56.0;

const MARK: f64 = 4.5;
const OUTLINE: f64 = 7.0;

/// Half of a bar of the histogram, and how far those of before and after stand apart.
const BAR: f64 = 3.0;

/// Place in the palette of before and after.
const RAW: usize = 1;
const TEMPERED: usize = 2;

/// One model.
struct Model<'a> {
    name: String,
    quality: &'a Quality,
}

pub(super) fn figure(material: &Material) -> Option<Figure> {
    let models = models(material);
    let title = material.title("is confidence true?");
    Some(Figure {
        name: "reliability",
        chapter: Chapter::Quality,
        alt: alt(&models),
        csv: numbers(&models),
        picture: picture(&title, &models, &material.basis()),
        title,
    })
    .filter(|_| !models.is_empty())
}

/// The knee, if there is one, and the full model.
fn models<'a>(material: &'a Material) -> Vec<Model<'a>> {
    let model = |depth: &'a DepthResult, what: &str| {
        let name = format!("{what}, {}: {}", blocks(depth.candidate.n_blocks()), depth.candidate.configuration());
        let quality = material.quality(depth).filter(|quality| !quality.raw.bins.is_empty())?;
        Some(Model { name, quality })
    };
    let knee = material.knee().and_then(|depth| model(depth, "the knee"));
    let full = material.verdict.full().and_then(|depth| model(depth, "the full model"));
    knee.into_iter().chain(full).collect()
}

impl Model<'_> {
    /// Before and after the temperature: place in the palette, what it is called, and the calibration.
    fn calibrations(&self) -> Vec<(usize, String, &Calibration)> {
        let Quality { raw, tempered, temperature, .. } = self.quality;
        let of = temperature.map(|temperature| format!("after temperature {temperature:.2}"));
        let of = of.unwrap_or_else(|| "after the temperature".to_owned());
        let tempered = tempered.as_ref().map(|tempered| (TEMPERED, of, tempered));
        [(RAW, "as it is".to_owned(), raw)].into_iter().chain(tempered).collect()
    }
}

fn bins<'a>(models: &'a [Model]) -> impl Iterator<Item = &'a Bin> + Clone {
    let all = |quality: &'a Quality| [Some(&quality.raw), quality.tempered.as_ref()].into_iter().flatten();
    models.iter().flat_map(move |model| all(model.quality)).flat_map(|calibration| &calibration.bins)
}

/// One scale for confidence and accuracy: from the confidence of a guess, or below it where a bin's accuracy is.
fn scale(models: &[Model]) -> Scale {
    let n_classes = models.iter().map(|model| model.quality.f1.len()).max().unwrap_or(2).max(2);
    let values = bins(models).flat_map(|bin| [100.0 * bin.confidence, 100.0 * bin.accuracy]);
    Scale::per_cent(values.chain([100.0 / n_classes as f64, 100.0]))
}

/// The picture in words: how far confidence is from the truth, before and after.
fn alt(models: &[Model]) -> String {
    let describe = |model: &Model| {
        let one = |(_, when, calibration): &(usize, String, &Calibration)| {
            let (confidence, error) = (100.0 * calibration.confidence, 100.0 * calibration.error);
            format!("{when} mean confidence {confidence:.1} %, expected calibration error {error:.1} points")
        };
        let each = model.calibrations().iter().map(one).collect::<Vec<_>>().join(", ");
        format!("{} has accuracy {:.1} %; {each}", model.name, 100.0 * model.quality.accuracy)
    };
    let all = models.iter().map(describe).collect::<Vec<_>>().join("; ");
    format!("Accuracy against confidence on the test split, as a reliability diagram: {all}.")
}

fn numbers(models: &[Model]) -> String {
    let header = ["configuration", "probabilities", "temperature", "confidence_percent", "accuracy_percent"];
    let mut table = Table::new(&[&header[..], &["examples"]].concat());
    for model in models {
        for (which, _, calibration) in model.calibrations() {
            let (name, temperature) = match which {
                RAW => ("raw", Some(1.0)),
                _ => ("tempered", model.quality.temperature),
            };
            for bin in &calibration.bins {
                let names = [model.quality.configuration.clone(), name.to_owned(), csv::maybe(temperature)];
                let numbers = [100.0 * bin.confidence, 100.0 * bin.accuracy, bin.examples as f64].map(csv::number);
                table.push(names.into_iter().chain(numbers));
            }
        }
    }
    table.text()
}

fn picture(title: &str, models: &[Model], basis: &str) -> Picture {
    let notes = caption::wrapped(&notes(models, basis), RIGHT - MARGIN);
    let top = caption::height(notes.len()) + 28.0;
    let mut shapes = caption::shapes(title.to_owned(), &notes);
    for (i, model) in models.iter().enumerate() {
        let left = LEFT + i as f64 * (SIDE + BESIDE);
        shapes.extend(diagram(models, model, (left, top)));
        shapes.extend(histogram(models, model, (left, top + SIDE + ABOVE)));
    }
    let bottom = top + SIDE + ABOVE + COUNTS;
    let legend = legend(models);
    shapes.extend(legend.shapes((MARGIN, bottom + 66.0)));
    Picture { width: WIDTH, height: bottom + 80.0 + legend.height(), shapes }
}

fn notes(models: &[Model], basis: &str) -> Vec<String> {
    let scale = scale(models);
    let begin = (scale.low > 0.0).then(|| format!("; confidence and accuracy begin at {}, not at 0", scale.ticks[0].1));
    vec![
        format!("{basis}{}", begin.unwrap_or_default()),
        "below the diagonal a model is surer than it is right; error: expected calibration error".to_owned(),
    ]
}

/// Accuracy of each bin against its confidence.
fn diagram(models: &[Model], model: &Model, (left, top): At) -> Vec<Shape> {
    let panel = Panel { left, right: left + SIDE, top, bottom: top + SIDE, across: scale(models), up: scale(models) };
    let mut shapes = panel.frame("", "accuracy (%)");
    shapes.push(panel.named(&model.name));
    shapes.extend(dashed(&[panel.at(panel.up.low, panel.up.low), panel.at(100.0, 100.0)], 1.5, GREY));
    for (which, _, calibration) in model.calibrations() {
        let at = |bin: &Bin| panel.at(100.0 * bin.confidence, 100.0 * bin.accuracy);
        let points: Vec<At> = calibration.bins.iter().map(at).collect();
        shapes.push(Shape::Path { points: points.clone(), width: 1.5, colour: marks::colour(which) });
        shapes.extend(points.into_iter().flat_map(|at| mark(at, which)));
    }
    shapes
}

/// How many examples each mark stands for: before on the left, after on the right of its confidence.
fn histogram(models: &[Model], model: &Model, (left, top): At) -> Vec<Shape> {
    let most = bins(models).map(|bin| bin.examples as f64).fold(0.0, f64::max);
    let mut up = Scale::around([0.0, most].into_iter());
    up.ticks = up.ticks.iter().step_by((up.ticks.len() - 1).max(1)).cloned().collect();
    let panel = Panel { left, right: left + SIDE, top, bottom: top + COUNTS, across: scale(models), up };
    let mut shapes = panel.grid(NOTE);
    shapes.push(panel.named("examples, all seeds together"));
    for (which, _, calibration) in model.calibrations() {
        let beside = if which == RAW { -BAR } else { BAR };
        for bin in &calibration.bins {
            let (x, y) = panel.at(100.0 * bin.confidence, bin.examples as f64);
            let (left, right) = (x + beside - BAR, x + beside + BAR);
            let points = vec![(left, y), (right, y), (right, panel.bottom), (left, panel.bottom)];
            shapes.push(Shape::Area { points, colour: marks::pale(which) });
        }
    }
    shapes.push(line((left, panel.bottom), (left + SIDE, panel.bottom), 1.5, INK));
    let below = (left + SIDE / 2.0, panel.bottom + AXIS_BELOW);
    shapes.push(text(below, "confidence (%)", LABEL, HPos::Center, INK));
    shapes
}

/// Before is filled; after is an outline around it, so that both are seen where they agree.
fn mark(at: At, which: usize) -> Vec<Shape> {
    match which {
        RAW => marks::solid(at, MARK, which),
        _ => marks::hollow(at, OUTLINE, which, marks::colour(which)),
    }
}

/// What the marks are, with the expected calibration error of each model.
fn legend(models: &[Model]) -> Legend {
    let mut entries = Vec::new();
    for model in models {
        for (which, when, calibration) in model.calibrations() {
            let error = 100.0 * calibration.error;
            let label = format!("{} {when}: error {error:.1} points", model.quality.configuration);
            entries.push(Entry::new(&label, move |at| {
                let joined = line(stroke(at)[0], stroke(at)[1], 1.5, marks::colour(which));
                [joined].into_iter().chain(mark(at, which)).collect()
            }));
        }
    }
    Legend::new(entries, RIGHT - MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{layout, material};
    use crate::fixture::Made;

    /// Two depths that are depth, so that the knee is the first; or one that is far below.
    fn made(first: usize) -> Vec<Made> {
        let of = |id: &str, right: usize| {
            [1, 2, 3].map(|seed| Made::new(id, seed).examples(2_000).test(&[0, 50 * right, 0]))
        };
        [of("1VA", first), of("4VA", 36)].concat()
    }

    fn qualities() -> Vec<Quality> {
        vec![material::quality("1VA", 0.85, 0.04), material::quality("4VA", 0.9, 0.08)]
    }

    #[test]
    fn the_models_are_the_knee_and_the_full_one_or_the_full_one_alone() {
        let names = |first: usize| {
            let of = |material: &Material| models(material).into_iter().map(|model| model.name).collect::<Vec<_>>();
            material::with(&material::runs(&made(first)), &qualities(), of)
        };
        assert_eq!(names(36), ["the knee, 1 block: 1VA", "the full model, 4 blocks: 4VA"]);
        assert_eq!(names(10), ["the full model, 4 blocks: 4VA"]);
        assert!(material::figure(&made(36), &[], figure).is_none());
    }

    #[test]
    fn marks_stand_at_confidence_and_accuracy_before_and_after() {
        material::with(&material::runs(&made(10)), &qualities(), |material| {
            let models = models(material);
            let panel =
                Panel { left: 0.0, right: SIDE, top: 0.0, bottom: SIDE, across: scale(&models), up: scale(&models) };
            let joined = |which: usize| {
                let shapes = diagram(&models, &models[0], (0.0, 0.0)).into_iter();
                let mut paths = shapes.filter_map(|shape| match shape {
                    Shape::Path { points, colour, .. } if colour == marks::colour(which) => Some(points),
                    _ => None,
                });
                paths.next().unwrap()
            };
            let at = |over: f64| [55.0, 75.0, 95.0].map(|confidence| panel.at(confidence, confidence - over));
            let near =
                |one: Vec<At>, other: [At; 3]| one.iter().zip(other).all(|(a, b)| (a.0 - b.0).hypot(a.1 - b.1) < 1e-6);
            assert!(near(joined(RAW), at(8.0)) && near(joined(TEMPERED), at(2.0)));
        });
    }

    #[test]
    fn the_numbers_are_the_bins_and_the_legend_has_the_errors() {
        let figure = material::figure(&made(36), &qualities(), figure).unwrap();
        let rows: Vec<&str> = figure.csv.lines().collect();
        assert_eq!((rows.len(), rows[1], rows[10]), (13, "1VA,raw,1,55,51,10", "4VA,tempered,1.5,55,53,10"));
        let has_text = |what: &str| figure.picture.texts().any(|text| text.text == what);
        assert!(has_text("4VA as it is: error 8.0 points") && has_text("4VA after temperature 1.50: error 2.0 points"));
        assert!(figure.alt.contains("as it is mean confidence 89.0 %, expected calibration error 4.0 points"));
    }

    #[test]
    fn nothing_meets_with_long_names_and_large_counts() {
        let all = material::deep();
        let mut quality: Vec<Quality> =
            all.iter().map(|made| material::quality(made.name().trim_end_matches("-s1"), 0.8, 0.3)).collect();
        quality.iter_mut().for_each(|quality| quality.raw.bins[2].examples = 75_000);
        let picture = material::figure(&all, &quality, figure).unwrap().picture;
        assert_eq!(layout::faults(&picture), [""; 0]);
    }
}
