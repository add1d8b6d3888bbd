//! The same examples in every format that a user may have, and what a user must say about them.

use std::collections::BTreeMap;

use predicates::prelude::*;
use predicates::str::contains;
use records::Split;
use records::shards::Manifest;
use serde_json::{Value, json};

use crate::workplace::{Workplace, gzip};

const DATA: &str = "dataset = \"jsonl\"\nmax_seq_length = 24\nvalidation = 0.25";

/// Names and bytes.
type Files<'a> = &'a [(&'a str, &'a [u8])];
type Row = (usize, &'static str, &'static str, String);

/// Id, split, label and text of examples with everything that a cell must quote.
fn rows() -> Vec<Row> {
    let texts =
        ["plain", "a, b; c\tand d", "he said \"no\"", "two\nlines\r\nand a third", "", " blanks ", "naïve 😀 'x'"];
    let row = |n: usize| {
        let split = ["train", "train", "train", "validation", "test"][n % 5];
        (n, split, ["bad, very", "good"][n / 5 % 2], format!("{} {n}", texts[n % texts.len()]))
    };
    (0..40).map(row).collect()
}

fn records<'a>(rows: &'a [Row], with_split: bool) -> impl Iterator<Item = Value> + 'a {
    rows.iter().map(move |(id, split, label, text)| {
        let mut record = json!({"id": id, "label": label, "text": text, "extra": [{"id": 5}]});
        if with_split {
            record["split"] = json!(split);
        }
        record
    })
}

fn json_lines(rows: &[Row]) -> String {
    records(rows, true).map(|record| record.to_string() + "\n").collect()
}

/// A table as spreadsheets write it; every cell of text is quoted.
fn table(rows: &[Row], separator: &str, end: &str) -> String {
    let quoted = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
    let header = ["Text", "note", "Split", "ID", "Class"].join(separator) + end;
    let row = |(id, split, label, text): &Row| {
        [&quoted(text), "", *split, &id.to_string(), &quoted(label)].join(separator) + end
    };
    header + &rows.iter().map(row).collect::<String>()
}

fn of_split(split: &str) -> Vec<Row> {
    rows().into_iter().filter(|row| row.1 == split).collect()
}

fn shards(workplace: &Workplace, input: &str) -> BTreeMap<String, Vec<u8>> {
    workplace.prep().args(["--input", input]).assert().success();
    workplace.files("out")
}

fn says(workplace: &Workplace, input: &str) -> String {
    let output = workplace.prep().args(["--input", input]).assert().success();
    String::from_utf8(output.get_output().stderr.clone()).unwrap()
}

#[test]
fn every_format_of_the_same_rows_gives_the_same_shards() {
    let (rows, workplace) = (rows(), Workplace::new(DATA));
    let lines = json_lines(&rows);
    workplace.put("r.jsonl", lines.as_bytes());
    let expected = shards(&workplace, "r.jsonl");
    assert_eq!(expected.len(), 5, "three splits, texts and manifest");
    let array = Value::from_iter(records(&rows, true));
    let marked = format!("\u{feff}{}", table(&rows, ";", "\r\n"));
    let pretty = format!("\u{feff}{}\n", serde_json::to_string_pretty(&array).unwrap());
    let comma = table(&rows, ",", "\n");
    for (name, bytes) in [
        ("r.csv", comma.clone().into_bytes()),
        ("semicolons.csv", marked.clone().into_bytes()),
        ("r.tsv", table(&rows, "\t", "\n").into_bytes()),
        ("no-ending", table(&rows, "\t", "\r\n").into_bytes()),
        ("r.json", array.to_string().into_bytes()),
        ("pretty.json", pretty.clone().into_bytes()),
        ("lines.json", lines.clone().into_bytes()),
        ("r.jsonl.gz", gzip(lines.as_bytes())),
        ("r.csv.gz", gzip(comma.as_bytes())),
        ("two-members.csv.gz", [gzip(&comma.as_bytes()[..99]), gzip(&comma.as_bytes()[99..])].concat()),
        ("pretty.json.gz", gzip(pretty.as_bytes())),
    ] {
        workplace.put(name, &bytes);
        assert!(shards(&workplace, name) == expected, "{name}");
        workplace.prep().args(["--input", "-"]).write_stdin(bytes).assert().success();
        assert!(workplace.files("out") == expected, "{name} through stdin");
    }
}

