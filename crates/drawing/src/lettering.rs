//! Text in pixels: the embedded font, set with its own bearings and kerning, which plotters leaves out.

use ab_glyph::{Font, FontRef, Glyph, InvalidFont, PxScale, ScaleFont, point};

/// A Latin subset of DejaVu Sans: no text in a PNG depends on what the machine has.
const FONT: &[u8] = include_bytes!("../assets/DejaVuSans-Latin.ttf");

/// How far below its middle a line of text stands on its baseline, in ems: half of the height of a digit.
pub(crate) const MIDDLE: f64 = 0.36;

/// One line of text, set.
pub(crate) struct Lettering {
    font: FontRef<'static>,
    glyphs: Vec<Glyph>,
    /// In pixels.
    pub(crate) width: f64,
    em: f64,
}

impl Lettering {
    /// Set `text` with `em` pixels to the em.
    pub(crate) fn new(text: &str, em: f64) -> Result<Self, InvalidFont> {
        let font = FontRef::try_from_slice(FONT)?;
        let scale = em as f32 * font.height_unscaled() / font.units_per_em().unwrap_or(1000.0);
        let scaled = font.as_scaled(PxScale::from(scale));
        let (mut glyphs, mut x): (Vec<Glyph>, f32) = (Vec::new(), 0.0);
        for letter in text.chars() {
            let id = scaled.glyph_id(letter);
            x += glyphs.last().map_or(0.0, |last| scaled.kern(last.id, id));
            glyphs.push(id.with_scale_and_position(scaled.scale(), point(x, 0.0)));
            x += scaled.h_advance(id);
        }
        Ok(Lettering { glyphs, width: f64::from(x), em, font })
    }

    /// Tell `ink` the pixels and how much of each is covered: right of the beginning, below the middle.
    pub(crate) fn ink(&self, mut ink: impl FnMut(f64, f64, f32)) {
        for outlined in self.glyphs.iter().filter_map(|glyph| self.font.outline_glyph(glyph.clone())) {
            let corner = outlined.px_bounds().min;
            let (right, down) = (f64::from(corner.x), f64::from(corner.y) + (MIDDLE * self.em).round());
            outlined.draw(|x, y, cover| ink(right + f64::from(x), down + f64::from(y), cover));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_as_wide_as_its_letters_and_stands_around_its_middle() {
        let width = |text: &str| Lettering::new(text, 100.0).unwrap().width;
        assert!((width("00") - 2.0 * width("0")).abs() < 1e-3 && width("i") < width("m"));
        let (mut top, mut bottom, mut left) = (f64::MAX, f64::MIN, f64::MAX);
        Lettering::new("0", 100.0).unwrap().ink(|x, y, cover| {
            if cover > 0.5 {
                (top, bottom, left) = (top.min(y), bottom.max(y), left.min(x));
            }
        });
        assert!((top + bottom).abs() < 4.0 && bottom - top > 70.0, "a digit from {top} to {bottom}");
        assert!(left > 4.0, "the bearing of a digit is {left}");
    }

    #[test]
    fn the_font_has_every_letter_we_write() {
        let font = FontRef::try_from_slice(FONT).unwrap();
        let missing: String = "aZ09 %,;:.–−·čü‘’“”…".chars().filter(|&letter| font.glyph_id(letter).0 == 0).collect();
        assert_eq!(missing, "");
    }
}
