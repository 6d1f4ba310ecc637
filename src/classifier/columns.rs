//! A large matrix that is often copied and given back.

use serde::{Deserialize, Serialize};

/// Columns of as many numbers each, in blocks of some tens of kilobytes. In one piece it may be 25 MB; freeing pieces of such size
/// teaches the system's allocator (glibc) to keep what is freed, and a process that learnt would keep all copies that cross-validation made.
#[derive(Clone, Serialize, Deserialize)]
pub struct Columns {
    blocks: Vec<Vec<f32>>,
    /// Columns in a block, as the power of two.
    shift: u32,
    /// Numbers in a column.
    stride: usize,
}

/// Numbers in a block, at most, where a column has fewer: 64 KB.
const BLOCK: usize = 1 << 14;

impl Columns {
    /// So many columns of `stride` zeros.
    pub fn new(count: usize, stride: usize) -> Self {
        let shift = (BLOCK / stride.max(1)).max(1).ilog2();
        let blocks = count.div_ceil(1 << shift);
        let last = count - (blocks.saturating_sub(1) << shift);
        let length = |block| if block + 1 == blocks { last * stride } else { stride << shift };
        Self { blocks: (0..blocks).map(|block| vec![0.0; length(block)]).collect(), shift, stride }
    }

    /// The numbers of one column.
    pub fn column(&self, column: usize) -> &[f32] {
        let (block, at) = self.place(column);
        &self.blocks[block][at..at + self.stride]
    }

    /// The same, to be changed.
    pub fn column_mut(&mut self, column: usize) -> &mut [f32] {
        let (block, at) = self.place(column);
        &mut self.blocks[block][at..at + self.stride]
    }

    /// All columns in their order, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        self.blocks.iter_mut().flat_map(|block| block.chunks_exact_mut(self.stride))
    }

    fn place(&self, column: usize) -> (usize, usize) {
        (column >> self.shift, (column & ((1 << self.shift) - 1)) * self.stride)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_column_has_its_own_numbers(count in 0_usize..900, stride in 1_usize..700) {
            let mut columns = Columns::new(count, stride);
            for column in 0..count {
                columns.column_mut(column).fill(column as f32);
            }
            prop_assert!((0..count).all(|column| *columns.column(column) == vec![column as f32; stride]));
            prop_assert_eq!(columns.iter_mut().map(|column| column[0] as usize).collect::<Vec<_>>(), (0..count).collect::<Vec<_>>());
            prop_assert!(columns.blocks.iter().all(|block| block.len() <= BLOCK.max(stride)));
        }
    }
}
