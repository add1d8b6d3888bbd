//! Whether a depth is enough, and the depth below it.

use statistics::Finding;

use super::place::{blocks, place, price, subject};
use super::remedy::{few_seeds, remedy};
use crate::format::counted;
use crate::verdict::{Comparison, DepthResult, Verdict};

pub(super) fn describe(verdict: &Verdict, full: &DepthResult) -> Vec<String> {
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
            let needed = if all == 1 { "the only block is".to_owned() } else { format!("all {all} blocks are") };
            format!("{needed} needed: the model {with} lies {place}{}", price(next, full))
        }
        Finding::FewSeeds => format!("no verdict from {}", few_seeds(next, against, margin)),
        _ => format!(
            "{} {next_blocks} from {}: {place}; {}",
            cannot(against),
            counted(all, "block"),
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
