//! The change against another model: one model's weights less those of a baseline, token by token.

use anyhow::{anyhow, bail, ensure};
use study::Data;

use crate::attention::{self, Request};
use crate::method::Method;
use crate::model::{Model, block_list};

/// Whether `one` and `two` clean and truncate texts in the same way.
pub(crate) fn truncate_alike(one: &Data, two: &Data) -> bool {
    let cut = |data: &Data| (data.max_seq_length, data.truncation, data.head_share.to_bits());
    cut(one) == cut(two) && one.cleaning == two.cleaning
}

/// The model whose weights are subtracted.
pub(crate) struct Baseline(Model);

impl Baseline {
    /// Accept `baseline` if its tokens and blocks are those of `model`.
    ///
    /// # Errors
    /// It has another tokenizer or encoder, or truncates texts in another way.
    pub(crate) fn new(baseline: Model, model: &Model) -> anyhow::Result<Self> {
        ensure!(
            baseline.tokenizer.sha256 == model.tokenizer.sha256 && truncate_alike(baseline.data(), model.data()),
            "`{}` and `{}` tokenize texts differently, so their weights cannot be compared; choose another --against",
            model.name,
            baseline.name
        );
        let other = baseline.encoder.as_ref().zip(model.encoder.as_ref()).filter(|(one, two)| one != two);
        if let Some((one, two)) = other {
            bail!(
                "`{}` comes from `{two}` and `{}` from `{one}`, so their blocks cannot be compared; choose another --against",
                model.name,
                baseline.name
            );
        }
        Ok(Baseline(baseline))
    }

    /// The model's name.
    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// The baseline's counterparts of `methods` of `model`.
    ///
    /// # Errors
    /// The baseline lacks a block, or has no classifier or other classes.
    pub(crate) fn methods(&self, model: &Model, methods: &[Method]) -> anyhow::Result<Vec<Method>> {
        methods.iter().map(|&method| self.counterpart(model, method)).collect()
    }

    /// The method on the same pretrained block, whatever its index in the baseline.
    fn counterpart(&self, model: &Model, method: Method) -> anyhow::Result<Method> {
        let Baseline(baseline) = self;
        match method {
            Method::Attention { block, head } => {
                let pretrained = model.blocks[block];
                let kept = baseline.blocks.iter().position(|&kept| kept == pretrained);
                let (name, has) = (&baseline.name, block_list(&baseline.blocks));
                let missing = || anyhow!("`{name}` does not keep pretrained block {pretrained}, only {has}");
                baseline.attention(kept.ok_or_else(missing)?, head)
            }
            Method::Rollout => baseline.attention(0, None).map(|_| method),
            Method::GradientInput | Method::IntegratedGradients => {
                ensure!(
                    !baseline.labels.is_empty(),
                    "the pretrained model has no classifier, so it has no gradient of an answer: name a run with --against DIR"
                );
                ensure!(
                    baseline.labels == model.labels,
                    "`{}` and `{}` have different classes, so their gradients cannot be compared; choose another --against",
                    model.name,
                    baseline.name
                );
                Ok(method)
            }
        }
    }

    /// Subtract the baseline's weights of the same text and class from `weights`.
    ///
    /// # Errors
    /// As [`attention::weights`].
    pub(crate) fn subtracted_from(
        &self,
        weights: Vec<Vec<f32>>,
        input_ids: &[u32],
        request: Request,
    ) -> anyhow::Result<Vec<Vec<f32>>> {
        let activations = self.0.activations(&[input_ids])?;
        let before = attention::weights(&self.0, &activations[0], input_ids, request)?;
        let less =
            |(now, before): (Vec<f32>, Vec<f32>)| now.iter().zip(before).map(|(now, before)| now - before).collect();
        Ok(weights.into_iter().zip(before).map(less).collect())
    }
}
