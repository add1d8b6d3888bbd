//! Which pretrained blocks are kept: strategies → ordered indices.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, nearest};

/// A choice of transformer blocks, as written: `none`, `first:3`, `last:3`, `every:2`, `0,2,5`, or several
/// of these that share no block, such as `first:2+last:1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Blocks(String);

impl Blocks {
    /// The choice written as `text`; it is checked when the encoder's depth is known.
    pub fn new(text: impl Into<String>) -> Self {
        Blocks(text.into())
    }

    /// Whether no block is kept.
    pub(crate) fn is_none(&self) -> bool {
        self.0 == "none"
    }

    /// Indices of the kept blocks in an encoder of `depth` blocks, strictly increasing.
    ///
    /// # Errors
    /// The text is not a strategy, asks for a block that the encoder does not have, or asks for one twice.
    pub fn indices(&self, depth: usize) -> Result<Vec<usize>, Error> {
        if self.is_none() {
            return Ok(Vec::new());
        }
        let parts: Result<Vec<Vec<usize>>, Error> = self.0.split('+').map(|part| self.part(part, depth)).collect();
        let mut indices = parts?.concat();
        indices.sort_unstable();
        match indices.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(twice) => Err(self.refused(depth, &format!("block {} is chosen twice; ", twice[0]))),
            None => Ok(indices),
        }
    }

    fn part(&self, text: &str, depth: usize) -> Result<Vec<usize>, Error> {
        match text.split_once(':') {
            None => self.listed(text, depth),
            Some(("first", n)) => Ok((0..self.count(n, depth)?).collect()),
            Some(("last", n)) => Ok((depth - self.count(n, depth)?..depth).collect()),
            Some(("every", n)) => Ok((0..depth).step_by(self.count(n, depth)?).collect()),
            Some((name, n)) => {
                let meant = nearest(name, ["first", "last", "every"]);
                let meant = meant.map_or("; ".to_owned(), |near| format!("; did you mean `{near}:{n}`? "));
                Err(self.refused(depth, &format!("`{name}` is not a choice{meant}")))
            }
        }
    }

    fn count(&self, text: &str, depth: usize) -> Result<usize, Error> {
        let count = text.parse().map_err(|_| self.refused(depth, ""))?;
        (1..=depth).contains(&count).then_some(count).ok_or_else(|| self.refused(depth, ""))
    }

    fn listed(&self, text: &str, depth: usize) -> Result<Vec<usize>, Error> {
        let parsed: Result<Vec<usize>, _> = text.split(',').map(|n| n.trim().parse()).collect();
        let indices = parsed.map_err(|_| self.refused(depth, ""))?;
        let increasing = indices.windows(2).all(|pair| pair[0] < pair[1]);
        let within = indices.iter().all(|&index| index < depth);
        (increasing && within).then_some(indices).ok_or_else(|| self.refused(depth, ""))
    }

    fn refused(&self, depth: usize, why: &str) -> Error {
        Error::value(format!(
            "blocks `{}`: {why}the encoder has {depth} {}; allowed are `none`, `first:N`, `last:N`, \
             `every:N` with N from 1 to {depth}, ascending indices below {depth} such as `0,2`, or several of \
             these that share no block, such as `first:2+last:1`",
            self.0,
            if depth == 1 { "block" } else { "blocks" }
        ))
    }
}

impl fmt::Display for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Blocks;
    use proptest::prelude::*;

    #[test]
    fn each_strategy_keeps_the_blocks_it_names() {
        let cases: [(&str, &[usize]); 9] = [
            ("none", &[]),
            ("first:3", &[0, 1, 2]),
            ("last:3", &[9, 10, 11]),
            ("every:4", &[0, 4, 8]),
            ("0,2,5", &[0, 2, 5]),
            ("first:2+last:1", &[0, 1, 11]),
            ("last:1+first:2", &[0, 1, 11]),
            ("every:6+1,2+last:1", &[0, 1, 2, 6, 11]),
            ("first:12", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        ];
        for (text, expected) in cases {
            assert_eq!(Blocks::new(text).indices(12).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn an_impossible_choice_is_refused_with_what_is_allowed() {
        let wrong =
            ["first:13", "first:0", "last:-1", "3,2", "2,2", "12", "middle:2", "", "first:", "first:2+", "none+0"];
        for text in wrong {
            let message = Blocks::new(text).indices(12).unwrap_err().to_string();
            assert!(message.contains("12 blocks") && message.contains("first:N"), "{message}");
        }
    }

    #[test]
    fn a_block_that_is_chosen_twice_and_a_choice_that_does_not_exist_are_named() {
        for (text, says) in [
            ("first:2+last:2", "block 1 is chosen twice; the encoder has 3"),
            ("fist:2", "`fist` is not a choice; did you mean `first:2`? the encoder has 3"),
            ("0+lst:1", "`lst` is not a choice; did you mean `last:1`? the encoder has 3"),
            ("middle:2", "`middle` is not a choice; the encoder has 3"),
        ] {
            let message = Blocks::new(text).indices(3).unwrap_err().to_string();
            assert!(message.starts_with(&format!("blocks `{text}`: {says}")), "{message}");
        }
    }

    proptest! {
        #[test]
        fn kept_blocks_are_strictly_increasing_and_exist(
            kind in "first|last|every", n in 1usize..12, depth in 12usize..24,
        ) {
            let kept = Blocks::new(format!("{kind}:{n}")).indices(depth).unwrap();
            prop_assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(kept.iter().all(|&index| index < depth));
        }
    }
}
