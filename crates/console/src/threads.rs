//! How many threads a tool uses: as many as its process was allotted, or as many as the person says.

use std::env;

/// What a scheduler or a person allots by the environment; each is an upper bound.
const ALLOTMENTS: [&str; 3] = ["SLURM_CPUS_PER_TASK", "OMP_NUM_THREADS", "RAYON_NUM_THREADS"];

/// How many threads a tool uses; flatten it into the arguments.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct Threads {
    /// Use N threads [default: the processors that affinity and cgroup allow, or what SLURM_CPUS_PER_TASK, OMP_NUM_THREADS or
    /// RAYON_NUM_THREADS says, if that is fewer]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

impl Threads {
    /// Start rayon's pool with so many threads. Call it once, before any other work: whatever computes here asks rayon how many
    /// threads there are.
    pub fn start(self) {
        let started = rayon::ThreadPoolBuilder::new().num_threads(self.number()).build_global();
        started.unwrap_or_else(|e| log::debug!("{e}"));
    }

    fn number(self) -> usize {
        let available = std::thread::available_parallelism().map_or(1, usize::from);
        match self.threads {
            Some(threads) => threads.into(),
            None => allotted(available, |name| env::var(name).ok()),
        }
    }
}

/// The fewest threads that `available` and the environment allow.
fn allotted(available: usize, variable: impl Fn(&str) -> Option<String>) -> usize {
    ALLOTMENTS.iter().filter_map(|name| first_number(&variable(name)?)).fold(available, usize::min)
}

/// `8` of `8` and of `8,2`, OpenMP's list of one number for each nested level; nothing of what is no number from 1.
fn first_number(text: &str) -> Option<usize> {
    text.split(',').next()?.trim().parse().ok().filter(|&number| number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> usize {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        allotted(8, |name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_smallest_allotment_counts() {
        assert_eq!(with(&[]), 8);
        assert_eq!(with(&[("SLURM_CPUS_PER_TASK", "4")]), 4);
        assert_eq!(with(&[("OMP_NUM_THREADS", "3,2"), ("RAYON_NUM_THREADS", "6")]), 3);
        assert_eq!(with(&[("OMP_NUM_THREADS", "16")]), 8, "no more than the process may use");
    }

    #[test]
    fn what_is_no_number_allots_nothing() {
        assert_eq!(with(&[("RAYON_NUM_THREADS", "0"), ("OMP_NUM_THREADS", "many"), ("SLURM_CPUS_PER_TASK", "")]), 8);
    }

    #[test]
    fn the_argument_overrides_everything() {
        assert_eq!(Threads { threads: Some(31) }.number(), 31);
    }
}
