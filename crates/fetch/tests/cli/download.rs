//! Downloads: whole, interrupted, wrong.

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use sha2::Digest;

use crate::client::Client;
use crate::server::{Answer, Request, Server};

const WEIGHTS: &str = "/google-bert/bert-base-cased/resolve/main/model.safetensors";

fn bytes() -> Vec<u8> {
    (0..200_000u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect()
}

fn sha256_tag(bytes: &[u8]) -> String {
    let hex: String = sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("X-Linked-ETag: \"{hex}\"")
}

/// As long as a sha256, but not that of the bytes.
fn tag_of_a_chunk_store() -> String {
    format!("ETag: \"{}\"", "0".repeat(64))
}

/// A hub whose weights come from `weights`, which receives only the requests for them.
fn hub(weights: impl Fn(&Request, usize) -> Answer + Send + 'static) -> Server {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    Server::start(move |request, _| match request.path == WEIGHTS {
        true => weights(request, asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed)),
        false => Answer::whole(request.path.as_bytes()),
    })
}

fn offsets_of_weights(server: &Server) -> Vec<Option<usize>> {
    server.seen().into_iter().filter(|request| request.path == WEIGHTS).map(|request| request.offset).collect()
}

#[test]
fn a_model_is_fetched_once_with_its_configuration_last() {
    let server = hub(|_, _| Answer::whole(&bytes()).header(sha256_tag(&bytes())));
    let client = Client::of(&server);
    client.model().success().stdout("");
    let expected =
        ["config.json", "fetched.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt"];
    assert_eq!(client.files(), expected);
    assert_eq!(client.read("model.safetensors"), bytes());
    assert_eq!(client.read("config.json"), b"/google-bert/bert-base-cased/resolve/main/config.json");
    assert!(server.seen().last().unwrap().path.ends_with("/config.json"));
    client.fetch(&["-v", "model", "bert-base-cased"]).success().stderr(contains("already exist"));
    assert_eq!(server.seen().len(), 5);
}

#[test]
fn the_digest_comes_from_the_redirect_and_the_range_from_its_target() {
    let elsewhere =
        Server::start(|request, _| Answer::range(&bytes(), request.offset.unwrap_or(0)).header(tag_of_a_chunk_store()));
    let location = format!("Location: {}/signed?x=y", elsewhere.url);
    let server = hub(move |_, _| Answer::status("302 Found").header(location.as_str()).header(sha256_tag(&bytes())));
    let client = Client::of(&server);
    client.left("model.safetensors.partial", &bytes()[..70_000]);
    client.model().success();
    assert_eq!(client.read("model.safetensors"), bytes());
    assert_eq!(elsewhere.seen(), [Request { path: "/signed?x=y".into(), offset: Some(70_000) }]);
}

#[test]
fn the_tag_of_a_redirect_target_is_not_a_digest() {
    let elsewhere = Server::start(|_, _| Answer::whole(&bytes()).header(tag_of_a_chunk_store()));
    let location = format!("Location: {}/signed", elsewhere.url);
    let server = hub(move |_, _| Answer::status("302 Found").header(location.as_str()));
    Client::of(&server).model().success();
}

#[test]
fn a_short_answer_is_followed_by_a_request_for_the_rest() {
    let server = hub(|request, _| match request.offset {
        None => Answer::whole(&bytes()).dropped_after(50_000).header("ETag: \"v1\""),
        Some(offset) => Answer::range(&bytes(), offset)
            .shortened_to(bytes().len() - offset - 10 * (offset % 3))
            .header("ETag: \"v1\""),
    });
    let client = Client::of(&server);
    client.model().success();
    assert_eq!(client.read("model.safetensors"), bytes());
    assert_eq!(offsets_of_weights(&server), [None, Some(50_000), Some(199_980)]);
}

