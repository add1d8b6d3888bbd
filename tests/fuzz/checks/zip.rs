//! Zip archives as `torch.save` writes them: entries are stored, not compressed.

/// An archive of `entries`, each a name and its bytes.
pub(crate) fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut archive, mut table) = (Vec::new(), Vec::new());
    for (name, bytes) in entries {
        let start = (archive.len() as u32).to_le_bytes();
        let size = (bytes.len() as u32).to_le_bytes();
        let (names, nothing) = ((name.len() as u16).to_le_bytes(), [0; 2]);
        let shared = [&[0; 12][..], &size, &size, &names, &nothing].concat(); // flags to checksum are not read
        archive.extend([b"PK\x03\x04\0\0", &shared[..], name.as_bytes(), bytes].concat());
        table.extend([b"PK\x01\x02\0\0\0\0", &shared[..], &[0; 10], &start, name.as_bytes()].concat());
    }
    let (count, start) = ((entries.len() as u16).to_le_bytes(), (archive.len() as u32).to_le_bytes());
    let end =
        [&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &(table.len() as u32).to_le_bytes(), &start, &[0; 2]].concat();
    [archive, table, end].concat()
}
