//! The loop: epochs with scores and checkpoints, then the chosen epoch as a model folder.

use anyhow::{Context, anyhow, ensure};
use burn::module::Module;
use classifier::{Model, Score, predict_while};
use console::{Interrupted, Progress, format_duration};
use records::Split;
use records::metrics::{Begin, Epoch, Metric, Step, Stopped};
use records::run_dir::RunDir;
use records::shards::Example;
use study::Configuration;

use crate::beginning;
use crate::checkpoint::{self, Best, Numbers, PartialEpoch, State};
use crate::epoch::{EpochProgress, Line};
use crate::inputs::{RunInputs, TrainingSetup};
use crate::learner::Learner;
use crate::metrics::Metrics;
use crate::optimizer::Recipe;
use crate::published::{self, Outcome};
use crate::shuffle;

/// Optimizer steps between two lines of `metrics.jsonl`; only then are numbers read from the device.
const STEPS_PER_LINE: usize = 50;

/// An unfinished run.
pub(crate) struct Run<'a> {
    pub(crate) learner: Learner<'a>,
    metrics: Metrics,
    bar: Progress,
    /// Length of each train example, in tokens.
    lengths: Vec<usize>,
    /// Progress in the next epoch, if it was interrupted.
    interrupted: Option<PartialEpoch>,
    last: Option<State>,
    folder: RunDir,
}

/// Train the configuration of `setup` in `folder`, starting from its newest checkpoint.
pub(crate) fn run(setup: &TrainingSetup, folder: &RunDir) -> anyhow::Result<()> {
    let id = &setup.inputs.configuration.id;
    let engine = &setup.engine;
    log::info!("{id}: on {} ({})", engine.name, engine.hardware_and_threads());
    let mut run = Run::resume(setup, folder)?;
    console::heed_signals().context("installing the handlers of SIGINT and SIGTERM")?;
    for epoch in run.next_epoch()..=setup.inputs.configuration.epochs {
        run.epoch(epoch).map_err(|error| run.record_failure(epoch, error))?;
    }
    run.finish()
}

impl<'a> Run<'a> {
    /// Load the run in `folder` at its newest checkpoint, or start a new one.
    pub(crate) fn resume(setup: &'a TrainingSetup, folder: &RunDir) -> anyhow::Result<Self> {
        let (inputs, device) = (&setup.inputs, setup.engine.device.clone().autodiff());
        let recipe = Recipe::new(&inputs.configuration, setup.definition.kept.len())?;
        let mut optimizer = recipe.optimizer();
        let (model, metrics, last) = match checkpoint::newest(folder, setup) {
            None => {
                let model = beginning::initial_model(setup, &device)?; // before anything is written or removed
                let metrics = beginning::start_run(inputs, folder, begin(setup, &model))?;
                (model, metrics, None)
            }
            Some((path, state)) => {
                log::info!("{}: resumes {}", inputs.configuration.id, state.describe());
                let damaged = || format!("the checkpoint `{}` is damaged; remove it and run again", path.display());
                let model = setup.definition.saved(&path.join("model.safetensors"), &device).with_context(damaged)?;
                let moments = checkpoint::moments(&path).with_context(damaged)?;
                let resumed = optimizer.resume(&model, state.step, moments, &setup.engine.device);
                resumed.map_err(anyhow::Error::msg).with_context(damaged)?;
                let mut metrics = Metrics::open(&folder.metrics(), state.metrics_bytes)?;
                state.lines.iter().try_for_each(|line| metrics.write_line(line))?;
                (model, metrics, Some(state))
            }
        };
        let lengths = inputs.train.iter().map(|example| example.input_ids.len()).collect();
        let learner = Learner::new(setup, recipe, model, optimizer);
        let interrupted = last.as_ref().and_then(|state: &State| state.partial.clone());
        Ok(Run { learner, metrics, bar: bar(inputs), lengths, interrupted, last, folder: folder.clone() })
    }

