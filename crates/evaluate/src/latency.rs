//! How long an answer takes on this device: one example at a time, and in batches.

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

/// Answers before the clock counts: the first ones touch memory and choose kernels.
const WARM_UP: usize = 16;

/// Answers one by one, and batches: at most so many, and no new one after [`LONG`] and the least number.
const SINGLE: usize = 200;
const LEAST_SINGLE: usize = 20;
const BATCHES: usize = 10;
const LEAST_BATCHES: usize = 2;
const LONG: Duration = Duration::from_secs(20);
const BATCH_SIZE: usize = 32;

/// Measure with test examples of the shards the run was trained on, and write the record.
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

/// About evenly spaced ones, so that short and long texts are there as in the whole.
fn spread<T: AsSequence>(examples: &[T], most: usize) -> Vec<&[u32]> {
    let n = examples.len().min(most);
    (0..n).map(|i| examples[i * examples.len() / n].sequence()).collect()
}

/// What holds `[P]` token ids.
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

/// The time of each answer, until all are given or it has taken long.
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

/// What the kept blocks ask of one token of a text of mean length: a product with a weight is two operations, 4 H² + 2 H I weights a block, and
/// attention over P neighbours takes 4 P H. Embeddings, normalisation, pooler and head count nothing, nor does what we save.
fn flops_per_token(encoder: &Config, mean_tokens: f64) -> f64 {
    let (h, i) = (encoder.hidden_size as f64, encoder.intermediate_size as f64);
    encoder.num_hidden_layers as f64 * (2.0 * (4.0 * h * h + 2.0 * h * i) + 4.0 * mean_tokens * h)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_of_times_that_were_measured() {
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
    fn a_slow_model_is_asked_at_least_a_few_times_and_a_fast_one_no_more_than_there_are_questions() {
        let all: Vec<&[u32]> = vec![&[1]; 30];
        let count = |least| timed(all.iter().map(std::slice::from_ref), least, |_| Ok(Duration::ZERO)).unwrap().len();
        assert_eq!(count(3), 30);
    }
}
