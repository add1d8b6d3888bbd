//! Links to files and headings, and names of source files.

use std::fs;
use std::path::Path;

use super::name;
use super::project::root;

/// The relative links of `readme` without a target.
pub(crate) fn broken(readme: &Path) -> Vec<String> {
    let text = fs::read_to_string(readme).unwrap();
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let relative = targets.filter(|target| !target.contains("://"));
    relative.filter(|target| !leads_somewhere(readme, target)).map(|t| format!("{}: {t}", name(readme))).collect()
}

fn leads_somewhere(readme: &Path, target: &str) -> bool {
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() { readme.to_owned() } else { readme.parent().unwrap().join(file) };
    path.exists() && (heading.is_empty() || headings(&fs::read_to_string(path).unwrap()).contains(&heading.to_owned()))
}

/// The anchors that GitHub gives to the headings of `text`.
fn headings(text: &str) -> Vec<String> {
    let titles = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
    titles.map(|title| title.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")).collect()
}

/// The missing source files among those between backticks, such as `study/src/blocks.rs`.
pub(crate) fn missing_sources(readme: &Path) -> Vec<String> {
    let text = fs::read_to_string(readme).unwrap();
    let here = readme.parent().unwrap();
    let named = text.split('`').skip(1).step_by(2).filter(|word| word.contains('/') && word.ends_with(".rs"));
    let known = named.filter(|word| !word.contains(['<', '…', ' ']));
    let is_there =
        |word: &str| [here, &root(), &root().join("crates")].iter().any(|folder| folder.join(word).is_file());
    known.filter(|word| !is_there(word)).map(|word| format!("{}: {word}", name(readme))).collect()
}
