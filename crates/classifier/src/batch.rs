//! examples → ids, mask, labels; batches of like length.

use burn::tensor::{Device, Int, Tensor, TensorData};

/// Added to the attention score of a padding position: its weight becomes exactly 0.
const NOT_A_TOKEN: f32 = -1e9;

/// Examples side by side, padded to the longest.
#[derive(Debug, Clone)]
pub struct Batch {
    /// `[B, P]`
    pub input_ids: Tensor<2, Int>,
    /// `[B, 1, 1, P]`: 0 at real tokens, a large negative number at padding; none without padding.
    pub mask: Option<Tensor<4>>,
    /// `[B, P]`: 1 at real tokens, 0 at padding.
    pub real: Tensor<2>,
    /// `[B]`: real tokens of each example.
    pub lengths: Vec<usize>,
    /// Real tokens.
    pub tokens: usize,
}

impl Batch {
    /// Lay `sequences` side by side, padded to the longest and to `least` positions.
    pub fn new(sequences: &[&[u32]], pad_token_id: u32, least: usize, device: &Device) -> Self {
        let lengths: Vec<usize> = sequences.iter().map(|ids| ids.len()).collect();
        let (b, p) = (lengths.len(), lengths.iter().copied().fold(least, usize::max));
        let tokens = lengths.iter().sum();
        let mut input_ids = vec![i64::from(pad_token_id); b * p];
        let mut real = vec![0f32; b * p];
        for (row, ids) in sequences.iter().enumerate() {
            let from = row * p;
            real[from..from + ids.len()].fill(1.0);
            input_ids[from..].iter_mut().zip(*ids).for_each(|(place, &id)| *place = i64::from(id));
        }
        let added = || real.iter().map(|&real| if real == 1.0 { 0.0 } else { NOT_A_TOKEN }).collect::<Vec<f32>>();
        let mask = (tokens < b * p).then(|| Tensor::from_data(TensorData::new(added(), [b, 1, 1, p]), device));
        let input_ids = Tensor::from_data(TensorData::new(input_ids, [b, p]), device);
        Batch { input_ids, mask, real: Tensor::from_data(TensorData::new(real, [b, p]), device), lengths, tokens }
    }
}

/// `[B]` class indices.
pub fn labels(labels: &[usize], device: &Device) -> Tensor<1, Int> {
    let indices: Vec<i64> = labels.iter().map(|&label| label as i64).collect();
    Tensor::from_data(TensorData::new(indices, [labels.len()]), device)
}

/// Cut `order` into batches of like length: within each window of `window` batches the examples are
/// sorted by length, so that little is padded, while every batch keeps `batch_size` examples.
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
    fn padding_is_masked_and_a_full_batch_has_no_mask() {
        let device = Device::flex();
        let batch = Batch::new(&[&[7, 8, 9], &[5]], 1, 0, &device);
        assert_eq!(batch.input_ids.into_data().iter::<i64>().collect::<Vec<_>>(), [7, 8, 9, 5, 1, 1]);
        assert_eq!(batch.real.into_data().iter::<f32>().collect::<Vec<_>>(), [1.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
        assert_eq!(batch.mask.unwrap().into_data().iter::<f32>().collect::<Vec<_>>()[3..], [0.0, -1e9, -1e9]);
        assert_eq!((batch.tokens, batch.lengths), (4, vec![3, 1]));
        assert!(Batch::new(&[&[1, 2], &[3, 4]], 0, 0, &device).mask.is_none());
        assert_eq!(Batch::new(&[&[1, 2], &[3, 4]], 0, 5, &device).real.dims(), [2, 5]);
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
