//! A picture as a list of shapes, and its two forms: SVG, and PNG at twice the size.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontTransform, register_font};

/// Pixels of the SVG, from the upper left corner.
pub(crate) type At = (f64, f64);

/// Red, green, blue.
pub(crate) type Colour = (u8, u8, u8);

/// Everything a figure needs.
pub(crate) enum Shape {
    Path { points: Vec<At>, width: f64, colour: Colour },
    Area { points: Vec<At>, colour: Colour },
    Text { at: At, text: String, size: f64, side: HPos, colour: Colour, upwards: bool },
}

/// Shapes on white, later ones above earlier ones.
pub(crate) struct Picture {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) shapes: Vec<Shape>,
}

/// A Latin subset of DejaVu Sans: no text in a PNG depends on what the machine has.
const FONT: &[u8] = include_bytes!("../../assets/DejaVuSans-Latin.ttf");
const FAMILY: &str = "sans-serif";

/// Pixels of the PNG for one of the SVG, and samples for one pixel of the PNG on each side.
const PNG_SCALE: usize = 2;
const SAMPLES: usize = 2;

impl Picture {
    pub(crate) fn svg(&self) -> Result<String> {
        let mut svg = String::new();
        self.draw(SVGBackend::with_string(&mut svg, self.pixels(1)).into_drawing_area(), 1.0)?;
        Ok(svg)
    }

    pub(crate) fn png(&self) -> Result<Vec<u8>> {
        let scale = PNG_SCALE * SAMPLES;
        let (width, height) = self.pixels(scale);
        let mut samples = vec![0; 3 * width as usize * height as usize];
        let area = BitMapBackend::with_buffer(&mut samples, (width, height)).into_drawing_area();
        self.draw(area, scale as f64)?;
        let (width, height) = self.pixels(PNG_SCALE);
        encode(&averaged(&samples, width as usize, height as usize), width, height)
    }

    fn pixels(&self, scale: usize) -> (u32, u32) {
        ((self.width as usize * scale) as u32, (self.height as usize * scale) as u32)
    }

    fn draw<B: DrawingBackend>(&self, area: DrawingArea<B, Shift>, scale: f64) -> Result<()> {
        embed_font()?;
        let failed = |e: DrawingAreaErrorKind<B::ErrorType>| anyhow!("{e}");
        area.fill(&WHITE).map_err(failed)?;
        for shape in &self.shapes {
            shape.draw(&area, scale).map_err(failed)?;
        }
        area.present().map_err(failed)
    }
}

impl Shape {
    fn draw<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, Shift>,
        scale: f64,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        let pixel = |at: &At| ((at.0 * scale).round() as i32, (at.1 * scale).round() as i32);
        let pixels = |points: &[At]| points.iter().map(pixel).collect::<Vec<_>>();
        match self {
            Shape::Path { points, width, colour } => {
                let style = rgb(*colour).stroke_width((width * scale).round() as u32);
                area.draw(&PathElement::new(pixels(points), style))
            }
            Shape::Area { points, colour } => area.draw(&Polygon::new(pixels(points), rgb(*colour).filled())),
            Shape::Text { at, text, size, side, colour, upwards } => {
                let turn = if *upwards { FontTransform::Rotate270 } else { FontTransform::None };
                let font = (FAMILY, size * scale).into_font().transform(turn);
                let style = font.color(&rgb(*colour)).pos(Pos::new(*side, VPos::Center));
                area.draw_text(text, &style, pixel(at))
            }
        }
    }
}

/// How wide a text of this size is in the embedded font.
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    let measured = embed_font().ok().and_then(|()| (FAMILY, size).into_font().box_size(text).ok());
    measured.map_or(0.6 * size * text.chars().count() as f64, |(width, _)| f64::from(width))
}

fn embed_font() -> Result<()> {
    register_font(FAMILY, FontStyle::Normal, FONT).map_err(|_| anyhow!("the embedded font cannot be read"))
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
            Shape::Text {
                at: (10.0, 5.0),
                text: "a < b – č".to_owned(),
                size: 10.0,
                side: HPos::Left,
                colour: (0, 0, 0),
                upwards: false,
            },
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
