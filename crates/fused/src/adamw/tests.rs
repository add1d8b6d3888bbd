use burn::module::Param;
use burn::optim::GradientsParams;

use super::*;
use crate::devices;

pub(crate) const BETAS: Betas = Betas { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 };
const GROUP: Group = Group { learning_rate: 0.1, weight_decay: 0.01 };

/// A table and another parameter.
#[derive(Module, Debug)]
pub(crate) struct Net {
    pub(crate) table: Param<Tensor<2>>,
    pub(crate) weight: Param<Tensor<1>>,
}

impl Net {
    pub(crate) fn new(table: Vec<f32>, shape: [usize; 2], weight: Vec<f32>, device: &Device) -> Self {
        let size = [weight.len()];
        let table = Param::from_data(TensorData::new(table, shape), device);
        Net { table, weight: Param::from_data(TensorData::new(weight, size), device) }
    }

    /// Gradients: of `weight`, and of all of `table` if there is one.
    pub(crate) fn gradients(&self, table: Option<&[f32]>, weight: &[f32]) -> Gradients {
        let (mut all, device) = (GradientsParams::new(), self.weight.device());
        all.register(self.weight.id, Tensor::<1>::from_data(weight, &device));
        if let Some(table) = table {
            all.register(
                self.table.id,
                Tensor::<2>::from_data(TensorData::new(table.to_vec(), self.table.dims()), &device),
            );
        }
        all.into()
    }

    pub(crate) fn numbers(&self) -> [Vec<f32>; 2] {
        let weight = self.weight.val().into_data().iter::<f32>().collect();
        [self.table.val().into_data().iter::<f32>().collect(), weight]
    }
}

/// The formula in f64 on one number.
fn by_hand(start: f64, gradients: &[f64], group: Group) -> f64 {
    let (mut value, mut mean, mut square) = (start, 0.0, 0.0);
    for (index, g) in gradients.iter().enumerate() {
        let t = index as i32 + 1;
        mean = 0.9 * mean + 0.1 * g;
        square = 0.999 * square + 0.001 * g * g;
        let (corrected, root) = (mean / (1.0 - 0.9f64.powi(t)), (square / (1.0 - 0.999f64.powi(t))).sqrt());
        value -= group.learning_rate * (group.weight_decay * value + corrected / (root + 1e-8));
    }
    value
}

/// The groups in these tests: the table learns slowly.
fn group(path: &str) -> Option<Group> {
    Some(if path == "table" { Group { learning_rate: 0.01, weight_decay: 0.1 } } else { GROUP })
}

#[track_caller]
fn assert_near(found: &[f32], expected: &[f64]) {
    let largest = found.iter().zip(expected).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
    assert!(found.len() == expected.len() && largest < 1e-6, "{largest}");
}

/// Three steps of a net that is large enough for every thread and every lane.
#[test]
fn steps_are_those_of_the_formula_for_each_number_of_each_parameter() {
    let start: Vec<f32> = (0..70_001).map(|i| (i as f32).sin()).collect();
    let gradient = |step: usize, i: usize| ((i * 7 + step * 13) as f32).cos() * 0.3;
    let whole = |step: usize, size: usize| (0..size).map(|i| gradient(step, i)).collect::<Vec<f32>>();
    for device in devices() {
        let mut net = Net::new(start[..63].to_vec(), [9, 7], start.clone(), &device);
        let mut optimizer = Optimizer::new(BETAS);
        for step in 0..3 {
            let gradients = net.gradients(Some(&whole(step, 63)), &whole(step, 70_001));
            net = optimizer.step(net, gradients, group);
        }
        for (numbers, path) in net.numbers().into_iter().zip(["table", "weight"]) {
            let of = |i: usize| [0, 1, 2].map(|step| f64::from(gradient(step, i)));
            let one = |(i, x): (usize, &f32)| by_hand(f64::from(*x), &of(i), group(path).unwrap());
            let expected: Vec<f64> = start.iter().enumerate().take(numbers.len()).map(one).collect();
            assert_near(&numbers, &expected);
        }
    }
}

