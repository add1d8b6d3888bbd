//! What each further block gains: the accuracy over the next shallower depth, with its interval.

use drawing::HPos;

use super::caption::{self, MARGIN};
use super::csv::{self, Table};
use super::gains::{Step, signed, steps};
use super::legend::{Entry, Legend};
use super::panel::{AXIS_LEFT, Panel};
use super::pen::{GREY, INK, INTERVAL, LABEL, NOTE, UPRIGHT, line, text, whisker};
use super::scale::Scale;
use super::{Figure, Material, marks};
use crate::chapter::Chapter;
use drawing::{Picture, Shape, text_width};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 24.0 + AXIS_LEFT;
const RIGHT: f64 = WIDTH - MARGIN;
const HEIGHT: f64 = 380.0;

/// Above the plot area room for a value, and width and distance of the baseline's own panel.
const ABOVE: f64 = 36.0;
const BASELINE: f64 = 110.0;
const APART: f64 = 70.0;

/// How much larger the baseline's step must be than all others to stand alone.
const DWARFS: f64 = 2.0;

const MARK: f64 = 5.0;
const PER_BLOCK: f64 = 6.0;

/// Form of the gains per block: a square that stands on a corner.
const DIAMOND: usize = 3;

pub(super) fn figure(material: &Material) -> Option<Figure> {
    let (steps, measure) = (steps(material.verdict), material.verdict.measure.words());
    let title = material.title("what each further block gains");
    Some(Figure {
        name: "gain-per-block",
        chapter: Chapter::Depths,
        alt: alt(&steps, measure),
        csv: numbers(&steps),
        picture: picture(&title, &steps, &material.basis(), measure),
        title,
    })
    .filter(|_| !steps.is_empty())
}

/// The picture in words: the largest gain, then each.
fn alt(steps: &[Step], measure: &str) -> String {
    let describe = |step: &Step| {
        let between = format!("{} to {}", signed(step.low), signed(step.high));
        let blocks = if step.to == 1 { "block" } else { "blocks" };
        format!("{} {blocks} {} (95 % interval {between})", step.name(), signed(step.gain))
    };
    let largest = steps.iter().max_by(|a, b| a.gain.total_cmp(&b.gain)).map(Step::name).unwrap_or_default();
    let (all, certain) = (steps.iter().map(describe).collect::<Vec<_>>().join("; "), certain(steps));
    format!(
        "Gain in test {measure} of each depth over the next shallower one, in points. The largest step is {largest}; \
         {certain}. {all}."
    )
}

/// `2 of 3 intervals exclude 0`
fn certain(steps: &[Step]) -> String {
    match (steps.iter().filter(|step| step.is_certain()).count(), steps.len()) {
        (certain, 1) => format!("the interval {} 0", if certain == 1 { "excludes" } else { "includes" }),
        (certain, all) => format!("{certain} of {all} intervals exclude 0"),
    }
}

fn numbers(steps: &[Step]) -> String {
    let mut table = Table::new(&[
        "from_blocks",
        "to_blocks",
        "gain_points",
        "interval_low_points",
        "interval_high_points",
        "gain_per_block_points",
    ]);
    for step in steps {
        let per_block = step.per_block().unwrap_or(step.gain);
        let numbers = [step.gain, step.low, step.high, per_block].map(csv::number);
        table.push([step.from.to_string(), step.to.to_string()].into_iter().chain(numbers));
    }
    table.text()
}

fn picture(title: &str, steps: &[Step], basis: &str, measure: &str) -> Picture {
    let notes = caption::wrapped(&notes(steps, basis), RIGHT - MARGIN);
    let top = caption::height(notes.len()) + ABOVE;
    let panels = panels(steps, top);
    let (across, bottom) = ((LEFT + RIGHT) / 2.0, top + HEIGHT);
    let mut shapes = caption::shapes(title.to_owned(), &notes);
    shapes.extend(panels.iter().flat_map(|(panel, steps)| panel.grid(NOTE).into_iter().chain(data(panel, steps))));
    let gain = format!("gain in test {measure} (points)");
    shapes.push(super::panel::upwards((LEFT - AXIS_LEFT, (top + bottom) / 2.0), &gain));
    shapes.push(text((across, bottom + 46.0), "from so many blocks → to so many", LABEL, HPos::Center, INK));
    let legend = legend(steps);
    shapes.extend(legend.shapes((MARGIN, bottom + 66.0)));
    Picture { width: WIDTH, height: bottom + 80.0 + legend.height(), shapes }
}

/// What a reader must know before believing the steps.
fn notes(steps: &[Step], basis: &str) -> Vec<String> {
    let (alone, _) = split(steps);
    let own = if alone.is_empty() { "" } else { "; the step from no block at all has an axis of its own" };
    vec![format!("{basis}; over all seeds, paired by test example"), format!("{}{own}", certain(steps))]
}

/// The step from a baseline without blocks, where it would dwarf the others; and the others.
fn split(steps: &[Step]) -> (&[Step], &[Step]) {
    let others = steps.iter().skip(1).map(|step| step.high).fold(0.0, f64::max);
    let alone = steps.len() > 1 && steps[0].from == 0 && steps[0].high > DWARFS * others;
    steps.split_at(usize::from(alone))
}

fn panels(steps: &[Step], top: f64) -> Vec<(Panel, &[Step])> {
    let (alone, others) = split(steps);
    let panel = |left: f64, right: f64, steps: &[Step]| {
        let per_block = steps.iter().filter_map(Step::per_block);
        let values = steps.iter().flat_map(|step| [step.low, step.high]).chain(per_block).chain([0.0]);
        let up = Scale::around(values);
        Panel { left, right, top, bottom: top + HEIGHT, across: named(steps, right - left), up }
    };
    match alone {
        [] => vec![(panel(LEFT, RIGHT, others), others)],
        _ => {
            let start = LEFT + BASELINE + APART;
            vec![(panel(LEFT, LEFT + BASELINE, alone), alone), (panel(start, RIGHT, others), others)]
        }
    }
}

