//! The groups of our own kernels, each of which the environment variable `FATHOM_KERNELS` can switch off.

use std::sync::LazyLock;

/// A group that LibTorch's operators can replace. Without it results differ by rounding at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernels {
    /// A transformer block in bf16.
    Block,
    /// An LSTM layer.
    Lstm,
    /// A word table of which only the rows that a batch reads are updated; results are the same to the bit.
    Rows,
}

const ALL: [Kernels; 3] = [Kernels::Block, Kernels::Lstm, Kernels::Rows];

static OFF: LazyLock<Result<Vec<Kernels>, String>> =
    LazyLock::new(|| read(&std::env::var_os("FATHOM_KERNELS").unwrap_or_default().to_string_lossy()));

/// The groups that are switched off in this process.
///
/// # Errors
/// `FATHOM_KERNELS` is neither `off` nor a list of groups.
pub fn switched_off() -> Result<&'static [Kernels], String> {
    OFF.as_deref().map_err(Clone::clone)
}

fn read(value: &str) -> Result<Vec<Kernels>, String> {
    match value {
        "" => Ok(Vec::new()),
        "off" => Ok(ALL.to_vec()),
        list => list.split(',').map(Kernels::named).collect(),
    }
}

impl Kernels {
    /// The name in `FATHOM_KERNELS`.
    pub fn name(self) -> &'static str {
        match self {
            Kernels::Block => "block",
            Kernels::Lstm => "lstm",
            Kernels::Rows => "rows",
        }
    }

    fn named(name: &str) -> Result<Self, String> {
        let names = ALL.map(Kernels::name).join("`, `");
        ALL.into_iter().find(|group| group.name() == name).ok_or_else(|| {
            format!("`FATHOM_KERNELS`: unknown group `{name}`, expected `off`, or `{names}` separated by commas")
        })
    }

    #[cfg(feature = "libtorch")]
    pub(crate) fn are_on(self) -> bool {
        OFF.as_ref().is_ok_and(|off| !off.contains(&self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_group_or_all_are_switched_off_and_others_are_refused() {
        assert_eq!(read(""), Ok(vec![]));
        assert_eq!(read("off"), Ok(ALL.to_vec()));
        assert_eq!(read("rows,block"), Ok(vec![Kernels::Rows, Kernels::Block]));
        let expected =
            "`FATHOM_KERNELS`: unknown group `blocks`, expected `off`, or `block`, `lstm`, `rows` separated by commas";
        assert_eq!(read("lstm,blocks"), Err(expected.to_owned()));
        assert!(["on", "off,lstm", "block, lstm", "OFF"].into_iter().all(|value| read(value).is_err()));
    }
}
