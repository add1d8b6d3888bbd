//! A folder with shards, a tiny model folder and a run, and ways to call `train` on them.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::assert::Assert;
use serde_json::{Value, json};

const TOKENIZER: &str = include_str!("../../../fetch/assets/sample-bert/tokenizer.json");

/// A temporary folder.
pub(crate) struct Workplace(tempfile::TempDir);

/// The words that decide a review's label: token 5 is positive, 6 is negative, the others carry no information.
fn example(split: &str, index: usize) -> Value {
    let label = index % 2;
    let filler = (0..index % 7).map(|i| 7 + (index * 5 + i * 3) % 13);
    let input_ids: Vec<usize> = [1, 6 - label].into_iter().chain(filler).chain([2]).collect();
    json!({"id": format!("{split}/{index}"), "label": label, "input_ids": input_ids})
}

impl Workplace {
    pub(crate) fn new() -> Self {
        let place = Workplace(tempfile::tempdir().unwrap());
        place.write("model/config.json", &fixtures::encoder(json!({"initializer_range": 0.1})).to_string());
        place.write("model/tokenizer.json", TOKENIZER);
        place.write_shards(false);
        place
    }

    /// A place whose validation labels contradict the train labels, so that each epoch scores worse.
    pub(crate) fn with_contrary_validation() -> Self {
        let place = Self::new();
        place.write_shards(true);
        place
    }

    fn write_shards(&self, contrary: bool) {
        let mut shards = Vec::new();
        let counts = [("train", 400), ("validation", 40), ("test", 60)];
        for (split, count) in counts {
            let turned = |mut example: Value| {
                let label = example["label"].as_u64().unwrap();
                example["label"] = json!(if contrary && split == "validation" { 1 - label } else { label });
                example
            };
            let lines: String = (0..count).map(|index| format!("{}\n", turned(example(split, index)))).collect();
            let file = format!("{split}-00000-of-00001.jsonl");
            self.write(&format!("shards/{file}"), &lines);
            let sha256 = records::hash::sha256_hex(lines.as_bytes());
            shards.push(json!({"file": file, "split": split, "examples": count, "sha256": sha256}));
        }
        let count = |count: usize| json!({"examples": count, "examples_per_label": [count / 2, count / 2], "tokens": 0, "longest": 9, "truncated": 0});
        self.write(
            "shards/manifest.json",
            &fixtures::manifest(json!({
                "tokenizer_sha256": records::hash::sha256_hex(TOKENIZER.as_bytes()),
                "splits": {"train": count(400), "validation": count(40), "test": count(60)},
                "shards": shards,
            }))
            .to_string(),
        );
    }