/// A name for each step, or for every second or third where they would meet.
fn named(steps: &[Step], width: f64) -> Scale {
    let mut scale = Scale::names(steps.iter().map(Step::name));
    let widest = scale.ticks.iter().map(|tick| 1.06 * text_width(&tick.1, NOTE)).fold(0.0, f64::max);
    let every = (widest * steps.len() as f64 / width).ceil().max(1.0) as usize;
    scale.ticks = scale.ticks.into_iter().step_by(every).collect();
    scale
}

/// The line of no gain below intervals below marks; values where there is room for them.
fn data(panel: &Panel, steps: &[Step]) -> Vec<Shape> {
    let mut shapes = vec![line((panel.left, panel.y(0.0)), (panel.right, panel.y(0.0)), 1.5, INK)];
    let roomy = (panel.right - panel.left) / steps.len() as f64 > 1.06 * text_width("−00.00", NOTE);
    for (i, step) in steps.iter().enumerate() {
        let at = |points: f64| panel.at(i as f64, points);
        shapes.extend(whisker(at(step.low), at(step.high), UPRIGHT, marks::colour(0)));
        let per_block = step.per_block().map(|points| marks::hollow(at(points), PER_BLOCK, DIAMOND, marks::colour(1)));
        shapes.extend(per_block.into_iter().flatten());
        shapes.extend(if step.is_certain() { marks::solid(at(step.gain), MARK, 0) } else { open(at(step.gain)) });
        let (x, y) = at(step.high.max(0.0).max(step.per_block().unwrap_or(0.0)));
        shapes.extend(roomy.then(|| text((x, y - 16.0), signed(step.gain), NOTE, HPos::Center, INK)));
    }
    shapes
}

/// A mark whose inside is white.
fn open(at: (f64, f64)) -> Vec<Shape> {
    let inside = marks::solid(at, MARK, 0).into_iter().take(1);
    inside.chain(marks::hollow(at, MARK, 0, marks::colour(0))).collect()
}

fn legend(steps: &[Step]) -> Legend {
    let mut entries = vec![Entry::new(INTERVAL, |(x, y)| whisker((x, y + 10.0), (x, y - 10.0), UPRIGHT, GREY))];
    if steps.iter().any(Step::is_certain) {
        entries.push(Entry::new("interval excludes 0", |at| marks::solid(at, MARK, 0)));
    }
    if !steps.iter().all(Step::is_certain) {
        entries.push(Entry::new("interval includes 0", open));
    }
    if steps.iter().any(|step| step.per_block().is_some()) {
        let mark = |at| marks::hollow(at, PER_BLOCK, DIAMOND, marks::colour(1));
        entries.push(Entry::new("per block, of a step of several", mark));
    }
    Legend::new(entries, RIGHT - MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{layout, material};
    use crate::fixture::Made;

    fn made(id: &str, right: usize) -> [Made; 2] {
        [1, 2].map(|seed| Made::new(id, seed).test(&[0, right, 0]))
    }

    fn texts(picture: &Picture) -> Vec<&str> {
        picture.texts().map(|text| text.text.as_str()).collect()
    }

    #[test]
    fn a_step_is_the_gain_over_the_next_shallower_depth_and_a_long_one_is_also_given_per_block() {
        let made = [made("1VA", 26), made("2VA", 36), made("4VA", 36)].concat();
        let figure = material::figure(&made, &[], figure).unwrap();
        let rows: Vec<&str> = figure.csv.lines().collect();
        assert!(rows[1].starts_with("1,2,25,") && rows[1].ends_with(",25"), "{}", rows[1]);
        assert_eq!(rows[2], "2,4,0,-9.474088,9.474088,0");
        assert!(
            figure.alt.contains("The largest step is 1 → 2; 1 of 2 intervals exclude 0. 1 → 2 blocks +25.00 (95 %")
        );
        let texts = texts(&figure.picture);
        assert!(
            ["1 → 2", "2 → 4", "per block, of a step of several"].iter().all(|text| texts.contains(text)),
            "{texts:?}"
        );
    }

    #[test]
    fn a_baseline_that_dwarfs_the_rest_has_an_axis_of_its_own_and_the_values_stay_in_view() {
        let of = |baseline: usize| [made("0BE", baseline), made("1VA", 34), made("2VA", 36)].concat();
        let counts = |baseline: usize| {
            material::with(&material::runs(&of(baseline)), &[], |material| {
                let steps = steps(material.verdict);
                let panels = panels(&steps, 100.0);
                for (panel, steps) in &panels {
                    let low =
                        steps.iter().all(|step| panel.y(step.low) <= panel.bottom && panel.y(step.high) >= panel.top);
                    assert!(low && (panel.top..=panel.bottom).contains(&panel.y(0.0)));
                }
                panels.iter().map(|(_, steps)| steps.len()).collect::<Vec<_>>()
            })
        };
        assert_eq!((counts(1), counts(32)), (vec![1, 1], vec![2]));
    }

    #[test]
    fn twelve_depths_meet_nothing_and_one_depth_or_one_without_predictions_is_no_figure() {
        let picture = material::figure(&material::deep(), &[], figure).unwrap().picture;
        assert_eq!(layout::faults(&picture), [""; 0]);
        assert!(material::figure(&made("1VA", 30), &[], figure).is_none());
        let text: String = [made("1VA", 30), made("2VA", 34)].concat().iter().map(Made::metrics).collect();
        assert!(material::with(&crate::sources::from_text(&text).unwrap(), &[], figure).is_none());
    }
}
