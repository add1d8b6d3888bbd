//! The client's side of a test: `fetch` in a temporary folder, pointed at the test's server.

use std::path::PathBuf;

use assert_cmd::assert::Assert;

use crate::server::Server;

/// A temporary folder, the server's address, and how long `fetch` waits for an answer.
pub(crate) struct Client {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) url: String,
    pub(crate) patience_milliseconds: u64,
}

impl Client {
    pub(crate) fn of(server: &Server) -> Self {
        Client { folder: tempfile::tempdir().unwrap(), url: server.url.clone(), patience_milliseconds: 60_000 }
    }

    pub(crate) fn fetch(&self, args: &[&str]) -> Assert {
        let mut command = assert_cmd::cargo::cargo_bin_cmd!("fetch");
        for proxy in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env_remove(proxy);
        }
        command.env("HF_ENDPOINT", &self.url).env("IMDB_URL", format!("{}/imdb.tar.gz", self.url));
        command.args(["--pause-milliseconds", "1", "--patience-milliseconds", &self.patience_milliseconds.to_string()]);
        command.current_dir(self.folder.path()).args(args).args(["--out", "out"]).assert()
    }

    pub(crate) fn ends_with(&self, args: &[&str]) -> i32 {
        self.fetch(args).get_output().status.code().unwrap()
    }

    pub(crate) fn model(&self) -> Assert {
        self.fetch(&["model", "bert-base-cased"])
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("out/bert-base-cased").join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn left(&self, name: &str, bytes: &[u8]) {
        records::publish::bytes(&self.path(name), bytes).unwrap();
    }

    /// Names and bytes of all files of another model, in order.
    pub(crate) fn all_of(&self, model: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let folder = std::fs::read_dir(self.folder.path().join("out").join(model)).unwrap();
        let mut files: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
    }

    /// Names of all files, in order.
    pub(crate) fn files(&self) -> Vec<String> {
        let Ok(folder) = std::fs::read_dir(self.path("")) else { return Vec::new() };
        let mut names: Vec<_> = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}
