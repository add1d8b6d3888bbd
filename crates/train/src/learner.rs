//! The model in training: one optimizer step on one or more batches.

use std::time::Instant;

use anyhow::Context;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor};
use classifier::{Model, batch, cross_entropy};
use console::within_memory;
use fused::adamw::{Gradients, Optimizer};

use crate::checkpoint::Tally;
use crate::input::Input;
use crate::optimizer::Recipe;
use crate::prepared::{Preparation, Prepared};
use crate::replay::{Learning, Outcome, Replays};
use crate::words::ReadWords;

/// A model, and what makes it better.
pub(crate) struct Learner<'a> {
    pub(crate) input: &'a Input,
    pub(crate) recipe: Recipe,
    pub(crate) model: Model,
    pub(crate) optimizer: Optimizer,
    /// Whether the word table learns by rows: then those that no batch reads cost nothing.
    pub(crate) by_rows: bool,
    /// Steps that the device does by itself, if it can.
    pub(crate) replays: Option<Replays>,
    /// Tokens that a pretended device has memory for.
    #[cfg(test)]
    pub(crate) fits: usize,
}

/// Sums that stay on the device until they are read.
#[derive(Clone)]
pub(crate) struct Sums {
    pub(crate) loss: Tensor<1>,
    pub(crate) correct: Tensor<1, Int>,
    pub(crate) examples: usize,
    pub(crate) steps: usize,
    pub(crate) tokens: usize,
    pub(crate) since: Instant,
}

impl<'a> Learner<'a> {
    pub(crate) fn new(input: &'a Input, recipe: Recipe, model: Model, optimizer: Optimizer) -> Self {
        let by_rows = model.word_table().is_some_and(|it| Optimizer::learns_by_rows(&it.table));
        Learner {
            input,
            recipe,
            model,
            optimizer,
            by_rows,
            replays: Replays::new(input),
            #[cfg(test)]
            fits: usize::MAX,
        }
    }

    /// What the recipe freezes in `epoch` gets no gradient from now on; the batches to come are of these `lengths`.
    pub(crate) fn begin_epoch(&mut self, epoch: usize, lengths: impl Iterator<Item = Vec<usize>>) {
        let frozen = self.recipe.frozen_layers(epoch);
        self.model = self.model.clone().frozen(frozen);
        if let Some(replays) = &mut self.replays {
            replays.begin(frozen, lengths);
        }
    }

    /// One optimizer step, of `total_steps`, on the examples of all `batches`, as if they were one.
    ///
    /// # Errors
    /// The device has not even memory for one example at a time.
    pub(crate) fn step(
        &mut self,
        epoch: usize,
        total_steps: usize,
        batches: &[Prepared],
        sums: &mut Sums,
    ) -> anyhow::Result<()> {
        if let [batch] = batches
            && let Some(outcome) = self.replayed(epoch, total_steps, batch)
        {
            sums.add(outcome, batch.labels.len(), batch.assembled.tokens);
            sums.steps += 1;
            return Ok(());
        }
        let examples = batches.iter().map(|batch| batch.labels.len()).sum();
        let mut gradients: Option<Gradients> = None;
        for batch in batches {
            let more = self.backward_in_parts(batch, examples, sums)?;
            gradients = Some(match gradients {
                Some(sum) => sum.add(more, &self.model),
                None => more,
            });
        }
        let (gradients, recipe) = (gradients.unwrap_or_default().clipped(self.recipe.clip_norm), &self.recipe);
        let factor = recipe.factor(self.optimizer.steps(), total_steps);
        let (model, optimizer) = (self.model.clone(), &mut self.optimizer);
        let better = within_memory(|| optimizer.step(model, gradients, |path| recipe.group(path, epoch, factor)));
        self.model = better.context("the optimizer's numbers do not fit; keep fewer blocks")?;
        self.replays.iter_mut().for_each(Replays::warm_up);
        sums.steps += 1;
        Ok(())
    }

    /// The step on `batch`, if it is done by replaying one; where there is no memory to record any, none is from now on.
    fn replayed(&mut self, epoch: usize, total_steps: usize, batch: &Prepared) -> Option<Outcome> {
        let mut replays = self.replays.take()?;
        self.model = fused::renewed(self.model.clone());
        let factor = self.recipe.factor(self.optimizer.steps(), total_steps);
        let Learner { model, optimizer, recipe, .. } = self;
        let outcome = within_memory(|| replays.step(batch, Learning { model, optimizer, recipe, epoch, factor }));
        if outcome.is_err() {
            drop(replays);
            self.forget_abandoned();
            log::warn!("there is no memory to record steps for the device to replay: each is computed anew");
            return None;
        }
        self.replays = Some(replays);
        outcome.ok().flatten()
    }

    /// To be called after the last step, before anything else reads the model.
    pub(crate) fn settle(&mut self) {
        self.optimizer.settle(&self.model);
    }

