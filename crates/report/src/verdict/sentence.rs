//! The verdict in words: one plain sentence first, then the next depth and the caveats.

use statistics::{Finding, LEAST_ANSWERS, LEAST_SEEDS, MOST_SEEDS, Range, mean};

use super::candidates::Candidate;
use super::failed::{Failed, Than, most_frequent};
use super::{Comparison, DepthResult, Verdict};

/// The verdict, the depth below it, failed runs, and the caveats, each a sentence of its own.
pub(crate) fn sentences(verdict: &Verdict) -> Vec<String> {
    let mut sentences = judgement(verdict);
    if let Some(first) = sentences.first_mut().filter(|_| !verdict.missing.is_empty()) {
        *first = format!("preliminary, with {} missing: {first}", runs(verdict.missing.len()));
    }
    sentences.extend(verdict.depths.iter().filter(|depth| !depth.failed.is_empty()).map(failures));
    let rest = verdict.without_failed.iter().flat_map(|rest| judgement(rest));
    sentences.extend(rest.map(|sentence| format!("without the failed runs: {sentence}")));
    sentences.extend(caveats(verdict));
    sentences
}

/// The verdict and the depth below it.
pub(super) fn judgement(verdict: &Verdict) -> Vec<String> {
    match (&verdict.none, verdict.full()) {
        (Some(none), _) => vec![none.clone()],
        (None, Some(full)) => describe(verdict, full),
        (None, None) => Vec::new(),
    }
}

/// How many runs of a depth failed, and which.
fn failures(depth: &DepthResult) -> String {
    let (failed, all) = (depth.failed.len(), depth.candidate.runs.len());
    let named = |failed: &Failed| {
        let accuracy = 100.0 * failed.run.test().0;
        let than = match failed.than {
            Than::MostFrequent(share) => {
                format!("no better than always answering the most frequent class, {:.2} %", 100.0 * share)
            }
            Than::Sisters(median) => format!("far below the {:.2} % of its sisters", 100.0 * median),
        };
        format!("`{}` has {accuracy:.2} % on test, {than}", failed.run.name())
    };
    format!(
        "{failed} of {} of {} (`{}`) failed: {}",
        runs(all),
        blocks(depth.candidate.n_blocks()),
        depth.candidate.configuration(),
        depth.failed.iter().map(named).collect::<Vec<_>>().join("; ")
    )
}

/// Why these candidates give no verdict, if they do not; `compared`: each could be compared with the last.
pub(crate) fn no_verdict(candidates: &[Candidate], compared: bool) -> Option<String> {
    let Some((full, others)) = candidates.split_last() else { return Some("no verdict: there is no run".to_owned()) };
    let named = |candidate: &Candidate| format!("{} (`{}`)", blocks(candidate.n_blocks()), candidate.configuration());
    if others.is_empty() {
        let head = full.head();
        return Some(format!(
            "no verdict: only one depth with head `{head}` here, {}: there is nothing to compare it with",
            named(full)
        ));
    }
    let lacking = candidates.iter().find(|candidate| candidate.runs.iter().any(|run| run.outcomes.is_none()));
    if let Some(candidate) = lacking {
        return Some(format!(
            "no verdict: {} has no predictions to pair: name run folders, or predict the test split with `evaluate`",
            named(candidate)
        ));
    }
    let data = &full.runs[0].training.begin.shards_sha256;
    let of_other = |candidate: &&Candidate| candidate.runs.iter().any(|run| run.training.begin.shards_sha256 != *data);
    if let Some(other) = candidates.iter().find(of_other) {
        return Some(format!(
            "no verdict: the runs of {} and of {} were not all trained on the same data",
            named(other),
            named(full)
        ));
    }
    if !compared {
        return Some(format!(
            "no verdict: not every depth was tested on the examples of {}: evaluate all of them on the same shards",
            named(full)
        ));
    }
    learnt_nothing(full)
}

