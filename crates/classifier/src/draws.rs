//! Initial values that are drawn: a head's, and a reinitialised pooler's.

use bert::{Error, Linear, Random, Role, TensorSource, empty};
use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};

/// Makes the parameters of a head, each drawn from the seed and its path.
pub(crate) struct Draws<'a> {
    /// `None` leaves the numbers to be filled in.
    random: Option<Random>,
    /// The path of the current part in the head, with a final dot.
    path: String,
    device: &'a Device,
}

impl<'a> Draws<'a> {
    pub(crate) fn new(random: Random, device: &'a Device) -> Self {
        Draws { random: Some(random), ..Draws::none(device) }
    }

    /// Parameters whose numbers are not filled in yet.
    pub(crate) fn none(device: &'a Device) -> Self {
        Draws { random: None, path: String::new(), device }
    }

    /// The parameters of the field, or of the item, called `name`.
    pub(crate) fn part(&self, name: &str) -> Self {
        Draws { path: format!("{}{name}.", self.path), ..*self }
    }

    /// Uniform between ±1/√`inputs`.
    pub(crate) fn uniform<const D: usize>(&self, name: &str, shape: [usize; D], inputs: usize) -> Param<Tensor<D>> {
        match self.random {
            Some(random) => {
                Param::from_data(random.uniform(&format!("{}{name}", self.path), &shape, inputs), self.device)
            }
            None => empty(shape, self.device),
        }
    }

    /// A linear layer as in PyTorch: uniform between ±1/√`inputs`, biases included.
    pub(crate) fn linear(&self, name: &str, inputs: usize, outputs: usize) -> Linear {
        let part = self.part(name);
        Linear {
            weight: part.uniform("weight", [outputs, inputs], inputs),
            bias: part.uniform("bias", [outputs], inputs),
        }
    }
}

/// A source that replaces the pooler by random values.
pub(crate) struct NewPooler<'a> {
    rest: &'a mut dyn TensorSource,
    random: Random,
}

impl<'a> NewPooler<'a> {
    pub(crate) fn new(rest: &'a mut dyn TensorSource, random: Random) -> Self {
        NewPooler { rest, random }
    }
}

impl TensorSource for NewPooler<'_> {
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, Error> {
        match Role::of(name) {
            Role::Pooler => self.random.take(name, shape),
            _ => self.rest.take(name, shape),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_layer_is_bounded_by_its_inputs() {
        let device = Device::flex();
        let layer = Draws::new(Random { seed: 1, standard_deviation: 0.02 }, &device).linear("classifier", 100, 30);
        let largest =
            [layer.weight.val().flatten::<1>(0, 1), layer.bias.val()].map(|x| x.abs().max().into_scalar::<f32>());
        assert!(largest.iter().all(|x| (0.08..=0.1).contains(x)), "{largest:?}");
    }

    #[test]
    fn only_the_pooler_is_reinitialised() {
        let (one, two) = (Random { seed: 1, standard_deviation: 0.1 }, Random { seed: 2, standard_deviation: 0.1 });
        let (mut alone, mut rest) = (one, one);
        let mut source = NewPooler::new(&mut rest, two);
        let same = |name: &str, a: &mut dyn TensorSource, b: &mut dyn TensorSource| {
            a.take(name, &[3]).unwrap() == b.take(name, &[3]).unwrap()
        };
        assert!(same("embeddings.word", &mut source, &mut alone));
        assert!(!same("pooler.dense.weight", &mut source, &mut alone));
    }
}