#[test]
fn a_folder_of_split_files_gives_the_shards_of_one_file() {
    let workplace = Workplace::new(DATA);
    workplace.put("r.jsonl", json_lines(&rows()).as_bytes());
    let expected = shards(&workplace, "r.jsonl");
    let put = |name: &str, rows: &[Row]| drop(workplace.put(name, table(rows, ",", "\n").as_bytes()));
    for (folder, validation) in [("dev", "dev.csv"), ("valid", "valid.csv"), ("long", "my-validation.csv")] {
        put(&format!("{folder}/train.csv"), &of_split("train"));
        put(&format!("{folder}/{validation}"), &of_split("validation"));
        put(&format!("{folder}/test.csv"), &of_split("test"));
        workplace.put(&format!("{folder}/README.md"), b"# train and test");
        assert!(shards(&workplace, folder) == expected, "{folder}");
    }
    let train = of_split("train");
    for (part, rows) in train.chunks(train.len().div_ceil(2)).enumerate() {
        let lines: String = records(rows, false).map(|record| record.to_string() + "\n").collect();
        workplace.put(&format!("parts/data/train-0000{part}-of-00002.jsonl.gz"), &gzip(lines.as_bytes()));
    }
    put("parts/data/validation-00000-of-00001.csv", &of_split("validation"));
    workplace.put(
        "parts/data/test-00000-of-00001.json",
        Value::from_iter(records(&of_split("test"), false)).to_string().as_bytes(),
    );
    assert!(shards(&workplace, "parts/") == expected, "several parts and formats");
    let list = workplace.prep().args(["--input", "dev", "--list"]).assert().success();
    let list = String::from_utf8_lossy(&list.get_output().stdout).into_owned();
    let files = "read   `dev`: train from `train.csv`, validation from `dev.csv`, test from `test.csv`\n";
    assert!(list.starts_with(files), "{list}");
}

#[test]
fn examples_without_ids_are_numbered_alike_in_every_format() {
    let workplace = Workplace::new("dataset = \"jsonl\"\nmax_seq_length = 24");
    let lines: String = (0..30).map(|n| format!("{{\"sentence\":\"text\\n{n}\",\"label\":{}}}\n", n % 3)).collect();
    let rows: String = (0..30).map(|n| format!("{},\"text\n{n}\"\n", n % 3)).collect();
    workplace.put("r.jsonl", lines.as_bytes());
    let expected = shards(&workplace, "r.jsonl");
    assert_eq!(Manifest::read(&workplace.path("out")).unwrap().0.labels, ["0", "1", "2"]);
    workplace.put("r.csv", format!("label,sentence\n{rows}").as_bytes());
    assert!(shards(&workplace, "r.csv") == expected);
    workplace.put("r.json", format!("[\n{}]", lines.trim_end().replace("}\n", "},\n\n")).as_bytes());
    assert!(shards(&workplace, "r.json") == expected);
}

