//! Which two finished runs `make attend` compares: two that differ in depth, and in nothing else that matters.

use std::path::Path;

use anyhow::{Context, bail};
use records::jsonl::Reader;
use records::metrics::Metric;
use records::run_dir::RunDir;
use study::Configuration;

/// `A=RUN B=RUN`: the finished runs with the fewest and the most blocks of the first head that has two depths. Runs without blocks
/// have no attention and are left out; of several runs of one depth the first counts.
///
/// # Errors
/// A record cannot be read, or no two finished runs differ in depth alone.
pub(crate) fn pair(configurations: &[Configuration], folder: &Path) -> anyhow::Result<String> {
    let mut finished = Vec::new();
    for run in configurations {
        let depth = depth(&RunDir::new(folder.join("runs").join(&run.id)))?;
        finished.extend(depth.filter(|&blocks| blocks > 0).map(|blocks| (blocks, run)));
    }
    let Some([a, b]) = finished.iter().find_map(|(_, run)| ends(&finished, run)) else {
        bail!(
            "`{}`: no two finished runs differ in depth alone; name two runs, as in `make attend A=RUN B=RUN`",
            folder.display()
        )
    };
    Ok(format!("A={a} B={b}\n"))
}

/// Blocks of a finished run, as its first record gives them.
fn depth(run: &RunDir) -> anyhow::Result<Option<usize>> {
    if !run.stamp().exists() {
        return Ok(None);
    }
    let first = Reader::<Metric, _>::open(&run.metrics())?.next().transpose()?;
    match first.with_context(|| format!("`{}` is empty: train the run again", run.metrics().display()))? {
        Metric::Begin(begin) => Ok(Some(begin.blocks.len())),
        _ => bail!("`{}` does not begin with `begin`: train the run again", run.metrics().display()),
    }
}

/// The shallowest and the deepest of the runs that are like `run` but for their depth.
fn ends<'a>(finished: &[(usize, &'a Configuration)], run: &Configuration) -> Option<[&'a str; 2]> {
    let what = |run: &Configuration| (run.encoder.clone(), run.head.clone(), run.embeddings.clone());
    let alike = || finished.iter().filter(|(_, other)| what(other) == what(run));
    let shallow = alike().min_by_key(|(blocks, _)| *blocks)?;
    let deep = alike().rev().max_by_key(|(blocks, _)| *blocks)?;
    (shallow.0 < deep.0).then_some([&shallow.1.id, &deep.1.id])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shallowest_and_the_deepest_run_of_one_head_are_chosen() {
        let rows = [
            ("bag", "mean-linear", 0),
            ("2VA", "cls-linear", 2),
            ("12VA", "cls-linear", 12),
            ("1VL", "bilstm", 1),
            ("6VA", "cls-linear", 6),
        ];
        let row = |(id, head, blocks): &(&str, &str, usize)| {
            format!("{{ id = {id:?}, blocks = \"first:{}\", head = {head:?} }}", blocks.max(&1))
        };
        let rows_text = rows.iter().map(row).collect::<Vec<_>>().join(", ");
        let text = format!("name = \"s\"\nseeds = [1]\ndata = {{ tokenizer = \"e\" }}\nconfiguration = [{rows_text}]");
        let runs = study::Study::parse("s.toml".as_ref(), &text).unwrap().configurations().unwrap();
        let finished = |range: std::ops::Range<usize>| -> Vec<(usize, &Configuration)> {
            range.map(|i| (rows[i].2, &runs[i])).filter(|(blocks, _)| *blocks > 0).collect()
        };
        assert_eq!(ends(&finished(0..5), &runs[1]), Some(["2VA-s1", "12VA-s1"]));
        assert_eq!(ends(&finished(0..2), &runs[1]), None);
        assert_eq!(ends(&finished(3..4), &runs[3]), None);
    }

    #[test]
    fn runs_that_are_not_finished_are_left_out_and_the_message_says_what_to_do() {
        let text =
            "name = \"s\"\ndata = { tokenizer = \"e\" }\nconfiguration = [{ id = \"2VA\", blocks = \"first:2\" }]";
        let runs = study::Study::parse("s.toml".as_ref(), text).unwrap().configurations().unwrap();
        let message = pair(&runs, Path::new("nowhere")).unwrap_err().to_string();
        assert!(message.starts_with("`nowhere`: no two finished runs") && message.contains("A=RUN B=RUN"), "{message}");
    }
}
