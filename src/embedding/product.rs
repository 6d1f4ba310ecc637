//! Matrix products with a right side that is laid out once and used often.
//!
//! Sentences are short: the left side has a dozen rows where the weights have a million numbers. There the general GEMM crates lose
//! half their time preparing the weights for each product (measured with 12 rows, one thread, all weights of the model: `gemm` 10.8 ms,
//! `faer` 8.9, `matrixmultiply` 9.1, this 5.0; with 192 rows 57, 56, 60 and 51). Vectors come from `pulp`, which picks the
//! processor's instructions at run time.

#![allow(
    clippy::inline_always,
    reason = "a function that is not inlined is compiled without the processor's instructions"
)]

use pulp::{Arch, Simd, WithSimd, bytemuck};

/// Vectors side by side in a panel. With [`ROWS`] rows they fill the sixteen registers of AVX2: twelve sums, two of the right side, one
/// of the left.
const ABREAST: usize = 2;
/// Rows that are multiplied at once.
const ROWS: usize = 6;

/// A right side: `inner` x `columns`, in panels of as many columns as [`ABREAST`] vectors hold, row by row, the last filled up with zeros.
#[derive(Debug, Clone, Default)]
pub struct Packed {
    panels: Vec<f32>,
    inner: usize,
    columns: usize,
}

impl Packed {
    /// Lays out the matrix of `inner` x `columns` whose entry in row `i` and column `j` is `entry(i, j)`, in place of what was
    /// here before.
    pub fn lay_out(&mut self, arch: Arch, inner: usize, columns: usize, entry: impl Fn(usize, usize) -> f32) {
        let width = panel_width(arch);
        self.inner = inner;
        self.columns = columns;
        self.panels.clear();
        self.panels.resize(columns.div_ceil(width) * width * inner, 0.0);
        for (p, panel) in self.panels.chunks_exact_mut((width * inner).max(1)).enumerate() {
            let first = p * width;
            let filled = width.min(columns - first);
            for (i, row) in panel.chunks_exact_mut(width).enumerate() {
                for (j, value) in row[..filled].iter_mut().enumerate() {
                    *value = entry(i, first + j);
                }
            }
        }
    }

    /// The weights of a linear layer, which are stored as `columns` rows of `inner` numbers.
    #[must_use]
    pub fn transposed(arch: Arch, stored: &[f32], inner: usize, columns: usize) -> Self {
        let mut packed = Self::default();
        packed.lay_out(arch, inner, columns, |i, j| stored[j * inner + i]);
        packed
    }

    pub fn columns(&self) -> usize {
        self.columns
    }
}

/// Rows of numbers, the starts of which lie `stride` apart.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    pub data: &'a [f32],
    pub stride: usize,
    pub count: usize,
}

/// `out = left * right + bias`, the rows of `out` lying `out_stride` apart. No bias is an empty one.
pub fn multiply(arch: Arch, left: Rows<'_>, right: &Packed, bias: &[f32], out: &mut [f32], out_stride: usize) {
    arch.dispatch(Multiply { left, right, bias, out, out_stride });
}

/// How many columns a panel has on this processor.
fn panel_width(arch: Arch) -> usize {
    struct Lanes;
    impl WithSimd for Lanes {
        type Output = usize;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            S::F32_LANES
        }
    }
    ABREAST * arch.dispatch(Lanes)
}