#[test]
fn bytes_of_an_earlier_run_are_not_requested_again() {
    let server = hub(|request, _| Answer::range(&bytes(), request.offset.unwrap()).header(sha256_tag(&bytes())));
    let client = Client::of(&server);
    client.left("model.safetensors.partial", &bytes()[..150_000]);
    client.model().success();
    assert_eq!(client.read("model.safetensors"), bytes());
    assert_eq!(offsets_of_weights(&server), [Some(150_000)]);
    assert!(!client.files().iter().any(|name| name.ends_with(".partial")));
}

#[test]
fn a_server_that_ignores_the_range_restarts_the_download() {
    let server = hub(|_, _| Answer::whole(&bytes()).header(sha256_tag(&bytes())));
    let client = Client::of(&server);
    client.left("model.safetensors.partial", b"other bytes");
    client.model().success();
    assert_eq!(client.read("model.safetensors"), bytes());
}

#[test]
fn a_range_from_another_offset_is_not_appended() {
    let server = hub(|request, _| match request.offset {
        Some(_) => Answer::range(&bytes(), 7).header(sha256_tag(&bytes())),
        None => Answer::whole(&bytes()).header(sha256_tag(&bytes())),
    });
    let client = Client::of(&server);
    client.left("model.safetensors.partial", &bytes()[..100]);
    client.model().success();
    assert_eq!(client.read("model.safetensors"), bytes());
    assert_eq!(offsets_of_weights(&server), [Some(100), None]);
}

#[test]
fn a_complete_partial_file_is_recognised_by_status_416() {
    let range = || Answer::status("416 Range Not Satisfiable").header("Content-Range: bytes */200000");
    let server = hub(move |_, _| range().header(sha256_tag(&bytes())));
    let client = Client::of(&server);
    client.left("model.safetensors.partial", &bytes());
    client.model().success();
    assert_eq!(client.read("model.safetensors"), bytes());
}

#[test]
fn a_dropped_connection_resumes() {
    let server = hub(|request, _| {
        let offset = request.offset.unwrap_or(0);
        Answer::range(&bytes(), offset).dropped_after(80_000).header(sha256_tag(&bytes()))
    });
    let client = Client::of(&server);
    client.model().success().stderr(contains("trying again"));
    assert_eq!(client.read("model.safetensors"), bytes());
    assert_eq!(offsets_of_weights(&server).len(), 3);
}

#[test]
fn small_files_are_never_joined_from_two_answers() {
    let server = Server::start(|request, _| match request.offset {
        None => Answer::whole(b"new").dropped_after(3),
        Some(offset) => Answer::range(b"wrong", offset),
    });
    let client = Client::of(&server);
    client.left("config.json.partial", b"old");
    client.model().success();
    assert_eq!(client.read("config.json"), b"new");
    assert!(server.offsets().iter().all(Option::is_none));
}

#[test]
fn a_short_file_is_an_error_and_never_gets_its_name() {
    let server = hub(|_, _| Answer::whole(&bytes()).dropped_after(1000));
    let client = Client::of(&server);
    client.model().code(1).stderr(contains("ended after 1000 of 200000 bytes").and(contains("MODELS_DIR")));
    assert!(!client.path("model.safetensors").exists() && !client.path("config.json").exists());
    assert_eq!(offsets_of_weights(&server).len(), 3);
}

/// Without this limit a server could fill the disk.
#[test]
fn an_endless_small_file_is_cut_off_and_removed() {
    let endless = vec![b' '; (64 << 20) + (1 << 20)];
    let server = Server::start(move |_, _| Answer::whole(&endless));
    let client = Client::of(&server);
    client.model().code(1).stderr(contains("more than the limit of 67108864 bytes"));
    assert!(client.files().is_empty());
}

#[test]
fn a_web_page_is_not_a_model() {
    for body in ["<html>log in</html>", "", "\n <!DOCTYPE html>"] {
        let client = Client::of(&Server::start(move |_, _| Answer::whole(body.as_bytes())));
        client.model().code(1).stderr(contains(" instead; check whether this network requires a login"));
        assert!(client.files().is_empty());
    }
}

