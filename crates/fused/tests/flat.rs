//! A flat batch compared with the same batch padded: the output of a block, and every gradient, on every engine in the
//! build.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use fused::plain::rows_at;
use fused::{Activation, BlockOptions, BlockWeights, Layout, LinearWeights, NormWeights, Precision, block, devices};

const H: usize = 16;
const I: usize = 24;
/// The second and the third are one run, the last two are not.
const LENGTHS: [usize; 6] = [3, 7, 7, 1, 5, 2];
const TOKENS: usize = 25;

/// Deterministic pseudo-random numbers from -1 to 1.
fn numbers<const D: usize>(seed: usize, shape: [usize; D], device: &Device) -> Tensor<D> {
    let number = |i: usize| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.5 - 1.0;
    let data: Vec<f32> = (0..shape.iter().product()).map(number).collect();
    Tensor::from_data(TensorData::new(data, shape), device)
}

/// The block's 16 parameters, each of which requires a gradient, and the block they make.
fn weights(device: &Device) -> (Vec<Tensor<2>>, Vec<Tensor<1>>, BlockWeights) {
    let matrix = |seed, shape| (numbers(seed, shape, device) * 0.4).require_grad();
    let shapes = [[H, H], [H, H], [H, H], [H, H], [I, H], [H, I]];
    let matrices: Vec<Tensor<2>> = shapes.into_iter().enumerate().map(|(seed, shape)| matrix(seed, shape)).collect();
    let sizes = [H, H, H, H, I, H, H, H, H, H];
    let vector = |(seed, size)| numbers(seed + 50, [size], device).require_grad();
    let vectors: Vec<Tensor<1>> = sizes.into_iter().enumerate().map(vector).collect();
    let linear = |i: usize| LinearWeights { weight: matrices[i].clone(), bias: vectors[i].clone() };
    let norm = |i: usize| NormWeights { gamma: vectors[i].clone(), beta: vectors[i + 1].clone() };
    let block = BlockWeights {
        query: linear(0),
        key: linear(1),
        value: linear(2),
        attention_output: linear(3),
        attention_norm: norm(6),
        intermediate: linear(4),
        output: linear(5),
        output_norm: norm(8),
    };
    (matrices, vectors, block)
}

/// The rows of real tokens.
fn real(layout: &Layout) -> Vec<usize> {
    layout.sequences().iter().flat_map(|sequence| sequence.rows.clone().take(sequence.tokens)).collect()
}

/// The rows of a block that are read.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Read {
    Tokens,
    /// The first row of each sequence, of all that are computed.
    First,
    FirstOnly,
}

/// The options of a block.
type Numerics = (Precision, Activation);

const ACTIVATIONS: [Activation; 3] = [Activation::Gelu, Activation::GeluTanh, Activation::Relu];

/// The block's output at the rows that are read; then the gradients of their sum weighted by fixed numbers: of the
/// tokens' input, and of every parameter.
fn run(layout: Layout, device: &Device, read: Read, (precision, activation): Numerics) -> Vec<(String, Vec<f32>)> {
    let first_only = read == Read::FirstOnly;
    let (matrices, vectors, weights) = weights(device);
    let tokens = numbers(99, [TOKENS, H], device).require_grad();
    let hidden = laid_out(tokens.clone(), &layout);
    let options =
        BlockOptions { num_attention_heads: 2, layer_norm_eps: 1e-5, activation, precision, dropout: 0.0, first_only };
    let all = block(hidden, &Arc::new(layout.clone()), weights, options);
    let output = match read {
        Read::Tokens => rows_at(all, &real(&layout)),
        Read::First => rows_at(all, &layout.starts()),
        Read::FirstOnly => all,
    };
    let gradients = (output.clone() * numbers(77, output.dims(), device)).sum().backward();
    let flat = |data: TensorData| data.iter::<f32>().collect::<Vec<f32>>();
    let mut found = vec![("output".to_owned(), flat(output.into_data()))];
    found.push(("input".to_owned(), flat(tokens.grad(&gradients).unwrap().into_data())));
    let matrices = matrices.iter().map(|matrix| matrix.grad(&gradients).unwrap().into_data());
    let vectors = vectors.iter().map(|vector| vector.grad(&gradients).unwrap().into_data());
    let named = matrices.chain(vectors).enumerate().map(|(i, gradient)| (format!("parameter {i}"), flat(gradient)));
    found.into_iter().chain(named).collect()
}

/// The tokens' vectors in their rows, and arbitrary numbers in padding rows.
fn laid_out(tokens: Tensor<2>, layout: &Layout) -> Tensor<2> {
    let garbage = numbers(3, [1, H], &tokens.device()) * 5.0;
    let mut next = 0..TOKENS;
    let shown = |sequence: &fused::Sequence| {
        let tokens = sequence.rows.clone().take(sequence.tokens).filter_map(|_| next.next()).collect::<Vec<_>>();
        [tokens, vec![TOKENS; sequence.rows.len() - sequence.tokens]].concat()
    };
    let shown: Vec<usize> = layout.sequences().iter().flat_map(shown).collect();
    rows_at(Tensor::cat(vec![tokens, garbage], 0), &shown)
}

/// The padded batch, computed in fp32 by the plain engine.
fn expected(read: Read, activation: Activation) -> Vec<(String, Vec<f32>)> {
    run(Layout::padded(&LENGTHS, 9), &Device::flex().autodiff(), read, (Precision::Fp32, activation))
}

#[test]
fn a_flat_batch_equals_the_padded_one() {
    held_to(Read::Tokens, Read::Tokens, devices(), Precision::Fp32);
}

#[test]
fn the_first_rows_alone_equal_those_among_all() {
    held_to(Read::First, Read::FirstOnly, devices(), Precision::Fp32);
}

#[test]
fn bf16_stays_near_fp32() {
    held_to(Read::Tokens, Read::Tokens, fused::libtorch_devices(), Precision::Bf16);
    held_to(Read::First, Read::FirstOnly, fused::libtorch_devices(), Precision::Bf16);
}

/// With every activation, the rows of `read` equal the rows of `reference` in the padded batch.
fn held_to(reference: Read, read: Read, devices: Vec<Device>, precision: Precision) {
    let tolerance = if precision == Precision::Fp32 { 1e-5 } else { 0.05 };
    for activation in ACTIVATIONS {
        let expected = expected(reference, activation);
        for device in devices.iter().cloned().map(Device::autodiff) {
            for layout in [Layout::tight(&LENGTHS), Layout::padded(&LENGTHS, 4), Layout::padded(&LENGTHS, 9)] {
                let what = format!("{device:?}, {activation:?}, {} rows", layout.rows());
                let found = run(layout, &device, read, (precision, activation));
                for ((name, found), (_, expected)) in found.iter().zip(&expected) {
                    assert_eq!(found.len(), expected.len());
                    let largest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                    let scale = expected.iter().fold(1.0, |scale: f32, x| scale.max(x.abs()));
                    assert!(largest < tolerance * scale, "{what}: {name} is off by {largest} of {scale}");
                }
            }
        }
    }
}
