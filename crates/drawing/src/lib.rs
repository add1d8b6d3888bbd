//! Pictures as lists of shapes, written as SVG and as PNG: what every figure of the project is made of.

mod lettering;
mod picture;

pub use picture::{At, Colour, Picture, Shape, Text, text_width};
pub use plotters::style::text_anchor::HPos;
