//! Accuracy and confidence of each depth, in numbers and in words.

use std::cmp::Ordering;

use super::Material;
use crate::format::{blocks, counted};
use crate::quality::Quality;
use crate::verdict::DepthResult;

/// One depth, in per cent and points.
pub(super) struct Depth {
    pub(super) n_blocks: usize,
    pub(super) configuration: String,
    pub(super) accuracy: f64,
    pub(super) confidence: f64,
    /// Expected calibration error.
    pub(super) error: f64,
    /// Confidence and error after the temperature.
    pub(super) tempered: Option<(f64, f64)>,
    /// In nats.
    pub(super) log_loss: f64,
}

pub(super) fn depths(material: &Material) -> Vec<Depth> {
    let depth = |depth: &DepthResult| {
        let Quality { configuration, accuracy, raw, tempered, .. } = material.quality(depth)?;
        Some(Depth {
            n_blocks: depth.candidate.n_blocks(),
            configuration: configuration.clone(),
            accuracy: 100.0 * accuracy,
            confidence: 100.0 * raw.confidence,
            error: 100.0 * raw.error,
            tempered: tempered.as_ref().map(|tempered| (100.0 * tempered.confidence, 100.0 * tempered.error)),
            log_loss: raw.log_loss,
        })
    };
    material.verdict.depths.iter().filter_map(depth).collect()
}

impl Depth {
    pub(super) fn over_confidence(&self) -> f64 {
        self.confidence - self.accuracy
    }
}

/// The figure in words: over-confidence at both ends, and whether accuracy or calibration suffers first.
pub(super) fn summary(depths: &[Depth], margin: f64) -> Option<String> {
    let (full, first) = (depths.last()?, depths.first()?);
    let over = over(first, full);
    let beyond = |worse: &dyn Fn(&Depth) -> f64| depths.iter().rev().find(|depth| worse(depth) > margin);
    let less_accurate = beyond(&|depth| full.accuracy - depth.accuracy);
    let less_true = beyond(&|depth| depth.error - full.error);
    let by = format!("by more than {}", counted(margin, "point"));
    let when =
        |depth: Option<&Depth>| depth.map_or("never".to_owned(), |at| format!("first at {}", blocks(at.n_blocks)));
    let (error, accuracy) = (when(less_true), when(less_accurate));
    Some(match which(less_true, less_accurate) {
        None => format!("{over}; neither accuracy nor calibration gives way {by}"),
        Some(which) => format!(
            "{over}; comparing means without a test, as blocks are cut, calibration error rises {by} {error}, accuracy falls {by} {accuracy}: {which}"
        ),
    })
}

/// Which gives way at the deeper depth, if one does.
fn which(less_true: Option<&Depth>, less_accurate: Option<&Depth>) -> Option<&'static str> {
    let [confidence, accuracy] = [less_true, less_accurate].map(|depth| depth.map(|depth| depth.n_blocks));
    match confidence.cmp(&accuracy) {
        Ordering::Equal if confidence.is_none() => None,
        Ordering::Greater => Some("confidence suffers before accuracy"),
        Ordering::Equal => Some("both suffer at the same depth"),
        Ordering::Less => Some("accuracy suffers before confidence"),
    }
}

/// `mean confidence exceeds accuracy by 2.1 points with 1 block and by 4.0 with 12 blocks`
fn over(first: &Depth, full: &Depth) -> String {
    let apart = |depth: &Depth| match depth.over_confidence() {
        over if over >= 0.0 => format!("exceeds accuracy by {over:.1} points"),
        under => format!("is {:.1} points below accuracy", -under),
    };
    let (shallow, deep) = (blocks(first.n_blocks), blocks(full.n_blocks));
    format!("mean confidence {} with {shallow} and {} with {deep}", apart(first), apart(full))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Depths of which accuracy and calibration error are given.
    fn depths(of: &[(usize, f64, f64)]) -> Vec<Depth> {
        let depth = |&(n_blocks, accuracy, error): &(usize, f64, f64)| Depth {
            n_blocks,
            configuration: n_blocks.to_string(),
            accuracy,
            confidence: accuracy + error,
            error,
            tempered: None,
            log_loss: 0.3,
        };
        of.iter().map(depth).collect()
    }

    #[test]
    fn what_gives_way_first_is_the_deepest_depth_beyond_the_margin() {
        for (of, expected) in [
            (&[(1, 80.0, 5.0), (3, 89.8, 4.0), (12, 90.0, 1.0)], "confidence suffers before accuracy"),
            (&[(1, 80.0, 5.0), (3, 85.0, 1.2), (12, 90.0, 1.0)], "accuracy suffers before confidence"),
            (&[(1, 80.0, 1.0), (3, 85.0, 4.0), (12, 90.0, 1.0)], "both suffer at the same depth"),
        ] {
            let text = summary(&depths(of), 0.5).unwrap();
            assert!(text.ends_with(&format!(": {expected}")), "{text}");
        }
        let summary_of = |of: &[(usize, f64, f64)]| summary(&depths(of), 0.5).unwrap();
        let first = summary_of(&[(1, 80.0, 1.2), (3, 85.0, 1.2), (12, 90.0, 1.0)]);
        assert!(
            first.contains(
                "error rises by more than 0.5 points never, accuracy falls by more than 0.5 points first at 3"
            ),
            "{first}"
        );
        let depth = summary_of(&[(1, 89.9, 1.0), (12, 90.0, 1.0)]);
        assert!(depth.ends_with("; neither accuracy nor calibration gives way by more than 0.5 points"), "{depth}");
    }

    #[test]
    fn over_and_under_confidence_have_their_words() {
        let text = over(&depths(&[(1, 80.0, -2.5)])[0], &depths(&[(12, 90.0, 4.0)])[0]);
        assert_eq!(
            text,
            "mean confidence is 2.5 points below accuracy with 1 block and exceeds accuracy by 4.0 points with 12 blocks"
        );
    }
}
