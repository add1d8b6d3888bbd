//! Where a download cannot be had: one line that says which file, from where, and how to do without.

use predicates::prelude::{Predicate, PredicateBooleanExt, predicate};
use predicates::str::contains;

use crate::client::Client;
use crate::server::{Answer, Server};

/// What is said last is one line with all of these.
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
    "fetch: fetching `out/bert-base-cased/t",
    "`make … MODELS_DIR=DIR` with the model in `DIR/bert-base-cased/`",
    "put `tokenizer.json`, `model.safetensors`, `config.json` into `out/bert-base-cased`",
    "`make demo` needs no download",
];

/// Neither the reviews nor a model can be had from here, and `why` is said each time.
fn brings_nothing(client: &Client, why: &str) {
    let nothing_there = || std::fs::read_dir(client.folder.path().join("out")).map_or(0, Iterator::count) == 0;
    client.fetch(&["data", "imdb"]).code(1).stderr(one_line_with(&BY_HAND_IMDB).and(contains(why)));
    client.model().code(1).stderr(one_line_with(&BY_HAND_MODEL).and(contains(why)));
    assert!(nothing_there());
}

#[test]
fn where_nobody_answers_the_line_says_how_to_do_without() {
    let server = Server::start(|_, _| Answer::status("200 OK"));
    let nobody = Client { url: "http://127.0.0.1:1".into(), ..Client::of(&server) };
    brings_nothing(&nobody, "Connection refused");
}

#[test]
fn what_a_server_does_not_have_or_refuses_is_said_with_how_to_do_without() {
    for (status, why) in
        [("404 Not Found", "status 404, the "), ("403 Forbidden", "status 403"), ("503 Busy", "status 503")]
    {
        brings_nothing(&Client::of(&Server::start(move |_, _| Answer::status(status))), why);
    }
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    brings_nothing(&Client { folder, url, patience_milliseconds: 50 }, "the server did not answer in time");
}

#[test]
fn a_copy_made_by_hand_is_left_alone_and_nobody_is_asked() {
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
