//! The READMEs: every `sh` block runs, every link leads to a file, every line fits.
//!
//! The commands run unchanged in a scratch copy of the project, with the tools of the last `make build`. Their data are
//! small: invented reviews, invented models, shortened studies (`scratch`). A command that cannot run in seconds is
//! tried in part; `trials` says how and why.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and its files are its own"
)]

#[path = "readme/blocks.rs"]
mod blocks;
#[path = "readme/links.rs"]
mod links;
#[path = "readme/models.rs"]
mod models;
mod project;
#[path = "readme/scratch.rs"]
mod scratch;
#[path = "readme/studies.rs"]
mod studies;
#[path = "readme/trials.rs"]
mod trials;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use blocks::Block;
use project::root;
use scratch::Scratch;
use trials::Trial;

/// Folders whose READMEs are not ours, or are ignored by git.
const FOREIGN: [&str; 3] = ["target", ".git", "node_modules"];

/// Every README below `folder`, the front page first.
fn readmes(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let is_results = ["data", "out"].iter().any(|name| folder == root().join(name));
        for path in entries {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !path.is_symlink() && !is_results && !FOREIGN.contains(&name.as_str()) {
                folders.push(path);
            } else if name == "README.md" {
                found.push(path);
            }
        }
    }
    found.sort_by_key(|path| (path.components().count(), path.clone()));
    found
}

/// The name of a README in the test's output: its path in the project.
fn name(readme: &Path) -> String {
    readme.strip_prefix(root()).unwrap().display().to_string()
}

#[test]
fn every_command_of_every_readme_runs() {
    let readmes: Vec<_> = readmes(&root()).into_iter().map(|path| (name(&path), blocks::read(&path))).collect();
    let scratch = Scratch::new(&readmes.iter().flat_map(|(_, blocks)| blocks).collect::<Vec<_>>());
    // A captured test prints only when it fails; this report is always printed.
    let mut report = std::io::stderr();
    for (name, blocks) in &readmes {
        let mut reasons = BTreeMap::new();
        let scripts: Vec<_> = blocks.iter().filter(|block| block.language == "sh").collect();
        let whole = scripts.iter().filter(|block| run(&scratch, name, block, &mut reasons)).count();
        writeln!(report, "{name}: {} of {} blocks ran, 0 skipped", scripts.len(), scripts.len()).unwrap();
        assert!(whole + reasons.len() >= scripts.len(), "{name}: a block was tried in part without a reason");
        for (command, reason) in reasons {
            writeln!(report, "    in part: {command}: {reason}").unwrap();
        }
    }
}

/// Run one block; true if all of it ran unchanged. The reasons for the other commands go to `reasons`.
fn run(scratch: &Scratch, readme: &str, block: &Block, reasons: &mut BTreeMap<String, String>) -> bool {
    let place = format!("{readme}:{}", block.line);
    let mut script = String::new();
    let mut whole = true;
    for command in block.commands() {
        let trial = Trial::of(&command).unwrap_or_else(|| panic!("{place}: no trial in `trials.rs` for: {command}"));
        script += &trial.script(&command);
        if let Some(reason) = trial.reason() {
            reasons.insert(command, reason.to_owned());
            whole = false;
        }
    }
    scratch.run(&place, &script);
    whole
}

#[test]
fn every_link_of_every_readme_leads_to_a_file_and_a_heading() {
    let broken: Vec<_> = readmes(&root()).iter().flat_map(|path| links::broken(path)).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_source_file_that_a_readme_names_exists() {
    let missing: Vec<_> = readmes(&root()).iter().flat_map(|path| links::missing_sources(path)).collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn lines_fit_on_a_screen_and_the_front_page_is_short() {
    for path in readmes(&root()) {
        let text = fs::read_to_string(&path).unwrap();
        for (line, text) in text.lines().enumerate() {
            assert!(text.chars().count() <= 120, "{}:{}: more than 120 characters", name(&path), line + 1);
        }
    }
    assert!(fs::read_to_string(root().join("README.md")).unwrap().lines().count() <= 150);
}