/// The full model is no better than its most frequent answer.
fn learnt_nothing(full: &Candidate) -> Option<String> {
    let outcomes = full.runs[0].outcomes.as_ref()?;
    let most = most_frequent(outcomes);
    let accuracy = mean(full.runs.iter().map(|run| run.test().0));
    (accuracy <= most).then(|| {
        format!(
            "no verdict: the full model itself ({}, {:.2} %) is no better than always answering the most frequent class \
             ({:.2} %), so it has learnt nothing that fewer blocks could lose",
            blocks(full.n_blocks()),
            100.0 * accuracy,
            100.0 * most
        )
    })
}

fn describe(verdict: &Verdict, full: &DepthResult) -> Vec<String> {
    let deepest = verdict.depths.len() - 1;
    let next = verdict.knee.unwrap_or(deepest).checked_sub(1).map(|place| &verdict.depths[place]);
    let against = next.and_then(|next| Some((next, next.against.as_ref()?)));
    let shallower = next.and_then(|next| shallower(&verdict.depths, next));
    let mut described = match (verdict.knee, against) {
        (Some(knee), against) => {
            let knee = &verdict.depths[knee];
            let enough = knee.against.as_ref().map(|against| enough(knee, against, full, verdict.margin));
            let below = against.map(|(next, against)| below(next, against, full, verdict.margin));
            enough.into_iter().chain(below).collect()
        }
        (None, Some((next, against))) => {
            let among =
                shallower.map(|(depth, _)| format!("among models deeper than `{}`, ", depth.candidate.configuration()));
            vec![among.unwrap_or_default() + &none_is_enough(next, against, full, verdict.margin)]
        }
        (None, None) => Vec::new(),
    };
    described.extend(shallower.map(|(depth, against)| out_of_order(depth, against, full, verdict.margin)));
    described
}

/// A model below the one that ended the search that is enough nevertheless. It is no knee, since the order of the tests no
/// longer protects it, but a reader who asks how few blocks are enough needs to know.
fn shallower<'a>(depths: &'a [DepthResult], next: &DepthResult) -> Option<(&'a DepthResult<'a>, &'a Comparison)> {
    let below = depths.iter().filter(|depth| depth.candidate.n_blocks() < next.candidate.n_blocks());
    let mut good = below.filter_map(|depth| Some((depth, depth.against.as_ref()?)));
    good.find(|(_, against)| against.finding == Finding::Enough)
}

fn out_of_order(depth: &DepthResult, against: &Comparison, full: &DepthResult, margin: f64) -> String {
    format!(
        "yet `{}`, with {}, is {}{}: it is not tested, since a deeper model ended the search; that one may not have learnt: train \
         it longer before trusting either",
        depth.candidate.configuration(),
        blocks(depth.candidate.n_blocks()),
        place(against, margin),
        price(depth, full)
    )
}

fn enough(knee: &DepthResult, against: &Comparison, full: &DepthResult, margin: f64) -> String {
    let (n, all) = (knee.candidate.n_blocks(), full.candidate.n_blocks());
    let who = match n {
        0 => format!("no block is needed: `{}` is enough", knee.candidate.configuration()),
        1 => format!("1 of {all} blocks is enough"),
        n => format!("{n} of {all} blocks are enough"),
    };
    format!("{who}: {}{}", place(against, margin), price(knee, full))
}

/// The depth that ended the search below the knee.
fn below(next: &DepthResult, against: &Comparison, full: &DepthResult, margin: f64) -> String {
    let (who, is) = subject(next.candidate.n_blocks());
    match against.finding {
        Finding::TooFew => format!("{who} {is} too few: {}{}", place(against, margin), price(next, full)),
        Finding::FewSeeds => format!("whether {who} {is} enough is open: {}", few_seeds(next, against, margin)),
        _ => {
            let place = place(against, margin);
            format!("{} whether {who} {is} enough: {place}; {}", cannot(against), remedy(next, against, full, margin))
        }
    }
}

