//! Invented models: the shape of a BERT, a few kilobytes in size.

use std::fs;
use std::path::Path;

const HIDDEN: usize = 16;
const INTERMEDIATE: usize = 32;
const BLOCKS: usize = 12;
const POSITIONS: usize = 512;
const VOCABULARY: usize = 420;

/// Write a model folder: the tokenizer of `sample`, fewer and smaller layers, weights from a formula.
pub(crate) fn write(sample: &Path, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for file in ["tokenizer.json", "tokenizer_config.json"] {
        fs::copy(sample.join(file), folder.join(file)).unwrap();
    }
    fs::write(folder.join("config.json"), config()).unwrap();
    fs::write(folder.join("model.safetensors"), safetensors(&tensors())).unwrap();
}

fn config() -> String {
    format!(
        r#"{{"model_type": "bert", "hidden_act": "gelu", "layer_norm_eps": 1e-12, "vocab_size": {VOCABULARY},
"hidden_size": {HIDDEN}, "intermediate_size": {INTERMEDIATE}, "num_hidden_layers": {BLOCKS}, "num_attention_heads": 2,
"max_position_embeddings": {POSITIONS}, "type_vocab_size": 2, "pad_token_id": 0, "initializer_range": 0.04}}"#
    )
}

/// Names and shapes as Hugging Face has them.
fn tensors() -> Vec<(String, Vec<usize>)> {
    let mut all = vec![];
    for (name, rows) in [("word", VOCABULARY), ("position", POSITIONS), ("token_type", 2)] {
        all.push((format!("embeddings.{name}_embeddings.weight"), vec![rows, HIDDEN]));
    }
    norm(&mut all, "embeddings.LayerNorm");
    for block in (0..BLOCKS).map(|block| format!("encoder.layer.{block}")) {
        for layer in ["self.query", "self.key", "self.value", "output.dense"] {
            linear(&mut all, &format!("{block}.attention.{layer}"), HIDDEN, HIDDEN);
        }
        norm(&mut all, &format!("{block}.attention.output.LayerNorm"));
        linear(&mut all, &format!("{block}.intermediate.dense"), INTERMEDIATE, HIDDEN);
        linear(&mut all, &format!("{block}.output.dense"), HIDDEN, INTERMEDIATE);
        norm(&mut all, &format!("{block}.output.LayerNorm"));
    }
    linear(&mut all, "pooler.dense", HIDDEN, HIDDEN);
    all
}

fn linear(all: &mut Vec<(String, Vec<usize>)>, name: &str, outputs: usize, inputs: usize) {
    all.push((format!("{name}.weight"), vec![outputs, inputs]));
    all.push((format!("{name}.bias"), vec![outputs]));
}

fn norm(all: &mut Vec<(String, Vec<usize>)>, name: &str) {
    all.push((format!("{name}.weight"), vec![HIDDEN]));
    all.push((format!("{name}.bias"), vec![HIDDEN]));
}

/// The file format: the length of a JSON header, the header, the values.
fn safetensors(tensors: &[(String, Vec<usize>)]) -> Vec<u8> {
    let (mut header, mut values) = (vec![], vec![]);
    for (name, shape) in tensors {
        let (start, count) = (values.len(), shape.iter().product::<usize>());
        let is_scale = name.ends_with("LayerNorm.weight");
        let value = |i: usize| if is_scale { 1.0 } else { 0.2 * ((start + i) as f32 * 0.7).sin() };
        values.extend((0..count).flat_map(|i| value(i).to_le_bytes()));
        header
            .push(format!(r#""{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{start},{}]}}"#, values.len()));
    }
    let mut header = format!("{{{}}}", header.join(","));
    header += &" ".repeat(header.len().next_multiple_of(8) - header.len());
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &values].concat()
}
