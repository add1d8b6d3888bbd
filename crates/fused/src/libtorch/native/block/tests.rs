use super::*;
use crate::libtorch::{block as recorded, shim};

const H: i64 = 64;
const I: i64 = 96;

/// A block's inputs: hidden states of `rows` rows, then parameters of the usual size.
fn inputs(rows: i64) -> Vec<Tensor> {
    tch::manual_seed(7);
    let random = |shape: &[i64], scale: f64| Tensor::randn(shape, (Kind::Float, tch::Device::Cpu)) * scale;
    let linear = |outputs: i64, inputs: i64| [random(&[outputs, inputs], 0.15), random(&[outputs], 0.2)];
    let norm = || [random(&[H], 0.2) + 1.0, random(&[H], 0.2)];
    let mut all = vec![random(&[rows, H], 1.0)];
    (0..4).for_each(|_| all.extend(linear(H, H)));
    all.extend(norm());
    all.extend(linear(I, H));
    all.extend(linear(H, I));
    all.extend(norm());
    all
}

fn options(num_attention_heads: usize, precision: Precision) -> BlockOptions {
    BlockOptions {
        num_attention_heads,
        layer_norm_eps: 1e-12,
        activation: Activation::Gelu,
        precision,
        dropout: 0.0,
        first_only: false,
    }
}

/// Output and gradients by LibTorch's autograd.
fn expected(inputs: &[Tensor], layout: &Layout, options: BlockOptions, flowing: &Tensor) -> Vec<Tensor> {
    let leaves: Vec<Tensor> = inputs.iter().map(|input| input.detach().set_requires_grad(true)).collect();
    let output = tch::with_grad(|| recorded::forward(&leaves, layout, options));
    let gradients = shim::grad(&output, flowing, &leaves);
    std::iter::once(output.detach()).chain(gradients).collect()
}

/// The largest difference, relative to the largest expected number.
fn difference(found: &Tensor, expected: &Tensor) -> f64 {
    let largest = |x: &Tensor| x.abs().max().double_value(&[]);
    largest(&(found - expected)) / largest(expected).max(1e-6)
}

fn layouts() -> [Layout; 3] {
    [Layout::tight(&[37, 130, 1, 64]), Layout::padded(&[5, 40, 33], 40), Layout::tight(&[300])]
}

/// bfloat16 has 8 bits: products of sums of 64 such numbers are within one or two hundredths of fp32's.
#[test]
fn the_kernels_equal_the_fp32_block_up_to_rounding() {
    if !are_ready() {
        return;
    }
    for (layout, first_only) in layouts().into_iter().flat_map(|layout| [(layout.clone(), false), (layout, true)]) {
        let layout = Arc::new(layout);
        for heads in [1, 2, 4] {
            let inputs = inputs(layout.rows() as i64);
            let options = |precision| BlockOptions { first_only, ..options(heads, precision) };
            assert!(serves(&inputs, options(Precision::Bf16)));
            let rows = if first_only { layout.sequences().len() } else { layout.rows() };
            let flowing = Tensor::randn([rows as i64, H], (Kind::Float, tch::Device::Cpu));
            let expected = expected(&inputs, &layout, options(Precision::Fp32), &flowing);
            let (output, kept) = forward(&inputs, &layout, options(Precision::Bf16), true);
            let found = std::iter::once(output).chain(gradients(&kept.unwrap(), &flowing));
            for (which, (found, expected)) in found.zip(&expected).enumerate() {
                if which == 5 {
                    continue; // keys' bias: its gradient is 0 by mathematics
                }
                let difference = difference(&found, expected);
                assert!(difference < 0.03, "tensor {which}, {heads} heads, first only {first_only}: {difference}");
            }
        }
    }
}

/// Two sequences in one batch equal each alone, and a second call does not see the first.
#[test]
fn a_sequence_sees_itself_only_and_results_repeat() {
    if !are_ready() {
        return;
    }
    let (inputs, options) = (inputs(120), options(2, Precision::Bf16));
    let both = || forward(&inputs, &Arc::new(Layout::tight(&[70, 50])), options, false).0;
    let (first, again) = (both(), both());
    assert!(first == again);
    let mut alone = inputs.iter().map(Tensor::shallow_clone).collect::<Vec<_>>();
    alone[0] = inputs[0].narrow(0, 70, 50).contiguous();
    let alone = forward(&alone, &Arc::new(Layout::tight(&[50])), options, false).0;
    assert!(difference(&first.narrow(0, 70, 50), &alone) < 2e-2);
}

/// The memory after the last row holds old numbers; the products read these rows, but the result must not depend on
/// them.
#[test]
fn numbers_after_the_last_row_have_no_effect() {
    if !are_ready() {
        return;
    }
    let (inputs, options, layout) = (inputs(70), options(2, Precision::Bf16), Arc::new(Layout::tight(&[33, 37])));
    let flowing = inputs[0].ones_like();
    let of = |filler: f64| {
        let (output, kept) = forward(&inputs, &layout, options, true);
        let kept = kept.unwrap();
        let AttentionHalf::All(rows) = &kept.attention else { unreachable!("the block computes all rows") };
        let _filled = rows.projected.narrow(0, 70, BLOCK as i64).fill_(filler);
        std::iter::once(output).chain(gradients(&kept, &flowing)).collect::<Vec<_>>()
    };
    assert!(of(0.0) == of(f64::NAN));
}
