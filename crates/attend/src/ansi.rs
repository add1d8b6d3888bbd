//! Write coloured text for a terminal.

use std::io::Write;

use anyhow::Context;
use unicode_width::UnicodeWidthStr;

use crate::arguments::Args;
use crate::colour;
use crate::faithfulness::{self, Scores};
use crate::scale::Scale;
use crate::segments::{Segment, printable};
use crate::show::Show;
use crate::terminal::{Colours, columns};
use crate::view::{View, Viewer};

/// Writes coloured text.
pub(crate) struct Terminal {
    columns: usize,
    colours: Colours,
    special: bool,
    apart: bool,
    scale: Scale,
    /// Written before the first text, then taken.
    legend: Option<String>,
}

impl Terminal {
    pub(crate) fn new(args: &Args) -> Self {
        let columns = columns();
        let colours = args.colours.resolved(args.out.is_none());
        Terminal { columns, colours, special: args.special, apart: args.pieces, scale: args.scale, legend: None }
    }

    fn legend(&self, viewers: &[Viewer]) -> String {
        let (levels, unit) = colour::legend(self.scale, viewers.iter().any(Viewer::has_sign));
        let levels: Vec<String> = levels.map(|(level, name)| self.painted(&name, level)).collect();
        format!("from {} {unit}", levels.join(" "))
    }

    /// Text in the colour of its level.
    fn painted(&self, text: &str, level: i8) -> String {
        let Some((red, green, blue)) = colour::of(level) else { return text.to_owned() };
        match self.colours {
            Colours::True => format!("\u{1b}[38;2;0;0;0;48;2;{red};{green};{blue}m{text}\u{1b}[0m"),
            Colours::Palette => format!("\u{1b}[38;5;16;48;5;{}m{text}\u{1b}[0m", colour::of_256((red, green, blue))),
            Colours::Auto | Colours::None => {
                let digit = ['¹', '²', '³', '⁴'][usize::from(level.unsigned_abs()) - 1];
                format!("{text}{}{digit}", if level < 0 { "⁻" } else { "" })
            }
        }
    }

    fn body(&self, view: &View) -> String {
        let segments = view.segments(self.apart);
        let kept: Vec<&Segment> = segments.iter().filter(|segment| self.special || !view.is_special(segment)).collect();
        let weighed: Vec<&Segment> = kept.iter().copied().filter(|segment| !segment.tokens().is_empty()).collect();
        let weights: Vec<f32> = weighed.iter().map(|segment| view.weight(0, segment)).collect();
        let mut shown = self.scale.of(&weights).into_iter();
        let mut lines = Wrapped::new(self.columns);
        for segment in kept {
            match segment {
                Segment::Tokens { text, .. } => {
                    let painted = self.painted(text, colour::level(shown.next().unwrap_or(0.0)));
                    let marked = if self.colours == Colours::None { painted.width() } else { text.width() };
                    lines.put(&painted, marked);
                    if view.is_special(segment) {
                        lines.space();
                    }
                }
                Segment::Between(text) => lines.gap(text),
                Segment::Unread(letters) => lines.gap(&format!(" [… {letters} characters not read …] ")),
            }
        }
        lines.finish()
    }
}

impl Show for Terminal {
    fn begin(&mut self, viewers: &[Viewer], scores: &[Scores], output: &mut dyn Write) -> anyhow::Result<()> {
        self.legend = Some(self.legend(viewers) + "\n");
        output.write_all(faithfulness::table(scores).as_bytes()).context("writing the answer")
    }

    fn text(&mut self, views: &[View], output: &mut dyn Write) -> anyhow::Result<()> {
        let mut text = self.legend.take().unwrap_or_default();
        text += &format!("\n{}\n", printable(&views[0].review.id));
        for view in views {
            text += &format!("{}: {}\n", printable(&view.viewer.model.name), view.answer());
            text += &format!("{}\n{}\n", view.title(), self.body(view));
        }
        output.write_all(text.as_bytes()).context("writing the answer")
    }
}

/// Words wrapped at the terminal's width; a line breaks at white space only.
struct Wrapped {
    columns: usize,
    text: String,
    used: usize,
    /// The unfinished word, and its width.
    word: (String, usize),
    space: bool,
}

impl Wrapped {
    fn new(columns: usize) -> Self {
        Wrapped { columns, text: String::new(), used: 0, word: (String::new(), 0), space: false }
    }

    fn put(&mut self, painted: &str, width: usize) {
        self.word.0 += painted;
        self.word.1 += width;
    }

    fn gap(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '\n' => self.line(),
                letter if letter.is_whitespace() => self.space(),
                letter => self.put(letter.encode_utf8(&mut [0; 4]), letter.to_string().width()),
            }
        }
    }

    fn space(&mut self) {
        self.end_word();
        self.space = true;
    }

    /// End the line; at most one line stays empty.
    fn line(&mut self) {
        self.end_word();
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
        (self.used, self.space) = (0, false);
    }

    fn end_word(&mut self) {
        let (word, width) = std::mem::take(&mut self.word);
        if word.is_empty() {
            return;
        }
        let space = usize::from(self.space && self.used > 0);
        if self.used > 0 && self.used + space + width > self.columns {
            self.text.push('\n');
            self.used = 0;
        } else if space > 0 {
            self.text.push(' ');
            self.used += 1;
        }
        self.text += &word;
        self.used += width;
        self.space = false;
    }

    fn finish(mut self) -> String {
        self.end_word();
        self.text.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_colour_codes_have_no_width() {
        let mut lines = Wrapped::new(20);
        for word in ["seven77", "five5", "seven77", "a"] {
            lines.put(&format!("\u{1b}[0m{word}"), word.len());
            lines.gap(" ");
        }
        lines.gap("\n\n\n");
        lines.put("end", 3);
        assert_eq!(lines.finish().replace("\u{1b}[0m", ""), "seven77 five5\nseven77 a\n\nend");
    }
}
