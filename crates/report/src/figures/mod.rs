//! The figures. A new one is a file with a `figure` function, its `mod` and its line in [`FIGURES`]; its chapter places it
//! on the page.

mod accuracy_by_blocks;
mod axis;
mod bars;
mod best_by_depth;
mod caption;
mod confidence_by_blocks;
mod csv;
mod curves;
mod depths;
mod front;
mod gain_per_block;
mod gains;
mod labels;
mod layout;
mod learning_curves;
mod legend;
mod marks;
#[cfg(test)]
mod material;
mod offers;
mod panel;
mod pareto;
mod pen;
mod reliability;
mod scale;
mod series;

use std::path::Path;

use anyhow::{Context, Result};
use records::publish;

use crate::chapter::Chapter;
use crate::quality::Quality;
use crate::runs::Run;
use crate::scores::Score;
use crate::verdict::{DepthResult, Verdict};
pub(crate) use drawing::Picture;

/// What figures are made from.
pub(crate) struct Material<'a> {
    pub(crate) scores: &'a [Score],
    pub(crate) runs: &'a [Run],
    pub(crate) verdict: &'a Verdict<'a>,
    pub(crate) quality: &'a [Quality],
    /// The study's name, if the runs are in `out/<study>/runs`.
    pub(crate) study: Option<&'a str>,
}

/// One figure, for readers who see it and readers who do not.
pub(crate) struct Figure {
    /// File name without ending.
    pub(crate) name: &'static str,
    /// Where the page shows it.
    pub(crate) chapter: Chapter,
    pub(crate) title: String,
    /// What it shows, in one to three sentences, with the numbers a reader would take from it.
    pub(crate) alt: String,
    /// The numbers that are drawn; column names carry the units.
    pub(crate) csv: String,
    pub(crate) picture: Picture,
}

/// Draws a figure, or returns `None` if there is nothing to show.
type Draw = fn(&Material) -> Option<Figure>;

/// In the order of their chapters.
const FIGURES: &[Draw] = &[
    accuracy_by_blocks::figure,
    gain_per_block::figure,
    best_by_depth::figure,
    pareto::figure,
    confidence_by_blocks::figure,
    reliability::figure,
    learning_curves::figure,
];

/// Every figure that has something to show.
pub(crate) fn all(material: &Material) -> Vec<Figure> {
    FIGURES.iter().filter_map(|draw| draw(material)).collect()
}

/// Publish every figure in `folder`, as SVG and PNG.
pub(crate) fn publish(figures: &[Figure], folder: &Path) -> Result<()> {
    for Figure { name, picture, .. } in figures {
        let drawing = || format!("drawing `{name}`");
        let (svg, png) = (picture.svg().with_context(drawing)?, picture.png().with_context(drawing)?);
        publish::bytes(&folder.join(format!("{name}.svg")), svg.as_bytes())?;
        publish::bytes(&folder.join(format!("{name}.png")), &png)?;
    }
    Ok(())
}

impl Material<'_> {
    /// `imdb: accuracy …`
    fn title(&self, what: &str) -> String {
        caption::title(self.scores, self.study, what)
    }

    /// The score of a depth of the verdict.
    fn score(&self, depth: &DepthResult) -> Option<&Score> {
        self.scores.iter().find(|score| score.configuration == depth.candidate.configuration())
    }

    /// Seeds and what chose the epoch, of the depths of the verdict.
    fn basis(&self) -> String {
        let scores: Vec<&Score> = self.verdict.depths.iter().filter_map(|depth| self.score(depth)).collect();
        caption::basis(scores.into_iter())
    }

    /// The quality of a depth of the verdict.
    fn quality(&self, depth: &DepthResult) -> Option<&Quality> {
        self.quality.iter().find(|quality| quality.configuration == depth.candidate.configuration())
    }

    fn knee(&self) -> Option<&DepthResult<'_>> {
        self.verdict.depths.get(self.verdict.knee?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Made;

    #[test]
    fn each_figure_has_words_and_numbers_and_names_its_study() {
        let made: Vec<Made> =
            ["1VA", "2VA", "4VA"].into_iter().flat_map(|id| [1, 2].map(|s| Made::new(id, s))).collect();
        let quality = ["1VA", "4VA"].map(|id| material::quality(id, 0.8, 0.1));
        let figures = material::with(&material::runs(&made), &quality, all);
        let names: Vec<&str> = figures.iter().map(|figure| figure.name).collect();
        assert!(names.len() == FIGURES.len() && figures.is_sorted_by_key(|figure| figure.chapter as u8), "{names:?}");
        for Figure { name, title, alt, csv, picture, .. } in &figures {
            assert!(title.starts_with("imdb: ") && picture.texts().next().is_some_and(|text| text.text == *title));
            assert!(alt.ends_with('.') && !alt.contains("NaN") && alt.matches(". ").count() < 3, "{name}: {alt}");
            let cells: Vec<usize> = csv.lines().map(|row| row.matches(',').count()).collect();
            assert!(cells.len() > 2 && cells.iter().all(|n| *n == cells[0]), "{name}: {csv}");
        }
    }

    #[test]
    fn a_figure_with_nothing_to_show_is_left_out() {
        let figures = material::with(&material::runs(&[Made::new("1VA", 1)]), &[], all);
        let names: Vec<&str> = figures.iter().map(|figure| figure.name).collect();
        assert_eq!(names, ["accuracy-by-blocks", "best-by-depth", "learning-curves"]);
    }
}
