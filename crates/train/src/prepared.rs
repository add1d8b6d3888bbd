//! Batches in plain numbers, prepared on another thread while the device computes.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::sync_channel;

use bert::Precision;
use classifier::device::Engine;
use classifier::{Assembled, Definition};
use fused::adamw::Rows;
use records::shards::Example;

/// Optimizer steps that may be prepared in advance.
const STEPS_AHEAD: usize = 4;

/// Upper bound on bytes that the blocks keep between forward and backward pass, on a device that shares its host's
/// memory.
const KEPT_BYTES: usize = 448 << 20;

/// Default upper bound on the tokens in one pass. Larger batches are split, and the gradients of the parts add up to
/// the batch's.
pub(crate) fn tokens_at_once(definition: &Definition, engine: &Engine) -> usize {
    if engine.is_cuda() { usize::MAX } else { KEPT_BYTES / kept_bytes(definition).max(1) }
}

/// Largest work of a batch, its tokens times squared hidden size, for which one thread trains as fast as two. Tokens
/// per second with two threads over one, on two cores of an AMD EPYC: 0.92 at 1.4 million, 1.12 and 1.23 at
/// 5.4 million, 1.41 at 22 million.
const ONE_THREAD_WORK: usize = 2_000_000;

/// Whether the matrix products of a batch are too small to share among threads. Recurrent heads share other work.
pub(crate) fn is_tiny(definition: &Definition, tokens_per_batch: usize) -> bool {
    !definition.head.needs().recurrent && tokens_per_batch * definition.encoder.hidden_size.pow(2) <= ONE_THREAD_WORK
}

/// Bytes per token: each block keeps 8 H and I numbers of two bytes with our own kernels, and about four times as much
/// if LibTorch records the block.
fn kept_bytes(definition: &Definition) -> usize {
    let numbers = definition.kept.len() * (8 * definition.encoder.hidden_size + definition.encoder.intermediate_size);
    let is_fp32 = definition.precision == Precision::Fp32;
    let is_recorded = is_fp32 || definition.encoder_dropout > 0.0 || !fused::has_bf16_kernels();
    numbers * if is_recorded { 8 } else { 2 }
}

/// One batch, or a part of it, before it is moved to a device.
pub(crate) struct Prepared {
    pub(crate) assembled: Assembled,
    /// `[B]`
    pub(crate) labels: Vec<usize>,
    /// `[B]` the weight of each example; absent where all weigh the same.
    pub(crate) weights: Option<Vec<f32>>,
    /// The rows of the word table that it reads.
    pub(crate) rows: Rows,
    examples: Vec<usize>,
}

/// The settings for preparing batches.
#[derive(Clone, Copy)]
pub(crate) struct Preparation<'a> {
    pub(crate) examples: &'a [Example],
    /// `[C]`, unless all classes weigh the same.
    pub(crate) class_weights: Option<&'a [f64]>,
    pub(crate) pad_token_id: u32,
    /// Minimum number of rows of every example.
    pub(crate) least_positions: usize,
    /// The id of the tokens that have no position of their own, if there is one.
    pub(crate) uncounted_id: Option<u32>,
    /// The encoder's padding id, whose word vector does not learn.
    pub(crate) padding_idx: Option<u32>,
    /// Larger batches are split; in tokens.
    pub(crate) tokens_at_once: &'a AtomicUsize,
}

impl Prepared {
    /// The weights of its examples, added up.
    pub(crate) fn weight(&self) -> f64 {
        let sum = |weights: &Vec<f32>| weights.iter().copied().map(f64::from).sum();
        self.weights.as_ref().map_or(self.labels.len() as f64, sum)
    }
}

