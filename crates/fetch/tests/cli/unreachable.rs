//! Failed downloads: one line names the file, the address, and a way to do without.

use predicates::prelude::{Predicate, PredicateBooleanExt, predicate};
use predicates::str::contains;

use crate::client::Client;
use crate::server::{Answer, Server};

/// The last line is the only error, and contains all `words`.
fn one_line_with(words: &[&str]) -> impl Predicate<str> + use<> {
    let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
    predicate::function(move |text: &str| {
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("fetch: ")).collect();
        lines.len() == 1
            && text.ends_with(&format!("{}\n", lines[0]))
            && words.iter().all(|word| lines[0].contains(word))
    })
}

const BY_HAND_IMDB: [&str; 4] = [
    "fetch: fetching `out/aclImdb_v1.tar.gz` from `http://127.0.0.1:",
    "`make … IMDB_ARCHIVE=FILE`",
    "put the file at `out/aclImdb_v1.tar.gz`",
    "`make demo` needs no download",
];

const BY_HAND_MODEL: [&str; 4] = [
    "fetch: fetching `out/bert-base-cased",
    "`make … MODELS_DIR=DIR` with the model in `DIR/bert-base-cased/`",
    "put `tokenizer.json`, `model.safetensors`, `config.json` into `out/bert-base-cased`",
    "`make demo` needs no download",
];

/// Both downloads fail with the reason `why` and leave no file.
fn assert_fails(client: &Client, why: &str) {
    let nothing_there = || std::fs::read_dir(client.folder.path().join("out")).map_or(0, Iterator::count) == 0;
    client.fetch(&["data", "imdb"]).code(1).stderr(one_line_with(&BY_HAND_IMDB).and(contains(why)));
    client.model().code(1).stderr(one_line_with(&BY_HAND_MODEL).and(contains(why)));
    assert!(nothing_there());
}

#[test]
fn a_refused_connection_names_the_remedy() {
    let server = Server::start(|_, _| Answer::status("200 OK"));
    let refused = Client { url: "http://127.0.0.1:1".into(), ..Client::of(&server) };
    assert_fails(&refused, "Connection refused");
}

#[test]
fn an_error_status_names_the_remedy() {
    for (status, why) in
        [("404 Not Found", "status 404, the "), ("403 Forbidden", "status 403"), ("503 Busy", "status 503")]
    {
        assert_fails(&Client::of(&Server::start(move |_, _| Answer::status(status))), why);
    }
}

#[test]
fn a_silent_server_times_out() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    assert_fails(&Client { folder, url, patience_milliseconds: 50 }, "the server did not answer in time");
}

#[test]
fn a_copy_made_by_hand_is_kept_without_a_request() {
    let server = Server::start(|_, _| Answer::status("500 No"));
    let client = Client::of(&server);
    for name in ["tokenizer.json", "model.safetensors", "config.json"] {
        client.left(name, b"by hand");
    }
    client.model().success();
    records::publish::bytes(&client.folder.path().join("out/aclImdb_v1.tar.gz"), b"by hand").unwrap();
    client.fetch(&["data", "imdb"]).success();
    assert_eq!((client.read("config.json").as_slice(), server.seen().len()), (b"by hand".as_slice(), 0));
}
