//! How each depth learned: accuracy by epoch, one small panel for each depth, all on one scale.

use drawing::HPos;
use records::Split;

use super::caption::{self, MARGIN};
use super::csv::{self, Table};
use super::curves::{Curves, Moment, curves, judged_on};
use super::legend::{Entry, Legend};
use super::panel::{AXIS_LEFT, Panel, upwards};
use super::pen::{INK, LABEL, NOTE, dashed, line, stroke, swatch, text};
use super::scale::Scale;
use super::{Figure, Material, marks};
use crate::chapter::Chapter;
use drawing::{At, Picture, Shape};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 24.0 + AXIS_LEFT;
const RIGHT: f64 = WIDTH - MARGIN;

/// At most so many panels beside each other, and their distance.
const COLUMNS: usize = 4;
const BESIDE: f64 = 52.0;
const BELOW: f64 = 62.0;

/// Height of a panel: of many, and of one or two.
const LOW: f64 = 150.0;
const HIGH: f64 = 300.0;

const MARK: f64 = 4.5;

/// Place of the two curves in the palette.
const JUDGED: usize = 0;
const TRAIN: usize = 1;

pub(super) fn figure(material: &Material) -> Option<Figure> {
    let split = judged_on(material.verdict)?;
    let all = curves(material, split);
    let title = material.title("accuracy by epoch");
    let notes = notes(&all, split, &material.basis());
    let last = all.iter().flat_map(|curves| &curves.judged).map(|moment| moment.epoch).max()?;
    Some(Figure {
        name: "learning-curves",
        chapter: Chapter::Runs,
        alt: alt(&all, split),
        csv: numbers(&all, split),
        picture: picture(&title, &notes, &all, split),
        title,
    })
    .filter(|_| last > 1)
}

/// What a reader must know before believing the curves.
fn notes(all: &[Curves], split: Split, basis: &str) -> Vec<String> {
    let up = accuracies(all);
    let begin = (up.low > 0.0).then(|| format!("the accuracy axes begin at {}, not at 0", up.ticks[0].1));
    let trained = all.iter().any(|curves| !curves.train.is_empty());
    let trained =
        trained.then(|| "accuracy in training is counted while the model still learns, with dropout".to_owned());
    let on_test =
        (split == Split::Test).then(|| "there is no validation split for all depths: test is shown".to_owned());
    let all = [Some(basis.to_owned()), begin, trained, on_test].into_iter().flatten();
    vec![all.collect::<Vec<_>>().join("; ")]
}

/// The picture in words: what each depth reached, and when.
fn alt(all: &[Curves], split: Split) -> String {
    let describe = |curves: &Curves| {
        let best = curves.judged.iter().max_by(|a, b| a.mean.total_cmp(&b.mean).then(b.epoch.cmp(&a.epoch)));
        let best = best.map(|best| format!("{:.2} % in epoch {}", best.mean, best.epoch)).unwrap_or_default();
        let chosen = curves.chosen.iter().map(|(epoch, _)| epoch.to_string()).collect::<Vec<_>>().join(", ");
        format!("{} with {best} (seeds chose {chosen})", curves.name)
    };
    let all = all.iter().map(describe).collect::<Vec<_>>().join("; ");
    format!("Accuracy by epoch, a panel for each depth; the best mean {split} accuracy follows. {all}.")
}

fn numbers(all: &[Curves], split: Split) -> String {
    let header = ["configuration", "split", "epoch", "mean_accuracy_percent", "worst_seed_percent"];
    let mut table = Table::new(&[&header[..], &["best_seed_percent", "n_seeds_that_chose_it"]].concat());
    for curves in all {
        let judged = curves.judged.iter().map(|moment| (split, moment));
        for (split, moment) in judged.chain(curves.train.iter().map(|moment| (Split::Train, moment))) {
            let names = [curves.configuration.clone(), split.to_string(), moment.epoch.to_string()];
            let numbers = [moment.mean, moment.worst, moment.best].map(csv::number);
            let chosen = curves.chosen.iter().filter(|(epoch, _)| *epoch == moment.epoch).count().to_string();
            table.push(names.into_iter().chain(numbers).chain([chosen]));
        }
    }
    table.text()
}

