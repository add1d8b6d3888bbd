//! The source study's claim, tested on these data: the largest gain of one block is that of the third, and it is larger than
//! all that the second half of the blocks gains.

use serde::Serialize;
use statistics::{LEAST_SEEDS, Range};
use study::Measure;

use super::candidates::Candidate;
use super::contrast::contrast;
use super::sentence::{between, signed_points};

/// The claim and whether the data support it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Claim {
    /// One sentence.
    pub(crate) sentence: String,
    /// The third block's gain, minus each other gain.
    pub(crate) rivals: Vec<Rival>,
}

/// The third block's gain minus another one.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Rival {
    /// The other gain's depths.
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// In the measure.
    pub(crate) difference: f64,
    pub(crate) interval: Range,
    /// The interval that refutes the claim: corrected by Bonferroni, since one rival of many would do.
    pub(crate) refuting: Range,
    pub(crate) n_seeds: usize,
}

impl Claim {
    /// Of candidates from shallow to deep. The claim holds only where every rival is smaller beyond its 95 % interval: each
    /// must be refuted, so no correction for their number is due (Berger 1982, Technometrics 24:295).
    pub(crate) fn new(candidates: &[Candidate], measure: Measure) -> Self {
        let at = |n_blocks: usize| candidates.iter().find(|candidate| candidate.n_blocks() == n_blocks);
        let deepest = candidates.last().map_or(0, Candidate::n_blocks);
        let (Some(two), Some(three)) = (at(2), at(3)) else { return Self::untested("2 and 3 blocks") };
        let Some(half) = at(deepest / 2).filter(|_| deepest >= 6) else {
            return Self::untested("2, 3, half of the blocks and all of at least 6");
        };
        let with_blocks = || candidates.iter().filter(|candidate| candidate.n_blocks() > 0);
        let steps = with_blocks().zip(with_blocks().skip(1)).filter(|(from, _)| from.n_blocks() != 2);
        let steps = steps.filter(|(from, to)| to.n_blocks() == from.n_blocks() + 1);
        let halves =
            candidates.last().map(|full| (half, full)).filter(|(half, full)| full.n_blocks() > half.n_blocks() + 1);
        let pairs: Vec<(&Candidate, &Candidate)> = steps.chain(halves).collect();
        let corrected = 1.0 - 0.05 / pairs.len().max(1) as f64;
        let rival = |&(from, to): &(&Candidate, &Candidate)| {
            let gains = contrast(measure, &[(three, 1.0), (two, -1.0), (to, -1.0), (from, 1.0)])?;
            Some(Rival {
                from: from.n_blocks(),
                to: to.n_blocks(),
                difference: gains.value.mean,
                interval: gains.value.interval(0.95),
                refuting: gains.value.interval(corrected),
                n_seeds: gains.n_seeds,
            })
        };
        match pairs.iter().map(rival).collect::<Option<Vec<Rival>>>() {
            Some(rivals) => Claim { sentence: sentence(&rivals), rivals },
            None => Self::untested("predictions of the same examples at all depths"),
        }
    }

    fn untested(lacking: &str) -> Self {
        let sentence = format!(
            "the source's claim (the third block gains most, and more than the second half of all blocks) was not tested: \
             it needs {lacking}"
        );
        Claim { sentence, rivals: Vec::new() }
    }
}

fn sentence(rivals: &[Rival]) -> String {
    let named = |rival: &Rival| {
        let (difference, interval) = (signed_points(rival.difference), between(rival.interval));
        format!("{} to {} blocks by {difference} points ({interval})", rival.from, rival.to)
    };
    let list =
        |chosen: &dyn Fn(&&Rival) -> bool| rivals.iter().filter(chosen).map(named).collect::<Vec<_>>().join(", ");
    let (larger, smaller) = (list(&|r| r.interval.low > 0.0), list(&|r| r.refuting.high < 0.0));
    let open = list(&|r| r.interval.low <= 0.0);
    let few =
        if rivals.iter().any(|rival| rival.n_seeds < LEAST_SEEDS) { "; from so few seeds as a hint only" } else { "" };
    let claim = "the source's claim (the third block gains most, and more than the second half of all blocks)";
    match (smaller.is_empty(), open.is_empty()) {
        (false, _) => format!("{claim} does not hold here: its gain is smaller than that of {smaller}{few}"),
        (true, true) => {
            format!("{claim} holds here for the steps at hand: its gain is larger than that of {larger}{few}")
        }
        (true, false) => {
            let sure = if larger.is_empty() { String::new() } else { format!("; larger than that of {larger}") };
            format!("{claim} is open here: the gain cannot be distinguished from that of {open}{sure}{few}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rival(from: usize, to: usize, low: f64, high: f64) -> Rival {
        Rival {
            from,
            to,
            difference: (low + high) / 2.0,
            interval: Range { low, high },
            refuting: Range { low, high },
            n_seeds: 3,
        }
    }

    #[test]
    fn all_rivals_must_be_smaller_and_one_that_is_larger_refutes() {
        let (small, open, large) = (rival(1, 2, 0.01, 0.03), rival(3, 4, -0.01, 0.02), rival(6, 12, -0.04, -0.02));
        let described = |rivals: &[&Rival]| sentence(&rivals.iter().map(|rival| (*rival).clone()).collect::<Vec<_>>());
        assert!(
            described(&[&small])
                .ends_with("holds here for the steps at hand: its gain is larger than that of 1 to 2 blocks by 2.00 points (1.00 to 3.00)")
        );
        let both = described(&[&small, &open]);
        assert!(
            both.contains("is open here")
                && both.ends_with("; larger than that of 1 to 2 blocks by 2.00 points (1.00 to 3.00)"),
            "{both}"
        );
        let refuted = described(&[&small, &open, &large]);
        assert!(
            refuted.contains("does not hold") && refuted.contains("6 to 12 blocks by −3.00 points (−4.00 to −2.00)"),
            "{refuted}"
        );
    }
}
