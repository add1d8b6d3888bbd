//! A folder holds files of one version of one model only.

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

use crate::client::Client;
use crate::server::{Answer, Server};

const WEIGHTS: &str = "/model.safetensors";

/// A version's weights: all versions have one length and differ from the first byte on.
fn weights(version: u8) -> Vec<u8> {
    vec![b'0' + version; 100_000]
}

/// A mirror without sha256: weights of `version` under `tag`; an answer with the whole file drops after `most` bytes.
fn mirror(version: u8, tag: Option<&'static str>, most: usize) -> Server {
    Server::start(move |request, _| {
        let whole = weights(version);
        let answer = match (request.path.ends_with(WEIGHTS), request.offset) {
            (false, _) => Answer::whole(b"x"),
            (true, None) => Answer::whole(&whole).dropped_after(most),
            (true, Some(offset)) if offset == whole.len() => {
                Answer::status("416 Range Not Satisfiable").header(format!("Content-Range: bytes */{offset}"))
            }
            (true, Some(offset)) => Answer::range(&whole, offset).dropped_after(most),
        };
        tag.into_iter().fold(answer, |answer, tag| answer.header(format!("ETag: {tag}")))
    })
}

fn offsets_of_weights(server: &Server) -> Vec<Option<usize>> {
    server.seen().into_iter().filter(|request| request.path.ends_with(WEIGHTS)).map(|request| request.offset).collect()
}

/// A client whose mirror dropped the connection in every try, pointed at the next mirror.
fn interrupted(version: u8, tag: Option<&'static str>, then: &Server) -> Client {
    let mut client = Client::of(&mirror(version, tag, 20_000));
    client.model().code(1).stderr(contains("bytes"));
    client.url.clone_from(&then.url);
    client
}

fn is_whole(client: &Client, version: u8) {
    client.model().success();
    assert_eq!(client.read("model.safetensors"), weights(version));
    let expected =
        ["config.json", "fetched.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt"];
    assert_eq!(client.files(), expected);
}

#[test]
fn a_partial_file_with_the_same_tag_is_continued() {
    let then = mirror(1, Some("\"v1\""), usize::MAX);
    is_whole(&interrupted(1, Some("\"v1\""), &then), 1);
    assert_eq!(offsets_of_weights(&then), [Some(60_000)]);
}

#[test]
fn without_a_digest_a_partial_file_of_another_version_starts_over() {
    let then = mirror(2, Some("\"v2\""), usize::MAX);
    is_whole(&interrupted(1, Some("\"v1\""), &then), 2);
    assert_eq!(offsets_of_weights(&then), [Some(60_000), None]);
}

#[test]
fn a_partial_file_without_a_tag_starts_over() {
    for tag in [None, Some("W/\"weak\"")] {
        let then = mirror(2, tag, usize::MAX);
        is_whole(&interrupted(1, tag, &then), 2);
        assert_eq!(offsets_of_weights(&then), [Some(20_000), None]);
    }
}

#[test]
fn a_complete_partial_file_of_another_version_starts_over() {
    let then = mirror(2, Some("\"v2\""), usize::MAX);
    let client = Client::of(&then);
    client.left("model.safetensors.partial", &weights(1));
    client.left("model.safetensors.etag.partial", b"\"v1\"");
    is_whole(&client, 2);
}

#[test]
fn the_tag_is_removed_with_the_partial_file() {
    let page = Server::start(|request, _| match request.path.ends_with(WEIGHTS) {
        true => Answer::whole(b"<html>log in</html>").header("ETag: \"page\""),
        false => Answer::whole(b"x"),
    });
    let client = Client::of(&page);
    client.model().code(1).stderr(contains("the server sent a web page instead"));
    assert!(!client.files().iter().any(|name| name.ends_with(".partial")));
}

#[test]
fn another_revision_or_owner_is_refused_and_nothing_changes() {
    let server = Server::start(|request, _| Answer::whole(request.path.as_bytes()));
    let client = Client::of(&server);
    let fetch = |name: &str, revision: &str| client.fetch(&["model", name, "--revision", revision]);
    fetch("one/tiny", "r1").success();
    fetch("one/tiny", "r1").success();
    let (files, asked) = (client.all_of("tiny"), server.seen().len());
    for (name, revision) in [("one/tiny", "r2"), ("two/tiny", "r1")] {
        let expected = format!("fetch: `out/tiny` holds `one/tiny` at revision `r1`, not `{name}` at `{revision}`; ");
        let remedy = contains("choose another `--out`, or remove that folder");
        let one_line = predicates::function::function(|said: &str| said.lines().count() == 1);
        fetch(name, revision).code(1).stderr(contains(expected).and(remedy).and(one_line));
    }
    assert_eq!((client.all_of("tiny"), server.seen().len()), (files, asked));
}

/// An incomplete folder belongs to its model, too.
#[test]
fn an_interrupted_model_accepts_no_other() {
    let server = Server::start(|request, _| match request.path.ends_with(WEIGHTS) {
        true => Answer::status("401 Unauthorized"),
        false => Answer::whole(b"x"),
    });
    let client = Client::of(&server);
    client.fetch(&["model", "one/tiny"]).code(1).stderr(contains("status 401"));
    client.fetch(&["model", "one/tiny", "--revision", "r2"]).code(1).stderr(contains("holds `one/tiny` at revision"));
    client.fetch(&["model", "one/tiny"]).code(1).stderr(contains("status 401"));
}

#[test]
fn a_folder_filled_by_hand_is_completed_without_a_record() {
    let server = Server::start(|_, _| Answer::whole(b"x"));
    let client = Client::of(&server);
    client.left("tokenizer.json", b"by hand");
    client.model().success();
    assert_eq!(client.read("tokenizer.json"), b"by hand");
    assert!(!client.path("fetched.json").exists());
    client.fetch(&["model", "bert-base-cased", "--revision", "r2"]).success();
}

#[test]
fn an_unreadable_record_is_an_error() {
    let client = Client::of(&Server::start(|_, _| Answer::whole(b"x")));
    client.left("fetched.json", b"{");
    let expected = contains("`out/bert-base-cased` does not say which model it holds; choose another `--out`");
    client.model().code(1).stderr(expected.and(contains("fetched.json`: ")));
}

/// One process fails, and the folder holds the other's revision only.
#[test]
fn of_two_revisions_at_once_one_is_fetched() {
    for _ in 0..5 {
        let revision = |path: &str| path.split('/').nth(4).unwrap().to_owned();
        let server = Server::start(move |request, _| Answer::whole(revision(&request.path).as_bytes()));
        let client = Client::of(&server);
        let fetch = |revision: &str| client.ends_with(&["model", "one/tiny", "--revision", revision]);
        let ends = std::thread::scope(|scope| {
            ["r1", "r2"].map(|revision| scope.spawn(move || fetch(revision))).map(|it| it.join().unwrap())
        });
        assert!(ends == [0, 1] || ends == [1, 0], "{ends:?}");
        let (fetched, record) = (if ends[0] == 0 { "r1" } else { "r2" }, client.all_of("tiny").remove(1));
        assert!(String::from_utf8(record.1).unwrap().contains(fetched));
        let files = client.all_of("tiny").into_iter().filter(|(path, _)| !path.ends_with("fetched.json"));
        assert!(files.map(|(_, bytes)| bytes).all(|bytes| bytes == fetched.as_bytes()));
    }
}
