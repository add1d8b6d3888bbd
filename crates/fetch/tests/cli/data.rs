//! Data sets of the hub: which files come, under which names, from which commit.

use std::collections::BTreeMap;

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use sha2::Digest;

use crate::client::Client;
use crate::server::{Answer, Request, Server};

const MAIN: &str = "/api/datasets/owner/mail/revision/main";
const CONVERTED: &str = "/api/datasets/owner/mail/revision/refs%2Fconvert%2Fparquet";

/// The hub's answer: a commit, a card and paths.
fn listing(commit: &str, card: &str, paths: &[&str]) -> Answer {
    let siblings: Vec<String> = paths.iter().map(|path| format!("{{\"rfilename\":\"{path}\"}}")).collect();
    let siblings = siblings.join(",");
    Answer::whole(format!("{{\"sha\":\"{commit}\",\"cardData\":{card},\"siblings\":[{siblings}]}}").as_bytes())
}

/// A hub with one list of files at `main`; a file holds its own address.
fn hub(card: &'static str, paths: &'static [&'static str]) -> Server {
    Server::start(move |request, _| match request.path.as_str() {
        MAIN => listing("c0ffee", card, paths),
        path if path.starts_with("/api/") => Answer::status("404 Not Found"),
        path => Answer::whole(path.as_bytes()),
    })
}

fn files(client: &Client) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(client.folder.path().join("out")).into_iter().flatten().map(|entry| entry.unwrap());
    let text = |entry: &std::fs::DirEntry| std::fs::read_to_string(entry.path()).unwrap();
    entries.map(|entry| (entry.file_name().into_string().unwrap(), text(&entry))).collect()
}

/// Without the record.
fn names(client: &Client) -> Vec<String> {
    files(client).into_keys().filter(|name| name != "fetched.json").collect()
}

#[test]
fn files_of_the_splits_come_once_from_one_commit_and_the_folder_says_so() {
    let server = hub("null", &["README.md", "data/train-00000-of-00001.parquet", "data/test-00000-of-00001.parquet"]);
    let client = Client::of(&server);
    client.fetch(&["data", "owner/mail"]).success().stdout("").stderr(contains("`out`: 2 files of `owner/mail`"));
    let found = files(&client);
    assert_eq!(names(&client), ["test-00000-of-00001.parquet", "train-00000-of-00001.parquet"]);
    let address = "/datasets/owner/mail/resolve/c0ffee/data/test-00000-of-00001.parquet";
    assert_eq!(found["test-00000-of-00001.parquet"], address);
    assert!(found["fetched.json"].contains("\"commit\": \"c0ffee\""), "{}", found["fetched.json"]);
    client.fetch(&["data", "owner/mail"]).success();
    assert_eq!((server.seen().len(), files(&client)), (3, found));
}

#[test]
fn a_folder_of_something_else_is_refused_and_nothing_changes() {
    let server = hub("null", &["train.csv"]);
    let client = Client::of(&server);
    client.fetch(&["data", "owner/mail"]).success();
    let (found, asked) = (files(&client), server.seen().len());
    for other in [&["owner/other"][..], &["owner/mail", "--revision", "v2"], &["owner/mail", "--config", "de"]] {
        let says =
            contains("fetch: `out` holds `owner/mail` at revision `main`, configuration `default`; choose another");
        client.fetch(&[&["data"], other].concat()).code(1).stderr(says);
    }
    assert_eq!((server.seen().len(), files(&client)), (asked, found));
    let client = Client::of(&server);
    records::publish::bytes(&client.folder.path().join("out/mine.csv"), b"text,label").unwrap();
    client.fetch(&["data", "owner/mail"]).code(1).stderr(contains("`out` holds files already; choose an empty folder"));
    assert_eq!(names(&client), ["mine.csv"]);
}

#[test]
fn a_configuration_is_chosen_and_its_splits_are_those_that_prep_knows() {
    let card = r#"{"configs":[{"config_name":"en","data_files":[{"split":"train","path":"en/*"},{"split":"extra","path":"x.csv"}]},
                   {"config_name":"de","data_dir":"de"}]}"#;
    let client = Client::of(&hub(card, &["en/a.csv", "de/train.csv", "de/dev.csv", "x.csv"]));
    let says =
        "fetch: data set `owner/mail`: it has several configurations; choose one by `--config`: there are `en`, `de`\n";
    client.fetch(&["data", "owner/mail"]).code(1).stderr(says);
    let says = contains("no configuration `ed`; there are `en`, `de`");
    client.fetch(&["data", "owner/mail", "--config", "ed"]).code(1).stderr(says);
    assert!(files(&client).is_empty());
    let says = contains("splits other than train, validation and test are left out: `extra`");
    client.fetch(&["data", "owner/mail", "--config", "en"]).success().stderr(says);
    assert_eq!(names(&client), ["train-a.csv"]);
    client.fetch(&["data", "owner/mail"]).success();
}

