//! Which weights are asked for: the source's five methods, and three that say more than raw attention.

use clap::ValueEnum;
use clap::error::ErrorKind;
use serde::Serialize;

use crate::arguments::{Args, usage};
use crate::map::Map;
use crate::subject::Subject;

/// What a token's weight is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Method {
    /// Attention from `[CLS]` in the first kept block, mean over attention heads
    FirstLayer,
    /// The same in the last kept block
    LastLayer,
    /// The same in --block
    Layer,
    /// Attention from `[CLS]` of one --head of one --block
    Head,
    /// Attention from token --query of one --head of one --block
    Custom,
    /// Attention through all kept blocks (Abnar & Zuidema 2020)
    Rollout,
    /// Gradient of the answer's log-odds × the token's embedding
    GradientInput,
    /// The same, integrated from `[PAD]` to the token (Sundararajan et al. 2017)
    IntegratedGradients,
}

/// A method, and what it needs to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) method: Method,
    block: Option<usize>,
    head: Option<usize>,
    /// The token that attends.
    pub(crate) query: usize,
}

impl Choice {
    /// What `args` ask for; leaves with 2 where they do not go together.
    pub(crate) fn new(args: &Args) -> Self {
        let Args { block, head, query, .. } = *args;
        let method = args.method.unwrap_or_else(|| implied(block, head, query));
        if let Err(message) = together(method, block, head, query) {
            usage(ErrorKind::ArgumentConflict, &message);
        }
        Choice { method, block, head, query: query.unwrap_or(0) }
    }

    /// The weights of `subject` that are meant.
    ///
    /// # Errors
    /// The model has no such block or attention head, or no attention at all.
    pub(crate) fn map(&self, subject: &Subject) -> anyhow::Result<Map> {
        let attention = |block, head| subject.attention(block, head);
        match (self.method, self.block) {
            (Method::FirstLayer, _) => attention(0, None),
            (Method::LastLayer, _) => attention(subject.blocks.len().saturating_sub(1), None),
            (Method::Layer | Method::Head | Method::Custom, block) => attention(block.unwrap_or(0), self.head),
            (Method::Rollout, _) => attention(0, None).map(|_| Map::Rollout),
            (Method::GradientInput, _) => Ok(Map::GradientInput),
            (Method::IntegratedGradients, _) => Ok(Map::IntegratedGradients),
        }
    }
}

fn implied(block: Option<usize>, head: Option<usize>, query: Option<usize>) -> Method {
    match (block, head, query) {
        (_, _, Some(_)) => Method::Custom,
        (_, Some(_), _) => Method::Head,
        (Some(_), _, _) => Method::Layer,
        _ => Method::LastLayer,
    }
}

/// Whether a method has all it needs, and nothing that it would leave unread.
fn together(method: Method, block: Option<usize>, head: Option<usize>, query: Option<usize>) -> Result<(), String> {
    let name = method.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let (wants_block, wants_head, wants_query) = match method {
        Method::Layer => (true, false, false),
        Method::Head => (true, true, false),
        Method::Custom => (true, true, true),
        _ => (false, false, false),
    };
    let asked = [("--block N", wants_block, block), ("--head M", wants_head, head), ("--query K", wants_query, query)];
    match asked.iter().find(|(_, wants, given)| *wants != given.is_some()) {
        None => Ok(()),
        Some((option, true, _)) => Err(format!("--method {name} needs {option}")),
        Some((option, ..)) => Err(format!("--method {name} does not go with {option}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_tell_the_method() {
        assert_eq!(implied(None, None, None), Method::LastLayer);
        assert_eq!(implied(Some(1), None, None), Method::Layer);
        assert_eq!(implied(Some(1), Some(0), None), Method::Head);
        assert_eq!(implied(Some(1), Some(0), Some(3)), Method::Custom);
    }

    #[test]
    fn a_method_has_all_it_needs_and_nothing_it_would_not_read() {
        assert_eq!(together(Method::Custom, Some(0), Some(0), Some(4)), Ok(()));
        let refused = |method, block, head, query| together(method, block, head, query).unwrap_err();
        assert_eq!(refused(Method::Head, Some(0), None, None), "--method head needs --head M");
        assert_eq!(refused(Method::Custom, None, None, Some(1)), "--method custom needs --block N");
        assert_eq!(refused(Method::Rollout, Some(0), None, None), "--method rollout does not go with --block N");
        assert_eq!(refused(Method::LastLayer, None, None, Some(1)), "--method last-layer does not go with --query K");
    }
}
