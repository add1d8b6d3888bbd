//! The recipe's optimizer: AdamW with the study's three parameter groups.

use anyhow::ensure;
use fused::adamw::{Betas, Group, Optimizer};
use serde::Deserialize;
use study::Component;

/// An optimizer as a study file asks for it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Kind {
    Adamw(Recipe),
}

/// AdamW's numbers. The encoder's matrices decay; its biases and LayerNorms, and the head, do not.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recipe {
    encoder_learning_rate: f64,
    head_learning_rate: f64,
    #[serde(default = "hundredth")]
    weight_decay: f64,
    #[serde(default = "hundred_millionth")]
    epsilon: f64,
    #[serde(default = "betas")]
    betas: [f64; 2],
}

fn hundredth() -> f64 {
    0.01
}

fn hundred_millionth() -> f64 {
    1e-8
}

fn betas() -> [f64; 2] {
    [0.9, 0.999]
}

impl Recipe {
    /// Read `{ kind = "adamw", … }` and check every number.
    pub(crate) fn new(component: &Component) -> anyhow::Result<Self> {
        let kind = component.kind.as_str();
        ensure!(kind == "adamw", "unknown optimizer `{kind}`, expected `adamw`");
        let Kind::Adamw(recipe) =
            serde_json::from_value(component.to_value()).map_err(|e| anyhow::anyhow!("optimizer `{kind}`: {e}"))?;
        let Recipe { encoder_learning_rate, head_learning_rate, weight_decay, epsilon, betas } = &recipe;
        for (name, rate) in
            [("encoder_learning_rate", encoder_learning_rate), ("head_learning_rate", head_learning_rate)]
        {
            ensure!((0.0..1.0).contains(rate), "optimizer: `{name}` must be at least 0 and below 1");
        }
        ensure!((0.0..1.0).contains(weight_decay), "optimizer: `weight_decay` must be at least 0 and below 1");
        ensure!(*epsilon > 0.0 && *epsilon < 1.0, "optimizer: `epsilon` must be above 0 and below 1");
        ensure!(
            betas.iter().all(|beta| (0.0..1.0).contains(beta)),
            "optimizer: `betas` must be at least 0 and below 1"
        );
        Ok(recipe)
    }

    /// An optimizer that has taken no step.
    pub(crate) fn optimizer(&self) -> Optimizer {
        let [beta_1, beta_2] = self.betas;
        Optimizer::new(Betas { beta_1, beta_2, epsilon: self.epsilon })
    }

    /// The group of the parameter at `path`.
    pub(crate) fn group(&self, path: &str) -> Group {
        let decays = !["bias", "gamma", "beta"].iter().any(|leaf| path.ends_with(leaf));
        match path.starts_with("encoder.") {
            true => Group {
                learning_rate: self.encoder_learning_rate,
                weight_decay: if decays { self.weight_decay } else { 0.0 },
            },
            false => Group { learning_rate: self.head_learning_rate, weight_decay: 0.0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn recipe(options: serde_json::Value) -> anyhow::Result<Recipe> {
        Recipe::new(&serde_json::from_value(options).unwrap())
    }

    #[test]
    fn the_three_groups_are_those_of_the_study() {
        let recipe =
            recipe(json!({"kind": "adamw", "encoder_learning_rate": 3e-5, "head_learning_rate": 1e-3})).unwrap();
        let group = |path: &str| (recipe.group(path).learning_rate, recipe.group(path).weight_decay);
        assert_eq!(group("encoder.blocks.0.query.weight"), (3e-5, 0.01));
        assert_eq!(group("encoder.embeddings.word"), (3e-5, 0.01));
        assert_eq!(group("encoder.blocks.0.query.bias"), (3e-5, 0.0));
        assert_eq!(group("encoder.blocks.0.output_norm.gamma"), (3e-5, 0.0));
        assert_eq!(group("head.ClsLinear.classifier.weight"), (1e-3, 0.0));
    }

    #[test]
    fn an_unknown_option_or_a_rate_out_of_range_is_named() {
        let refused = |options| recipe(options).unwrap_err().to_string();
        assert!(refused(json!({"kind": "sgd"})).contains("expected `adamw`"));
        let rate = json!({"kind": "adamw", "encoder_learning_rate": 3, "head_learning_rate": 1e-3});
        assert!(refused(rate).contains("`encoder_learning_rate`"));
        let typo = json!({"kind": "adamw", "encoder_learning_rate": 1e-5, "head_learning_rate": 1e-3, "decay": 1});
        assert!(refused(typo).contains("unknown field `decay`"));
    }
}
