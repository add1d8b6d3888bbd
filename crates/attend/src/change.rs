//! What training changed: one model's weights less another's, token by token.

use anyhow::{bail, ensure};
use study::Data;

use crate::attention::{self, Asked};
use crate::map::Map;
use crate::subject::{Subject, spoken};

/// Whether texts are cleaned and cut alike.
pub(crate) fn cut_alike(one: &Data, two: &Data) -> bool {
    let cut = |data: &Data| (data.max_seq_length, data.truncation, data.head_share.to_bits());
    cut(one) == cut(two) && one.cleaning == two.cleaning
}

/// A model to hold the others against.
pub(crate) struct Reference(Subject);

impl Reference {
    /// `reference`, if it reads texts as `subject` does.
    ///
    /// # Errors
    /// It has another tokenizer, or cuts texts otherwise.
    pub(crate) fn new(reference: Subject, subject: &Subject) -> anyhow::Result<Self> {
        ensure!(
            reference.tokenizer.sha256 == subject.tokenizer.sha256 && cut_alike(reference.data(), subject.data()),
            "`{}` and `{}` read texts as different tokens: their weights cannot be compared",
            subject.name,
            reference.name
        );
        let other = reference.encoder.as_ref().zip(subject.encoder.as_ref()).filter(|(one, two)| one != two);
        if let Some((one, two)) = other {
            bail!(
                "`{}` was cut from `{two}`, `{}` from `{one}`: their blocks cannot be compared",
                subject.name,
                reference.name
            );
        }
        Ok(Reference(reference))
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// The maps of the reference that answer to `maps` of `subject`.
    ///
    /// # Errors
    /// It keeps no such block, or its answers mean nothing.
    pub(crate) fn maps(&self, subject: &Subject, maps: &[Map]) -> anyhow::Result<Vec<Map>> {
        maps.iter().map(|&map| self.counterpart(subject, map)).collect()
    }

    /// The same pretrained block, wherever it is kept.
    fn counterpart(&self, subject: &Subject, map: Map) -> anyhow::Result<Map> {
        let Reference(reference) = self;
        match map {
            Map::Attention { block, head } => {
                let pretrained = subject.blocks[block];
                let kept = reference.blocks.iter().position(|&kept| kept == pretrained);
                let names = (&reference.name, spoken(&reference.blocks));
                let kept = kept.ok_or_else(|| {
                    anyhow::anyhow!("`{}` does not keep pretrained block {pretrained}, only {}", names.0, names.1)
                })?;
                reference.attention(kept, head)
            }
            Map::Rollout => reference.attention(0, None).map(|_| map),
            Map::GradientInput | Map::IntegratedGradients => {
                ensure!(
                    !reference.labels.is_empty(),
                    "the pretrained model has no answer whose gradient could be taken: name a run with --against DIR"
                );
                ensure!(
                    reference.labels == subject.labels,
                    "`{}` and `{}` have other classes: their gradients cannot be compared",
                    subject.name,
                    reference.name
                );
                Ok(map)
            }
        }
    }

    /// `weights` less the reference's of the same text and the same class.
    ///
    /// # Errors
    /// As [`attention::weights`].
    pub(crate) fn taken_from(
        &self,
        weights: Vec<Vec<f32>>,
        input_ids: &[u32],
        asked: Asked,
    ) -> anyhow::Result<Vec<Vec<f32>>> {
        let seen = self.0.see(&[input_ids])?;
        let before = attention::weights(&self.0, &seen[0], input_ids, asked)?;
        let less =
            |(now, before): (Vec<f32>, Vec<f32>)| now.iter().zip(before).map(|(now, before)| now - before).collect();
        Ok(weights.into_iter().zip(before).map(less).collect())
    }
}
