//! The word vectors that a batch reads, if the word table learns by rows: the other rows cost nothing.

use bert::{TokenInput, lookup};
use burn::tensor::{Gradients as Found, Tensor};
use classifier::{Model, WordTable};
use fused::adamw::{Gradients, Optimizer, RowGradient, Rows};

/// The rows of the word table that a batch reads.
pub(crate) struct EmbeddingRows {
    table: WordTable,
    /// `[R, H]`, with a gradient of its own.
    vectors: Tensor<2>,
}

impl EmbeddingRows {
    /// Look up `words`, the ids of a batch that reads `rows`, and replace the ids by the vectors; `None` if the table
    /// is frozen.
    pub(crate) fn of(model: &Model, optimizer: &mut Optimizer, rows: &Rows, words: &mut TokenInput) -> Option<Self> {
        let table = model.word_table()?;
        let TokenInput::Ids(input_ids) = &*words else { return None };
        let numbers = table.table.clone().inner();
        optimizer.catch_up(table.path, numbers.clone(), rows);
        let vectors = Tensor::from_inner(lookup(numbers, input_ids.clone().inner())).require_grad();
        *words = TokenInput::Vectors(vectors.clone());
        Some(EmbeddingRows { table, vectors })
    }

    /// Add the gradient of these rows, from all those `found`, to `gradients`.
    pub(crate) fn add_to(self, gradients: Gradients, found: &mut Found, rows: &Rows) -> Gradients {
        let Some(gradient) = self.vectors.grad_remove(found) else { return gradients };
        let learns = |id| Some(id) != self.table.padding_idx;
        gradients.with_rows(self.table.path, RowGradient::new(rows, gradient, learns))
    }
}

#[cfg(test)]
mod tests;
