//! One part at a time, then every choice of blocks, against tensors dumped from Hugging Face's BERT
//! (`data/make_parity.py`): embeddings, attention weights, each block, pooler.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};

use bert::{Config, Encoded, Encoder, Pass, Precision, Safetensors, Source, fill, hugging_face_name};
use burn::tensor::{Device, Int, Tensor, TensorData};

/// Positions, hidden size, and tokens that are no padding: 37 + 3 + 20 + 1.
const P: usize = 37;
const H: usize = 48;
const TOKENS: usize = 61;

const ALL: [usize; 5] = [0, 1, 2, 3, 4];

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

fn lengths() -> Vec<usize> {
    expected("lengths", &[4]).into_iter().map(|length| length as usize).collect()
}

fn encoder(kept: &[usize], device: &Device) -> Encoder {
    let config = Config::read(&folder()).unwrap();
    let mut weights = Safetensors::open(&folder().join("model.safetensors")).unwrap();
    let empty = Encoder::new(&config, kept.len(), true, device);
    fill(empty, &mut weights, device, |path| hugging_face_name(path, kept)).unwrap()
}

fn mask(device: &Device) -> Tensor<4> {
    let added = lengths().into_iter().flat_map(|n| (0..P).map(move |p| if p < n { 0.0 } else { -1e9 }));
    Tensor::from_data(TensorData::new(added.collect::<Vec<f32>>(), [4, 1, 1, P]), device)
}

fn encode(encoder: &Encoder, device: &Device, precision: Precision) -> Encoded {
    let ids: Vec<i64> = expected("input_ids", &[4, P]).into_iter().map(|id| id as i64).collect();
    let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [4, P]), device);
    encoder.forward(ids, Some(mask(device)), Pass { precision, ..Pass::default() })
}

/// The numbers at real tokens, one example after the other.
fn real(hidden: Tensor<3>) -> Vec<f32> {
    let hidden: Vec<f32> = hidden.into_data().try_to_vec().unwrap();
    let example = |(row, length): (usize, usize)| hidden[row * P * H..][..length * H].to_vec();
    lengths().into_iter().enumerate().flat_map(example).collect()
}

#[track_caller]
fn assert_close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(largest < tolerance, "{what}: {largest}");
}

#[test]
fn embeddings_and_every_block_are_hugging_faces() {
    for device in devices() {
        let encoded = encode(&encoder(&ALL, &device), &device, Precision::Fp32);
        assert_eq!(encoded.hidden_states.len(), 6);
        for (layer, hidden) in encoded.hidden_states.into_iter().enumerate() {
            let expected = expected(&format!("hidden.{layer}"), &[TOKENS, H]);
            assert_close(&real(hidden), &expected, 1e-5, &format!("{device:?} layer {layer}"));
        }
    }
}

#[test]
fn attention_weights_are_hugging_faces_and_none_goes_to_padding() {
    for device in devices() {
        let encoder = encoder(&ALL, &device);
        let encoded = encode(&encoder, &device, Precision::Fp32);
        for block in [0, 4] {
            let below = encoded.hidden_states[block].clone();
            let weights = encoder.blocks()[block].attention_weights(below, Some(mask(&device))); // [4, 3, P, P]
            let third = weights.clone().slice([2..3, 0..3, 0..20, 0..20]).into_data().try_to_vec::<f32>().unwrap();
            let expected = expected(&format!("attention.{block}"), &[3, 20, 20]);
            assert_close(&third, &expected, 1e-5, &format!("{device:?} block {block}"));
            let padding = weights.slice([2..3, 0..3, 0..P, 20..P]).into_data();
            assert!(padding.iter::<f32>().all(|weight| weight == 0.0));
        }
    }
}

#[test]
fn pooled_cls_of_every_choice_of_blocks_is_hugging_faces() {
    let choices: [(&str, &[usize]); 5] =
        [("none", &[]), ("first3", &[0, 1, 2]), ("last2", &[3, 4]), ("every2", &[0, 2, 4]), ("mixed", &[0, 1, 4])];
    for device in devices() {
        for (name, kept) in choices {
            let encoded = encode(&encoder(kept, &device), &device, Precision::Fp32);
            let pooled: Vec<f32> = encoded.pooled.clone().unwrap().into_data().try_to_vec().unwrap();
            assert_close(&pooled, &expected(&format!("{name}.pooled"), &[4, H]), 1e-5, name);
            if name == "last2" {
                assert_close(&real(encoded.last()), &expected("last2.last", &[TOKENS, H]), 1e-5, name);
            }
        }
    }
}

#[test]
fn dropout_acts_while_training_only() {
    for device in devices() {
        let ids = || Tensor::<2, Int>::from_data([[1, 2, 3, 4, 5, 6]], &device);
        let pass = |dropout| Pass { dropout, ..Pass::default() };
        let last = |encoded: Encoded| encoded.last().into_data().iter::<f32>().collect::<Vec<f32>>();
        let encoder = encoder(&[0, 1], &device);
        assert_eq!(last(encoder.forward(ids(), None, pass(0.5))), last(encoder.forward(ids(), None, pass(0.0))));
        let tracked = device.clone().autodiff();
        let (training, ids) =
            (self::encoder(&[0, 1], &tracked), || Tensor::<2, Int>::from_data([[1, 2, 3, 4, 5, 6]], &tracked));
        let embedded = self::encoder(&[], &tracked).forward(ids(), None, pass(0.5)).last().into_data();
        let (zeros, all) = (embedded.iter::<f32>().filter(|&x| x == 0.0).count(), embedded.num_elements());
        assert!((all / 3..2 * all / 3).contains(&zeros), "{device:?}: {zeros} of {all} embeddings");
        let run = |seed, dropout| {
            device.seed(seed);
            last(training.forward(ids(), None, pass(dropout)))
        };
        assert_eq!(run(1, 0.5), run(1, 0.5));
        assert_ne!(run(1, 0.5), run(2, 0.5));
        assert_eq!(run(1, 0.0), run(2, 0.0));
    }
}

#[cfg(feature = "libtorch")]
#[test]
fn bf16_products_stay_near_fp32() {
    let device = devices().pop().unwrap();
    let encoded = encode(&encoder(&ALL, &device), &device, Precision::Bf16);
    for (layer, hidden) in encoded.hidden_states.into_iter().enumerate().skip(1) {
        let expected = expected(&format!("hidden.{layer}"), &[TOKENS, H]);
        let pairs = || real(hidden.clone()).into_iter().zip(expected.clone());
        let largest = pairs().map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(largest > 0.0 && largest < 0.2, "layer {layer}: {largest}");
    }
}
