//! The loop: epochs with scores and checkpoints, then the chosen epoch as a model folder.

use anyhow::{Context, ensure};
use burn::module::Module;
use classifier::device::Engine;
use classifier::{Model, Score, predict};
use console::{Progress, spoken_duration};
use records::metrics::{Begin, Epoch, Metric};
use records::run_dir::RunDir;
use records::shards::Example;
use records::{Provenance, Split};

use crate::checkpoint::{self, Best, Numbers, State};
use crate::epoch;
use crate::input::{Input, Work};
use crate::learner::Learner;
use crate::metrics::Metrics;
use crate::optimizer::Recipe;
use crate::published::{self, Outcome};

/// A run between two epochs.
pub(crate) struct Run<'a> {
    pub(crate) learner: Learner<'a>,
    pub(crate) metrics: Metrics,
    pub(crate) progress: Progress,
    /// Of the train examples, in tokens.
    pub(crate) lengths: Vec<usize>,
    last: Option<State>,
}

/// Train `input`'s configuration in `folder`, from its last complete epoch on.
pub(crate) fn run(input: &Input, folder: &RunDir) -> anyhow::Result<()> {
    let id = &input.work.configuration.id;
    let engine = &input.engine;
    log::info!("{id}: on {} ({}, {} threads)", engine.name, engine.hardware, engine.threads);
    let mut run = Run::resume(input, folder)?;
    for epoch in run.next_epoch()..=input.work.configuration.epochs {
        run.epoch(epoch, folder)?;
    }
    run.finish(folder)
}

impl<'a> Run<'a> {
    pub(crate) fn resume(input: &'a Input, folder: &RunDir) -> anyhow::Result<Self> {
        let (work, device) = (&input.work, input.engine.device.clone().autodiff());
        let recipe = Recipe::new(&work.configuration, input.definition.kept.len())?;
        let mut optimizer = recipe.optimizer();
        let (model, metrics, last) = match checkpoint::newest(folder, input) {
            None => {
                let model = published::initial_model(input, &device)?; // before anything is written or removed
                let metrics = published::begin_afresh(work, folder, begin(input, &model))?;
                (model, metrics, None)
            }
            Some((path, state)) => {
                log::info!("{}: goes on after epoch {}", work.configuration.id, state.epoch);
                let model = input.definition.saved(&path.join("model.safetensors"), &device)?;
                optimizer.resume(state.step, checkpoint::moments(&path)?, &input.engine.device);
                let mut metrics = Metrics::open(&folder.metrics(), state.metrics_bytes)?;
                state.lines.iter().try_for_each(|line| metrics.write_line(line))?;
                (model, metrics, Some(state))
            }
        };
        let lengths = work.train.iter().map(|example| example.input_ids.len()).collect();
        let learner = Learner::new(input, recipe, model, optimizer);
        Ok(Run { learner, metrics, progress: progress(work), lengths, last })
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

    fn epoch(&mut self, epoch: usize, folder: &RunDir) -> anyhow::Result<()> {
        let trained = epoch::train(self, epoch)?;
        let work = &self.learner.input.work;
        let model = self.learner.model.valid();
        let mut scores = vec![trained];
        for (split, examples) in [(Split::Validation, &work.validation), (Split::Test, &work.test)] {
            if !examples.is_empty() {
                scores.push(self.score(&model, epoch, split, examples));
            }
        }
        self.speak(&scores);
        let id = &work.configuration.id;
        ensure!(
            scores.iter().all(|score| score.loss.is_finite()),
            "run `{id}`: the loss is no number any more after epoch {epoch}; lower the learning rates; the last \
             complete epoch is kept"
        );
        self.metrics.sync()?;
        let state = self.state(epoch, scores)?;
        let numbers = Numbers { model: self.learner.model.stored(), moments: self.learner.optimizer.moments() };
        checkpoint::write(folder, &state, numbers)?;
        state.lines.iter().try_for_each(|line| self.metrics.write_line(line))?;
        self.last = Some(state);
        Ok(())
    }

    fn score(&self, model: &Model, epoch: usize, split: Split, examples: &[Example]) -> Epoch {
        let start = std::time::Instant::now();
        let sequences: Vec<&[u32]> = examples.iter().map(|example| example.input_ids.as_slice()).collect();
        let input = self.learner.input;
        let logits = predict(model, &sequences, input.work.manifest.pad_token_id, &input.engine.device, |_| {});
        let mut score = Score::default();
        examples.iter().zip(&logits).for_each(|(example, logits)| score.add(logits, example.label));
        let seconds = start.elapsed().as_secs_f64();
        Epoch { epoch, split, loss: score.loss(), accuracy: score.accuracy(), examples: score.examples(), seconds }
    }

    fn state(&self, epoch: usize, scores: Vec<Epoch>) -> anyhow::Result<State> {
        let chooses = self.learner.input.work.chooses();
        let now = scores.iter().filter(|score| score.split == chooses);
        let now = now.map(|score| Best { epoch, accuracy: score.accuracy, loss: score.loss });
        let best = self.last.as_ref().map(|state| state.best).into_iter().chain(now).reduce(Best::or);
        let earlier = self.last.as_ref().map_or(0.0, |state| state.seconds);
        let seconds = earlier + scores.iter().map(|score| score.seconds).sum::<f64>();
        let lines = scores.into_iter().map(|score| serde_json::to_string(&Metric::Epoch(score)));
        Ok(State {
            epoch,
            step: self.learner.optimizer.steps(),
            configuration_sha256: self.learner.input.work.configuration_sha256.clone(),
            shards_sha256: self.learner.input.work.shards_sha256.clone(),
            weights_sha256: self.learner.input.work.weights_sha256.clone(),
            engine: self.learner.input.engine_name(),
            metrics_bytes: self.metrics.bytes(),
            lines: lines.collect::<Result<_, _>>()?,
            best: best.unwrap_or(Best { epoch, accuracy: 0.0, loss: f64::INFINITY }),
            seconds,
        })
    }

    fn speak(&self, scores: &[Epoch]) {
        let of = |score: &Epoch| format!("{} {:.2} % (loss {:.4})", score.split, 100.0 * score.accuracy, score.loss);
        let words: Vec<String> = scores.iter().map(of).collect();
        let (epoch, seconds) = (scores[0].epoch, spoken_duration(scores.iter().map(|score| score.seconds).sum()));
        let id = &self.learner.input.work.configuration.id;
        self.progress.suspend(|| log::info!("{id}: epoch {epoch}: {}, {seconds}", words.join(", ")));
    }

    fn finish(mut self, folder: &RunDir) -> anyhow::Result<()> {
        let state = self.last.take().context("a run has at least one epoch")?;
        published::model(self.learner.input, folder, &state)?;
        published::finish(&self.learner.input.work, folder, &mut self.metrics, &Outcome::of(&state))
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
