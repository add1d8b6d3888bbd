//! The model in training: one optimizer step on one or more batches.

use std::time::Instant;

use anyhow::Context;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor};
use classifier::{Model, batch, cross_entropy, weighted_cross_entropy};
use console::within_memory;
use fused::adamw::{Gradients, Optimizer};

use crate::checkpoint::Totals;
use crate::embedding_rows::EmbeddingRows;
use crate::inputs::TrainingSetup;
use crate::optimizer::Recipe;
use crate::prepared::{Preparation, Prepared};

/// A model with its optimizer.
pub(crate) struct Learner<'a> {
    pub(crate) setup: &'a TrainingSetup,
    pub(crate) recipe: Recipe,
    pub(crate) model: Model,
    pub(crate) optimizer: Optimizer,
    /// Whether the word table learns by rows: rows that no batch reads cost nothing.
    pub(crate) by_rows: bool,
    /// Tokens that fit a simulated device.
    #[cfg(test)]
    pub(crate) fits: usize,
}

/// Totals that stay on the device until they are read.
#[derive(Clone)]
pub(crate) struct RunningTotals {
    pub(crate) loss: Tensor<1>,
    pub(crate) correct: Tensor<1, Int>,
    pub(crate) examples: usize,
    pub(crate) steps: usize,
    pub(crate) tokens: usize,
    pub(crate) since: Instant,
}

impl<'a> Learner<'a> {
    pub(crate) fn new(setup: &'a TrainingSetup, recipe: Recipe, model: Model, optimizer: Optimizer) -> Self {
        let by_rows = model.word_table().is_some_and(|it| Optimizer::learns_by_rows(&it.table));
        Learner {
            setup,
            recipe,
            model,
            optimizer,
            by_rows,
            #[cfg(test)]
            fits: usize::MAX,
        }
    }

    /// Freeze the layers that the recipe freezes in `epoch`.
    pub(crate) fn begin_epoch(&mut self, epoch: usize) {
        self.model = self.model.clone().frozen(self.recipe.frozen_layers(epoch));
    }

    /// Take one optimizer step of `total_steps` on the examples of all `batches`, as if they were one.
    ///
    /// # Errors
    /// The device lacks the memory for a single example.
    pub(crate) fn step(
        &mut self,
        epoch: usize,
        total_steps: usize,
        batches: &[Prepared],
        running: &mut RunningTotals,
    ) -> anyhow::Result<()> {
        let whole = batches.iter().map(Prepared::weight).sum();
        let mut gradients: Option<Gradients> = None;
        for batch in batches {
            let more = self.backward_in_parts(batch, whole, running)?;
            gradients = Some(match gradients {
                Some(sum) => sum.add(more, &self.model),
                None => more,
            });
        }
        let (gradients, recipe) = (gradients.unwrap_or_default().clipped(self.recipe.clip_norm), &self.recipe);
        let factor = recipe.factor(self.optimizer.steps(), total_steps);
        let (model, optimizer) = (self.model.clone(), &mut self.optimizer);
        let updated = within_memory(|| optimizer.step(model, gradients, |path| recipe.group(path, epoch, factor)));
        self.model = updated.context("the optimizer's state does not fit; keep fewer blocks")?;
        running.steps += 1;
        Ok(())
    }

