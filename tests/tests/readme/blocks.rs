//! Fenced blocks of a Markdown file, and the commands of a shell block.

use std::fs;
use std::path::Path;

/// One fenced block.
pub(crate) struct Block {
    /// The word after the opening fence: `sh`, `toml`, `json`, `text`.
    pub(crate) language: String,
    /// Line of the opening fence, counted from 1.
    pub(crate) line: usize,
    /// The text between the fences.
    pub(crate) text: String,
}

/// All fenced blocks of `readme`.
pub(crate) fn read(readme: &Path) -> Vec<Block> {
    let text = fs::read_to_string(readme).unwrap();
    let mut blocks = vec![];
    let mut open: Option<Block> = None;
    for (line, text) in text.lines().enumerate() {
        match (text.trim_start().strip_prefix("```"), &mut open) {
            (Some(language), None) => {
                open = Some(Block { language: language.to_owned(), line: line + 1, text: String::new() })
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => block.text += &format!("{text}\n"),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{}: a block without end", readme.display());
    blocks
}

impl Block {
    /// The block's commands: lines, joined with their continuations after `\`, a pipe or `&&`.
    pub(crate) fn commands(&self) -> Vec<String> {
        let mut commands = vec![];
        let mut command = String::new();
        for line in self.text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            command += &format!("{line}\n");
            if !["\\", "|", "&&"].iter().any(|end| line.ends_with(end)) {
                commands.push(std::mem::take(&mut command).trim().to_owned());
            }
        }
        assert!(command.is_empty(), "a command without end: {command}");
        commands
    }
}
