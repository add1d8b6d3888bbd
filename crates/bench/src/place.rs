//! Where everything lies, and what a row needs there before it is measured.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use bert::Config;
use classifier::HeadConfig;
use classifier::device::Engine;
use records::shards::Manifest;
use records::{Split, publish};
use study::{Configuration, Precision, Study};

use crate::child;
use crate::gemm::{self, Ceiling};
use crate::made_up;
use crate::rows::{Kind, Row, Rows, configuration};
use crate::work::{Work, training_operations};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The folder of `train`, `evaluate` and `prep`
    #[arg(long, value_name = "DIR", default_value = "target/release")]
    pub(crate) bin: PathBuf,
    /// The reviews
    #[arg(long, value_name = "FILE", default_value = "data/imdb/aclImdb_v1.tar.gz")]
    pub(crate) archive: PathBuf,
    /// The folder of model folders
    #[arg(long, value_name = "DIR", default_value = "data/models")]
    pub(crate) models: PathBuf,
    /// Where shards are kept from one call to the next
    #[arg(long, value_name = "DIR", default_value = "data/shards")]
    pub(crate) shards: PathBuf,
    /// Where everything else goes that nobody needs afterwards
    #[arg(long, value_name = "DIR", default_value = "out/bench")]
    pub(crate) work: PathBuf,
    /// auto, flex, cpu, cuda or cuda:INDEX
    #[arg(long, default_value = "auto")]
    pub(crate) device: String,
    /// How often each side is measured, in turns
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) rounds: u16,
    /// Only this row; may be given again
    #[arg(long = "row", value_name = "ID")]
    pub(crate) rows: Vec<String>,
    /// No more examples in any row: a rehearsal, not a measurement
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    pub(crate) examples: Option<u32>,
    /// The Python that has torch and transformers; without it nothing is compared
    #[arg(long, value_name = "PYTHON")]
    pub(crate) peer: Option<PathBuf>,
    /// The folder of peer.py
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
    /// The device must be there, before anything else is done.
    pub(crate) fn open(options: Options) -> anyhow::Result<Self> {
        let engine = Engine::open(&options.device)?;
        Ok(Place { options, engine })
    }

    /// The index of the GPU in use.
    pub(crate) fn gpu(&self) -> Option<usize> {
        self.engine.name.strip_prefix("cuda:")?.parse().ok()
    }

    /// `program` with as many threads as this process uses.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("OMP_NUM_THREADS", self.engine.threads.to_string());
        command
    }

    /// Write or bring what `row` needs; nothing if this device cannot compute it.
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
        let is_made_up = study.data.dataset != "imdb";
        let models = if is_made_up { self.options.work.join("models") } else { self.options.models.clone() };
        let (model, shards) = (models.join(&row.encoder), self.options.shards.join(study.data.shards_name()));
        if is_made_up {
            made_up::model(&model)?;
            made_up::shards(&shards, &study.data)?;
        } else if !shards.join("manifest.json").exists() {
            self.prep(&definition, &shards)?;
        }
        let encoder = Config::read(&model)?;
        let blocks = configuration.blocks.indices(encoder.num_hidden_layers)?.len();
        let head = HeadConfig::from_value(configuration.head.to_value()).map_err(anyhow::Error::msg)?;
        let work = work(row.kind, &shards, |lengths| {
            training_operations(&encoder, blocks, head.needs().pooler.is_some(), lengths)
        })?;
        Ok(Some(Prepared { row, definition, configuration, config, shards, model, blocks, work }))
    }

    /// Tokenize what `definition` asks for; how long that took.
    pub(crate) fn prep(&self, definition: &Path, out: &Path) -> anyhow::Result<child::Finished> {
        let mut command = self.command(&self.options.bin.join("prep"));
        command.arg("--definition").arg(definition).arg("--archive").arg(&self.options.archive);
        command.arg("--models").arg(&self.options.models).arg("--out").arg(out).arg("-q");
        child::run(&mut command, None)
    }

    /// What the device can do at all, at this moment.
    pub(crate) fn ceiling(&self, precision: Precision) -> anyhow::Result<Ceiling> {
        let precision = match precision {
            Precision::Fp32 => gemm::Precision::Fp32,
            Precision::Bf16 => gemm::Precision::Bf16,
        };
        let name = clap::ValueEnum::to_possible_value(&precision).context("every precision has a name")?;
        let mut command = self.command(&std::env::current_exe()?);
        command.args(["gemm", "--device", &self.engine.name, "--precision", name.get_name()]);
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
