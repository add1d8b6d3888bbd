//! The figures: one file each, one line here.

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

use crate::quality::Quality;
use crate::runs::Run;
use crate::scores::Score;
use crate::verdict::{Level, Verdict};
pub(crate) use drawing::Picture;

/// What figures are made from.
pub(crate) struct Material<'a> {
    pub(crate) scores: &'a [Score],
    pub(crate) runs: &'a [Run],
    pub(crate) verdict: &'a Verdict<'a>,
    pub(crate) quality: &'a [Quality],
    /// The study's name, if the runs' folders tell it.
    pub(crate) study: Option<&'a str>,
}

/// One figure, for eyes and for all who cannot see it.
pub(crate) struct Figure {
    /// File name without ending.
    pub(crate) name: &'static str,
    pub(crate) title: String,
    /// What it shows in one to three sentences, with the numbers a reader would take from it.
    pub(crate) alt: String,
    /// The numbers that are drawn; column names carry the units.
    pub(crate) csv: String,
    pub(crate) picture: Picture,
}

/// What draws a figure; nothing where there is nothing to show.
type Draw = fn(&Material) -> Option<Figure>;

const FIGURES: [Draw; 7] = [
    accuracy_by_blocks::figure,
    best_by_depth::figure,
    gain_per_block::figure,
    pareto::figure,
    learning_curves::figure,
    confidence_by_blocks::figure,
    reliability::figure,
];

/// All that have something to show.
pub(crate) fn all(material: &Material) -> Vec<Figure> {
    FIGURES.into_iter().filter_map(|draw| draw(material)).collect()
}

/// Publish every figure in `folder`, as SVG and PNG.
pub(crate) fn draw(material: &Material, folder: &Path) -> Result<()> {
    for Figure { name, picture, .. } in all(material) {
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
    fn score(&self, level: &Level) -> Option<&Score> {
        self.scores.iter().find(|score| score.configuration == level.rung.configuration())
    }

    /// Seeds and what chose the epoch, of the depths of the verdict.
    fn basis(&self) -> String {
        let scores: Vec<&Score> = self.verdict.levels.iter().filter_map(|level| self.score(level)).collect();
        caption::basis(scores.into_iter())
    }

    /// The quality of a depth of the verdict.
    fn quality(&self, level: &Level) -> Option<&Quality> {
        self.quality.iter().find(|quality| quality.configuration == level.rung.configuration())
    }

    fn knee(&self) -> Option<&Level<'_>> {
        self.verdict.levels.get(self.verdict.knee?)
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
        let expected = ["accuracy-by-blocks", "best-by-depth", "gain-per-block", "pareto", "learning-curves"];
        assert_eq!(names, [&expected[..], &["confidence-by-blocks", "reliability"]].concat());
        for Figure { name, title, alt, csv, picture } in &figures {
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