    /// The preparation of this model's batches.
    pub(crate) fn preparation(&self) -> Preparation<'a> {
        let TrainingSetup { inputs, tokens_at_once, .. } = self.setup;
        Preparation {
            examples: &inputs.train,
            class_weights: inputs.class_weights.as_deref(),
            pad_token_id: inputs.manifest.pad_token_id,
            least_positions: self.model.least_positions(),
            uncounted_id: self.model.uncounted_id(),
            padding_idx: self.model.padding_idx(),
            tokens_at_once,
        }
    }

    /// Apply delayed updates; call this after the last step, before anything else reads the model.
    pub(crate) fn flush(&mut self) {
        self.optimizer.flush(&self.model);
    }

    /// As [`Learner::backward`]; if the batch does not fit the device's memory, it is halved. The gradients add up to the same
    /// except for rounding and dropout.
    fn backward_in_parts(
        &mut self,
        batch: &Prepared,
        whole: f64,
        running: &mut RunningTotals,
    ) -> anyhow::Result<Gradients> {
        let (mut gradients, mut smaller) = (self.try_backward(batch, whole, running), Vec::new());
        if gradients.is_none() {
            smaller.extend(self.halves(batch)?);
        }
        while let Some(part) = smaller.pop() {
            match self.try_backward(&part, whole, running) {
                Some(more) => gradients = Some(gradients.unwrap_or_default().add(more, &self.model)),
                None => smaller.extend(self.halves(&part)?),
            }
        }
        Ok(gradients.unwrap_or_default())
    }

    /// The two halves of a part that does not fit, the second one first.
    fn halves(&self, part: &Prepared) -> anyhow::Result<[Prepared; 2]> {
        let precision = self.setup.inputs.configuration.precision;
        let what = format!("{} texts of {} tokens in all, {precision:?}", part.labels.len(), part.assembled.tokens);
        let [first, second] = self.preparation().halves(part).with_context(|| out_of_memory(&what))?;
        log::warn!("out of memory with {what}; continuing with halves, which changes rounding and dropout");
        Ok([second, first])
    }

    /// As [`Learner::backward`]; `None`, without side effects, if the part does not fit the device's memory.
    fn try_backward(&mut self, part: &Prepared, whole: f64, running: &mut RunningTotals) -> Option<Gradients> {
        let before = running.clone();
        self.model = fused::detach_graph(self.model.clone());
        let gradients = within_memory(|| self.backward(part, whole, running)).ok();
        if gradients.is_none() {
            *running = before;
            if within_memory(|| fused::free_abandoned_graph(&self.model)).is_err() {
                log::debug!("too little memory to free what the failed pass kept");
            }
            fused::release_memory();
        }
        gradients
    }

    /// The gradients of one batch's share of the mean loss over examples that weigh `whole` in all.
    fn backward(&mut self, prepared: &Prepared, whole: f64, running: &mut RunningTotals) -> Gradients {
        let device = self.setup.engine.device.clone().autodiff();
        let mut batch = prepared.assembled.on(&device);
        let (model, rows) = (&self.model, &prepared.rows);
        let read =
            self.by_rows.then(|| EmbeddingRows::of(model, &mut self.optimizer, rows, &mut batch.words)).flatten();
        let (weight, labels) = (prepared.weight(), batch::labels(&prepared.labels, &device));
        let logits = model.forward(&batch);
        let (loss, recorded) = losses(prepared, &logits, &labels, &device);
        running.add(recorded, logits.inner(), labels.inner(), batch.tokens);
        #[cfg(test)]
        assert!(batch.tokens <= self.fits, "CUDA out of memory");
        let share = if weight == whole { loss } else { loss.mul_scalar(weight / whole) };
        let mut found = share.backward();
        let gradients = Gradients::from(GradientsParams::from_module(&mut found, model));
        read.into_iter().fold(gradients, |gradients, read| read.add_to(gradients, &mut found, rows))
    }
}

/// The loss to descend, and the loss to record, in which all examples weigh the same, so that it compares with those of
/// other splits and runs.
fn losses(prepared: &Prepared, logits: &Tensor<2>, labels: &Tensor<1, Int>, device: &Device) -> (Tensor<1>, Tensor<1>) {
    let Some(weights) = &prepared.weights else {
        let loss = cross_entropy(logits.clone(), labels.clone());
        return (loss.clone(), loss.inner());
    };
    let weights = Tensor::from_floats(weights.as_slice(), device);
    let loss = weighted_cross_entropy(logits.clone(), labels.clone(), weights);
    (loss, cross_entropy(logits.clone().inner(), labels.clone().inner()))
}

fn out_of_memory(what: &str) -> String {
    let lower = "lower `max_seq_length`, keep fewer blocks, or use precision `bf16` or another device";
    format!("out of memory with {what}; {lower}")
}

impl RunningTotals {
    pub(crate) fn new(device: &Device) -> Self {
        let (loss, correct) = (Tensor::zeros([1], device), Tensor::zeros([1], device));
        RunningTotals { loss, correct, examples: 0, steps: 0, tokens: 0, since: Instant::now() }
    }

    /// Totals on the device, restored from a checkpoint.
    pub(crate) fn from_totals(totals: Totals, device: &Device) -> Self {
        let loss = Tensor::from_floats([totals.loss as f32], device); // it was an f32
        let correct = Tensor::from_ints([totals.correct], device);
        RunningTotals { loss, correct, examples: totals.examples, ..RunningTotals::new(device) }
    }

    /// Read the numbers from the device.
    pub(crate) fn read(self) -> Totals {
        let (loss, correct) = (f64::from(self.loss.into_scalar::<f32>()), self.correct.into_scalar::<i64>());
        Totals { loss, correct, examples: self.examples }
    }

    /// Add a batch; `loss` is a mean over its examples.
    fn add(&mut self, loss: Tensor<1>, logits: Tensor<2>, labels: Tensor<1, Int>, tokens: usize) {
        let count = labels.dims()[0];
        self.loss = self.loss.clone() + loss.mul_scalar(count as f64);
        let right = logits.argmax(1).reshape([count]).equal(labels).int().sum();
        self.correct = self.correct.clone() + right;
        self.examples += count;
        self.tokens += tokens;
    }
}
