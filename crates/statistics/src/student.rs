//! Student's distribution.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// From here on the series is better than the library's search.
const MANY: f64 = 2_000.0;

/// The quantile of Student's t with `degrees` of freedom, which need not be whole.
pub(crate) fn quantile(share: f64, degrees: f64) -> f64 {
    if degrees > MANY {
        return series(Normal::standard().inverse_cdf(share), degrees);
    }
    // `new` refuses only what is no positive number; then nothing is known, and the interval is everything
    StudentsT::new(0.0, 1.0, degrees).map_or(f64::INFINITY, |student| student.inverse_cdf(share))
}

/// Around the normal quantile `z` (Abramowitz and Stegun 1964, 26.7.5).
fn series(z: f64, degrees: f64) -> f64 {
    let powers: [f64; 4] = [z, z.powi(3), z.powi(5), z.powi(7)];
    let term = |factors: [f64; 4]| factors.iter().zip(powers).map(|(factor, power)| factor * power).sum::<f64>();
    let first = term([1.0, 1.0, 0.0, 0.0]) / (4.0 * degrees);
    let second = term([3.0, 16.0, 5.0, 0.0]) / (96.0 * degrees.powi(2));
    let third = term([-15.0, 17.0, 19.0, 3.0]) / (384.0 * degrees.powi(3));
    z + first + second + third
}

#[cfg(test)]
mod tests {
    use super::{MANY, quantile};

    #[test]
    fn the_quantiles_are_those_of_the_tables() {
        for (degrees, expected) in [(2.0, 4.302_65), (4.0, 2.776_45), (30.0, 2.042_27), (1e6, 1.959_966)] {
            assert!((quantile(0.975, degrees) - expected).abs() < 1e-4, "{degrees}: {}", quantile(0.975, degrees));
        }
        let (before, after) = (quantile(0.975, MANY), quantile(0.975, MANY + 1e-6));
        assert!((before - after).abs() < 1e-9, "{before} and {after}");
        assert_eq!(quantile(0.975, f64::NAN), f64::INFINITY);
    }
}
