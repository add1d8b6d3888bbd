//! The model in training: one optimizer step on one or more batches.

use std::time::Instant;

use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Int, Tensor};
use classifier::{Model, batch, cross_entropy};
use fused::adamw::Optimizer;

use crate::clipping::{clip, of_those_that_learn};
use crate::input::Input;
use crate::optimizer::Recipe;

/// A model, and what makes it better.
pub(crate) struct Learner<'a> {
    pub(crate) input: &'a Input,
    pub(crate) recipe: Recipe,
    pub(crate) model: Model,
    pub(crate) optimizer: Optimizer,
}

/// Sums that stay on the device until they are read.
pub(crate) struct Sums {
    pub(crate) loss: Tensor<1>,
    pub(crate) correct: Tensor<1, Int>,
    pub(crate) examples: usize,
    pub(crate) steps: usize,
    pub(crate) tokens: usize,
    pub(crate) since: Instant,
}

impl Learner<'_> {
    /// What the recipe freezes in `epoch` gets no gradient from now on.
    pub(crate) fn begin_epoch(&mut self, epoch: usize) {
        self.model = self.model.clone().frozen(self.recipe.frozen_layers(epoch));
    }

    /// One optimizer step, of `total_steps`, on the examples of all `batches`, as if they were one.
    pub(crate) fn step(&mut self, epoch: usize, total_steps: usize, batches: &[Vec<usize>], sums: &mut Sums) {
        let examples = batches.iter().map(Vec::len).sum();
        let mut gradients = GradientsAccumulator::new();
        for batch in batches {
            gradients.accumulate(&self.model, self.backward(batch, examples, sums));
        }
        let (gradients, recipe) = (gradients.grads(), &self.recipe);
        let gradients = match recipe.clip_norm {
            Some(limit) => {
                let learns = |path: &str| recipe.group(path, epoch, 1.0).is_some();
                clip(&self.model, of_those_that_learn(&self.model, gradients, learns), limit)
            }
            None => gradients,
        };
        let factor = recipe.factor(self.optimizer.steps(), total_steps);
        self.model = self.optimizer.step(self.model.clone(), gradients, |path| recipe.group(path, epoch, factor));
        sums.steps += 1;
    }

    /// The gradients of one batch's share of the mean loss over `examples`.
    fn backward(&self, indices: &[usize], examples: usize, sums: &mut Sums) -> GradientsParams {
        let work = &self.input.work;
        let device = self.input.engine.device.clone();
        let tracked = device.clone().autodiff();
        let sequences: Vec<&[u32]> = indices.iter().map(|&index| work.train[index].input_ids.as_slice()).collect();
        let labels: Vec<usize> = indices.iter().map(|&index| work.train[index].label).collect();
        let batch = self.model.batch(&sequences, work.manifest.pad_token_id, &tracked);
        let logits = self.model.forward(&batch);
        let loss = cross_entropy(logits.clone(), batch::labels(&labels, &tracked));
        sums.add(loss.clone().inner(), logits.inner(), batch::labels(&labels, &device), batch.tokens);
        let share =
            if indices.len() == examples { loss } else { loss.mul_scalar(indices.len() as f64 / examples as f64) };
        GradientsParams::from_grads(share.backward(), &self.model)
    }
}

impl Sums {
    pub(crate) fn new(device: &Device) -> Self {
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
        self.tokens += tokens;
    }
}
