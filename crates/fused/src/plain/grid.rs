//! From flat rows to a padded grid and back, in plain burn.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::Layout;

/// Added to the attention score of a padding position: its weight becomes exactly 0.
const NOT_A_TOKEN: f32 = -1e9;

/// `[R, H]` to `[B, P, H]`, where P is the rows of the longest sequence. Shorter sequences are padded with copies of
/// their first row, which readers of the grid must ignore.
///
/// # Shapes
/// - `rows`: `[R, H]`
pub fn to_grid(rows: Tensor<2>, layout: &Layout) -> Tensor<3> {
    let (b, p, h) = (layout.sequences().len(), layout.longest(), rows.dims()[1]);
    if layout.is_rectangle() {
        return rows.reshape([b, p, h]);
    }
    let shown = |sequence: &crate::Sequence| {
        let rows = sequence.rows.clone();
        (0..p).map(move |position| if position < rows.len() { rows.start + position } else { rows.start })
    };
    let shown: Vec<usize> = layout.sequences().iter().flat_map(shown).collect();
    rows_at(rows, &shown).reshape([b, p, h])
}

/// `[B, P, H]` to `[R, H]`, without the padding of [`to_grid`].
///
/// # Shapes
/// - `grid`: `[B, P, H]`
pub fn from_grid(grid: Tensor<3>, layout: &Layout) -> Tensor<2> {
    let [b, p, h] = grid.dims();
    let cells = grid.reshape([b * p, h]);
    if layout.is_rectangle() {
        return cells;
    }
    let counts = layout.row_counts();
    let places: Vec<usize> = counts.iter().enumerate().flat_map(|(row, &count)| row * p..row * p + count).collect();
    rows_at(cells, &places)
}

/// The rows of `x` at `indices`, in their order.
///
/// # Shapes
/// - `x`: `[R, H]`
///
/// Returns `[indices, H]`.
pub fn rows_at(x: Tensor<2>, indices: &[usize]) -> Tensor<2> {
    let device = x.device();
    x.select(0, self::indices(indices, &device))
}

/// `numbers` as a tensor of indices.
pub fn indices(numbers: &[usize], device: &Device) -> Tensor<1, Int> {
    let numbers: Vec<i64> = numbers.iter().map(|&number| number as i64).collect();
    let count = numbers.len();
    Tensor::from_data(TensorData::new(numbers, [count]), device)
}

/// `[B, P, 1]`: 1 at the real tokens of the grid, 0 elsewhere.
pub fn real(layout: &Layout, device: &Device) -> Tensor<3> {
    let (b, p) = (layout.sequences().len(), layout.longest());
    Tensor::from_data(TensorData::new(per_cell(layout, 1.0, 0.0), [b, p, 1]), device)
}

/// `[B, 1, 1, P]`, added to attention scores: 0 at the real tokens of the grid, a large negative number elsewhere;
/// `None` if all tokens are real.
pub fn mask(layout: &Layout, device: &Device) -> Option<Tensor<4>> {
    let (b, p) = (layout.sequences().len(), layout.longest());
    let data = || TensorData::new(per_cell(layout, 0.0, NOT_A_TOKEN), [b, 1, 1, p]);
    (!layout.is_grid()).then(|| Tensor::from_data(data(), device))
}

fn per_cell(layout: &Layout, at_tokens: f32, elsewhere: f32) -> Vec<f32> {
    let p = layout.longest();
    let row = |tokens| (0..p).map(move |position| if position < tokens { at_tokens } else { elsewhere });
    layout.lengths().into_iter().flat_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_keeps_every_row_in_its_place() {
        let (layout, device) = (Layout::tight(&[1, 3, 2]), Device::flex());
        let numbers = |x: Tensor<2>| x.into_data().iter::<f32>().collect::<Vec<_>>();
        let rows = Tensor::<2>::from_data([[1.0], [2.0], [3.0], [4.0], [5.0], [6.0]], &device);
        let grid = to_grid(rows.clone(), &layout);
        assert_eq!(numbers(grid.clone().reshape([3, 3])), [1.0, 1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 5.0]);
        assert_eq!(numbers(from_grid(grid, &layout)), numbers(rows));
        let real = numbers(real(&layout, &device).reshape([3, 3]));
        assert_eq!(real, [1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]);
        assert!(mask(&layout, &device).is_some() && mask(&Layout::tight(&[2, 2]), &device).is_none());
    }
}
