//! `plan.mk`: what make needs to know about a study, as simple variables.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write;
use std::path::Path;

use anyhow::ensure;
use records::publish;
use study::{Configuration, EMBEDDED, Study};

use crate::given::{Given, Sources, measure};
use crate::inputs::{Input, texts, weights};

/// The text of `plan.mk`, after a check of everything that make was given. With `folder`, the study's, the sums of all inputs
/// and the questions that a person asks are brought up to date there.
///
/// # Errors
/// A wrong name, number or file, a text longer than a model reads, or a file that cannot be written.
pub(crate) fn plan(study: &Study, configurations: &[Configuration], folder: Option<&Path>) -> anyhow::Result<String> {
    let given = Given::from_environment();
    given.check(study, configurations)?;
    let encoders = Vec::from_iter(configurations.iter().map(|run| run.encoder.as_str()).collect::<BTreeSet<_>>());
    let models: BTreeSet<&str> = encoders.iter().copied().chain([study.data.tokenizer.as_str()]).collect();
    let sources = given.sources(study, &Vec::from_iter(models.iter().copied()))?;
    tokens::check_length(study, Path::new(&sources.models))?;
    let text = variables(study, configurations, &encoders, &models, &sources)?;
    if let Some(folder) = folder {
        inputs(study, &encoders, &sources, folder).iter().try_for_each(Input::remember)?;
        publish::if_changed(&folder.join("question.txt"), given.question(study).as_bytes())?;
        if let Some(examples) = given.examples() {
            publish::if_changed(&folder.join("examples.txt"), examples.as_bytes())?;
        }
    }
    Ok(text)
}

/// One `NAME := value` a line; every value is a list of plain words.
fn variables(
    study: &Study,
    configurations: &[Configuration],
    encoders: &[&str],
    models: &BTreeSet<&str>,
    sources: &Sources,
) -> anyhow::Result<String> {
    let ids: Vec<&str> = configurations.iter().map(|run| run.id.as_str()).collect();
    let mut text = format!("# Made by `plan` from study `{}`: edit that, not this.\n", study.name);
    let mut define = |name: &str, words: &[&str]| -> anyhow::Result<()> {
        words.iter().try_for_each(|word| plain(name, word))?;
        Ok(writeln!(text, "{name} := {}", words.join(" "))?)
    };
    define("SHARDS_NAME", &[&study.shards_name()])?;
    define("RUN_IDS", &ids)?;
    define("MEASURED_IDS", &first_seeds(configurations))?;
    define("SPLITS", if study.data.validation > 0.0 { &["test", "validation"] } else { &["test"] })?;
    for run in configurations {
        define(&format!("ENCODER_{}", run.id), &[&run.encoder])?;
    }
    if let Some(measure) = measure(study) {
        define("REPORT_MEASURE", &[measure])?;
    }
    define("ENCODERS", encoders)?;
    define("NEEDED_MODELS", &Vec::from_iter(models.iter().copied()))?;
    writeln!(text, "MODELS := {}", sources.models)?;
    writeln!(text, "ARCHIVE := {}", sources.archive.as_deref().unwrap_or_default())?;
    writeln!(text, "OWN_TEXTS := {}", sources.input.as_deref().unwrap_or_default())?;
    Ok(text)
}

/// The inputs of the study: what its shards are made of, beside the shards because several studies share them, and each encoder.
fn inputs(study: &Study, encoders: &[&str], sources: &Sources, folder: &Path) -> Vec<Input> {
    let models = Path::new(&sources.models);
    let texts = sources.archive.iter().chain(&sources.input).flat_map(|path| texts(Path::new(path)));
    let of_model = |model: &str, file: &str| (file.to_owned(), models.join(model).join(file));
    let tokenizer = ["tokenizer.json", "vocab.txt"].map(|file| of_model(&study.data.tokenizer, file));
    let tokenizer = tokenizer.iter().find(|(_, path)| path.exists()).unwrap_or(&tokenizer[0]).clone();
    let embedded = EMBEDDED.iter().find(|(name, _)| *name == study.data.dataset);
    let shards = Input {
        sums: Path::new("data/shards").join(study.shards_name() + ".sha256"),
        embedded: embedded.map(|(_, sum)| format!("{sum}  reviews\n")).unwrap_or_default(),
        files: [tokenizer].into_iter().chain(texts).collect(),
    };
    let encoder = |name: &&str| Input {
        sums: folder.join("models").join(format!("{name}.sha256")),
        embedded: String::new(),
        files: [of_model(name, "config.json")].into_iter().chain(weights(&models.join(name))).collect(),
    };
    encoders.iter().map(encoder).chain([shards]).collect()
}

/// One run of each configuration: what seeds share is measured once.
fn first_seeds(configurations: &[Configuration]) -> Vec<&str> {
    let mut seen = HashSet::new();
    configurations.iter().filter(|run| seen.insert(&run.configuration)).map(|run| run.id.as_str()).collect()
}

/// Make and the shell see these words: no blank, `$`, `#`, `%`, `:` or quote may be in one.
fn plain(name: &str, word: &str) -> anyhow::Result<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-+".contains(c);
    let holds = !word.is_empty() && word.chars().all(allowed) && !word.starts_with(['.', '-']);
    let field = name.split('_').next().unwrap_or(name).to_lowercase();
    ensure!(holds, "{field} `{word}`: a name may hold letters, digits, `.`, `_`, `+` and `-` only, and no path");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_word_that_make_or_a_shell_would_misread_is_refused() {
        for word in ["a b", "$(x)", "a%", "a:b", "../a", "owner/name", "-rf", "", "a#b", "a'b", "é"] {
            assert!(plain("ENCODER", word).is_err(), "{word:?}");
        }
        for word in ["bert-base-cased", "1VA-s42", "imdb-x-256-head+tail", "a_b.c"] {
            plain("ENCODER", word).unwrap();
        }
    }

    #[test]
    fn the_refusal_names_the_field() {
        let message = plain("ENCODER_1VA-s42", "a b").unwrap_err().to_string();
        assert!(message.starts_with("encoder `a b`"), "{message}");
    }
}
