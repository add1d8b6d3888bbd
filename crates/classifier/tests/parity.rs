//! Every head compared with PyTorch + transformers: logits, loss, and the gradient of every parameter
//! (`data/make_heads.py`); the same for `cls-linear` on a BERT of an unusual shape
//! (`crates/bert/tests/data/make_parity.py`). On every engine in the build.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

mod reference;

use bert::{NamedTensor, Random, named_tensors};
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use classifier::{
    Definition, EmbeddingsConfig, HeadConfig, Model, batch, cross_entropy, predict, weighted_cross_entropy,
};
use fused::devices;
use reference::{Case, cases, gradients};

#[track_caller]
fn assert_close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < tolerance, "{what}: {found} is not {expected}");
    }
}

#[test]
fn every_head_is_compared_and_documented() {
    let refused = HeadConfig::from_value(serde_json::json!({"kind": ""})).unwrap_err();
    let kind = |case: &Case| serde_json::to_value(&case.definition().head).unwrap()["kind"].clone();
    let compared: Vec<_> = cases().iter().map(kind).collect();
    for known in refused.split('`').skip(3).step_by(2) {
        assert!(compared.iter().any(|kind| kind == known), "{known}: add a case to `make_heads.py`");
        let settings = include_str!("../../../pipelines/README.md");
        assert!(settings.contains(&format!("| `{known}` |")), "{known}: add a row to `pipelines/README.md`");
    }
}

#[test]
fn logits_of_every_head_equal_pytorch() {
    for device in devices() {
        for case in cases() {
            let logits = predict(&case.model(&device).valid(), &case.sequences(), 0, &device, |_| {}).concat();
            assert_close(&logits, &case.expected("logits", &[4, 3]), 1e-5, &format!("{device:?} {}", case.name));
        }
    }
}

#[test]
fn loss_and_the_gradient_of_every_parameter_equal_pytorch() {
    for device in devices() {
        for case in cases() {
            compare(&case, &case.model(&device.clone().autodiff()), &device.clone().autodiff());
        }
    }
}

fn compare(case: &Case, model: &Model, device: &Device) {
    let logits = model.forward(&model.batch(&case.sequences(), 0, device));
    let loss = loss(case, logits, device);
    let found = GradientsParams::from_grads(loss.backward(), model);
    let what = format!("{device:?} {}", case.name);
    assert_close(&[loss.into_scalar::<f32>()], &case.expected("loss", &[1]), 1e-5, &what);
    let gradients = gradients(model, &found);
    let named: Vec<&String> = gradients.iter().map(|(name, ..)| name).collect();
    let stored = model.stored();
    assert_eq!(named, stored.iter().map(|tensor| &tensor.name).collect::<Vec<_>>(), "{what}: each has a gradient");
    for (name, found, shape) in gradients.into_iter().filter(|(name, ..)| case.has(&format!("gradient.{name}"))) {
        let expected = case.expected(&format!("gradient.{name}"), &shape);
        let largest = expected.iter().fold(0f32, |largest, x| largest.max(x.abs()));
        // Softmax is independent of the keys' bias: its gradient is 0 except for rounding.
        let least = if name.ends_with("key.bias") { 0.1 } else { 1e-3 };
        assert_close(&found, &expected, 1e-4 * largest.max(least), &format!("{what} {name}"));
    }
    let mut names = model.stored().into_iter().map(|tensor| tensor.name);
    assert!(names.all(|name| case.has(&format!("gradient.{name}")) || case.name == "unusual"), "{what}");
}

fn loss(case: &Case, logits: Tensor<2>, device: &Device) -> Tensor<1> {
    let labels = batch::labels(&case.labels(), device);
    if !case.has("class_weights") {
        return cross_entropy(logits, labels);
    }
    let of_class = case.expected("class_weights", &[3]);
    let weights: Vec<f32> = case.labels().into_iter().map(|label| of_class[label]).collect();
    weighted_cross_entropy(logits, labels, Tensor::from_floats(weights.as_slice(), device))
}

/// Every head except those that run an LSTM over all rows.
#[test]
fn padding_changes_no_logit_and_no_gradient() {
    for device in devices().into_iter().map(Device::autodiff) {
        for case in cases().into_iter().filter(|case| !case.asked["head"]["kind"].as_str().unwrap().contains("lstm")) {
            let model = case.model(&device);
            let run = |least| {
                let batch =
                    classifier::Assembled::new(&case.sequences(), 0, least).looked_through_for(Some(0)).on(&device);
                let (logits, labels) = (model.forward(&batch), batch::labels(&case.labels(), &device));
                let found = GradientsParams::from_grads(cross_entropy(logits.clone(), labels).backward(), &model);
                let gradients = gradients(&model, &found).into_iter().flat_map(|(_, found, _)| found);
                (batch.layout.rows(), logits.into_data().iter::<f32>().chain(gradients).collect::<Vec<f32>>())
            };
            let ((tight, found), (wide, expected)) = (run(0), run(37));
            assert!(tight < wide && wide == 4 * 37, "{tight} of {wide} rows");
            assert_close(&found, &expected, 1e-5, &format!("{device:?} {}", case.name));
        }
    }
}

#[test]
fn every_head_draws_each_parameter_by_its_path() {
    let random = Random { seed: 1, standard_deviation: 0.0 };
    for case in cases() {
        let model = case.definition().random(1, &Device::flex()).unwrap();
        let parameters = named_tensors(&model, str::to_owned);
        for NamedTensor { name, data } in parameters.iter().filter(|tensor| tensor.name.starts_with("head.")) {
            let path = name.trim_start_matches("head.");
            let found: Vec<f32> = data.iter().collect();
            let within_1: Vec<f32> = random.uniform(path, data.shape().as_slice(), 1).iter().collect();
            let bound = found[0] / within_1[0];
            let expected: Vec<f32> = within_1.iter().map(|x| bound * x).collect();
            assert!(bound > 0.0, "{} {name}", case.name);
            assert_close(&found, &expected, 1e-6, &format!("{} {name}", case.name));
        }
    }
}

#[test]
fn only_a_reinitialised_pooler_is_random() {
    let (case, device) = (cases().pop().unwrap(), Device::flex());
    let pooler = |seed, head: &str| {
        let head = HeadConfig::from_value(serde_json::from_str(head).unwrap()).unwrap();
        let definition = Definition { head, ..case.definition() };
        let model = definition.pretrained(&reference::unusual_folder(), seed, &device).unwrap();
        let stored = model.stored().into_iter();
        let of = |name: &str| stored.clone().find(|tensor| tensor.name == name).unwrap().data;
        (of("bert.pooler.dense.weight"), of("bert.embeddings.word_embeddings.weight"))
    };
    let (kept, words) = pooler(1, r#"{"kind": "cls-linear"}"#);
    let (drawn, same_words) = pooler(1, r#"{"kind": "cls-linear", "pooler": "reinitialised"}"#);
    let (other, _) = pooler(2, r#"{"kind": "cls-linear", "pooler": "reinitialised"}"#);
    assert!(kept != drawn && drawn != other && words == same_words);
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let case = cases().into_iter().find(|case| case.name == "cls").unwrap();
    let table = Definition { embeddings: EmbeddingsConfig::Table { size: 4 }, ..case.definition() };
    assert!(table.check().unwrap_err().contains("`blocks = \"none\"`"));
    let pooled = Definition { kept: Vec::new(), ..table };
    assert!(pooled.check().unwrap_err().contains("have no pooler"));
    case.definition().check().unwrap();
}
