//! How many threads a tool uses: as many as its process was allotted, or as many as the person says.

use std::env;
use std::thread::available_parallelism;

use anyhow::{Context, anyhow};

/// Variables by which a scheduler or a person allots processors; each is an upper bound.
const ALLOTMENTS: [&str; 3] = ["SLURM_CPUS_PER_TASK", "OMP_NUM_THREADS", "RAYON_NUM_THREADS"];

/// How many threads a tool uses; flatten it into the arguments.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct Threads {
    /// Use N threads [default: the processors that affinity and cgroup quota allow, or fewer if SLURM_CPUS_PER_TASK,
    /// OMP_NUM_THREADS or RAYON_NUM_THREADS says so]
    #[arg(long, value_name = "N", global = true, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

impl Threads {
    /// Whether `--threads` names the number.
    pub fn is_given(self) -> bool {
        self.threads.is_some()
    }

    /// Start rayon's pool with so many threads. Call it once, before any other work: engines ask rayon for the number.
    ///
    /// # Errors
    /// A variable holds no number of threads, or the system denies so many.
    pub fn start(self) -> anyhow::Result<()> {
        let threads = match self.threads {
            Some(threads) => threads.into(),
            None => allotted(available_parallelism().map_or(1, usize::from), |name| env::var(name).ok())?,
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
        pool.with_context(|| format!("cannot start {threads} threads; ask for fewer with `--threads`"))
    }
}

/// The fewest threads that `available` and the variables allow.
fn allotted(available: usize, variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<usize> {
    ALLOTMENTS.iter().try_fold(available, |fewest, name| {
        let bound = variable(name).map_or(Ok(None), |text| bound(name, &text))?;
        Ok(bound.map_or(fewest, |bound| fewest.min(bound)))
    })
}

/// `8` of `8` and of `8,2`, OpenMP's list of one number for each nested level. An empty value and 0, rayon's word for
/// "as many as there are", bound nothing.
fn bound(name: &str, text: &str) -> anyhow::Result<Option<usize>> {
    let first = text.split(',').next().unwrap_or_default().trim();
    if first.is_empty() {
        return Ok(None);
    }
    let number = first.parse::<usize>();
    let number = number.map_err(|_| anyhow!("{name}=`{text}` is not a number of threads; correct or unset it"))?;
    Ok((number > 0).then_some(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> anyhow::Result<usize> {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        allotted(8, |name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_smallest_allotment_counts() {
        assert_eq!(with(&[]).unwrap(), 8);
        assert_eq!(with(&[("SLURM_CPUS_PER_TASK", "4")]).unwrap(), 4);
        assert_eq!(with(&[("OMP_NUM_THREADS", "3,2"), ("RAYON_NUM_THREADS", "6")]).unwrap(), 3);
        assert_eq!(with(&[("OMP_NUM_THREADS", "16")]).unwrap(), 8, "no more than the process may use");
        assert_eq!(with(&[("RAYON_NUM_THREADS", "0"), ("OMP_NUM_THREADS", "")]).unwrap(), 8);
    }

    #[test]
    fn what_is_no_number_is_refused_by_name() {
        let refusal = with(&[("OMP_NUM_THREADS", "many")]).unwrap_err().to_string();
        assert_eq!(refusal, "OMP_NUM_THREADS=`many` is not a number of threads; correct or unset it");
        assert!(with(&[("SLURM_CPUS_PER_TASK", "-1")]).is_err());
    }
}
