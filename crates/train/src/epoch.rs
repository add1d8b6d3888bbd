//! One pass over the train examples.

use std::time::{Duration, Instant};

use burn::tensor::Device;
use console::Interrupted;
use records::Split;
use records::metrics::{Epoch, Metric, Step};

use crate::checkpoint::{Tally, Within};
use crate::learner::Sums;
use crate::prepared::Preparation;
use crate::shuffle;
use crate::trainer::Run;

/// Optimizer steps between two lines of `metrics.jsonl`; only then the device is asked for numbers.
const STEPS_PER_LINE: usize = 50;

/// An epoch on its way.
pub(crate) struct Course {
    epoch: usize,
    steps: usize,
    written: Tally,
    sums: Sums,
    start: Instant,
}

/// Train one epoch, or what is left of it; the course tells its score on the examples as they were seen.
///
/// # Errors
/// The loss is no number, a line cannot be written, or somebody asked to stop: then a checkpoint tells how far it came.
pub(crate) fn train(run: &mut Run<'_>, epoch: usize) -> anyhow::Result<Course> {
    let (work, device) = (&run.learner.input.work, run.learner.input.engine.device.clone());
    let (configuration, seed) = (&work.configuration, work.configuration.seed);
    let batches = shuffle::batches(&run.lengths, configuration.batch_size, seed, epoch);
    let (total_steps, steps) = (run.total_steps(), run.steps_per_epoch());
    let mut course = Course::new(epoch, run.within.take(), &device);
    let left = batches.chunks(configuration.gradient_accumulation_steps).skip(course.steps);
    let lengths = |batch: &Vec<usize>| batch.iter().map(|&example| run.lengths[example]).collect();
    run.learner.begin_epoch(epoch, left.clone().flatten().map(lengths));
    let outcome: anyhow::Result<()> = Preparation::new(&run.learner).ahead(left, |batches| {
        device.seed(shuffle::step_seed(seed, epoch, course.steps));
        run.learner.step(epoch, total_steps, &batches, &mut course.sums).map_err(|e| run.stopped(epoch, e))?;
        course.steps += 1;
        if course.sums.steps == STEPS_PER_LINE || course.steps == steps {
            course.line(run, &device)?;
        }
        let seen = course.written.examples + course.sums.examples;
        run.progress.set(((epoch - 1) * work.train.len() + seen) as u64);
        console::interruption().map_or(Ok(()), |interrupted| Err(interrupted.into()))
    });
    run.learner.settle();
    fused::release_memory();
    match outcome {
        Err(error) if error.is::<Interrupted>() => run.pause(course.within(&device)).and(Err(error)),
        outcome => outcome.map(|()| course),
    }
}

impl Course {
    fn new(epoch: usize, within: Option<Within>, device: &Device) -> Self {
        let Some(within) = within else {
            let (written, sums) = (Tally::default(), Sums::new(device));
            return Course { epoch, steps: 0, written, sums, start: Instant::now() };
        };
        let Within { steps, written, unwritten, unwritten_steps, unwritten_tokens, .. } = within;
        let (start, since) = (before_now(within.seconds), before_now(within.unwritten_seconds));
        let sums = Sums::from_tally(unwritten, device);
        let sums = Sums { steps: unwritten_steps, tokens: unwritten_tokens, since, ..sums };
        Course { epoch, steps, written, sums, start }
    }

    /// The score on the examples as they were seen.
    pub(crate) fn score(&self) -> Epoch {
        let Tally { loss, correct, examples } = self.written;
        let (loss, accuracy) = (loss / examples as f64, correct as f64 / examples as f64);
        let seconds = self.start.elapsed().as_secs_f64();
        Epoch { epoch: self.epoch, split: Split::Train, loss, accuracy, examples, seconds }
    }

    /// How far it has come.
    pub(crate) fn within(&mut self, device: &Device) -> Within {
        let sums = std::mem::replace(&mut self.sums, Sums::new(device));
        Within {
            steps: self.steps,
            written: self.written,
            unwritten_steps: sums.steps,
            unwritten_tokens: sums.tokens,
            unwritten_seconds: sums.since.elapsed().as_secs_f64(),
            unwritten: sums.read(),
            seconds: self.start.elapsed().as_secs_f64(),
        }
    }

    /// Read the sums, refuse a loss that is none, and write one line.
    fn line(&mut self, run: &mut Run<'_>, device: &Device) -> anyhow::Result<()> {
        let sums = std::mem::replace(&mut self.sums, Sums::new(device));
        let tokens_per_second = sums.tokens as f64 / sums.since.elapsed().as_secs_f64();
        let (epoch, step, now) = (self.epoch, run.learner.optimizer.steps(), sums.read());
        if !now.loss.is_finite() {
            return Err(run.no_number(epoch));
        }
        let (id, steps) = (&run.learner.input.work.configuration.id, run.steps_per_epoch());
        self.written.add(now);
        let loss = now.loss / now.examples as f64;
        let accuracy = 100.0 * self.written.correct as f64 / self.written.examples as f64;
        let within = (step - 1) % steps + 1;
        let said = format!(
            "epoch {epoch}, step {within}/{steps}: loss {loss:.4}, accuracy {accuracy:.1} %, {tokens_per_second:.0} tokens/s"
        );
        log::debug!("{id}: {said}");
        run.progress.message(said);
        run.metrics.write(&Metric::Step(Step { epoch, step, loss, tokens_per_second }))
    }
}

fn before_now(seconds: f64) -> Instant {
    let now = Instant::now();
    now.checked_sub(Duration::try_from_secs_f64(seconds).unwrap_or_default()).unwrap_or(now)
}
