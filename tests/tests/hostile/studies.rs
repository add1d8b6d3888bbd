//! Study files, configurations, devices, and a terminal as stdin.

use std::process::Command;

use crate::place::{Place, bin};

#[test]
fn impossible_study_files_are_refused_by_line_or_name() {
    let deep = format!("head = {}1{}", "[".repeat(50_000), "]".repeat(50_000));
    let cases: [(&str, &str, &str); 24] = [
        ("seeds = [1]", "seed = [1]", "line 3: unknown field `seed`"),
        ("seeds = [1]", "seeds = [-1]", "line 3"),
        ("seeds = [1]", "seeds = [36893488147419103232]", "line 3"),
        ("seeds = [1]", "seeds = [1, 1]", "configuration `1VA`: `seeds` has 1 twice; remove one"),
        ("name = \"s\"", "name = \"../s\"", "`name` may hold letters"),
        ("id = \"1VA\"", "id = \"a/b\"", "`id` may hold letters"),
        ("id = \"1VA\"", "id = \"..\"", "`id` may hold letters"),
        ("id = \"1VA\"", "id = \"a b\"", "`id` may hold letters"),
        ("id = \"1VA\"", "id = \"$(touch x)\"", "`id` may hold letters"),
        ("id = \"1VA\"", "id = \"a\\nb\"", "`id` may hold letters"),
        ("id = \"1VA\"", "id = \"\\u001b[2J\"", "`id` may hold letters"),
        ("id = \"1VA\"", "id = \"-rf\"", "`id` may hold letters"),
        ("id = \"1VA\"", "id = \"\"", "`id` may hold letters"),
        ("encoder = \"sample-bert\"", "encoder = \"../sample-bert\"", "is not a plain name"),
        ("tokenizer = \"sample-bert\"", "tokenizer = \"/etc\"", "`dataset` and `tokenizer` must be plain names"),
        ("epochs = 1", "epochs = 99999999999", "`epochs` must be at least 1 and at most"),
        ("batch_size = 16", "batch_size = 0", "`batch_size` must be"),
        ("dropout = 0.1", "dropout = nan", "`dropout` must be"),
        ("dropout = 0.1", "dropout = 1e999", "line 15"),
        ("max_seq_length = 32", "max_seq_length = 1000000000", "`max_seq_length` must be"),
        ("head = \"cls-linear\"", "head = { kind = 1 }", "line 20"),
        ("head = \"cls-linear\"", &deep, "line 20"),
        ("[defaults]", "[defaults", "line 10"),
        ("name = \"s\"", "name = \"s\0\"", "line 2"),
    ];
    for (from, to, says) in cases {
        let place = Place::sound();
        place.replace("s.toml", from, to);
        place.refuses("plan s.toml --write elsewhere", b"", says);
    }
    let place = Place::sound();
    place.write("s.toml", [0xff, 0xfe, 0x00]);
    place.refuses("plan s.toml", b"", "reading study `s.toml`: stream did not contain valid UTF-8");
    place.write("s.toml", "");
    place.refuses("plan s.toml", b"", "study `s.toml`, line 1: no `name`; write `name = \"s\"`");
    place.refuses("plan runs", b"", "reading study `runs`");
}

/// As editors on other systems write it.
#[test]
fn a_study_file_may_have_a_byte_order_mark_and_crlf() {
    let place = Place::sound();
    let plain = place.takes("plan s.toml", b"");
    place.write("s.toml", format!("\u{feff}{}", place.text("s.toml").replace('\n', "\r\n")));
    assert_eq!(place.takes("plan s.toml", b""), plain);
}

#[test]
fn impossible_configurations_are_refused_before_anything_is_written() {
    let place = Place::sound();
    let config = place.text("runs/1VA-s1/config.json");
    let train = "train --config - --shards shards --model models/sample-bert --out new --device flex";
    for (from, to, says) in [
        ("\"id\": \"1VA-s1\"", "\"id\": \"../../x\"", "`id` may hold letters"),
        ("\"encoder\": \"sample-bert\"", "\"encoder\": \"a;b\"", "is not a plain name"),
        ("\"first:1\"", "\"every:0\"", "the encoder has 4 blocks"),
        ("\"first:1\"", "\"first:99999999999999999999\"", "the encoder has 4 blocks"),
        ("\"epochs\": 1", "\"epochs\": 18446744073709551615", "`epochs` must be"),
        ("\"epochs\": 1", "\"epochs\": 1, \"epochs\": 2", "duplicate field `epochs`"),
        (
            "\"kind\": \"cls-linear\"",
            "\"kind\": \"bilstm\", \"hidden_size\": 1000000000",
            "`hidden_size` must be from 1 to",
        ),
        ("\"seed\": 1", "\"seed\": 1e999", "number out of range"),
    ] {
        assert!(config.contains(from), "{from}");
        place.refuses(train, config.replacen(from, to, 1).as_bytes(), says);
    }
    place.refuses(train, "[".repeat(100_000).as_bytes(), "`stdin` is not JSON");
    place.refuses(train, b"\xff", "stdin");
    place.refuses(&train.replace("--config -", "--config runs"), b"", "reading `runs`");
}

#[test]
fn a_folder_that_holds_another_run_is_not_overwritten() {
    let place = Place::sound();
    let other = place.text("runs/1VA-s1/config.json").replace("1VA-s1", "1VB-s1");
    let train = "train --config - --shards shards --model models/sample-bert --out runs/1VA-s1 --device flex";
    place.refuses(train, other.as_bytes(), "`runs/1VA-s1` holds run `1VA-s1`, not `1VB-s1`; choose another `--out`");
}

#[test]
fn missing_devices_are_refused() {
    let place = Place::sound();
    let evaluate = "evaluate --run runs/1VA-s1 --shards shards --device";
    place.refuses(&format!("{evaluate} gpu"), b"", "unknown device `gpu`");
    place.refuses(&format!("{evaluate} cuda:7"), b"", "device `cuda:7`");
}

/// `script` of util-linux gives the tool a terminal; without `script` the test is skipped.
#[test]
fn a_terminal_as_stdin_is_refused() {
    let place = Place::sound();
    let ask = |command: &str| {
        let line = format!("{}/{command}", bin().display());
        let output = Command::new("script").args(["-qec", &line, "/dev/null"]).current_dir(place.path(".")).output();
        output.map(|output| (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
    };
    for command in [
        "train --config - --shards shards --model models/sample-bert --out new",
        "report table -",
        "train --check --config - --model models/sample-bert",
    ] {
        let Ok((code, text)) = ask(command) else { return };
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("stdin is a terminal; pipe "), "{text}");
    }
}
