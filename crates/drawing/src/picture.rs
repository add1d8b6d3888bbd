//! A picture as a list of shapes, and its two forms: SVG, and PNG at twice the size.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::FontTransform;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::lettering::{Lettering, MIDDLE};

/// Pixels of the SVG, from the upper left corner.
pub type At = (f64, f64);

/// Red, green, blue.
pub type Colour = (u8, u8, u8);

/// Everything a figure needs.
pub enum Shape {
    /// A line through points.
    Path {
        /// In order.
        points: Vec<At>,
        /// Pixels.
        width: f64,
        /// Of the line.
        colour: Colour,
    },
    /// A polygon.
    Area {
        /// Its corners.
        points: Vec<At>,
        /// All over it.
        colour: Colour,
    },
    /// An area so pale that others, lines and texts are seen through it.
    Band {
        /// Its corners.
        points: Vec<At>,
        /// Before it is made pale.
        colour: Colour,
    },
    /// A line of text.
    Text(Text),
}

/// One line of text, its middle at the height of `at`.
pub struct Text {
    /// Where it begins, has its middle, or ends: `side` says which.
    pub at: At,
    /// What is written.
    pub text: String,
    /// Pixels to the em.
    pub size: f64,
    /// Which end of the text is at `at`.
    pub side: HPos,
    /// Of the letters.
    pub colour: Colour,
    /// Read from below.
    pub upwards: bool,
}

/// Shapes on white, later ones above earlier ones; in a PNG text is above all.
pub struct Picture {
    /// Pixels of the SVG; the PNG has twice as many.
    pub width: f64,
    /// The same.
    pub height: f64,
    /// From the lowest to the highest.
    pub shapes: Vec<Shape>,
}

/// How much of its colour a band has.
const BAND: f64 = 0.2;

/// Pixels of the PNG for one of the SVG, and samples for one pixel of the PNG on each side.
const PNG_SCALE: usize = 2;
const SAMPLES: usize = 2;

impl Picture {
    /// The picture as SVG.
    ///
    /// # Errors
    /// plotters cannot draw a shape.
    pub fn svg(&self) -> Result<String> {
        let mut svg = String::new();
        let area = SVGBackend::with_string(&mut svg, self.pixels(1)).into_drawing_area();
        self.draw(&area, 1.0)?;
        for text in self.texts() {
            text.draw(&area)?;
        }
        drop(area);
        Ok(svg)
    }

    /// The picture as PNG, twice as large, its text set in the embedded font.
    ///
    /// # Errors
    /// plotters cannot draw a shape, or the picture has no pixel.
    pub fn png(&self) -> Result<Vec<u8>> {
        let scale = PNG_SCALE * SAMPLES;
        let (width, height) = self.pixels(scale);
        let mut samples = vec![0; 3 * width as usize * height as usize];
        self.draw(&BitMapBackend::with_buffer(&mut samples, (width, height)).into_drawing_area(), scale as f64)?;
        for text in self.texts() {
            text.ink(&mut samples, width as usize, scale as f64)?;
        }
        let (width, height) = self.pixels(PNG_SCALE);
        encode(&averaged(&samples, width as usize, height as usize), width, height)
    }

    fn pixels(&self, scale: usize) -> (u32, u32) {
        ((self.width as usize * scale) as u32, (self.height as usize * scale) as u32)
    }

    /// All that is written in it.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        self.shapes.iter().filter_map(|shape| if let Shape::Text(text) = shape { Some(text) } else { None })
    }

    /// Everything but text.
    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>, scale: f64) -> Result<()> {
        let failed = |e: DrawingAreaErrorKind<B::ErrorType>| anyhow!("{e}");
        let pixel = |at: &At| ((at.0 * scale).round() as i32, (at.1 * scale).round() as i32);
        let pixels = |points: &[At]| points.iter().map(pixel).collect::<Vec<_>>();
        area.fill(&WHITE).map_err(failed)?;
        for shape in &self.shapes {
            match shape {
                Shape::Path { points, width, colour } => {
                    let style = rgb(*colour).stroke_width((width * scale).round() as u32);
                    area.draw(&PathElement::new(pixels(points), style)).map_err(failed)?;
                }
                Shape::Area { points, colour } => {
                    area.draw(&Polygon::new(pixels(points), rgb(*colour).filled())).map_err(failed)?;
                }
                Shape::Band { points, colour } => {
                    let style = rgb(*colour).mix(BAND).filled();
                    area.draw(&Polygon::new(pixels(points), style)).map_err(failed)?;
                }
                Shape::Text(_) => {}
            }
        }
        Ok(())
    }
}

/// plotters divides a font's size by this before it writes the SVG.
const PLOTTERS_SIZE: f64 = 1.24;

/// Half of the height of an `x` in ems: how far below the middle plotters puts the baseline.
const HALF_EX: f64 = 0.27;

impl Text {
    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Result<()> {
        let turn = if self.upwards { FontTransform::Rotate270 } else { FontTransform::None };
        let font = ("sans-serif", PLOTTERS_SIZE * self.size).into_font().transform(turn);
        let style = font.color(&rgb(self.colour)).pos(Pos::new(self.side, VPos::Center));
        let down = (MIDDLE - HALF_EX) * self.size;
        let (x, y) = if self.upwards { (self.at.0 + down, self.at.1) } else { (self.at.0, self.at.1 + down) };
        area.draw_text(&self.text, &style, (x.round() as i32, y.round() as i32)).map_err(|e| anyhow!("{e}"))
    }

