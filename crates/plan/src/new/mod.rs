//! `plan new`: look at texts of one's own, and write a study file for them.

mod choices;
mod encoder;
mod file;
mod kept;
mod look;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail, ensure};
use records::publish::{self, Output};
use study::{Data, Study, is_id};

use choices::Choices;
use encoder::Encoder;
use look::{Found, Look};

use crate::given::{MODELS, expand};

const EXAMPLE: &str = "\
Examples:
  plan new mail.csv
  plan new mail.csv --text body --label folder --name my-mail";

/// Look at texts of your own, and write a study file for them
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLE)]
pub(crate) struct New {
    /// Your texts: a table (CSV, TSV), JSON, Parquet, or a folder of split files
    file: PathBuf,
    /// Name of the study [default: that of FILE]
    #[arg(long)]
    name: Option<String>,
    /// Model to fine-tune
    #[arg(long, value_name = "MODEL", default_value = "all-MiniLM-L6-v2")]
    encoder: String,
    /// Folder of model folders, where the encoder must be [default: data/models, and without the encoder lengths are in words]
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// Column of the texts [default: the one with a usual name]
    #[arg(long, value_name = "COLUMN")]
    text: Option<String>,
    /// Column of the classes [default: the one with a usual name]
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// Column of the ids [default: the one with a usual name]
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    /// Look at columns and classes, and write nothing
    #[arg(long)]
    check: bool,
    /// Print the name of the study, and write it only where it is not there
    #[arg(long, conflicts_with = "out")]
    once: bool,
    /// Study file to write, which must not exist [default: pipelines/NAME.toml]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl New {
    /// Write the study file, its summary to stderr, and the next command to stdout.
    ///
    /// # Errors
    /// The texts cannot be read, the study file exists, or a name is not a plain one.
    pub(crate) fn run(mut self) -> Result<()> {
        if self.once {
            self.file = expand("INPUT", &self.file.to_string_lossy())?.into();
        }
        let name = self.name()?;
        let out = self.out.clone().unwrap_or_else(|| Path::new("pipelines").join(format!("{name}.toml")));
        let next = self.next(&name, &out)?;
        let is_kept = self.once && out.exists();
        let made_for_others = if is_kept { kept::check(&out, &self.file, self.name.is_some())? } else { None };
        match (self.check, is_kept) {
            (true, true) => return Ok(()),
            (true, false) => return self.found().map(drop),
            (false, true) => log::info!("study     `{}`, which is there; remove it to have a new one", out.display()),
            (false, false) if out.exists() => {
                bail!("`{}` exists; run `{next}`, or choose another `--name`", out.display())
            }
            (false, false) => self.write(&name, &out)?,
        }
        made_for_others.iter().for_each(|told| log::warn!("{told}"));
        let mut stdout = Output::open(None)?;
        writeln!(stdout, "{}", if self.once { &name } else { &next })?;
        Ok(stdout.finish()?)
    }

    fn write(&self, name: &str, out: &Path) -> Result<()> {
        let found = self.found()?;
        let models = self.models.as_deref().unwrap_or(Path::new(MODELS));
        let encoder = Encoder::read(models, &self.encoder)?;
        let look = Look::new(found, &encoder)?;
        let choices = Choices::new(&look, &encoder);
        let text = file::text(name, &self.data(), &look, &encoder, &choices);
        Study::parse(out, &text)?;
        publish::bytes(out, text.as_bytes())?;
        look.log(models);
        log::info!("study     `{}`: {choices}", out.display());
        Ok(())
    }

    /// The texts, for which the encoder need not be there yet.
    fn found(&self) -> Result<Found> {
        ensure!(self.file.exists(), "no `{}`; name the file or folder that holds your texts", self.file.display());
        let models = self.models.as_deref();
        encoder::check(&self.encoder, models.unwrap_or(Path::new(MODELS)), models.is_none())?;
        Found::at(&self.file, &self.data()).map_err(with_options)
    }

    fn data(&self) -> Data {
        let New { text, label, id, .. } = self;
        Data { text: text.clone(), label: label.clone(), id: id.clone(), ..Data::default() }
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
            "`{name}` is no name for a study; give one of letters, digits, `.`, `_` and `-` as `--name` (STUDY)"
        );
        Ok(name)
    }

    /// The command that runs the study.
    ///
    /// # Errors
    /// The command is one of make, which cannot use the name of the file or of the folder of models.
    fn next(&self, name: &str, out: &Path) -> Result<String> {
        if out.parent() != Some(Path::new("pipelines")) || out.file_stem() != Some(name.as_ref()) {
            return Ok(format!("plan {}", out.display()));
        }
        let input = expand("INPUT", &self.file.to_string_lossy())?;
        let models = self.models.as_ref().filter(|models| models.as_path() != Path::new(MODELS));
        let models = models.map(|models| expand("MODELS_DIR", &models.to_string_lossy())).transpose()?;
        let models = models.map(|models| format!(" MODELS_DIR={models}")).unwrap_or_default();
        Ok(format!("make all STUDY={name} INPUT='{input}'{models}"))
    }
}

/// A message about a setting of `[data]`, which has an option here.
fn with_options(error: anyhow::Error) -> anyhow::Error {
    match error.to_string() {
        message if message.contains("`[data]`") => anyhow!(in_options(message)),
        _ => error,
    }
}

fn in_options(mut message: String) -> String {
    for setting in ["text", "label", "id"] {
        message = message.replace(&format!("`{setting}` in `[data]` names"), &format!("`--{setting}` names"));
        message = message.replace(&format!("`{setting} = \"…\"`"), &format!("`plan new FILE --{setting} COLUMN`"));
        while let Some((before, rest)) = message.split_once(&format!("`{setting} = \"")) {
            let (column, after) = rest.split_once("\"`").unwrap_or((rest, ""));
            message = format!("{before}`plan new FILE --{setting} '{column}'`{after}");
        }
    }
    message.replace(" in `[data]`", "")
}
