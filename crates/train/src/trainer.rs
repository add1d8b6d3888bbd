//! The loop: epochs with scores and checkpoints, then the chosen epoch as a model folder.

use anyhow::{Context, ensure};
use burn::module::Module;
use classifier::{Model, Score, predict};
use console::{Progress, spoken_duration};
use fused::adamw::Optimizer;
use records::metrics::{Begin, End, Epoch, Metric};
use records::run_dir::RunDir;
use records::shards::Example;
use records::{Provenance, Split, peak_memory_bytes, publish};

use crate::checkpoint::{self, Best, Numbers, State};
use crate::epoch;
use crate::input::Input;
use crate::metrics::Metrics;
use crate::optimizer::Recipe;
use crate::published;

/// A run between two epochs.
pub(crate) struct Run<'a> {
    pub(crate) input: &'a Input,
    pub(crate) recipe: Recipe,
    pub(crate) model: Model,
    pub(crate) optimizer: Optimizer,
    pub(crate) metrics: Metrics,
    pub(crate) progress: Progress,
    last: Option<State>,
}

/// Train `input`'s configuration in `folder`, from its last complete epoch on.
pub(crate) fn run(input: &Input, folder: &RunDir) -> anyhow::Result<()> {
    let id = &input.configuration.id;
    if published::is_finished(input, folder) {
        log::info!("{id}: already trained");
        return published::touch(folder); // newer than what it was checked against
    }
    let engine = &input.engine;
    log::info!("{id}: on {} ({}, {} threads)", engine.name, engine.hardware, engine.threads);
    let mut run = Run::resume(input, folder)?;
    for epoch in run.next_epoch()..=input.configuration.epochs {
        run.epoch(epoch, folder)?;
    }
    run.finish(folder)
}

impl<'a> Run<'a> {
    fn resume(input: &'a Input, folder: &RunDir) -> anyhow::Result<Self> {
        let found = checkpoint::newest(folder, input);
        let total = input.train.len() * input.configuration.epochs;
        let progress = Progress::new(total as u64, "examples");
        progress.prefix(&input.configuration.id);
        let recipe = Recipe::new(&input.configuration.optimizer)?;
        let mut optimizer = recipe.optimizer();
        let device = input.engine.device.clone().autodiff();
        let Some((path, state)) = found else {
            let model = published::initial_model(input, &device)?; // before anything is written or removed
            published::clear(folder)?;
            publish::if_changed(&folder.config(), input.configuration.to_json()?.as_bytes())?;
            let mut metrics = Metrics::open(&folder.metrics(), 0)?;
            metrics.write(&Metric::Begin(Box::new(begin(input, &model))))?;
            return Ok(Run { input, recipe, model, optimizer, metrics, progress, last: None });
        };
        log::info!("{}: goes on after epoch {}", input.configuration.id, state.epoch);
        let model = input.definition.saved(&path.join("model.safetensors"), &device)?;
        optimizer.resume(state.step, checkpoint::moments(&path)?, &input.engine.device);
        let mut metrics = Metrics::open(&folder.metrics(), state.metrics_bytes)?;
        state.lines.iter().try_for_each(|line| metrics.write_line(line))?;
        Ok(Run { input, recipe, model, optimizer, metrics, progress, last: Some(state) })
    }

    fn next_epoch(&self) -> usize {
        self.last.as_ref().map_or(0, |state| state.epoch) + 1
    }

    fn epoch(&mut self, epoch: usize, folder: &RunDir) -> anyhow::Result<()> {
        let trained = epoch::train(self, epoch)?;
        let model = self.model.valid();
        let mut scores = vec![trained];
        for (split, examples) in [(Split::Validation, &self.input.validation), (Split::Test, &self.input.test)] {
            if !examples.is_empty() {
                scores.push(self.score(&model, epoch, split, examples));
            }
        }
        self.speak(&scores);
        let id = &self.input.configuration.id;
        ensure!(
            scores.iter().all(|score| score.loss.is_finite()),
            "run `{id}`: the loss is no number any more after epoch {epoch}; lower the learning rates; the last \
             complete epoch is kept"
        );
        self.metrics.sync()?;
        let state = self.state(epoch, scores)?;
        let numbers = Numbers { model: self.model.stored(), moments: self.optimizer.moments() };
        checkpoint::write(folder, &state, numbers)?;
        state.lines.iter().try_for_each(|line| self.metrics.write_line(line))?;
        self.last = Some(state);
        Ok(())
    }

    fn score(&self, model: &Model, epoch: usize, split: Split, examples: &[Example]) -> Epoch {
        let start = std::time::Instant::now();
        let sequences: Vec<&[u32]> = examples.iter().map(|example| example.input_ids.as_slice()).collect();
        let input = self.input;
        let logits = predict(model, &sequences, input.manifest.pad_token_id, &input.engine.device, |_| {});
        let mut score = Score::default();
        examples.iter().zip(&logits).for_each(|(example, logits)| score.add(logits, example.label));
        let seconds = start.elapsed().as_secs_f64();
        Epoch { epoch, split, loss: score.loss(), accuracy: score.accuracy(), examples: score.examples(), seconds }
    }

    fn state(&self, epoch: usize, scores: Vec<Epoch>) -> anyhow::Result<State> {
        let chooses = self.input.chooses();
        let now = scores.iter().filter(|score| score.split == chooses);
        let now = now.map(|score| Best { epoch, accuracy: score.accuracy, loss: score.loss });
        let best = self.last.as_ref().map(|state| state.best).into_iter().chain(now).reduce(Best::or);
        let earlier = self.last.as_ref().map_or(0.0, |state| state.seconds);
        let seconds = earlier + scores.iter().map(|score| score.seconds).sum::<f64>();
        let lines = scores.into_iter().map(|score| serde_json::to_string(&Metric::Epoch(score)));
        Ok(State {
            epoch,
            step: self.optimizer.steps(),
            configuration_sha256: self.input.configuration_sha256.clone(),
            shards_sha256: self.input.shards_sha256.clone(),
            weights_sha256: self.input.weights_sha256.clone(),
            engine: self.input.engine_name(),
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
        let id = &self.input.configuration.id;
        self.progress.suspend(|| log::info!("{id}: epoch {epoch}: {}, {seconds}", words.join(", ")));
    }

    fn finish(mut self, folder: &RunDir) -> anyhow::Result<()> {
        let state = self.last.take().context("a run has at least one epoch")?;
        published::model(self.input, folder, &state)?;
        self.metrics.write(&Metric::End(End {
            epochs: state.epoch,
            best_epoch: state.best.epoch,
            seconds: state.seconds,
            peak_memory_bytes: peak_memory_bytes(),
        }))?;
        self.metrics.sync()?;
        published::stamp(self.input, folder, &state)
    }
}

fn begin(input: &Input, model: &Model) -> Begin {
    let engine = &input.engine;
    Begin {
        run: input.configuration.id.clone(),
        configuration: input.configuration.clone(),
        shards_sha256: input.shards_sha256.clone(),
        provenance: Provenance {
            commit: env!("FATHOM_COMMIT").to_owned(),
            burn: "0.22.1".to_owned(),
            libtorch: fused::libtorch_version(),
            device: engine.name.clone(),
            hardware: engine.hardware.clone(),
            threads: engine.threads,
        },
        parameters: model.num_params(),
        blocks: input.definition.kept.clone(),
        encoder_blocks: input.definition.encoder.num_hidden_layers,
    }
}
