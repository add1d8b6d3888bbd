use super::*;
use serde_json::{Value, json};

fn recipe(changes: Value) -> anyhow::Result<Recipe> {
    Recipe::new(&Configuration::from_json(&fixtures::configuration(changes).to_string()).unwrap(), 3)
}

fn rate_and_decay(recipe: &Recipe, path: &str, epoch: usize, factor: f64) -> Option<(f64, f64)> {
    recipe.group(path, epoch, factor).map(|group| (group.learning_rate, group.weight_decay))
}

#[test]
fn the_three_groups_are_those_of_the_study() {
    let rates = json!({"kind": "adamw", "encoder_learning_rate": 3e-5, "head_learning_rate": 1e-3});
    let recipe = recipe(json!({"optimizer": rates})).unwrap();
    let group = |path: &str| rate_and_decay(&recipe, path, 1, 1.0).unwrap();
    assert_eq!(group("body.Bert.blocks.0.query.weight"), (3e-5, 0.01));
    assert_eq!(group("body.Bert.embeddings.word"), (3e-5, 0.01));
    assert_eq!(group("body.Bert.pooler.dense.weight"), (3e-5, 0.01));
    assert_eq!(group("body.Bert.blocks.0.query.bias"), (3e-5, 0.0));
    assert_eq!(group("body.Bert.blocks.0.output_norm.gamma"), (3e-5, 0.0));
    assert_eq!(group("body.Table.weight"), (1e-3, 0.0));
    assert_eq!(group("head.ClsLinear.classifier.weight"), (1e-3, 0.0));
}

#[test]
fn plain_adam_has_one_rate_and_no_decay() {
    let recipe = recipe(json!({"optimizer": {"kind": "adam", "learning_rate": 1e-3}})).unwrap();
    for path in ["body.Bert.blocks.0.query.weight", "body.Table.weight", "head.Bilstm.classifier.weight"] {
        assert_eq!(rate_and_decay(&recipe, path, 1, 1.0), Some((1e-3, 0.0)));
    }
}

#[test]
fn the_rate_decays_by_layer_and_the_factor_applies_to_all() {
    let decay = json!({"optimizer": {"kind": "adamw", "encoder_learning_rate": 0.5, "head_learning_rate": 0.25,
                                     "layer_decay": 0.5}});
    let recipe = recipe(decay).unwrap();
    let rate = |path: &str| rate_and_decay(&recipe, path, 1, 0.5).unwrap().0;
    let rates = ["pooler.dense.weight", "blocks.2.key.bias", "blocks.0.key.bias", "embeddings.word"];
    assert_eq!(rates.map(|path| rate(&format!("body.Bert.{path}"))), [0.25, 0.25, 0.0625, 0.03125]);
    assert_eq!(rate("head.Bilstm.classifier.weight"), 0.125);
}

#[test]
fn frozen_layers_have_no_group_while_they_are_frozen() {
    let recipe = recipe(json!({"freeze": {"embeddings": 2, "blocks": 1}})).unwrap();
    let learns = |path: &str, epoch| recipe.group(path, epoch, 1.0).is_some();
    let epochs = |path: &str| [1, 2, 3].map(|epoch| learns(path, epoch));
    assert_eq!(epochs("body.Bert.embeddings.word"), [false, false, true]);
    assert_eq!(epochs("body.Bert.blocks.1.query.weight"), [false, true, true]);
    assert_eq!(epochs("body.Bert.pooler.dense.weight"), [true; 3]);
    assert_eq!(epochs("head.ClsLinear.classifier.weight"), [true; 3]);
    assert_eq!([1, 2, 3].map(|epoch| recipe.frozen_layers(epoch)), [4, 1, 0]);
}

#[test]
fn an_unknown_option_or_a_rate_out_of_range_is_named() {
    let refused = |options: Value| recipe(json!({"optimizer": options})).unwrap_err().to_string();
    assert!(refused(json!({"kind": "sgd"})).contains("unknown kind `sgd`, expected `adamw` or `adam`"));
    assert!(refused(json!({"kind": "adamwv"})).ends_with("did you mean `adamw`?"));
    let numbers = |changes: Value| {
        let mut options = json!({"kind": "adamw", "encoder_learning_rate": 1e-5, "head_learning_rate": 1e-3});
        options.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        options
    };
    assert!(refused(numbers(json!({"encoder_learning_rate": 3}))).contains("`encoder_learning_rate`"));
    assert!(refused(numbers(json!({"layer_decay": 0}))).contains("`layer_decay`"));
    assert!(refused(numbers(json!({"decay": 1}))).contains("unknown field `decay`"));
}
