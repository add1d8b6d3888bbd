//! One layer at a time, then every choice of blocks, against tensors dumped from Hugging Face's BERT
//! (`data/make_parity.py`): hidden states, and the gradient of every parameter.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};

use bert::{Config, Encoded, Encoder, Precision, Safetensors, Source, fill, hugging_face_name};
use burn::tensor::{Device, Int, Tensor, TensorData};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/parity")
}

#[cfg_attr(feature = "libtorch", expect(deprecated, reason = "burn-tch goes in 0.23"))]
fn devices() -> Vec<Device> {
    vec![
        Device::flex(),
        #[cfg(feature = "libtorch")]
        Device::libtorch(),
    ]
}

fn expected(name: &str, shape: &[usize]) -> Vec<f32> {
    let mut file = Safetensors::open(&folder().join("expected.safetensors")).unwrap();
    file.take(name, shape).unwrap().try_to_vec().unwrap()
}

fn encoder(kept: &[usize], device: &Device) -> Encoder {
    let config = Config::read(&folder()).unwrap();
    let mut weights = Safetensors::open(&folder().join("model.safetensors")).unwrap();
    let empty = Encoder::new(&config, kept.len(), true, device);
    fill(empty, &mut weights, device, |path| hugging_face_name(path, kept)).unwrap()
}

fn encode(encoder: &Encoder, device: &Device, precision: Precision) -> Encoded {
    let ids: Vec<i64> = expected("input_ids", &[3, 12]).into_iter().map(|id| id as i64).collect();
    let lengths = expected("lengths", &[3]);
    let added = lengths.iter().flat_map(|&n| (0..12).map(move |p| if (p as f32) < n { 0.0 } else { -1e9 }));
    let mask = Tensor::from_data(TensorData::new(added.collect::<Vec<f32>>(), [3, 1, 1, 12]), device);
    let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [3, 12]), device);
    encoder.forward(ids, Some(mask), precision)
}

/// The largest difference at real tokens; what padding positions hold means nothing.
fn difference(found: Tensor<3>, expected: &[f32]) -> f32 {
    let lengths = self::expected("lengths", &[3]);
    let found: Vec<f32> = found.into_data().try_to_vec().unwrap();
    let real = |index: &usize| ((index / 16 % 12) as f32) < lengths[index / (16 * 12)];
    let places = (0..found.len()).filter(real);
    places.map(|place| (found[place] - expected[place]).abs()).fold(0.0, f32::max)
}

#[test]
fn every_hidden_state_of_every_choice_of_blocks_is_hugging_faces() {
    let choices: [(&str, &[usize]); 6] = [
        ("none", &[]),
        ("first1", &[0]),
        ("first3", &[0, 1, 2]),
        ("all", &[0, 1, 2, 3]),
        ("last2", &[2, 3]),
        ("every2", &[0, 2]),
    ];
    for device in devices() {
        for (name, kept) in choices {
            let encoded = encode(&encoder(kept, &device), &device, Precision::Fp32);
            assert_eq!(encoded.hidden_states.len(), kept.len() + 1);
            for (layer, hidden) in encoded.hidden_states.into_iter().enumerate() {
                let difference = difference(hidden, &expected(&format!("{name}.hidden.{layer}"), &[3, 12, 16]));
                assert!(difference < 1e-5, "{device:?} {name} layer {layer}: {difference}");
            }
        }
    }
}

#[cfg(feature = "libtorch")]
#[test]
fn bf16_products_stay_near_fp32() {
    let device = devices().pop().unwrap();
    let encoded = encode(&encoder(&[0, 1, 2, 3], &device), &device, Precision::Bf16);
    for (layer, hidden) in encoded.hidden_states.into_iter().enumerate().skip(1) {
        let difference = difference(hidden, &expected(&format!("all.hidden.{layer}"), &[3, 12, 16]));
        assert!(difference > 0.0 && difference < 0.1, "layer {layer}: {difference}");
    }
}
