//! Accuracy against what it costs: time in one panel, size in another, and the front that nothing beats.

use super::caption::{self, MARGIN};
use super::csv::{self, Table};
use super::front::{self, Offer};
use super::labels::{self, Label};
use super::legend::{Entry, Legend};
use super::offers::{Cost, Known, known, several_machines, size, time};
use super::panel::{AXIS_LEFT, Panel};
use super::pen::{GREY, INK, line, stroke};
use super::scale::Scale;
use super::{Figure, Material, marks};
use crate::chapter::Chapter;
use crate::format::counted;
use crate::scores::Score;
use drawing::{At, Colour, Picture, Shape};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 24.0 + AXIS_LEFT;
const RIGHT: f64 = WIDTH - MARGIN;

/// Height of a panel, and from the bottom of one to the top of the next.
const HEIGHT: f64 = 330.0;
const BETWEEN: f64 = 84.0;

/// Free space above the best, for labels, as a share of the accuracies' spread.
const HEADROOM: f64 = 0.12;

const MARK: f64 = 5.0;
const BEATEN: f64 = 3.5;
const RING: f64 = 10.0;

/// Those that are beaten, and their labels.
const PALE: Colour = (150, 150, 150);

pub(super) fn figure(material: &Material) -> Option<Figure> {
    let known = known(material.scores, material.runs);
    let costs: Vec<Cost> = [time(&known), size(&known)].into_iter().filter(|cost| cost.offers.len() > 1).collect();
    let knee = material.knee().map(|depth| depth.candidate.configuration());
    let title = material.title("accuracy and what it costs");
    Some(Figure {
        name: "pareto",
        chapter: Chapter::Costs,
        alt: alt(&costs, knee),
        csv: numbers(&known, &costs),
        picture: picture(&title, &notes(material.scores, &known, &costs), &costs, knee),
        title,
    })
    .filter(|_| !costs.is_empty())
}

/// What a reader must know before believing the front.
fn notes(scores: &[Score], known: &Known, costs: &[Cost]) -> Vec<String> {
    let halves = known.iter().map(|(score, _)| 50.0 * (score.interval_high - score.interval_low));
    let half = halves.fold(0.0, f64::max);
    let basis = caption::basis(scores.iter());
    let mut notes =
        vec![format!("{basis}; 95 % intervals reach up to ±{half:.1} points: neighbours may change places")];
    let (up, fewest) = (accuracies(costs), costs.iter().map(|cost| cost.offers.len()).min().unwrap_or(0));
    let begin = (up.low > 0.0).then(|| format!("accuracy begins at {}, not at 0", up.ticks[0].1));
    let logarithmic = costs.iter().any(|cost| scale(cost).is_logarithmic);
    let logarithmic = logarithmic.then(|| "costs that spread widely are logarithmic".to_owned());
    let all = counted(scores.len(), "configuration");
    let lacking = (fewest < scores.len()).then(|| format!("a cost is known of {fewest} of {all}"));
    let machines = several_machines(known).then(|| "times are of several machines".to_owned());
    notes.push([begin, logarithmic, lacking, machines].into_iter().flatten().collect::<Vec<_>>().join("; "));
    notes.retain(|note| !note.is_empty());
    notes
}

/// The picture in words: the front of each panel, and the knee.
fn alt(costs: &[Cost], knee: Option<&str>) -> String {
    let describe = |cost: &Cost| {
        let point = |o: &&Offer| format!("{} ({} {}, {:.2} %)", o.configuration, short(o.cost), cost.unit, o.accuracy);
        let (front, beaten) = front::split(&cost.offers);
        let front = front.iter().map(point).collect::<Vec<_>>().join(", ");
        let beaten = beaten.len();
        format!("The Pareto front of test accuracy against {} is {front}; dominated: {beaten}.", cost.name)
    };
    let knee = knee.map(|knee| format!("The verdict's knee is {knee}."));
    costs.iter().map(describe).chain(knee).collect::<Vec<_>>().join(" ")
}

/// With about three digits.
fn short(cost: f64) -> String {
    match cost {
        ..1.0 => format!("{cost:.3}"),
        ..100.0 => format!("{cost:.1}"),
        _ => format!("{cost:.0}"),
    }
}

fn numbers(known: &Known, costs: &[Cost]) -> String {
    let mut header = vec!["configuration", "n_blocks", "test_accuracy_percent", "answer_p50_milliseconds"];
    header.extend(["training_seconds_per_epoch", "model_megabytes"]);
    header.extend(costs.iter().map(|cost| if cost.unit == "MB" { "on_front_of_size" } else { "on_front_of_time" }));
    let mut table = Table::new(&header);
    let fronts: Vec<Vec<&Offer>> = costs.iter().map(|cost| front::split(&cost.offers).0).collect();
    for (score, costs) in known {
        let names = [score.configuration.clone(), score.n_blocks.to_string(), csv::number(100.0 * score.test_accuracy)];
        let answer = costs.latency.as_ref().map(|latency| 1e3 * latency.p50_seconds);
        let costs = [answer, costs.seconds_per_epoch, costs.model_bytes.map(|bytes| bytes as f64 / 1e6)];
        let is_on = |front: &Vec<&Offer>| front.iter().any(|offer| offer.configuration == score.configuration);
        let on = fronts.iter().map(|front| is_on(front).to_string());
        table.push(names.into_iter().chain(costs.map(csv::maybe)).chain(on));
    }
    table.text()
}

