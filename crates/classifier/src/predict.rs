//! Logits of many examples, longest first, without memory for a backward pass.

use burn::tensor::Device;

use crate::{Batch, Model};

/// Upper bound on R: batches of long reviews hold fewer of them.
const ROWS_PER_BATCH: usize = 8_192;

/// Logits `[C]` of each of `sequences`, in the same order. `model` must be without autodiff
/// ([`burn::module::Module::valid`]). Each finished batch calls `done` with its number of examples.
pub fn predict(
    model: &Model,
    sequences: &[&[u32]],
    pad_token_id: u32,
    device: &Device,
    mut done: impl FnMut(usize),
) -> Vec<Vec<f32>> {
    let go_on = |count| {
        done(count);
        true
    };
    predict_while(model, sequences, pad_token_id, device, go_on)
}

/// As [`predict()`], but stops when `done` returns false: the logits that are missing then are empty.
pub fn predict_while(
    model: &Model,
    sequences: &[&[u32]],
    pad_token_id: u32,
    device: &Device,
    mut done: impl FnMut(usize) -> bool,
) -> Vec<Vec<f32>> {
    let mut order: Vec<usize> = (0..sequences.len()).collect();
    order.sort_by_key(|&example| std::cmp::Reverse(sequences[example].len()));
    let mut logits = vec![Vec::new(); sequences.len()];
    let mut rest = order.as_slice();
    while !rest.is_empty() {
        let lengths = rest.iter().map(|&example| sequences[example].len().max(model.least_positions));
        let fit = fit(lengths, ROWS_PER_BATCH);
        let (now, later) = rest.split_at(fit);
        let batch: Vec<&[u32]> = now.iter().map(|&example| sequences[example]).collect();
        let rows = rows(model, &model.batch(&batch, pad_token_id, device));
        now.iter().zip(rows).for_each(|(&example, row)| logits[example] = row);
        rest = if done(fit) { later } else { &[] };
    }
    logits
}

/// How many of these lengths sum up to at most `limit`, but at least one.
pub fn fit(lengths: impl Iterator<Item = usize>, limit: usize) -> usize {
    let sums = lengths.scan(0, |sum, length| {
        *sum += length;
        Some(*sum)
    });
    sums.take_while(|&sum| sum <= limit).count().max(1)
}

fn rows(model: &Model, batch: &Batch) -> Vec<Vec<f32>> {
    let logits = model.forward(batch);
    let classes = logits.dims()[1];
    let flat: Vec<f32> = logits.into_data().iter::<f32>().collect();
    flat.chunks(classes).map(<[f32]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn a_batch_is_as_full_as_possible_and_never_empty() {
        assert_eq!(fit([5, 4, 1, 1].into_iter(), 10), 3);
        assert_eq!(fit([5, 4].into_iter(), 10), 2);
        assert_eq!(fit([11, 1].into_iter(), 10), 1);
    }
}
