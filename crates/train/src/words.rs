//! The word vectors that a batch reads, where the word table learns by rows: the others cost nothing.

use bert::{Words, lookup};
use burn::tensor::{Gradients as Found, Tensor};
use classifier::{Model, WordTable};
use fused::adamw::{Gradients, Optimizer, RowGradient, Rows};

/// What a batch read of the word table.
pub(crate) struct ReadWords {
    table: WordTable,
    /// `[R, H]`, with a gradient of its own.
    vectors: Tensor<2>,
}

impl ReadWords {
    /// Look up `words`, the ids of a batch that reads `rows`, and put the vectors in their place; none where the table is
    /// frozen.
    pub(crate) fn of(model: &Model, optimizer: &mut Optimizer, rows: &Rows, words: &mut Words) -> Option<Self> {
        let table = model.word_table()?;
        let Words::Ids(input_ids) = &*words else { return None };
        let numbers = table.table.clone().inner();
        optimizer.refresh(table.path, numbers.clone(), rows);
        let vectors = Tensor::from_inner(lookup(numbers, input_ids.clone().inner())).require_grad();
        *words = Words::Vectors(vectors.clone());
        Some(ReadWords { table, vectors })
    }

    /// Add the gradient of what was read, of all those `found`, to `gradients`.
    pub(crate) fn add_to(self, gradients: Gradients, found: &mut Found, rows: &Rows) -> Gradients {
        let Some(gradient) = self.vectors.grad_remove(found) else { return gradients };
        let learns = |id| Some(id) != self.table.padding_idx;
        gradients.with_rows(self.table.path, RowGradient::new(rows, gradient, learns))
    }
}

#[cfg(test)]
pub(crate) mod tests;
