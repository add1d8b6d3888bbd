//! Gradients of the answer with respect to each token's word vector.

use bert::TokenInput;
use burn::module::Module;
use burn::tensor::{Device, Tensor, activation};
use classifier::{Batch, Model as Network};

use crate::method::Method;
use crate::model::{Model, numbers};

/// Points on the path from the baseline to the text.
const STEPS: usize = 20;

/// Upper bound on R for points of the path that are computed together.
const ROWS: usize = 1024;

/// The weights `[P]` of those `methods` that need an answer, here `class`; a weight below 0 speaks against it.
pub(crate) fn weights(model: &Model, input_ids: &[u32], methods: &[Method], class: usize) -> Vec<(Method, Vec<f32>)> {
    let wanted: Vec<Method> = methods.iter().copied().filter(|method| method.needs_answer()).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let slope = Slope::new(model, input_ids, class);
    let weights = |method| match method {
        Method::IntegratedGradients => slope.integrated(STEPS),
        _ => slope.times_input(),
    };
    wanted.into_iter().map(|method| (method, weights(method))).collect()
}

/// One text, its word vectors, and the class whose log-odds are differentiated.
struct Slope {
    network: Network,
    device: Device,
    input_ids: Vec<u32>,
    pad_token_id: u32,
    class: usize,
    /// `[R, H]`: the word vectors of the text, with padding.
    vectors: Tensor<2>,
    /// `[R, H]`: the same with `[PAD]` in place of every token except `[CLS]` and `[SEP]`.
    baseline: Tensor<2>,
}

impl Slope {
    fn new(model: &Model, input_ids: &[u32], class: usize) -> Self {
        let pad_token_id = model.tokenizer.pad_token_id;
        let mut blank = vec![pad_token_id; input_ids.len()];
        for end in [0, input_ids.len() - 1] {
            blank[end] = input_ids[end];
        }
        let vectors =
            |ids: &[u32]| word_vectors(&model.network, &model.network.batch(&[ids], pad_token_id, &model.device));
        let (vectors, baseline) = (vectors(input_ids), vectors(&blank));
        let network = model.network.clone().train().no_grad();
        let device = model.device.clone().autodiff();
        Slope { network, device, input_ids: input_ids.to_vec(), pad_token_id, class, vectors, baseline }
    }

    /// Gradient · vector, token by token (Shrikumar et al. 2016).
    fn times_input(&self) -> Vec<f32> {
        let (_, gradient) = self.at(&[1.0]);
        self.per_token(gradient * self.vectors.clone())
    }

    /// (vector − baseline) · the mean gradient on the straight path between both, at the middles of `steps` equal parts
    /// (Sundararajan et al. 2017, equation 3). The weights sum to the answer's log-odds less the baseline's.
    fn integrated(&self, steps: usize) -> Vec<f32> {
        let shares: Vec<f64> = (0..steps).map(|step| (step as f64 + 0.5) / steps as f64).collect();
        let together = (ROWS / self.vectors.dims()[0]).max(1);
        let gradients = shares.chunks(together).map(|shares| self.at(shares).1);
        let sum = gradients.reduce(|sum, gradient| sum + gradient).unwrap_or(self.vectors.zeros_like());
        self.per_token(sum / steps as f64 * (self.vectors.clone() - self.baseline.clone()))
    }

    /// The log-odds of the class, `[shares]`, at these shares of the path from the baseline to the vectors, and the sum of
    /// their gradients, `[R, H]`.
    fn at(&self, shares: &[f64]) -> (Vec<f32>, Tensor<2>) {
        let path = self.vectors.clone() - self.baseline.clone();
        let texts = shares.iter().map(|&share| self.baseline.clone() + path.clone() * share).collect();
        let moved = Tensor::from_inner(Tensor::cat(texts, 0)).require_grad();
        let sequences = vec![self.input_ids.as_slice(); shares.len()];
        let batch = self.network.batch(&sequences, self.pad_token_id, &self.device);
        let logits = self.network.forward(&Batch { words: TokenInput::Vectors(moved.clone()), ..batch });
        let odds = log_odds(logits, self.class);
        let gradients = odds.clone().sum().backward();
        let [rows, hidden_size] = self.vectors.dims();
        let gradient = moved.grad(&gradients).unwrap_or_else(|| moved.clone().inner().zeros_like());
        let sum = gradient.reshape([shares.len(), rows, hidden_size]).sum_dim(0).squeeze_dim(0);
        (numbers(odds.inner()), sum)
    }

    fn per_token(&self, products: Tensor<2>) -> Vec<f32> {
        let mut weights = numbers(products.sum_dim(1));
        weights.truncate(self.input_ids.len()); // without padding
        weights
    }
}

fn word_vectors(network: &Network, batch: &Batch) -> Tensor<2> {
    match (&batch.words, network.word_table()) {
        (TokenInput::Ids(input_ids), Some(words)) => bert::lookup(words.table, input_ids.clone()),
        (TokenInput::Vectors(vectors), _) => vectors.clone(),
        (TokenInput::Ids(_), None) => unreachable!("a model that was loaded to predict has no frozen layer"),
    }
}

/// ln p − ln (1 − p) of one class, from logits `[B, C]`; `[B]`.
fn log_odds(logits: Tensor<2>, class: usize) -> Tensor<1> {
    let classes = logits.dims()[1];
    let log_p = activation::log_softmax(logits.clone(), 1);
    let of = |class: usize| log_p.clone().narrow(1, class, 1);
    let others: Vec<Tensor<2>> = (0..classes).filter(|&other| other != class).map(of).collect();
    // ln Σ exp of the others; its largest term is subtracted first and is constant to the gradient
    let others = Tensor::cat(others, 1);
    let most = others.clone().detach().max_dim(1);
    let rest = (others - most.clone()).exp().sum_dim(1).log() + most;
    (of(class) - rest).squeeze_dim(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TEXT, model};

    fn slope(model: &Model, class: usize) -> Slope {
        let ids: Vec<u32> = model.read(TEXT).unwrap().iter().map(|token| token.id).collect();
        Slope::new(model, &ids, class)
    }

    /// Sundararajan et al. 2017, proposition 1 (completeness).
    #[test]
    fn integrated_gradients_sum_to_the_difference_of_the_ends() {
        let model = model();
        for class in 0..3 {
            let slope = slope(&model, class);
            let ends = slope.at(&[0.0, 1.0]).0;
            let sum: f32 = slope.integrated(64).iter().sum();
            assert!((sum - (ends[1] - ends[0])).abs() < 1e-3 * (1.0 + sum.abs()), "{sum} {ends:?}");
        }
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_log_odds() {
        let model = model();
        let slope = slope(&model, 1);
        let (_, gradient) = slope.at(&[1.0]);
        let step = 1e-2;
        let along = numbers((gradient * (slope.vectors.clone() - slope.baseline.clone())).sum())[0];
        let ends = slope.at(&[1.0 - step, 1.0 + step]).0;
        let measured = (ends[1] - ends[0]) / (2.0 * step as f32);
        assert!((measured - along).abs() < 1e-2 * (1.0 + along.abs()), "{measured} {along}");
    }

    #[test]
    fn log_odds_agree_with_the_probability() {
        let logits = Tensor::from_floats([[1.0, 3.0, -2.0], [50.0, -50.0, 0.0]], &Device::flex());
        let p = numbers(activation::softmax(logits.clone(), 1))[1];
        let found = numbers(log_odds(logits, 1));
        assert!((found[0] - (p / (1.0 - p)).ln()).abs() < 1e-5 && (found[1] + 100.0).abs() < 1e-3, "{found:?}");
    }
}