fn picture(title: &str, notes: &[String], costs: &[Cost], knee: Option<&str>) -> Picture {
    let notes = caption::wrapped(notes, RIGHT - MARGIN);
    let top = caption::height(notes.len()) + 24.0;
    let mut shapes = caption::shapes(title.to_owned(), &notes);
    for (i, cost) in costs.iter().enumerate() {
        let top = top + i as f64 * (HEIGHT + BETWEEN);
        let across = scale(cost);
        let panel = Panel { left: LEFT, right: RIGHT, top, bottom: top + HEIGHT, across, up: accuracies(costs) };
        shapes.extend(panel.frame(cost.axis, "test accuracy (%)"));
        shapes.extend(data(&panel, cost, knee));
    }
    let bottom = top + costs.len() as f64 * (HEIGHT + BETWEEN) - BETWEEN;
    let legend = legend(costs, knee);
    shapes.extend(legend.shapes((MARGIN, bottom + 66.0)));
    Picture { width: WIDTH, height: bottom + 80.0 + legend.height(), shapes }
}

fn scale(cost: &Cost) -> Scale {
    Scale::of_costs(cost.offers.iter().map(|offer| offer.cost))
}

/// One scale for all panels.
fn accuracies(costs: &[Cost]) -> Scale {
    let values = costs.iter().flat_map(|cost| cost.offers.iter().map(|offer| offer.accuracy));
    let (low, high) = (values.clone().fold(100.0, f64::min), values.clone().fold(0.0, f64::max));
    Scale::per_cent(values.chain([(high + HEADROOM * (high - low)).min(100.0)]))
}

/// The front's line below the beaten below the front's marks below the knee's ring; then labels wherever they cover nothing.
fn data(panel: &Panel, cost: &Cost, knee: Option<&str>) -> Vec<Shape> {
    let at = |offer: &Offer| panel.at(offer.cost, offer.accuracy);
    let (front, beaten) = front::split(&cost.offers);
    let points = front::steps(&front).into_iter().map(|(cost, accuracy)| panel.at(cost, accuracy)).collect();
    let mut shapes = vec![Shape::Path { points, width: 2.0, colour: marks::colour(0) }];
    shapes.extend(beaten.iter().flat_map(|offer| dominated(at(offer))));
    shapes.extend(front.iter().flat_map(|offer| marks::solid(at(offer), MARK, 0)));
    let is_knee = |offer: &&&Offer| knee == Some(offer.configuration.as_str());
    let ringed = cost.offers.iter().find(|offer| is_knee(&offer));
    shapes.extend(ringed.iter().flat_map(|offer| marks::hollow(at(offer), RING, 0, marks::colour(1))));
    let named = ringed.map(|offer| format!("{}, the knee", offer.configuration));
    let label = |offer: &Offer, colour, has_leader| (at(offer), offer.configuration.clone(), colour, has_leader);
    let knee = ringed.zip(named).map(|(offer, text)| (at(offer), text, INK, true));
    let front = front.iter().filter(|o| !is_knee(o)).map(|offer| label(offer, INK, true));
    let beaten = beaten.iter().filter(|o| !is_knee(o)).map(|offer| label(offer, GREY, false));
    let texts: Vec<_> = knee.into_iter().chain(front).chain(beaten).collect();
    let labels = texts.iter().map(|(at, text, colour, has_leader)| Label {
        at: *at,
        text,
        colour: *colour,
        has_leader: *has_leader,
    });
    labels::place(&labels.collect::<Vec<_>>(), [panel.left, panel.top, panel.right, panel.bottom], &mut shapes);
    shapes
}

/// A small mark whose inside is white.
fn dominated(at: At) -> Vec<Shape> {
    marks::solid(at, BEATEN, 0).into_iter().take(1).chain(marks::hollow(at, BEATEN, 0, PALE)).collect()
}

