//! JSON Lines, shards, run folders.

use crate::place::Place;

const JSONL: &str = "prep --definition j.toml --models models --input - --out new";

/// With a study of the user's own texts.
fn with_texts() -> Place {
    let place = Place::sound();
    let study = place.text("s.toml").replace("\"sample\"", "\"jsonl\"");
    place.write("j.toml", study.replace("train_examples = 64\ntest_examples = 20\n", ""));
    place
}

#[test]
fn damaged_lines_are_refused_by_line_and_column() {
    let place = with_texts();
    let good = "{\"id\":\"a\",\"split\":\"train\",\"label\":0,\"text\":\"good\"}\n";
    let deep = format!("{{\"id\":\"b\",\"text\":\"t\",\"label\":{}1{}}}", "[".repeat(50_000), "]".repeat(50_000));
    let cases: [(&[u8], &str); 14] = [
        (b"\xff\xfe", "line 2: column 1"),
        (b"{\"id\":\"b\",\"label\":0,\"text\":\"\xc3(\"}", "line 2: column"),
        (b"{\"id\":\"b\",\"label\":0,\"tex", "line 2: column 24: the line ends too early"),
        (b"{\"id\":\"b\",\"text\":\"t\"}", "line 2: column 21: no `label`; name its class"),
        (b"{\"id\":\"b\",\"id\":\"c\",\"label\":0,\"text\":\"t\"}", "line 2: column 14: duplicate field `id`"),
        (b"{\"id\":\"b\",\"label\":1e999,\"text\":\"t\"}", "line 2: column"),
        (b"{\"id\":\"b\",\"label\":99999999999999999999,\"text\":\"t\"}", "line 2"),
        (b"{\"id\":\"b\",\"label\":-1,\"text\":\"t\"}", "`label` is -1; write a name"),
        (b"{\"id\":\"b\",\"label\":0.5,\"text\":\"t\"}", "`label` is 0.5; write a name"),
        (b"{\"id\":[7],\"label\":0,\"text\":\"t\"}", "line 2: `id` is a list; write a string or a number"),
        (b"null", "line 2"),
        (b"{} {}", "line 2"),
        (b"{\"id\":\"b\",\"label\":0,\"split\":\"end\",\"text\":\"t\"}", "split `end` is unknown; write"),
        (deep.as_bytes(), "line 2: column 156: recursion limit exceeded"),
    ];
    for (line, says) in cases {
        place.refuses(JSONL, &[good.as_bytes(), line].concat(), says);
    }
    place.refuses(JSONL, &good.repeat(2).into_bytes(), "two examples have the id `a`");
    place.refuses(JSONL, b"", "holds no examples");
    place.refuses(&JSONL.replace("--input -", "--input nowhere.jsonl"), b"", "reading `nowhere.jsonl`");
}

#[test]
fn foreign_line_ends_and_all_kinds_of_text_are_accepted() {
    let place = with_texts();
    let line = |id: &str, split: &str, label: usize, text: &str| {
        format!("{{\"id\":\"{id}\",\"split\":\"{split}\",\"label\":{label},\"text\":\"{text}\",\"more\":[1]}}\r\n")
    };
    let mut lines = "\u{feff}".to_owned();
    for (place, text) in
        ["a", "", "\\u0000\\u001b[2J", "<script>", "\u{202e}\u{1f600}\u{0301}", "[CLS] [SEP]"].iter().enumerate()
    {
        for (split, label) in
            [("train", 0), ("train", 1), ("validation", 0), ("validation", 1), ("test", 0), ("test", 1)]
        {
            lines += &line(&format!("{split}{label}{place}"), split, label, text);
        }
    }
    place.takes(JSONL, lines.as_bytes());
    assert!(place.text("new/manifest.json").contains("\"examples\": 12"));
}

