//! The published archive and the folder in it, sound and unsound.

use predicates::prelude::*;
use predicates::str::contains;
use records::Split;
use records::shards::Manifest;

use crate::workplace::{Workplace, archive, gzip};

const DATA: &str = "dataset = \"imdb\"\nmax_seq_length = 8\nvalidation = 0.25";

type Entry = (&'static str, &'static [u8]);

/// Four reviews of train, three of test, and what else is in a published or a re-packed archive.
const ENTRIES: [Entry; 14] = [
    ("aclImdb/", b""),
    ("aclImdb/test/", b""),
    ("aclImdb/test/urls_pos.txt", b"http://example.com"),
    ("aclImdb/train/unsup/0_0.txt", b"no label"),
    ("aclImdb/train/pos/._0_9.txt", b"left by another system"),
    ("aclImdb/train/pos/0_9.txt", b"a quiet film"),
    ("./aclImdb/train/pos/1_7.txt", b"a quiet film"),
    ("aclImdb/train/neg/0_1.txt", b"it ends, it ends,<br />it ends"),
    ("aclImdb/train/neg/1_2.txt", b"bad"),
    ("aclImdb/test/pos/0_10.txt", b"a quiet film"),
    ("aclImdb/test/neg/0_2.txt", b"bad"),
    ("aclImdb/test/neg/1_1.txt", b"bad"),
    ("../../aclImdb/test/neg/2_1.txt", b"a name that leads outside"),
    ("/aclImdb/test/neg/3_1.txt", b"another"),
];

/// Run on these archive bytes.
fn prep(workplace: &Workplace, bytes: &[u8]) -> assert_cmd::assert::Assert {
    workplace.put("a.tar.gz", bytes);
    workplace.prep().args(["--archive", "a.tar.gz"]).assert()
}

#[test]
fn the_reviews_of_an_archive_become_shards_and_nothing_else_does() {
    let workplace = Workplace::new(DATA);
    let says = contains("3 train, 1 validation, 3 test").or(contains("2 train, 2 validation, 3 test"));
    prep(&workplace, &archive(&ENTRIES)).success().stdout("").stderr(says);
    let (manifest, _) = Manifest::read(&workplace.path("out")).unwrap();
    let read = |split| manifest.examples(&workplace.path("out"), split).unwrap();
    let ids: Vec<_> = read(Split::Test).into_iter().map(|example| (example.id, example.label)).collect();
    let expected = [("test/neg/0_2", 0), ("test/neg/1_1", 0), ("test/pos/0_10", 1)];
    assert_eq!(ids, expected.map(|(id, label)| (id.to_owned(), label)));
    assert_eq!(read(Split::Train).len() + read(Split::Validation).len(), 4);
    insta::assert_snapshot!(String::from_utf8_lossy(&workplace.files("out")["manifest.json"]));
}

#[test]
fn order_threads_and_unpacking_change_no_byte() {
    let workplace = Workplace::new(DATA);
    prep(&workplace, &archive(&ENTRIES)).success();
    let expected = workplace.files("out");
    for threads in ["1", "2"] {
        workplace.put("a.tar.gz", &archive(ENTRIES.iter().rev()));
        let mut again = workplace.prep();
        again.env("RAYON_NUM_THREADS", threads).args(["--archive", "a.tar.gz"]).assert().success();
        assert_eq!(workplace.files("out"), expected);
    }
    for (name, text) in ENTRIES.iter().filter(|(name, _)| name.ends_with(".txt") && !name.starts_with(['/', '.'])) {
        workplace.put(&format!("unpacked/{name}"), text);
    }
    workplace.put("unpacked/aclImdb/train/pos/1_7.txt", b"a quiet film");
    for folder in ["unpacked", "unpacked/aclImdb"] {
        workplace.prep().args(["--input", folder]).assert().success();
        assert_eq!(workplace.files("out"), expected);
    }
}

#[test]
fn a_cut_or_changed_archive_is_refused_and_the_old_shards_stay() {
    let workplace = Workplace::new(DATA);
    let whole = archive(&ENTRIES);
    prep(&workplace, &whole).success();
    let (expected, names) = (workplace.files("out"), workplace.names());
    for length in [3, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        prep(&workplace, &whole[..length]).code(1).stderr(contains("archive `a.tar.gz`").and(contains("cut short")));
    }
    let mut changed = whole.clone();
    *changed.iter_mut().rev().nth(5).unwrap() ^= 1;
    prep(&workplace, &changed).code(1).stderr(contains("damaged").and(contains("fetch data imdb --out DIR")));
    assert_eq!((workplace.files("out"), workplace.names()), (expected, names));
}

#[test]
fn what_is_no_archive_of_reviews_is_refused_and_leaves_nothing() {
    let too_long = vec![b'a'; (1 << 20) + 1];
    let cases: [(Vec<u8>, &str); 8] = [
        (archive(&[("aclImdb/train/pos/0_9.txt", b" \n".as_slice())]), "`aclImdb/train/pos/0_9.txt`: an empty file"),
        (b"".to_vec(), "not gzip"),
        (b"<html>moved</html>".to_vec(), "not gzip"),
        (gzip(b""), "no reviews, such as"),
        (gzip(&[b'x'; 2048]), "damaged"),
        (archive(&ENTRIES[..5]), "no reviews, such as"),
        (archive(&[("aclImdb/train/pos/0_9.txt", b"\xff\xfe".as_slice())]), "`aclImdb/train/pos/0_9.txt`: not UTF-8"),
        (archive(&[("aclImdb/train/pos/0_9.txt", too_long.as_slice())]), "more than 1 MiB"),
    ];
    let workplace = Workplace::new(DATA);
    for (bytes, says) in cases {
        prep(&workplace, &bytes)
            .code(1)
            .stdout("")
            .stderr(contains(says).and(predicate::str::is_match("^prep: [^\n]*\n$").unwrap()));
        assert_eq!(workplace.names(), ["a.tar.gz", "models", "x.toml"]);
    }
}

#[test]
fn a_review_that_is_there_twice_is_refused() {
    let twice = [ENTRIES[5], ENTRIES[7], ENTRIES[5]];
    prep(&Workplace::new(DATA), &archive(&twice)).code(1).stderr(contains("two examples have the id `train/pos/0_9`"));
}

#[test]
fn links_and_devices_are_no_reviews() {
    use tar::EntryType::{Block, Char, Fifo, Link, Symlink};
    for kind in [Symlink, Link, Char, Block, Fifo] {
        let mut links = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        links.append_link(&mut header, "aclImdb/train/pos/0_9.txt", "/etc/hostname").unwrap();
        let says = contains("`aclImdb/train/pos/0_9.txt` is a link or a device").and(contains("--hard-dereference"));
        prep(&Workplace::new(DATA), &gzip(&links.into_inner().unwrap())).code(1).stderr(says);
    }
    let workplace = Workplace::new(DATA);
    for name in ["train/neg", "train/pos", "test/neg"] {
        workplace.put(&format!("aclImdb/{name}/0_9.txt"), b"a film");
    }
    workplace.put("aclImdb/test/pos/0_9.txt", b"a film");
    std::os::unix::fs::symlink("0_9.txt", workplace.path("aclImdb/test/pos/1_9.txt")).unwrap();
    let says = contains("test/pos/1_9.txt` is a link or a device").and(contains("cp -rL"));
    workplace.prep().args(["--input", "aclImdb"]).assert().code(1).stderr(says);
}