    /// As [`Learner::backward`]; where the device's memory does not suffice, by halves: the gradients add up to the same but
    /// for rounding, and for what dropout draws.
    fn backward_in_parts(&mut self, whole: &Prepared, examples: usize, sums: &mut Sums) -> anyhow::Result<Gradients> {
        let (mut gradients, mut smaller) = (self.tried(whole, examples, sums), Vec::new());
        if gradients.is_none() {
            smaller.extend(self.halves(whole)?);
        }
        while let Some(part) = smaller.pop() {
            match self.tried(&part, examples, sums) {
                Some(more) => gradients = Some(gradients.unwrap_or_default().add(more, &self.model)),
                None => smaller.extend(self.halves(&part)?),
            }
        }
        Ok(gradients.unwrap_or_default())
    }

    /// The two halves of what was too much, the second one first.
    fn halves(&self, part: &Prepared) -> anyhow::Result<[Prepared; 2]> {
        let precision = self.input.work.configuration.precision;
        let what = format!("{} texts of {} tokens in all, {precision:?}", part.labels.len(), part.assembled.tokens);
        let [first, second] = Preparation::new(self).halves(part).with_context(|| too_much(&what))?;
        log::warn!(
            "too much for the device's memory at once: {what}; goes on by halves, which changes rounding and draws"
        );
        Ok([second, first])
    }

    /// As [`Learner::backward`]; nothing, and everything as before, if the device's memory does not suffice.
    fn tried(&mut self, part: &Prepared, examples: usize, sums: &mut Sums) -> Option<Gradients> {
        let before = sums.clone();
        self.model = fused::renewed(self.model.clone());
        let gradients = within_memory(|| self.backward(part, examples, sums)).ok();
        if gradients.is_none() {
            *sums = before;
            self.forget_abandoned();
        }
        gradients
    }

    /// Let go of what a pass kept that came to no end.
    fn forget_abandoned(&self) {
        if within_memory(|| fused::forget_abandoned(&self.model)).is_err() {
            log::debug!("nor is there memory to let go of what that pass kept");
        }
        fused::release_memory();
    }

    /// The gradients of one batch's share of the mean loss over `examples`.
    fn backward(&mut self, prepared: &Prepared, examples: usize, sums: &mut Sums) -> Gradients {
        let device = self.input.engine.device.clone().autodiff();
        let mut batch = prepared.assembled.on(&device);
        let (model, rows) = (&self.model, &prepared.rows);
        let read = self.by_rows.then(|| ReadWords::of(model, &mut self.optimizer, rows, &mut batch.words)).flatten();
        let (count, labels) = (prepared.labels.len(), batch::labels(&prepared.labels, &device));
        let logits = model.forward(&batch);
        let loss = cross_entropy(logits.clone(), labels.clone());
        let right = logits.inner().argmax(1).reshape([count]).equal(labels.inner()).int();
        sums.add(Outcome { loss: loss.clone().inner(), correct: right.sum() }, count, batch.tokens);
        #[cfg(test)]
        assert!(batch.tokens <= self.fits, "CUDA out of memory");
        let share = if count == examples { loss } else { loss.mul_scalar(count as f64 / examples as f64) };
        let mut found = share.backward();
        let whole = Gradients::from(GradientsParams::from_module(&mut found, model));
        read.into_iter().fold(whole, |whole, read| read.add_to(whole, &mut found, rows))
    }
}

fn too_much(what: &str) -> String {
    let lower = "lower `max_seq_length`, keep fewer blocks, use precision `bf16`, or another device";
    format!("out of memory with {what}; {lower}")
}

impl Sums {
    pub(crate) fn new(device: &Device) -> Self {
        let (loss, correct) = (Tensor::zeros([1], device), Tensor::zeros([1], device));
        Sums { loss, correct, examples: 0, steps: 0, tokens: 0, since: Instant::now() }
    }

    /// As they were when they were read.
    pub(crate) fn from_tally(tally: Tally, device: &Device) -> Self {
        let loss = Tensor::from_floats([tally.loss as f32], device); // it was one
        let correct = Tensor::from_ints([tally.correct], device);
        Sums { loss, correct, examples: tally.examples, ..Sums::new(device) }
    }

    /// Ask the device for the numbers.
    pub(crate) fn read(self) -> Tally {
        let (loss, correct) = (f64::from(self.loss.into_scalar::<f32>()), self.correct.into_scalar::<i64>());
        Tally { loss, correct, examples: self.examples }
    }

    /// Of a batch of `count` examples.
    fn add(&mut self, Outcome { loss, correct }: Outcome, count: usize, tokens: usize) {
        self.loss = self.loss.clone() + loss.mul_scalar(count as f64);
        self.correct = self.correct.clone() + correct;
        self.examples += count;
        self.tokens += tokens;
    }
}
