//! examples → ids, positions, labels; batches of like length.

use std::sync::Arc;

use bert::{Layout, Words};
use burn::tensor::{Device, Int, Tensor, TensorData};
use fused::plain::indices;

/// Examples one behind the other.
#[derive(Debug, Clone)]
pub struct Batch {
    /// `[R]` ids, or what a table says of them.
    pub words: Words,
    /// `[R]`: where each token stands in its example.
    pub positions: Tensor<1, Int>,
    /// Which rows belong to which example.
    pub layout: Arc<Layout>,
    /// Real tokens.
    pub tokens: usize,
}

impl Batch {
    /// Lay `sequences` one behind the other, each padded to `least` rows.
    pub fn new(sequences: &[&[u32]], pad_token_id: u32, least: usize, device: &Device) -> Self {
        Assembled::new(sequences, pad_token_id, least).on(device)
    }
}

/// The same in plain numbers, which any thread may make ready for the one that works with tensors.
#[derive(Debug, Clone, PartialEq)]
pub struct Assembled {
    /// `[R]`
    pub input_ids: Vec<u32>,
    layout: Arc<Layout>,
    /// Real tokens.
    pub tokens: usize,
}

impl Assembled {
    /// Lay `sequences` one behind the other, each padded to `least` rows.
    pub fn new(sequences: &[&[u32]], pad_token_id: u32, least: usize) -> Self {
        let lengths: Vec<usize> = sequences.iter().map(|ids| ids.len()).collect();
        let layout = Layout::padded(&lengths, least);
        let mut input_ids = vec![pad_token_id; layout.rows()];
        for (sequence, ids) in layout.sequences().iter().zip(sequences) {
            input_ids[sequence.rows.start..][..ids.len()].copy_from_slice(ids);
        }
        Assembled { input_ids, layout: Arc::new(layout), tokens: lengths.iter().sum() }
    }

    /// Which rows belong to which example.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The batch on a device.
    pub fn on(&self, device: &Device) -> Batch {
        let input_ids: Vec<i64> = self.input_ids.iter().map(|&id| i64::from(id)).collect();
        let input_ids = Tensor::from_data(TensorData::new(input_ids, [self.layout.rows()]), device);
        let positions = indices(&self.layout.positions(), device);
        Batch { words: Words::Ids(input_ids), positions, layout: self.layout.clone(), tokens: self.tokens }
    }
}

/// `[B]` class indices.
pub fn labels(labels: &[usize], device: &Device) -> Tensor<1, Int> {
    indices(labels, device)
}

/// Cut `order` into batches of like length: within each window of `window` batches the examples are sorted by length.
/// No padding is computed anyway, but neighbours of one length attend together, an LSTM takes as many steps as the
/// longest example, and what still wants a grid pads little. Every batch keeps `batch_size` examples.
pub fn of_like_length(order: &[usize], lengths: &[usize], batch_size: usize, window: usize) -> Vec<Vec<usize>> {
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
    fn a_batch_has_no_row_too_many_unless_padding_is_asked_for() {
        let device = Device::flex();
        let numbers = |x: Tensor<1, Int>| x.into_data().iter::<i64>().collect::<Vec<_>>();
        let ids = |words: Words| match words {
            Words::Ids(input_ids) => numbers(input_ids),
            Words::Vectors(_) => Vec::new(),
        };
        let tight = Batch::new(&[&[7, 8, 9], &[5]], 1, 0, &device);
        assert_eq!((ids(tight.words), numbers(tight.positions)), (vec![7, 8, 9, 5], vec![0, 1, 2, 0]));
        assert_eq!((tight.tokens, tight.layout.lengths()), (4, vec![3, 1]));
        let padded = Batch::new(&[&[7, 8, 9], &[5]], 1, 4, &device);
        assert_eq!(ids(padded.words), [7, 8, 9, 1, 5, 1, 1, 1]);
        assert_eq!((padded.tokens, padded.layout.lengths(), padded.layout.rows()), (4, vec![3, 1], 8));
    }

    proptest! {
        #[test]
        fn every_example_is_in_exactly_one_batch(
            lengths in proptest::collection::vec(1usize..50, 1..200), batch_size in 1usize..9, window in 1usize..6,
        ) {
            let order: Vec<usize> = (0..lengths.len()).rev().collect();
            let batches = of_like_length(&order, &lengths, batch_size, window);
            prop_assert!(batches.iter().rev().skip(1).all(|batch| batch.len() == batch_size));
            let mut all: Vec<usize> = batches.concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..lengths.len()).collect::<Vec<_>>());
        }
    }
}
