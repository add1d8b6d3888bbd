//! The settings of a new study, each by a rule of a line or two.

use std::fmt;

use super::encoder::Encoder;
use super::look::Look;

/// Tokens for a word and its punctuation, and the two special ones, where tokens cannot be counted.
const TOKENS_PER_WORD: f64 = 1.5;
const SPECIAL_TOKENS: usize = 2;

/// Training gets at least so many steps, within the bounds on epochs.
const FEWEST_STEPS: usize = 200;

/// A part of the texts that may be cut.
const MOST_CUT: f64 = 0.05;

/// Chosen settings.
#[derive(Debug)]
pub(crate) struct Choices {
    /// Train examples after test and validation are held out.
    pub(crate) n_train: usize,
    pub(crate) max_seq_length: usize,
    /// The share of texts that are longer.
    pub(crate) cut: f64,
    pub(crate) validation: f64,
    pub(crate) batch_size: usize,
    pub(crate) epochs: usize,
    pub(crate) encoder_learning_rate: &'static str,
    /// Blocks of each row, ascending; `None` is all blocks of an encoder that is not there.
    pub(crate) depths: Vec<Option<usize>>,
    pub(crate) has_copies: bool,
}

impl Choices {
    pub(crate) fn new(look: &Look, encoder: &Encoder) -> Self {
        let [train, validation_given, test] = look.n_of;
        let copies = &look.duplicates;
        let kept = if test == 0 { 0.8 } else { 1.0 };
        let for_train = kept * train.saturating_sub(copies.within_train + copies.across) as f64;
        let validation = if for_train < 2000.0 { 0.2 } else { 0.1 };
        let held_out = if validation_given > 0 { 0.0 } else { validation };
        let n_train = (for_train * (1.0 - held_out)).round().max(1.0) as usize;
        let tokens = |length: usize| match look.lengths.unknown {
            Some(_) => length,
            None => (TOKENS_PER_WORD * length as f64).ceil() as usize + SPECIAL_TOKENS,
        };
        let max_seq_length = max_seq_length(tokens(look.lengths.percentile(1.0 - MOST_CUT)), encoder.positions);
        let fits = |length: usize| tokens(length) <= max_seq_length;
        let longest = (0..=look.lengths.percentile(1.0)).rev().find(|length| fits(*length)).unwrap_or(0);
        let batch_size = batch_size(n_train);
        Choices {
            n_train,
            max_seq_length,
            cut: look.lengths.above(longest),
            validation,
            batch_size,
            epochs: epochs(n_train, batch_size),
            encoder_learning_rate: encoder_learning_rate(encoder.hidden_size),
            depths: depths(encoder.n_blocks),
            has_copies: copies.within_train + copies.within_test + copies.across > 0,
        }
    }

    /// Whether so many texts are cut that their ends should count.
    pub(crate) fn keeps_ends(&self) -> bool {
        self.cut > MOST_CUT
    }
}

impl fmt::Display for Choices {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Choices { n_train, max_seq_length, batch_size, epochs, encoder_learning_rate, depths, .. } = self;
        write!(
            f,
            "TF-IDF and {} depths, {n_train} texts to train on, max_seq_length {max_seq_length}, ",
            depths.len()
        )?;
        write!(f, "batch_size {batch_size}, {epochs} epochs, encoder_learning_rate {encoder_learning_rate}")
    }
}

/// Nearly all texts whole: the length of 95 % of them, rounded up to a multiple of 16, from 32 to 256, because time grows
/// with it.
fn max_seq_length(tokens: usize, positions: usize) -> usize {
    tokens.next_multiple_of(16).clamp(32, 256).min(positions)
}

/// 16 or 32 (Devlin et al. 2019, appendix A.3); few texts need the smaller one to make enough steps.
fn batch_size(n_train: usize) -> usize {
    if n_train < 5000 { 16 } else { 32 }
}

/// Enough for [`FEWEST_STEPS`], from 3 to 8; few steps leave a model near where it began (Mosbach et al. 2021).
fn epochs(n_train: usize, batch_size: usize) -> usize {
    FEWEST_STEPS.div_ceil(n_train.div_ceil(batch_size)).clamp(3, 8)
}

/// Small encoders need larger rates: 1e-4 to a hidden size of 512 (Turc et al. 2019 try 3e-5 to 3e-4), 3e-5 above and where
/// the size is not known.
fn encoder_learning_rate(hidden_size: Option<usize>) -> &'static str {
    if hidden_size.is_some_and(|size| size <= 512) { "1e-4" } else { "3e-5" }
}

/// One block, a sixth, a third, half, two thirds and all of them; without the encoder, 1, 2, 3 and all.
fn depths(n_blocks: Option<usize>) -> Vec<Option<usize>> {
    let Some(all) = n_blocks else { return vec![Some(1), Some(2), Some(3), None] };
    let parts = [all / 6, all / 3, all / 2, 2 * all / 3, all];
    let mut depths: Vec<usize> = [1].into_iter().chain(parts).filter(|depth| (1..=all).contains(depth)).collect();
    depths.sort_unstable();
    depths.dedup();
    depths.into_iter().map(Some).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_holds_at_its_bounds() {
        assert_eq!([1, 33, 300].map(|tokens| max_seq_length(tokens, 512)), [32, 48, 256]);
        assert_eq!(max_seq_length(300, 128), 128);
        assert_eq!([4999, 5000].map(batch_size), [16, 32]);
        assert_eq!([(1, 16), (400, 16), (1600, 16), (100_000, 32)].map(|(n, batch)| epochs(n, batch)), [8, 8, 3, 3]);
        assert_eq!([None, Some(512), Some(768)].map(encoder_learning_rate), ["3e-5", "1e-4", "3e-5"]);
        let of = |n: usize| depths(Some(n)).into_iter().flatten().collect::<Vec<_>>();
        assert_eq!((of(6), of(12), of(1)), (vec![1, 2, 3, 4, 6], vec![1, 2, 4, 6, 8, 12], vec![1]));
        assert_eq!(depths(None), [Some(1), Some(2), Some(3), None]);
    }
}
