//! A study file as a person writes it: what it expands to, and what the message says when it is wrong.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::HashSet;
use std::io::Write;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use study::{Cleaning, Configuration, Data, Duplicates, ModelKind, Study, Truncation, Weights};

const GOOD: &str = r#"name = "s"
seeds = [1, 2]
[data]
dataset = "sample"
tokenizer = "t"
max_seq_length = 64
[defaults]
encoder = "e"
weights = "random"
epochs = 5
batch_size = 32
dropout = 0.1
optimizer = { kind = "adamw", encoder_learning_rate = 8e-4, head_learning_rate = 8e-4 }
[[configuration]]
id = "A"
blocks = "first:1"
head = { kind = "cls-linear" }
[[configuration]]
id = "B"
blocks = "last:2"
head = { kind = "bilstm", layers = 2 }
epochs = 7
published_accuracy = 0.9
"#;

fn read(text: &str) -> Result<Study, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    Study::read(file.path()).map_err(|e| e.to_string())
}

/// The message about the good study with `from` replaced.
fn refused(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    read(&GOOD.replacen(from, to, 1)).unwrap_err()
}

#[test]
fn a_row_takes_its_own_settings_first_then_the_defaults_once_per_seed() {
    let runs = read(GOOD).unwrap().configurations().unwrap();
    let ids: Vec<&str> = runs.iter().map(|run| run.id.as_str()).collect();
    assert_eq!(ids, ["A-s1", "A-s2", "B-s1", "B-s2"]);
    assert_eq!((runs[0].epochs, runs[3].epochs, runs[3].seed), (5, 7, 2));
    assert_eq!((runs[3].published_accuracy, runs[0].published_accuracy), (Some(0.9), None));
    assert_eq!((runs[0].weights, runs[3].head.options["layers"].as_u64()), (Weights::Random, Some(2)));
}

/// Runs of earlier versions keep their bytes, and so their identity.
#[test]
fn class_weights_are_stored_only_where_they_are_given() {
    let with = |text: &str| read(&GOOD.replacen("id = \"B\"", &format!("id = \"B\"\n{text}"), 1));
    let json = |run: &Configuration| run.to_json().unwrap();
    for (text, stored) in [
        ("class_weights = \"balanced\"", "\"balanced\""),
        ("class_weights = [1, 2.5]", "[1.0,2.5]"),
        ("class_weights = { refund = 2, \"1\" = 0.5 }", "{\"1\":0.5,\"refund\":2.0}"),
    ] {
        let runs = with(text).unwrap().configurations().unwrap();
        assert!(!json(&runs[0]).contains("class_weights"));
        let value: serde_json::Value = serde_json::from_str(&json(&runs[2])).unwrap();
        assert_eq!(value["class_weights"].to_string(), stored);
        assert_eq!(Configuration::from_json(&json(&runs[2])).unwrap(), runs[2]);
    }
    let refused = |text: &str| with(text).unwrap_err();
    assert!(refused("class_weights = \"balance\"").ends_with("did you mean `balanced`?"));
    assert!(refused("class_weights = 3").contains("`class_weights` holds `3`; write `\"balanced\"`, a list such as"));
    for impossible in ["[0, 1]", "[1e-46, 1]", "[1, 2e6]"] {
        let message = refused(&format!("class_weights = {impossible}"));
        assert!(message.contains("`class_weights` must be from 0.000001 to 1000000"), "{message}");
    }
}

#[test]
fn a_row_may_have_its_own_seeds_and_the_defaults_may_not() {
    let own = GOOD.replacen("id = \"B\"", "id = \"B\"\nseeds = [7, 8, 9]", 1);
    let ids: Vec<String> = read(&own).unwrap().configurations().unwrap().into_iter().map(|run| run.id).collect();
    assert_eq!(ids, ["A-s1", "A-s2", "B-s7", "B-s8", "B-s9"]);
    assert!(refused("[defaults]", "[defaults]\nseeds = [3]").contains("`seeds`"));
    assert!(refused("id = \"B\"", "id = \"B\"\nseeds = []").contains("need at least one entry"));
}

