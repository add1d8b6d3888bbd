//! One pass over the train examples.

use std::time::Instant;

use anyhow::ensure;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor};
use classifier::{Batch, batch, cross_entropy};
use records::Split;
use records::metrics::{Epoch, Metric, Step};
use records::shards::Example;

use crate::shuffle;
use crate::trainer::Run;

/// Optimizer steps between two lines of `metrics.jsonl`; only then the device is asked for numbers.
const STEPS_PER_LINE: usize = 50;

/// Sums that stay on the device until they are read.
struct Sums {
    loss: Tensor<1>,
    correct: Tensor<1, Int>,
    examples: usize,
    steps: usize,
    tokens: usize,
    since: Instant,
}

/// Sums that have been read.
#[derive(Default)]
struct Totals {
    loss: f64,
    correct: i64,
    examples: usize,
}

/// Train one epoch; returns its score on the examples as they were seen.
pub(crate) fn train(run: &mut Run<'_>, epoch: usize) -> anyhow::Result<Epoch> {
    let (input, start) = (run.input, Instant::now());
    let device = input.engine.device.clone();
    let lengths: Vec<usize> = input.train.iter().map(|example| example.input_ids.len()).collect();
    let (batch_size, seed) = (input.configuration.batch_size, input.configuration.seed);
    device.seed(shuffle::epoch_seed(seed, epoch));
    let batches = shuffle::batches(&lengths, batch_size, seed, epoch);
    let (mut sums, mut totals) = (Sums::new(&device), Totals::default());
    for (index, indices) in batches.iter().enumerate() {
        let examples: Vec<&Example> = indices.iter().map(|&index| &input.train[index]).collect();
        step(run, &examples, &mut sums);
        if sums.steps == STEPS_PER_LINE || index + 1 == batches.len() {
            let read = std::mem::replace(&mut sums, Sums::new(&device));
            line(run, epoch, batches.len(), read, &mut totals)?;
        }
        run.progress.set(((epoch - 1) * input.train.len() + (index * batch_size) + indices.len()) as u64);
    }
    let examples = totals.examples;
    let (loss, accuracy) = (totals.loss / examples as f64, totals.correct as f64 / examples as f64);
    Ok(Epoch { epoch, split: Split::Train, loss, accuracy, examples, seconds: start.elapsed().as_secs_f64() })
}

fn step(run: &mut Run<'_>, examples: &[&Example], sums: &mut Sums) {
    let device = run.input.engine.device.clone();
    let tracked = device.clone().autodiff();
    let sequences: Vec<&[u32]> = examples.iter().map(|example| example.input_ids.as_slice()).collect();
    let batch = Batch::new(&sequences, run.input.manifest.pad_token_id, &tracked);
    let labels: Vec<usize> = examples.iter().map(|example| example.label).collect();
    let logits = run.model.forward(&batch);
    let loss = cross_entropy(logits.clone(), batch::labels(&labels, &tracked));
    let gradients = GradientsParams::from_grads(loss.backward(), &run.model);
    let (model, recipe) = (run.model.clone(), &run.recipe);
    run.model = run.optimizer.step(model, gradients, |path| recipe.group(path));
    sums.add(loss.inner(), logits.inner(), batch::labels(&labels, &device), batch.tokens);
}

/// Read the sums, refuse a loss that is none, and write one line.
fn line(run: &mut Run<'_>, epoch: usize, steps: usize, sums: Sums, totals: &mut Totals) -> anyhow::Result<()> {
    let loss_sum = f64::from(sums.loss.into_scalar::<f32>());
    let step = run.optimizer.steps();
    let id = &run.input.configuration.id;
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

impl Sums {
    fn new(device: &Device) -> Self {
        let (loss, correct) = (Tensor::zeros([1], device), Tensor::zeros([1], device));
        Sums { loss, correct, examples: 0, steps: 0, tokens: 0, since: Instant::now() }
    }

    /// `loss` is a mean over the batch; the sum is over examples.
    fn add(&mut self, loss: Tensor<1>, logits: Tensor<2>, labels: Tensor<1, Int>, tokens: usize) {
        let count = labels.dims()[0];
        self.loss = self.loss.clone() + loss.mul_scalar(count as f64);
        let right = logits.argmax(1).reshape([count]).equal(labels).int().sum();
        self.correct = self.correct.clone() + right;
        self.examples += count;
        self.steps += 1;
        self.tokens += tokens;
    }
}
