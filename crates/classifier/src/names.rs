//! The name of a parameter in a saved file.
//!
//! | path in the module | name in the file |
//! |---|---|
//! | `body.Bert.…` | `bert.…` or as the family spells it, blocks numbered from 0 |
//! | `body.Table.weight` | `embedding.weight` |
//! | `head.<Kind>.classifier.…` | `classifier.…` |
//! | `head.<Kind>.lstm.layers.i.forward.weight_ih` | `lstm.weight_ih_l<i>`, as PyTorch's `nn.LSTM` |
//! | `head.<Kind>.lstm.layers.i.reverse.weight_ih` | `lstm.weight_ih_l<i>_reverse` |

use bert::{Family, hugging_face_name};

/// The internal name of the parameter at `path`: BERT's name for an encoder's, blocks numbered from 0.
pub fn inside(path: &str) -> String {
    let parts: Vec<&str> = path.split('.').collect();
    match parts.as_slice() {
        ["body", "Bert", rest @ ..] => hugging_face_name(&rest.join("."), |block| block),
        ["body", "Table", rest @ ..] => format!("embedding.{}", rest.join(".")),
        ["head", _, "lstm", "layers", layer, "forward", leaf] => format!("lstm.{leaf}_l{layer}"),
        ["head", _, "lstm", "layers", layer, _, leaf] => format!("lstm.{leaf}_l{layer}_reverse"),
        ["head", _, rest @ ..] => rest.join("."),
        _ => path.to_owned(),
    }
}

/// The saved name of the parameter at `path` in a model of `family`.
pub(crate) fn saved(path: &str, family: &Family) -> String {
    family.spelled(&inside(path))
}

#[cfg(test)]
mod tests {
    use super::saved;
    use bert::FAMILIES;

    #[test]
    fn names_are_those_of_hugging_face_and_pytorch() {
        for (path, name) in [
            ("body.Bert.blocks.3.query.bias", "bert.encoder.layer.3.attention.self.query.bias"),
            ("body.Table.weight", "embedding.weight"),
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
