//! sha256 of bytes and of files, in hexadecimal.

use std::io::Read;

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
    }
}