    /// Blend the text into samples of an image `width` pixels wide.
    fn ink(&self, samples: &mut [u8], width: usize, scale: f64) -> Result<()> {
        let lettering = Lettering::new(&self.text, self.size * scale)?;
        let before = match self.side {
            HPos::Left => 0.0,
            HPos::Center => lettering.width / 2.0,
            HPos::Right => lettering.width,
        };
        let (x, y) = (self.at.0 * scale, self.at.1 * scale);
        let colour = <[u8; 3]>::from(self.colour);
        lettering.ink(|right, down, cover| {
            let right = right - before;
            let (x, y) = if self.upwards { (x + down, y - right) } else { (x + right, y + down) };
            let inside = x >= 0.0 && y >= 0.0 && (x as usize) < width;
            let first = 3 * (y as usize * width + x as usize);
            let pixel = samples.get_mut(first..first + 3).filter(|_| inside);
            for (old, new) in pixel.into_iter().flatten().zip(colour) {
                *old = (f32::from(*old) + cover * (f32::from(new) - f32::from(*old))).round() as u8;
            }
        });
        Ok(())
    }
}

/// How wide a text of this size is in the embedded font.
pub fn text_width(text: &str, size: f64) -> f64 {
    Lettering::new(text, size).map_or(0.6 * size * text.chars().count() as f64, |lettering| lettering.width)
}

fn rgb((red, green, blue): Colour) -> RGBColor {
    RGBColor(red, green, blue)
}

/// Each pixel is the mean of its samples.
fn averaged(samples: &[u8], width: usize, height: usize) -> Vec<u8> {
    let stride = 3 * width * SAMPLES;
    let mean = |row: usize, column: usize, channel: usize| {
        let corner = row * SAMPLES * stride + column * SAMPLES * 3 + channel;
        let offsets = (0..SAMPLES).flat_map(|y| (0..SAMPLES).map(move |x| y * stride + 3 * x));
        let sum: usize = offsets.map(|offset| usize::from(samples[corner + offset])).sum();
        (sum / (SAMPLES * SAMPLES)) as u8
    };
    let places = (0..height).flat_map(|row| (0..width).map(move |column| (row, column)));
    places.flat_map(|(row, column)| [0, 1, 2].map(|channel| mean(row, column, channel))).collect()
}

fn encode(pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(pixels)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Picture {
        let area = vec![(2.0, 2.0), (6.0, 2.0), (6.0, 6.0), (2.0, 6.0)];
        let shapes = vec![
            Shape::Area { points: area, colour: (0, 0, 0) },
            Shape::Text(Text {
                at: (10.0, 5.0),
                text: "a < b – č".to_owned(),
                size: 8.0,
                side: HPos::Left,
                colour: (0, 0, 0),
                upwards: false,
            }),
        ];
        Picture { width: 60.0, height: 10.0, shapes }
    }

    #[test]
    fn the_png_is_twice_as_large_and_holds_ink_where_the_shapes_are() {
        let bytes = picture().png().unwrap();
        let mut reader = png::Decoder::new(bytes.as_slice()).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (120, 20));
        let red = |x: usize, y: usize| pixels[3 * (y * 120 + x)];
        assert_eq!((red(8, 8), red(1, 1)), (0, 255));
        let inked = (20..120).filter(|&x| (0..20).any(|y| red(x, y) < 128)).count();
        assert!(inked > 30, "the text has ink in only {inked} columns");
    }

    #[test]
    fn a_band_is_pale_in_both_forms_and_what_lies_below_is_seen() {
        let square = |side: f64| vec![(0.0, 0.0), (side, 0.0), (side, side), (0.0, side)];
        let below = Shape::Area { points: square(5.0), colour: (0, 0, 0) };
        let band = Shape::Band { points: square(10.0), colour: (0, 0, 0) };
        let picture = Picture { width: 10.0, height: 10.0, shapes: vec![below, band] };
        let bytes = picture.png().unwrap();
        let mut reader = png::Decoder::new(bytes.as_slice()).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size()];
        reader.next_frame(&mut pixels).unwrap();
        let red = |x: usize, y: usize| pixels[3 * (y * 20 + x)];
        assert!(red(4, 4) == 0 && (200..210).contains(&red(14, 14)), "{} {}", red(4, 4), red(14, 14));
        assert!(picture.svg().unwrap().contains("opacity=\"0.2\""));
    }

    #[test]
    fn the_svg_escapes_its_text() {
        let svg = picture().svg().unwrap();
        assert!(svg.contains("a &lt; b – č") && svg.contains("font-family=\"sans-serif\""), "{svg}");
    }

    #[test]
    fn a_pixel_is_the_mean_of_its_samples() {
        let samples = [[0_u8; 3], [255; 3], [9; 3], [9; 3], [255; 3], [0; 3], [9; 3], [9; 3]].concat();
        assert_eq!(averaged(&samples, 2, 1), [127, 127, 127, 9, 9, 9]);
    }
}
