//! Write one record for each text and model: tokens, their characters in the text, and their weights.

use std::io::Write;

use anyhow::Context;
use records::jsonl;
use serde::Serialize;

use crate::arguments::Args;
use crate::faithfulness::Scores;
use crate::method::{Block, Method, MethodName};
use crate::scale::Scale;
use crate::show::Show;
use crate::view::{View, Viewer};

/// Writes records.
pub(crate) struct Lines {
    special: bool,
    scale: Scale,
}

/// A line of output.
#[derive(Serialize)]
#[serde(tag = "type", rename = "attention")]
struct Record<'a> {
    id: &'a str,
    run: &'a str,
    method: MethodName,
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<Block>,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<usize>,
    query: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    predicted: String,
    probabilities: &'a [f32],
    tokens: Vec<Token<'a>>,
}

#[derive(Serialize)]
struct Token<'a> {
    token: &'a str,
    /// Characters (code points) of the text, `[start, end)`; `None` for `[CLS]` and `[SEP]`.
    span: Option<[usize; 2]>,
    /// The model's own number.
    weight: f32,
    /// The weight on the colour scale; `ansi` and `html` scale words, not tokens.
    shown: f32,
}

impl Lines {
    pub(crate) fn new(args: &Args) -> Self {
        Lines { special: args.special, scale: args.scale }
    }

    fn tokens<'a>(&self, view: &'a View) -> Vec<Token<'a>> {
        let shown_from = usize::from(!self.special);
        let places = shown_from..view.tokens.len() - shown_from;
        let weights = &view.weights[0][places.clone()];
        let characters = characters(&view.review.text);
        let token = |(place, shown): (usize, f32)| {
            let token = &view.tokens[place];
            let span = token.span.as_ref().map(|span| [characters[span.start], characters[span.end]]);
            Token { token: &token.token, span, weight: view.weights[0][place], shown }
        };
        places.zip(self.scale.of(weights)).map(token).collect()
    }

    fn record<'a>(&self, view: &'a View) -> Record<'a> {
        let Viewer { model, baseline, choice, methods, .. } = view.viewer;
        let head = if let Some(Method::Attention { head, .. }) = methods.first() { *head } else { None };
        Record {
            id: &view.review.id,
            run: &model.name,
            method: choice.name,
            block: view.viewer.block(),
            head,
            query: choice.query,
            against: baseline.as_ref().map(|other| other.name()),
            label: view.review.label.as_ref().map(|label| label.name(&model.labels).into_owned()),
            predicted: view.predicted_name(),
            probabilities: &view.probabilities,
            tokens: self.tokens(view),
        }
    }
}

/// The number of characters before each byte of `text` where a character begins, and before its end.
fn characters(text: &str) -> Vec<usize> {
    let mut before = vec![0; text.len() + 1];
    let mut count = 0;
    for (byte, _) in text.char_indices() {
        before[byte] = count;
        count += 1;
    }
    before[text.len()] = count;
    before
}

impl Show for Lines {
    fn begin(&mut self, _: &[Viewer], scores: &[Scores], output: &mut dyn Write) -> anyhow::Result<()> {
        let mut output = output;
        for record in scores.iter().flat_map(Scores::records) {
            jsonl::write(&mut output, &record).context("writing the answer")?;
        }
        Ok(())
    }

    fn text(&mut self, views: &[View], output: &mut dyn Write) -> anyhow::Result<()> {
        let mut output = output;
        for view in views {
            jsonl::write(&mut output, &self.record(view)).context("writing the answer")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::characters;

    #[test]
    fn characters_are_code_points() {
        let text = "é🎬a";
        assert_eq!([0, 2, 6, 7].map(|byte| characters(text)[byte]), [0, 1, 2, 3]);
    }
}
