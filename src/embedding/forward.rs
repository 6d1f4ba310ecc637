//! The forward pass: word pieces to views of a text.

use std::sync::Arc;

use pulp::Arch;

use super::{
    Views,
    numbers::{add_and_normalise, gelu, gelu_tanh, normalise_rows, pool, relu, softmax_rows},
    product::{Packed, Rows, multiply},
    sentence::Pooling,
    weights::{Activation, Layer, Linear, Weights, half},
};

/// The views of several texts, each given as its word pieces (at least one). All their tokens go through each product together, without padding;
/// only the attention runs text by text.
pub fn forward(arch: Arch, weights: &Weights, pooling: Pooling, texts: &[&[u32]]) -> Vec<Views> {
    let width = weights.shape.width;
    let tokens = texts.iter().map(|text| text.len()).sum();
    let mut states = Vec::with_capacity(tokens * width);
    for text in texts {
        for (piece, position) in text.iter().zip(weights.positions.chunks_exact(width)) {
            states.extend(weights.words.row(*piece as usize).zip(position).map(|(word, position)| word + position));
        }
    }
    normalise_rows(arch, &mut states, &weights.norm);

    let mut scratch = Scratch::new(tokens, width, weights.shape.inner);
    let (first, last) = weights.layers.split_at(half(weights.layers.len()));
    for layer in first {
        apply(arch, layer, weights, texts, &mut states, &mut scratch);
    }
    let halfway = pooled(Pooling::Mean, &states, width, texts);
    for layer in last {
        apply(arch, layer, weights, texts, &mut states, &mut scratch);
    }
    let meanings = pooled(pooling, &states, width, texts);
    meanings.into_iter().zip(halfway).map(|(meaning, halfway)| Views { meaning, halfway }).collect()
}

/// What the states of each text's tokens come to.
fn pooled(pooling: Pooling, states: &[f32], width: usize, texts: &[&[u32]]) -> Vec<Arc<[f32]>> {
    let mut from = 0;
    texts
        .iter()
        .map(|text| {
            let rows = &states[from..from + text.len() * width];
            from += rows.len();
            match pooling {
                Pooling::Mean => pool(rows, width),
                Pooling::First => pool(&rows[..width], width),
            }
            .into()
        })
        .collect()
}

/// Room for the numbers between, used by one layer after the other.
struct Scratch {
    /// Queries, keys and values of each token.
    attend: Vec<f32>,
    attended: Vec<f32>,
    wide: Vec<f32>,
    /// What is added to the states.
    change: Vec<f32>,
    keys: Packed,
    values: Packed,
    shares: Vec<f32>,
}

impl Scratch {
    fn new(tokens: usize, width: usize, inner: usize) -> Self {
        Self {
            attend: vec![0.0; tokens * 3 * width],
            attended: vec![0.0; tokens * width],
            wide: vec![0.0; tokens * inner],
            change: vec![0.0; tokens * width],
            keys: Packed::default(),
            values: Packed::default(),
            shares: Vec::new(),
        }
    }
}

fn apply(arch: Arch, layer: &Layer, weights: &Weights, texts: &[&[u32]], states: &mut [f32], scratch: &mut Scratch) {
    linear(arch, states, &layer.attend, &mut scratch.attend);
    attention(arch, weights.shape.heads, texts, scratch);
    linear(arch, &scratch.attended, &layer.attended, &mut scratch.change);
    add_and_normalise(arch, states, &scratch.change, &layer.attended_norm);

    linear(arch, states, &layer.widen, &mut scratch.wide);
    match weights.activation {
        Activation::Gelu => gelu(arch, &mut scratch.wide),
        Activation::GeluTanh => gelu_tanh(arch, &mut scratch.wide),
        Activation::Relu => relu(arch, &mut scratch.wide),
    }
    linear(arch, &scratch.wide, &layer.narrow, &mut scratch.change);
    add_and_normalise(arch, states, &scratch.change, &layer.narrow_norm);
}

fn linear(arch: Arch, rows: &[f32], layer: &Linear, out: &mut [f32]) {
    let columns = layer.weights.columns();
    let count = out.len() / columns;
    let rows = Rows { data: rows, stride: rows.len() / count, count };
    multiply(arch, rows, &layer.weights, &layer.bias, out, columns);
}

/// Each token of a text looks at all tokens of the same text, head by head.
fn attention(arch: Arch, heads: usize, texts: &[&[u32]], scratch: &mut Scratch) {
    let Scratch { attend, attended, keys, values, shares, .. } = scratch;
    let tokens: usize = texts.iter().map(|text| text.len()).sum();
    let width = attended.len() / tokens;
    let each = width / heads;
    let stride = 3 * width;
    let mut first = 0;
    for text in texts {
        let count = text.len();
        let attend = &attend[first * stride..];
        shares.resize(count * count, 0.0);
        for head in 0..heads {
            let (query, key, value) = (head * each, width + head * each, 2 * width + head * each);
            keys.lay_out(arch, each, count, |i, token| attend[token * stride + key + i]);
            values.lay_out(arch, count, each, |token, i| attend[token * stride + value + i]);
            let queries = Rows { data: &attend[query..], stride, count };
            multiply(arch, queries, keys, &[], shares, count);
            softmax_rows(arch, shares, count);
            let shares = Rows { data: shares, stride: count, count };
            multiply(arch, shares, values, &[], &mut attended[first * width + query..], width);
        }
        first += count;
    }
}
