//! `FATHOM_KERNELS`: each group can be switched off, and the numbers stay the same up to rounding.
#![cfg(all(feature = "libtorch", target_arch = "x86_64"))]
#![expect(clippy::unwrap_used, deprecated, reason = "a test that cannot continue has failed; burn-tch goes in 0.23")]

use std::process::Command;
use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use fused::adamw::Optimizer;
use fused::{Activation, BlockOptions, BlockWeights, Layout, LinearWeights, LstmWeights, NormWeights, Precision};

const H: usize = 32;
const LENGTHS: [usize; 3] = [3, 7, 1];
const ROWS: usize = 11;

/// Deterministic pseudo-random numbers from -1 to 1.
fn numbers<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    let number = |i: usize| ((i * 7919 + D * 104_729) % 2003) as f32 / 1001.5 - 1.0;
    let data: Vec<f32> = (0..shape.iter().product()).map(number).collect();
    Tensor::from_data(TensorData::new(data, shape), &Device::libtorch())
}

fn block() -> Tensor<2> {
    let linear = || LinearWeights { weight: numbers([H, H]), bias: numbers([H]) };
    let norm = || NormWeights { gamma: numbers([H]) + 1.0, beta: numbers([H]) };
    let weights = BlockWeights {
        query: linear(),
        key: linear(),
        value: linear(),
        attention_output: linear(),
        attention_norm: norm(),
        intermediate: linear(),
        output: linear(),
        output_norm: norm(),
    };
    let options = BlockOptions {
        num_attention_heads: 2,
        layer_norm_eps: 1e-12,
        activation: Activation::Gelu,
        precision: Precision::Bf16,
        dropout: 0.0,
        first_only: false,
    };
    fused::block(numbers([ROWS, H]), &Arc::new(Layout::tight(&LENGTHS)), weights, options)
}

fn lstm() -> Tensor<2> {
    let (input, hidden) = (numbers([4 * H, H]), numbers([4 * H, H]));
    let (input_bias, hidden_bias) = (numbers([4 * H]), numbers([4 * H]));
    fused::lstm(numbers([ROWS, H]), &LENGTHS, vec![LstmWeights { input, hidden, input_bias, hidden_bias }])
}

/// The variable is read once, so each value of it has a process of its own.
#[test]
#[ignore = "the other test runs it, and reads what it prints"]
fn print_results() {
    let listed = |tensor: Tensor<2>| tensor.into_data().iter::<f32>().map(|x| format!(" {x}")).collect::<String>();
    println!("\n@block{}\n@lstm{}", listed(block()), listed(lstm()));
    println!("@rows {}", i32::from(Optimizer::learns_by_rows(&numbers([H]))));
}

/// The results of the block, of the LSTM, and whether a table learns by rows.
fn without(groups: &str) -> [Vec<f32>; 3] {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--nocapture", "print_results"]).env("FATHOM_KERNELS", groups);
    let printed = String::from_utf8(command.output().unwrap().stdout).unwrap();
    ["@block ", "@lstm ", "@rows "].map(|name| {
        let line = printed.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split(' ').map(|number| number.parse().unwrap()).collect()
    })
}

#[test]
fn a_group_that_is_off_changes_its_own_results_by_rounding_only() {
    let all = without("");
    assert_eq!(all[2], [1.0]);
    let supported = [fused::has_bf16_kernels(), is_x86_feature_detected!("avx512f"), true];
    let cases = [("block", [true, false, false]), ("lstm", [false, true, false]), ("rows", [false, false, true])];
    for (groups, changed) in cases.into_iter().chain([("off", [true; 3])]) {
        let found = without(groups);
        let expected = [0, 1, 2].map(|which| changed[which] && supported[which]);
        assert_eq!([0, 1, 2].map(|which| found[which] != all[which]), expected, "{groups}");
        for (which, bound) in [(0, 0.03), (1, 1e-5)] {
            let largest = all[which].iter().fold(0.0, |largest: f32, x| largest.max(x.abs()));
            let apart = found[which].iter().zip(&all[which]).fold(0.0, |apart: f32, (a, b)| apart.max((a - b).abs()));
            assert!(
                found[which].len() == ROWS * H && apart <= bound * largest,
                "{groups}, {which}: {apart} of {largest}"
            );
        }
    }
}
