//! Batches in plain numbers, made ready on another thread while the device is at work.

use std::sync::mpsc::sync_channel;

use classifier::{Assembled, Model};
use fused::adamw::Rows;
use records::shards::Example;

use crate::input::Work;

/// Optimizer steps whose batches may lie ready.
const STEPS_AHEAD: usize = 4;

/// One batch before it is on a device.
pub(crate) struct Prepared {
    pub(crate) assembled: Assembled,
    /// `[B]`
    pub(crate) labels: Vec<usize>,
    /// What it reads of the word table.
    pub(crate) rows: Rows,
}

/// How batches are made ready.
#[derive(Clone, Copy)]
pub(crate) struct Preparation<'a> {
    examples: &'a [Example],
    pad_token_id: u32,
    least_positions: usize,
}

impl<'a> Preparation<'a> {
    /// Of `work`'s train examples, for `model`.
    pub(crate) fn new(work: &'a Work, model: &Model) -> Self {
        let (pad_token_id, least_positions) = (work.manifest.pad_token_id, model.least_positions());
        Preparation { examples: &work.train, pad_token_id, least_positions }
    }

    /// The batch of these examples.
    pub(crate) fn batch(&self, indices: &[usize]) -> Prepared {
        let examples = || indices.iter().map(|&index| &self.examples[index]);
        let sequences: Vec<&[u32]> = examples().map(|example| example.input_ids.as_slice()).collect();
        let assembled = Assembled::new(&sequences, self.pad_token_id, self.least_positions);
        let rows = Rows::of(&assembled.input_ids);
        Prepared { assembled, labels: examples().map(|example| example.label).collect(), rows }
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
                let mut ready = steps.map(|batches| batches.iter().map(|batch| self.batch(batch)).collect());
                ready.try_for_each(|step| sender.send(step)) // fails when nobody wants any more
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
        let preparation = Preparation { examples: &examples, pad_token_id: 0, least_positions: 3 };
        let batches: Vec<Vec<usize>> = (0..20).map(|index| vec![39 - index, index]).collect();
        let mut seen = Vec::new();
        let stopped = preparation.ahead(batches.chunks(2), |step| {
            seen.extend(step.iter().map(|batch| batch.labels.clone()));
            if seen.len() < 14 { Ok(()) } else { Err(seen.len()) }
        });
        assert_eq!((stopped, seen.as_slice()), (Err(14), &batches[..14]));
        let batch = preparation.batch(&[7, 9]);
        assert_eq!(
            (batch.assembled.input_ids.as_slice(), batch.rows.ids()),
            (&[5, 7, 0, 5, 9, 0][..], &[0, 5, 7, 9][..])
        );
    }
}
