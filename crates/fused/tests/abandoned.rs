//! Forward passes that never get their backward pass, as when memory does not suffice.
#![cfg(all(target_os = "linux", feature = "libtorch"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::module::{Module, Param};
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor};
use fused::{NormWeights, forget_abandoned, renewed};

/// Rows enough that the allocator takes a tensor from the system, and gives it back.
const ROWS: usize = 1 << 18;
const H: usize = 64;
const MIB: usize = 64;

/// Layers as burn has them, and one in an operation of ours.
#[derive(Module, Debug)]
struct Net {
    embedding: Embedding,
    linear: Linear,
    gamma: Param<Tensor<1>>,
    beta: Param<Tensor<1>>,
}

impl Net {
    fn new(device: &Device) -> Self {
        let (embedding, linear) = (EmbeddingConfig::new(9, H).init(device), LinearConfig::new(H, H).init(device));
        let vector = |numbers: [f32; H]| Param::from_tensor(Tensor::from_floats(numbers, device));
        Net { embedding, linear, gamma: vector([1.0; H]), beta: vector([0.0; H]) }
    }

    /// Comes to no end after so many `steps`; each keeps 64 MiB or more.
    fn forward(&self, steps: usize) -> Tensor<2> {
        let ids = Tensor::<2, Int>::zeros([1, ROWS], &self.gamma.device());
        let norm = || NormWeights { gamma: self.gamma.val(), beta: self.beta.val() };
        let mut x = self.embedding.forward(ids).reshape([ROWS, H]).exp();
        for step in 1..=3 {
            assert!(step <= steps, "no memory");
            x = match step {
                1 => self.linear.forward(x).exp(),
                _ => fused::layer_norm(x, norm(), 1e-5).exp(),
            };
        }
        x
    }

    fn gradient(&self) -> Vec<f32> {
        let gradients = self.forward(3).sum().backward();
        self.embedding.weight.grad(&gradients).unwrap().into_data().try_to_vec().unwrap()
    }
}

/// Memory in use, in MiB.
fn resident() -> usize {
    fused::release_memory();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() >> 10
}

/// Wherever a pass ends, and how often: as many as a batch that is halved again and again.
#[test]
fn what_an_abandoned_pass_kept_is_let_go_and_the_next_one_learns_as_ever() {
    for device in fused::libtorch_devices().into_iter().take(1).map(Device::autodiff) {
        // a GPU's memory is not resident
        let mut net = Net::new(&device);
        let expected = net.gradient();
        let before = resident();
        for steps in [2, 0, 1, 2, 1, 0, 2, 2] {
            net = renewed(net);
            let abandoned = catch_unwind(AssertUnwindSafe(|| net.forward(steps)));
            assert!(abandoned.is_err());
            let kept = resident().saturating_sub(before);
            assert!(kept >= MIB, "burn lets go by itself: there is no need of this");
            forget_abandoned(&net);
            assert!(resident() < before + MIB, "{steps} steps: {} MiB, before {before}", resident());
        }
        net = renewed(net);
        assert_eq!(net.gradient(), expected);
    }
}
