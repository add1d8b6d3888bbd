//! The figures: one file each, one line here.

mod accuracy_by_blocks;
mod axis;
mod bars;
mod best_by_depth;
mod caption;
#[cfg(test)]
mod layout;
mod legend;
mod lettering;
mod marks;
mod pen;
mod picture;
mod series;

use std::path::Path;

use anyhow::{Context, Result};
use records::publish;

use crate::scores::Score;
use picture::Picture;

/// What a figure is made from; the study's name, if the runs' folders tell it.
type Figure = fn(&[Score], Option<&str>) -> Picture;

/// File name without ending, and what draws it.
const FIGURES: [(&str, Figure); 2] =
    [("accuracy-by-blocks", accuracy_by_blocks::picture), ("best-by-depth", best_by_depth::picture)];

/// Publish every figure in `folder`, as SVG and PNG.
pub(crate) fn draw(scores: &[Score], study: Option<String>, folder: &Path) -> Result<()> {
    for (name, figure) in FIGURES {
        let picture = figure(scores, study.as_deref());
        let drawing = || format!("drawing `{name}`");
        let (svg, png) = (picture.svg().with_context(drawing)?, picture.png().with_context(drawing)?);
        publish::bytes(&folder.join(format!("{name}.svg")), svg.as_bytes())?;
        publish::bytes(&folder.join(format!("{name}.png")), &png)?;
    }
    Ok(())
}