fn picture(title: &str, notes: &[String], all: &[Curves], split: Split) -> Picture {
    let notes = caption::wrapped(notes, RIGHT - MARGIN);
    let top = caption::height(notes.len()) + 28.0;
    let panels = panels(all, top);
    let mut shapes = caption::shapes(title.to_owned(), &notes);
    for (panel, curves) in panels.iter().zip(all) {
        shapes.extend(panel.grid(NOTE));
        shapes.push(panel.named(&curves.name));
        shapes.extend(data(panel, curves));
    }
    let bottom = panels.iter().map(|panel| panel.bottom).fold(top, f64::max);
    shapes.push(upwards((24.0, (top + bottom) / 2.0), "accuracy (%)"));
    shapes.push(text(((LEFT + RIGHT) / 2.0, bottom + 46.0), "epoch", LABEL, HPos::Center, INK));
    let legend = legend(all, split);
    shapes.extend(legend.shapes((MARGIN, bottom + 62.0)));
    Picture { width: WIDTH, height: bottom + 76.0 + legend.height(), shapes }
}

/// In rows, equally full where that goes, from shallow to deep.
fn panels(all: &[Curves], top: f64) -> Vec<Panel> {
    let n_columns = all.len().div_ceil(all.len().div_ceil(COLUMNS));
    let height = if n_columns < 3 { HIGH } else { LOW };
    let width = (RIGHT - LEFT + BESIDE) / n_columns as f64 - BESIDE;
    let last = all.iter().flat_map(|curves| &curves.judged).map(|moment| moment.epoch).max().unwrap_or(1);
    let panel = |i: usize| {
        let (row, column) = ((i / n_columns) as f64, (i % n_columns) as f64);
        let (left, top) = (LEFT + column * (width + BESIDE), top + row * (height + BELOW));
        let across = Scale::counts(1, last, 0.25, (width / 24.0) as u64);
        Panel { left, right: left + width, top, bottom: top + height, across, up: accuracies(all) }
    };
    (0..all.len()).map(panel).collect()
}

/// One scale for all panels.
fn accuracies(all: &[Curves]) -> Scale {
    let moments = all.iter().flat_map(|curves| curves.judged.iter().chain(&curves.train));
    Scale::per_cent(moments.flat_map(|moment| [moment.worst, moment.best]))
}

/// The band of the seeds below training below what judged the epochs.
fn data(panel: &Panel, curves: &Curves) -> Vec<Shape> {
    let at = |moment: &Moment| panel.at(moment.epoch as f64, moment.mean);
    let path = |moments: &[Moment]| moments.iter().map(at).collect::<Vec<At>>();
    let mut shapes: Vec<Shape> = band(panel, &curves.judged).into_iter().collect();
    shapes.extend(dashed(&path(&curves.train), 2.0, marks::colour(TRAIN)));
    shapes.push(Shape::Path { points: path(&curves.judged), width: 2.0, colour: marks::colour(JUDGED) });
    let chosen = curves.chosen.iter().map(|(epoch, accuracy)| panel.at(*epoch as f64, *accuracy));
    shapes.extend(chosen.flat_map(|at| marks::solid(at, MARK, JUDGED)));
    shapes
}

/// From the worst to the best seed, unless all seeds are one.
fn band(panel: &Panel, moments: &[Moment]) -> Option<Shape> {
    let ends = |up: fn(&Moment) -> f64| moments.iter().map(move |m| panel.at(m.epoch as f64, up(m)));
    let points = ends(|moment| moment.worst).chain(ends(|moment| moment.best).rev()).collect();
    let spreads = moments.iter().any(|moment| moment.worst < moment.best);
    spreads.then_some(Shape::Band { points, colour: marks::colour(JUDGED) })
}

