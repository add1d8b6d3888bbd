//! A loopback server that answers as a test decides and records the requests.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    pub(crate) path: String,
    /// From `Range: bytes=N-`.
    pub(crate) offset: Option<usize>,
}

/// An answer.
pub(crate) struct Answer {
    status: &'static str,
    headers: Vec<String>,
    body: Vec<u8>,
    length: usize,
}

impl Answer {
    pub(crate) fn status(status: &'static str) -> Self {
        Answer { status, headers: Vec::new(), body: Vec::new(), length: 0 }
    }

    pub(crate) fn whole(body: &[u8]) -> Self {
        Answer { status: "200 OK", headers: Vec::new(), body: body.to_vec(), length: body.len() }
    }

    /// `body` from `offset` on, as an answer to a range request.
    pub(crate) fn range(body: &[u8], offset: usize) -> Self {
        let range = format!("Content-Range: bytes {offset}-{}/{}", body.len() - 1, body.len());
        let rest = Answer::whole(&body[offset..]).header(range);
        Answer { status: "206 Partial Content", ..rest }
    }

    pub(crate) fn header(mut self, line: impl Into<String>) -> Self {
        self.headers.push(line.into());
        self
    }

    /// Drop the connection after this many bytes of the body, whatever `Content-Length` says.
    pub(crate) fn dropped_after(mut self, bytes: usize) -> Self {
        self.body.truncate(bytes);
        self
    }

    /// A body of this many bytes, with a matching `Content-Length`; `Content-Range` still names the whole length.
    pub(crate) fn shortened_to(mut self, bytes: usize) -> Self {
        self.body.truncate(bytes);
        self.length = bytes;
        self
    }

    fn send(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        let Answer { status, headers, body, length } = self;
        let mut head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n");
        headers.iter().for_each(|line| head += &format!("{line}\r\n"));
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        stream.write_all(body)
    }
}

/// A server that lives as long as the test's process.
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// `answer` gets each request and the number of earlier ones.
    pub(crate) fn start(answer: impl Fn(&Request, usize) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = read(&stream);
                let mut seen = remembered.lock().unwrap();
                let answer = answer(&request, seen.len());
                seen.push(request);
                drop(seen);
                answer.send(&mut stream).unwrap();
            }
        });
        Server { url, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// The offset of each request.
    pub(crate) fn offsets(&self) -> Vec<Option<usize>> {
        self.seen().into_iter().map(|request| request.offset).collect()
    }
}

fn read(stream: &TcpStream) -> Request {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    let mut offset = None;
    for line in lines.take_while(|line| !line.is_empty()) {
        let range = line.to_lowercase();
        let from = range.strip_prefix("range: bytes=").map(|range| range.trim_end_matches('-').parse().unwrap());
        offset = offset.or(from);
    }
    Request { path, offset }
}