struct Multiply<'a> {
    left: Rows<'a>,
    right: &'a Packed,
    bias: &'a [f32],
    out: &'a mut [f32],
    out_stride: usize,
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { left, right, bias, out, out_stride } = self;
        let width = ABREAST * S::F32_LANES;
        let (panels, _) = S::as_simd_f32s(&right.panels);
        let (panels, _) = panels.as_chunks::<ABREAST>();
        if right.inner == 0 || left.count == 0 {
            return;
        }
        let tiles = left.count.div_ceil(ROWS);
        for (p, panel) in panels.chunks_exact(right.inner).enumerate() {
            let column = p * width;
            let columns = width.min(right.columns - column);
            let bias = bias.get(column..column + columns).unwrap_or_default();
            // Tiles of nearly the same height: eight rows are 4 + 4, not 6 + 2.
            let mut row = 0;
            for tile in 0..tiles {
                let height = (left.count - row).div_ceil(tiles - tile);
                let rows = &left.data[row * left.stride..];
                let out = &mut out[row * out_stride + column..];
                let tile = Tile { rows, stride: left.stride, panel, bias, columns, out_stride };
                match height {
                    1 => tile.multiply::<S, 1>(simd, out),
                    2 => tile.multiply::<S, 2>(simd, out),
                    3 => tile.multiply::<S, 3>(simd, out),
                    4 => tile.multiply::<S, 4>(simd, out),
                    5 => tile.multiply::<S, 5>(simd, out),
                    _ => tile.multiply::<S, ROWS>(simd, out),
                }
                row += height;
            }
        }
    }
}

/// A few rows times one panel.
struct Tile<'a, V> {
    rows: &'a [f32],
    stride: usize,
    panel: &'a [[V; ABREAST]],
    bias: &'a [f32],
    columns: usize,
    out_stride: usize,
}

impl<V> Tile<'_, V> {
    #[inline(always)]
    fn multiply<S: Simd<f32s = V>, const HEIGHT: usize>(&self, simd: S, out: &mut [f32])
    where
        V: Copy + bytemuck::Pod,
    {
        let inner = self.panel.len();
        let rows: [&[f32]; HEIGHT] = std::array::from_fn(|i| &self.rows[i * self.stride..][..inner]);
        let mut start = [simd.splat_f32s(0.0); ABREAST];
        bytemuck::cast_slice_mut::<V, f32>(&mut start)[..self.bias.len()].copy_from_slice(self.bias);
        let mut sums = [start; HEIGHT];
        // Counted by hand: the tests' build does not inline iterators, and with them took five times as long to learn the sample.
        let mut k = 0;
        while k < inner {
            let right = &self.panel[k];
            let mut i = 0;
            while i < HEIGHT {
                let left = simd.splat_f32s(rows[i][k]);
                let mut j = 0;
                while j < ABREAST {
                    sums[i][j] = simd.mul_add_e_f32s(left, right[j], sums[i][j]);
                    j += 1;
                }
                i += 1;
            }
            k += 1;
        }
        for (i, sums) in sums.iter().enumerate() {
            let values: &[f32] = bytemuck::cast_slice(sums);
            out[i * self.out_stride..][..self.columns].copy_from_slice(&values[..self.columns]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn products_are_what_they_are_by_definition(
            rows in 0_usize..20, inner in 0_usize..40, columns in 0_usize..70, gap in 0_usize..3, biased: bool, seed: u64
        ) {
            let mut state = seed;
            let mut number = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 40) as f32 / 16_777_216.0 - 0.5
            };
            let stride = inner + gap;
            let left: Vec<f32> = (0..rows * stride).map(|_| number()).collect();
            let stored: Vec<f32> = (0..columns * inner).map(|_| number()).collect();
            let bias: Vec<f32> = if biased { (0..columns).map(|_| number()).collect() } else { Vec::new() };
            let out_stride = columns + gap;
            for arch in [Arch::Scalar, Arch::new()] {
                let right = Packed::transposed(arch, &stored, inner, columns);
                let mut out = vec![f32::NAN; rows * out_stride];
                multiply(arch, Rows { data: &left, stride, count: rows }, &right, &bias, &mut out, out_stride);
                if inner == 0 {
                    continue;
                }
                for i in 0..rows {
                    for j in 0..columns {
                        let product: f64 = (0..inner)
                            .map(|k| f64::from(left[i * stride + k]) * f64::from(stored[j * inner + k]))
                            .sum::<f64>() + bias.get(j).copied().map_or(0.0, f64::from);
                        prop_assert!((product - f64::from(out[i * out_stride + j])).abs() < 1e-5);
                    }
                    for value in &out[i * out_stride + columns..(i + 1) * out_stride] {
                        prop_assert!(value.is_nan());
                    }
                }
            }
        }
    }
}