fn legend(all: &[Curves], split: Split) -> Legend {
    let solid = move |at: At| vec![line(stroke(at)[0], stroke(at)[1], 2.0, marks::colour(JUDGED))];
    let mut entries = vec![Entry::new(&format!("{split}, mean over the seeds"), solid)];
    let spreads = |curves: &Curves| curves.judged.iter().any(|moment| moment.worst < moment.best);
    if all.iter().any(spreads) {
        entries.push(Entry::new("from the worst to the best seed", |at| swatch(at, marks::colour(JUDGED))));
    }
    if all.iter().any(|curves| !curves.train.is_empty()) {
        entries.push(Entry::new("train", move |at| dashed(&stroke(at), 2.0, marks::colour(TRAIN))));
    }
    entries.push(Entry::new("a seed at the epoch it chose", |at| marks::solid(at, MARK, JUDGED)));
    Legend::new(entries, RIGHT - MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{layout, material};
    use crate::fixture::Made;

    #[test]
    fn a_mark_stands_at_the_epoch_and_accuracy_of_its_seed() {
        let made = [
            Made::new("1VA", 1).validation(&[20, 30, 25]),
            Made::new("1VA", 2).validation(&[24, 26, 36]),
            Made::new("2VA", 1).validation(&[30, 32, 31]),
        ];
        material::with(&material::runs(&made), &[], |material| {
            let all = curves(material, Split::Validation);
            let panel = &panels(&all, 100.0)[0];
            let middle = |points: &[At]| {
                let n = points.len() as f64;
                let sum = points.iter().fold((0.0, 0.0), |sum, at| (sum.0 + at.0, sum.1 + at.1));
                ((sum.0 / n).round(), (sum.1 / n).round())
            };
            let marked = |shape: &Shape| match shape {
                Shape::Area { points, colour } if *colour == marks::colour(JUDGED) => Some(middle(points)),
                _ => None,
            };
            let round = |at: At| (at.0.round(), at.1.round());
            let marks: Vec<At> = data(panel, &all[0]).iter().filter_map(marked).collect();
            assert_eq!(marks, [panel.at(2.0, 75.0), panel.at(3.0, 90.0)].map(round));
        });
    }

    #[test]
    fn the_numbers_are_means_and_ends_of_the_seeds_and_train_stands_beside_validation() {
        let made = [Made::new("1VA", 1).validation(&[20, 30, 25]), Made::new("1VA", 2).validation(&[24, 26, 36])];
        let figure = material::figure(&made, &[], figure).unwrap();
        let rows: Vec<&str> = figure.csv.lines().collect();
        assert_eq!(rows[2..4], ["1VA,validation,2,70,65,75,1", "1VA,validation,3,76.25,62.5,90,1"]);
        assert_eq!(rows[4], "1VA,train,1,90,90,90,0");
        assert!(figure.alt.ends_with("1 block: 1VA with 76.25 % in epoch 3 (seeds chose 2, 3)."), "{}", figure.alt);
    }

    #[test]
    fn without_validation_test_is_shown_and_that_is_said() {
        let made = [Made::new("1VA", 1).no_validation(), Made::new("2VA", 1)];
        let figure = material::figure(&made, &[], figure).unwrap();
        let has_text = |what: &str| figure.picture.texts().any(|text| text.text.contains(what));
        assert!(has_text("test is shown") && has_text("test, mean over the seeds"));
        assert!(figure.csv.contains("1VA,test,2,80,") && !figure.csv.contains("validation"));
    }

    #[test]
    fn thirteen_panels_of_long_names_meet_nothing_and_one_epoch_is_no_figure() {
        let picture = material::figure(&material::deep(), &[], figure).unwrap().picture;
        assert_eq!(layout::faults(&picture), [""; 0]);
        let one = [Made::new("1VA", 1).validation(&[30]).test(&[30])];
        assert!(material::figure(&one, &[], figure).is_none());
    }
}
