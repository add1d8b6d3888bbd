//! Parquet through `parquet-rows`: what `prep` asks of it, and what it makes of its answers. A script stands in for the
//! tool; the tests of the pipeline have the tool itself.

use std::path::Path;
use std::process::Command;

use predicates::str::contains;

use crate::workplace::Workplace;

const DATA: &str = "dataset = \"jsonl\"\nmax_seq_length = 24\nvalidation = 0.25";

/// What a file of four rows makes the script do.
const FOUR_ROWS: &str = r#"
case $asked in
  " --columns") echo '["note", "text", "label", "id"]' ;;
  " --column text --column label --column id")
    for row in 1 2 3 4; do echo "{\"text\":\"text $row\",\"label\":$((row % 2)),\"id\":null}"; done ;;
  *) echo "parquet-rows: asked for$asked" >&2; exit 1 ;;
esac
"#;

/// A copy of `prep`, with the stand-in beside it if `with_tool`. `cp` makes them: a file that this process had open to
/// write could not be run while another test starts a program.
fn tools(workplace: &Workplace, with_tool: bool) {
    std::fs::create_dir(workplace.path("bin")).unwrap();
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/parquet-rows");
    let copied = [Path::new(env!("CARGO_BIN_EXE_prep")), &tool];
    for file in &copied[..1 + usize::from(with_tool)] {
        assert!(Command::new("cp").arg(file).arg(workplace.path("bin")).status().unwrap().success());
    }
}

/// What `prep` says of `r.parquet`, which makes the script run `does`.
fn says(does: &str) -> (bool, String) {
    let workplace = Workplace::new(DATA);
    tools(&workplace, true);
    workplace.put("r.parquet", format!("PAR1=\n{does}").as_bytes());
    let output = prep(&workplace).output().unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

fn prep(workplace: &Workplace) -> assert_cmd::Command {
    let mut prep = assert_cmd::Command::new(workplace.path("bin/prep"));
    let arguments = ["--definition", "x.toml", "--models", "models", "--input", "r.parquet", "--out", "out"];
    prep.current_dir(workplace.path("")).args(arguments);
    prep
}

#[test]
fn rows_give_the_shards_of_a_table_and_only_needed_columns_are_read() {
    let workplace = Workplace::new(DATA);
    workplace.put("r.csv", b"text,label\ntext 1,1\ntext 2,0\ntext 3,1\ntext 4,0\n");
    workplace.prep().args(["--input", "r.csv"]).assert().success();
    let expected = workplace.files("out");
    tools(&workplace, true);
    workplace.put("r.parquet", format!("PAR1=\n{FOUR_ROWS}").as_bytes());
    prep(&workplace).assert().success();
    assert!(workplace.files("out") == expected);
}

#[test]
fn without_the_tool_prep_says_how_to_build_it() {
    let workplace = Workplace::new(DATA);
    tools(&workplace, false);
    workplace.put("r.parquet", b"PAR1");
    let message = "`r.parquet`: the file is Parquet, which `parquet-rows` reads, and there is no `";
    prep(&workplace).assert().code(1).stderr(contains(message));
    prep(&workplace).assert().code(1).stderr(contains("run `make build-parquet`, or `cargo build --release -p"));
}

#[test]
fn faults_name_the_file_the_row_and_the_column() {
    let row = |row: &str| {
        FOUR_ROWS.replace("\"{\\\"text\\\":\\\"text $row\\\",\\\"label\\\":$((row % 2)),\\\"id\\\":null}\"", row)
    };
    let from_third = |end: &str| row(&format!("'{{\"text\":\"a\",\"label\":1}}'; [ $row = 2 ] && {end}"));
    for (does, message) in [
        (
            row(r#"'{"text":null,"label":1}'"#),
            "`r.parquet`, row 1: `text` is null; write a string, or leave the line out",
        ),
        (row(r#"'{"text":"a","label":null}'"#), "`r.parquet`, row 1: `label` is null; give the text a label"),
        (row(r#"'{"text":"a","label":-1}'"#), "`r.parquet`, row 1: `label` is -1; write a name, or a whole number"),
        (row(r#""{\"text\":\"a\",\"label\":$((1 - 2 * (row > 1)))}""#), "`r.parquet`, row 2: `label` is -1"),
        (
            from_third(
                "{ echo 'parquet-rows: `r.parquet`, row 3: column `text`: the text is not UTF-8' >&2; exit 1; }",
            ),
            "prep: `r.parquet`, row 3: column `text`: the text is not UTF-8",
        ),
        (from_third("kill -9 $$"), "`r.parquet`: `parquet-rows` failed (signal: 9 (SIGKILL)), so the file is damaged"),
        ("echo '[\"body\"]'".to_owned(), "`r.parquet`: no column for the text; the columns are `body`"),
        ("echo 'parquet-rows: `r.parquet`: cut short' >&2; exit 1".to_owned(), "`r.parquet`: cut short"),
    ] {
        let (is_success, said) = says(&does);
        assert!(!is_success && said.contains(message) && said.lines().count() == 1, "{message}: {said}");
    }
}

#[test]
fn parquet_is_named_and_not_piped() {
    let workplace = Workplace::new(DATA);
    let message = "`stdin`: the file is Parquet; name it with `--input`, unpacked and not through a pipe";
    workplace.prep().args(["--input", "-"]).write_stdin("PAR1").assert().code(1).stderr(contains(message));
}