#[test]
fn wrong_bytes_are_an_error_and_removed() {
    let server = hub(|_, _| Answer::whole(b"other").header(sha256_tag(&bytes())));
    let client = Client::of(&server);
    let expected = contains("fetch: fetching `out/bert-base-cased/model.safetensors`").and(contains("its sha256 is"));
    client.model().code(1).stderr(expected.and(contains(WEIGHTS)));
    assert!(!client.files().iter().any(|name| name.starts_with("model.safetensors")));
    assert_eq!(offsets_of_weights(&server).len(), 1);
}

#[test]
fn a_partial_file_of_another_version_is_replaced() {
    let server = hub(|request, _| match request.offset {
        Some(offset) => Answer::range(&bytes(), offset).header(sha256_tag(&bytes())),
        None => Answer::whole(&bytes()).header(sha256_tag(&bytes())),
    });
    let client = Client::of(&server);
    client.left("model.safetensors.partial", &[9; 1000]);
    client.model().success();
    assert_eq!(client.read("model.safetensors"), bytes());
    assert_eq!(offsets_of_weights(&server), [Some(1000), None]);
}

#[test]
fn a_server_error_is_retried_and_a_refusal_is_not() {
    let recovers = hub(|_, before| if before < 2 { Answer::status("503 Busy") } else { Answer::whole(&bytes()) });
    Client::of(&recovers).model().success();
    let refuses = hub(|_, _| Answer::status("401 Unauthorized"));
    Client::of(&refuses).model().code(1).stderr(contains("status 401"));
    assert_eq!((offsets_of_weights(&recovers).len(), offsets_of_weights(&refuses).len()), (3, 1));
}

/// A hub that has no files but these, beside the configuration and the tokenizer.
fn hub_with(files: &'static [(&'static str, &'static str)]) -> Server {
    Server::start(move |request, _| {
        let name = request.path.rsplit('/').next().unwrap();
        match files.iter().find(|(file, _)| *file == name) {
            Some((_, body)) => Answer::whole(body.as_bytes()),
            None if ["config.json", "tokenizer.json"].contains(&name) => Answer::whole(b"x"),
            None => Answer::status("404 Not Found"),
        }
    })
}

const INDEX: &str =
    r#"{"weight_map": {"a": "model-2.safetensors", "b": "model-1.safetensors", "c": "model-2.safetensors"}}"#;

