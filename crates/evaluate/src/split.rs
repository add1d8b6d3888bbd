//! Predict every example of a split, as JSON Lines.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use classifier::device::Engine;
use classifier::{Score, predicted};
use console::{Progress, format_duration};
use records::Split;
use records::jsonl;
use records::predictions::{Begin, End, Prediction, Record};
use records::shards::{Example, Manifest};

use trained::{Origin, Trained};

/// Predict `split` of the shards that the run was trained on.
pub(crate) fn predict(
    chosen: &Trained,
    folder: &Path,
    split: Split,
    engine: &Engine,
    output: &mut impl Write,
) -> anyhow::Result<()> {
    let (run, (manifest, examples)) = (&chosen.name, examples(chosen, folder, split)?);
    let start = Instant::now();
    let logits = logits(chosen, &manifest, &examples, engine)?;
    let finite = logits.iter().flatten().all(|logit| logit.is_finite());
    ensure!(finite, "run `{run}`: the model produced a non-finite logit; train it again with lower learning rates");
    let score = write(chosen, split, &examples, logits, start, chosen.answers.device(engine), output)?;
    let (percent, seconds) = (100.0 * score.accuracy(), format_duration(start.elapsed().as_secs_f64()));
    let device = chosen.answers.device(engine);
    log::info!("{run}: {split} {percent:.2} % of {}, {seconds} on {device}", score.examples());
    Ok(())
}

/// The examples of `split` in the shards that the run was trained on; other shards are an error.
pub(crate) fn examples(chosen: &Trained, folder: &Path, split: Split) -> anyhow::Result<(Manifest, Vec<Example>)> {
    let (manifest, sha256) = Manifest::read(folder)?;
    let (run, shards) = (&chosen.name, folder.display());
    ensure!(
        chosen.origin.shards_sha256() == Some(sha256.as_str()),
        "`{shards}` differs from the shards that run `{run}` was trained on; name those, or train the run again"
    );
    let examples = manifest.examples(folder, split)?;
    ensure!(!examples.is_empty(), "`{shards}` has no {split} examples; choose another `--split`");
    Ok((manifest, examples))
}

fn logits(
    chosen: &Trained,
    manifest: &Manifest,
    examples: &[Example],
    engine: &Engine,
) -> anyhow::Result<Vec<Vec<f32>>> {
    let progress = Progress::new(examples.len() as u64, "examples");
    progress.prefix(&chosen.name);
    let sequences: Vec<&[u32]> = examples.iter().map(|example| example.input_ids.as_slice()).collect();
    let done = |count| progress.add(count as u64);
    chosen.answers.logits(&sequences, manifest.pad_token_id, engine, done)
}

fn write(
    chosen: &Trained,
    split: Split,
    examples: &[Example],
    logits: Vec<Vec<f32>>,
    start: Instant,
    device: &str,
    mut output: &mut impl Write,
) -> anyhow::Result<Score> {
    let Origin::Run { epoch, .. } = chosen.origin else { bail!("`{}` is not a run", chosen.folder.display()) };
    let mut put = |record: Record| jsonl::write(&mut output, &record).context("writing the predictions");
    let (run, device) = (chosen.name.clone(), device.to_owned());
    put(Record::Begin(Begin { run, epoch, split, examples: examples.len(), device }))?;
    let mut score = Score::default();
    for (Example { id, label, input_ids }, logits) in examples.iter().zip(logits) {
        score.add(&logits, *label);
        let predicted = predicted(&logits);
        put(Record::Prediction(Prediction {
            id: id.clone(),
            label: Some(*label),
            predicted,
            predicted_name: None,
            logits,
            tokens: Some(input_ids.len()),
        }))?;
    }
    let seconds = start.elapsed().as_secs_f64();
    let (loss, accuracy) = (Some(score.loss()), Some(score.accuracy()));
    put(Record::End(End { examples: score.examples(), loss, accuracy, seconds }))?;
    Ok(score)
}
