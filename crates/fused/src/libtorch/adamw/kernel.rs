//! AdamW on plain memory: value, mean and mean square of a range of numbers in one pass, in place.
//!
//! The formula of [`crate::adamw`] for each number, its constants rounded once to `f32`. A step without a gradient
//! equals a step with the gradient 0, operation by operation; so catching up on missed steps later, all at once in
//! registers, gives the same bits.

use super::registers::{Loop, wide};
use crate::adamw::{Betas, Group};

/// Numbers that are computed side by side in registers while missed steps are caught up.
const LANES: usize = 64;

/// Missed steps between two checks whether the mean has vanished.
const STEPS_PER_LOOK: usize = 16;

/// A mean below ε times this is rounded to 0: the change it makes is below 10⁻¹² η/(1-β₁), while a subnormal number
/// would never reach 0 and cost the processor a hundred times as much.
const VANISHING: f64 = 1e-12;

/// The constants of all steps of all parameters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hyperparameters {
    beta_1: f32,
    /// 1-β₁
    new_1: f32,
    beta_2: f32,
    /// 1-β₂
    new_2: f32,
    epsilon: f32,
    vanishing: f32,
}

/// The rates of one step of one parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rates {
    /// 1-ηλ
    keep: f32,
    /// η/(1-β₁ᵗ)
    rate: f32,
    /// 1/√(1-β₂ᵗ)
    root: f32,
}

/// A range of one parameter, and the steps to apply to it. All slices have one length.
#[derive(Debug)]
pub(crate) struct Slice<'a> {
    pub(crate) value: &'a mut [f32],
    pub(crate) mean: &'a mut [f32],
    pub(crate) square: &'a mut [f32],
    /// Steps without a gradient, which come first.
    pub(crate) missed: &'a [Rates],
    /// The step with a gradient.
    pub(crate) step: Option<(&'a [f32], Rates)>,
}

impl Hyperparameters {
    pub(crate) fn new(betas: Betas) -> Self {
        let Betas { beta_1, beta_2, epsilon } = betas;
        let above_zero = |x: f64| (x as f32).max(f32::MIN_POSITIVE);
        Hyperparameters {
            beta_1: beta_1 as f32,
            new_1: (1.0 - beta_1) as f32,
            beta_2: beta_2 as f32,
            new_2: (1.0 - beta_2) as f32,
            epsilon: above_zero(epsilon),
            vanishing: above_zero(epsilon * VANISHING),
        }
    }

    /// One step of one number.
    #[inline(always)]
    fn advance(&self, value: &mut f32, mean: &mut f32, square: &mut f32, g: f32, rates: &Rates) {
        let m = self.beta_1 * *mean + self.new_1 * g;
        let v = self.beta_2 * *square + self.new_2 * (g * g);
        *mean = if m.abs() < self.vanishing { 0.0 } else { m };
        *square = if v < f32::MIN_POSITIVE { 0.0 } else { v };
        *value = *value * rates.keep - rates.rate * *mean / (square.sqrt() * rates.root + self.epsilon);
    }
}

struct Step<'a, 'l> {
    slice: Slice<'a>,
    constants: &'l Hyperparameters,
    scale: f32,
}

struct SumOfSquares<'a>(&'a [f32]);

impl Rates {
    /// The rates of a parameter's step `t`, counted from 1.
    pub(crate) fn new(betas: Betas, group: Group, t: usize) -> Self {
        let correction = |beta: f64| 1.0 - beta.powf(t as f64);
        Rates {
            keep: (1.0 - group.learning_rate * group.weight_decay) as f32,
            rate: (group.learning_rate / correction(betas.beta_1)) as f32,
            root: correction(betas.beta_2).sqrt().recip() as f32,
        }
    }
}

impl Slice<'_> {
    /// Number of numbers.
    pub(crate) fn numbers(&self) -> usize {
        self.value.len() * (self.missed.len() + usize::from(self.step.is_some()))
    }

    /// Apply the steps, with every gradient times `scale`.
    pub(crate) fn work(self, constants: &Hyperparameters, scale: f32) {
        wide(Step { slice: self, constants, scale });
    }

    /// Apply the missed steps to as many numbers at once as registers hold, then to fewer for the rest.
    #[inline(always)]
    fn catch_up(self, constants: &Hyperparameters) {
        self.catch_up_chunks::<LANES>(constants)
            .catch_up_chunks::<16>(constants)
            .catch_up_chunks::<4>(constants)
            .catch_up_chunks::<1>(constants);
    }

    /// Apply them to all whole chunks of `N` numbers; returns the rest.
    #[inline(always)]
    fn catch_up_chunks<const N: usize>(self, constants: &Hyperparameters) -> Self {
        let (values, value) = self.value.as_chunks_mut::<N>();
        let (means, mean) = self.mean.as_chunks_mut::<N>();
        let (squares, square) = self.square.as_chunks_mut::<N>();
        for ((value, mean), square) in values.iter_mut().zip(means).zip(squares) {
            catch_up(constants, self.missed, value, mean, square);
        }
        Slice { value, mean, square, ..self }
    }
}

/// The `missed` steps of `N` numbers.
#[inline(always)]
fn catch_up<const N: usize>(
    constants: &Hyperparameters,
    missed: &[Rates],
    value: &mut [f32; N],
    mean: &mut [f32; N],
    square: &mut [f32; N],
) {
    let (mut values, mut means, mut squares) = (*value, *mean, *square);
    for missed in missed.chunks(STEPS_PER_LOOK) {
        let at_rest = means.iter().fold(0, |bits, mean| bits | mean.to_bits()) == 0;
        for rates in missed {
            for i in 0..N {
                if at_rest {
                    // As `advance`, with the mean 0.
                    let v = constants.beta_2 * squares[i];
                    squares[i] = if v < f32::MIN_POSITIVE { 0.0 } else { v };
                    values[i] *= rates.keep;
                } else {
                    constants.advance(&mut values[i], &mut means[i], &mut squares[i], 0.0, rates);
                }
            }
        }
    }
    (*value, *mean, *square) = (values, means, squares);
}

impl Loop for Step<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Step { slice: Slice { value, mean, square, missed, step }, constants, scale } = self;
        if !missed.is_empty() {
            Slice { value: &mut *value, mean: &mut *mean, square: &mut *square, missed, step: None }
                .catch_up(constants);
        }
        let Some((gradient, rates)) = step else { return };
        let moments = mean.iter_mut().zip(square);
        for ((value, g), (mean, square)) in value.iter_mut().zip(gradient).zip(moments) {
            constants.advance(value, mean, square, g * scale, &rates);
        }
    }
}

/// Σx², in `f64`, so that zeros among the numbers, and their order, do not change the rounded result.
pub(crate) fn sum_of_squares(numbers: &[f32]) -> f64 {
    wide(SumOfSquares(numbers))
}

impl Loop for SumOfSquares<'_> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let (chunks, rest) = self.0.as_chunks::<LANES>();
        let mut sums = [0.0; LANES];
        let square = |x: &f32| f64::from(*x) * f64::from(*x);
        for chunk in chunks {
            sums.iter_mut().zip(chunk).for_each(|(sum, x)| *sum += square(x));
        }
        sums.iter().sum::<f64>() + rest.iter().map(square).sum::<f64>()
    }
}
