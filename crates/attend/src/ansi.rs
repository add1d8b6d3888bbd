//! Coloured text for a terminal.

use std::io::Write;

use anyhow::Context;
use unicode_width::UnicodeWidthStr;

use crate::arguments::Args;
use crate::colour;
use crate::faithfulness::{self, Scores};
use crate::look::Show;
use crate::scale::Scale;
use crate::segments::{Segment, harmless};
use crate::terminal::{Colours, columns};
use crate::view::{Lens, View};

/// Writes text.
pub(crate) struct Terminal {
    columns: usize,
    colours: Colours,
    special: bool,
    apart: bool,
    scale: Scale,
    /// To be written before the first text.
    legend: Option<String>,
}

impl Terminal {
    pub(crate) fn new(args: &Args) -> Self {
        let columns = columns();
        let colours = args.colours.resolved(args.out.is_none());
        Terminal { columns, colours, special: args.special, apart: args.pieces, scale: args.scale, legend: None }
    }

    fn legend(&self, lenses: &[Lens]) -> String {
        let (levels, unit) = colour::legend(self.scale, lenses.iter().any(Lens::has_sign));
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
    fn begin(&mut self, lenses: &[Lens], scores: &[Scores], output: &mut dyn Write) -> anyhow::Result<()> {
        self.legend = Some(self.legend(lenses) + "\n");
        output.write_all(faithfulness::table(scores).as_bytes()).context("writing the answer")
    }

    fn text(&mut self, views: &[View], output: &mut dyn Write) -> anyhow::Result<()> {
        let mut text = self.legend.take().unwrap_or_default();
        text += &format!("\n{}\n", harmless(&views[0].review.id));
        for view in views {
            text += &format!("{}: {}\n", harmless(&view.lens.subject.name), view.answer());
            text += &format!("{}\n{}\n", view.shown(), self.body(view));
        }
        output.write_all(text.as_bytes()).context("writing the answer")
    }

    fn end(&mut self, _: &mut dyn Write) -> anyhow::Result<()> {
        Ok(())
    }
}

/// Words in lines that are not longer than the terminal is wide; what has no white space in it stays together.
struct Wrapped {
    columns: usize,
    text: String,
    used: usize,
    /// What must stay together with what follows, and its width.
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
        self.settle();
        self.space = true;
    }

    /// A line ends here; an empty one is not followed by another.
    fn line(&mut self) {
        self.settle();
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
        (self.used, self.space) = (0, false);
    }

    fn settle(&mut self) {
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
        self.settle();
        self.text.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_paint_has_no_width() {
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
