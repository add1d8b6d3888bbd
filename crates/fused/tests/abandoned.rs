//! Forward passes without a backward pass, as when memory runs out.
#![cfg(all(target_os = "linux", feature = "libtorch"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::module::{Module, Param};
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor};
use fused::{NormWeights, detach_graph, free_abandoned_graph};

/// Enough rows that the allocator gets each tensor from the system and returns it.
const ROWS: usize = 1 << 18;
const H: usize = 64;
const MIB: usize = 64;

/// Layers of burn, and one in an operation of our own.
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

    /// A pass that fails after this many `steps`; each keeps 64 MiB or more.
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

/// At every point of a pass, and several times: as often as a batch is halved.
#[test]
fn an_abandoned_pass_frees_its_memory_and_the_next_one_learns() {
    for device in fused::libtorch_devices().into_iter().take(1).map(Device::autodiff) {
        // a GPU's memory is not resident
        let mut net = Net::new(&device);
        let expected = net.gradient();
        let before = resident();
        for steps in [2, 0, 1, 2, 1, 0, 2, 2] {
            net = detach_graph(net);
            let abandoned = catch_unwind(AssertUnwindSafe(|| net.forward(steps)));
            assert!(abandoned.is_err());
            let kept = resident().saturating_sub(before);
            assert!(kept >= MIB, "burn frees abandoned passes by itself: `free_abandoned_graph` can be removed");
            free_abandoned_graph(&net);
            assert!(resident() < before + MIB, "{steps} steps: {} MiB, before {before}", resident());
        }
        net = detach_graph(net);
        assert_eq!(net.gradient(), expected);
    }
}