#[test]
fn a_file_without_splits_gets_a_test_and_a_validation_split_of_every_class_and_says_so() {
    let rows: String =
        (0..100).map(|n| format!("{n},text {n},{}\n", if n % 4 == 0 { "rare" } else { "usual" })).collect();
    let sizes = |more: &str| {
        let workplace = Workplace::new(&format!("dataset = \"jsonl\"\nmax_seq_length = 24\n{more}"));
        workplace.put("r.csv", format!("id,text,label\n{rows}").as_bytes());
        let said = says(&workplace, "r.csv");
        let manifest = Manifest::read(&workplace.path("out")).unwrap().0;
        let of = |split| manifest.splits.get(&split).map_or(vec![], |counts| counts.examples_per_label.clone());
        (said, Split::ALL.map(of))
    };
    let (said, splits) = sizes("");
    let line = "no test split: 20 of 100 train examples are test now, the same share of each class, chosen by a hash of \
                the id; `test` in `[data]` sets the share\n72 train, 8 validation, 20 test";
    assert!(said.starts_with(line), "{said}");
    assert_eq!(splits, [vec![18, 54], vec![2, 6], vec![5, 15]]);
    assert_eq!(sizes("test = 0.4\nvalidation = 0.25").1, [vec![11, 34], vec![4, 11], vec![10, 30]]);
    let (said, splits) = sizes("test = 0");
    assert!(said.starts_with("90 train, 10 validation, 400 tokens"), "{said}");
    assert_eq!(splits[2], vec![0; 0]);
}

#[test]
fn columns_are_those_that_the_study_names() {
    let columns = "text = \"body\"\nlabel = \"topic\"\nid = \"ticket no\"\nsplit = \"part\"";
    let workplace = Workplace::new(&format!("{DATA}\n{columns}"));
    let csv =
        "ticket no;text;body;topic;part\n7;no;first;x;train\n8;no;second;y;TRAIN\n9;no;third;x;dev\n1;no;4th;y;test\n";
    workplace.put("r.csv", csv.as_bytes());
    let by_table = shards(&workplace, "r.csv");
    let texts = Manifest::read(&workplace.path("out")).unwrap().0.texts(&workplace.path("out")).unwrap();
    assert_eq!((texts[0].id.as_str(), texts[0].text.as_str()), ("1", "4th"));
    let line = |cells: Vec<&str>| {
        let [id, _, text, label, split] = cells[..] else { panic!("{cells:?}") };
        format!("{{\"text\":5,\"ticket no\":{id},\"body\":\"{text}\",\"topic\":\"{label}\",\"part\":\"{split}\"}}\n")
    };
    let lines: String = csv.lines().skip(1).map(|row| line(row.split(';').collect())).collect();
    workplace.put("r.jsonl", lines.as_bytes());
    assert!(shards(&workplace, "r.jsonl") == by_table);
    let other = Workplace::new(&format!("{DATA}\ntext = \"boddy\""));
    other.put("r.csv", csv.as_bytes());
    let refused = "prep: `r.csv`, line 1: no column `boddy`, which `text` in `[data]` names; there are `ticket no`, `text`, \
                   `body`, `topic`, `part`; did you mean `body`?\n";
    other.prep().args(["--input", "r.csv"]).assert().code(1).stderr(refused);
}

#[test]
fn what_cannot_be_read_is_refused_with_the_file_and_what_to_do() {
    let good = table(&of_split("train"), ",", "\n");
    let cut = gzip(good.as_bytes());
    let cases: [(Files, &str, &str); 9] = [
        (
            &[("a.csv", b"PK\x03\x04..")],
            "a.csv",
            "`a.csv`: the file is a workbook or a zip archive; save the sheet as CSV",
        ),
        (&[("a.csv", b"\xff\xfet\0")], "a.csv", "`a.csv`: the file is UTF-16; save it as UTF-8"),
        (&[("a.csv.gz", &cut[..cut.len() / 2])], "a.csv.gz", "`a.csv.gz`: the file is cut short; download it again"),
        (
            &[("d/x.txt", b"")],
            "d",
            "`d`: no file of the split `train`, in CSV, TSV, JSON, JSON Lines or Parquet; call the files",
        ),
        (
            &[("d/train.csv", b""), ("d/more.csv", b"")],
            "d",
            "`d/more.csv`: the name says no split; call the files of a split",
        ),
        (&[("d/train.csv", b""), ("d/train.json", b"")], "d", "`d`: the files of train have several formats"),
        (
            &[("d/train.csv", b""), ("d/data/train.csv", b"")],
            "d",
            "`d`: the files of train are in two folders, such as `d/data/train.csv` and `d/train.csv`",
        ),
        (
            &[("a.json", b"[{\"text\":\"a\",\"label\":1},\n{\"text\":")],
            "a.json",
            "`a.json`, line 2: the array has no closing `]`",
        ),
        (
            &[],
            "gone.csv",
            "reading `gone.csv`: No such file or directory (os error 2); name a file or a folder with `--input`",
        ),
    ];
    for (files, input, expected) in cases {
        let workplace = Workplace::new(DATA);
        files.iter().for_each(|(name, bytes)| drop(workplace.put(name, bytes)));
        let before = workplace.names();
        let one_line = predicate::function(|text: &str| text.matches('\n').count() == 1);
        workplace.prep().args(["--input", input]).assert().code(1).stderr(contains(expected).and(one_line));
        assert_eq!(workplace.names(), before);
    }
}

