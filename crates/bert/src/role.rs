//! The part of a model that a tensor belongs to. No other file reads it out of a name.

/// The part of a model that a tensor belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The layer from token ids to vectors.
    Embeddings,
    /// The block with this index.
    Block(usize),
    /// The layer on `[CLS]`.
    Pooler,
    /// A part of an encoder that no supported family has.
    Unknown,
    /// Everything outside the encoder.
    Head,
}

impl Role {
    /// The role of the tensor that BERT calls `name`, without a prefix.
    pub fn of(name: &str) -> Self {
        let parts: Vec<&str> = name.splitn(4, '.').collect();
        match parts.as_slice() {
            ["embeddings", _, ..] => Role::Embeddings,
            ["encoder", "layer", index, _] => index.parse().map_or(Role::Unknown, Role::Block),
            ["pooler", "dense", _, ..] => Role::Pooler,
            ["encoder" | "pooler", _, ..] => Role::Unknown,
            _ => Role::Head,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Role;

    #[test]
    fn a_name_has_one_role() {
        for (name, role) in [
            ("embeddings.LayerNorm.bias", Role::Embeddings),
            ("encoder.layer.11.attention.self.query.weight", Role::Block(11)),
            ("pooler.dense.weight", Role::Pooler),
            ("encoder.layer.x.output.dense.bias", Role::Unknown),
            ("encoder.adapter.weight", Role::Unknown),
            ("pooler.norm.weight", Role::Unknown),
            ("embedding.weight", Role::Head),
            ("lstm.weight_ih_l0", Role::Head),
        ] {
            assert_eq!(Role::of(name), role, "{name}");
        }
    }
}
