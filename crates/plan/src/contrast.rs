//! Which two runs of a study are farthest apart in depth and alike in all else that matters.

use std::collections::{BTreeMap, BTreeSet};

use study::{Blocks, Configuration, MOST_BLOCKS};

/// The run with the fewest blocks and the one with the most, among those of the first head that has two depths; blocks that
/// are none do not attend, so one must be kept. Of several alike the first.
pub(crate) fn contrast(configurations: &[Configuration]) -> Option<[&str; 2]> {
    let encoders: BTreeMap<&str, Option<usize>> = configurations
        .iter()
        .map(|run| run.encoder.as_str())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(|name| (name, blocks_of(name, configurations)))
        .collect();
    let depth = |run: &Configuration| {
        let encoder = encoders.get(run.encoder.as_str()).copied().flatten()?;
        run.blocks.indices(encoder).ok().map(|kept| kept.len()).filter(|&kept| kept > 0)
    };
    let deep: Vec<(usize, &Configuration)> = configurations.iter().filter_map(|run| Some((depth(run)?, run))).collect();
    let alike = |run: &Configuration| {
        let kept = |(_, other): &&(usize, &Configuration)| {
            (&other.encoder, &other.head, &other.embeddings) == (&run.encoder, &run.head, &run.embeddings)
        };
        let alike: Vec<(usize, &str)> = deep.iter().filter(kept).map(|(n, run)| (*n, run.id.as_str())).collect();
        let shallow = alike.iter().min_by_key(|(n, _)| *n)?;
        let deep = alike.iter().rev().max_by_key(|(n, _)| *n)?;
        (shallow.0 < deep.0).then_some([shallow.1, deep.1])
    };
    deep.iter().find_map(|(_, run)| alike(run))
}

/// Blocks of the smallest encoder that has all the blocks which the study asks of it.
fn blocks_of(encoder: &str, configurations: &[Configuration]) -> Option<usize> {
    let asked: BTreeSet<String> =
        configurations.iter().filter(|run| run.encoder == encoder).map(|run| run.blocks.to_string()).collect();
    let asked: Vec<Blocks> = asked.into_iter().map(Blocks::new).collect();
    (1..=MOST_BLOCKS).find(|&depth| asked.iter().all(|blocks| blocks.indices(depth).is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(rows: &[(&str, &str, &str)]) -> Vec<Configuration> {
        let run = |(id, blocks, head): &(&str, &str, &str)| {
            let changes = serde_json::json!({"id": id, "blocks": blocks, "head": {"kind": head}});
            Configuration::from_json(&fixtures::configuration(changes).to_string()).unwrap()
        };
        rows.iter().map(run).collect()
    }

    #[test]
    fn the_ends_of_one_heads_depths_are_told_apart() {
        let all = runs(&[
            ("bag", "none", "mean-linear"),
            ("2VA", "first:2", "cls-linear"),
            ("12VA", "first:12", "cls-linear"),
            ("1VL", "last:1", "bilstm"),
            ("6VA", "every:2", "cls-linear"),
        ]);
        assert_eq!(contrast(&all), Some(["2VA", "12VA"]));
        assert_eq!(contrast(&all[..2]), None);
        assert_eq!(contrast(&all[3..4]), None);
    }
}
