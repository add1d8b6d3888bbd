//! Shortened studies, and invented texts.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A shipped study for two cores and pure Rust: fewer examples, one epoch, one seed, fp32. `sample` keeps enough
/// examples for its models to differ.
pub(crate) fn cut_short(name: &str, study: &str) -> String {
    let is_sample = name == "sample";
    let mut short = String::new();
    for line in study.lines() {
        match line.split(['=', ' ']).next().unwrap() {
            "precision" | "train_examples" | "test_examples" => {}
            "epochs" => short += "epochs = 1\n",
            "max_seq_length" if !is_sample => short += "max_seq_length = 48\n",
            "seeds" => short += "seeds = [1]\n",
            "[data]" => {
                let examples = if is_sample { [8000, 200] } else { [32, 16] };
                write!(short, "[data]\ntrain_examples = {}\ntest_examples = {}\n", examples[0], examples[1]).unwrap();
            }
            _ => writeln!(short, "{}", line.replace("\"bf16\"", "\"fp32\"")).unwrap(),
        }
    }
    short
}

const OPENINGS: [&str; 4] = ["The story was", "I found the acting", "My sister called it", "In the end it is"];
const VERDICTS: [[&str; 3]; 2] = [["dull", "awful", "a waste"], ["great", "warm", "a joy"]];

/// An invented text of class `label`; each `i` gives another one.
fn text(label: usize, i: usize) -> String {
    let verdicts = VERDICTS[label];
    format!("{} {}, number {i}, {}.", OPENINGS[i % 4], verdicts[i % 3], verdicts[(i / 3) % 3])
}

/// JSON Lines in the documented form; `documented` comes first.
pub(crate) fn write_mail(documented: &str, path: &Path) {
    let mut lines = documented.to_owned();
    for i in 0..60 {
        let split = if i % 3 == 2 { "test" } else { "train" };
        let label = ["refund", "praise"][i / 3 % 2];
        let text = text(i / 3 % 2, i);
        writeln!(lines, r#"{{"id":"m{i}","split":"{split}","label":"{label}","text":"{text}"}}"#).unwrap();
    }
    fs::write(path, lines).unwrap();
}

/// An archive with the layout of the published one and 96 invented reviews.
pub(crate) fn write_archive(folder: &Path, archive: &Path) {
    for (place, label, rating) in [("train/neg", 0, 2), ("train/pos", 1, 9), ("test/neg", 0, 1), ("test/pos", 1, 10)] {
        let place_in = folder.join("aclImdb").join(place);
        fs::create_dir_all(&place_in).unwrap();
        for i in 0..24 {
            let text = format!("{}<br />{place}", text(label, i));
            fs::write(place_in.join(format!("{i}_{rating}.txt")), text).unwrap();
        }
    }
    let mut tar = Command::new("tar");
    tar.current_dir(folder).arg("czf").arg(archive).arg("aclImdb");
    assert!(tar.status().unwrap().success());
}