#[test]
fn where_the_repository_has_no_data_the_hubs_own_copy_comes() {
    let server = Server::start(|request, _| match request.path.as_str() {
        MAIN => listing("c0ffee", "{}", &["README.md", "mail.py"]),
        CONVERTED => listing(
            "beef",
            "null",
            &["default/train/0000.parquet", "default/train/0001.parquet", "default/test/0000.parquet"],
        ),
        path => Answer::whole(path.as_bytes()),
    });
    let client = Client::of(&server);
    client.fetch(&["data", "owner/mail"]).success();
    assert_eq!(names(&client), ["test-0000.parquet", "train-0000.parquet", "train-0001.parquet"]);
    assert_eq!(files(&client)["test-0000.parquet"], "/datasets/owner/mail/resolve/beef/default/test/0000.parquet");
    let client = Client::of(&hub("null", &["README.md"]));
    let says = contains("fetch: data set `owner/mail`: no file of a split for training; files end in `.parquet`");
    client.fetch(&["data", "owner/mail"]).code(1).stderr(says);
    assert!(files(&client).is_empty());
}

/// The connection breaks in the middle of the second file, and then the repository has another commit.
#[test]
fn an_interrupted_download_goes_on_where_it_was_with_its_commit() {
    let whole = |path: &str| path.repeat(1000).into_bytes();
    let tag = |bytes: &[u8]| {
        let hex: String = sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("X-Linked-ETag: \"{hex}\"")
    };
    let answer = move |request: &Request, most: usize| {
        let bytes = whole(&request.path);
        let answer = match request.offset {
            Some(offset) => Answer::range(&bytes, offset),
            None => Answer::whole(&bytes),
        };
        answer.header(tag(&bytes)).dropped_after(most)
    };
    let paths = ["test.parquet", "train.parquet"];
    let broken = Server::start(move |request, _| match request.path.as_str() {
        MAIN => listing("one", "null", &paths),
        path if path.ends_with("train.parquet") => answer(request, 10_000),
        _ => answer(request, usize::MAX),
    });
    let mut client = Client::of(&broken);
    client
        .fetch(&["data", "owner/mail"])
        .code(1)
        .stderr(contains("fetching `out/train.parquet`").and(contains("bytes")));
    let sound = Server::start(move |request, _| match request.path.as_str() {
        MAIN => listing("two", "null", &paths),
        _ => answer(request, usize::MAX),
    });
    client.url.clone_from(&sound.url);
    client.fetch(&["data", "owner/mail"]).success();
    let path = "/datasets/owner/mail/resolve/one/train.parquet";
    assert_eq!(sound.seen(), [Request { path: path.to_owned(), offset: Some(30_000) }]);
    assert_eq!(files(&client)["train.parquet"], path.repeat(1000));
    assert_eq!(names(&client), paths);
}

#[test]
fn other_bytes_than_the_hub_names_are_removed() {
    let server = Server::start(|request, _| match request.path.as_str() {
        MAIN => listing("one", "null", &["train.csv"]),
        _ => Answer::whole(b"text,label").header(format!("X-Linked-ETag: \"{}\"", "0".repeat(64))),
    });
    let client = Client::of(&server);
    client
        .fetch(&["data", "owner/mail"])
        .code(1)
        .stderr(contains("the download is not the published file: its sha256"));
    assert!(names(&client).is_empty());
}

#[test]
fn what_is_not_there_or_not_open_is_refused_with_what_to_do() {
    let client = Client::of(&hub("null", &["../train.csv", "/train.csv", "a/../train.csv", "a b/train.csv"]));
    client.fetch(&["data", "owner/mail"]).code(1).stderr(contains("no file of a split for training"));
    client.fetch(&["data", "owner/none"]).code(1).stderr(contains("status 404, no data set `owner/none` at `main`"));
    for name in ["mail", "owner/", "a/b/c", "../mail"] {
        client
            .fetch(&["data", name])
            .code(1)
            .stderr(contains(format!("unknown data set `{name}`: use `imdb`, or the")));
    }
    let says = contains("`imdb` is one archive; leave `--config` and `--revision` out");
    client.fetch(&["data", "imdb", "--config", "x"]).code(1).stderr(says);
    for (answer, says) in [("401 Unauthorized", "status 401; a data set that is private"), ("503 Busy", "status 503")] {
        let client = Client::of(&Server::start(move |_, _| Answer::status(answer)));
        client.fetch(&["data", "owner/mail"]).code(1).stderr(contains(says));
    }
    for answer in ["<html>", "{}", "{\"sha\":\"../x\",\"siblings\":[{\"rfilename\":\"train.csv\"}]}"] {
        let client = Client::of(&Server::start(move |_, _| Answer::whole(answer.as_bytes())));
        client.fetch(&["data", "owner/mail"]).code(1).stderr(contains("fetch: "));
        assert!(files(&client).is_empty(), "{answer}");
    }
}
