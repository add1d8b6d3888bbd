//! sha256 of bytes and of files, in hexadecimal.

use std::io::{Read, Write};

use sha2::{Digest, Sha256};

/// sha256 of `bytes`.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// sha256 of everything that `input` gives, in constant memory.
///
/// # Errors
/// Reading fails.
pub fn sha256_of(mut input: impl Read) -> std::io::Result<String> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match input.read(&mut buffer)? {
            0 => return Ok(hexadecimal(&digest.finalize())),
            read => digest.update(&buffer[..read]),
        }
    }
}

/// A writer that hashes what it passes on.
pub struct Hashed<W> {
    output: W,
    digest: Sha256,
}

impl<W> Hashed<W> {
    /// Pass on to `output`.
    pub fn new(output: W) -> Self {
        Hashed { output, digest: Sha256::new() }
    }

    /// The output, and the sha256 of everything written to it.
    pub fn finish(self) -> (W, String) {
        (self.output, hexadecimal(&self.digest.finalize()))
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.output.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.output.flush()
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_a_stream_and_of_bytes_agree() {
        let bytes = vec![7; 200_000];
        assert_eq!(sha256_of(bytes.as_slice()).unwrap(), sha256_hex(&bytes));
        let mut hashed = Hashed::new(Vec::new());
        bytes.chunks(777).for_each(|part| hashed.write_all(part).unwrap());
        assert_eq!(hashed.finish(), (bytes.clone(), sha256_hex(&bytes)));
    }
}
