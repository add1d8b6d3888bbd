//! A text as one model sees it, ready to be shown.

use anyhow::Context;
use classifier::predicted;
use tokens::Spanned;

use crate::attention::{self, Request};
use crate::baseline::Baseline;
use crate::choice::Choice;
use crate::input::Review;
use crate::method::{Block, Method};
use crate::model::{Activations, Model};
use crate::segments::{Segment, pieces, printable, words};

/// A model, the methods to show, and the baseline to subtract.
pub(crate) struct Viewer {
    pub(crate) model: Model,
    pub(crate) baseline: Option<Baseline>,
    pub(crate) methods: Vec<Method>,
    pub(crate) choice: Choice,
    /// Whether pages and tests skip gradients.
    pub(crate) attention_only: bool,
}

/// A text as one model sees it.
pub(crate) struct View<'a> {
    pub(crate) viewer: &'a Viewer,
    pub(crate) review: &'a Review,
    pub(crate) tokens: Vec<Spanned>,
    /// `[C]`, summing to 1.
    pub(crate) probabilities: Vec<f32>,
    /// `[P]` for each method of the viewer.
    pub(crate) weights: Vec<Vec<f32>>,
}

/// Upper bound on R for texts that are computed together.
const ROWS: usize = 2048;

impl Viewer {
    /// Check that `text` has tokens, and the token `query` among them.
    ///
    /// # Errors
    /// It has not.
    pub(crate) fn check(&self, text: &str) -> anyhow::Result<()> {
        let tokens = self.model.read(text)?.len();
        attention::has_token(self.choice.query, tokens)
    }

    /// `reviews` as this model sees them, in the same order.
    ///
    /// # Errors
    /// A text has no tokens, or no token `query`.
    pub(crate) fn views<'a>(&'a self, reviews: &'a [Review]) -> anyhow::Result<Vec<View<'a>>> {
        let read = |review: &Review| self.model.read(&review.text).with_context(|| format!("`{}`", review.id));
        let tokens = reviews.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
        let ids = |tokens: &Vec<Spanned>| tokens.iter().map(|token| token.id).collect();
        let input_ids: Vec<Vec<u32>> = tokens.iter().map(ids).collect();
        let activations = self.activations(&input_ids)?;
        let mut views = Vec::with_capacity(reviews.len());
        for (((review, tokens), input_ids), activations) in reviews.iter().zip(tokens).zip(&input_ids).zip(activations)
        {
            let weights = self.weights(&activations, input_ids).with_context(|| format!("`{}`", review.id))?;
            views.push(View { viewer: self, review, tokens, probabilities: activations.probabilities, weights });
        }
        Ok(views)
    }

    fn activations(&self, input_ids: &[Vec<u32>]) -> anyhow::Result<Vec<Activations>> {
        let least = self.model.network.least_positions();
        let mut activations = Vec::with_capacity(input_ids.len());
        while activations.len() < input_ids.len() {
            let rest = &input_ids[activations.len()..];
            let fit = classifier::fit(rest.iter().map(|ids| ids.len().max(least)), ROWS);
            let batch: Vec<&[u32]> = rest[..fit].iter().map(Vec::as_slice).collect();
            activations.extend(self.model.activations(&batch)?);
        }
        Ok(activations)
    }

    fn weights(&self, activations: &Activations, ids: &[u32]) -> anyhow::Result<Vec<Vec<f32>>> {
        let class = predicted(&activations.probabilities);
        let request = Request { methods: &self.methods, query: self.choice.query, class };
        let weights = attention::weights(&self.model, activations, ids, request)?;
        match &self.baseline {
            None => Ok(weights),
            Some(baseline) => {
                let methods = baseline.methods(&self.model, &self.methods)?;
                baseline.subtracted_from(weights, ids, Request { methods: &methods, ..request })
            }
        }
    }

    /// Whether weights may be below 0.
    pub(crate) fn has_sign(&self) -> bool {
        self.baseline.is_some() || self.methods.iter().any(|method| method.needs_answer())
    }

    /// The block of the first method, with both of its indices.
    pub(crate) fn block(&self) -> Option<Block> {
        match self.methods.first() {
            Some(&Method::Attention { block, .. }) => Some(Block { kept: block, pretrained: self.model.blocks[block] }),
            _ => None,
        }
    }

    /// The first method's name, and the baseline's.
    pub(crate) fn name(&self) -> String {
        let method = self.methods.first().map_or_else(String::new, |method| method.name(&self.model.blocks));
        let against =
            self.baseline.as_ref().map_or_else(String::new, |other| format!(", change against {}", other.name()));
        format!("{method}{against}")
    }
}

impl View<'_> {
    /// The method's name, with the token whose attention is shown unless it is `[CLS]`.
    pub(crate) fn title(&self) -> String {
        let query = self.viewer.choice.query;
        let from = match self.tokens.get(query).filter(|_| query > 0) {
            Some(token) => format!(", from token {query} ({})", token.token),
            None => String::new(),
        };
        self.viewer.name() + &from
    }

    /// The class with the largest probability.
    pub(crate) fn predicted(&self) -> usize {
        predicted(&self.probabilities)
    }

    /// The predicted class by name.
    pub(crate) fn predicted_name(&self) -> String {
        let class = self.predicted();
        self.viewer.model.labels.get(class).map_or_else(|| class.to_string(), String::clone)
    }

    /// `predicted pos 98.2 %, true neg`.
    pub(crate) fn answer(&self) -> String {
        let percent = 100.0 * self.probabilities[self.predicted()];
        let label = self.review.label.as_ref().map(|label| label.name(&self.viewer.model.labels));
        let label = label.map_or_else(String::new, |label| format!(", true {label}"));
        printable(&format!("predicted {} {percent:.1} %{label}", self.predicted_name())).into_owned()
    }

    /// The text in segments: word pieces if `apart`, otherwise words.
    pub(crate) fn segments(&self, apart: bool) -> Vec<Segment<'_>> {
        let is_cleaned = !self.viewer.model.data().cleaning.is_empty();
        let pieces = pieces(&self.review.text, &self.tokens, is_cleaned);
        if apart { pieces } else { words(pieces) }
    }

    /// Whether a segment is `[CLS]` or `[SEP]`.
    pub(crate) fn is_special(&self, segment: &Segment) -> bool {
        segment.tokens().any(|token| token == 0 || token + 1 == self.tokens.len())
    }

    /// The weight of a segment: the sum over its tokens.
    pub(crate) fn weight(&self, method: usize, segment: &Segment) -> f32 {
        segment.tokens().map(|token| self.weights[method][token]).sum()
    }
}
