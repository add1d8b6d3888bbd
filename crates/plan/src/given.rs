//! What a person gave to make: variables that make hands down in the environment. A slip is refused before anything is compiled
//! for it, and the message names the variable.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use study::{Configuration, EMBEDDED_MODEL, Measure, ModelKind, Study, nearest};

/// Where make keeps what nobody gave.
pub(crate) const MODELS: &str = "data/models";
const ARCHIVE: &str = "data/imdb/aclImdb_v1.tar.gz";

/// Make's variables as they were written; `None` if absent or empty.
#[derive(Debug, Default)]
pub(crate) struct Given {
    input: Option<String>,
    archive: Option<String>,
    models: Option<String>,
    engine: Option<String>,
    device: Option<String>,
    margin: Option<String>,
    head: Option<String>,
    a: Option<String>,
    b: Option<String>,
    examples: Option<String>,
    tried: Option<String>,
}

/// The files that a study is made from.
#[derive(Debug)]
pub(crate) struct Sources {
    /// The folder of model folders.
    pub(crate) models: String,
    /// The archive of `imdb`.
    pub(crate) archive: Option<String>,
    /// The user's own texts.
    pub(crate) input: Option<String>,
}

/// The study's measure, unless it is the usual one.
pub(crate) fn measure(study: &Study) -> Option<&'static str> {
    Some(study.report.measure).filter(|measure| *measure != Measure::default()).map(Measure::name)
}

impl Given {
    pub(crate) fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let given = |name| variable(name).filter(|value| !value.is_empty());
        Given {
            input: given("INPUT"),
            archive: given("IMDB_ARCHIVE"),
            models: given("MODELS_DIR"),
            engine: given("ENGINE"),
            device: given("DEVICE"),
            margin: given("MARGIN"),
            head: given("HEAD"),
            a: given("A"),
            b: given("B"),
            examples: given("EXAMPLES"),
            tried: given("TRIED"),
        }
    }

    /// What `report` is asked, as a line; another one makes the report anew.
    pub(crate) fn question(&self, study: &Study) -> String {
        let default = || "default".to_owned();
        let [margin, head] = [&self.margin, &self.head].map(|value| value.clone().unwrap_or_else(default));
        let measure = measure(study).map_or_else(String::new, |measure| format!(", measure {measure}"));
        format!("margin {margin}, head {head}{measure}\n")
    }

    /// What `attend` is asked, as a line; `None` unless two runs are named.
    pub(crate) fn examples(&self) -> Option<String> {
        self.a.as_ref().and(self.b.as_ref())?;
        let [examples, tried] = [&self.examples, &self.tried].map(|value| value.as_deref().unwrap_or("default"));
        Some(format!("{examples} examples, faithfulness on {tried}\n"))
    }

    /// Check names and numbers against the study.
    ///
    /// # Errors
    /// The first that is wrong; the message names the variable, its value and what is allowed.
    pub(crate) fn check(&self, study: &Study, configurations: &[Configuration]) -> anyhow::Result<()> {
        each(&self.device, "DEVICE", is_device, || "the devices are auto, flex, cpu, cuda and cuda:INDEX".to_owned())?;
        self.check_engine()?;
        each(&self.margin, "MARGIN", is_points, || "expected points, 0 to 100".to_owned())?;
        for (name, value) in [("EXAMPLES", &self.examples), ("TRIED", &self.tried)] {
            each(value, name, is_count, || "expected a whole number, at least 1".to_owned())?;
        }
        let networks = configurations.iter().filter(|run| run.model_kind() == ModelKind::Network);
        let heads = networks.map(|run| run.head.kind.as_str());
        one_of(&self.head, "HEAD", "head", study, &distinct(["deepest", "best"].into_iter().chain(heads)))?;
        let runs: Vec<&str> = configurations.iter().map(|run| run.id.as_str()).collect();
        one_of(&self.a, "A", "run", study, &runs)?;
        one_of(&self.b, "B", "run", study, &runs)
    }

    /// Check that the engine, which make chooses by BACKEND, has the device.
    fn check_engine(&self) -> anyhow::Result<()> {
        let Some(device) = self.device.as_deref().filter(|_| self.engine.as_deref() == Some("flex")) else {
            return Ok(());
        };
        ensure!(
            ["auto", "flex"].contains(&device),
            "DEVICE=`{device}`: the engine `flex` has the devices auto and flex only; add BACKEND=libtorch, or leave DEVICE out"
        );
        Ok(())
    }

    /// Where the study's files are.
    ///
    /// # Errors
    /// A file that was given is not there, or has a name that make cannot use.
    pub(crate) fn sources(&self, study: &Study, needed: &[&str]) -> anyhow::Result<Sources> {
        let (dataset, tokenizer) = (study.data.dataset.as_str(), study.data.tokenizer.as_str());
        let models = self.models.as_deref().filter(|_| tokenizer != EMBEDDED_MODEL);
        let models = models.map(|folder| expand("MODELS_DIR", folder.trim_end_matches('/'))).transpose()?;
        for model in needed.iter().filter(|_| models.as_deref().is_some_and(|folder| folder != MODELS)) {
            let config = Path::new(models.as_deref().unwrap_or_default()).join(model).join("config.json");
            let remedy = "name the folder that holds the model's folder; without MODELS_DIR make fetches the model";
            ensure!(config.exists(), "MODELS_DIR: no `{}`; {remedy}", config.display());
        }
        if let Some(input) = self.input.as_deref().filter(|_| dataset != "jsonl") {
            bail!(
                "INPUT=`{input}`: study `{}` has the data set `{dataset}` and reads no texts of yours; run `make answer \
                 INPUT={input}`, or name a study of `jsonl` with STUDY=NAME, or leave INPUT out",
                study.name
            );
        }
        let archive = self.archive.as_deref().filter(|_| dataset == "imdb");
        let archive = archive.map(|file| there("IMDB_ARCHIVE", file, "; without IMDB_ARCHIVE make fetches it"));
        let input = self.input.as_deref().map(|file| there("INPUT", file, "; name the file that holds your texts"));
        if dataset == "jsonl" && input.is_none() {
            bail!(
                "study `{}` has the data set `jsonl`: name your texts with INPUT=FILE, a table (CSV, TSV), JSON or \
                 Parquet with a text and a label in each row, or with INPUT=DIR, a folder of `train.csv` and `test.csv`",
                study.name
            );
        }
        let archive = archive.transpose()?.or_else(|| (dataset == "imdb").then(|| ARCHIVE.to_owned()));
        Ok(Sources { models: models.unwrap_or_else(|| MODELS.to_owned()), archive, input: input.transpose()? })
    }
}

