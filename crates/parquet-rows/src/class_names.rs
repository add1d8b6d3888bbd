//! The names of classes that `datasets` writes beside the numbers: <https://huggingface.co/docs/datasets/about_dataset_features>.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use parquet::file::metadata::FileMetaData;
use serde_json::Value;

/// How the value of `huggingface` begins.
const START: &[u8] = b"{\"info\"";

/// What a file says about its columns.
pub(crate) struct Features(Value);

impl Features {
    /// From the metadata `huggingface` of the file, or of the Arrow schema in it; empty where there is none.
    pub(crate) fn of(metadata: &FileMetaData) -> Self {
        let pairs = metadata.key_value_metadata().map(Vec::as_slice).unwrap_or_default();
        let value = |key: &str| pairs.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.clone());
        let text = value("huggingface").or_else(|| in_arrow_schema(&value("ARROW:schema")?));
        let mut features: Value = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Features(features["info"]["features"].take())
    }

    /// The names of the classes in `column`, by number; none if it is no ClassLabel.
    pub(crate) fn class_names(&self, column: &str) -> Vec<String> {
        let is_class = self.0[column]["_type"] == "ClassLabel";
        let names = self.0[column]["names"].as_array().filter(|_| is_class).map(Vec::as_slice).unwrap_or_default();
        names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
    }
}

/// The Arrow schema is a flatbuffer in base64; a string in it has its length before it, in four bytes.
fn in_arrow_schema(encoded: &str) -> Option<String> {
    let bytes = BASE64_STANDARD.decode(encoded).ok()?;
    let start = bytes.windows(START.len()).position(|window| window == START)?;
    let length = u32::from_le_bytes(bytes.get(start.checked_sub(4)?..start)?.try_into().ok()?);
    String::from_utf8(bytes.get(start..)?.get(..length as usize)?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_a_flatbuffer_and_lengths_that_lie_are_not_believed() {
        let json = "{\"info\": {\"features\": {}}}";
        let schema = |length: u32| {
            let bytes = [b"\x07\0\0\0huggingface\0", &length.to_le_bytes()[..], json.as_bytes(), b"\0more"].concat();
            in_arrow_schema(&BASE64_STANDARD.encode(bytes))
        };
        assert_eq!(schema(json.len() as u32).as_deref(), Some(json));
        assert_eq!((schema(u32::MAX), in_arrow_schema("no base64"), in_arrow_schema("")), (None, None, None));
        assert_eq!(in_arrow_schema(&BASE64_STANDARD.encode(json)), None);
    }

    #[test]
    fn only_a_class_label_has_names() {
        let features = serde_json::json!({
            "label": {"names": ["neg", "pos"], "_type": "ClassLabel"},
            "text": {"names": ["a"], "_type": "Value"},
        });
        let names = |column| Features(features.clone()).class_names(column);
        assert_eq!(names("label"), ["neg", "pos"]);
        assert!(names("text").is_empty() && names("other").is_empty());
    }
}
