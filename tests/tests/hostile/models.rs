//! Untrusted model folders: weights, configuration, tokenizer.

use crate::place::Place;

const MODEL: &str = "runs/1VA-s1/model";
const WEIGHTS: &str = "runs/1VA-s1/model/model.safetensors";

/// Both uses fail with `says`: as an encoder to train, and as a classifier.
fn refused(place: &Place, says: &str) {
    let configuration =
        place.text("runs/1VA-s1/config.json").replace("\"weights\": \"random\"", "\"weights\": \"pretrained\"");
    let train = format!("train --config - --shards shards --model {MODEL} --out new --device flex");
    place.refuses(&train, configuration.as_bytes(), says);
    let evaluate = format!("evaluate --model {MODEL} --text - --device flex");
    place.refuses(&evaluate, b"{\"id\":1,\"text\":\"good\"}\n", says);
}

fn taken(place: &Place) {
    let configuration =
        place.text("runs/1VA-s1/config.json").replace("\"weights\": \"random\"", "\"weights\": \"pretrained\"");
    let train = format!("train --config - --shards shards --model {MODEL} --out new --device flex");
    place.takes(&train, configuration.as_bytes());
    place.takes(&format!("evaluate --model {MODEL} --text - --device flex"), b"{\"id\":1,\"text\":\"good\"}\n");
}

/// A safetensors file, its header as text and its numbers.
struct Weights {
    header: String,
    numbers: Vec<u8>,
}

impl Weights {
    fn of(place: &Place) -> Self {
        let bytes = place.read(WEIGHTS);
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        Weights {
            header: String::from_utf8(bytes[8..8 + length].to_vec()).unwrap(),
            numbers: bytes[8 + length..].to_vec(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        [&(self.header.len() as u64).to_le_bytes(), self.header.as_bytes(), &self.numbers].concat()
    }

    fn with(self, from: &str, to: &str) -> Self {
        assert!(self.header.contains(from), "no `{from}` in {}", self.header);
        Weights { header: self.header.replacen(from, to, 1), ..self }
    }
}

#[test]
fn weights_with_a_wrong_header_are_refused() {
    let place = Place::sound();
    let sound = place.read(WEIGHTS);
    let huge = [&u64::MAX.to_le_bytes()[..], &sound[8..]].concat();
    let plenty = [&(60u64 << 20).to_le_bytes()[..], &sound[8..]].concat();
    for (bytes, says) in [
        (b"".to_vec(), "is too short for a safetensors file; fetch the model again"),
        (b"\x80\x04\x95pickle".to_vec(), "the header is damaged or longer than the file"),
        (huge, "the header is damaged or longer than the file"),
        (plenty, "the header is damaged or longer than the file"),
        (sound[..sound.len() - 1].to_vec(), "but the header lists"),
        ([&sound[..], b"more"].concat(), "but the header lists"),
        (Weights::of(&place).with("{", "[").bytes(), "fetch the model again"),
        (Weights::of(&place).with("\"F32\"", "\"F99\"").bytes(), "unknown variant `F99`"),
        (Weights::of(&place).with("[0,", "[4,").bytes(), "tensor `"),
        (Weights::of(&place).with("[0,", "[9000000000000000000,").bytes(), "tensor `"),
        (Weights::of(&place).with("\"shape\":[", "\"shape\":[4294967296,4294967296,").bytes(), "overflow"),
    ] {
        place.write(WEIGHTS, bytes);
        refused(&place, says);
    }
}

#[test]
fn weights_of_another_model_are_refused_by_tensor_name() {
    let place = Place::sound();
    let name = "encoder.layer.0.attention.self.query.weight";
    for (from, to, says) in [
        (name, "encoder.layer.0.attention.self.qwery.weight", "encoder.layer.0.attention.self.query.weight`"),
        ("[64,64]", "[32,128]", "has shape [32, 128], but `config.json` asks for [64, 64]"),
        ("[420,64]", "[210,128]", "has shape [210, 128]"),
    ] {
        let spoilt = Weights::of(&Place::sound()).with(from, to).bytes();
        place.write(WEIGHTS, spoilt);
        refused(&place, says);
    }
    let renamed = Weights::of(&Place::sound())
        .with(
            "\"__metadata__\":{\"format\":\"pt\"}",
            "\"encoder.layer.0.crossattention.self.query.bias\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}",
        )
        .bytes();
    place.write(WEIGHTS, renamed);
    refused(&place, "crossattention");
}

/// The same numbers in other formats.
#[test]
fn half_and_double_precision_are_converted_and_integers_refused() {
    type Convert = fn(f32) -> Vec<u8>;
    let brain: Convert = |x| (x.to_bits() >> 16).to_le_bytes()[..2].to_vec();
    let double: Convert = |x| f64::from(x).to_le_bytes().to_vec();
    for (name, width, convert) in [("BF16", 2, brain), ("F64", 8, double), ("I64", 8, double)] {
        let place = Place::sound();
        let weights = Weights::of(&place);
        let floats = weights.numbers.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap()));
        let numbers: Vec<u8> = floats.flat_map(convert).collect();
        place.write(WEIGHTS, Weights { header: scaled(&weights.header, name, width), numbers }.bytes());
        if name == "I64" { refused(&place, "holds I64, not floats") } else { taken(&place) }
    }
}

