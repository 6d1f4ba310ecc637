//! What happens to the numbers between two products: normalisation, softmax, the activation.
//!
//! Plain loops, compiled once for each instruction set by `pulp`, hence inlined throughout. Sums run in eight lanes, since the compiler may not
//! reorder an addition.

#![allow(
    clippy::inline_always,
    reason = "a function that is not inlined is compiled without the processor's instructions"
)]

use pulp::Arch;

/// Adds `added` to `rows` and brings each row to mean 0 and variance 1, then scales and shifts it (layer normalisation).
pub fn add_and_normalise(arch: Arch, rows: &mut [f32], added: &[f32], norm: &Norm) {
    arch.dispatch(
        #[inline(always)]
        || {
            for (row, added) in rows.chunks_exact_mut(norm.scale.len()).zip(added.chunks_exact(norm.scale.len())) {
                add(row, added);
                normalise(row, norm);
            }
        },
    );
}

/// Layer normalisation of each row.
pub fn normalise_rows(arch: Arch, rows: &mut [f32], norm: &Norm) {
    arch.dispatch(
        #[inline(always)]
        || {
            for row in rows.chunks_exact_mut(norm.scale.len()) {
                normalise(row, norm);
            }
        },
    );
}

/// Each row to positive numbers that sum to one.
pub fn softmax_rows(arch: Arch, rows: &mut [f32], width: usize) {
    arch.dispatch(
        #[inline(always)]
        || {
            for row in rows.chunks_exact_mut(width) {
                softmax(row);
            }
        },
    );
}

/// The Gaussian error linear unit, in its exact form (by the error function).
pub fn gelu(arch: Arch, values: &mut [f32]) {
    arch.dispatch(
        #[inline(always)]
        || {
            for value in values {
                *value = 0.5 * *value * (1.0 + erf(*value * std::f32::consts::FRAC_1_SQRT_2));
            }
        },
    );
}

/// The Gaussian error linear unit in its approximation by the hyperbolic tangent (Hendrycks and Gimpel, 2016).
pub fn gelu_tanh(arch: Arch, values: &mut [f32]) {
    /// The square root of 2 / pi.
    const SCALE: f32 = 0.797_884_6;
    arch.dispatch(
        #[inline(always)]
        || {
            for value in values {
                let x = SCALE * (*value + 0.044_715 * *value * *value * *value);
                let small = exp(-2.0 * x.abs());
                let tanh = ((1.0 - small) / (1.0 + small)).copysign(x);
                *value = 0.5 * *value * (1.0 + tanh);
            }
        },
    );
}

/// Nothing below zero.
pub fn relu(arch: Arch, values: &mut [f32]) {
    arch.dispatch(
        #[inline(always)]
        || {
            for value in values {
                *value = value.max(0.0);
            }
        },
    );
}

/// The mean of the rows, brought to length one.
pub fn pool(rows: &[f32], width: usize) -> Vec<f32> {
    let mut pooled = vec![0.0; width];
    for row in rows.chunks_exact(width) {
        add(&mut pooled, row);
    }
    let length = sum(&pooled, |x| x * x).sqrt().max(f32::MIN_POSITIVE);
    for value in &mut pooled {
        *value /= length;
    }
    pooled
}

/// What a layer normalisation learnt.
#[derive(Debug)]
pub struct Norm {
    pub scale: Vec<f32>,
    pub shift: Vec<f32>,
    /// Keeps the variance from vanishing.
    pub epsilon: f32,
}

#[inline(always)]
pub fn add(row: &mut [f32], added: &[f32]) {
    for (value, added) in row.iter_mut().zip(added) {
        *value += added;
    }
}

#[inline(always)]
fn normalise(row: &mut [f32], norm: &Norm) {
    let width = row.len() as f32;
    let mean = sum(row, |x| x) / width;
    let variance = sum(row, |x| (x - mean) * (x - mean)) / width;
    let factor = 1.0 / (variance + norm.epsilon).sqrt();
    for ((value, scale), shift) in row.iter_mut().zip(&norm.scale).zip(&norm.shift) {
        *value = (*value - mean) * factor * scale + shift;
    }
}

