//! Attention weights of a text, computed block by block, so that memory holds the weights of one block only.

use std::collections::HashMap;

use anyhow::ensure;

use crate::method::Method;
use crate::model::{Activations, Model, numbers};
use crate::{gradient, rollout};

/// What to weigh a text by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) methods: &'a [Method],
    /// The token whose attention is shown.
    pub(crate) query: usize,
    /// The class whose log-odds the gradients are of.
    pub(crate) class: usize,
}

/// The weights `[P]` of each method of `request`.
///
/// # Errors
/// The text has no token `query`, or the model has no attention.
pub(crate) fn weights(
    model: &Model,
    activations: &Activations,
    input_ids: &[u32],
    request: Request,
) -> anyhow::Result<Vec<Vec<f32>>> {
    let Request { methods, query, class } = request;
    has_token(query, input_ids.len())?;
    let mut found = attention_weights(model, activations, methods, query)?;
    for (method, weights) in gradient::weights(model, input_ids, methods, class) {
        found.insert(method, weights);
    }
    Ok(methods.iter().filter_map(|method| found.remove(method)).collect())
}

/// Check that a text of `tokens` tokens has a token `query`.
///
/// # Errors
/// It has fewer tokens.
pub(crate) fn has_token(query: usize, tokens: usize) -> anyhow::Result<()> {
    ensure!(query < tokens, "token {query} does not exist: the text has {tokens}, counted from 0 to {}", tokens - 1);
    Ok(())
}

fn attention_weights(
    model: &Model,
    activations: &Activations,
    methods: &[Method],
    query: usize,
) -> anyhow::Result<HashMap<Method, Vec<f32>>> {
    let mut found = HashMap::new();
    if methods.iter().all(|method| method.needs_answer()) {
        return Ok(found);
    }
    let has_rollout = methods.contains(&Method::Rollout);
    let mut means = Vec::new(); // [P, P] each, for the rollout
    for (block, (layer, hidden)) in model.encoder()?.blocks().iter().zip(&activations.hidden_states).enumerate() {
        let asked: Vec<Method> = methods.iter().copied().filter(|method| method.is_in_block(block)).collect();
        if asked.is_empty() && !has_rollout {
            continue;
        }
        let tokens = activations.tokens();
        if has_rollout {
            means.push(layer.attention_weights(hidden.clone(), 0..tokens).mean_dim(0).squeeze_dim::<2>(0));
        }
        let rows = numbers(layer.attention_weights(hidden.clone(), query..query + 1)); // [N, 1, P]
        found.extend(asked.into_iter().map(|method| (method, row(&rows, tokens, method))));
    }
    if has_rollout {
        found.insert(Method::Rollout, rollout::row(&means, query));
    }
    Ok(found)
}

/// The weights of one attention head, or the mean over all.
fn row(rows: &[f32], tokens: usize, method: Method) -> Vec<f32> {
    match method {
        Method::Attention { head: Some(head), .. } => rows[head * tokens..][..tokens].to_vec(),
        _ => {
            let heads = (rows.len() / tokens) as f32;
            (0..tokens).map(|token| rows.iter().skip(token).step_by(tokens).sum::<f32>() / heads).collect()
        }
    }
}