#[test]
fn the_norm_of_the_learning_parameters_is_limited() {
    for device in devices() {
        for (limit, frozen, scale) in [(1.0, false, 1.0 / 13.0), (1.0, true, 1.0 / 5.0), (20.0, false, 1.0)] {
            let (mut net, mut optimizer) =
                (Net::new(vec![0.5, 0.5], [2, 1], vec![0.5; 2], &device), Optimizer::new(BETAS));
            for weight in [[3.0, -4.0], [0.0, 0.1]] {
                let table = [12.0 * weight[0] / 3.0, 0.0];
                let gradients = net.gradients(Some(&table), &weight).clipped(Some(limit));
                net = optimizer.step(net, gradients, |path| group(path).filter(|_| path != "table" || !frozen));
            }
            let [table, weight] = net.numbers();
            assert_near(
                &weight,
                &[by_hand(0.5, &[3.0 * scale, 0.0], GROUP), by_hand(0.5, &[-4.0 * scale, 0.1], GROUP)],
            );
            if frozen {
                assert_eq!(table, [0.5, 0.5]);
            }
        }
    }
}

#[test]
fn a_parameter_that_was_frozen_at_first_counts_its_own_steps() {
    for device in devices() {
        let (mut net, mut optimizer) = (Net::new(vec![0.5], [1, 1], vec![0.5], &device), Optimizer::new(BETAS));
        for step in 0..3 {
            let gradients = net.gradients(Some(&[0.3]), &[0.3]);
            net = optimizer.step(net, gradients, |path| group(path).filter(|_| path != "table" || step > 0));
        }
        assert_near(&net.numbers()[0], &[by_hand(0.5, &[0.3; 2], group("table").unwrap())]);
        assert_eq!(optimizer.steps(), 3);
    }
}

#[test]
fn a_resumed_optimizer_takes_the_same_steps() {
    for device in devices() {
        let net = || Net::new(vec![0.5, -1.0], [2, 1], vec![0.25, 2.0], &device);
        let step = |optimizer: &mut Optimizer, net: Net| {
            let gradients = net.gradients(Some(&[0.1, 0.7]), &[-0.2, 3.0]);
            optimizer.step(net, gradients, group)
        };
        let mut whole = Optimizer::new(BETAS);
        let after_one = step(&mut whole, net());
        let [table, weight] = after_one.numbers();
        let mut resumed = Optimizer::new(BETAS);
        let saved = || whole.moments().into_iter().collect();
        resumed.resume(&net(), 1, saved(), &device).unwrap();
        let other = Net::new(vec![0.5; 3], [3, 1], vec![0.25, 2.0], &device);
        let refused = Optimizer::new(BETAS).resume(&other, 1, saved(), &device).unwrap_err();
        assert!(refused.contains(".table` belongs to no parameter of this model"), "{refused}");
        let again = step(&mut resumed, Net::new(table, [2, 1], weight, &device));
        assert_eq!(step(&mut whole, after_one).numbers(), again.numbers());
        assert_eq!(resumed.steps(), 2);
    }
}

#[test]
fn gradients_of_two_batches_add_up() {
    for device in devices() {
        let net = Net::new(vec![0.5, -1.0], [2, 1], vec![0.25, 2.0], &device);
        let sum = net.gradients(None, &[1.0, 2.0]).add(net.gradients(Some(&[5.0, 6.0]), &[10.0, 20.0]), &net);
        let mut whole = sum.whole;
        let weight = whole.remove::<1>(net.weight.id).unwrap().into_data();
        assert_eq!(weight.as_slice::<f32>().unwrap(), [11.0, 22.0]);
        assert_eq!(whole.remove::<2>(net.table.id).unwrap().into_data().as_slice::<f32>().unwrap(), [5.0, 6.0]);
    }
}

#[test]
fn rows_learn_by_the_dense_gradient_where_only_that_exists() {
    let device = Device::flex();
    let mut net = Net::new(vec![0.5; 6], [3, 2], vec![0.5], &device);
    let mut optimizer = Optimizer::new(BETAS);
    let read = Tensor::from_data([[0.1, 0.2], [0.3, 0.4]], &device);
    let gradients =
        net.gradients(None, &[0.0]).with_rows("table", RowGradient::new(&Rows::of(&[2, 2]), read, |_| true));
    net = optimizer.step(net, gradients, group);
    let learnt = |g: f64| by_hand(0.5, &[g], group("table").unwrap());
    assert_near(&net.numbers()[0], &[0.0, 0.0, 0.0, 0.0, 0.4, 0.6].map(learnt));
    assert!(!Optimizer::learns_by_rows(&net.table.val()));
}
