//! Pack all weights of a page in one block: rounded, compressed, in base64.

use std::io::Write;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

/// Rows of weights; each is rounded by itself, once the number of levels is known.
#[derive(Default)]
pub(crate) struct Packed {
    rows: Vec<Vec<f32>>,
}

/// Upper bound on the bytes of the block for each text, and a bound that every page may use.
const BYTES_PER_TEXT: usize = 48 << 10;
const BYTES_AT_LEAST: usize = 1 << 20;

/// Levels between 0 and a row's largest weight, from fine to coarse; no level lies at a threshold between colours.
const LEVELS: [u8; 6] = [127, 63, 31, 16, 9, 6];

impl Packed {
    /// Add the rows of one view.
    pub(crate) fn add(&mut self, rows: &[Vec<f32>]) {
        self.rows.extend_from_slice(rows);
    }

    /// Pack `data`, which must tell the length of each row, and all rows, with as many levels as a page of `texts` texts
    /// may have. Returns base64 and the levels.
    ///
    /// # Errors
    /// `data` cannot be written as JSON.
    pub(crate) fn finish(&self, data: Value, texts: usize) -> anyhow::Result<(String, u8)> {
        let limit = (texts * BYTES_PER_TEXT).max(BYTES_AT_LEAST);
        let mut packed = (String::new(), 0);
        for levels in LEVELS {
            packed = (self.at(&data, levels)?, levels);
            if packed.0.len() <= limit {
                break;
            }
        }
        Ok(packed)
    }

    /// Little-endian: the length of the JSON in four bytes, the JSON, then for each row the largest weight and those of `[CLS]`
    /// and `[SEP]` as f32, and one byte for each token between.
    fn at(&self, data: &Value, levels: u8) -> anyhow::Result<String> {
        let mut data = data.clone();
        data["levels"] = levels.into();
        let json = serde_json::to_vec(&data)?;
        let mut bytes = u32::try_from(json.len())
            .context("the page's data exceed 4 GiB; show fewer texts with --limit N")?
            .to_le_bytes()
            .to_vec();
        bytes.extend(json);
        self.rows.iter().for_each(|row| write_row(row, levels, &mut bytes));
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(&bytes)?;
        Ok(STANDARD.encode(packer.finish()?))
    }
}

fn write_row(row: &[f32], levels: u8, bytes: &mut Vec<u8>) {
    let [first, inner @ .., last] = row else { return };
    let largest = inner.iter().fold(0.0_f32, |most, weight| most.max(weight.abs()));
    bytes.extend([largest, *first, *last].iter().flat_map(|number| number.to_le_bytes()));
    let unit = if largest > 0.0 { f32::from(levels) / largest } else { 0.0 };
    bytes.extend(inner.iter().map(|weight| ((weight * unit).round() as i8).to_le_bytes()[0]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use proptest::prelude::*;
    use rand::{Rng as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;
    use std::io::Read;

    fn unpacked(text: &str) -> (Value, Vec<u8>) {
        let mut bytes = Vec::new();
        GzDecoder::new(STANDARD.decode(text).unwrap().as_slice()).read_to_end(&mut bytes).unwrap();
        let length = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
        (serde_json::from_slice(&bytes[4..4 + length]).unwrap(), bytes[4 + length..].to_vec())
    }

    proptest! {
        #[test]
        fn a_row_reads_back_within_half_a_level(row in proptest::collection::vec(-1.0_f32..1.0, 3..40)) {
            let mut packed = Packed::default();
            packed.add(std::slice::from_ref(&row));
            let (text, levels) = packed.finish(serde_json::json!({"a": 1}), 1).unwrap();
            let (data, bytes) = unpacked(&text);
            prop_assert_eq!((data["a"].as_u64(), data["levels"].as_u64()), (Some(1), Some(u64::from(levels))));
            let number = |at: usize| f32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
            let (largest, inner) = (number(0), &row[1..row.len() - 1]);
            prop_assert_eq!([number(4), number(8)], [row[0], row[row.len() - 1]]);
            for (byte, weight) in bytes[12..].iter().zip(inner) {
                let back = f32::from(i8::from_le_bytes([*byte])) * largest / f32::from(levels);
                prop_assert!((back - weight).abs() <= 0.51 * largest / f32::from(levels));
            }
        }
    }

    #[test]
    fn a_large_page_has_fewer_levels() {
        let mut packed = Packed::default();
        let mut random = ChaCha8Rng::seed_from_u64(0);
        let rows: Vec<Vec<f32>> = (0..4000).map(|_| (0..512).map(|_| random.random::<f32>()).collect()).collect();
        packed.add(&rows);
        let (text, levels) = packed.finish(serde_json::json!({}), 10).unwrap();
        assert!(levels < 127, "{levels} levels, {} bytes", text.len());
    }
}