fn legend(costs: &[Cost], knee: Option<&str>) -> Legend {
    let front = |at: At| {
        let joined = line(stroke(at)[0], stroke(at)[1], 2.0, marks::colour(0));
        [joined].into_iter().chain(marks::solid(at, MARK, 0)).collect()
    };
    let mut entries = vec![Entry::new("Pareto front: nothing is cheaper and as good", front)];
    if costs.iter().any(|cost| !front::split(&cost.offers).1.is_empty()) {
        entries.push(Entry::new("dominated", dominated));
    }
    if costs.iter().flat_map(|cost| &cost.offers).any(|offer| knee == Some(offer.configuration.as_str())) {
        entries.push(Entry::new("the verdict's knee", |at| marks::hollow(at, RING, 0, marks::colour(1))));
    }
    Legend::new(entries, RIGHT - MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{layout, material};
    use crate::fixture::Made;

    /// A cheap one, a better and dearer one, and one that is dear and no better.
    fn made() -> Vec<Made> {
        let made = |id: &str, right: usize, seconds: f64, megabytes: u64| {
            Made::new(id, 1).test(&[0, right, 0]).seconds(seconds).model_bytes(megabytes * 1_000_000)
        };
        vec![made("1VA", 30, 2.0, 100), made("2VA", 36, 4.0, 200), made("4VA", 35, 8.0, 300)]
    }

    #[test]
    fn both_panels_and_the_numbers_know_the_front() {
        let figure = material::figure(&made(), &[], figure).unwrap();
        let rows: Vec<&str> = figure.csv.lines().collect();
        assert!(rows[0].ends_with("model_megabytes,on_front_of_time,on_front_of_size"), "{}", rows[0]);
        assert_eq!(
            rows[1..],
            ["1VA,1,75,,2,100,true,true", "2VA,2,90,,4,200,true,true", "4VA,4,87.5,,8,300,false,false"]
        );
        let front = "the time of one training epoch is 1VA (2.0 s, 75.00 %), 2VA (4.0 s, 90.00 %); dominated: 1.";
        assert!(figure.alt.contains(front) && figure.alt.contains("2VA (200 MB, 90.00 %)"), "{}", figure.alt);
        let texts: Vec<&str> = figure.picture.texts().map(|text| text.text.as_str()).collect();
        assert!(["time of one training epoch (s)", "size of the model (MB)"].iter().all(|axis| texts.contains(axis)));
        assert_eq!(["1VA", "4VA"].map(|id| texts.iter().filter(|text| **text == id).count()), [2, 2]);
    }

    #[test]
    fn the_time_of_an_answer_goes_before_that_of_training_and_configurations_without_one_are_counted() {
        let mut runs = material::runs(&made());
        for (run, milliseconds) in runs.iter_mut().zip([1.0, 30.0]) {
            run.latency = Some(material::latency(run.name(), milliseconds));
        }
        let figure = material::with(&runs, &[], figure).unwrap();
        let texts: Vec<&str> = figure.picture.texts().map(|text| text.text.as_str()).collect();
        assert!(texts.contains(&"median time of one answer (ms)"), "{texts:?}");
        let note = "costs that spread widely are logarithmic; a cost is known of 2 of 3 configurations";
        assert!(texts.iter().any(|text| text.ends_with(note)), "{texts:?}");
        runs[0].latency.as_mut().unwrap().provenance.threads = 8;
        let figure = material::with(&runs, &[], super::figure).unwrap();
        let texts: Vec<&str> = figure.picture.texts().map(|text| text.text.as_str()).collect();
        assert!(texts.join(" ").contains("times are of several machines"), "{texts:?}");
    }

    #[test]
    fn the_knee_is_ringed_where_it_is_and_named() {
        let all = material::runs(&material::deep());
        material::with(&all, &[], |material| {
            let knee = material.knee().unwrap().candidate.configuration();
            let known = known(material.scores, material.runs);
            let cost = size(&known);
            let (across, up) = (scale(&cost), accuracies(std::slice::from_ref(&cost)));
            let panel = Panel { left: LEFT, right: RIGHT, top: 100.0, bottom: 400.0, across, up };
            let offer = cost.offers.iter().find(|offer| offer.configuration == knee).unwrap();
            let at = panel.at(offer.cost, offer.accuracy);
            let ring = |shape: &Shape| match shape {
                Shape::Path { points, colour, .. } if *colour == marks::colour(1) => {
                    points.iter().all(|p| ((p.0 - at.0).hypot(p.1 - at.1) - RING).abs() < 0.5)
                }
                _ => false,
            };
            let shapes = data(&panel, &cost, Some(knee));
            let named = format!("{knee}, the knee");
            let is_name = |shape: &Shape| if let Shape::Text(text) = shape { text.text == named } else { false };
            assert_eq!(
                (shapes.iter().filter(|s| ring(s)).count(), shapes.iter().filter(|s| is_name(s)).count()),
                (1, 1)
            );
        });
    }

    #[test]
    fn long_names_of_twelve_depths_meet_nothing_and_one_configuration_is_no_figure() {
        let picture = material::figure(&material::deep(), &[], figure).unwrap().picture;
        assert_eq!(layout::faults(&picture), [""; 0]);
        assert!(material::figure(&[Made::new("1VA", 1), Made::new("1VA", 2)], &[], figure).is_none());
    }
}
