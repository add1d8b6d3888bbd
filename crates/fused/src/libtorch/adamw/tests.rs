use burn::tensor::{Device, TensorData};

use super::*;
use crate::adamw::tests::{BETAS, Net};
use crate::adamw::{Gradients, Group, Optimizer, RowGradient, Rows};

const V: usize = 13;
/// Not a whole number of lanes, and more than one of them.
const H: usize = 67;

fn device() -> Device {
    Device::libtorch()
}

fn net() -> Net {
    let table = (0..V * H).map(|i| (i as f32 * 0.37).sin()).collect();
    Net::new(table, [V, H], vec![1.0, -1.0], &device())
}

/// One optimizer step: the rows that each batch reads, the rates, and whether the table is frozen.
#[derive(Debug, Clone)]
struct Trial {
    batches: Vec<Vec<u32>>,
    learning_rate: f64,
    weight_decay: f64,
    frozen: bool,
}

impl Trial {
    fn group(&self, path: &str) -> Option<Group> {
        let Trial { learning_rate, weight_decay, frozen, .. } = *self;
        (path != "table" || !frozen).then_some(Group { learning_rate, weight_decay })
    }

    /// `[R, H]`, and the rows of a batch; row 0 is padding.
    fn rows(batch: &[u32], step: usize) -> RowGradient {
        let numbers: Vec<f32> = (0..batch.len() * H).map(|i| ((i * 31 + step * 7) as f32).sin() * 0.1).collect();
        let gradient = Tensor::from_data(TensorData::new(numbers, [batch.len(), H]), &device());
        RowGradient::new(&Rows::of(batch), gradient, |id| id != 0)
    }

    /// With gradients of rows, or made dense.
    fn gradients(&self, net: &Net, step: usize, dense: bool) -> Gradients {
        let one = |batch: &Vec<u32>| {
            let rows = Self::rows(batch, step);
            let whole: Option<Vec<f32>> = dense.then(|| rows.dense(&net.table.val()).into_data().iter().collect());
            let gradients = net.gradients(whole.as_deref(), &[0.5, 0.25]);
            if dense { gradients } else { gradients.with_rows("table", rows) }
        };
        let all = self.batches.iter().map(one).reduce(|a, b| a.add(b, net)).unwrap_or_default();
        all.clipped(step.is_multiple_of(2).then_some(0.3))
    }
}

/// Pseudo-random numbers (Marsaglia 2003).
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }

    /// No batch reads row 12, row 0 is padding, every batch reads row 1.
    fn batch(&mut self) -> Vec<u32> {
        let others = self.below(6);
        (0..others).map(|_| self.below(12) as u32).chain([1]).collect()
    }

    fn trial(&mut self) -> Trial {
        let batches = (0..1 + self.below(2)).map(|_| self.batch()).collect();
        let learning_rate = self.below(1000) as f64 * 1e-4;
        Trial { batches, learning_rate, weight_decay: self.below(2) as f64 * 0.1, frozen: self.below(5) == 0 }
    }
}

fn row(net: &Net, id: u32) -> Vec<u32> {
    let table = net.table.val().into_data();
    table.as_slice::<f32>().unwrap()[id as usize * H..][..H].iter().map(|x| x.to_bits()).collect()
}

fn bits(net: &Net, optimizer: &Optimizer) -> Vec<(String, Vec<u32>)> {
    let [table, weight] = net.numbers();
    let moments = optimizer.moments().into_iter().map(|(name, data)| (name, data.iter::<f32>().collect::<Vec<_>>()));
    let all = [("table".to_owned(), table), ("weight".to_owned(), weight)].into_iter().chain(moments);
    all.map(|(name, numbers)| (name, numbers.iter().map(|x| x.to_bits()).collect())).collect()
}

/// A row equals that of the dense step whenever it is read, and all rows do after a flush; also with a checkpoint in
/// between.
#[test]
fn rows_learn_bit_for_bit_the_same_as_by_the_dense_gradient() {
    for seed in 1..100 {
        let mut draws = Draws(seed);
        let (steps, clear) = (draws.below(60), draws.below(60));
        let (mut dense, mut lazy) = (net(), net());
        let (mut of_dense, mut of_lazy) = (Optimizer::new(BETAS), Optimizer::new(BETAS));
        for step in 0..=steps {
            let trial = draws.trial();
            for batch in &trial.batches {
                of_lazy.catch_up("table", lazy.table.val(), &Rows::of(batch));
                batch.iter().for_each(|&id| assert_eq!(row(&lazy, id), row(&dense, id), "{seed} {step} {id}"));
            }
            let gradients = trial.gradients(&lazy, step as usize, false);
            lazy = of_lazy.step(lazy, gradients, |path| trial.group(path));
            let gradients = trial.gradients(&dense, step as usize, true);
            dense = of_dense.step(dense, gradients, |path| trial.group(path));
            if step == clear {
                of_lazy.flush(&lazy);
                let saved = of_lazy.moments().into_iter().collect();
                of_lazy = Optimizer::new(BETAS);
                of_lazy.resume(&lazy, step as usize + 1, saved, &device()).unwrap();
            }
        }
        of_lazy.flush(&lazy);
        assert_eq!(bits(&lazy, &of_lazy), bits(&dense, &of_dense), "{seed}");
    }
}

