//! What stands above a figure: which study it is, and what a reader must know before believing it.

use plotters::style::text_anchor::HPos;

use super::pen::{GREY, INK, NOTE, TITLE, text};
use super::picture::Shape;
use crate::scores::Score;

/// Space on the left of everything.
pub(crate) const MARGIN: f64 = 20.0;

/// `imdb: accuracy …`; without a study's name the encoder's.
pub(crate) fn title(scores: &[Score], study: Option<&str>, what: &str) -> String {
    let study = study.or(scores.first().map(|score| score.encoder.as_str())).unwrap_or("no runs");
    format!("{study}: {what}")
}

/// How many seeds, and what chose the epoch.
pub(crate) fn basis<'a>(scores: impl Iterator<Item = &'a Score> + Clone) -> String {
    let seeds = scores.clone().map(|score| score.n_seeds);
    let seeds = match (seeds.clone().min().unwrap_or(0), seeds.max().unwrap_or(0)) {
        (1, 1) => "one seed".to_owned(),
        (few, many) if few == many => format!("means over {few} seeds"),
        (few, many) => format!("means over {few} to {many} seeds"),
    };
    let on_test = scores.clone().filter(|score| !score.chosen_on_validation).count();
    let chosen = match on_test {
        0 => "epoch chosen on validation".to_owned(),
        n if n == scores.clone().count() => "epoch chosen on test".to_owned(),
        n => format!("epoch chosen on validation (on test for {n} of {})", scores.count()),
    };
    format!("{seeds}; {chosen}")
}

/// The title, and a line below it for each note.
pub(crate) fn shapes(title: String, notes: &[String]) -> Vec<Shape> {
    let mut shapes = vec![text((MARGIN, 30.0), title, TITLE, HPos::Left, INK)];
    let note =
        |(i, note): (usize, &String)| text((MARGIN, 62.0 + 20.0 * i as f64), note.as_str(), NOTE, HPos::Left, GREY);
    shapes.extend(notes.iter().enumerate().map(note));
    shapes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Made;
    use crate::scores::from_text;

    fn scores(made: &[Made]) -> Vec<Score> {
        from_text(&made.iter().map(Made::metrics).collect::<String>())
    }

    #[test]
    fn the_title_names_the_study_else_the_encoder() {
        let scores = scores(&[Made::new("1VA", 1)]);
        assert_eq!(title(&scores, Some("imdb"), "it"), "imdb: it");
        assert_eq!(title(&scores, None, "it"), "tiny-bert: it");
    }

    #[test]
    fn the_basis_is_seeds_and_what_chose_the_epoch() {
        let (ours, source) = (Made::new("1VA", 1), Made::new("2VA", 1).no_validation());
        let second = Made::new("2VA", 2).no_validation();
        for (made, expected) in [
            (vec![ours.clone()], "one seed; epoch chosen on validation"),
            (vec![source.clone(), second.clone()], "means over 2 seeds; epoch chosen on test"),
            (vec![ours, source, second], "means over 1 to 2 seeds; epoch chosen on validation (on test for 1 of 2)"),
        ] {
            assert_eq!(basis(scores(&made).iter()), expected);
        }
    }
}
