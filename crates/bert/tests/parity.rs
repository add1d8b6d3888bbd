//! Each part, then every choice of blocks, compared with tensors from Hugging Face's BERT (`data/make_parity.py`):
//! embeddings, attention weights, each block, pooler.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bert::{
    Checkpoint, Config, Encoded, Encoder, Layout, PassOptions, Precision, Safetensors, TensorSource, fill,
    hugging_face_name,
};
use burn::tensor::{Device, Tensor};
use fused::devices;
use fused::plain::{indices, rows_at};

/// Positions, hidden size, and number of real tokens: 37 + 3 + 20 + 1.
const P: usize = 37;
const H: usize = 48;
const TOKENS: usize = 61;

const ALL: [usize; 5] = [0, 1, 2, 3, 4];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/parity")
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
    let mut weights = Checkpoint::open(&folder(), config.family()).unwrap();
    let empty = Encoder::new(&config, kept.len(), true, device);
    fill(empty, &mut weights, device, |path| hugging_face_name(path, |i| kept[i])).unwrap()
}

/// Without padding, and padded to P.
fn layouts() -> [Arc<Layout>; 2] {
    [Layout::tight(&lengths()), Layout::padded(&lengths(), P)].map(Arc::new)
}

fn encode(encoder: &Encoder, layout: &Arc<Layout>, device: &Device, precision: Precision) -> Encoded {
    encode_as(encoder, layout, device, PassOptions { precision, ..PassOptions::default() })
}

fn encode_as(encoder: &Encoder, layout: &Arc<Layout>, device: &Device, pass: PassOptions) -> Encoded {
    let ids = expected("input_ids", &[4, P]);
    let row = |(row, count): (usize, usize)| ids[row * P..][..count].iter().map(|&id| id as usize).collect::<Vec<_>>();
    let ids: Vec<usize> = layout.row_counts().into_iter().enumerate().flat_map(row).collect();
    let positions = indices(&layout.positions(), device);
    encoder.forward(indices(&ids, device), positions, layout, pass)
}

/// The numbers at real tokens, one example after the other.
fn real(hidden: Tensor<2>, layout: &Layout) -> Vec<f32> {
    let tokens = layout.sequences().iter().flat_map(|sequence| sequence.rows.clone().take(sequence.tokens));
    rows_at(hidden, &tokens.collect::<Vec<_>>()).into_data().try_to_vec().unwrap()
}

#[track_caller]
fn assert_close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(largest < tolerance, "{what}: {largest}");
}

#[test]
fn embeddings_and_every_block_equal_hugging_face() {
    for (device, layout) in devices().into_iter().flat_map(|device| layouts().map(|layout| (device.clone(), layout))) {
        let encoded = encode(&encoder(&ALL, &device), &layout, &device, Precision::Fp32);
        assert_eq!(encoded.hidden_states.len(), 6);
        for (layer, hidden) in encoded.hidden_states.into_iter().enumerate() {
            let expected = expected(&format!("hidden.{layer}"), &[TOKENS, H]);
            let what = format!("{device:?} {} rows, layer {layer}", layout.rows());
            assert_close(&real(hidden, &layout), &expected, 1e-5, &what);
        }
    }
}

#[test]
fn attention_weights_equal_hugging_face() {
    let [layout, _] = layouts();
    let third: Vec<usize> = layout.sequences()[2].rows.clone().collect();
    for device in devices() {
        let encoder = encoder(&ALL, &device);
        let encoded = encode(&encoder, &layout, &device, Precision::Fp32);
        for block in [0, 4] {
            let below = rows_at(encoded.hidden_states[block].clone(), &third);
            let weights = encoder.blocks()[block]
                .attention_weights(below.clone(), 0..20)
                .into_data()
                .try_to_vec::<f32>()
                .unwrap();
            let expected = expected(&format!("attention.{block}"), &[3, 20, 20]);
            assert_close(&weights, &expected, 1e-5, &format!("{device:?} block {block}"));
            let two = encoder.blocks()[block].attention_weights(below, 7..9).into_data().try_to_vec::<f32>().unwrap();
            let rows: Vec<f32> = expected.chunks(400).flat_map(|head| head[140..180].to_vec()).collect();
            assert_close(&two, &rows, 1e-5, &format!("{device:?} block {block}, queries 7 and 8"));
        }
    }
}

