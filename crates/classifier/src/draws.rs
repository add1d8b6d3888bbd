//! Random initial values of a head, and of a reinitialised pooler.

use bert::{Error, Random, TensorSource};
use burn::tensor::TensorData;

/// Initialises a head as PyTorch does: linear layers uniform between ±1/√inputs, biases included; LSTMs uniform between
/// ±1/√L.
pub(crate) struct HeadSource {
    random: Random,
    /// Inputs of the last linear layer; its bias follows its weight.
    inputs: usize,
}

impl HeadSource {
    pub(crate) fn new(random: Random) -> Self {
        HeadSource { random, inputs: 1 }
    }
}

impl TensorSource for HeadSource {
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, Error> {
        if name.contains(".lstm.") {
            let gates = shape.first().copied().unwrap_or(4);
            return Ok(self.random.uniform(name, shape, gates / 4));
        }
        if let [_, inputs] = shape {
            self.inputs = *inputs;
        }
        Ok(self.random.uniform(name, shape, self.inputs))
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
        match name.starts_with("pooler.") {
            true => self.random.take(name, shape),
            false => self.rest.take(name, shape),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn largest(name: &str, shape: &[usize], source: &mut dyn TensorSource) -> f32 {
        let values = source.take(name, shape).unwrap();
        values.iter::<f32>().fold(0.0, |largest: f32, x| largest.max(x.abs()))
    }

    #[test]
    fn a_linear_layer_is_bounded_by_its_inputs_and_an_lstm_by_its_hidden_size() {
        let source = &mut HeadSource::new(Random { seed: 1, standard_deviation: 0.02 });
        let within = |x: f32, bound: f32| x <= bound && x > 0.8 * bound;
        assert!(within(largest("Bilstm.lstm.layers.0.forward.weight_ih", &[64, 400], source), 0.25));
        assert!(within(largest("Bilstm.lstm.layers.0.forward.bias_ih", &[64], source), 0.25));
        assert!(within(largest("Bilstm.classifier.weight", &[3, 100], source), 0.1));
        assert!(within(largest("Bilstm.classifier.bias", &[30], source), 0.1));
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
