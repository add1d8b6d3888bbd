//! Predict a stream of texts: one line for each, in order, once its batch is full or the input pauses.

use std::fs::File;
use std::io::{BufReader, Read, Write};

use anyhow::{Context, anyhow, ensure};
use classifier::device::Engine;
use classifier::predicted;
use records::jsonl::{self, Reader};
use records::predictions::{Prediction, Record};
use serde::Deserialize;
use tokens::{TextTokenizer, TokenIds};

use trained::Trained;

/// Upper bound on texts in a batch.
const TEXTS_PER_BATCH: usize = 64;

/// What the input holds.
const PROMPT: &str = "one text a line, such as {\"id\":1,\"text\":\"A fine film.\"}";

/// What the option takes.
const NAME_A_FILE: &str = "`--text` takes a file of JSON Lines, or a pipe: \
                           echo '{\"text\":\"A good film\"}' | evaluate … --text -";

/// One line of the input beside its id; other fields are ignored.
#[derive(Deserialize)]
struct Text {
    #[serde(deserialize_with = "records::fields::text")]
    text: String,
}

/// Predict every text of `from`, a file or `-`.
pub(crate) fn predict(
    chosen: &Trained,
    from: &str,
    engine: &Engine,
    mut output: &mut impl Write,
) -> anyhow::Result<()> {
    let tokenizer = chosen.tokenizer()?;
    let input: Box<dyn Read> = match from {
        "-" => Box::new(console::typed(PROMPT).lock()),
        path => Box::new(File::open(path).map_err(|e| anyhow!("reading `{path}`: {e}; {NAME_A_FILE}"))?),
    };
    let name = if from == "-" { "stdin" } else { from };
    let mut texts: Reader<Text, _> = Reader::new(name, BufReader::new(input));
    let mut next_batch = || texts.next_batch(TEXTS_PER_BATCH).map_err(with_example);
    let mut batch = next_batch()?;
    ensure!(!batch.is_empty(), "`{name}` holds no text; write {PROMPT}");
    while !batch.is_empty() {
        for prediction in predict_batch(chosen, &tokenizer, batch, engine)? {
            jsonl::write(&mut output, &Record::Prediction(prediction)).context("writing the predictions")?;
        }
        output.flush().context("writing the predictions")?;
        batch = next_batch()?;
    }
    Ok(())
}

/// The fault of a line, with an example where the fault has no remedy of its own.
fn with_example(error: records::Error) -> records::Error {
    match error {
        records::Error::Line { name, line, message } if !message.contains("; ") => {
            records::Error::Line { name, line, message: format!("{message}; write {PROMPT}") }
        }
        other => other,
    }
}

fn predict_batch(
    chosen: &Trained,
    tokenizer: &TextTokenizer,
    batch: Vec<(String, Text)>,
    engine: &Engine,
) -> anyhow::Result<Vec<Prediction>> {
    let ids = |(id, text): &(String, Text)| tokenizer.ids(&text.text).with_context(|| format!("tokenizing `{id}`"));
    let tokens = batch.iter().map(ids).collect::<anyhow::Result<Vec<_>>>()?;
    let sequences: Vec<&[u32]> = tokens.iter().map(|tokens| tokens.input_ids.as_slice()).collect();
    let logits = chosen.answers.logits(&sequences, tokenizer.pad_token_id, engine, |_| {})?;
    let finite = logits.iter().flatten().all(|logit| logit.is_finite());
    ensure!(
        finite,
        "`{}`: the model produced a non-finite logit; train it again with lower learning rates",
        chosen.folder.display()
    );
    let prediction = |(((id, _), logits), tokens): (((String, Text), Vec<f32>), TokenIds)| {
        let predicted = predicted(&logits);
        let predicted_name = chosen.labels.get(predicted).cloned();
        Prediction { id, label: None, predicted, predicted_name, logits, tokens: Some(tokens.input_ids.len()) }
    };
    Ok(batch.into_iter().zip(logits).zip(tokens).map(prediction).collect())
}