#[test]
fn pooled_cls_of_every_choice_of_blocks_equals_hugging_face() {
    let choices: [(&str, &[usize]); 5] =
        [("none", &[]), ("first3", &[0, 1, 2]), ("last2", &[3, 4]), ("every2", &[0, 2, 4]), ("mixed", &[0, 1, 4])];
    for device in devices() {
        for (name, kept) in choices {
            let [layout, _] = layouts();
            let encoded = encode(&encoder(kept, &device), &layout, &device, Precision::Fp32);
            let only = encode_as(
                &encoder(kept, &device),
                &layout,
                &device,
                PassOptions { cls_only: true, ..PassOptions::default() },
            );
            assert_eq!((encoded.hidden_states.len(), only.hidden_states.len()), (kept.len() + 1, 0));
            for pooled in [encoded.pooled.clone(), only.pooled] {
                let pooled: Vec<f32> = pooled.unwrap().into_data().try_to_vec().unwrap();
                assert_close(&pooled, &expected(&format!("{name}.pooled"), &[4, H]), 1e-5, name);
            }
            if name == "last2" {
                assert_close(&real(encoded.last(), &layout), &expected("last2.last", &[TOKENS, H]), 1e-5, name);
            }
        }
    }
}

#[test]
fn dropout_acts_while_training_only() {
    for device in devices() {
        let pass = |dropout| PassOptions { dropout, ..PassOptions::default() };
        let last = |encoder: &Encoder, device: &Device, pass| {
            let (ids, positions) = (indices(&[1, 2, 3, 4, 5, 6], device), indices(&[0, 1, 2, 3, 4, 5], device));
            let encoded = encoder.forward(ids, positions, &Arc::new(Layout::tight(&[6])), pass);
            encoded.last().into_data().iter::<f32>().collect::<Vec<f32>>()
        };
        let two = encoder(&[0, 1], &device);
        assert_eq!(last(&two, &device, pass(0.5)), last(&two, &device, pass(0.0)));
        let tracked = device.clone().autodiff();
        let embedded = last(&encoder(&[], &tracked), &tracked, pass(0.5));
        let (zeros, all) = (embedded.iter().filter(|&&x| x == 0.0).count(), embedded.len());
        assert!((all / 3..2 * all / 3).contains(&zeros), "{device:?}: {zeros} of {all} embeddings");
        let training = encoder(&[0, 1], &tracked);
        let run = |seed, pass| {
            device.seed(seed);
            last(&training, &tracked, pass)
        };
        assert_eq!(run(1, pass(0.5)), run(1, pass(0.5)));
        assert_ne!(run(1, pass(0.5)), run(2, pass(0.5)));
        assert_eq!(run(1, pass(0.0)), run(2, pass(0.0)));
        let frozen = |seed| run(seed, PassOptions { frozen_layers: 3, ..pass(0.5) });
        assert_ne!(frozen(1), frozen(2)); // frozen layers are still in training
    }
}

#[test]
fn bf16_products_stay_near_fp32() {
    for device in fused::libtorch_devices() {
        let [layout, _] = layouts();
        let encoded = encode(&encoder(&ALL, &device), &layout, &device, Precision::Bf16);
        for (layer, hidden) in encoded.hidden_states.into_iter().enumerate().skip(1) {
            let expected = expected(&format!("hidden.{layer}"), &[TOKENS, H]);
            let pairs = || real(hidden.clone(), &layout).into_iter().zip(expected.clone());
            let largest = pairs().map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(largest > 0.0 && largest < 0.2, "{device:?} layer {layer}: {largest}");
        }
    }
}
