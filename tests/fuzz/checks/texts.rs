//! Any text, cleaned, tokenized and truncated in any way: as many tokens as allowed, each at its place in the text.

use std::sync::LazyLock;

use tokens::TextTokenizer;

const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/prep/tests/data/models/tiny");

static TOKENIZERS: LazyLock<Vec<TextTokenizer>> = LazyLock::new(|| {
    let cleanings = ["[]", "[\"punctuation\",\"case\",\"stop-words\",\"stem\"]", "[\"case\"]"];
    let load = |(place, cut): (usize, &str)| {
        let cleaning = cleanings[place];
        let data = format!(
            "{{\"dataset\":\"d\",\"tokenizer\":\"tiny\",\"max_seq_length\":8,\"truncation\":\"{cut}\",\"cleaning\":{cleaning}}}"
        );
        TextTokenizer::load(TINY.as_ref(), &serde_json::from_str(&data).unwrap()).unwrap()
    };
    ["head-only", "tail-only", "head+tail"].into_iter().enumerate().map(load).collect()
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
