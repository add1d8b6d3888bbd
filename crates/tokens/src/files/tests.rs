use super::*;

const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../prep/tests/data/models/tiny/tokenizer.json");

/// A folder with the tiny `tokenizer.json`, whose normalizer is changed, and other files.
fn folder(normalizer: Value, files: &[(&str, Value)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut json: Value = serde_json::from_slice(&std::fs::read(TINY).unwrap()).unwrap();
    json["normalizer"] = json!({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                                "strip_accents": null, "lowercase": true});
    json["normalizer"].as_object_mut().unwrap().extend(normalizer.as_object().unwrap().clone());
    write(&folder, "tokenizer.json", json.to_string().as_bytes());
    files.iter().for_each(|(name, value)| write(&folder, name, value.to_string().as_bytes()));
    folder
}

fn write(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) {
    records::publish::bytes(&folder.path().join(name), bytes).unwrap();
}

fn read(folder: &tempfile::TempDir) -> Result<(Value, String)> {
    let files = TokenizerFiles::read(folder.path(), "tiny")?;
    let json: Value = serde_json::from_slice(&files.json)?;
    Ok((json["normalizer"].clone(), files.notice.unwrap_or_default()))
}

#[test]
fn tokenizer_config_wins_in_both_directions_and_a_warning_says_so() {
    for (key, setting) in [
        ("lowercase", "do_lower_case"),
        ("strip_accents", "strip_accents"),
        ("handle_chinese_chars", "tokenize_chinese_chars"),
    ] {
        for wins in [true, false] {
            let folder = folder(json!({key: !wins}), &[("tokenizer_config.json", json!({setting: wins}))]);
            let (normalizer, notice) = read(&folder).unwrap();
            assert_eq!(normalizer[key], wins, "{key}");
            assert!(notice.contains(&format!("`{key}` is {}, `{setting}` is {wins}", !wins)), "{notice}");
        }
    }
}

#[test]
fn a_missing_setting_is_the_default_of_transformers() {
    let cased = folder(json!({"lowercase": false}), &[]);
    let (normalizer, notice) = read(&cased).unwrap();
    assert_eq!(normalizer["lowercase"], true);
    assert!(notice.contains("`do_lower_case` is true by default"), "{notice}");
    let agrees = folder(json!({}), &[("tokenizer_config.json", json!({"do_lower_case": true}))]);
    assert_eq!(read(&agrees).unwrap().1, "");
}

#[test]
fn a_folder_without_tokenizer_json_names_the_file_from_which_it_is_made() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "merges.txt", b"#version: 0.2\n");
    let message = TokenizerFiles::read(folder.path(), "own").err().unwrap().to_string();
    assert!(message.contains("`merges.txt` is not read") && message.contains(".save_pretrained(DIR)"), "{message}");
}

#[test]
fn the_file_alone_counts_for_a_class_without_settings_and_for_what_train_wrote() {
    let general = json!({"tokenizer_class": "PreTrainedTokenizerFast"});
    for file in [
        ("tokenizer_config.json", general.clone()),
        ("config.json", general),
        ("config.json", json!({"fathom": {"run": "r"}})),
    ] {
        let folder = folder(json!({"lowercase": false}), &[file]);
        let (normalizer, notice) = read(&folder).unwrap();
        assert_eq!((normalizer["lowercase"].clone(), notice.as_str()), (json!(false), ""));
    }
    let named_twice = [
        ("tokenizer_config.json", json!({"tokenizer_class": "BertTokenizerFast"})),
        ("config.json", json!({"tokenizer_class": "PreTrainedTokenizerFast"})),
    ];
    assert_eq!(read(&folder(json!({"lowercase": false}), &named_twice)).unwrap().0["lowercase"], true);
}

#[test]
fn what_only_transformers_4_reads_is_kept_with_a_warning() {
    let (normalizer, notice) = read(&folder(json!({"clean_text": false}), &[])).unwrap();
    assert_eq!(normalizer["clean_text"], false);
    assert!(notice.contains("`normalizer.clean_text`") && notice.contains("4.57"), "{notice}");
    let other = [("tokenizer_config.json", json!({"cls_token": {"content": "[MASK]"}}))];
    let (_, notice) = read(&folder(json!({}), &other)).unwrap();
    assert!(notice.contains("`post_processor`"), "{notice}");
}

