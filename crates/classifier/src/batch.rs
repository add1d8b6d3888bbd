//! examples → ids, positions, labels; batches of similar length.

use std::sync::Arc;

use bert::{Layout, TokenInput};
use burn::tensor::{Device, Int, Tensor, TensorData};
use fused::plain::indices;

/// Examples, one after the other.
#[derive(Debug, Clone)]
pub struct Batch {
    /// `[R]` ids, or their vectors from a word table.
    pub words: TokenInput,
    /// `[R]`: the position of each token in its example, or −1 where it is not counted.
    pub positions: Tensor<1, Int>,
    /// The rows of each example.
    pub layout: Arc<Layout>,
    /// Whether the encoder's padding id is among the words, as padding or in a text.
    pub holds_padding: bool,
    /// Number of real tokens.
    pub tokens: usize,
}

/// The same in plain numbers, which any thread can prepare for the thread that computes with tensors.
#[derive(Debug, Clone, PartialEq)]
pub struct Assembled {
    /// `[R]`
    pub input_ids: Vec<u32>,
    positions: Vec<i64>,
    layout: Arc<Layout>,
    holds_padding: bool,
    /// Number of real tokens.
    pub tokens: usize,
}

impl Assembled {
    /// Concatenate `sequences`, each padded to at least `least` rows.
    pub fn new(sequences: &[&[u32]], pad_token_id: u32, least: usize) -> Self {
        let lengths: Vec<usize> = sequences.iter().map(|ids| ids.len()).collect();
        let layout = Layout::padded(&lengths, least);
        let mut input_ids = vec![pad_token_id; layout.rows()];
        for (sequence, ids) in layout.sequences().iter().zip(sequences) {
            input_ids[sequence.rows.start..][..ids.len()].copy_from_slice(ids);
        }
        let positions = layout.positions().into_iter().map(|position| position as i64).collect();
        let (layout, tokens) = (Arc::new(layout), lengths.iter().sum());
        Assembled { input_ids, positions, layout, holds_padding: false, tokens }
    }

    /// The same, where padding and tokens of the id `uncounted` have position −1, and the next token takes their place:
    /// so RoBERTa counts (`create_position_ids_from_input_ids` in Hugging Face).
    #[must_use]
    pub fn counted_without(mut self, uncounted: Option<u32>) -> Self {
        let Some(uncounted) = uncounted else { return self };
        for sequence in self.layout.sequences() {
            let mut next = 0..;
            for (row, at) in sequence.rows.clone().enumerate() {
                let is_counted = row < sequence.tokens && self.input_ids[at] != uncounted;
                self.positions[at] = if is_counted { next.next().unwrap_or_default() } else { -1 };
            }
        }
        self
    }

    /// The same, which says whether `padding_idx`, the encoder's padding id, is among the words.
    #[must_use]
    pub fn looked_through_for(mut self, padding_idx: Option<u32>) -> Self {
        self.holds_padding = padding_idx.is_some_and(|id| self.input_ids.contains(&id));
        self
    }

    /// Move the batch to a device.
    pub fn on(&self, device: &Device) -> Batch {
        let input_ids: Vec<i64> = self.input_ids.iter().map(|&id| i64::from(id)).collect();
        let input_ids = Tensor::from_data(TensorData::new(input_ids, [self.layout.rows()]), device);
        let positions = Tensor::from_data(TensorData::new(self.positions.clone(), [self.layout.rows()]), device);
        let (words, layout) = (TokenInput::Ids(input_ids), self.layout.clone());
        Batch { words, positions, layout, holds_padding: self.holds_padding, tokens: self.tokens }
    }
}

/// `[B]` class indices.
pub fn labels(labels: &[usize], device: &Device) -> Tensor<1, Int> {
    indices(labels, device)
}

/// Cut `order` into batches of similar length: each window of `window` batches is sorted by length. Flat batches have
/// no padding anyway, but examples of one length attend together, an LSTM takes as many steps as its longest example,
/// and heads that need a grid pad less. Every batch but the last has `batch_size` examples.
pub fn bucket_by_length(order: &[usize], lengths: &[usize], batch_size: usize, window: usize) -> Vec<Vec<usize>> {
    let mut batches = Vec::with_capacity(order.len().div_ceil(batch_size));
    for examples in order.chunks(batch_size * window) {
        let mut examples = examples.to_vec();
        examples.sort_by_key(|&example| lengths[example]);
        batches.extend(examples.chunks(batch_size).map(<[usize]>::to_vec));
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_batch_has_padding_only_on_request() {
        let device = Device::flex();
        let numbers = |x: Tensor<1, Int>| x.into_data().iter::<i64>().collect::<Vec<_>>();
        let ids = |words: TokenInput| match words {
            TokenInput::Ids(input_ids) => numbers(input_ids),
            TokenInput::Vectors(_) => Vec::new(),
        };
        let tight = Assembled::new(&[&[7, 8, 9], &[5]], 1, 0).on(&device);
        assert_eq!((ids(tight.words), numbers(tight.positions)), (vec![7, 8, 9, 5], vec![0, 1, 2, 0]));
        assert_eq!((tight.tokens, tight.layout.lengths()), (4, vec![3, 1]));
        let padded = Assembled::new(&[&[7, 8, 9], &[5]], 1, 4).on(&device);
        assert_eq!(ids(padded.words), [7, 8, 9, 1, 5, 1, 1, 1]);
        assert_eq!((padded.tokens, padded.layout.lengths(), padded.layout.rows()), (4, vec![3, 1], 8));
    }

    #[test]
    fn the_encoders_padding_id_is_looked_for_whatever_the_tokenizer_pads_with() {
        let holds = |padding_idx| Assembled::new(&[&[7, 8]], 1, 3).looked_through_for(padding_idx).holds_padding;
        assert_eq!([None, Some(1), Some(8), Some(0)].map(holds), [false, true, true, false]);
    }

    #[test]
    fn roberta_counts_no_padding_token_in_a_text() {
        let assembled = Assembled::new(&[&[7, 1, 9], &[5]], 1, 4);
        assert_eq!(assembled.clone().counted_without(None).positions, [0, 1, 2, 3, 0, 1, 2, 3]);
        assert_eq!(assembled.counted_without(Some(1)).positions, [0, -1, 1, -1, 0, -1, -1, -1]);
    }

    proptest! {
        #[test]
        fn every_example_is_in_exactly_one_batch(
            lengths in proptest::collection::vec(1usize..50, 1..200), batch_size in 1usize..9, window in 1usize..6,
        ) {
            let order: Vec<usize> = (0..lengths.len()).rev().collect();
            let batches = bucket_by_length(&order, &lengths, batch_size, window);
            prop_assert!(batches.iter().rev().skip(1).all(|batch| batch.len() == batch_size));
            let mut all: Vec<usize> = batches.concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..lengths.len()).collect::<Vec<_>>());
        }
    }
}
