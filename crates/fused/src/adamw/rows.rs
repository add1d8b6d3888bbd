//! The rows of a table that a batch reads, and a gradient of those rows.

use burn::tensor::{Tensor, TensorData};

/// The rows of a table that a batch reads, each once, ascending, with the places in the batch that read them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    ids: Vec<u32>,
    /// The end in `places` of each id's places; they start at the end of the id before.
    ends: Vec<usize>,
    /// Ascending for each id.
    places: Vec<usize>,
}

impl Rows {
    /// The rows of a batch whose place `i` reads row `read[i]`.
    pub fn of(read: &[u32]) -> Self {
        let mut places: Vec<usize> = (0..read.len()).collect();
        places.sort_by_key(|&place| read[place]); // stable
        let groups = places.chunk_by(|&a, &b| read[a] == read[b]);
        let ids = groups.clone().map(|group| read[group[0]]).collect();
        let ends = groups.scan(0, |end, group| {
            *end += group.len();
            Some(*end)
        });
        Rows { ids, ends: ends.collect(), places }
    }

    /// The rows, ascending.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Each row with its places.
    fn each(&self) -> impl Iterator<Item = (u32, &[usize])> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        self.ids.iter().zip(starts.zip(&self.ends)).map(|(&id, (from, &to))| (id, &self.places[from..to]))
    }
}

/// A gradient of some rows of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct RowGradient {
    /// Ascending.
    pub(crate) ids: Vec<u32>,
    /// H
    pub(crate) width: usize,
    /// `[U, H]`
    pub(crate) numbers: Vec<f32>,
}

impl RowGradient {
    /// The gradient of the table's rows for which `learns` is true, from the gradient of the rows that the batch read.
    ///
    /// # Shapes
    /// - `gradient`: `[R, H]`, at each place of the batch
    pub fn new(rows: &Rows, gradient: Tensor<2>, learns: impl Fn(u32) -> bool) -> Self {
        let width = gradient.dims()[1];
        let learning = rows.each().filter(|(id, _)| learns(*id));
        let (ids, places): (Vec<u32>, Vec<&[usize]>) = learning.unzip();
        let mut numbers = vec![0.0; ids.len() * width];
        let sums: Vec<_> = numbers.chunks_exact_mut(width.max(1)).zip(places).collect();
        #[cfg(feature = "libtorch")]
        if crate::libtorch::has_memory(&gradient) {
            crate::libtorch::sum_rows(gradient, sums);
            return RowGradient { ids, width, numbers };
        }
        let data = gradient.into_data().convert::<f32>();
        let read = data.as_slice::<f32>().unwrap_or_default();
        sums.into_iter().for_each(|(sum, places)| sum_of(read, sum, places));
        RowGradient { ids, width, numbers }
    }

    /// The sum of two gradients of the same table.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        let mut ids: Vec<u32> = self.ids.iter().chain(&other.ids).copied().collect();
        ids.sort_unstable();
        ids.dedup();
        let mut sum = RowGradient { width: self.width, numbers: vec![0.0; ids.len() * self.width], ids };
        for part in [self, other] {
            for (id, numbers) in part.ids.iter().zip(part.numbers.chunks_exact(self.width.max(1))) {
                let at = sum.ids.partition_point(|earlier| earlier < id) * self.width;
                sum.numbers[at..].iter_mut().zip(numbers).for_each(|(sum, x)| *sum += x);
            }
        }
        sum
    }

    /// The same gradient in a table of `rows` rows, on the device of `like`.
    pub(crate) fn dense<const D: usize>(&self, like: &Tensor<D>) -> Tensor<D> {
        let mut all = vec![0.0f32; like.shape().num_elements()];
        for (&id, numbers) in self.ids.iter().zip(self.numbers.chunks_exact(self.width.max(1))) {
            all[id as usize * self.width..][..self.width].copy_from_slice(numbers);
        }
        Tensor::from_data(TensorData::new(all, like.shape()), &like.device())
    }
}

/// Add the rows at `places` to `sum`, in their order.
#[inline]
pub(crate) fn sum_of(read: &[f32], sum: &mut [f32], places: &[usize]) {
    for place in places {
        let row = &read[place * sum.len()..][..sum.len()];
        sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn each_row_is_there_once_with_all_its_places() {
        let rows = Rows::of(&[7, 3, 7, 0, 3, 7]);
        assert_eq!(rows.ids(), [0, 3, 7]);
        let each: Vec<(u32, &[usize])> = rows.each().collect();
        assert_eq!(each, [(0, &[3][..]), (3, &[1, 4]), (7, &[0, 2, 5])]);
        assert!(Rows::of(&[]).ids().is_empty());
    }

    #[test]
    fn gradients_of_rows_add_up_to_the_dense_one() {
        let device = Device::flex();
        let gradient = |numbers: &[f32], read: &[u32]| {
            let data = TensorData::new(numbers.to_vec(), [read.len(), 2]);
            RowGradient::new(&Rows::of(read), Tensor::from_data(data, &device), |id| id != 9)
        };
        let one = gradient(&[1.0, 2.0, 10.0, 20.0, 100.0, 200.0], &[4, 9, 4]);
        assert_eq!((one.ids.as_slice(), one.numbers.as_slice()), (&[4][..], &[101.0, 202.0][..]));
        let both = one.add(&gradient(&[0.5, 0.5, 3.0, 3.0], &[4, 1]));
        assert_eq!(both.ids, [1, 4]);
        let dense = both.dense(&Tensor::<2>::zeros([5, 2], &device)).into_data();
        assert_eq!(dense.as_slice::<f32>().unwrap(), [0.0, 0.0, 3.0, 3.0, 0.0, 0.0, 0.0, 0.0, 101.5, 202.5]);
    }
}
