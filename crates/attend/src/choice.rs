//! The method that the command line asks for, with its options.

use clap::ValueEnum;
use clap::error::ErrorKind;

use crate::arguments::{Args, usage};
use crate::method::{Method, MethodName};
use crate::model::Model;

/// A method by name, with its options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) name: MethodName,
    block: Option<usize>,
    head: Option<usize>,
    /// The token whose attention is shown.
    pub(crate) query: usize,
}

impl Choice {
    /// The choice in `args`; exits with 2 if options conflict.
    pub(crate) fn new(args: &Args) -> Self {
        let Args { block, head, query, .. } = *args;
        let name = args.method.unwrap_or_else(|| implied(block, head, query));
        if let Err(message) = check(name, block, head, query) {
            usage(ErrorKind::ArgumentConflict, &message);
        }
        Choice { name, block, head, query: query.unwrap_or(0) }
    }

    /// The chosen method, for `model`.
    ///
    /// # Errors
    /// The model has no such block or attention head, or no attention at all.
    pub(crate) fn method(&self, model: &Model) -> anyhow::Result<Method> {
        let attention = |block, head| model.attention(block, head);
        match (self.name, self.block) {
            (MethodName::FirstLayer, _) => attention(0, None),
            (MethodName::LastLayer, _) => attention(model.blocks.len().saturating_sub(1), None),
            (MethodName::Layer | MethodName::Head | MethodName::Custom, block) => {
                attention(block.unwrap_or(0), self.head)
            }
            (MethodName::Rollout, _) => attention(0, None).map(|_| Method::Rollout),
            (MethodName::GradientInput, _) => Ok(Method::GradientInput),
            (MethodName::IntegratedGradients, _) => Ok(Method::IntegratedGradients),
        }
    }
}

/// The method that follows from the options alone.
fn implied(block: Option<usize>, head: Option<usize>, query: Option<usize>) -> MethodName {
    match (block, head, query) {
        (_, _, Some(_)) => MethodName::Custom,
        (_, Some(_), _) => MethodName::Head,
        (Some(_), _, _) => MethodName::Layer,
        _ => MethodName::LastLayer,
    }
}

/// Check that a method has the options it needs, and no other.
fn check(method: MethodName, block: Option<usize>, head: Option<usize>, query: Option<usize>) -> Result<(), String> {
    let name = method.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let (wants_block, wants_head, wants_query) = match method {
        MethodName::Layer => (true, false, false),
        MethodName::Head => (true, true, false),
        MethodName::Custom => (true, true, true),
        _ => (false, false, false),
    };
    let asked = [("--block N", wants_block, block), ("--head M", wants_head, head), ("--query K", wants_query, query)];
    match asked.iter().find(|(_, wants, given)| *wants != given.is_some()) {
        None => Ok(()),
        Some((option, true, _)) => Err(format!("--method {name} needs {option}")),
        Some((option, ..)) => Err(format!("--method {name} takes no {option}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_imply_the_method() {
        assert_eq!(implied(None, None, None), MethodName::LastLayer);
        assert_eq!(implied(Some(1), None, None), MethodName::Layer);
        assert_eq!(implied(Some(1), Some(0), None), MethodName::Head);
        assert_eq!(implied(Some(1), Some(0), Some(3)), MethodName::Custom);
    }

    #[test]
    fn a_method_takes_exactly_its_options() {
        assert_eq!(check(MethodName::Custom, Some(0), Some(0), Some(4)), Ok(()));
        let refused = |method, block, head, query| check(method, block, head, query).unwrap_err();
        assert_eq!(refused(MethodName::Head, Some(0), None, None), "--method head needs --head M");
        assert_eq!(refused(MethodName::Custom, None, None, Some(1)), "--method custom needs --block N");
        assert_eq!(refused(MethodName::Rollout, Some(0), None, None), "--method rollout takes no --block N");
        assert_eq!(refused(MethodName::LastLayer, None, None, Some(1)), "--method last-layer takes no --query K");
    }
}
