//! Any text, cleaned, tokenized and truncated in any way: as many tokens as allowed, each at its place in the text.

use std::sync::LazyLock;

use tokens::TextTokenizer;

/// WordPiece, byte-level BPE and SentencePiece.
const FOLDERS: [&str; 3] = [
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/prep/tests/data/models/tiny"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/tokens/tests/data/byte-level-bpe"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/tokens/tests/data/sentencepiece-camembert"),
];

static TOKENIZERS: LazyLock<Vec<TextTokenizer>> = LazyLock::new(|| {
    let cleanings = ["[]", "[\"punctuation\",\"case\",\"stop-words\",\"stem\"]", "[\"case\"]"];
    let load = |folder: &str, (place, cut): (usize, &str)| {
        let cleaning = cleanings[place];
        let data = format!(
            "{{\"dataset\":\"d\",\"tokenizer\":\"tiny\",\"max_seq_length\":8,\"truncation\":\"{cut}\",\"cleaning\":{cleaning}}}"
        );
        TextTokenizer::load(folder.as_ref(), &serde_json::from_str(&data).unwrap()).unwrap()
    };
    let cuts = || ["head-only", "tail-only", "head+tail"].into_iter().enumerate();
    FOLDERS.into_iter().flat_map(|folder| cuts().map(move |cut| load(folder, cut))).collect()
});

pub(crate) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for tokenizer in TOKENIZERS.iter() {
        let Ok(ids) = tokenizer.ids(text) else { continue };
        assert!((2..=8).contains(&ids.input_ids.len()) && ids.length >= ids.input_ids.len());
        let spans = tokenizer.spans(text).unwrap();
        assert_eq!(spans.iter().map(|token| token.id).collect::<Vec<_>>(), ids.input_ids);
        let places = spans.iter().filter_map(|token| token.span.clone());
        for span in places.clone() {
            assert!(text.get(span.clone()).is_some(), "{span:?} cuts a letter of {text:?}");
        }
        assert!(places.clone().zip(places.skip(1)).all(|(one, next)| one.start <= next.start));
    }
}