#[inline(always)]
fn softmax(row: &mut [f32]) {
    let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for value in row.iter_mut() {
        *value = exp(*value - highest);
    }
    let factor = 1.0 / sum(row, |x| x);
    for value in row {
        *value *= factor;
    }
}

#[inline(always)]
fn sum(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let (chunks, rest) = values.as_chunks::<8>();
    let mut lanes = [0.0; 8];
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += of(*value);
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().map(|value| of(*value)).sum::<f32>()
}

/// The exponential function within two units in the last place, for numbers that are not above 0. The polynomial is that of Cephes' `expf`.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// Adding it leaves the nearest whole number in the last bits of the mantissa.
    const ROUND: f32 = 12_582_912.0;
    let x = x.max(-87.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    // ln 2 in two parts, the first of few bits, so that the difference is exact.
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    for c in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
        p = p * r + c;
    }
    let p = p * r * r + r + 1.0;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0_f32.to_bits()));
    p * power
}

/// The error function within 5e-7: the rational approximation that Eigen uses, good between -4 and 4, beyond which it is ±1 in `f32`.
#[inline(always)]
fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let square = x * x;
    let mut p = -2.726_142_3e-10;
    for c in [2.770_681_4e-8, -2.101_024e-6, -5.692_506_4e-5, -7.349_906_3e-4, -2.954_6e-3, -1.609_603_3e-2] {
        p = p * square + c;
    }
    let mut q = -1.456_607_2e-5;
    for c in [-2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2] {
        q = q * square + c;
    }
    x * p / q
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_exponential_function_is_exact_to_the_last_places() {
        for i in 0..=870_000 {
            let x = -i as f32 / 10_000.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() <= exact * 2.5e-7, "{x}");
        }
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
    }

    #[test]
    fn the_error_function_is_exact_to_the_last_places() {
        // From the series, which converges for every number; 4 is where f32 ends.
        let series = |x: f64| {
            let mut term = x;
            let mut sum = x;
            for n in 1..200 {
                term *= -x * x / f64::from(n);
                sum += term / f64::from(2 * n + 1);
            }
            sum * std::f64::consts::FRAC_2_SQRT_PI
        };
        for i in -45_000..=45_000 {
            let x = i as f32 / 10_000.0;
            assert!((f64::from(erf(x)) - series(f64::from(x))).abs() < 5e-7, "{x}: {}", erf(x));
        }
    }

    proptest! {
        #[test]
        fn softmax_gives_shares(row in prop::collection::vec(-200.0_f32..200.0, 1..140)) {
            for arch in [Arch::Scalar, Arch::new()] {
                let mut shares = row.clone();
                softmax_rows(arch, &mut shares, row.len());
                let highest = row.iter().copied().fold(f32::MIN, f32::max);
                let whole: f64 = row.iter().map(|x| f64::from(x - highest).exp()).sum();
                for (share, x) in shares.iter().zip(&row) {
                    prop_assert!((f64::from(*share) - f64::from(x - highest).exp() / whole).abs() < 1e-6);
                }
            }
        }

        #[test]
        fn normalised_rows_have_mean_zero_and_variance_one(row in prop::collection::vec(-50.0_f32..50.0, 16..40)) {
            prop_assume!(row.iter().any(|x| (x - row[0]).abs() > 1.0));
            let norm = Norm { scale: vec![1.0; row.len()], shift: vec![0.0; row.len()], epsilon: 1e-12 };
            let mut normal = row.clone();
            normalise_rows(Arch::new(), &mut normal, &norm);
            let mean = normal.iter().sum::<f32>() / row.len() as f32;
            let variance = normal.iter().map(|x| x * x).sum::<f32>() / row.len() as f32;
            prop_assert!(mean.abs() < 1e-4 && (variance - 1.0).abs() < 1e-4, "{mean} {variance}");
        }
    }
}
