//! Random initial weights: a pure function of seed and name, the same on every engine.

use burn::tensor::TensorData;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::{Error, TensorSource};

/// Initialises weights as Hugging Face initialises BERT: normal matrices, zero biases, identity LayerNorms.
#[derive(Debug, Clone, Copy)]
pub struct Random {
    /// The run's seed.
    pub seed: u64,
    /// `initializer_range` of the configuration.
    pub standard_deviation: f64,
}

impl TensorSource for Random {
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, Error> {
        let count = shape.iter().product();
        let values = match () {
            () if name.ends_with("LayerNorm.weight") => vec![1.0; count],
            () if name.ends_with("bias") => vec![0.0; count],
            () => normal(self.seed, name, count, self.standard_deviation),
        };
        Ok(TensorData::new(values, shape.to_vec()))
    }
}

impl Random {
    /// Uniform between ±1/√`inputs`, as PyTorch initialises a linear layer.
    pub fn uniform(&self, name: &str, shape: &[usize], inputs: usize) -> TensorData {
        let bound = 1.0 / (inputs as f64).sqrt();
        let mut rng = generator(self.seed, name);
        let values: Vec<f32> =
            (0..shape.iter().product()).map(|_| ((2.0 * unit(&mut rng) - 1.0) * bound) as f32).collect();
        TensorData::new(values, shape.to_vec())
    }
}

/// Box & Muller 1958: two normal numbers from two uniform ones.
fn normal(seed: u64, name: &str, count: usize, standard_deviation: f64) -> Vec<f32> {
    let mut rng = generator(seed, name);
    let mut values = Vec::with_capacity(count + 1);
    while values.len() < count {
        let radius = standard_deviation * (-2.0 * (1.0 - unit(&mut rng)).ln()).sqrt();
        let (sine, cosine) = (std::f64::consts::TAU * unit(&mut rng)).sin_cos();
        values.extend([(radius * cosine) as f32, (radius * sine) as f32]);
    }
    values.truncate(count);
    values
}

/// A number that is at least 0 and below 1.
fn unit(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// FNV-1a of the name (Fowler, Noll, Vo 1991), so that a tensor does not depend on earlier ones.
fn generator(seed: u64, name: &str) -> ChaCha8Rng {
    let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = seed.to_le_bytes().into_iter().chain(name.bytes()).fold(0xcbf2_9ce4_8422_2325, fnv);
    ChaCha8Rng::seed_from_u64(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tensor_depends_on_seed_and_name_and_has_the_requested_spread() {
        let mut random = Random { seed: 1, standard_deviation: 0.02 };
        let mut draw = |name: &str| random.take(name, &[100, 100]).unwrap().try_to_vec::<f32>().unwrap();
        let first = draw("a.weight");
        assert_ne!(first, draw("b.weight"));
        assert_eq!(first, draw("a.weight"));
        let variance = first.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / 10_000.0;
        assert!((variance.sqrt() - 0.02).abs() < 0.001, "{}", variance.sqrt());
    }

    #[test]
    fn uniform_numbers_stay_within_their_bound() {
        let random = Random { seed: 1, standard_deviation: 0.0 };
        let values = random.uniform("w", &[4, 25], 25).try_to_vec::<f32>().unwrap();
        assert!(values.iter().all(|x| x.abs() <= 0.2) && values.iter().any(|x| x.abs() > 0.1));
    }
}
