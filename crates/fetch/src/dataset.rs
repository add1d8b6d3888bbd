//! A data set of the hub: its files of one configuration, in a folder that `prep --input` reads.
//!
//! What is fetched is decided once, from the hub's list of files, and recorded in `fetched.json` before the first file
//! comes. A later call goes on with that commit and those files, whatever the repository holds by then.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use records::publish::Pending;
use serde::{Deserialize, Serialize};

use crate::MAIN;
use crate::download::Downloads;
use crate::failure::Failure;
use crate::listing::{Chosen, Listing};
use crate::sources::{self, Content, Source};

/// Upper bound on the bytes of the record.
const MOST_BYTES: u64 = 16 << 20;

/// Where the hub keeps its own copy of each data set: `CONFIGURATION/SPLIT/0000.parquet`.
const CONVERTED: &str = "refs/convert/parquet";

/// What to do if a download fails.
const REMEDY: &str = "a data set that is private or asks for an agreement must be downloaded as its page says; name its folder \
                      with `prep --input`";

/// A data set on the hub, and the folder for it.
pub(crate) struct Dataset {
    repository: String,
    revision: String,
    configuration: Option<String>,
    folder: PathBuf,
}

/// The folder's record.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    /// The hub's `owner/name`.
    repository: String,
    /// Branch, tag or commit, as given on the command line.
    revision: String,
    /// The configuration that the files belong to.
    configuration: String,
    /// The commit that all files come from.
    commit: String,
    /// The name of each file in the folder, and its path in the repository.
    files: BTreeMap<String, String>,
}

impl Dataset {
    /// The data set `repository`, which is `owner/name`, at `revision`, for `folder`.
    ///
    /// # Errors
    /// The name is not `owner/name`.
    pub(crate) fn new(repository: &str, configuration: Option<String>, revision: &str, folder: &Path) -> Result<Self> {
        let is_name = repository.split('/').count() == 2 && repository.split('/').all(sources::is_plain);
        ensure!(is_name, "unknown data set `{repository}`: use `imdb`, or the `owner/name` of a data set on the hub");
        let (repository, revision, folder) = (repository.to_owned(), revision.to_owned(), folder.to_owned());
        Ok(Dataset { repository, revision, configuration, folder })
    }

    /// Download all missing files. If every file of the record exists, nothing is requested.
    ///
    /// # Errors
    /// The folder holds something else, the repository lacks the configuration or a split for training, or a download
    /// fails.
    pub(crate) fn fetch(&self, downloads: &Downloads) -> Result<()> {
        let record = match self.recorded()? {
            Some(record) => record,
            None => self.record(downloads)?,
        };
        let Record { repository, commit, configuration, .. } = &record;
        let base = sources::address(&format!("datasets/{repository}"), commit);
        let source = |(name, path): (&String, &String)| Source {
            url: format!("{base}/{path}"),
            path: self.folder.join(name),
            content: Content::Large,
            optional: false,
            remedy: REMEDY.to_owned(),
            origin: None,
            missing: "the repository lacks this file now; remove the folder and fetch again",
        };
        record.files.iter().map(source).try_for_each(|source| downloads.fetch(&source).map(drop))?;
        let n = record.files.len();
        log::info!("`{}`: {n} files of `{repository}`, configuration `{configuration}`", self.folder.display());
        Ok(())
    }

    /// Ask the hub which files there are, and record those to fetch. Where the repository has none that can be used, as
    /// with a script in place of data, the hub's own copy is taken.
    fn record(&self, downloads: &Downloads) -> Result<Record> {
        self.check_is_free()?;
        let found = self.listed(&self.revision, downloads).or_else(|error| match self.revision == MAIN {
            true => self.listed(CONVERTED, downloads).map_err(|_| error),
            false => Err(error),
        });
        let (commit, Chosen { configuration, files, left_out }) = found?;
        if !left_out.is_empty() {
            log::info!("splits other than train, validation and test are left out: `{}`", left_out.join("`, `"));
        }
        let (repository, revision) = (self.repository.clone(), self.revision.clone());
        let record = Record { repository, revision, configuration, commit, files };
        let mut file = Pending::create(&self.path())?; // waits for a process that records a data set now
        if let Some(recorded) = self.recorded()? {
            return Ok(recorded);
        }
        serde_json::to_writer_pretty(&mut file, &record).context("writing `fetched.json`")?;
        file.publish()?;
        Ok(record)
    }

    /// The commit of `revision`, and the files to fetch.
    fn listed(&self, revision: &str, downloads: &Downloads) -> Result<(String, Chosen)> {
        let (repository, url) = (&self.repository, sources::listing(&self.repository, revision));
        let failed = |what: String| anyhow!("fetching the list of files of `{repository}` from `{url}`: {what}");
        let answer = downloads.read(&url).map_err(|failure| match failure {
            Failure::Missing => {
                failed(format!("status 404, no data set `{repository}` at `{revision}`; check the name"))
            }
            Failure::Passing(error) | Failure::Lasting(error) => failed(format!("{error:#}; {REMEDY}")),
        })?;
        let listing: Listing = serde_json::from_slice(&answer).map_err(|e| failed(e.to_string()))?;
        let chosen =
            listing.chosen(self.configuration.as_deref()).map_err(|e| anyhow!("data set `{repository}`: {e}"))?;
        Ok((listing.commit()?.to_owned(), chosen))
    }

    /// The record of the folder; `None` if there is none.
    ///
    /// # Errors
    /// It is of another data set, revision or configuration, or cannot be read.
    fn recorded(&self) -> Result<Option<Record>> {
        let (path, folder) = (self.path(), self.folder.display());
        let mut text = String::new();
        match records::regular(&path).and_then(File::open) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file
                .and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text))
                .with_context(|| format!("reading `{}`", path.display()))?,
        };
        let other = "choose another `--out`, or remove that folder";
        let found: Record = serde_json::from_str(&text)
            .with_context(|| format!("`{folder}` does not say which data set it holds; {other}"))?;
        let asked = self.configuration.as_ref().unwrap_or(&found.configuration);
        ensure!(
            found.repository == self.repository && found.revision == self.revision && found.configuration == *asked,
            "`{folder}` holds `{}` at revision `{}`, configuration `{}`; {other}",
            found.repository,
            found.revision,
            found.configuration
        );
        let are_safe = found.files.keys().all(|name| sources::is_plain(name));
        ensure!(
            are_safe && sources::is_plain(&found.commit),
            "`{}`: a file has no plain name; {other}",
            path.display()
        );
        Ok(Some(found))
    }

    /// A folder without a record must not hold files, which would be mixed with those of the data set.
    fn check_is_free(&self) -> Result<()> {
        for entry in self.folder.read_dir().into_iter().flatten() {
            let name = entry.with_context(|| format!("reading `{}`", self.folder.display()))?.file_name();
            if !name.to_string_lossy().starts_with("fetched.json") {
                bail!("`{}` holds files already; choose an empty folder as `--out`", self.folder.display());
            }
        }
        Ok(())
    }

    fn path(&self) -> PathBuf {
        self.folder.join("fetched.json")
    }
}