fn none_is_enough(next: &DepthResult, against: &Comparison, full: &DepthResult, margin: f64) -> String {
    let (all, next_blocks) = (full.candidate.n_blocks(), next.candidate.n_blocks());
    let place = place(against, margin);
    match against.finding {
        Finding::TooFew => {
            let with = if next_blocks == 0 { "without any".to_owned() } else { format!("with {next_blocks}") };
            format!("all {all} blocks are needed: the model {with} lies {place}{}", price(next, full))
        }
        Finding::FewSeeds => format!("no verdict from {}", few_seeds(next, against, margin)),
        _ => format!(
            "{} {next_blocks} from {all} blocks: {place}; {}",
            cannot(against),
            remedy(next, against, full, margin)
        ),
    }
}

fn cannot(against: &Comparison) -> &'static str {
    match against.finding {
        Finding::FewExamples => "too few test examples to tell",
        _ => "the data cannot tell",
    }
}

/// The drop so far, and how many more seeds and examples a verdict needs.
fn few_seeds(next: &DepthResult, against: &Comparison, margin: f64) -> String {
    let (seeds, more) = match LEAST_SEEDS.saturating_sub(against.n_seeds) {
        0 | 1 => ("two seeds", "1 more seed"),
        _ => ("one seed", "2 more seeds"),
    };
    let n_blocks = next.candidate.n_blocks();
    let lie = if n_blocks < 2 { "lies" } else { "lie" };
    let place = placed(against, "which leaves open how much seeds differ");
    let examples = more_examples(against, margin).map_or_else(String::new, |examples| format!(", and {examples}"));
    format!("{seeds}: {} {lie} {place}: run {more}{examples}", blocks(n_blocks))
}

/// `0.31 points below the full model (95 % interval of the drop 0.17 to 0.45, inside the 0.5 margin)`
fn place(against: &Comparison, margin: f64) -> String {
    let (interval, edge) = (against.drop.interval(0.95), margin / 100.0);
    let how = match (interval.high < edge, interval.low > edge) {
        (true, _) => "inside",
        (_, true) => "outside",
        _ => "across",
    };
    placed(against, &format!("{how} the {margin} margin"))
}

fn placed(against: &Comparison, how: &str) -> String {
    let mean = against.drop.mean;
    let place = match two(100.0 * mean.abs()).as_str() {
        "0.00" => "level with the full model".to_owned(),
        points if mean > 0.0 => format!("{points} points below the full model"),
        points => format!("{points} points above the full model"),
    };
    let same = if against.is_same { ", with not one answer that differs" } else { "" };
    format!("{place} (95 % interval of the drop {}, {how}{same})", between(against.drop.interval(0.95)))
}

/// What it costs beside the full model, as far as both were measured on one machine.
fn price(depth: &DepthResult, full: &DepthResult) -> String {
    let (own, all) = (&depth.costs, &full.costs);
    let time = match (own.share_of_latency(all), own.share_of_training(all)) {
        (Some(share), _) => Some(format!("{:.0} % of its time for an answer", 100.0 * share)),
        (None, Some(share)) => Some(format!("{:.0} % of its training time", 100.0 * share)),
        (None, None) => None,
    };
    let size = own.share_of_size(all).map(|share| format!("{:.0} % of its size", 100.0 * share));
    let shares: Vec<String> = time.into_iter().chain(size).collect();
    if shares.is_empty() { String::new() } else { format!(" at {}", shares.join(" and ")) }
}

