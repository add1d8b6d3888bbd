//! The loop: epochs with scores and checkpoints, then the chosen epoch as a model folder.

use anyhow::{Context, anyhow};
use burn::module::Module;
use classifier::device::Engine;
use classifier::{Model, Score, predict_while};
use console::{Progress, spoken_duration};
use records::metrics::{Begin, Epoch, Metric, Stopped};
use records::run_dir::RunDir;
use records::shards::Example;
use records::{Provenance, Split};

use crate::beginning;
use crate::checkpoint::{self, Best, Numbers, State, Within};
use crate::epoch;
use crate::input::{Input, Work};
use crate::learner::Learner;
use crate::metrics::Metrics;
use crate::optimizer::Recipe;
use crate::published::{self, Outcome};

/// A run on its way.
pub(crate) struct Run<'a> {
    pub(crate) learner: Learner<'a>,
    pub(crate) metrics: Metrics,
    pub(crate) progress: Progress,
    /// Of the train examples, in tokens.
    pub(crate) lengths: Vec<usize>,
    /// How far the next epoch has come already, if it was interrupted.
    pub(crate) within: Option<Within>,
    last: Option<State>,
    folder: RunDir,
}

/// Train `input`'s configuration in `folder`, from its last complete epoch on.
pub(crate) fn run(input: &Input, folder: &RunDir) -> anyhow::Result<()> {
    let id = &input.work.configuration.id;
    let engine = &input.engine;
    log::info!("{id}: on {} ({}, {} threads)", engine.name, engine.hardware, engine.threads);
    let mut run = Run::resume(input, folder)?;
    console::heed_signals().context("asking to be told of SIGINT and SIGTERM")?;
    for epoch in run.next_epoch()..=input.work.configuration.epochs {
        run.epoch(epoch)?;
    }
    run.finish()
}

impl<'a> Run<'a> {
    pub(crate) fn resume(input: &'a Input, folder: &RunDir) -> anyhow::Result<Self> {
        let (work, device) = (&input.work, input.engine.device.clone().autodiff());
        let recipe = Recipe::new(&work.configuration, input.definition.kept.len())?;
        let mut optimizer = recipe.optimizer();
        let (model, metrics, last) = match checkpoint::newest(folder, input) {
            None => {
                let model = beginning::initial_model(input, &device)?; // before anything is written or removed
                let metrics = beginning::begin_afresh(work, folder, begin(input, &model))?;
                (model, metrics, None)
            }
            Some((path, state)) => {
                log::info!("{}: goes on {}", work.configuration.id, state.spoken());
                let damaged = || format!("the checkpoint `{}` is damaged; remove it and run again", path.display());
                let model = input.definition.saved(&path.join("model.safetensors"), &device).with_context(damaged)?;
                let moments = checkpoint::moments(&path).with_context(damaged)?;
                let resumed = optimizer.resume(&model, state.step, moments, &input.engine.device);
                resumed.map_err(anyhow::Error::msg).with_context(damaged)?;
                let mut metrics = Metrics::open(&folder.metrics(), state.metrics_bytes)?;
                state.lines.iter().try_for_each(|line| metrics.write_line(line))?;
                (model, metrics, Some(state))
            }
        };
        let lengths = work.train.iter().map(|example| example.input_ids.len()).collect();
        let learner = Learner::new(input, recipe, model, optimizer);
        let within = last.as_ref().and_then(|state: &State| state.within.clone());
        Ok(Run { learner, metrics, progress: progress(work), lengths, within, last, folder: folder.clone() })
    }

    /// Optimizer steps in an epoch.
    pub(crate) fn steps_per_epoch(&self) -> usize {
        let configuration = &self.learner.input.work.configuration;
        let batches = self.lengths.len().div_ceil(configuration.batch_size);
        batches.div_ceil(configuration.gradient_accumulation_steps)
    }

    /// Optimizer steps in the whole run.
    pub(crate) fn total_steps(&self) -> usize {
        self.steps_per_epoch() * self.learner.input.work.configuration.epochs
    }

    fn next_epoch(&self) -> usize {
        self.last.as_ref().map_or(0, |state| state.epoch) + 1
    }

    fn epoch(&mut self, epoch: usize) -> anyhow::Result<()> {
        let mut course = epoch::train(self, epoch)?;
        let work = &self.learner.input.work;
        let model = self.learner.model.valid();
        let mut scores = vec![course.score()];
        for (split, examples) in [(Split::Validation, &work.validation), (Split::Test, &work.test)] {
            if !examples.is_empty() {
                scores.extend(self.score(&model, epoch, split, examples));
            }
        }
        if let Some(interrupted) = console::interruption() {
            let within = Within { seconds: scores[0].seconds, ..course.within(&self.learner.input.engine.device) };
            return self.pause(within).and(Err(interrupted.into()));
        }
        self.speak(&scores);
        if !scores.iter().all(|score| score.loss.is_finite()) {
            return Err(self.no_number(epoch));
        }
        self.metrics.sync()?;
        let state = self.state(epoch, scores)?;
        checkpoint::write(&self.folder, &state, &self.numbers())?;
        state.lines.iter().try_for_each(|line| self.metrics.write_line(line))?;
        self.last = Some(state);
        Ok(())
    }

    /// The error of a loss that is none.
    pub(crate) fn no_number(&mut self, epoch: usize) -> anyhow::Error {
        let factor = self.learner.recipe.factor(self.learner.optimizer.steps().saturating_sub(1), self.total_steps());
        let rates = self.learner.recipe.spoken_rates(factor);
        self.stopped(
            epoch,
            anyhow!("the loss is no number any more, at {rates}; lower the rates or clip the gradients"),
        )
    }

