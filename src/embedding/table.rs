//! The table of word pieces: half of all that a small model weighs, of which a text needs a few rows.

/// Rows of numbers of three bytes: whole multiples of a step that is the row's own. The largest number of a row has 23 bits, about as many as `f32`, and
/// the smaller ones are as exact in the sum that they become part of. The fourth byte would cost 12 MB with 30,000 pieces of 384 numbers, 96 MB with the
/// 250,000 of a multilingual model.
#[derive(Debug)]
pub struct Table {
    numbers: Vec<[u8; 3]>,
    /// The step of each row.
    steps: Vec<f32>,
    width: usize,
}

/// The largest number of a row, in steps.
const MOST: f32 = 8_388_607.0;
/// A row of still smaller numbers is read as if its largest were this: it says nothing.
const LEAST: f32 = 1e-30;

impl Table {
    /// An empty table that is going to have so many rows of `width` numbers.
    pub fn new(rows: usize, width: usize) -> Self {
        Self { numbers: Vec::with_capacity(rows * width), steps: Vec::with_capacity(rows), width }
    }

    /// Adds rows, rounded.
    pub fn extend(&mut self, rows: &[f32]) {
        for row in rows.chunks_exact(self.width) {
            let largest = row.iter().fold(LEAST, |largest, number| largest.max(number.abs()));
            let step = largest / MOST;
            self.steps.push(step);
            self.numbers.extend(row.iter().map(|number| {
                let [a, b, c, _] = ((number / step).round().clamp(-MOST, MOST) as i32).to_le_bytes();
                [a, b, c]
            }));
        }
    }

    /// The numbers of one row.
    pub fn row(&self, row: usize) -> impl Iterator<Item = f32> {
        let step = self.steps[row];
        let numbers = &self.numbers[row * self.width..][..self.width];
        numbers.iter().map(move |[a, b, c]| (i32::from_le_bytes([0, *a, *b, *c]) >> 8) as f32 * step)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_number_moves_by_less_than_a_step(rows in prop::collection::vec(prop::array::uniform3(-1e3_f32..1e3), 1..5), shrink in 0_i32..40) {
            let rows: Vec<f32> = rows.concat().into_iter().map(|number| number * 0.5_f32.powi(shrink)).collect();
            let mut table = Table::new(rows.len() / 3, 3);
            table.extend(&rows);
            for (n, row) in rows.chunks_exact(3).enumerate() {
                let largest = row.iter().fold(0.0_f32, |largest, number| largest.max(number.abs()));
                for (stored, number) in table.row(n).zip(row) {
                    prop_assert!((stored - number).abs() <= largest * 2_f32.powi(-22), "{stored} {number}");
                }
            }
        }
    }

    #[test]
    fn a_row_of_zeros_stays_one() {
        let mut table = Table::new(1, 2);
        table.extend(&[0.0, -0.0]);
        assert!(table.row(0).all(|number| number.abs() < f32::MIN_POSITIVE));
    }
}