/// The header with every tensor in another format of `width` bytes.
fn scaled(header: &str, dtype: &str, width: u64) -> String {
    let mut scaled = String::new();
    for (place, part) in header.replace("\"F32\"", &format!("\"{dtype}\"")).split("\"data_offsets\":[").enumerate() {
        let Some((offsets, rest)) = part.split_once(']').filter(|_| place > 0) else {
            scaled += part;
            continue;
        };
        let bytes: Vec<String> =
            offsets.split(',').map(|at| (at.parse::<u64>().unwrap() / 4 * width).to_string()).collect();
        scaled += &format!("\"data_offsets\":[{}]{rest}", bytes.join(","));
    }
    scaled
}

#[test]
fn unsupported_configurations_are_refused() {
    let config = "runs/1VA-s1/model/config.json";
    for (from, to, says) in [
        (
            "\"model_type\": \"bert\"",
            "\"model_type\": \"modernbert\"",
            "model_type `modernbert` is not supported, because it needs",
        ),
        ("\"hidden_size\": 64", "\"hidden_size\": 63", "hidden_size 63 is not a multiple"),
        ("\"hidden_size\": 64", "\"hidden_size\": -64", "invalid value: integer `-64`"),
        ("\"hidden_size\": 64", "\"hidden_size\": 1e400", "number out of range"),
        (
            "\"hidden_size\": 64",
            "\"hidden_size\": 4611686018427387904",
            "`hidden_size` is 4611686018427387904; it must be from 1 to",
        ),
        (
            "\"num_attention_heads\": 4",
            "\"num_attention_heads\": 0",
            "`num_attention_heads` is 0; it must be from 1 to",
        ),
        (
            "\"num_hidden_layers\": 1",
            "\"num_hidden_layers\": 18446744073709551615",
            "`num_hidden_layers` is 18446744073709551615; it must be from 0 to",
        ),
        ("\"vocab_size\": 420", "\"vocab_size\": 99999999999", "`vocab_size` is 99999999999; it must be from 1 to"),
        (
            "\"max_position_embeddings\": 128",
            "\"max_position_embeddings\": 0",
            "`max_position_embeddings` is 0; it must be from 1 to",
        ),
        ("\"hidden_act\": \"gelu\"", "\"hidden_act\": \"silu\"", "hidden_act `silu`"),
        (
            "\"hidden_size\": 64",
            "\"hidden_size\": 64, \"position_embedding_type\": \"relative_key\"",
            "type `relative_key`",
        ),
        ("{", "", "config.json`"),
    ] {
        let place = Place::sound();
        place.replace(config, from, to);
        refused(&place, says);
    }
    let place = Place::sound();
    place.write(config, "{\"a\":".repeat(100_000));
    refused(&place, "recursion limit exceeded");
    std::fs::remove_file(place.path(config)).unwrap();
    refused(&place, "config.json`: No such file");
}

#[test]
fn tokenizers_that_do_not_fit_are_refused() {
    let tokenizer = "runs/1VA-s1/model/tokenizer.json";
    for (from, to) in [("{", "["), ("\"WordPiece\",\n    \"unk_token\"", "\"Unigram\",\n    \"unk_token\"")] {
        let place = Place::sound();
        place.replace(tokenizer, from, to);
        refused(&place, "tokenizer");
    }
    let place = Place::sound();
    let much = "a".repeat(200);
    let grows = format!("\"type\": \"Replace\", \"pattern\": {{\"String\": \"a\"}}, \"content\": \"{much}\",");
    place.replace(tokenizer, "\"type\": \"BertNormalizer\",", &grows);
    refused(&place, "tokenizer");
    let place = Place::sound();
    place.replace(tokenizer, "\"[PAD]\": 0", "\"[PAD]\": 0, \"far away\": 4000000000");
    refused(&place, "tokenizer");
    for name in ["tokenizer.json", "vocab.txt"] {
        std::fs::remove_file(place.path(&format!("{MODEL}/{name}"))).unwrap();
    }
    refused(&place, "tokenizer.json`");
}

#[test]
fn a_file_other_than_a_pickle_is_refused() {
    let place = Place::sound();
    std::fs::rename(place.path(WEIGHTS), place.path(&format!("{MODEL}/pytorch_model.bin"))).unwrap();
    refused(&place, "pytorch_model.bin`: is not a model's pickle");
}
