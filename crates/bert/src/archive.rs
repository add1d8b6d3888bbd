//! The table of contents of a zip archive with uncompressed entries (PKWARE's APPNOTE, 4.3).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

/// The longest end record: 22 bytes and a comment.
const LONGEST_END: u64 = 22 + 65_535;
/// Upper bound on the bytes of the table.
const LONGEST_TABLE: u64 = 16 << 20;

/// The bytes of each entry.
///
/// # Errors
/// The archive is cut short, damaged, or compressed.
pub(crate) fn entries(file: &mut File, length: u64) -> Result<BTreeMap<String, Range<u64>>, String> {
    let tail = read(file, length.saturating_sub(LONGEST_END), length.min(LONGEST_END))?;
    let end = tail.windows(4).rposition(|bytes| bytes == b"PK\x05\x06").ok_or("is a zip archive that was cut short")?;
    let end = tail.get(end..end + 22).ok_or(DAMAGED)?;
    let (size, start) = (u64::from(u32_at(end, 12)), u64::from(u32_at(end, 16)));
    if size > LONGEST_TABLE || start + size > length {
        return Err(DAMAGED.to_owned());
    }
    let table = read(file, start, size)?;
    let (mut entries, mut rest) = (BTreeMap::new(), table.as_slice());
    while rest.starts_with(b"PK\x01\x02") {
        let record = rest.get(..46).ok_or(DAMAGED)?;
        let [name, extra, comment] = [28, 30, 32].map(|at| usize::from(u16_at(record, at)));
        let bytes = rest.get(46..46 + name).ok_or(DAMAGED)?;
        let text = String::from_utf8_lossy(bytes).into_owned();
        if u16_at(record, 10) != 0 {
            return Err(format!("compresses its entry `{text}`, which `torch.save` never does"));
        }
        let place = place(file, u64::from(u32_at(record, 42)), u64::from(u32_at(record, 24)), length)?;
        if entries.insert(text.clone(), place).is_some() {
            return Err(format!("holds the entry `{text}` twice"));
        }
        rest = rest.get(46 + name + extra + comment..).ok_or(DAMAGED)?;
    }
    Ok(entries)
}

/// The bytes after an entry's own header, whose length may differ from the table's.
fn place(file: &mut File, header: u64, size: u64, length: u64) -> Result<Range<u64>, String> {
    let record = read(file, header, 30)?;
    if !record.starts_with(b"PK\x03\x04") {
        return Err(DAMAGED.to_owned());
    }
    let start = header + 30 + u64::from(u16_at(&record, 26)) + u64::from(u16_at(&record, 28));
    let end = start + size;
    if end <= length { Ok(start..end) } else { Err(DAMAGED.to_owned()) }
}

const DAMAGED: &str = "is a damaged zip archive, or one of more than 4 GiB";

fn read(file: &mut File, from: u64, length: u64) -> Result<Vec<u8>, String> {
    let mut bytes = vec![0; length as usize];
    file.seek(SeekFrom::Start(from)).map_err(|e| e.to_string())?;
    file.read_exact(&mut bytes).map_err(|_| DAMAGED)?;
    Ok(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
#[path = "../../../tests/fuzz/checks/zip.rs"]
mod zip;

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test's own file")]
mod tests {
    use super::*;

    fn read_back(bytes: &[u8]) -> Result<BTreeMap<String, Range<u64>>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive");
        std::fs::write(&path, bytes).unwrap();
        entries(&mut File::open(path).unwrap(), bytes.len() as u64)
    }

    #[test]
    fn each_entry_is_found_at_its_bytes() {
        let archive = zip::zip(&[("a", b"first"), ("b/c", b""), ("d", b"PK\x05\x06 in the numbers")]);
        let found = read_back(&archive).unwrap();
        let bytes = |name: &str| &archive[found[name].start as usize..found[name].end as usize];
        assert_eq!(
            (bytes("a"), bytes("b/c"), bytes("d")),
            (&b"first"[..], &b""[..], &b"PK\x05\x06 in the numbers"[..])
        );
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn a_cut_compressed_or_lying_archive_is_refused() {
        let archive = zip::zip(&[("a", b"first"), ("b", b"second")]);
        for length in 0..archive.len() {
            assert!(read_back(&archive[..length]).is_err(), "{length} bytes");
        }
        let table = archive.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
        let with = |at: usize, bytes: &[u8]| {
            let mut archive = archive.clone();
            archive[at..at + bytes.len()].copy_from_slice(bytes);
            read_back(&archive).unwrap_err()
        };
        assert!(with(table + 10, &[8]).contains("compresses its entry `a`"));
        assert!(with(table + 46 + 1 + 46, b"a").contains("the entry `a` twice"));
        for at in [24, 42] {
            assert_eq!(with(table + at, &[0xff; 4]), DAMAGED, "size or place of the first entry");
        }
        let end = archive.len() - 22;
        assert_eq!(with(end + 12, &[0xff; 4]), DAMAGED, "size of the table");
        assert_eq!(with(end + 16, &[0xff; 4]), DAMAGED, "place of the table");
    }
}
