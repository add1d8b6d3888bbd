//! The order of examples: a pure function of (seed, epoch).

use classifier::batch::bucket_by_length;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Batches whose examples are sorted by length together: similar within a batch, but still a random mixture.
const WINDOW_BATCHES: usize = 16;

/// The batches of one epoch, as indices into the train examples of these `lengths`.
pub(crate) fn batches(lengths: &[usize], batch_size: usize, seed: u64, epoch: usize) -> Vec<Vec<usize>> {
    let mut rng = ChaCha8Rng::seed_from_u64(epoch_seed(seed, epoch));
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    shuffle(&mut order, &mut rng);
    let mut batches = bucket_by_length(&order, lengths, batch_size, WINDOW_BATCHES);
    shuffle(&mut batches, &mut rng);
    batches
}

/// Combine two numbers into one seed.
pub(crate) fn epoch_seed(seed: u64, epoch: usize) -> u64 {
    seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(epoch as u64)
}

/// The seed of dropout in one optimizer step, counted from 0 in its epoch; with it a run can resume within an epoch.
pub(crate) fn step_seed(seed: u64, epoch: usize, step: usize) -> u64 {
    epoch_seed(epoch_seed(seed, epoch), step)
}

/// Fisher & Yates 1938.
fn shuffle<T>(items: &mut [T], rng: &mut ChaCha8Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, (rng.next_u64() % (last as u64 + 1)) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::batches;

    #[test]
    fn an_epoch_sees_every_example_once_in_an_order_of_its_own() {
        let lengths: Vec<usize> = (0..1000).map(|i| i * 7 % 90 + 1).collect();
        let first = batches(&lengths, 32, 42, 1);
        assert_eq!(first, batches(&lengths, 32, 42, 1));
        assert_ne!(first, batches(&lengths, 32, 42, 2));
        assert_ne!(first, batches(&lengths, 32, 43, 1));
        let mut all = first.concat();
        all.sort_unstable();
        assert_eq!(all, (0..1000).collect::<Vec<_>>());
    }
}
