//! A sparse matrix by rows, its transpose, and its product with a dense one.

use rayon::prelude::*;

use crate::Error;

/// Rows in one task of a product.
const ROWS_PER_TASK: usize = 256;

/// A matrix `[rows, width]` in compressed sparse rows: only the given entries, in ascending columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Sparse {
    width: usize,
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

impl Sparse {
    /// A matrix from the (column, value) entries of each row, with strictly ascending columns below `width`.
    ///
    /// # Errors
    /// A column is out of order or too large.
    pub fn from_rows(width: usize, rows: &[Vec<(u32, f32)>]) -> Result<Sparse, Error> {
        for (row, entries) in rows.iter().enumerate() {
            if let Some(pair) = entries.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
                return Err(Error::Features(format!("row {row}: column {} follows {}", pair[1].0, pair[0].0)));
            }
            if let Some((column, _)) = entries.last().filter(|(column, _)| *column as usize >= width) {
                return Err(Error::Features(format!("row {row}: column {column}, but the width is {width}")));
            }
        }
        Ok(Sparse::from_sorted(width, rows))
    }

    /// [`Sparse::from_rows`] for rows that are known to be valid.
    pub(crate) fn from_sorted(width: usize, rows: &[Vec<(u32, f32)>]) -> Sparse {
        let starts = starts(rows.iter().map(Vec::len));
        let columns = rows.iter().flatten().map(|&(column, _)| column).collect();
        let values = rows.iter().flatten().map(|&(_, value)| value).collect();
        Sparse { width, starts, columns, values }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of stored entries.
    pub fn entries(&self) -> usize {
        self.values.len()
    }

    /// Columns and values of one row.
    pub fn row(&self, row: usize) -> (&[u32], &[f32]) {
        let entries = self.starts[row]..self.starts[row + 1];
        (&self.columns[entries.clone()], &self.values[entries])
    }

    /// The transpose, `[width, rows]`.
    pub(crate) fn transposed(&self) -> Sparse {
        let mut n_entries = vec![0; self.width];
        self.columns.iter().for_each(|&column| n_entries[column as usize] += 1);
        let starts = starts(n_entries.into_iter());
        let mut free = starts.clone();
        let (mut columns, mut values) = (vec![0; self.entries()], vec![0.0; self.entries()]);
        for (row, number) in (0..self.rows()).zip(0_u32..) {
            for (&column, &value) in self.row(row).0.iter().zip(self.row(row).1) {
                let entry = &mut free[column as usize];
                (columns[*entry], values[*entry]) = (number, value);
                *entry += 1;
            }
        }
        Sparse { width: self.rows(), starts, columns, values }
    }

    /// `product = self · dense`, row-major: `dense` is `[width, outputs]`, `product` `[rows, outputs]`.
    pub(crate) fn multiply(&self, dense: &[f64], outputs: usize, product: &mut [f64]) {
        product.par_chunks_mut(ROWS_PER_TASK * outputs).enumerate().for_each(|(task, product)| {
            for (row, sums) in product.chunks_mut(outputs).enumerate() {
                let entries = self.row(task * ROWS_PER_TASK + row);
                match sums {
                    [sum] => *sum = one_output(entries, dense),
                    sums => many_outputs(entries, dense, sums),
                }
            }
        });
    }
}

/// The start of each row, and the end of the last.
fn starts(lengths: impl Iterator<Item = usize>) -> Vec<usize> {
    let ends = lengths.scan(0, |end, length| {
        *end += length;
        Some(*end)
    });
    std::iter::once(0).chain(ends).collect()
}

/// Four independent sums, so that no addition waits for the previous one.
fn one_output((columns, values): (&[u32], &[f32]), dense: &[f64]) -> f64 {
    let (fours, rest) = columns.as_chunks::<4>();
    let (four_values, rest_values) = values.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (columns, values) in fours.iter().zip(four_values) {
        for lane in 0..4 {
            sums[lane] += f64::from(values[lane]) * dense[columns[lane] as usize];
        }
    }
    let rest = rest.iter().zip(rest_values).map(|(&column, &value)| f64::from(value) * dense[column as usize]);
    sums.iter().sum::<f64>() + rest.sum::<f64>()
}

fn many_outputs((columns, values): (&[u32], &[f32]), dense: &[f64], sums: &mut [f64]) {
    sums.fill(0.0);
    for (&column, &value) in columns.iter().zip(values) {
        let value = f64::from(value);
        let from = column as usize * sums.len();
        let row = &dense[from..from + sums.len()];
        sums.iter_mut().zip(row).for_each(|(sum, dense)| *sum += value * dense);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `[[0, 1, 2, 3, 4, 5], [0, 0, 0, 0, 0, 0], [7, 0, 0, 0, 0, 6]]`.
    fn matrix() -> Sparse {
        let rows = [(1..6).map(|column| (column, column as f32)).collect(), vec![], vec![(0, 7.0), (5, 6.0)]];
        Sparse::from_rows(6, &rows).unwrap()
    }

    #[test]
    fn a_product_equals_a_hand_calculation() {
        let mut product = [0.0; 3];
        matrix().multiply(&[1.0, 1.0, 1.0, 1.0, 1.0, 2.0], 1, &mut product);
        assert_eq!(product, [20.0, 0.0, 19.0]);
    }

    #[test]
    fn each_output_is_a_separate_product() {
        let dense = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 2.0, -1.0];
        let mut product = [f64::NAN; 6];
        matrix().multiply(&dense, 2, &mut product);
        assert_eq!(product, [20.0, -5.0, 0.0, 0.0, 19.0, -6.0]);
    }

    #[test]
    fn the_transpose_moves_each_entry_to_its_place() {
        let transposed = matrix().transposed();
        assert_eq!((transposed.rows(), transposed.width(), transposed.entries()), (6, 3, 7));
        assert_eq!(transposed.row(0), ([2].as_slice(), [7.0].as_slice()));
        assert_eq!(transposed.row(5), ([0, 2].as_slice(), [5.0, 6.0].as_slice()));
        assert_eq!(transposed.transposed(), matrix());
    }

    #[test]
    fn unsorted_or_too_wide_rows_are_refused() {
        let refused = |row: Vec<(u32, f32)>| Sparse::from_rows(2, &[row]).unwrap_err().to_string();
        assert_eq!(refused(vec![(2, 1.0)]), "features: row 0: column 2, but the width is 2");
        assert_eq!(refused(vec![(1, 1.0), (0, 1.0)]), "features: row 0: column 0 follows 1");
    }
}
