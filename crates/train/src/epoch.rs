//! One pass over the train examples.

use std::time::Instant;

use anyhow::ensure;
use records::Split;
use records::metrics::{Epoch, Metric, Step};

use crate::learner::Sums;
use crate::prepared::Preparation;
use crate::shuffle;
use crate::trainer::Run;

/// Optimizer steps between two lines of `metrics.jsonl`; only then the device is asked for numbers.
const STEPS_PER_LINE: usize = 50;

/// Sums that have been read.
#[derive(Default)]
struct Totals {
    loss: f64,
    correct: i64,
    examples: usize,
}

/// Train one epoch; returns its score on the examples as they were seen.
pub(crate) fn train(run: &mut Run<'_>, epoch: usize) -> anyhow::Result<Epoch> {
    let (work, start) = (&run.learner.input.work, Instant::now());
    let device = run.learner.input.engine.device.clone();
    let (batch_size, seed) = (work.configuration.batch_size, work.configuration.seed);
    device.seed(shuffle::epoch_seed(seed, epoch));
    let batches = shuffle::batches(&run.lengths, batch_size, seed, epoch);
    let (mut sums, mut totals, mut seen) = (Sums::new(&device), Totals::default(), 0);
    let total_steps = run.total_steps();
    run.learner.begin_epoch(epoch);
    let steps = batches.chunks(work.configuration.gradient_accumulation_steps);
    Preparation::new(&run.learner).ahead(steps, |batches| {
        run.learner.step(epoch, total_steps, &batches, &mut sums);
        seen += batches.iter().map(|batch| batch.labels.len()).sum::<usize>();
        if sums.steps == STEPS_PER_LINE || seen == work.train.len() {
            let read = std::mem::replace(&mut sums, Sums::new(&device));
            line(run, epoch, read, &mut totals)?;
        }
        run.progress.set(((epoch - 1) * work.train.len() + seen) as u64);
        anyhow::Ok(())
    })?;
    run.learner.settle();
    fused::release_memory();
    let examples = totals.examples;
    let (loss, accuracy) = (totals.loss / examples as f64, totals.correct as f64 / examples as f64);
    Ok(Epoch { epoch, split: Split::Train, loss, accuracy, examples, seconds: start.elapsed().as_secs_f64() })
}

/// Read the sums, refuse a loss that is none, and write one line.
fn line(run: &mut Run<'_>, epoch: usize, sums: Sums, totals: &mut Totals) -> anyhow::Result<()> {
    let loss_sum = f64::from(sums.loss.into_scalar::<f32>());
    let step = run.learner.optimizer.steps();
    let (id, steps) = (&run.learner.input.work.configuration.id, run.steps_per_epoch());
    ensure!(
        loss_sum.is_finite(),
        "run `{id}`: the loss is no number any more in epoch {epoch}, by step {step}; lower the learning rates; \
         the last complete epoch is kept"
    );
    totals.loss += loss_sum;
    totals.correct += sums.correct.into_scalar::<i64>();
    totals.examples += sums.examples;
    let tokens_per_second = sums.tokens as f64 / sums.since.elapsed().as_secs_f64();
    let loss = loss_sum / sums.examples as f64;
    let accuracy = 100.0 * totals.correct as f64 / totals.examples as f64;
    let within = (step - 1) % steps + 1;
    let said = format!(
        "epoch {epoch}, step {within}/{steps}: loss {loss:.4}, accuracy {accuracy:.1} %, {tokens_per_second:.0} tokens/s"
    );
    log::debug!("{id}: {said}");
    run.progress.message(said);
    run.metrics.write(&Metric::Step(Step { epoch, step, loss, tokens_per_second }))
}
