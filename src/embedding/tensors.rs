//! `model.safetensors`: a file of named tensors of numbers.

use std::{
    fs::File,
    io::{BufReader, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{EmbedError, table::Table};

/// A file of tensors: eight bytes with the length of a JSON header, the header, the numbers.
/// <https://huggingface.co/docs/safetensors>
pub struct Tensors {
    path: PathBuf,
    file: BufReader<File>,
    header: serde_json::Map<String, serde_json::Value>,
    /// Where the numbers begin.
    start: u64,
    /// Bytes of the file.
    size: u64,
    /// What all names begin with, such as `roberta.`.
    prefix: String,
}

/// The header's entry of one tensor.
#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (u64, u64),
}

/// Where a tensor lies, within the file.
struct Found {
    /// Bytes after the header.
    from: u64,
    count: usize,
    stored: Stored,
}

/// How a number is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stored {
    F32,
    F16,
    BF16,
}

/// The format's own limit on the header, in bytes.
const LONGEST_HEADER: u64 = 100_000_000;
/// Read at once, about, in bytes.
const BLOCK: usize = 1 << 16;

impl Tensors {
    /// Opens a file. `known` is a tensor that it must have: what stands before its name stands before all.
    pub fn open(path: &Path, known: &str) -> Result<Self, EmbedError> {
        let read = |source| EmbedError::Read { path: path.to_owned(), source };
        let unfit = |why: String| EmbedError::Unfit { path: path.to_owned(), why };
        let file = File::open(path).map_err(read)?;
        let size = file.metadata().map_err(read)?.len();
        let mut file = BufReader::with_capacity(1 << 18, file);
        let mut length = [0; 8];
        file.read_exact(&mut length).map_err(read)?;
        let length = u64::from_le_bytes(length);
        if length > LONGEST_HEADER.min(size) {
            return Err(unfit("it does not begin as a file of tensors does".to_owned()));
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).map_err(read)?;
        let header: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&header).map_err(|error| unfit(format!("its header: {error}")))?;
        // The shortest, should there be several: other parts of a model may have embeddings too.
        let prefixes = header.keys().filter_map(|name| name.strip_suffix(known));
        let prefix =
            prefixes.filter(|prefix| prefix.is_empty() || prefix.ends_with('.')).min_by_key(|prefix| prefix.len());
        let prefix = prefix.ok_or_else(|| unfit(format!("{known} is not in it")))?.to_owned();
        Ok(Self { path: path.to_owned(), file, header, start: 8 + length, size, prefix })
    }

    /// A tensor of `rows` x `columns` numbers.
    pub fn matrix(&mut self, name: &str, rows: usize, columns: usize) -> Result<Vec<f32>, EmbedError> {
        let found = self.find(name)?;
        self.check(name, &found, rows, columns)?;
        self.collect(&found)
    }

    /// The same as a table, which is never whole in memory before it is rounded.
    pub fn table(&mut self, name: &str, rows: usize, columns: usize) -> Result<Table, EmbedError> {
        let found = self.find(name)?;
        self.check(name, &found, rows, columns)?;
        let mut table = Table::new(rows, columns);
        self.read(&found, columns, |rows| table.extend(rows))?;
        Ok(table)
    }

    /// All numbers of a tensor, `length` of them where that is given.
    pub fn vector(&mut self, name: &str, length: Option<usize>) -> Result<Vec<f32>, EmbedError> {
        let found = self.find(name)?;
        if length.is_some_and(|length| length != found.count) {
            return Err(self.unfit(format!("{name} has an unexpected size")));
        }
        self.collect(&found)
    }

    fn find(&self, name: &str) -> Result<Found, EmbedError> {
        let entry = self.header.get(&format!("{}{name}", self.prefix));
        let entry = entry.ok_or_else(|| self.unfit(format!("{name} is not in it")))?;
        let Entry { dtype, shape, data_offsets: (from, to) } =
            Entry::deserialize(entry).map_err(|error| self.unfit(format!("{name}: {error}")))?;
        let stored = match dtype.as_str() {
            "F32" => Stored::F32,
            "F16" => Stored::F16,
            "BF16" => Stored::BF16,
            _ => return Err(self.unfit(format!("{name} is stored as {dtype}; F32, F16 and BF16 are understood"))),
        };
        let count = shape.iter().try_fold(1_usize, |count, side| count.checked_mul(*side));
        let bytes = |count: &usize| (*count as u64).checked_mul(stored.size() as u64);
        let Some(count) = count.filter(|count| to.checked_sub(from) == bytes(count)) else {
            return Err(self.unfit(format!("{name} has an unexpected size")));
        };
        // The header may lie: no memory is taken for what the file does not have.
        if to > self.size.saturating_sub(self.start) {
            return Err(self.unfit(format!("it ends before {name}")));
        }
        Ok(Found { from, count, stored })
    }

    fn check(&self, name: &str, found: &Found, rows: usize, columns: usize) -> Result<(), EmbedError> {
        if rows.checked_mul(columns) == Some(found.count) {
            return Ok(());
        }
        Err(self.unfit(format!("{name} has {} numbers where {rows} x {columns} belong", found.count)))
    }

    fn collect(&mut self, found: &Found) -> Result<Vec<f32>, EmbedError> {
        let mut numbers = Vec::with_capacity(found.count);
        self.read(found, 1, |block| numbers.extend_from_slice(block))?;
        Ok(numbers)
    }

    /// Gives all numbers of a tensor in blocks, each of whole rows of so many numbers.
    fn read(&mut self, found: &Found, row: usize, take: impl FnMut(&[f32])) -> Result<(), EmbedError> {
        self.read_into(found, row, take).map_err(|source| EmbedError::Read { path: self.path.clone(), source })
    }

    fn read_into(
        &mut self,
        Found { from, count, stored }: &Found,
        row: usize,
        mut take: impl FnMut(&[f32]),
    ) -> std::io::Result<()> {
        self.file.seek(SeekFrom::Start(self.start.saturating_add(*from)))?;
        let row = (row * stored.size()).max(1);
        let mut buffer = vec![0; (BLOCK / row).max(1) * row];
        let mut numbers = Vec::with_capacity(buffer.len() / stored.size());
        let mut left = stored.size() * count;
        while left > 0 {
            let length = left.min(buffer.len());
            let bytes = &mut buffer[..length];
            self.file.read_exact(bytes)?;
            left -= length;
            let halves = || bytes.as_chunks::<2>().0.iter().map(|bytes| u16::from_le_bytes(*bytes));
            numbers.clear();
            match stored {
                Stored::F32 => numbers.extend(bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes))),
                Stored::F16 => numbers.extend(halves().map(half)),
                Stored::BF16 => numbers.extend(halves().map(|bits| f32::from_bits(u32::from(bits) << 16))),
            }
            take(&numbers);
        }
        Ok(())
    }

    /// The error that this file is not of a model that can be used.
    pub fn unfit(&self, why: String) -> EmbedError {
        EmbedError::Unfit { path: self.path.clone(), why }
    }
}

impl Stored {
    /// Bytes a number.
    fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
        }
    }
}

/// A half-precision number (IEEE 754 binary16: one bit of sign, five of exponent, ten of fraction), exactly.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let fraction = f32::from(bits & 0x3ff);
    match bits >> 10 & 0x1f {
        0 => sign * fraction * 2_f32.powi(-24),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        exponent => sign * (1024.0 + fraction) * 2_f32.powi(i32::from(exponent) - 25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_numbers_are_what_they_are_by_definition() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65_504.0),
            (0x0001, 5.960_464_5e-8),
            (0x3555, 0.333_251_95),
        ] {
            assert!((half(bits) - value).abs() <= f32::EPSILON * value.abs(), "{bits:#x}");
        }
        assert!(half(0x7c00).is_infinite() && half(0x7e00).is_nan());
        // Each next one is larger.
        assert!((0..0x7c00_u16).all(|bits| half(bits) < half(bits + 1)));
    }
}
