//! The amount of work in a row: tokens, and the operations that fine-tuning needs at least.

use bert::Config;

/// The work of one side in one round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Work {
    pub(crate) examples: usize,
    /// Tokens without padding.
    pub(crate) tokens: usize,
    /// Useful floating-point operations of a training; 0 for other rows.
    pub(crate) operations: f64,
}

/// Useful operations of one training pass over sequences of these `lengths` through `blocks` blocks.
///
/// A product of a weight matrix with a token is 2 operations a weight forward and 4 backward (with respect to input and
/// weight): 6 · (4 H² + 2 H I) a token and block. Attention of a token over its P neighbours is 4 · P · H forward (scores
/// and mixture) and 8 · P · H backward. Padding, embeddings, pooler, head, normalisation and the optimizer count nothing.
///
/// If the last block is `only_pooled`, it needs the keys and values of all tokens (2 H² weights) and everything else for one.
pub(crate) fn training_operations(config: &Config, blocks: usize, only_pooled: bool, lengths: &[usize]) -> f64 {
    let (h, i) = (config.hidden_size as f64, config.intermediate_size as f64);
    let [all, read] = [4.0 * h * h + 2.0 * h * i, 2.0 * h * h]; // weights
    let last = usize::from(only_pooled && blocks > 0);
    let of_sequence = |&length: &usize| {
        let p = length as f64;
        let whole = p * (6.0 * all + 12.0 * h * p);
        let pooled = 6.0 * (p * read + all - read) + 12.0 * h * p;
        (blocks - last) as f64 * whole + last as f64 * pooled
    };
    lengths.iter().map(of_sequence).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_equal_a_count_by_hand() {
        let config = serde_json::json!({
            "model_type": "bert", "vocab_size": 9, "hidden_size": 2, "num_hidden_layers": 3, "num_attention_heads": 1,
            "intermediate_size": 5, "hidden_act": "gelu", "max_position_embeddings": 8, "type_vocab_size": 2,
            "layer_norm_eps": 1e-12,
        });
        let config: Config = serde_json::from_value(config).unwrap();
        // 4·2² + 2·2·5 = 36 weights a block; 3 tokens: 3·6·36 + 12·2·3² = 864; 1 token: 216 + 24.
        assert_eq!(training_operations(&config, 2, false, &[3, 1]), 2.0 * (864.0 + 240.0));
        assert_eq!(training_operations(&config, 0, true, &[3, 1]), 0.0);
        // 8 weights for 3 tokens and 28 for one: 6·52 + 12·2·3 = 384; a single token needs everything.
        assert_eq!(training_operations(&config, 2, true, &[3, 1]), 864.0 + 240.0 + 384.0 + 240.0);
    }
}
