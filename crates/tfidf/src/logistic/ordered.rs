//! Sums over long vectors that do not depend on the number of threads: fixed chunks, added in order.

use rayon::prelude::*;

/// Numbers in one task.
const CHUNK: usize = 8_192;

/// `Σ left · right`.
pub(super) fn dot(left: &[f64], right: &[f64]) -> f64 {
    let chunks = left.par_chunks(CHUNK).zip(right.par_chunks(CHUNK));
    let sums: Vec<f64> = chunks.map(|(left, right)| left.iter().zip(right).map(|(l, r)| l * r).sum::<f64>()).collect();
    sums.iter().sum()
}

/// Euclidean length.
pub(super) fn norm(vector: &[f64]) -> f64 {
    dot(vector, vector).sqrt()
}

/// `vector = scale · vector + factor · other`.
pub(super) fn combine(vector: &mut [f64], scale: f64, factor: f64, other: &[f64]) {
    let chunks = vector.par_chunks_mut(CHUNK).zip(other.par_chunks(CHUNK));
    chunks.for_each(|(vector, other)| vector.iter_mut().zip(other).for_each(|(v, o)| *v = scale * *v + factor * o));
}

/// Sums of the columns of `rows` `[n, outputs]`.
pub(super) fn column_sums(rows: &[f64], outputs: usize) -> Vec<f64> {
    let add = |mut sums: Vec<f64>, row: &[f64]| {
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        sums
    };
    let zeros = || vec![0.0; outputs];
    let chunks = rows.par_chunks(CHUNK * outputs).map(|rows| rows.chunks(outputs).fold(zeros(), add));
    chunks.collect::<Vec<_>>().iter().fold(zeros(), |sums, chunk| add(sums, chunk))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_run_over_all_chunks() {
        let ones = vec![1.0; 2 * CHUNK + 6];
        assert_eq!(dot(&ones, &ones), ones.len() as f64);
        assert_eq!(column_sums(&ones, 2), [ones.len() as f64 / 2.0; 2]);
    }

    #[test]
    fn vectors_combine_entry_by_entry() {
        let mut vector = [1.0, 2.0];
        combine(&mut vector, 3.0, 10.0, &[1.0, -1.0]);
        assert_eq!(vector, [13.0, -4.0]);
    }
}
