//! The machine and the folders, and what a row needs on disk before it is measured.

use std::path::{Path, PathBuf};
use std::process::Command;

use bert::Config;
use classifier::HeadConfig;
use classifier::device::Engine;
use records::shards::Manifest;
use records::{Split, publish};
use study::{Configuration, Precision, Study};

use crate::child;
use crate::gemm::Ceiling;
use crate::rows::{Kind, Row, Rows, configuration};
use crate::work::{Work, training_operations};
use crate::{setup, synthetic};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Folder of `train`, `evaluate` and `prep`
    #[arg(long, value_name = "DIR", default_value = "target/release")]
    pub(crate) bin: PathBuf,
    /// Archive of the IMDB reviews; `bench` fetches the default one
    #[arg(long, value_name = "FILE", default_value = setup::ARCHIVE)]
    pub(crate) archive: PathBuf,
    /// Folder that holds model folders by name; `bench` fetches what the default one lacks
    #[arg(long, value_name = "DIR", default_value = setup::MODELS)]
    pub(crate) models: PathBuf,
    /// Folder where shards stay from one call to the next
    #[arg(long, value_name = "DIR", default_value = "data/shards")]
    pub(crate) shards: PathBuf,
    /// Folder for temporary files
    #[arg(long, value_name = "DIR", default_value = "out/bench")]
    pub(crate) work: PathBuf,
    /// auto, flex, cpu, cuda or cuda:INDEX
    #[arg(long, default_value = "auto")]
    pub(crate) device: String,
    /// Rounds of each row; in a round each side is measured once
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) rounds: u16,
    /// Measure only this row; may be given more than once
    #[arg(long = "row", value_name = "ID")]
    pub(crate) rows: Vec<String>,
    /// Use at most N examples a row, for a rehearsal
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    pub(crate) examples: Option<u32>,
    /// Measure beside PyTorch, with this Python [without a value: one that `bench` sets up under data/]
    #[arg(long, value_name = "PYTHON", num_args = 0..=1, default_missing_value = setup::PYTHON)]
    pub(crate) peer: Option<PathBuf>,
    /// Folder of peer.py
    #[arg(long, value_name = "DIR", default_value = "tests/bench")]
    pub(crate) peers: PathBuf,
    #[command(flatten)]
    pub(crate) threads: console::Threads,
    #[command(flatten)]
    pub(crate) verbosity: console::Verbosity,
}

/// The machine, the tools and the folders.
pub(crate) struct Place {
    pub(crate) options: Options,
    pub(crate) engine: Engine,
}

/// A row with everything it needs on disk.
pub(crate) struct Prepared<'a> {
    pub(crate) row: &'a Row,
    pub(crate) definition: PathBuf,
    pub(crate) configuration: Configuration,
    /// `configuration` as a file.
    pub(crate) config: PathBuf,
    pub(crate) shards: PathBuf,
    pub(crate) model: PathBuf,
    pub(crate) blocks: usize,
    pub(crate) work: Work,
}

impl Place {
    /// Open the device before any other work starts.
    pub(crate) fn open(options: Options) -> anyhow::Result<Self> {
        let engine = Engine::open(&options.device)?;
        options.peer.iter().try_for_each(|python| setup::python(python, &options.peers))?;
        Ok(Place { options, engine })
    }

    /// The index of the GPU in use.
    pub(crate) fn gpu(&self) -> Option<usize> {
        self.engine.name.strip_prefix("cuda:")?.parse().ok()
    }

    /// A command that runs `program` with the engine's number of threads.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("OMP_NUM_THREADS", self.engine.threads.to_string());
        command
    }

    /// Write what `row` needs; `None` if this device cannot compute it.
    pub(crate) fn prepare<'a>(&self, rows: &Rows, row: &'a Row) -> anyhow::Result<Option<Prepared<'a>>> {
        let examples = self.options.examples.map_or(row.examples, |most| row.examples.min(most as usize));
        let definition = self.options.work.join(format!("{}.toml", row.id));
        publish::bytes(&definition, rows.definition(row, examples)?.as_bytes())?;
        let study = Study::read(&definition)?;
        let configuration = configuration(&study)?;
        if configuration.precision == Precision::Bf16 && !self.engine.has_bf16() {
            return Ok(None);
        }
        let config = self.options.work.join(format!("{}.json", row.id));
        publish::bytes(&config, configuration.to_json()?.as_bytes())?;
        let is_synthetic = study.data.dataset != "imdb";
        let models = if is_synthetic { self.options.work.join("models") } else { self.options.models.clone() };
        let (model, shards) = (models.join(&row.encoder), self.options.shards.join(study.data.shards_name()));
        if is_synthetic {
            synthetic::model(&model)?;
            synthetic::shards(&shards, &study.data)?;
        } else {
            setup::model(&models, &row.encoder, &self.options.bin)?;
            let has_shards = shards.join("manifest.json").exists();
            if !has_shards || row.kind == Kind::Prep {
                setup::archive(&self.options.archive, &self.options.bin)?;
            }
            if !has_shards {
                self.prep(&definition, &shards)?;
            }
        }
        let encoder = Config::read(&model)?;
        let blocks = configuration.blocks.indices(encoder.num_hidden_layers)?.len();
        let head = HeadConfig::from_value(configuration.head.to_value()).map_err(anyhow::Error::msg)?;
        let work = work(row.kind, &shards, |lengths| {
            training_operations(&encoder, blocks, head.needs().pooler.is_some(), lengths)
        })?;
        Ok(Some(Prepared { row, definition, configuration, config, shards, model, blocks, work }))
    }

    /// Run `prep` on `definition` and measure it.
    pub(crate) fn prep(&self, definition: &Path, out: &Path) -> anyhow::Result<child::Finished> {
        let mut command = self.command(&self.options.bin.join("prep"));
        command.arg("--definition").arg(definition).arg("--archive").arg(&self.options.archive);
        command.arg("--models").arg(&self.options.models).arg("--out").arg(out).arg("-q");
        child::run(&mut command, None)
    }

    /// The device's best rate at this moment, by `bench gemm`.
    pub(crate) fn ceiling(&self, precision: Precision) -> anyhow::Result<Ceiling> {
        let mut command = self.command(&std::env::current_exe()?);
        command.args(["gemm", "--device", &self.engine.name, "--precision", precision.name()]);
        Ok(serde_json::from_str(&child::run(&mut command, None)?.stdout)?)
    }
}

fn work(kind: Kind, shards: &Path, operations: impl Fn(&[usize]) -> f64) -> anyhow::Result<Work> {
    let manifest = Manifest::read(shards)?.0;
    if kind == Kind::Prep {
        let of = |split| manifest.splits.get(&split).map_or((0, 0), |counts| (counts.examples, counts.tokens as usize));
        let (train, test) = (of(Split::Train), of(Split::Test));
        return Ok(Work { examples: train.0 + test.0, tokens: train.1 + test.1, operations: 0.0 });
    }
    let split = if kind == Kind::Train { Split::Train } else { Split::Test };
    let examples = manifest.examples(shards, split)?;
    let lengths: Vec<usize> = examples.iter().map(|example| example.input_ids.len()).collect();
    let operations = if kind == Kind::Train { operations(&lengths) } else { 0.0 };
    Ok(Work { examples: lengths.len(), tokens: lengths.iter().sum(), operations })
}
