//! One self-contained page: many texts, a choice of model, block and attention head, and how far to trust them.
//!
//! It needs no network and no other file. All texts and weights are one packed block that a script unfolds; what comes
//! from data becomes text nodes, never markup.

mod packed;
mod scores;

pub(crate) use scores::verdict;

use std::io::Write;

use anyhow::Context;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Serialize;
use serde_json::{Value, json};

use crate::arguments::Args;
use crate::faithfulness::Scores;
use crate::look::Show;
use crate::map::Map;
use crate::page::packed::Packed;
use crate::segments::{Segment, harmless};
use crate::view::{Lens, View};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("view.js");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// Collects texts, writes the page at the end.
pub(crate) struct Page {
    models: Vec<Model>,
    texts: Vec<Value>,
    packed: Packed,
    scores: Markup,
    shown: Value,
    /// Whether certain weights are meant.
    asked: bool,
}

/// What the page says of a model.
#[derive(Serialize)]
struct Model {
    name: String,
    /// Pretrained index of each kept block.
    blocks: Vec<usize>,
    heads: usize,
    against: Option<String>,
    query: usize,
    /// Block and attention head of each map of attention, nothing for a mean; the others' names.
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
            asked: args.asks_for_a_map(),
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
            "right": label.map(|label| label.is(view.predicted(), &view.lens.subject.labels)),
            "probabilities": view.probabilities.iter().zip(&view.lens.subject.labels)
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

fn map(map: &Map) -> Value {
    match map {
        Map::Attention { block, head } => json!([block, head]),
        other => json!(other.name(&[])),
    }
}

impl Show for Page {
    fn begin(&mut self, lenses: &[Lens], scores: &[Scores], _: &mut dyn Write) -> anyhow::Result<()> {
        let model = |lens: &Lens| Model {
            name: lens.subject.name.clone(),
            blocks: lens.subject.blocks.clone(),
            heads: lens.subject.heads,
            against: lens.reference.as_ref().map(|other| other.name().to_owned()),
            query: lens.choice.query,
            maps: lens.maps.iter().map(map).collect(),
        };
        self.models = lenses.iter().map(model).collect();
        // What was asked for is what is shown first.
        let first = lenses.first().filter(|_| self.asked).and_then(|lens| lens.choice.map(&lens.subject).ok());
        self.shown["map"] = first.as_ref().map_or(Value::Null, map);
        self.scores = scores::section(scores);
        Ok(())
    }

    fn text(&mut self, views: &[View], _: &mut dyn Write) -> anyhow::Result<()> {
        let label = views[0].review.label.as_ref().map(|label| label.name(&views[0].lens.subject.labels).into_owned());
        let id = harmless(&views[0].review.id);
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
                        p.warning { "Colour is where weight lies, not why the model answered as it did." }
                        (self.scores)
                    }
                    noscript { p { "The texts are shown by a script in this file, which this browser does not run." } }
                    form #controls aria-label="What to show" {}
                    p #legend {}
                    main #texts {}
                    p #status role="status" aria-live="polite" {}
                    footer { p.note {
                        "Blocks and attention heads are counted from 0; “pretrained” is a block's place in the model it was cut \
                         from. Weights on this page are rounded to 1/" (levels) " of the largest of their row. A word's weight is the \
                         sum over its pieces."
                    } }
                    script #data type="text/plain" { (PreEscaped(data)) }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        }
    }
}
