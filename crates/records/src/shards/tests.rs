use super::*;
use crate::publish;

fn manifest(bytes: &[u8]) -> Manifest {
    let data = serde_json::json!({"dataset": "d", "tokenizer": "t", "max_seq_length": 8});
    Manifest {
        data: serde_json::from_value(data).unwrap(),
        labels: vec!["neg".into(), "pos".into()],
        vocab_size: 10,
        pad_token_id: 0,
        tokenizer_sha256: String::new(),
        splits: BTreeMap::new(),
        duplicates: Duplicates::default(),
        shards: vec![Shard { file: "s".into(), split: Split::Test, examples: 1, sha256: sha256_hex(bytes) }],
        texts: None,
    }
}

fn read(on_disk: &[u8], in_manifest: &[u8]) -> Result<Vec<Example>, Error> {
    let folder = tempfile::tempdir().unwrap();
    publish::bytes(&folder.path().join("s"), on_disk).unwrap();
    manifest(in_manifest).examples(folder.path(), Split::Test)
}

#[test]
fn a_shard_reads_back_and_other_splits_do_not_see_it() {
    let line = br#"{"id":"a","label":1,"input_ids":[1,9]}"#;
    assert_eq!(read(line, line).unwrap()[0].input_ids, [1, 9]);
    assert!(manifest(line).examples(Path::new("/nowhere"), Split::Train).unwrap().is_empty());
}

#[test]
fn a_manifest_that_points_elsewhere_or_counts_otherwise_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let line: &[u8] = br#"{"id":"a","label":1,"input_ids":[1,9]}"#;
    let mut lying = manifest(line);
    for file in ["../s", "/etc/passwd", "a/s", ".."] {
        lying.shards[0].file = file.into();
        publish::bytes(&folder.path().join("manifest.json"), &serde_json::to_vec(&lying).unwrap()).unwrap();
        let message = Manifest::read(folder.path()).unwrap_err().to_string();
        assert!(message.contains("is not the name of a file in the folder; remove the folder"), "{message}");
    }
    for folder in ["nothere", "manifest.json"].map(|name| folder.path().join(name)) {
        let message = Manifest::read(&folder).unwrap_err().to_string();
        let says = format!("`{}`: no shards are there; name the folder", folder.display());
        assert!(message.starts_with(&says), "{message}");
    }
    publish::bytes(&folder.path().join("s"), line).unwrap();
    let mut counts = manifest(line);
    counts.shards[0].examples = usize::MAX;
    counts.splits.insert(Split::Test, Counts { examples: usize::MAX, ..Counts::default() });
    let message = counts.examples(folder.path(), Split::Test).unwrap_err().to_string();
    assert!(message.contains("has 1 examples, but the manifest says"), "{message}");
}

#[test]
fn a_changed_shard_a_wrong_label_and_a_wrong_token_are_refused() {
    let good: &[u8] = br#"{"id":"a","label":1,"input_ids":[1,9]}"#;
    assert!(read(&good[1..], good).unwrap_err().to_string().contains("run `prep` again"));
    for (line, says) in [
        (r#"{"id":"a","label":2,"input_ids":[1]}"#, "2 classes"),
        (r#"{"id":"a","label":0,"input_ids":[10]}"#, "token id 10"),
        (r#"{"id":"a","label":0,"input_ids":[]}"#, "no tokens"),
        (r#"{"id":"a","label":0,"input_ids":[1,1,1,1,1,1,1,1,1]}"#, "9 tokens, but the limit is 8"),
    ] {
        let message = read(line.as_bytes(), line.as_bytes()).unwrap_err().to_string();
        assert!(message.contains(says) && message.contains("line 1"), "{message}");
    }
}

fn texts(on_disk: &[u8], in_manifest: &[u8]) -> Result<Vec<Text>, Error> {
    let folder = tempfile::tempdir().unwrap();
    publish::bytes(&folder.path().join(TEXTS), on_disk).unwrap();
    let sha256 = sha256_hex(in_manifest);
    let texts = Some(Shard { file: TEXTS.into(), split: Split::Test, examples: 1, sha256 });
    Manifest { texts, ..manifest(b"") }.texts(folder.path())
}

#[test]
fn texts_are_read_as_they_stand_and_refused_where_they_were_changed_or_are_none() {
    let line = "{\"id\":\"a\",\"text\":\" A <br />\\n\u{a0}film. \"}\n".as_bytes();
    assert_eq!(texts(line, line).unwrap(), [Text { id: "a".into(), text: " A <br />\n\u{a0}film. ".into() }]);
    let changed = texts(b"{}", line).unwrap_err().to_string();
    assert!(
        changed.contains("texts.test.jsonl`: differs from its manifest") && changed.contains("run `prep` again"),
        "{changed}"
    );
    let wrong = texts(b"{}", b"{}").unwrap_err().to_string();
    assert!(wrong.contains("texts.test.jsonl`, line 1"), "{wrong}");
    let none = manifest(b"").texts(Path::new("old/shards")).unwrap_err().to_string();
    assert!(none.starts_with("`old/shards`: has no texts") && none.contains("run `prep` to another folder"), "{none}");
}

#[test]
fn a_manifest_without_texts_is_one_of_an_older_version_and_has_its_bytes() {
    let old = serde_json::to_string(&manifest(b"")).unwrap();
    assert!(!old.contains("texts"));
    assert_eq!(serde_json::from_str::<Manifest>(&old).unwrap(), manifest(b""));
}
