//! Measure the time per answer on this device: one example at a time, and in batches.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use bert::Config;
use classifier::device::Engine;
use console::Progress;
use records::shards::Example;
use records::{Latency, Provenance, Split, jsonl};

use trained::{Trained, provenance};

use crate::split;

/// Answers before the measurement: the first ones touch memory and select kernels.
const WARM_UP: usize = 16;

/// Upper and lower bounds on single answers and on batches; after [`LONG`], no new one starts once the lower bound is
/// met.
const SINGLE: usize = 200;
const LEAST_SINGLE: usize = 20;
const BATCHES: usize = 10;
const LEAST_BATCHES: usize = 2;
const LONG: Duration = Duration::from_secs(20);
const BATCH_SIZE: usize = 32;

/// Measure with test examples of the shards that the run was trained on, and write the record.
pub(crate) fn measure(chosen: &Trained, folder: &Path, engine: &Engine, output: &mut impl Write) -> anyhow::Result<()> {
    let (manifest, examples) = split::examples(chosen, folder, Split::Test)?;
    let sample = spread(&examples, BATCHES * BATCH_SIZE);
    let progress = Progress::new((SINGLE + BATCHES) as u64, "measurements");
    progress.prefix(&chosen.name);
    let answer = |sequences: &[&[u32]]| {
        progress.add(1);
        let start = Instant::now();
        let logits = chosen.answers.logits(sequences, manifest.pad_token_id, engine, |_| {});
        logits.map(|_| start.elapsed())
    };
    sample.iter().take(WARM_UP).try_for_each(|example| answer(&[example]).map(drop))?;
    let singles = spread(&sample, SINGLE);
    let mut single = timed(singles.iter().map(std::slice::from_ref), LEAST_SINGLE, answer)?;
    let batches = timed(sample.chunks(BATCH_SIZE.min(sample.len())), LEAST_BATCHES, answer)?;
    let mean_tokens = singles.iter().map(|example| example.len()).sum::<usize>() as f64 / singles.len() as f64;
    let in_batches = batches.len() * BATCH_SIZE.min(sample.len());
    let in_batches = in_batches.min(sample.len()) as f64;
    single.sort_unstable();
    let record = Latency {
        run: chosen.name.clone(),
        provenance: Provenance {
            device: chosen.answers.device(engine).to_owned(),
            ..provenance(engine, env!("FATHOM_COMMIT"))
        },
        warm_up: WARM_UP.min(sample.len()),
        repetitions: single.len(),
        mean_tokens,
        p50_seconds: rank(&single, 0.5),
        p95_seconds: rank(&single, 0.95),
        examples_per_second: in_batches / batches.iter().sum::<Duration>().as_secs_f64(),
        batch_size: BATCH_SIZE.min(sample.len()),
        flops_per_token: chosen.answers.encoder().map(|encoder| flops_per_token(encoder, mean_tokens)),
    };
    log::info!(
        "{}: {:.2} ms per answer (p95 {:.2}), {:.1} examples/s in batches of {BATCH_SIZE}, on {}",
        record.run,
        1e3 * record.p50_seconds,
        1e3 * record.p95_seconds,
        record.examples_per_second,
        record.provenance.device
    );
    jsonl::write(output, &record).context("writing the record")
}

/// About evenly spaced examples, so that the sample has short and long texts as the whole has.
fn spread<T: AsSequence>(examples: &[T], most: usize) -> Vec<&[u32]> {
    let n = examples.len().min(most);
    (0..n).map(|i| examples[i * examples.len() / n].sequence()).collect()
}

/// A type with `[P]` token ids.
trait AsSequence {
    fn sequence(&self) -> &[u32];
}

impl AsSequence for Example {
    fn sequence(&self) -> &[u32] {
        &self.input_ids
    }
}

impl AsSequence for &[u32] {
    fn sequence(&self) -> &[u32] {
        self
    }
}

/// The time of each answer, until all are measured or [`LONG`] has passed.
fn timed<'a>(
    questions: impl Iterator<Item = &'a [&'a [u32]]>,
    least: usize,
    answer: impl Fn(&[&[u32]]) -> anyhow::Result<Duration>,
) -> anyhow::Result<Vec<Duration>> {
    let start = Instant::now();
    let mut times = Vec::new();
    for question in questions {
        if times.len() >= least && start.elapsed() > LONG {
            break;
        }
        times.push(answer(question)?);
    }
    Ok(times)
}

/// The nearest rank of sorted times, in seconds.
fn rank(sorted: &[Duration], share: f64) -> f64 {
    let place = (share * sorted.len() as f64).ceil().max(1.0) as usize - 1;
    sorted.get(place).map_or(f64::NAN, Duration::as_secs_f64)
}

/// Operations of the kept blocks for one token of a text of mean length. A product with a weight is two operations; a
/// block has 4 H² + 2 H I weights, and attention over P tokens takes 4 P H. Embeddings, normalisation, pooler and head
/// are not counted, nor are skipped computations subtracted.
fn flops_per_token(encoder: &Config, mean_tokens: f64) -> f64 {
    let (h, i) = (encoder.hidden_size as f64, encoder.intermediate_size as f64);
    encoder.num_hidden_layers as f64 * (2.0 * (4.0 * h * h + 2.0 * h * i) + 4.0 * mean_tokens * h)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_is_one_of_the_measured_times() {
        let times: Vec<Duration> = (1..=20).map(Duration::from_secs).collect();
        assert_eq!([rank(&times, 0.5), rank(&times, 0.95), rank(&times[..1], 0.95)], [10.0, 19.0, 1.0]);
    }

    #[test]
    fn the_sample_is_spread_over_all() {
        let all: Vec<Vec<u32>> = (0..10).map(|i| vec![i]).collect();
        let all: Vec<&[u32]> = all.iter().map(Vec::as_slice).collect();
        assert_eq!(spread(&all, 5).concat(), [0, 2, 4, 6, 8]);
        assert_eq!(spread(&all, 50).len(), 10);
    }

    #[test]
    fn a_measurement_ends_with_its_questions() {
        let all: Vec<&[u32]> = vec![&[1]; 30];
        let count = |least| timed(all.iter().map(std::slice::from_ref), least, |_| Ok(Duration::ZERO)).unwrap().len();
        assert_eq!(count(3), 30);
    }
}
