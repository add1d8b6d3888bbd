//! What one model makes of one text, ready to be shown.

use anyhow::Context;
use classifier::predicted;
use tokens::Spanned;

use crate::attention::{self, Asked};
use crate::change::Reference;
use crate::choice::Choice;
use crate::input::Review;
use crate::map::{Block, Map};
use crate::segments::{Segment, harmless, pieces, words};
use crate::subject::{Seen, Subject};

/// A model, the weights that are asked of it, and what they are held against.
pub(crate) struct Lens {
    pub(crate) subject: Subject,
    pub(crate) reference: Option<Reference>,
    pub(crate) maps: Vec<Map>,
    pub(crate) choice: Choice,
    /// Whether pages and tests speak of nothing that needs a gradient.
    pub(crate) attention_only: bool,
}

/// What one model makes of one text.
pub(crate) struct View<'a> {
    pub(crate) lens: &'a Lens,
    pub(crate) review: &'a Review,
    pub(crate) tokens: Vec<Spanned>,
    /// `[C]`, summing to 1.
    pub(crate) probabilities: Vec<f32>,
    /// `[P]` for each of the lens's maps.
    pub(crate) weights: Vec<Vec<f32>>,
}

/// R at most of the texts that go through the model together.
const ROWS: usize = 2048;

impl Lens {
    /// Whether `text` has something to attend to, and the token that is asked about.
    ///
    /// # Errors
    /// It has not.
    pub(crate) fn can_show(&self, text: &str) -> anyhow::Result<()> {
        let tokens = self.subject.read(text)?.len();
        attention::has_token(self.choice.query, tokens)
    }

    /// `reviews` as this model sees them, in their order.
    ///
    /// # Errors
    /// A text has nothing to attend to, or no token that is asked about.
    pub(crate) fn look<'a>(&'a self, reviews: &'a [Review]) -> anyhow::Result<Vec<View<'a>>> {
        let read = |review: &Review| self.subject.read(&review.text).with_context(|| format!("`{}`", review.id));
        let tokens = reviews.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
        let ids = |tokens: &Vec<Spanned>| tokens.iter().map(|token| token.id).collect();
        let input_ids: Vec<Vec<u32>> = tokens.iter().map(ids).collect();
        let seen = self.see(&input_ids)?;
        let mut views = Vec::with_capacity(reviews.len());
        for (((review, tokens), input_ids), seen) in reviews.iter().zip(tokens).zip(&input_ids).zip(seen) {
            let weights = self.weights(&seen, input_ids).with_context(|| format!("`{}`", review.id))?;
            views.push(View { lens: self, review, tokens, probabilities: seen.probabilities, weights });
        }
        Ok(views)
    }

    fn see(&self, input_ids: &[Vec<u32>]) -> anyhow::Result<Vec<Seen>> {
        let least = self.subject.model.least_positions();
        let mut seen = Vec::with_capacity(input_ids.len());
        while seen.len() < input_ids.len() {
            let rest = &input_ids[seen.len()..];
            let fit = classifier::fit(rest.iter().map(|ids| ids.len().max(least)), ROWS);
            let now: Vec<&[u32]> = rest[..fit].iter().map(Vec::as_slice).collect();
            seen.extend(self.subject.see(&now)?);
        }
        Ok(seen)
    }

    fn weights(&self, seen: &Seen, ids: &[u32]) -> anyhow::Result<Vec<Vec<f32>>> {
        let asked = Asked { maps: &self.maps, query: self.choice.query, class: predicted(&seen.probabilities) };
        let weights = attention::weights(&self.subject, seen, ids, asked)?;
        match &self.reference {
            None => Ok(weights),
            Some(reference) => {
                let maps = reference.maps(&self.subject, &self.maps)?;
                reference.taken_from(weights, ids, Asked { maps: &maps, ..asked })
            }
        }
    }

    /// Whether weights may be below 0.
    pub(crate) fn has_sign(&self) -> bool {
        self.reference.is_some() || self.maps.iter().any(|map| map.is_of_the_answer())
    }

    /// The block that the first map is of, by both of its names.
    pub(crate) fn block(&self) -> Option<Block> {
        match self.maps.first() {
            Some(&Map::Attention { block, .. }) => Some(Block { kept: block, pretrained: self.subject.blocks[block] }),
            _ => None,
        }
    }

    /// What is shown, in words.
    pub(crate) fn name(&self) -> String {
        let map = self.maps.first().map_or_else(String::new, |map| map.name(&self.subject.blocks));
        let against =
            self.reference.as_ref().map_or_else(String::new, |other| format!(", change against {}", other.name()));
        format!("{map}{against}")
    }
}

impl View<'_> {
    /// What is shown, in words, with the token that attends unless it is `[CLS]`.
    pub(crate) fn shown(&self) -> String {
        let query = self.lens.choice.query;
        let from = match self.tokens.get(query).filter(|_| query > 0) {
            Some(token) => format!(", from token {query} ({})", token.token),
            None => String::new(),
        };
        self.lens.name() + &from
    }

    /// The class with the largest probability.
    pub(crate) fn predicted(&self) -> usize {
        predicted(&self.probabilities)
    }

    /// The predicted class by name.
    pub(crate) fn predicted_name(&self) -> String {
        let class = self.predicted();
        self.lens.subject.labels.get(class).map_or_else(|| class.to_string(), String::clone)
    }

    /// `predicted pos 98.2 %, true neg`.
    pub(crate) fn answer(&self) -> String {
        let percent = 100.0 * self.probabilities[self.predicted()];
        let label = self.review.label.as_ref().map(|label| label.name(&self.lens.subject.labels));
        let label = label.map_or_else(String::new, |label| format!(", true {label}"));
        harmless(&format!("predicted {} {percent:.1} %{label}", self.predicted_name())).into_owned()
    }

    /// The text in segments, words put together unless `apart`.
    pub(crate) fn segments(&self, apart: bool) -> Vec<Segment<'_>> {
        let is_cleaned = !self.lens.subject.data().cleaning.is_empty();
        let pieces = pieces(&self.review.text, &self.tokens, is_cleaned);
        if apart { pieces } else { words(pieces) }
    }

    /// Whether a segment is `[CLS]` or `[SEP]`.
    pub(crate) fn is_special(&self, segment: &Segment) -> bool {
        segment.tokens().any(|token| token == 0 || token + 1 == self.tokens.len())
    }

    /// The weight of a segment: the sum over its tokens.
    pub(crate) fn weight(&self, map: usize, segment: &Segment) -> f32 {
        segment.tokens().map(|token| self.weights[map][token]).sum()
    }
}
