//! AdamW on plain memory: value, mean and mean square of a stretch of numbers in one pass, in place.
//!
//! Per number the formula of [`crate::adamw`], its constants rounded once to `f32`. What a step does without a
//! gradient is what it does with the gradient 0, operation by operation: so steps that were put off and are made up
//! for later, all at once in registers, leave the same bits.

use super::registers::{Loop, wide};
use crate::adamw::{Betas, Group};

/// Numbers of a stretch that are worked on side by side, in registers, while missed steps are made up for.
const LANES: usize = 64;

/// Missed steps between two looks at whether the mean has died away.
const STEPS_PER_LOOK: usize = 16;

/// A mean below ε times this is rounded to 0: the change it makes is below 10⁻¹² η/(1-β₁), while as a subnormal number
/// it would never reach 0 and cost the processor a hundred times as much.
const VANISHING: f64 = 1e-12;

/// What all steps of all parameters share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Law {
    beta_1: f32,
    /// 1-β₁
    new_1: f32,
    beta_2: f32,
    /// 1-β₂
    new_2: f32,
    epsilon: f32,
    vanishing: f32,
}

/// What one step of one parameter is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rates {
    /// 1-ηλ
    keep: f32,
    /// η/(1-β₁ᵗ)
    rate: f32,
    /// 1/√(1-β₂ᵗ)
    root: f32,
}

/// A stretch of one parameter, and what is to be done to it. All slices have one length.
#[derive(Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) value: &'a mut [f32],
    pub(crate) mean: &'a mut [f32],
    pub(crate) square: &'a mut [f32],
    /// Steps without a gradient, which come first.
    pub(crate) missed: &'a [Rates],
    /// The step with its gradient.
    pub(crate) step: Option<(&'a [f32], Rates)>,
}

impl Law {
    pub(crate) fn new(betas: Betas) -> Self {
        let Betas { beta_1, beta_2, epsilon } = betas;
        let above_zero = |x: f64| (x as f32).max(f32::MIN_POSITIVE);
        Law {
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
    piece: Piece<'a>,
    law: &'l Law,
    scale: f32,
}

struct SumOfSquares<'a>(&'a [f32]);

impl Rates {
    /// Those of a parameter's step `t`, counted from 1.
    pub(crate) fn new(betas: Betas, group: Group, t: usize) -> Self {
        let correction = |beta: f64| 1.0 - beta.powf(t as f64);
        Rates {
            keep: (1.0 - group.learning_rate * group.weight_decay) as f32,
            rate: (group.learning_rate / correction(betas.beta_1)) as f32,
            root: correction(betas.beta_2).sqrt().recip() as f32,
        }
    }
}

impl Piece<'_> {
    /// Numbers to be computed.
    pub(crate) fn numbers(&self) -> usize {
        self.value.len() * (self.missed.len() + usize::from(self.step.is_some()))
    }

    /// Do it, every gradient times `scale`.
    pub(crate) fn work(self, law: &Law, scale: f32) {
        wide(Step { piece: self, law, scale });
    }

    /// The missed steps, as many numbers side by side as there are registers, then fewer for what is left.
    #[inline(always)]
    fn make_up(self, law: &Law) {
        self.make_up_by::<LANES>(law).make_up_by::<16>(law).make_up_by::<4>(law).make_up_by::<1>(law);
    }

    /// Those of all whole chunks of `N` numbers; returns what is left.
    #[inline(always)]
    fn make_up_by<const N: usize>(self, law: &Law) -> Self {
        let (values, value) = self.value.as_chunks_mut::<N>();
        let (means, mean) = self.mean.as_chunks_mut::<N>();
        let (squares, square) = self.square.as_chunks_mut::<N>();
        for ((value, mean), square) in values.iter_mut().zip(means).zip(squares) {
            make_up(law, self.missed, value, mean, square);
        }
        Piece { value, mean, square, ..self }
    }
}

/// The `missed` steps of `N` numbers.
#[inline(always)]
fn make_up<const N: usize>(
    law: &Law,
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
                    // As `advance`, the mean being 0.
                    let v = law.beta_2 * squares[i];
                    squares[i] = if v < f32::MIN_POSITIVE { 0.0 } else { v };
                    values[i] *= rates.keep;
                } else {
                    law.advance(&mut values[i], &mut means[i], &mut squares[i], 0.0, rates);
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
        let Step { piece: Piece { value, mean, square, missed, step }, law, scale } = self;
        if !missed.is_empty() {
            Piece { value: &mut *value, mean: &mut *mean, square: &mut *square, missed, step: None }.make_up(law);
        }
        let Some((gradient, rates)) = step else { return };
        let moments = mean.iter_mut().zip(square);
        for ((value, g), (mean, square)) in value.iter_mut().zip(gradient).zip(moments) {
            law.advance(value, mean, square, g * scale, &rates);
        }
    }
}

/// Σx², in `f64`: so zeros among the numbers, and their order, change nothing that a float could hold.
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
