//! A published digest of a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use md5::Digest as _;
use md5::Md5;

/// The published digest of a file's bytes, in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Digest {
    /// Published with older data sets: it detects accidents, not attacks.
    Md5(String),
    /// Sent by the Hugging Face hub for large files.
    Sha256(String),
}

impl Digest {
    /// The sha256 in an entity tag; other tags are not digests.
    pub(crate) fn from_tag(tag: &str) -> Option<Self> {
        let tag = tag.trim_start_matches("W/").trim_matches('"');
        let is_sha256 = tag.len() == 64 && tag.chars().all(|c| c.is_ascii_hexdigit());
        is_sha256.then(|| Digest::Sha256(tag.to_lowercase()))
    }

    /// `None` if the file has this digest, otherwise a description of the difference.
    pub(crate) fn difference(&self, path: &Path) -> io::Result<Option<String>> {
        let file = File::open(path)?;
        let (kind, expected, found) = match self {
            Digest::Md5(expected) => ("md5", expected, md5_of(file)?),
            Digest::Sha256(expected) => ("sha256", expected, records::hash::sha256_of(file)?),
        };
        Ok((*expected != found).then(|| format!("its {kind} is `{found}`, not `{expected}`")))
    }
}

fn md5_of(mut input: impl Read) -> io::Result<String> {
    let mut digest = Md5::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match input.read(&mut buffer)? {
            0 => return Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            read => digest.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn md5_is_that_of_rfc_1321() {
        assert_eq!(md5_of("message digest".as_bytes()).unwrap(), "f96b697d7cb7938d525a2f31aaf161d0");
    }

    #[test]
    fn only_a_sha256_tag_is_a_digest() {
        let sha256 = "ab".repeat(32);
        assert_eq!(Digest::from_tag(&format!("\"{}\"", sha256.to_uppercase())), Some(Digest::Sha256(sha256)));
        assert_eq!(Digest::from_tag("\"d41d8cd98f00b204e9800998ecf8427e-12\""), None);
        assert_eq!(Digest::from_tag(&"x".repeat(64)), None);
    }
}