/// What may decide the open question; about, since it is planned from the spread of a few seeds.
fn remedy(next: &DepthResult, against: &Comparison, full: &DepthResult, margin: f64) -> String {
    let failed: Vec<&str> = next.failed.iter().chain(&full.failed).map(|failed| failed.run.name()).collect();
    if let Some(first) = failed.first() {
        let others = if failed.len() > 1 { format!(" and {} more", failed.len() - 1) } else { String::new() };
        return format!("`{first}`{others} failed: find out why, and train again, before adding seeds");
    }
    if let Some(examples) = more_examples(against, margin) {
        return format!("{examples}, or use another margin");
    }
    let (drop, edge) = (&against.drop, margin / 100.0);
    let interval = drop.interval(0.95);
    let (distance, planned) = match (edge > 0.0, interval.low <= 0.0) {
        (true, true) => (edge, "planned for a drop of 0".to_owned()),
        (true, false) => (edge / 2.0, "planned for a drop half a margin away from the margin".to_owned()),
        (false, _) => (drop.mean.abs(), "planned for the drop seen here".to_owned()),
    };
    match (drop.seeds_for(distance), drop.examples_for(distance)) {
        (Some(all), _) => {
            let more = all.saturating_sub(against.n_seeds).max(1);
            format!("run about {more} more seed{} ({planned})", if more == 1 { "" } else { "s" })
        }
        (None, Some(examples)) => format!(
            "about {MOST_SEEDS} seeds may not decide it ({planned}): use about {} test examples, or another margin",
            rounded(examples)
        ),
        (None, None) => format!(
            "seeds may differ too much for about {MOST_SEEDS} of them to decide it ({planned}): use a steadier recipe, or \
             another margin"
        ),
    }
}

/// If the margin allows for too few lost answers.
fn more_examples(against: &Comparison, margin: f64) -> Option<String> {
    let lost = margin / 100.0 * against.drop.n_examples() as f64;
    (margin > 0.0 && lost < LEAST_ANSWERS - 1e-9).then(|| {
        let needed = (100.0 * LEAST_ANSWERS / margin - 1e-9).ceil();
        format!(
            "test on at least {needed} examples (a margin of {margin} points of {} is {} lost answers, and a verdict needs \
             {LEAST_ANSWERS})",
            against.drop.n_examples(),
            (10.0 * lost).floor() / 10.0
        )
    })
}

/// To two digits, upwards.
fn rounded(number: usize) -> usize {
    let unit = 10_usize.pow(number.max(1).ilog10().saturating_sub(1));
    number.div_ceil(unit) * unit
}

/// What a reader must know before trusting the verdict.
fn caveats(verdict: &Verdict) -> Vec<String> {
    let Some(full) = verdict.full() else { return Vec::new() };
    let on_test = verdict.depths.iter().flat_map(|depth| &depth.candidate.runs).any(|run| !run.has_validation());
    let (kept, whole) = (full.candidate.n_blocks(), full.candidate.runs[0].training.begin.encoder_blocks);
    [
        verdict.missing.first().map(|first| missing(first, verdict.missing.len())),
        on_test.then(|| "epochs were chosen on test, so accuracies are optimistic".to_owned()),
        (kept < whole)
            .then(|| format!("the whole encoder has {whole} blocks, of which the deepest model here keeps {kept}")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Runs that are not finished may change the verdict.
fn missing(first: &str, number: usize) -> String {
    let others = if number > 1 { format!(" and {} more", number - 1) } else { String::new() };
    format!(
        "missing: `{first}`{others}; the deepest finished model stands for the full one, and the verdict may change"
    )
}

fn runs(number: usize) -> String {
    if number == 1 { "1 run".to_owned() } else { format!("{number} runs") }
}

/// `0.17 to 0.45`, in points.
pub(crate) fn between(interval: Range) -> String {
    format!("{} to {}", signed_points(interval.low), signed_points(interval.high))
}

/// `0.31` or `−0.31`
pub(crate) fn signed_points(fraction: f64) -> String {
    match two(100.0 * fraction).as_str() {
        "-0.00" => "0.00".to_owned(),
        text => text.replace('-', "−"),
    }
}

fn two(value: f64) -> String {
    format!("{value:.2}")
}

fn subject(n_blocks: usize) -> (String, &'static str) {
    match n_blocks {
        0 => ("no block at all".to_owned(), "is"),
        1 => ("1 block".to_owned(), "is"),
        n => (format!("{n} blocks"), "are"),
    }
}

fn blocks(n_blocks: usize) -> String {
    subject(n_blocks).0
}