/// A study of a name, a model and rows.
fn short(model: &str, rows: &str) -> Vec<Configuration> {
    read(&format!("name = \"s\"\n{model}\nconfiguration = [{rows}]")).unwrap().configurations().unwrap()
}

#[test]
fn a_study_needs_a_name_a_model_and_rows() {
    let rows = r#"{ id = "2VA", blocks = "first:2" }, { id = "T", head = "tf-idf" }, { id = "0", blocks = "none" }"#;
    let runs = short("defaults = { encoder = \"mini\" }", rows);
    let first: Vec<&Configuration> = runs.iter().step_by(3).collect();
    assert_eq!(runs.iter().map(|run| run.seed).collect::<Vec<_>>(), [1, 2, 3, 1, 2, 3, 1, 2, 3]);
    let kinds = first.iter().map(|run| (run.head.kind.as_str(), run.optimizer.kind.as_str(), run.epochs));
    assert_eq!(
        kinds.collect::<Vec<_>>(),
        [("cls-linear", "adamw", 3), ("tf-idf", "newton", 10), ("mean-linear", "adamw", 3)]
    );
    assert_eq!((first[0].batch_size, first[0].dropout, first[0].weights), (32, 0.1, Weights::Pretrained));
    assert_eq!(
        (first[0].optimizer.options["encoder_learning_rate"].as_f64(), first[1].blocks.to_string()),
        (Some(3e-5), "none".to_owned())
    );
    assert_eq!(short("data = { tokenizer = \"mini\" }", rows), runs);
    let data =
        read(&format!("name = \"s\"\ndefaults = {{ encoder = \"mini\" }}\nconfiguration = [{rows}]")).unwrap().data;
    assert_eq!(data, Data { tokenizer: "mini".to_owned(), ..Data::default() });
    assert_eq!(data.shards_name(), "jsonl-mini-256-head-only");
    let mail = format!("name = \"mail\"\ndefaults = {{ encoder = \"mini\" }}\nconfiguration = [{rows}]");
    assert_eq!(read(&mail).unwrap().shards_name(), "jsonl-mini-256-head-only-study.mail");
    assert_eq!(read(GOOD).unwrap().shards_name(), "sample-t-64-head-only");
}

#[test]
fn defaults_follow_the_weights_and_the_embeddings() {
    let rows = r#"{ id = "r", weights = "random" },
        { id = "t", blocks = "none", head = "bilstm", embeddings = { kind = "table", size = 8 } }"#;
    let runs = short("data = { tokenizer = \"mini\" }", rows);
    assert_eq!(
        (runs[0].blocks.to_string(), runs[0].optimizer.options["encoder_learning_rate"].as_f64()),
        ("every:1".to_owned(), Some(5e-4))
    );
    assert_eq!(
        (runs[3].optimizer.kind.as_str(), runs[3].optimizer.options["learning_rate"].as_f64()),
        ("adam", Some(1e-3))
    );
}

/// `[defaults]` of a study are meant for its networks.
#[test]
fn a_tf_idf_row_keeps_its_own_optimizer_and_blocks() {
    let runs = read(&GOOD.replacen(
        "id = \"A\"\nblocks = \"first:1\"\nhead = { kind = \"cls-linear\" }",
        "id = \"A\"\nhead = \"tf-idf\"",
        1,
    ));
    let run = runs.unwrap().configurations().unwrap().swap_remove(0);
    assert_eq!((run.optimizer.kind.as_str(), run.blocks.to_string().as_str(), run.epochs), ("newton", "none", 5));
}

