//! `plan.mk`: what make needs to know of a study, as simple variables.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write;

use anyhow::ensure;
use study::{Configuration, Study};

use crate::contrast::contrast;

/// One `NAME := value` a line; every value is a list of plain words.
pub(crate) fn variables(study: &Study, configurations: &[Configuration]) -> anyhow::Result<String> {
    let encoders: BTreeSet<&str> = configurations.iter().map(|run| run.encoder.as_str()).collect();
    let ids: Vec<&str> = configurations.iter().map(|run| run.id.as_str()).collect();
    let encoders = Vec::from_iter(encoders);
    let mut text = format!("# Made by `plan` from study `{}`: edit that, not this.\n", study.name);
    let mut define = |name: &str, words: &[&str]| -> anyhow::Result<()> {
        words.iter().try_for_each(|word| plain(name, word))?;
        Ok(writeln!(text, "{name} := {}", words.join(" "))?)
    };
    define("DATASET", &[&study.data.dataset])?;
    define("TOKENIZER", &[&study.data.tokenizer])?;
    define("SHARDS_NAME", &[&study.data.shards_name()])?;
    define("RUN_IDS", &ids)?;
    define("MEASURED_IDS", &first_seeds(configurations))?;
    define("CONTRAST", &contrast(configurations).map_or(Vec::new(), Vec::from))?;
    define("SPLITS", if study.data.validation > 0.0 { &["test", "validation"] } else { &["test"] })?;
    for run in configurations {
        define(&format!("ENCODER_{}", run.id), &[&run.encoder])?;
    }
    define("ENCODERS", &encoders)?;
    Ok(text)
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
    ensure!(holds, "{field} `{word}` is no plain name: letters, digits, `.`, `_`, `+` and `-` only, no path");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn words_that_make_or_a_shell_would_read_otherwise_are_refused() {
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