fn each(
    value: &Option<String>,
    name: &str,
    is_right: fn(&str) -> bool,
    allowed: impl Fn() -> String,
) -> anyhow::Result<()> {
    let wrong = value.as_deref().filter(|value| !is_right(value));
    wrong.map_or(Ok(()), |value| bail!("{name}=`{value}`: {}", allowed()))
}

fn is_device(name: &str) -> bool {
    let is_index = |index: &str| index.parse::<u16>().is_ok_and(|number| number.to_string() == index);
    ["auto", "flex", "cpu", "cuda"].contains(&name) || name.strip_prefix("cuda:").is_some_and(is_index)
}

fn is_points(text: &str) -> bool {
    text.parse().is_ok_and(|points| (0.0..=100.0).contains(&points))
}

fn is_count(text: &str) -> bool {
    text.parse::<u32>().is_ok_and(|count| count > 0)
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut all = Vec::new();
    names.for_each(|name| {
        if !all.contains(&name) {
            all.push(name)
        }
    });
    all
}

fn one_of(value: &Option<String>, variable: &str, what: &str, study: &Study, known: &[&str]) -> anyhow::Result<()> {
    let Some(name) = value.as_deref().filter(|name| !known.contains(name)) else { return Ok(()) };
    let meant = nearest(name, known.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
    let (study, known, meant) = (&study.name, known.join("`, `"), meant.unwrap_or_default());
    bail!("{variable}=`{name}`: study `{study}` has no such {what}; there are `{known}`{meant}")
}

/// The file that a variable names.
fn there(variable: &str, file: &str, remedy: &str) -> anyhow::Result<String> {
    let path = expand(variable, file)?;
    ensure!(Path::new(&path).exists(), "{variable}: no `{path}`{remedy}");
    Ok(path)
}

/// `path` with `~/` as the home folder, which not every shell expands; a word that make reads as one name.
pub(crate) fn expand(variable: &str, path: &str) -> anyhow::Result<String> {
    let plain = |c: char| c.is_alphanumeric() || "._-+/@,=".contains(c);
    let path = match path.strip_prefix("~/") {
        None => PathBuf::from(path),
        Some(rest) => std::env::home_dir().context("`~` is used, but there is no home folder")?.join(rest),
    };
    let path = path.to_string_lossy();
    ensure!(
        path.chars().all(plain),
        "{variable}=`{path}`: make cannot use a blank or a special character in a name; rename it, or make a link to it"
    );
    Ok(path.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STUDY: &str = r#"
        name = "s"
        data = { dataset = "imdb" }
        defaults = { encoder = "mini" }
        configuration = [{ id = "1VA", blocks = "first:1" }, { id = "2LV", blocks = "first:2", head = "bilstm" },
                         { id = "T", model = "tf-idf" }]"#;

    fn study(dataset: &str) -> Study {
        Study::parse("s.toml".as_ref(), &STUDY.replace("imdb", dataset)).unwrap()
    }

    fn given(variables: &[(&str, &str)]) -> Given {
        let value =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Given::from_variables(value)
    }

    #[test]
    fn a_wrong_name_or_number_is_refused_with_what_is_allowed() {
        let study = study("imdb");
        let configurations = study.configurations().unwrap();
        let check = |name, value| given(&[(name, value)]).check(&study, &configurations).map_err(|e| e.to_string());
        for (name, value, says) in [
            ("MARGIN", "1 2", "MARGIN=`1 2`: expected points"),
            ("MARGIN", "NaN", "expected points"),
            ("MARGIN", "101", "0 to 100"),
            ("DEVICE", "cuda 1", "DEVICE=`cuda 1`: the devices are auto"),
            ("DEVICE", "cuda:x", "cuda:INDEX"),
            (
                "HEAD",
                "it's",
                "HEAD=`it's`: study `s` has no such head; there are `deepest`, `best`, `cls-linear`, `bilstm`",
            ),
            ("HEAD", "bilstn", "did you mean `bilstm`?"),
            ("HEAD", "tf-idf", "no such head; there are `deepest`, `best`, `cls-linear`, `bilstm`"),
            ("A", "1VA-s9", "A=`1VA-s9`: study `s` has no such run; there are `1VA-s1`"),
            ("EXAMPLES", "1 2", "EXAMPLES=`1 2`: expected a whole number"),
            ("TRIED", "0", "at least 1"),
        ] {
            let message = check(name, value).unwrap_err();
            assert!(message.contains(says), "{message}");
        }
        for (name, value) in
            [("MARGIN", "0.5"), ("DEVICE", "cuda:1"), ("HEAD", "best"), ("B", "2LV-s3"), ("TRIED", "100"), ("HEAD", "")]
        {
            check(name, value).unwrap();
        }
    }

    #[test]
    fn a_device_that_the_engine_lacks_is_refused() {
        let study = study("imdb");
        let check = |engine, device| given(&[("ENGINE", engine), ("DEVICE", device)]).check(&study, &[]);
        for device in ["cpu", "cuda", "cuda:1"] {
            let message = check("flex", device).unwrap_err().to_string();
            assert!(message.starts_with(&format!("DEVICE=`{device}`: the engine `flex` has")), "{message}");
            check("libtorch", device).unwrap();
        }
        ["auto", "flex", ""].iter().for_each(|device| check("flex", device).unwrap());
    }

    #[test]
    fn files_are_where_they_were_given_and_otherwise_below_data() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name).display().to_string();
        records::publish::bytes(&place.path().join("mini/config.json"), b"{}").unwrap();
        records::publish::bytes(&place.path().join("texts"), b"").unwrap();
        let sources = |dataset, variables: &[(&str, &str)]| {
            let sources = given(variables).sources(&study(dataset), &["mini"]).map_err(|e| e.to_string())?;
            Ok::<_, String>((sources.models, sources.archive, sources.input))
        };
        let default = |text: &str| Some(text.to_owned());
        assert_eq!(sources("imdb", &[]), Ok((MODELS.to_owned(), default(ARCHIVE), None)));
        let all = [("MODELS_DIR", path("/")), ("IMDB_ARCHIVE", path("texts")), ("INPUT", path("texts"))];
        let all: Vec<_> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let models = path("").trim_end_matches('/').to_owned();
        assert_eq!(sources("imdb", &all[1..2]), Ok((MODELS.to_owned(), default(all[1].1), None)));
        assert_eq!(sources("jsonl", &[("MODELS_DIR", &models), all[2]]), Ok((models, None, default(all[2].1))));
        for (dataset, variables, says) in [
            ("jsonl", [("INPUT", "")], "name your texts with INPUT=FILE"),
            (
                "imdb",
                [("INPUT", "texts")],
                "INPUT=`texts`: study `s` has the data set `imdb` and reads no texts of yours; run",
            ),
            ("jsonl", [("INPUT", "nowhere.jsonl")], "INPUT: no `nowhere.jsonl`"),
            ("jsonl", [("INPUT", "my mail.jsonl")], "make cannot use a blank"),
            ("imdb", [("IMDB_ARCHIVE", "no.tar.gz")], "IMDB_ARCHIVE: no `no.tar.gz`; without IMDB_ARCHIVE"),
            ("imdb", [("MODELS_DIR", "nowhere/")], "MODELS_DIR: no `nowhere/mini/config.json`; name the folder"),
        ] {
            let message = sources(dataset, &variables).unwrap_err();
            assert!(message.contains(says), "{message}");
        }
    }

    #[test]
    fn a_tilde_is_the_home_folder() {
        let home = std::env::home_dir().unwrap();
        assert_eq!(expand("INPUT", "~/a.jsonl").unwrap(), home.join("a.jsonl").display().to_string());
    }
}
