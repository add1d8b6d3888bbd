//! Attention weights of a text, block by block, so that no more than one block's maps are in memory.

use std::collections::HashMap;

use anyhow::ensure;
use burn::tensor::Tensor;

use crate::map::Map;
use crate::subject::{Seen, Subject};
use crate::{gradient, rollout};

/// What weights are asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) maps: &'a [Map],
    /// The token that attends.
    pub(crate) query: usize,
    /// The class whose log-odds gradients are taken of.
    pub(crate) class: usize,
}

/// The weights `[P]` of each map that is asked for.
///
/// # Errors
/// The text has no token `query`, or the model no attention.
pub(crate) fn weights(
    subject: &Subject,
    seen: &Seen,
    input_ids: &[u32],
    asked: Asked,
) -> anyhow::Result<Vec<Vec<f32>>> {
    let Asked { maps, query, class } = asked;
    has_token(query, input_ids.len())?;
    let mut found = of_attention(subject, seen, maps, query)?;
    for (map, weights) in gradient::of_the_answer(subject, input_ids, maps, class) {
        found.insert(map, weights);
    }
    Ok(maps.iter().filter_map(|map| found.remove(map)).collect())
}

/// Whether a text of so many `tokens` has a token `query`.
///
/// # Errors
/// It has not.
pub(crate) fn has_token(query: usize, tokens: usize) -> anyhow::Result<()> {
    ensure!(query < tokens, "there is no token {query}: the text has {tokens}, counted from 0 to {}", tokens - 1);
    Ok(())
}

fn of_attention(subject: &Subject, seen: &Seen, maps: &[Map], query: usize) -> anyhow::Result<HashMap<Map, Vec<f32>>> {
    let mut found = HashMap::new();
    if maps.iter().all(|map| map.is_of_the_answer()) {
        return Ok(found);
    }
    let goes_through_all = maps.contains(&Map::Rollout);
    let mut means = Vec::new(); // [P, P] each: all that outlives its block
    for (block, (layer, hidden)) in subject.encoder()?.blocks().iter().zip(&seen.hidden_states).enumerate() {
        let asked: Vec<Map> = maps.iter().copied().filter(|map| map.is_of_block(block)).collect();
        if asked.is_empty() && !goes_through_all {
            continue;
        }
        let tokens = seen.tokens();
        if goes_through_all {
            means.push(layer.attention_weights(hidden.clone(), 0..tokens).mean_dim(0).squeeze_dim::<2>(0));
        }
        let rows = numbers(layer.attention_weights(hidden.clone(), query..query + 1)); // [N, 1, P]
        found.extend(asked.into_iter().map(|map| (map, row(&rows, tokens, map))));
    }
    if goes_through_all {
        found.insert(Map::Rollout, rollout::row(&means, query));
    }
    Ok(found)
}

/// One attention head's weights, or the mean over all.
fn row(rows: &[f32], tokens: usize, map: Map) -> Vec<f32> {
    match map {
        Map::Attention { head: Some(head), .. } => rows[head * tokens..][..tokens].to_vec(),
        _ => {
            let heads = (rows.len() / tokens) as f32;
            (0..tokens).map(|token| rows.iter().skip(token).step_by(tokens).sum::<f32>() / heads).collect()
        }
    }
}

/// A tensor's numbers, row by row.
pub(crate) fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

impl Map {
    fn is_of_block(self, asked: usize) -> bool {
        matches!(self, Map::Attention { block, .. } if block == asked)
    }
}

impl Seen {
    /// P
    pub(crate) fn tokens(&self) -> usize {
        self.hidden_states[0].dims()[0]
    }
}