    fn inputs(&self) -> &'a RunInputs {
        &self.learner.setup.inputs
    }

    /// Optimizer steps in an epoch.
    fn steps_per_epoch(&self) -> usize {
        let configuration = &self.inputs().configuration;
        let batches = self.lengths.len().div_ceil(configuration.batch_size);
        batches.div_ceil(configuration.gradient_accumulation_steps)
    }

    /// Optimizer steps in the whole run.
    fn total_steps(&self) -> usize {
        self.steps_per_epoch() * self.inputs().configuration.epochs
    }

    fn next_epoch(&self) -> usize {
        self.last.as_ref().map_or(0, |state| state.epoch) + 1
    }

    /// Train and score one epoch, and write a checkpoint.
    ///
    /// # Errors
    /// The loss is not finite, memory or disk is full, or the process was interrupted.
    pub(crate) fn epoch(&mut self, epoch: usize) -> anyhow::Result<()> {
        let (inputs, mut progress) = (self.inputs(), self.train(epoch)?);
        let model = self.learner.model.valid();
        let mut scores = vec![progress.score()];
        for (split, examples) in [(Split::Validation, &inputs.validation), (Split::Test, &inputs.test)] {
            if !examples.is_empty() {
                scores.extend(self.score(&model, epoch, split, examples));
            }
        }
        if let Some(interrupted) = console::interruption() {
            let partial = progress.partial(&self.learner.setup.engine.device);
            let partial = PartialEpoch { seconds: scores[0].seconds, ..partial };
            return self.pause(partial).and(Err(interrupted.into()));
        }
        self.log_scores(&scores);
        scores.iter().try_for_each(|score| self.require_finite(score.loss))?;
        self.metrics.sync()?;
        let state = self.state(epoch, scores)?;
        checkpoint::write(&self.folder, &state, &self.numbers())?;
        state.lines.iter().try_for_each(|line| self.metrics.write_line(line))?;
        self.last = Some(state);
        Ok(())
    }

    /// Take the remaining optimizer steps of `epoch`. An interruption writes a checkpoint within the epoch.
    pub(crate) fn train(&mut self, epoch: usize) -> anyhow::Result<EpochProgress> {
        let (setup, device) = (self.learner.setup, self.learner.setup.engine.device.clone());
        let Configuration { batch_size, gradient_accumulation_steps, seed, .. } = setup.inputs.configuration;
        let batches = shuffle::batches(&self.lengths, batch_size, seed, epoch);
        let (total_steps, steps) = (self.total_steps(), self.steps_per_epoch());
        let mut progress = EpochProgress::new(epoch, self.interrupted.take(), &device);
        self.learner.begin_epoch(epoch);
        let left = batches.chunks(gradient_accumulation_steps).skip(progress.steps);
        let outcome = self.learner.preparation().ahead(left, |batches| {
            device.seed(shuffle::step_seed(seed, epoch, progress.steps));
            self.learner.step(epoch, total_steps, &batches, &mut progress.running)?;
            progress.steps += 1;
            if progress.running.steps == STEPS_PER_LINE || progress.steps == steps {
                self.write_line(&mut progress)?;
            }
            self.bar.set(((epoch - 1) * setup.inputs.train.len() + progress.examples()) as u64);
            console::interruption().map_or(Ok(()), |interrupted| Err(anyhow::Error::from(interrupted)))
        });
        self.learner.flush();
        fused::release_memory();
        match outcome {
            Err(error) if error.is::<Interrupted>() => self.pause(progress.partial(&device)).and(Err(error)),
            outcome => outcome.map(|()| progress),
        }
    }

    /// Write a line about the steps since the last line.
    fn write_line(&mut self, progress: &mut EpochProgress) -> anyhow::Result<()> {
        let Line { loss, tokens_per_second } = progress.next_line(&self.learner.setup.engine.device);
        self.require_finite(loss)?;
        let (epoch, step) = (progress.epoch, self.learner.optimizer.steps());
        let message = format!(
            "epoch {epoch}, step {}/{}: loss {loss:.4}, accuracy {:.1} %, {tokens_per_second:.0} tokens/s",
            progress.steps,
            self.steps_per_epoch(),
            100.0 * progress.score().accuracy
        );
        log::debug!("{}: {message}", self.inputs().configuration.id);
        self.bar.message(message);
        self.metrics.write(&Metric::Step(Step { epoch, step, loss, tokens_per_second }))
    }

    fn require_finite(&self, loss: f64) -> anyhow::Result<()> {
        let Learner { recipe, optimizer, .. } = &self.learner;
        let rates = || recipe.describe_rates(recipe.factor(optimizer.steps().saturating_sub(1), self.total_steps()));
        ensure!(loss.is_finite(), "the loss became NaN or infinite at {}; lower them or clip the gradients", rates());
        Ok(())
    }

    /// The failure of `epoch` as one message: the place, the reason, and the checkpoint that is kept. `metrics.jsonl`
    /// records it for `report`. An interruption is not a failure.
    pub(crate) fn record_failure(&mut self, epoch: usize, error: anyhow::Error) -> anyhow::Error {
        if error.is::<Interrupted>() {
            return error;
        }
        let step = self.learner.optimizer.steps();
        let why = format!("epoch {epoch}, step {step}: {error:#}");
        let stopped = Metric::Stopped(Stopped { epoch, step, why: why.clone() });
        self.metrics.write(&stopped).unwrap_or_else(|e| log::warn!("{e:#}"));
        let kept = self.last.as_ref().map_or_else(
            || "no checkpoint was written yet".to_owned(),
            |state| format!("the checkpoint {} is kept", state.describe()),
        );
        anyhow!("run `{}`, {why}; {kept}", self.inputs().configuration.id)
    }

    /// Write a checkpoint within an epoch, unless it exists.
    fn pause(&mut self, partial: PartialEpoch) -> anyhow::Result<()> {
        let newest = self.last.as_ref().and_then(|state| state.partial.as_ref());
        if newest.is_some_and(|newest| newest.steps == partial.steps) {
            return Ok(());
        }
        self.metrics.sync()?;
        let complete = self.last.as_ref().map_or(0, |state| state.epoch);
        let state = State { partial: Some(partial), ..self.state(complete, Vec::new())? };
        checkpoint::write(&self.folder, &state, &self.numbers())
    }

    fn numbers(&self) -> Numbers<'_> {
        Numbers { model: &self.learner.model, optimizer: &self.learner.optimizer }
    }

    /// The score of `model` on `examples`; `None` after an interruption.
    fn score(&self, model: &Model, epoch: usize, split: Split, examples: &[Example]) -> Option<Epoch> {
        let start = std::time::Instant::now();
        let sequences: Vec<&[u32]> = examples.iter().map(|example| example.input_ids.as_slice()).collect();
        let setup = self.learner.setup;
        let (pad_token_id, is_wanted) = (setup.inputs.manifest.pad_token_id, |_| console::interruption().is_none());
        let logits = predict_while(model, &sequences, pad_token_id, &setup.engine.device, is_wanted);
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
        let chooses = self.inputs().chooses();
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
            configuration_sha256: self.inputs().configuration_sha256.clone(),
            shards_sha256: self.inputs().shards_sha256.clone(),
            weights_sha256: self.inputs().weights_sha256.clone(),
            encoder_sha256: Some(self.inputs().encoder_sha256.clone()),
            engine: self.learner.setup.engine_name(),
            metrics_bytes: self.metrics.bytes(),
            lines: lines.collect::<Result<_, _>>()?,
            best: best.unwrap_or(Best { epoch, ..Best::NONE }),
            seconds,
            partial: None,
        })
    }

    fn log_scores(&self, scores: &[Epoch]) {
        let of = |score: &Epoch| format!("{} {:.2} % (loss {:.4})", score.split, 100.0 * score.accuracy, score.loss);
        let words: Vec<String> = scores.iter().map(of).collect();
        let (epoch, seconds) = (scores[0].epoch, format_duration(scores.iter().map(|score| score.seconds).sum()));
        let id = &self.inputs().configuration.id;
        self.bar.suspend(|| log::info!("{id}: epoch {epoch}: {}, {seconds}", words.join(", ")));
    }

    fn finish(mut self) -> anyhow::Result<()> {
        let state = self.last.take().context("a run has at least one epoch")?;
        published::model(self.learner.setup, &self.folder, &state)?;
        published::finish(self.inputs(), &self.folder, &mut self.metrics, &Outcome::of(&state))
    }
}

fn bar(inputs: &RunInputs) -> Progress {
    let bar = Progress::new((inputs.train.len() * inputs.configuration.epochs) as u64, "examples");
    bar.prefix(&inputs.configuration.id);
    bar
}

fn begin(setup: &TrainingSetup, model: &Model) -> Begin {
    Begin {
        run: setup.inputs.configuration.id.clone(),
        configuration: setup.inputs.configuration.clone(),
        shards_sha256: setup.inputs.shards_sha256.clone(),
        provenance: trained::provenance(&setup.engine, env!("FATHOM_COMMIT")),
        parameters: model.num_params(),
        blocks: setup.definition.kept.clone(),
        encoder_blocks: setup.inputs.encoder.num_hidden_layers,
    }
}