#[test]
fn a_token_of_another_file_must_be_in_the_tokenizer_too() {
    let known = json!({"additional_special_tokens": ["[MASK]", {"content": "[CLS]"}]});
    assert!(read(&folder(json!({}), &[("tokenizer_config.json", known)])).is_ok());
    for file in [
        ("added_tokens.json", json!({"<film>": 9})),
        ("tokenizer_config.json", json!({"added_tokens_decoder": {"9": {"content": "<film>"}}})),
        ("tokenizer_config.json", json!({"additional_special_tokens": ["<film>"]})),
    ] {
        let message = read(&folder(json!({}), std::slice::from_ref(&file))).unwrap_err().to_string();
        assert!(message.contains(file.0) && message.contains("`<film>`"), "{message}");
    }
}

#[test]
fn the_settings_that_are_written_make_the_same_tokenizer_again() {
    let settings = json!({"do_lower_case": false, "strip_accents": true, "tokenize_chinese_chars": false});
    let first = folder(json!({}), &[("tokenizer_config.json", settings)]);
    let files = TokenizerFiles::read(first.path(), "tiny").unwrap();
    let written = files.config(64, "tiny").unwrap();
    assert_eq!((&written["tokenizer_class"], &written["model_max_length"]), (&json!("BertTokenizer"), &json!(64)));
    let (wanted, second) = (read(&first).unwrap().0, tempfile::tempdir().unwrap());
    write(&second, "tokenizer.json", &files.json);
    write(&second, "tokenizer_config.json", written.to_string().as_bytes());
    assert_eq!(read(&second).unwrap(), (wanted, String::new()));
}

#[test]
fn a_folder_without_a_tokenizer_or_with_a_damaged_file_is_refused_by_name() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    for (name, bytes, says) in [
        ("tokenizer.json", &pointer[..], "git-lfs"),
        ("tokenizer_config.json", pointer, "git-lfs"),
        ("tokenizer.json", b"", "the file is empty; remove the model's folder, then"),
        ("tokenizer_config.json", b"", "the file is empty; remove the model's folder, then"),
        ("tokenizer_config.json", b"[]", "is not a JSON object"),
        ("added_tokens.json", b"{", "added_tokens.json"),
    ] {
        let folder = folder(json!({}), &[]);
        write(&folder, name, bytes);
        let message = format!("{:#}", read(&folder).unwrap_err());
        assert!(message.contains(name) && message.contains(says), "{message}");
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(read(&empty).unwrap_err().to_string().contains("tokenizer.json"));
    write(&empty, "vocab.txt", b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n");
    assert!(read(&empty).is_ok());
    write(&empty, "tokenizer_config.json", br#"{"tokenizer_class": "RobertaTokenizer"}"#);
    assert!(read(&empty).unwrap_err().to_string().contains("`RobertaTokenizer`"));
}

#[test]
fn a_special_token_that_the_vocabulary_alone_lists_is_found_in_texts() {
    let folder = folder(json!({}), &[]);
    let path = folder.path().join("tokenizer.json");
    let mut json: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let listed = std::mem::replace(&mut json["added_tokens"], json!([]));
    write(&folder, "tokenizer.json", json.to_string().as_bytes());
    let files = TokenizerFiles::read(folder.path(), "tiny").unwrap();
    let mut found = serde_json::from_slice::<Value>(&files.json).unwrap()["added_tokens"].take();
    found.as_array_mut().unwrap().sort_by_key(|token| token["id"].as_u64());
    assert_eq!(found, listed);
}

#[test]
fn an_older_folder_names_its_special_tokens_in_a_map() {
    let map = ("special_tokens_map.json", json!({"cls_token": "[SEP]"}));
    let told = |files: &[(&str, Value)]| read(&folder(json!({}), files)).unwrap().1;
    assert!(told(std::slice::from_ref(&map)).contains("`post_processor`"));
    assert_eq!(told(&[map, ("tokenizer_config.json", json!({"added_tokens_decoder": {}}))]), "");
}

#[test]
fn special_tokens_that_are_split_are_refused() {
    let folder = folder(json!({}), &[("tokenizer_config.json", json!({"split_special_tokens": true}))]);
    assert!(read(&folder).unwrap_err().to_string().contains("`split_special_tokens`"));
}
