//! The name of a parameter, from its path in the module. No other file reads a path.
//!
//! | path in the module | name in the file |
//! |---|---|
//! | `body.Bert.…` | `bert.…` or as the family spells it, blocks numbered from 0 |
//! | `body.Table.weight` | `embedding.weight` |
//! | `head.<Kind>.classifier.…` | `classifier.…` |
//! | `head.<Kind>.lstm.layers.i.forward.weight_ih` | `lstm.weight_ih_l<i>`, as PyTorch's `nn.LSTM` |
//! | `head.<Kind>.lstm.layers.i.reverse.weight_ih` | `lstm.weight_ih_l<i>_reverse` |

use bert::{Family, hugging_face_name};

/// The paths of the tables with a vector for each word.
pub(crate) const ENCODER_WORDS: &str = "body.Bert.embeddings.word";
pub(crate) const TABLE_WORDS: &str = "body.Table.weight";

/// The internal name of the parameter at `path`, BERT's for an encoder's, which [`bert::Role::of`] reads; `index` maps a
/// kept block to its number.
pub fn inside(path: &str, index: impl Fn(usize) -> usize) -> String {
    let parts: Vec<&str> = path.split('.').collect();
    match parts.as_slice() {
        ["body", "Bert", rest @ ..] => hugging_face_name(&rest.join("."), index),
        ["body", "Table", rest @ ..] => format!("embedding.{}", rest.join(".")),
        ["head", _, "lstm", "layers", layer, "forward", leaf] => format!("lstm.{leaf}_l{layer}"),
        ["head", _, "lstm", "layers", layer, _, leaf] => format!("lstm.{leaf}_l{layer}_reverse"),
        ["head", _, rest @ ..] => rest.join("."),
        _ => path.to_owned(),
    }
}

/// The saved name of the parameter at `path` in a model of `family`.
pub(crate) fn saved(path: &str, family: &Family) -> String {
    family.spelled(&inside(path, |block| block))
}

#[cfg(test)]
mod tests {
    use super::{ENCODER_WORDS, TABLE_WORDS, saved};
    use bert::FAMILIES;

    #[test]
    fn names_are_those_of_hugging_face_and_pytorch() {
        for (path, name) in [
            ("body.Bert.blocks.3.query.bias", "bert.encoder.layer.3.attention.self.query.bias"),
            (ENCODER_WORDS, "bert.embeddings.word_embeddings.weight"),
            (TABLE_WORDS, "embedding.weight"),
            ("head.ClsLinear.classifier.weight", "classifier.weight"),
            ("head.Bilstm.lstm.layers.0.forward.bias_hh", "lstm.bias_hh_l0"),
            ("head.ConcatBilstm.lstm.layers.1.reverse.weight_ih", "lstm.weight_ih_l1_reverse"),
        ] {
            assert_eq!(saved(path, FAMILIES[0]), name);
        }
        let distilbert = "distilbert.transformer.layer.3.attention.q_lin.bias";
        assert_eq!(saved("body.Bert.blocks.3.query.bias", FAMILIES[1]), distilbert);
        assert_eq!(saved("body.Bert.pooler.dense.bias", FAMILIES[1]), "pre_classifier.bias");
        assert_eq!(saved("head.ClsLinear.classifier.weight", FAMILIES[2]), "classifier.out_proj.weight");
    }
}