/// The mean vanishes after a few hundred steps: then only decay remains, and only that is computed.
#[test]
fn a_row_catches_up_exactly_after_a_thousand_steps() {
    let (mut dense, mut lazy) = (net(), net());
    let (mut of_dense, mut of_lazy) = (Optimizer::new(BETAS), Optimizer::new(BETAS));
    for step in 0..1000 {
        let batches = vec![if step == 3 { vec![5, 7] } else { vec![7] }];
        let trial = Trial { batches, learning_rate: 1e-3, weight_decay: 0.01, frozen: false };
        lazy = of_lazy.step(lazy.clone(), trial.gradients(&lazy, step, false), |path| trial.group(path));
        dense = of_dense.step(dense.clone(), trial.gradients(&dense, step, true), |path| trial.group(path));
    }
    assert_ne!(row(&lazy, 5), row(&dense, 5));
    of_lazy.flush(&lazy);
    assert_eq!(bits(&lazy, &of_lazy), bits(&dense, &of_dense));
    let means = of_lazy.moments().into_iter().find(|(name, _)| name == "mean.table").unwrap().1;
    assert!(means.as_slice::<f32>().unwrap()[5 * H..][..H].iter().all(|&mean| mean == 0.0));
}

/// A table that learnt by rows and then gets a gradient of all rows misses no step.
#[test]
fn delayed_rows_take_part_in_a_dense_step() {
    let (mut dense, mut mixed) = (net(), net());
    let (mut of_dense, mut of_mixed) = (Optimizer::new(BETAS), Optimizer::new(BETAS));
    for step in 0..4 {
        let trial = Trial { batches: vec![vec![step, 7]], learning_rate: 0.1, weight_decay: 0.1, frozen: false };
        let gradients = trial.gradients(&mixed, step as usize, step == 3);
        mixed = of_mixed.step(mixed, gradients, |path| trial.group(path));
        let gradients = trial.gradients(&dense, step as usize, true);
        dense = of_dense.step(dense, gradients, |path| trial.group(path));
    }
    assert_eq!(bits(&mixed, &of_mixed), bits(&dense, &of_dense));
}

/// The version for CUDA, on a CPU: lists by equal rates and step counts, and the limit of the norm.
#[test]
fn the_kernel_of_libtorch_takes_the_same_steps() {
    let memory = three_steps(|entries, limit| on_memory(BETAS, entries, limit));
    let lists = three_steps(|entries, limit| lists::step(BETAS, entries, limit));
    let largest = memory.iter().zip(&lists).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(memory.len() == 9 && largest < 1e-6, "{largest}");
}

/// Three parameters: the second has another rate, the third more steps.
fn three_steps(work: impl Fn(&mut [Entry], Option<f64>)) -> Vec<f32> {
    let start = Tensor::<1>::from_data([0.3f32, -2.0, 0.01], &device());
    let entry = |index: usize| {
        let group = Group { learning_rate: if index == 1 { 0.1 } else { 0.01 }, weight_decay: 0.1 };
        let (path, value) = (index.to_string(), start.clone().mul_scalar(1.0 + index as f64));
        let moments = Moments { steps: 3 * (index / 2), ..Moments::zeros(&value) };
        Entry { path, value, direction: Direction::Whole(start.clone()), group, moments }
    };
    let mut entries: Vec<Entry> = (0..3).map(entry).collect();
    for step in 1..=3 {
        for (index, entry) in entries.iter_mut().enumerate() {
            entry.direction = Direction::Whole(start.clone().mul_scalar((step * (index + 1)) as f64).sin());
            entry.moments.steps += 1;
        }
        work(&mut entries, (step == 2).then_some(0.5));
    }
    entries.iter().flat_map(|entry| entry.value.clone().into_data().iter::<f32>().collect::<Vec<_>>()).collect()
}