    /// `error` with the place of it and what is kept; the stream says it too, for whoever reports on the study.
    pub(crate) fn stopped(&mut self, epoch: usize, error: anyhow::Error) -> anyhow::Error {
        let step = self.learner.optimizer.steps();
        let why = format!("epoch {epoch}, step {step}: {error:#}");
        let stopped = Metric::Stopped(Stopped { epoch, step, why: why.clone() });
        self.metrics.write(&stopped).unwrap_or_else(|e| log::warn!("{e:#}"));
        let kept = self.last.as_ref().map_or_else(
            || "no checkpoint was made yet".to_owned(),
            |state| format!("the checkpoint {} is kept", state.spoken()),
        );
        anyhow!("run `{}`, {why}; {kept}", self.learner.input.work.configuration.id)
    }

    /// Leave a checkpoint in the middle of an epoch, unless it is there already.
    pub(crate) fn pause(&mut self, within: Within) -> anyhow::Result<()> {
        let there = self.last.as_ref().and_then(|state| state.within.as_ref());
        if there.is_some_and(|there| there.steps == within.steps) {
            return Ok(());
        }
        self.metrics.sync()?;
        let complete = self.last.as_ref().map_or(0, |state| state.epoch);
        let state = State { within: Some(within), ..self.state(complete, Vec::new())? };
        checkpoint::write(&self.folder, &state, &self.numbers())
    }

    fn numbers(&self) -> Numbers<'_> {
        Numbers { model: &self.learner.model, optimizer: &self.learner.optimizer }
    }

    /// Nothing if somebody asked to stop meanwhile.
    fn score(&self, model: &Model, epoch: usize, split: Split, examples: &[Example]) -> Option<Epoch> {
        let start = std::time::Instant::now();
        let sequences: Vec<&[u32]> = examples.iter().map(|example| example.input_ids.as_slice()).collect();
        let input = self.learner.input;
        let (pad_token_id, go_on) = (input.work.manifest.pad_token_id, |_| console::interruption().is_none());
        let logits = predict_while(model, &sequences, pad_token_id, &input.engine.device, go_on);
        if console::interruption().is_some() {
            return None;
        }
        let mut score = Score::default();
        examples.iter().zip(&logits).for_each(|(example, logits)| score.add(logits, example.label));
        let seconds = start.elapsed().as_secs_f64();
        let (loss, accuracy, examples) = (score.loss(), score.accuracy(), score.examples());
        Some(Epoch { epoch, split, loss, accuracy, examples, seconds })
    }

    fn state(&self, epoch: usize, scores: Vec<Epoch>) -> anyhow::Result<State> {
        let chooses = self.learner.input.work.chooses();
        let now = scores.iter().filter(|score| score.split == chooses);
        let now = now.map(|score| Best { epoch, accuracy: score.accuracy, loss: score.loss });
        let before = self.last.as_ref().map(|state| state.best).filter(|best| best.epoch > 0);
        let best = before.into_iter().chain(now).reduce(Best::or);
        let earlier = self.last.as_ref().map_or(0.0, |state| state.seconds);
        let seconds = earlier + scores.iter().map(|score| score.seconds).sum::<f64>();
        let lines = scores.into_iter().map(|score| serde_json::to_string(&Metric::Epoch(score)));
        Ok(State {
            epoch,
            step: self.learner.optimizer.steps(),
            configuration_sha256: self.learner.input.work.configuration_sha256.clone(),
            shards_sha256: self.learner.input.work.shards_sha256.clone(),
            weights_sha256: self.learner.input.work.weights_sha256.clone(),
            encoder_sha256: Some(self.learner.input.work.encoder_sha256.clone()),
            engine: self.learner.input.engine_name(),
            metrics_bytes: self.metrics.bytes(),
            lines: lines.collect::<Result<_, _>>()?,
            best: best.unwrap_or(Best { epoch, ..Best::NONE }),
            seconds,
            within: None,
        })
    }

    fn speak(&self, scores: &[Epoch]) {
        let of = |score: &Epoch| format!("{} {:.2} % (loss {:.4})", score.split, 100.0 * score.accuracy, score.loss);
        let words: Vec<String> = scores.iter().map(of).collect();
        let (epoch, seconds) = (scores[0].epoch, spoken_duration(scores.iter().map(|score| score.seconds).sum()));
        let id = &self.learner.input.work.configuration.id;
        self.progress.suspend(|| log::info!("{id}: epoch {epoch}: {}, {seconds}", words.join(", ")));
    }

    fn finish(mut self) -> anyhow::Result<()> {
        let state = self.last.take().context("a run has at least one epoch")?;
        published::model(self.learner.input, &self.folder, &state)?;
        published::finish(&self.learner.input.work, &self.folder, &mut self.metrics, &Outcome::of(&state))
    }
}

fn progress(work: &Work) -> Progress {
    let progress = Progress::new((work.train.len() * work.configuration.epochs) as u64, "examples");
    progress.prefix(&work.configuration.id);
    progress
}

fn begin(input: &Input, model: &Model) -> Begin {
    let Engine { name, hardware, threads, .. } = &input.engine;
    Begin {
        run: input.work.configuration.id.clone(),
        configuration: input.work.configuration.clone(),
        shards_sha256: input.work.shards_sha256.clone(),
        provenance: Provenance {
            commit: env!("FATHOM_COMMIT").to_owned(),
            burn: "0.22.1".to_owned(),
            libtorch: fused::libtorch_version(),
            device: name.clone(),
            hardware: hardware.clone(),
            threads: *threads,
        },
        parameters: model.num_params(),
        blocks: input.definition.kept.clone(),
        encoder_blocks: input.work.encoder.num_hidden_layers,
    }
}