#[test]
fn shards_and_manifests_that_disagree_are_refused() {
    let evaluate = "evaluate --run runs/1VA-s1 --shards shards --device flex --out new.jsonl";
    let train =
        "train --config runs/1VA-s1/config.json --shards shards --model models/sample-bert --out new --device flex";
    let spoilt = |name: &str, from: &str, to: &str, says: &str| {
        let place = Place::sound();
        place.replace(name, from, to);
        place.refuses(train, b"", says);
        if name.contains("manifest") || name.contains("test-") {
            place.refuses(
                evaluate,
                b"",
                if name.contains("manifest") && !says.contains("`prep`") { "shards" } else { says },
            );
        }
    };
    let (manifest, shard) = ("shards/manifest.json", "shards/train-00000-of-00001.jsonl");
    spoilt(shard, "\"label\":", "\"label\": ", "differs from its manifest; remove the folder and run `prep` again");
    spoilt(
        manifest,
        "\"train-00000",
        "\"../x-00000",
        "is not the name of a file in the folder; remove the folder and run `prep` again",
    );
    spoilt(manifest, "\"vocab_size\": 420", "\"vocab_size\": 4200", "the shards' vocabulary has 4200 ids");
    spoilt(manifest, "{", "[", "remove the folder and run `prep` again");
    spoilt(manifest, "\"shards\": [", "\"shards\": [{}", "remove the folder and run `prep` again");
    spoilt(
        manifest,
        "\"tokenizer_sha256\": \"",
        "\"tokenizer_sha256\": \"0",
        "is not the tokenizer the shards were made with",
    );
    let place = Place::sound();
    std::fs::remove_file(place.path(shard)).unwrap();
    place.refuses(train, b"", "reading `shards/train-00000-of-00001.jsonl`: No such file");
    place.write(shard, "");
    place.refuses(train, b"", "differs from its manifest");
    std::fs::remove_dir_all(place.path("shards")).unwrap();
    place.refuses(train, b"", "`shards`: no shards are there; name the folder");
}

#[test]
fn runs_with_damaged_files_are_refused_by_file_and_line() {
    let spoilt = |name: &str, spoil: &dyn Fn(String) -> String, command: &str, says: &str| {
        let place = Place::sound();
        let name = format!("runs/1VA-s1/{name}");
        place.write(&name, spoil(place.text(&name)));
        place.refuses(command, b"", says);
    };
    let cut = |text: String| text[..text.len() - 20].to_owned();
    let verify = "report --verify runs/1VA-s1";
    spoilt("metrics.jsonl", &cut, verify, "no finished run");
    spoilt("predictions.test.jsonl", &cut, verify, "no finished run");
    spoilt("metrics.jsonl", &|text| text.replacen('{', "\u{1b}[2J{", 1), verify, "metrics.jsonl`, line 1: column 1");
    spoilt(
        "metrics.jsonl",
        &|text| format!("{}\n{text}", "[".repeat(1000)),
        verify,
        "metrics.jsonl`, line 1: column 1",
    );
    spoilt("predictions.test.jsonl", &|text| text.replacen("\"label\":0", "\"label\":9", 1), verify, "line");
    spoilt("predictions.test.jsonl", &|text| text.replacen("\"logits\":[", "\"logits\":[1e999,", 1), verify, "line 2");
    spoilt("predictions.test.jsonl", &|text| text.replacen("\"logits\":[", "\"logits\":[0,0,", 1), verify, "line");
    let evaluate = "evaluate --run runs/1VA-s1 --shards shards --device flex";
    spoilt("train.json", &|_| "{".to_owned(), evaluate, "runs/1VA-s1/train.json`: EOF");
    spoilt("config.json", &|text| text.replace("1VA-s1", "a/b"), evaluate, "`id` may hold letters");
    let place = Place::sound();
    place.write("runs/1VA-s1/model/model.safetensors", "");
    place.refuses(evaluate, b"", "model.safetensors`: is too short for a safetensors file");
}
