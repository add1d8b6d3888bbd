//! The way in which each documented command is tried.

/// A way to try a command.
#[derive(Clone, Copy)]
pub(crate) enum Trial {
    /// Unchanged.
    Whole,
    /// In part: with this stand-in, for this reason.
    Part(&'static str, &'static str),
}

use Trial::{Part, Whole};

/// Commands by their beginnings; the first match counts. A command without a match fails the test.
const TRIALS: &[(&str, Trial)] = &[
    ("make test", Part("planned", "it would run this test again")),
    ("make check", Part("planned", "it compiles the workspace; `.ci/run` runs it")),
    ("make bench PEER=1", Part("planned", "it installs PyTorch and measures for half an hour")),
    ("make bench ", Part("planned", "it measures; the scratch copy has no `bench`")),
    ("make bench-report", Part("planned", "it writes 1.5 GB")),
    ("make gpu-check", Part("planned", "it needs a GPU")),
    ("make", Whole),
    ("tests/", Part("arguments", "it takes minutes to hours; `.ci/run` runs a share of the faults")),
    ("cargo ", Part("named", "it compiles; the tests and fuzz targets that it names must exist")),
    ("export PATH=", Whole),
    ("S=", Whole),
    ("attend ", Whole),
    ("cat ", Whole),
    ("echo ", Whole),
    ("evaluate ", Whole),
    ("fetch ", Whole),
    ("jq ", Whole),
    ("plan ", Whole),
    ("prep ", Whole),
    ("report ", Whole),
    ("train ", Whole),
];

/// Scripts that try a command in part; the command follows as their arguments.
pub(crate) const STAND_INS: [(&str, &str); 3] = [
    ("planned", "#!/bin/bash\nset -e\nshift\nmake --dry-run \"$@\" > /dev/null\n"),
    ("arguments", ARGUMENTS),
    ("named", NAMED),
];

/// Parse the arguments of a Python script, and do nothing else.
const ARGUMENTS: &str = r#"#!/usr/bin/env python3
import argparse, runpy, sys
parse = argparse.ArgumentParser.parse_args
def only_parse(self):
    parse(self)
    sys.exit(0)
argparse.ArgumentParser.parse_args = only_parse
sys.path.insert(0, "tests")
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
sys.exit("no arguments were parsed")
"#;

/// `cargo test … -p CRATE FILTER` and `cargo +nightly fuzz run … TARGET`: whether the names exist.
const NAMED: &str = r#"#!/bin/bash
set -e
shift
case $1 in
  test)
    while [ "$1" != -p ]; do shift; done
    grep --quiet --recursive --extended-regexp "(fn|mod) [a-z_]*$3" "crates/$2" ;;
  +nightly) grep --quiet "name = \"${!#}\"" tests/fuzz/Cargo.toml ;;
  *) exit 1 ;;
esac
"#;

impl Trial {
    /// The trial of `command`, if there is one.
    pub(crate) fn of(command: &str) -> Option<Trial> {
        TRIALS.iter().find(|(beginning, _)| command.starts_with(beginning)).map(|(_, trial)| *trial)
    }

    /// Why the command is tried in part.
    pub(crate) fn reason(self) -> Option<&'static str> {
        match self {
            Whole => None,
            Part(_, reason) => Some(reason),
        }
    }

    /// What bash runs. A whole study must leave its page.
    pub(crate) fn script(self, command: &str) -> String {
        let study = command.strip_prefix("make all STUDY=").and_then(|rest| rest.split_whitespace().next());
        let page = study.map(|study| format!("test -s out/{study}/report/index.html\n")).unwrap_or_default();
        match self {
            Whole => format!("{command}\n{page}"),
            Part(stand_in, _) => format!("{stand_in} {command}\n"),
        }
    }
}
