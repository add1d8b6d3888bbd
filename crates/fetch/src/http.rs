//! One request: timeouts, redirects, and the answer's headers.

use std::io::Read;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use ureq::http::{Response, header};
use ureq::{Agent, Body};

use crate::digest::Digest;

const REDIRECTS: usize = 5;

/// Upper bound on the time to connect.
const CONNECTING: Duration = Duration::from_secs(20);

/// The answer after all redirects.
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// The sha256 from the first server; a server that it redirects to may use tags of its own.
    pub(crate) sha256: Option<Digest>,
    /// The tag of this version of the file, from the hub or from the server that sends the bytes. Weak tags are
    /// ignored.
    pub(crate) tag: Option<String>,
    /// Offset of the body in the file.
    pub(crate) begins: u64,
    /// Bytes of the whole file, if the server tells.
    pub(crate) total: Option<u64>,
    body: Body,
}

impl Answer {
    /// The bytes from `begins` to the end.
    pub(crate) fn into_reader(self) -> impl Read {
        self.body.into_reader()
    }
}

/// A client that gives up on a server that is silent for `patience`; the whole download may take any time.
pub(crate) fn client(patience: Duration) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_connect(Some(patience.min(CONNECTING)))
        .timeout_recv_response(Some(patience))
        .timeout_per_read(Some(patience))
        .user_agent(concat!("fathom-fetch/", env!("CARGO_PKG_VERSION")));
    config.build().into()
}

/// Request the bytes of `url` from `offset` on.
///
/// Redirects are followed here, because the hub sends a file's sha256 only with the redirect itself.
pub(crate) fn get(client: &Agent, url: &str, offset: u64) -> anyhow::Result<Answer> {
    let mut url = url.to_owned();
    let (mut sha256, mut tag) = (None, None);
    for hop in 0..=REDIRECTS {
        let response = request(client, &url, offset)?;
        sha256 = sha256.or_else(|| header_sha256(&response, hop));
        tag = tag.or_else(|| text(&response, "x-linked-etag").map(str::to_owned));
        match text(&response, "location") {
            Some(location) if response.status().is_redirection() => url = join(&url, location)?,
            _ => return Ok(answer(response, sha256, tag)),
        }
    }
    bail!("more than {REDIRECTS} redirects")
}

fn request(client: &Agent, url: &str, offset: u64) -> anyhow::Result<Response<Body>> {
    let mut request = client.get(url);
    if offset > 0 {
        request = request.header(header::RANGE, format!("bytes={offset}-"));
    }
    request.call().map_err(describe)
}

/// The reason for a missing answer, in words that say where to look.
fn describe(error: ureq::Error) -> anyhow::Error {
    match error {
        ureq::Error::Timeout(what) => anyhow!("the server did not answer in time ({what})"),
        ureq::Error::HostNotFound => anyhow!("host not found, or no network"),
        ureq::Error::Io(error) => error.into(),
        error => error.into(),
    }
}

fn header_sha256(response: &Response<Body>, hop: usize) -> Option<Digest> {
    let own_tag = || text(response, "etag").filter(|_| hop == 0);
    text(response, "x-linked-etag").or_else(own_tag).and_then(Digest::from_tag)
}

fn answer(response: Response<Body>, sha256: Option<Digest>, linked: Option<String>) -> Answer {
    let tag = linked.or_else(|| text(&response, "etag").map(str::to_owned)).filter(|tag| tag.starts_with('"'));
    let (begins, total) = match text(&response, "content-range").and_then(content_range) {
        Some((begins, total)) => (begins, total),
        None => (0, response.body().content_length()),
    };
    Answer { status: response.status().as_u16(), sha256, tag, begins, total, body: response.into_body() }
}

/// `bytes 100-199/200` is (100, 200); `bytes */200`, the form of a 416, is (0, 200).
fn content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let begins = range.split_once('-').map_or(Some(0), |(begins, _)| begins.parse().ok())?;
    Some((begins, total.parse().ok()))
}

/// The target of a redirect: a full address, or a path on the same server.
fn join(url: &str, location: &str) -> anyhow::Result<String> {
    if location.starts_with("http://") || location.starts_with("https://") {
        return Ok(location.to_owned());
    }
    let host = url.find("://").map(|at| at + 3).context("the address has no scheme, such as `https://`")?;
    let end = url[host..].find('/').map_or(url.len(), |at| host + at);
    match location.starts_with('/') && !location.starts_with("//") {
        true => Ok(format!("{}{location}", &url[..end])),
        false => bail!("the server redirects to `{location}`, which is not a full address"),
    }
}

fn text<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_parsed_and_others_rejected() {
        assert_eq!(content_range("bytes 100-199/200"), Some((100, Some(200))));
        assert_eq!(content_range("bytes 100-199/*"), Some((100, None)));
        assert_eq!(content_range("bytes */200"), Some((0, Some(200))));
        assert_eq!(content_range("lines 1-2/3"), None);
        assert_eq!(content_range("bytes x-y/3"), None);
    }

    #[test]
    fn a_redirect_is_a_full_address_or_a_path() {
        assert_eq!(join("http://a:1/b/c", "/d").unwrap(), "http://a:1/d");
        assert_eq!(join("http://a", "/d").unwrap(), "http://a/d");
        assert_eq!(join("http://a/b", "https://x/y").unwrap(), "https://x/y");
        assert!(join("http://a/b", "d").is_err());
        assert!(join("http://a/b", "ftp://x/y").is_err());
    }
}