impl Preparation<'_> {
    /// The batch of these examples, split into parts of about equal size.
    pub(crate) fn batch(&self, indices: &[usize]) -> Vec<Prepared> {
        let lengths = indices.iter().map(|&index| self.examples[index].input_ids.len().max(self.least_positions));
        let parts = lengths.sum::<usize>().div_ceil(self.tokens_at_once.load(Relaxed)).max(1);
        indices.chunks(indices.len().div_ceil(parts).max(1)).map(|part| self.part(part)).collect()
    }

    fn part(&self, indices: &[usize]) -> Prepared {
        let examples = || indices.iter().map(|&index| &self.examples[index]);
        let sequences: Vec<&[u32]> = examples().map(|example| example.input_ids.as_slice()).collect();
        let assembled = Assembled::new(&sequences, self.pad_token_id, self.least_positions);
        let assembled = assembled.counted_without(self.uncounted_id).looked_through_for(self.padding_idx);
        let rows = Rows::of(&assembled.input_ids);
        let weights = |of_class: &[f64]| examples().map(|example| of_class[example.label] as f32).collect();
        Prepared {
            assembled,
            labels: examples().map(|example| example.label).collect(),
            weights: self.class_weights.map(weights),
            rows,
            examples: indices.to_vec(),
        }
    }

    /// The two halves of a part that did not fit; later parts get no larger. `None` for a single example.
    pub(crate) fn halves(&self, part: &Prepared) -> Option<[Prepared; 2]> {
        let (first, second) = part.examples.split_at(part.examples.len() / 2);
        self.tokens_at_once.fetch_min(part.assembled.input_ids.len().div_ceil(2), Relaxed);
        (!first.is_empty()).then(|| [self.part(first), self.part(second)])
    }

    /// Hand each step's batches to `work`, in order, until it fails.
    pub(crate) fn ahead<'b, E>(
        self,
        steps: impl Iterator<Item = &'b [Vec<usize>]> + Send,
        work: impl FnMut(Vec<Prepared>) -> Result<(), E>,
    ) -> Result<(), E> {
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(STEPS_AHEAD);
            scope.spawn(move || {
                let mut ready = steps.map(|batches| batches.iter().flat_map(|batch| self.batch(batch)).collect());
                ready.try_for_each(|step| sender.send(step)) // fails after `work` has failed
            });
            receiver.into_iter().try_for_each(work)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_come_in_order_until_the_work_fails() {
        let example = |index: u32| Example { id: index.to_string(), label: index as usize, input_ids: vec![5, index] };
        let examples: Vec<Example> = (0..40).map(example).collect();
        let (hundred, nine) = (100.into(), 9.into());
        let preparation = Preparation {
            examples: &examples,
            class_weights: None,
            pad_token_id: 0,
            least_positions: 3,
            uncounted_id: None,
            padding_idx: None,
            tokens_at_once: &hundred,
        };
        let batches: Vec<Vec<usize>> = (0..20).map(|index| vec![39 - index, index]).collect();
        let mut seen = Vec::new();
        let stopped = preparation.ahead(batches.chunks(2), |step| {
            seen.extend(step.iter().map(|batch| batch.labels.clone()));
            if seen.len() < 4 { Ok(()) } else { Err(seen.len()) } // more steps follow than may be prepared in advance
        });
        assert_eq!((stopped, seen.as_slice()), (Err(4), &batches[..4]));
        assert!(preparation.ahead(batches.chunks(2), |_| Ok::<_, ()>(())).is_ok());
        let batch = preparation.part(&[7, 9]);
        assert_eq!(
            (batch.assembled.input_ids.as_slice(), batch.rows.ids()),
            (&[5, 7, 0, 5, 9, 0][..], &[0, 5, 7, 9][..])
        );
        assert_eq!((&batch.weights, batch.weight()), (&None, 2.0));
        let of_class: Vec<f64> = (0..40).map(|class| 0.5 + f64::from(class)).collect();
        let batch = Preparation { class_weights: Some(&of_class), ..preparation }.part(&[7, 9]);
        assert_eq!((batch.weight(), batch.weights), (17.0, Some(vec![7.5, 9.5])));
        let parts = Preparation { tokens_at_once: &nine, ..preparation }.batch(&[0, 1, 2, 3, 4]);
        let labels: Vec<&[usize]> = parts.iter().map(|part| part.labels.as_slice()).collect();
        assert_eq!(labels, [&[0, 1, 2][..], &[3, 4]]); // 15 tokens
        let [first, second] = preparation.halves(&parts[0]).unwrap();
        assert_eq!((first.labels, second.labels.as_slice(), hundred.load(Relaxed)), (vec![0], &[1, 2][..], 5));
        assert!(preparation.halves(&preparation.part(&[3])).is_none());
    }
}