    pub(crate) fn configuration(&self, epochs: usize) -> Value {
        fixtures::configuration(json!({"blocks": "last:2", "epochs": epochs}))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), text).unwrap();
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
        command.args(["--config", "-", "--device", "flex", "--model"]).arg(self.path("model"));
        command
    }

    fn run(&self) -> Command {
        let mut command = self.command();
        command.arg("--shards").arg(self.path("shards")).arg("--out").arg(self.path("run"));
        command
    }

    pub(crate) fn train(&self, configuration: &Value) -> Assert {
        self.train_from(&configuration.to_string())
    }

    pub(crate) fn train_from(&self, input: &str) -> Assert {
        assert_cmd::Command::from_std(self.run()).write_stdin(input.to_owned()).assert()
    }

    /// The same with more arguments.
    pub(crate) fn train_with(&self, arguments: &[&str], configuration: &Value) -> Assert {
        let mut command = self.run();
        command.args(arguments);
        fed(command, &[configuration])
    }

    /// Train one epoch with these arguments, and of the variables that allot threads with these alone.
    pub(crate) fn train_allotted(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Assert {
        let mut command = self.run();
        command.env_remove("SLURM_CPUS_PER_TASK").env_remove("OMP_NUM_THREADS").env_remove("RAYON_NUM_THREADS");
        command.args(arguments).envs(variables.iter().copied());
        fed(command, &[&self.configuration(1)])
    }

    pub(crate) fn check(&self, configurations: &[&Value]) -> Assert {
        self.check_with(&[], configurations)
    }

    /// The same with more arguments.
    pub(crate) fn check_with(&self, arguments: &[&str], configurations: &[&Value]) -> Assert {
        let mut command = self.command();
        command.arg("--check").args(arguments);
        fed(command, configurations)
    }

    pub(crate) fn estimate(&self, configurations: &[&Value]) -> Assert {
        let mut command = self.command();
        command.arg("--estimate").arg("--shards").arg(self.path("shards"));
        fed(command, configurations)
    }

    /// Start a training, and kill it as soon as `metrics.jsonl` holds the scores of `epoch`.
    pub(crate) fn kill_after_epoch(&self, epoch: usize, configuration: &Value) {
        let mut child = self.run().stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(configuration.to_string().as_bytes()).unwrap();
        let start = Instant::now();
        let reached = || self.metrics().iter().any(|line| line["type"] == "epoch" && line["epoch"] == epoch);
        while !reached() && start.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap(); // SIGKILL: no destructor runs
        child.wait().unwrap();
    }

    /// Start a training, with its stdin closed.
    pub(crate) fn start(&self, configuration: &Value) -> Child {
        let mut child = self.run().stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(configuration.to_string().as_bytes()).unwrap();
        child
    }

    /// Start a training and send it `signal` some time after its first line; returns its exit code and its stderr.
    pub(crate) fn interrupt(&self, signal: &str, after: Duration, configuration: &Value) -> (Option<i32>, String) {
        let mut child = self.start(configuration);
        let (mut text, mut stderr) = (String::new(), BufReader::new(child.stderr.take().unwrap()));
        stderr.read_line(&mut text).unwrap();
        std::thread::sleep(after);
        Command::new("kill").arg(signal).arg(child.id().to_string()).stderr(Stdio::null()).status().unwrap();
        stderr.read_to_string(&mut text).unwrap();
        (child.wait().unwrap().code(), text)
    }

    /// Names under `run/checkpoints`.
    pub(crate) fn checkpoints(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("run/checkpoints")).into_iter().flatten();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// The complete lines of `metrics.jsonl`.
    pub(crate) fn metrics(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path("run/metrics.jsonl")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The stream without times and memory sizes.
    pub(crate) fn scores(&self) -> Vec<Value> {
        let mut lines = self.metrics();
        for line in lines.iter_mut().filter_map(Value::as_object_mut) {
            for measured in ["seconds", "tokens_per_second", "peak_memory_bytes"] {
                line.remove(measured);
            }
        }
        lines
    }

    pub(crate) fn model_bytes(&self) -> Vec<u8> {
        std::fs::read(self.path("run/model/model.safetensors")).unwrap()
    }

    /// Write weights with a NaN into the model folder.
    pub(crate) fn poison_weights(&self) {
        let config = bert::Config::read(&self.path("model")).unwrap();
        let device = burn::tensor::Device::flex();
        let mut random = bert::Random { seed: 1, standard_deviation: 0.1 };
        let name = |path: &str| bert::hugging_face_name(path, |block| block);
        let encoder = bert::fill(bert::Encoder::new(&config, 3, true, &device), &mut random, &device, name).unwrap();
        let weights = self.path("model/model.safetensors");
        bert::save(&weights, &bert::named_tensors(&encoder, name)).unwrap();
        let mut bytes = std::fs::read(&weights).unwrap();
        let last = bytes.len() - 4;
        bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
        std::fs::write(weights, bytes).unwrap();
    }
}

fn fed(command: Command, configurations: &[&Value]) -> Assert {
    let input: String = configurations.iter().map(|configuration| format!("{configuration}\n")).collect();
    assert_cmd::Command::from_std(command).write_stdin(input).assert()
}

/// Exit code 1, and one line on stderr that contains `what`.
pub(crate) fn assert_refused(assert: Assert, what: &str) {
    let output = assert.code(1).get_output().clone();
    let text = String::from_utf8(output.stderr).unwrap();
    let line = text.lines().last().unwrap_or_default();
    assert!(line.starts_with("train: ") && line.contains(what), "{text}");
    assert!(!text.contains("panicked"), "{text}");
}
