//! `parquet-rows` on files of pandas, pyarrow, polars, duckdb and `datasets`, and on damaged ones.
#![expect(clippy::unwrap_used, reason = "a test says no by panicking")]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

/// Files with the rows of `rows.jsonl`.
const WRITTEN: [&str; 11] = [
    "pandas-snappy",
    "pandas-category-gzip",
    "pyarrow-v2-pages",
    "pyarrow-delta",
    "pyarrow-large-strings",
    "polars-zstd",
    "polars-enum",
    "duckdb-snappy",
    "duckdb-zstd-v2",
    "datasets",
    "names-in-arrow-schema",
];

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn written(name: &str) -> PathBuf {
    data(&format!("{name}.parquet"))
}

fn parquet_rows(file: &Path, args: &[&str]) -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("parquet-rows");
    command.arg(file).args(args);
    command
}

fn printed(file: &Path, args: &[&str]) -> String {
    let output = parquet_rows(file, args).assert().success().stderr("").get_output().stdout.clone();
    String::from_utf8(output).unwrap()
}

#[test]
fn every_writer_gives_the_same_rows() {
    let expected = std::fs::read_to_string(data("rows.jsonl")).unwrap();
    for name in WRITTEN {
        assert_eq!(printed(&written(name), &[]), expected, "{name}");
    }
}

#[test]
fn columns_are_listed_and_chosen() {
    let file = written("datasets");
    assert_eq!(printed(&file, &["--columns"]), "[\"id\",\"text\",\"label\",\"note\"]\n");
    let chosen = printed(&file, &["--column", "label", "--column", "id"]);
    assert!(chosen.starts_with("{\"label\":\"bad, very\",\"id\":100}\n{\"label\":\"good\",\"id\":101}\n"), "{chosen}");
    for other in ["txt", "--txt"] {
        let says = format!("datasets.parquet`: no column `{other}`; there are `id`, `text`, `label`, `note`");
        parquet_rows(&file, &["--column", other]).assert().code(1).stdout("").stderr(contains(says));
    }
    assert_eq!(printed(&written("empty"), &["--columns"]), "[\"text\",\"label\"]\n");
    assert_eq!(printed(&written("empty"), &[]), "");
}

#[test]
fn nulls_are_nulls_and_numbers_stay_what_they_are() {
    let rows = "{\"text\":\"a\",\"label\":1.0,\"yes\":true}\n{\"text\":\"b\",\"label\":null,\"yes\":false}\n\
                {\"text\":null,\"label\":0.0,\"yes\":null}\n";
    assert_eq!(printed(&written("nulls"), &[]), rows);
}

#[test]
fn what_cannot_be_printed_is_left_out_and_refused_where_it_is_named() {
    let file = written("kinds");
    assert_eq!(printed(&file, &[]), "{\"n\":1}\n");
    for (column, holds) in [
        ("text", "lists or records"),
        ("label", "lists or records"),
        ("price", "decimal numbers"),
        ("id", "bytes of a fixed number"),
    ] {
        let says = format!("kinds.parquet`: column `{column}` holds {holds}; write it as text, whole numbers, or");
        parquet_rows(&file, &["--column", column]).assert().code(1).stderr(contains(says));
    }
    let says = contains("latin-1.parquet`, row 2: column `text`: the text is not UTF-8; write the file again");
    parquet_rows(&written("latin-1"), &[]).assert().code(1).stderr(says);
    let says = contains("brotli").and(contains("write the file again with snappy, gzip or zstd"));
    parquet_rows(&written("brotli"), &[]).assert().code(1).stderr(says);
}

/// The exit code for `bytes`, and whether a fault was told in one line that names the file.
fn ends(folder: &Path, bytes: &[u8]) -> (i32, String) {
    let file = folder.join("damaged.parquet");
    std::io::copy(
        &mut &bytes[..],
        &mut std::fs::File::options().write(true).create(true).truncate(true).open(&file).unwrap(),
    )
    .unwrap();
    let output = parquet_rows(&file, &[]).timeout(std::time::Duration::from_secs(60)).output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_file_that_is_cut_short_or_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["pandas-snappy", "polars-zstd", "duckdb-zstd-v2"] {
        let whole = std::fs::read(written(name)).unwrap();
        for length in [0, 4, 8, whole.len() / 2, whole.len() - 1] {
            let (code, said) = ends(folder.path(), &whole[..length]);
            assert!(code == 1 && said.lines().count() == 1, "{name}, {length} bytes: {code} {said}");
            assert!(said.contains("damaged.parquet`: the file is damaged or cut short ("), "{said}");
        }
    }
}

/// Each byte in turn gets another value: the tool prints rows or says one line, and never hangs or dies otherwise.
#[test]
fn a_file_with_a_wrong_byte_is_read_or_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["pandas-snappy", "pyarrow-delta", "polars-zstd", "duckdb-zstd-v2"] {
        let whole = std::fs::read(written(name)).unwrap();
        for (n, place) in (0..whole.len()).step_by(whole.len() / 150).enumerate() {
            let mut bytes = whole.clone();
            bytes[place] = [0xff, 0x7f, bytes[place] ^ 0x10, 0][n % 4];
            let (code, said) = ends(folder.path(), &bytes);
            let is_told = code == 1 && said.lines().count() == 1 && said.contains("damaged.parquet`");
            assert!(code == 0 || is_told, "{name}, byte {place}: {code} {said}");
        }
    }
}
