//! What a parameter is called in a saved file.
//!
//! | path in the module | name in the file |
//! |---|---|
//! | `body.Bert.…` | `bert.…`, as Hugging Face names it, blocks numbered from 0 |
//! | `body.Table.weight` | `embedding.weight` |
//! | `head.<Kind>.classifier.…` | `classifier.…` |
//! | `head.<Kind>.lstm.layers.i.forward.weight_ih` | `lstm.weight_ih_l<i>`, as PyTorch's `nn.LSTM` |
//! | `head.<Kind>.lstm.layers.i.reverse.weight_ih` | `lstm.weight_ih_l<i>_reverse` |

use bert::hugging_face_name;

/// More blocks than any encoder has.
const MOST_BLOCKS: usize = 1024;

/// The name under which the parameter at `path` is saved.
pub fn saved(path: &str) -> String {
    let parts: Vec<&str> = path.split('.').collect();
    match parts.as_slice() {
        ["body", "Bert", rest @ ..] => {
            let numbered: Vec<usize> = (0..MOST_BLOCKS).collect();
            format!("bert.{}", hugging_face_name(&rest.join("."), &numbered))
        }
        ["body", "Table", rest @ ..] => format!("embedding.{}", rest.join(".")),
        ["head", _, "lstm", "layers", layer, "forward", leaf] => format!("lstm.{leaf}_l{layer}"),
        ["head", _, "lstm", "layers", layer, _, leaf] => format!("lstm.{leaf}_l{layer}_reverse"),
        ["head", _, rest @ ..] => rest.join("."),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::saved;

    #[test]
    fn names_are_those_of_hugging_face_and_pytorch() {
        for (path, name) in [
            ("body.Bert.blocks.3.query.bias", "bert.encoder.layer.3.attention.self.query.bias"),
            ("body.Table.weight", "embedding.weight"),
            ("head.ClsLinear.classifier.weight", "classifier.weight"),
            ("head.Bilstm.lstm.layers.0.forward.bias_hh", "lstm.bias_hh_l0"),
            ("head.ConcatBilstm.lstm.layers.1.reverse.weight_ih", "lstm.weight_ih_l1_reverse"),
        ] {
            assert_eq!(saved(path), name);
        }
    }
}
