//! `plan new`: look at texts of one's own, and write a study file for them.

mod choices;
mod encoder;
mod file;
mod look;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, ensure};
use records::publish::{self, Output};
use study::{Data, Study, is_id};

use choices::Choices;
use encoder::Encoder;
use look::Look;

/// Look at texts of your own, and write a study file for them
#[derive(Debug, clap::Args)]
pub(crate) struct New {
    /// Your texts: a table (CSV, TSV), JSON, or a folder of split files
    file: PathBuf,
    /// Name of the study [default: that of FILE]
    #[arg(long)]
    name: Option<String>,
    /// Model to fine-tune
    #[arg(long, value_name = "MODEL", default_value = "all-MiniLM-L6-v2")]
    encoder: String,
    /// Folder of model folders; if the encoder is there, lengths are in its tokens, and otherwise in words
    #[arg(long, value_name = "DIR", default_value = "data/models")]
    models: PathBuf,
    /// Column of the texts [default: the one with a usual name]
    #[arg(long, value_name = "COLUMN")]
    text: Option<String>,
    /// Column of the classes [default: the one with a usual name]
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// Study file to write, which must not exist [default: pipelines/NAME.toml]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl New {
    /// Write the study file, its summary to stderr, and the next command to stdout.
    ///
    /// # Errors
    /// The texts cannot be read, the study file exists, or a name is not a plain one.
    pub(crate) fn run(self) -> Result<()> {
        let name = self.name()?;
        let out = self.out.clone().unwrap_or_else(|| Path::new("pipelines").join(format!("{name}.toml")));
        let next = self.next(&name, &out);
        ensure!(!out.exists(), "`{}` exists; run `{next}`, or choose another `--name`", out.display());
        let data = Data { text: self.text.clone(), label: self.label.clone(), ..Data::default() };
        let encoder = Encoder::read(&self.models, &self.encoder)?;
        let look = Look::at(&self.file, &data, &encoder).map_err(with_options)?;
        let choices = Choices::new(&look, &encoder);
        let text = file::text(&name, &data, &look, &encoder, &choices);
        Study::parse(&out, &text)?;
        publish::bytes(&out, text.as_bytes())?;
        look.log();
        log::info!("study     `{}`: {choices}", out.display());
        let mut stdout = Output::open(None)?;
        writeln!(stdout, "{next}")?;
        Ok(stdout.finish()?)
    }

    /// The name that was given, or that of the file without its endings; every other character becomes `-`.
    fn name(&self) -> Result<String> {
        let file = self.file.file_name().unwrap_or_default().to_string_lossy();
        let stem = Path::new(file.strip_suffix(".gz").unwrap_or(&file)).file_stem().unwrap_or_default();
        let plain = |c: char| if c.is_ascii_alphanumeric() || "._".contains(c) { c } else { '-' };
        let stem: String = stem.to_string_lossy().chars().map(plain).collect();
        let name = self.name.clone().unwrap_or_else(|| stem.trim_start_matches(['.', '-']).to_owned());
        ensure!(
            is_id(&name),
            "`{name}` is no name for a study; give one of letters, digits, `.`, `_` and `-` as `--name`"
        );
        Ok(name)
    }

    /// The command that runs the study.
    fn next(&self, name: &str, out: &Path) -> String {
        let models = match self.models.as_path() == Path::new("data/models") {
            true => String::new(),
            false => format!(" MODELS_DIR={}", self.models.display()),
        };
        match out.parent() == Some(Path::new("pipelines")) && out.file_stem() == Some(name.as_ref()) {
            true => format!("make all STUDY={name} INPUT={}{models}", self.file.display()),
            false => format!("plan {}", out.display()),
        }
    }
}

/// A message about a setting of `[data]`, which has an option here.
fn with_options(error: anyhow::Error) -> anyhow::Error {
    match error.to_string() {
        message if message.contains("`[data]`") => anyhow!("{message}; `plan new` has `--text` and `--label` for it"),
        _ => error,
    }
}