#[test]
fn weights_come_in_the_format_that_the_repository_has() {
    for (files, expected) in [
        (&[("pytorch_model.bin", "p")][..], &["pytorch_model.bin"][..]),
        (&[("model.safetensors", "s"), ("pytorch_model.bin", "p")], &["model.safetensors"]),
        (
            &[("model.safetensors.index.json", INDEX), ("model-1.safetensors", "1"), ("model-2.safetensors", "2")],
            &["model-1.safetensors", "model-2.safetensors", "model.safetensors.index.json"],
        ),
        (
            &[("pytorch_model.bin.index.json", r#"{"weight_map": {"a": "p-1.bin"}}"#), ("p-1.bin", "1")],
            &["p-1.bin", "pytorch_model.bin.index.json"],
        ),
    ] {
        let server = hub_with(files);
        let client = Client::of(&server);
        client.model().success();
        let mut found = client.files();
        found.retain(|name| !["config.json", "fetched.json", "tokenizer.json"].contains(&name.as_str()));
        assert_eq!(found, expected);
        assert!(server.seen().last().unwrap().path.ends_with("/config.json"));
        let asked = server.seen().len();
        client.model().success();
        assert_eq!(server.seen().len(), asked, "the folder is complete");
    }
}

#[test]
fn a_missing_shard_is_an_error_and_the_folder_stays_incomplete() {
    let client = Client::of(&hub_with(&[("model.safetensors.index.json", INDEX), ("model-1.safetensors", "1")]));
    client.model().code(1).stderr(contains("model-2.safetensors` from").and(contains("status 404")));
    assert!(!client.files().contains(&"config.json".to_owned()));
}

#[test]
fn an_index_that_leaves_the_folder_is_refused() {
    let index = r#"{"weight_map": {"a": "../../evil.bin"}}"#;
    let client = Client::of(&Server::start(move |request, _| match request.path.rsplit('/').next() {
        Some("tokenizer.json" | "evil.bin") => Answer::whole(b"x"),
        Some("pytorch_model.bin.index.json") => Answer::whole(index.as_bytes()),
        _ => Answer::status("404 Not Found"),
    }));
    client.model().code(1).stderr(contains("the shard `../../evil.bin` has no plain file name"));
    assert!(!client.folder.path().join("evil.bin").exists());
}

#[test]
fn a_repository_without_weights_or_tokenizer_is_explained() {
    let expected = "neither `model.safetensors` nor `pytorch_model.bin`, nor shards of one; to use a copy";
    Client::of(&hub_with(&[])).model().code(1).stderr(contains(expected));
    let server = Server::start(|_, _| Answer::status("404 Not Found"));
    let expected = "or has neither `tokenizer.json` nor `vocab.txt`; to use a copy";
    Client::of(&server).model().code(1).stderr(contains(expected));
}

#[test]
fn a_revision_with_slashes_is_one_part_of_the_address() {
    let server = Server::start(|_, _| Answer::whole(b"x"));
    Client::of(&server).fetch(&["model", "one/tiny", "--revision", "refs/pr/7"]).success();
    assert!(server.seen().iter().all(|request| request.path.starts_with("/one/tiny/resolve/refs%2Fpr%2F7/")));
}

#[test]
fn one_file_with_the_words_of_the_tokenizer_is_enough() {
    for name in ["/vocab.txt", "/tokenizer.json"] {
        let server = Server::start(move |request, _| match request.path.ends_with(name) {
            true => Answer::status("404 Not Found"),
            false => Answer::whole(b"x"),
        });
        Client::of(&server).model().success();
    }
}

#[test]
fn the_archive_must_have_its_published_md5() {
    let server = Server::start(|_, _| Answer::whole(b"not the archive"));
    let client = Client::of(&server);
    let expected = contains("not `7c2ac02c03563afcf9b574c7e56c153a`").and(contains("IMDB_ARCHIVE=FILE"));
    client.fetch(&["data", "imdb"]).code(1).stderr(expected.and(contains("/imdb.tar.gz")).and(contains("make demo")));
    assert_eq!(std::fs::read_dir(client.folder.path().join("out")).unwrap().count(), 0);
}

#[test]
fn the_sample_model_needs_no_server_and_keeps_its_modification_times() {
    let server = Server::start(|_, _| Answer::status("500 No"));
    let client = Client::of(&server);
    let tokenizer = client.folder.path().join("out/sample-bert/tokenizer.json");
    client.fetch(&["model", "sample-bert"]).success();
    let before = std::fs::metadata(&tokenizer).unwrap().modified().unwrap();
    client.fetch(&["model", "sample-bert"]).success();
    assert_eq!(std::fs::metadata(&tokenizer).unwrap().modified().unwrap(), before);
    assert!(server.seen().is_empty());
}

#[test]
fn unknown_names_list_the_known_ones() {
    let client = Client::of(&Server::start(|_, _| Answer::status("500 No")));
    client.fetch(&["data", "imbd"]).code(1).stderr(contains("`imdb`"));
    client.fetch(&["model", "bert"]).code(1).stderr(contains("`all-MiniLM-L6-v2`").and(contains("`owner/name`")));
    client.fetch(&["modle", "bert"]).code(2);
}

#[test]
fn the_help_of_each_source_ends_with_a_command_to_paste() {
    for (source, example) in
        [("data", "fetch data imdb --out data/imdb"), ("model", "fetch model bert-base-cased --out")]
    {
        let mut command = assert_cmd::cargo::cargo_bin_cmd!("fetch");
        command.args([source, "--help"]).assert().success().stdout(contains(format!("\n  {example}")));
    }
}
