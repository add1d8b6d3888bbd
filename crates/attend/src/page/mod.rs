//! Write one self-contained page: texts, a choice of block, attention head and method, and the test of the methods.
//!
//! The page needs no network and no other file. A script unpacks all texts and weights from one block; data becomes text
//! nodes, never markup.

mod packed;
mod scores;

use std::io::Write;

use anyhow::Context;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Serialize;
use serde_json::{Value, json};

use crate::arguments::Args;
use crate::faithfulness::Scores;
use crate::method::Method;
use crate::page::packed::Packed;
use crate::segments::{Segment, printable};
use crate::show::Show;
use crate::view::{View, Viewer};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("view.js");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// Collects texts and writes the page at the end.
pub(crate) struct Page {
    models: Vec<ModelData>,
    texts: Vec<Value>,
    packed: Packed,
    scores: Markup,
    shown: Value,
    /// Whether the arguments choose a method.
    names_method: bool,
}

/// A model in the page's data.
#[derive(Serialize)]
struct ModelData {
    name: String,
    /// Pretrained index of each kept block.
    blocks: Vec<usize>,
    heads: usize,
    against: Option<String>,
    query: usize,
    /// Block and attention head (null for the mean) of each attention; names of the other methods.
    maps: Vec<Value>,
}

impl Page {
    pub(crate) fn new(args: &Args) -> Self {
        let shown = json!({"special": args.special, "pieces": args.pieces, "scale": match args.scale {
            crate::scale::Scale::MinMax => "min-max",
            crate::scale::Scale::ZScore => "z-score",
        }});
        Page {
            models: Vec::new(),
            texts: Vec::new(),
            packed: Packed::default(),
            scores: html! {},
            shown,
            names_method: args.names_method(),
        }
    }

    fn view(&mut self, model: usize, view: &View) -> Value {
        self.packed.add(&view.weights);
        let segments: Vec<Value> = view.segments(true).iter().map(segment).collect();
        let label = view.review.label.as_ref();
        json!({
            "model": model,
            "segments": segments,
            "tokens": view.tokens.len(),
            "predicted": view.predicted_name(),
            "right": label.map(|label| label.is(view.predicted(), &view.viewer.model.labels)),
            "probabilities": view.probabilities.iter().zip(&view.viewer.model.labels)
                .map(|(p, label)| json!([label, (f64::from(*p) * 1e4).round() / 1e4])).collect::<Vec<_>>(),
        })
    }
}

fn segment(segment: &Segment) -> Value {
    match segment {
        Segment::Tokens { tokens, text, joins } => json!([text, tokens.start, tokens.end, u8::from(*joins)]),
        Segment::Between(text) => json!(text),
        Segment::Unread(letters) => json!(letters),
    }
}

fn key(method: &Method) -> Value {
    match method {
        Method::Attention { block, head } => json!([block, head]),
        other => json!(other.name(&[])),
    }
}

impl Show for Page {
    fn begin(&mut self, viewers: &[Viewer], scores: &[Scores], _: &mut dyn Write) -> anyhow::Result<()> {
        let model = |viewer: &Viewer| ModelData {
            name: viewer.model.name.clone(),
            blocks: viewer.model.blocks.clone(),
            heads: viewer.model.heads,
            against: viewer.baseline.as_ref().map(|other| other.name().to_owned()),
            query: viewer.choice.query,
            maps: viewer.methods.iter().map(key).collect(),
        };
        self.models = viewers.iter().map(model).collect();
        // The page opens with the chosen method.
        let first =
            viewers.first().filter(|_| self.names_method).and_then(|viewer| viewer.choice.method(&viewer.model).ok());
        self.shown["map"] = first.as_ref().map_or(Value::Null, key);
        self.scores = scores::section(scores);
        Ok(())
    }

    fn text(&mut self, views: &[View], _: &mut dyn Write) -> anyhow::Result<()> {
        let label = views[0].review.label.as_ref().map(|label| label.name(&views[0].viewer.model.labels).into_owned());
        let id = printable(&views[0].review.id);
        let views: Vec<Value> = views.iter().enumerate().map(|(model, view)| self.view(model, view)).collect();
        self.texts.push(json!({"id": id, "label": label, "views": views}));
        Ok(())
    }

    fn end(&mut self, output: &mut dyn Write) -> anyhow::Result<()> {
        let data = json!({"models": self.models, "texts": self.texts, "shown": self.shown});
        let (data, levels) = self.packed.finish(data, self.texts.len())?;
        output.write_all(self.html(&data, levels).into_string().as_bytes()).context("writing the answer")
    }
}

impl Page {
    fn html(&self, data: &str, levels: u8) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    title { "What the model attends to" }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    header {
                        p.project { "Fathom · " (self.models.iter().map(|model| model.name.as_str()).collect::<Vec<_>>().join(", ")) }
                        h1 { "What the model attends to" }
                        p.warning { "Colour shows where the weight lies; it does not explain the answer." }
                        (self.scores)
                    }
                    noscript { p { "This page shows its texts with a script, and this browser does not run scripts." } }
                    form #controls aria-label="What to show" {}
                    p #legend {}
                    main #texts {}
                    p #status role="status" aria-live="polite" {}
                    footer { p.note {
                        "Blocks and attention heads are counted from 0; “pretrained” is the block's index in the pretrained \
                         model. This page rounds weights to 1/" (levels) " of the largest in their row. A word's weight is the sum over \
                         its pieces."
                    } }
                    script #data type="text/plain" { (PreEscaped(data)) }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        }
    }
}
