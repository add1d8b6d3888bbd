//! Draw coloured text as a picture.

use std::io::Write;

use anyhow::{Context, ensure};
use drawing::{At, HPos, Picture, Shape, Text, text_width};

use crate::arguments::{Args, Format};
use crate::colour;
use crate::faithfulness::Scores;
use crate::scale::Scale;
use crate::segments::Segment;
use crate::show::Show;
use crate::view::{View, Viewer};

/// Collects texts, draws them at the end.
pub(crate) struct Figure {
    special: bool,
    apart: bool,
    scale: Scale,
    shapes: Vec<Shape>,
    /// Height of the next line of text.
    y: f64,
    texts: usize,
}

/// Pixels: the figure's width, its margin, the text's size and the distance of its lines.
const WIDTH: f64 = 800.0;
const MARGIN: f64 = 24.0;
const SIZE: f64 = 15.0;
const LINE: f64 = 24.0;

/// Upper bound on texts in a picture.
const TEXTS: usize = 20;

const INK: (u8, u8, u8) = (0x28, 0x28, 0x28);
const SOFT: (u8, u8, u8) = (0x69, 0x69, 0x69);

impl Figure {
    pub(crate) fn new(args: &Args) -> Self {
        debug_assert_eq!(args.format, Format::Png);
        let (special, apart, scale) = (args.special, args.pieces, args.scale);
        Figure { special, apart, scale, shapes: Vec::new(), y: MARGIN, texts: 0 }
    }

    fn write(&mut self, text: &str, x: f64, size: f64, colour: (u8, u8, u8)) {
        let (at, text, side) = ((x, self.y), text.to_owned(), HPos::Left);
        self.shapes.push(Shape::Text(Text { at, text, size, side, colour, upwards: false }));
    }

    /// Text on the colour of its level; returns where it ends.
    fn paint(&mut self, text: &str, x: f64, level: i8) -> f64 {
        let end = x + text_width(text, SIZE);
        if let Some(colour) = colour::of(level) {
            let (top, bottom) = (self.y - 0.42 * LINE, self.y + 0.42 * LINE);
            self.shapes.push(Shape::Area { points: rectangle((x, top), (end, bottom)), colour });
        }
        self.write(text, x, SIZE, INK);
        end
    }

    fn body(&mut self, view: &View) {
        let segments = view.segments(self.apart);
        let kept: Vec<&Segment> = segments.iter().filter(|segment| self.special || !view.is_special(segment)).collect();
        let weights: Vec<f32> =
            kept.iter().filter(|segment| !segment.tokens().is_empty()).map(|segment| view.weight(0, segment)).collect();
        let mut shown = self.scale.of(&weights).into_iter();
        let mut x = MARGIN;
        for segment in kept {
            match segment {
                Segment::Tokens { text, .. } => {
                    if x + text_width(text, SIZE) > WIDTH - MARGIN {
                        (x, self.y) = (MARGIN, self.y + LINE);
                    }
                    x = self.paint(text, x, colour::level(shown.next().unwrap_or(0.0)));
                    x += if view.is_special(segment) { text_width(" ", SIZE) } else { 0.0 };
                }
                Segment::Between(text) if text.contains('\n') => (x, self.y) = (MARGIN, self.y + LINE),
                Segment::Between(text) if text.trim().is_empty() => x += text_width(" ", SIZE),
                Segment::Between(text) => {
                    self.write(text, x, SIZE, SOFT);
                    x += text_width(text, SIZE);
                }
                Segment::Unread(letters) => {
                    (x, self.y) = (MARGIN, self.y + LINE);
                    self.write(&format!("… {letters} characters not read …"), x, SIZE, SOFT);
                    self.y += LINE;
                }
            }
        }
        self.y += 1.5 * LINE;
    }

    fn legend(&mut self, viewer: &Viewer) {
        let (levels, unit) = colour::legend(self.scale, viewer.has_sign());
        let mut x = MARGIN + text_width("from  ", SIZE);
        self.write("from", MARGIN, SIZE, SOFT);
        for (level, name) in levels {
            x = self.paint(&name, x, level) + 6.0;
        }
        self.write(unit, x, SIZE, SOFT);
        self.y += 1.5 * LINE;
    }
}

fn rectangle((left, top): At, (right, bottom): At) -> Vec<At> {
    vec![(left, top), (right, top), (right, bottom), (left, bottom)]
}

impl Show for Figure {
    fn begin(&mut self, viewers: &[Viewer], _: &[Scores], _: &mut dyn Write) -> anyhow::Result<()> {
        if let Some(viewer) = viewers.first() {
            self.legend(viewer);
        }
        Ok(())
    }

    fn text(&mut self, views: &[View], _: &mut dyn Write) -> anyhow::Result<()> {
        self.texts += 1;
        ensure!(
            self.texts <= TEXTS,
            "--format png shows at most {TEXTS} texts: add --limit {TEXTS}, or use --format html"
        );
        for view in views {
            self.write(&format!("{}: {}", view.review.id, view.answer()), MARGIN, SIZE, SOFT);
            self.y += LINE;
            self.write(&format!("{}: {}", view.viewer.model.name, view.title()), MARGIN, SIZE, SOFT);
            self.y += 1.2 * LINE;
            self.body(view);
        }
        Ok(())
    }

    fn end(&mut self, output: &mut dyn Write) -> anyhow::Result<()> {
        ensure!(self.texts > 0, "--format png needs a text: add --text, --review or FILE");
        let shapes = std::mem::take(&mut self.shapes);
        let picture = Picture { width: WIDTH, height: self.y, shapes };
        output.write_all(&picture.png()?).context("writing the answer")
    }
}