/// Earlier versions took TF-IDF as a head; a run is the same run in both spellings.
#[test]
fn a_model_without_a_network_may_be_written_as_model_or_as_head() {
    let row = |settings: &str| short("data = { tokenizer = \"mini\" }", &format!("{{ id = \"T\", {settings} }}"));
    for (model, head) in [
        (r#"model = "tf-idf""#, r#"head = "tf-idf""#),
        (
            r#"model = { kind = "tf-idf", min_documents = 3 }, epochs = 4"#,
            r#"head = { kind = "tf-idf", min_documents = 3 }, epochs = 4"#,
        ),
    ] {
        assert_eq!(row(model), row(head));
        assert_eq!(row(model)[0].model_kind(), ModelKind::TfIdf);
    }
    let of_defaults =
        short("defaults = { encoder = \"e\", model = \"tf-idf\" }", r#"{ id = "T" }, { id = "B", head = "bilstm" }"#);
    let kinds: Vec<&str> = of_defaults.iter().map(|run| run.head.kind.as_str()).collect();
    assert_eq!(kinds, ["tf-idf", "tf-idf", "tf-idf", "bilstm", "bilstm", "bilstm"]);
}

#[test]
fn a_model_with_a_head_or_an_unknown_model_is_refused() {
    let refused = |settings: &str| refused("id = \"B\"", &format!("id = \"B\"\n{settings}"));
    assert!(refused("model = \"tf-idf\"").contains("configuration `B`: TF-IDF has no head: remove `head` or `model`"));
    assert!(refused("model = \"tfidf\"").contains("configuration `B`: unknown model `tfidf`; `model` can be `tf-idf`"));
    assert!(refused("model = { min_documents = 1 }").contains("missing field `kind`"));
}

#[test]
fn a_study_without_any_model_is_refused_and_two_encoders_need_a_tokenizer() {
    let refused = |text: &str| read(&format!("name = \"s\"\n{text}")).unwrap_err();
    assert!(refused("configuration = [{ id = \"A\" }]").contains("give `encoder` in `[defaults]`, or `tokenizer`"));
    let two = "configuration = [{ id = \"A\", encoder = \"a\" }, { id = \"B\", encoder = \"b\" }]";
    assert!(refused(two).contains("no model is named"));
    assert!(refused("data = { tokenizer = \"a\" }").contains("line 1: no `[[configuration]]`; add one"));
}

#[test]
fn a_configuration_survives_its_json() {
    for run in read(GOOD).unwrap().configurations().unwrap() {
        assert_eq!(Configuration::from_json(&run.to_json().unwrap()).unwrap(), run);
    }
}

#[test]
fn a_typing_error_is_reported_with_its_line_and_the_near_name() {
    let said = refused("batch_size", "batchsize");
    assert!(said.contains("line 11") && said.contains("did you mean `batch_size`?"), "{said}");
    assert!(!said.contains('\n'), "{said}");
    assert!(refused("max_seq_length = 64", "max_seq_length = -1").contains("line 6"));
    let measure = "[report]\nmeasure = \"macro-f2\"\n[defaults]";
    assert!(refused("[defaults]", measure).ends_with("did you mean `macro-f1`?"));
    assert!(refused("[defaults]", "[defaults").contains("line 7"));
}

#[test]
fn a_setting_in_the_wrong_section_is_sent_to_its_own() {
    for (from, to, says) in [
        (
            "[defaults]",
            "[defaults]\nmax_seq_length = 64",
            "line 8: `max_seq_length` cannot stand here; it belongs in `[data]`",
        ),
        (
            "[defaults]",
            "epochs = 3\n[defaults]",
            "line 7: `epochs` cannot stand here; it belongs in `[defaults]` or in a `[[con",
        ),
        (
            "[defaults]",
            "encoder = \"e\"\n[defaults]",
            "`encoder` cannot stand here; it belongs in `[defaults]` or in a `[[",
        ),
        ("seeds = [1, 2]", "measure = \"macro-f1\"", "line 2: `measure` cannot stand here; it belongs in `[report]`"),
        ("seeds = [1, 2]", "validation = 0.1", "line 2: `validation` cannot stand here; it belongs in `[data]`"),
        ("id = \"B\"", "id = \"B\"\ndata = 1", "`data` cannot stand here; it belongs at the top of the file"),
        ("[defaults]", "seeds = [1]\n[defaults]", "it belongs at the top of the file or in a `[[configuration]]`"),
        ("[data]", "published_accuracy = 1\n[data]", "`published_accuracy` cannot stand here; it belongs in a `[[con"),
        (
            "[defaults]",
            "[defaults]\nlearning_rate = 1e-4",
            "line 8: `learning_rate` cannot stand here; it belongs in `optimizer`, such as `optimizer = { kind = \"adam\"",
        ),
    ] {
        let said = refused(from, to);
        assert!(said.contains(says) && !said.contains("expected one of"), "{said}");
    }
}

#[test]
fn a_value_of_another_type_is_refused_with_its_setting_and_what_to_write() {
    for (from, to, says) in [
        ("epochs = 5", "epochs = \"five\"", "line 10: `epochs` holds \"five\"; write a whole number from 1"),
        ("epochs = 7", "epochs = 7.5", "`epochs` holds `7.5`; write a whole number from 1"),
        (
            "max_seq_length = 64",
            "max_seq_length = -1",
            "line 6: `max_seq_length` holds `-1`; write a whole number from 3",
        ),
        ("dropout = 0.1", "dropout = [0.1]", "`dropout` holds a list; write a number"),
        ("seeds = [1, 2]", "seeds = [\n1,\n\"two\"]", "line 4: `seeds` holds \"two\"; write a whole number from 0"),
        ("seeds = [1, 2]", "seeds = 3", "`seeds` holds `3`; write a list, such as `[1, 2]`"),
        ("blocks = \"first:1\"", "blocks = 1", "`blocks` holds `1`; write a name between quotes"),
        (
            "head = { kind = \"cls-linear\" }",
            "head = 1",
            "`head` holds `1`; write a kind such as `\"cls-linear\"`, or a",
        ),
        ("epochs = 7", "freeze = { blocks = true }", "`blocks` holds `true`; write a whole number from 0"),
        ("weights = \"random\"", "weights = \"Random\"", "`weights`: unknown variant `Random`, expected `pretrained`"),
    ] {
        let said = refused(from, to);
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn an_impossible_value_is_refused_and_named() {
    let cases = [
        ("id = \"B\"", "id = \"A\"", "two rows have the id `A`; rename one"),
        ("seeds = [1, 2]", "seeds = [1, 1]", "configuration `A`: `seeds` has 1 twice; remove one"),
        ("id = \"B\"\n", "", "row 2 of `configuration` has no `id`; add one, such as `id = \"2VA\"`"),
        ("epochs = 5", "epochs = 5\nepochs = 6", "line 11: `epochs` stands twice; remove one"),
        ("[data]", "[defaults]\n[data]", "`defaults` stands twice; remove one"),
        ("name = \"s\"\n", "", "line 1: no `name`; write `name = \""),
        ("id = \"B\"", "id = \"../x\"", "letters, digits"),
        ("id = \"B\"", "id = \"a b\"", "letters, digits"),
        ("seeds = [1, 2]", "seeds = []", "at least one entry"),
        ("dropout = 0.1", "dropout = 1.0", "`dropout` must be"),
        ("epochs = 5", "epochs = 0", "`epochs` must be at least 1"),
        ("batch_size = 32", "batch_size = 9000000000", "`batch_size` must be at least 1 and at most 1000000"),
        ("encoder = \"e\"", "encoder = \"../e\"", "encoder `../e` is not a plain name"),
        ("encoder = \"e\"", "encoder = \"$(id)\"", "encoder `$(id)` is not a plain name"),
        ("published_accuracy = 0.9", "published_accuracy = 90.0", "is a fraction"),
        ("max_seq_length = 64", "max_seq_length = 2", "for `[CLS]`, a token, `[SEP]`"),
        ("dataset = \"sample\"", "dataset = \"../x\"", "plain names, not paths"),
        ("max_seq_length = 64", "max_seq_length = 64\nvalidation = 0.9", "`validation` must be"),
    ];
    for (from, to, says) in cases {
        let said = refused(from, to);
        assert!(said.contains(says), "{said}");
    }
    for (from, to, says) in [
        ("epochs = 7", "epochs = 0", "line 22: configuration `B-s1`: `epochs` must be at least 1"),
        ("dropout = 0.1", "dropout = 1.0", "line 12: [defaults]: `dropout` must be"),
        ("id = \"B\"", "id = \"B\"\nseeds = [7, 7]", "line 20: configuration `B`: `seeds` has 7 twice"),
        (
            "[defaults]",
            "test = 20\n[defaults]",
            "line 7: [data]: `test` must be from 0 to 0.5, a share such as 0.2, not 20",
        ),
        ("dataset = \"sample\"", "dataset = \"../x\"", "line 4: [data]: `dataset` and `tokenizer` must be"),
    ] {
        let said = refused(from, to);
        assert!(said.starts_with("study `") && said.contains(&format!("`, {says}")), "{said}");
    }
    let missing = Study::read("nowhere.toml".as_ref()).unwrap_err().to_string();
    assert!(missing.starts_with("no study `nowhere.toml`"), "{missing}");
    let config = short("data = { tokenizer = \"mini\" }", r#"{ id = "A" }"#)[0].to_json().unwrap();
    for (name, text, says) in [
        ("mail.jsonl", "{\"text\": \"a\"}", "`mail.jsonl` is not a study but texts; `plan new mail.jsonl` writes one"),
        ("in/a.CSV", "text,label", "`in/a.CSV` is not a study but texts; `plan new in/a.CSV` writes one"),
        ("config.json", &config, "`config.json` is the configuration of a run, not a study; name a file such as"),
        ("f1.toml", "", "study `f1.toml`, line 1: no `name`; write `name = \"f1\"` at the top of the file"),
    ] {
        let said = Study::parse(name.as_ref(), text).unwrap_err().to_string();
        assert!(said.starts_with(says), "{said}");
    }
}

#[test]
fn everything_that_changes_the_shards_changes_their_name() {
    let name = |more: &str| read(&GOOD.replace("max_seq_length = 64", more)).unwrap().data.shards_name();
    let names = [
        "max_seq_length = 64",
        "max_seq_length = 65",
        "max_seq_length = 64\ntruncation = \"head+tail\"",
        "max_seq_length = 64\ntruncation = \"head+tail\"\nhead_share = 0.25",
        "max_seq_length = 64\nvalidation = 0.0",
        "max_seq_length = 64\ntrain_examples = 10",
        "max_seq_length = 64\ntest_examples = 10",
        "max_seq_length = 64\nduplicates = \"leave-out\"",
        "max_seq_length = 64\ncleaning = [\"case\"]",
        "max_seq_length = 64\ncleaning = [\"case\", \"stem\"]",
        "max_seq_length = 64\ncleaning = [\"stop-words\", \"punctuation\", \"stem\", \"case\"]",
        "max_seq_length = 64\ntext = \"Review Text\"",
        "max_seq_length = 64\ntext = \"Review_Text\"",
        "max_seq_length = 64\nlabel = \"a\"\nid = \"b\"",
        "max_seq_length = 64\nlabel = \"b\"\nid = \"a\"",
        "max_seq_length = 64\nsplit = \"a\"",
        "max_seq_length = 64\ntest = 0.25",
    ]
    .map(name);
    let distinct: HashSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "{names:?}");
    assert_eq!(names[0], "sample-t-64-head-only");
    assert_eq!(names[7], "sample-t-64-head-only-without-duplicates");
    assert_eq!(names[10], "sample-t-64-head-only-cleaning-punctuation+case+stop-words+stem");
    assert_eq!(names[11], "sample-t-64-head-only-text.Review+20Text");
}

#[test]
fn a_pair_of_text_columns_is_refused_in_one_sentence() {
    let said = refused("max_seq_length = 64", "max_seq_length = 64\ntext = [\"premise\", \"hypothesis\"]");
    assert!(
        said.ends_with("line 7: `text` names one column; pairs of sentences are not supported, so join the columns"),
        "{said}"
    );
}

#[test]
fn the_order_of_cleaning_in_the_file_does_not_matter_and_none_is_the_default() {
    let data = |more: &str| read(&GOOD.replace("max_seq_length = 64", more)).unwrap().data;
    let cleaned = data("max_seq_length = 64\ncleaning = [\"punctuation\", \"stem\"]");
    assert_eq!(cleaned, data("max_seq_length = 64\ncleaning = [\"stem\", \"punctuation\", \"stem\"]"));
    let by_default = data("max_seq_length = 64");
    assert_eq!(by_default, data("max_seq_length = 64\ncleaning = []\nduplicates = \"keep\""));
    assert!(by_default.cleaning.is_empty() && by_default.duplicates == Duplicates::Keep);
}

#[test]
fn an_unknown_step_of_cleaning_is_answered_with_the_known_ones() {
    let said = refused("max_seq_length = 64", "max_seq_length = 64\ncleaning = [\"case\", \"stopwords\"]");
    assert!(
        said.contains("line 7: `cleaning`: unknown variant `stopwords`, expected one of `punctuation`, `case`"),
        "{said}"
    );
    assert!(said.ends_with("`stem`; did you mean `stop-words`?"), "{said}");
    let said = refused("max_seq_length = 64", "max_seq_length = 64\nduplicates = \"leave_out\"");
    assert!(said.contains("line 7") && said.ends_with("`keep` or `leave-out`; did you mean `leave-out`?"), "{said}");
    for (written, meant) in
        [("head", "head-only"), ("tail", "tail-only"), ("headtail", "head+tail"), ("head_tail", "head+tail")]
    {
        let said = refused("max_seq_length = 64", &format!("max_seq_length = 64\ntruncation = \"{written}\""));
        assert!(said.ends_with(&format!("did you mean `{meant}`?")), "{said}");
    }
}

fn any_data() -> impl Strategy<Value = Data> {
    let steps = [Cleaning::Punctuation, Cleaning::Case, Cleaning::StopWords, Cleaning::Stem];
    let truncations = [Truncation::HeadOnly, Truncation::TailOnly, Truncation::HeadAndTail];
    let few = || select(vec![None, Some(1), Some(10)]);
    let texts = (subsequence(steps.to_vec(), 0..=4), select(vec![Duplicates::Keep, Duplicates::Remove]));
    let cut = (select(vec![8, 64]), select(truncations.to_vec()), select(vec![0.5, 0.25]));
    let column = || select(vec![None, Some("a".to_owned()), Some("a b".to_owned()), Some("-text.a".to_owned())]);
    let columns = (column(), column(), column(), column(), select(vec![0.2, 0.0, 0.25]));
    (texts, cut, select(vec![0.1, 0.25]), few(), few(), columns).prop_map(
        |(texts, cut, validation, train, test, columns)| Data {
            text: columns.0,
            label: columns.1,
            id: columns.2,
            split: columns.3,
            test: columns.4,
            dataset: "sample".to_owned(),
            tokenizer: "t".to_owned(),
            max_seq_length: cut.0,
            truncation: cut.1,
            head_share: cut.2,
            cleaning: texts.0.into_iter().collect(),
            duplicates: texts.1,
            validation,
            train_examples: train,
            test_examples: test,
        },
    )
}

proptest! {
    #[test]
    fn different_data_have_different_shards(all in proptest::collection::vec(any_data(), 100)) {
        let written: HashSet<String> = all.iter().map(|data| serde_json::to_string(data).unwrap()).collect();
        let names: HashSet<String> = all.iter().map(Data::shards_name).collect();
        prop_assert_eq!(names.len(), written.len());
    }

    #[test]
    fn data_survives_its_json(data in any_data()) {
        let json = serde_json::to_string(&data).unwrap();
        prop_assert_eq!(serde_json::from_str::<Data>(&json).unwrap(), data);
    }
}
