//! Open a file: unpack it, and find out its format from its name and its first bytes.

use std::io::{BufRead, BufReader, Cursor, Error, ErrorKind, Read};

use anyhow::{Context, Result, bail, ensure};
use flate2::read::MultiGzDecoder;
use records::jsonl;
use study::Data;

use crate::files::Part;
use crate::json::Records;
use crate::parquet;
use crate::reader::Reader;
use crate::table::Table;

const BUFFER_BYTES: usize = 1 << 20;

/// Bytes of a file that are looked at before it is read: more than any header.
const START_BYTES: u64 = 1 << 16;

/// How files begin that cannot be read here, what they are, and what to do.
const FOREIGN: [(&[u8], &str, &str); 7] = [
    (b"PK\x03\x04", "a workbook or a zip archive", "save the sheet as CSV, or unpack the archive"),
    (b"PAR1", "Parquet", "name it with `--input`, unpacked and not through a pipe"),
    (b"\xff\xfe", "UTF-16", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16", "save it as UTF-8"),
    (b"BZh", "packed by bzip2", "unpack it, or pack it by gzip"),
    (b"\xfd7zXZ", "packed by xz", "unpack it, or pack it by gzip"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd", "unpack it, or pack it by gzip"),
];

/// Open one part of a source.
///
/// # Errors
/// It cannot be read, has another format, or is a table without the columns.
pub(crate) fn open(part: Part, data: &Data) -> Result<Reader> {
    let Part { name, path, input, .. } = part;
    let (start, input) = peek(input).with_context(|| format!("reading `{name}`"))?;
    if let Some(path) = path.filter(|_| start.starts_with(b"PAR1")) {
        return Ok(Reader::Json(Box::new(parquet::open(name, &path, data)?)));
    }
    let (start, input) = match start.starts_with(&[0x1f, 0x8b]) {
        true => peek(Box::new(Unpacked(MultiGzDecoder::new(input)))).with_context(|| format!("`{name}`"))?,
        false => (start, input),
    };
    if let Some((_, what, fix)) = FOREIGN.iter().find(|(first, ..)| start.starts_with(first)) {
        bail!("`{name}`: the file is {what}; {fix}");
    }
    let first = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start).trim_ascii_start().first();
    let is_table = named(&name, &[".csv", ".tsv", ".tab"]);
    ensure!(
        first.is_some() || !is_table,
        "`{name}`: the file is empty; write a header such as `text,label`, and a row for each text"
    );
    let is_json = named(&name, &[".jsonl", ".ndjson", ".json"]);
    let buffered: Box<dyn BufRead> = Box::new(BufReader::with_capacity(BUFFER_BYTES, input));
    let json = |records| Ok(Reader::Json(Box::new(Records::new(records, data))));
    match first {
        Some(b'[') if !is_table => json(jsonl::Reader::of_array(name, without_mark(buffered)?)),
        Some(b'{') | None if !is_table => json(jsonl::Reader::new(name, buffered)),
        _ if is_json => json(jsonl::Reader::new(name, buffered)),
        _ => Ok(Reader::Table(Box::new(Table::new(name, &start, buffered, data)?))),
    }
}

/// What gzip packed; a fault of it says what to do.
struct Unpacked<R>(R);

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer).map_err(|e| match e.kind() {
            ErrorKind::UnexpectedEof => Error::other("the file is cut short; download it again, or pack it again"),
            ErrorKind::InvalidInput | ErrorKind::InvalidData => {
                Error::other(format!("{e}: the file is damaged; download it again, or pack it again"))
            }
            _ => e,
        })
    }
}

/// `input` behind its byte-order mark.
fn without_mark(mut input: Box<dyn BufRead>) -> Result<Box<dyn BufRead>> {
    let marked = input.fill_buf()?.starts_with(b"\xef\xbb\xbf");
    input.consume(if marked { 3 } else { 0 });
    Ok(input)
}

/// How `input` begins, and all of it.
fn peek(mut input: Box<dyn Read>) -> std::io::Result<(Vec<u8>, Box<dyn Read>)> {
    let mut start = Vec::new();
    input.by_ref().take(START_BYTES).read_to_end(&mut start)?;
    Ok((start.clone(), Box::new(Cursor::new(start).chain(input))))
}

/// Whether the file's name has one of these endings, packed or not.
pub(crate) fn named(name: &str, endings: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    endings.iter().any(|ending| name.ends_with(ending))
}