#[test]
fn a_quote_that_is_not_closed_does_not_fill_the_memory() {
    let workplace = Workplace::new(DATA);
    let rest = "and so on, and on\n".repeat(4 << 20);
    workplace.put("r.csv", format!("text,label\nfine,x\n\"open,y\n{rest}").as_bytes());
    let says = contains("`r.csv`, line 3: a row of more than 64 MiB; is a quote not closed?");
    workplace.prep().args(["--input", "r.csv"]).assert().code(1).stderr(says);
}

/// What would lose or repeat examples without a word.
#[test]
fn examples_are_never_lost_repeated_or_moved_in_silence() {
    let workplace = Workplace::new(DATA);
    let refused = |input: &str, says: &str| {
        let output = workplace.prep().args(["--input", input]).assert().code(1).get_output().stderr.clone();
        let text = String::from_utf8(output).unwrap();
        assert!(text.contains(says), "{input}: {text}");
    };
    workplace.put("open.csv", b"label,text\n1,a film\n0,\"unclosed\n1,good\n0,bad\n");
    refused("open.csv", "`open.csv`, line 3: a quote in this row is not closed");
    workplace.put("inside.csv", b"text,label\n\"nice\" he said,1\nbad,0\n");
    refused("inside.csv", "`inside.csv`, line 2: a quote in this row is not closed");
    let table = b"text,label\ngood,1\nbad,0\nfine,1\nawful,0\n";
    let tsv = b"text\tlabel\ngood\t1\nbad\t0\n";
    workplace.put("twice/train.csv", table);
    workplace.put("twice/train.tsv", tsv);
    refused("twice", "the files of train have several formats");
    workplace.put("other/train.csv", table);
    workplace.put("other/test.xlsx", b"PK");
    refused("other", "test.xlsx`: test in another format");
    workplace.put("moved/train.csv", b"text,label,split\ngood,1,train\nbad,0,test\n");
    refused("moved", "train.csv`, line 3: split `test` in a file of train");
}

#[test]
fn copies_stay_on_one_side_of_a_test_split_that_is_held_out() {
    let rows: String =
        (0..20).map(|number| format!("same good,1\nsame bad,0\ngood {number},1\nbad {number},0\n")).collect();
    for (duplicates, warns) in [("keep", true), ("leave-out", false)] {
        let workplace = Workplace::new(&format!("{DATA}\nduplicates = \"{duplicates}\""));
        workplace.put("r.csv", format!("text,label\n{rows}").as_bytes());
        let output = workplace.prep().args(["--input", "r.csv"]).assert().success().get_output().stderr.clone();
        let text = String::from_utf8(output).unwrap();
        assert_eq!(text.contains("texts are in test and in train"), warns, "{text}");
        assert!(text.contains(" train, ") && !text.contains("0 train,"), "{text}");
    }
}
