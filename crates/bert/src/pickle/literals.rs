//! Numbers, names and texts: opcodes with their own bytes.

use std::io::{BufRead, Read};

use super::Value;
use super::machine::{Machine, SHORT};

/// Upper bound on the length of a text; what is longer does not name anything.
const LONGEST_TEXT_BYTES: u64 = 1 << 12;

impl<R: BufRead> Machine<'_, R> {
    pub(super) fn literal(&mut self, opcode: u8) -> Result<Value, String> {
        match opcode {
            b'N' => Ok(Value::Other),
            0x88 | 0x89 => Ok(Value::Bool(opcode == 0x88)),
            b'K' => self.little_endian(1).map(|number| Value::Int(number as i64)),
            b'M' => self.little_endian(2).map(|number| Value::Int(number as i64)),
            b'J' => self.little_endian(4).map(|number| Value::Int(i64::from(number as u32 as i32))),
            0x8a => self.long(),
            b'I' | b'L' => {
                let line = self.line()?;
                Ok(line.trim_end_matches('L').parse().map_or(Value::Other, Value::Int))
            }
            b'F' => self.line().map(|_| Value::Other),
            b'G' => self.skip(8).map(|()| Value::Other),
            b'S' | b'V' => self.line().map(|line| Value::Text(line.trim_matches(['\'', '"']).into())),
            b'U' | 0x8c => self.string(1),
            b'T' | b'X' => self.string(4),
            0x8d => self.string(8),
            b'C' | b'B' | 0x8b | 0x8e | 0x96 => {
                let width = if opcode == b'C' {
                    1
                } else if opcode < 0x8e {
                    4
                } else {
                    8
                };
                let length = self.little_endian(width)?;
                self.skip(length).map(|()| Value::Other)
            }
            0x82..=0x84 => Err("asks to call a function by its number (opcode EXT): the file was refused".to_owned()),
            _ => Err(format!("is not a model's pickle: unexpected opcode {opcode:#04x}")),
        }
    }

    /// A little-endian two's complement number; more than 8 bytes cannot describe a size.
    fn long(&mut self) -> Result<Value, String> {
        let length = self.little_endian(1)?;
        if length > 8 {
            return self.skip(length).map(|()| Value::Other);
        }
        let number = self.little_endian(length as usize)?;
        let unused = 64 - 8 * length as u32;
        Ok(Value::Int(if length == 0 { 0 } else { ((number << unused) as i64) >> unused }))
    }

    fn string(&mut self, width: usize) -> Result<Value, String> {
        let length = self.little_endian(width)?;
        let mut bytes = Vec::new();
        self.input.by_ref().take(length.min(LONGEST_TEXT_BYTES)).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
        self.skip(length - bytes.len() as u64)?;
        Ok(Value::Text(String::from_utf8_lossy(&bytes).into()))
    }
    pub(super) fn little_endian(&mut self, width: usize) -> Result<u64, String> {
        let mut bytes = [0; 8];
        self.input.read_exact(&mut bytes[..width]).map_err(|_| SHORT)?;
        Ok(u64::from_le_bytes(bytes))
    }

    pub(super) fn line(&mut self) -> Result<String, String> {
        let mut bytes = Vec::new();
        self.input.by_ref().take(LONGEST_TEXT_BYTES).read_until(b'\n', &mut bytes).map_err(|e| e.to_string())?;
        Ok(String::from_utf8_lossy(bytes.strip_suffix(b"\n").unwrap_or(&bytes)).into_owned())
    }

    pub(super) fn skip(&mut self, length: u64) -> Result<(), String> {
        let skipped = std::io::copy(&mut self.input.by_ref().take(length), &mut std::io::sink());
        if skipped.map_err(|e| e.to_string())? == length { Ok(()) } else { Err(SHORT.to_owned()) }
    }
}
