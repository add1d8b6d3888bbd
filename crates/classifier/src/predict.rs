//! Logits of many examples, longest first, nothing kept for a backward pass.

use burn::tensor::Device;

use crate::{Batch, Model};

/// Padded tokens in a batch at most: a batch of long reviews holds fewer of them.
const TOKENS_PER_BATCH: usize = 8_192;

/// Logits `[C]` of each of `sequences`, in their order. `model` must be without autodiff
/// ([`burn::module::Module::valid`]); `done` hears how many examples each batch finished.
pub fn predict(
    model: &Model,
    sequences: &[&[u32]],
    pad_token_id: u32,
    device: &Device,
    mut done: impl FnMut(usize),
) -> Vec<Vec<f32>> {
    let mut order: Vec<usize> = (0..sequences.len()).collect();
    order.sort_by_key(|&example| std::cmp::Reverse(sequences[example].len()));
    let mut logits = vec![Vec::new(); sequences.len()];
    let mut rest = order.as_slice();
    while let Some(&longest) = rest.first() {
        let fit = (TOKENS_PER_BATCH / sequences[longest].len().max(model.least_positions).max(1)).clamp(1, rest.len());
        let (now, later) = rest.split_at(fit);
        let batch: Vec<&[u32]> = now.iter().map(|&example| sequences[example]).collect();
        let rows = rows(model, &model.batch(&batch, pad_token_id, device));
        now.iter().zip(rows).for_each(|(&example, row)| logits[example] = row);
        done(fit);
        rest = later;
    }
    logits
}

fn rows(model: &Model, batch: &Batch) -> Vec<Vec<f32>> {
    let logits = model.forward(batch);
    let classes = logits.dims()[1];
    let flat: Vec<f32> = logits.into_data().iter::<f32>().collect();
    flat.chunks(classes).map(<[f32]>::to_vec).collect()
}
