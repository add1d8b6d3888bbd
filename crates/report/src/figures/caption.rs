//! What stands above a figure: which study it is, and what a reader must know before believing it.

use drawing::HPos;

use super::pen::{GREY, INK, NOTE, TITLE, text};
use crate::scores::Score;
use drawing::{Shape, text_width};

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

/// Notes broken into lines that fit `width`; readers of an SVG may have a wider font than ours.
pub(crate) fn wrapped(notes: &[String], width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for note in notes {
        let mut line = String::new();
        for word in note.split(' ') {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if 1.06 * text_width(&longer, NOTE) > width && !line.is_empty() {
                lines.push(std::mem::replace(&mut line, word.to_owned()));
            } else {
                line = longer;
            }
        }
        lines.push(line);
    }
    lines
}

/// How high title and notes are.
pub(crate) fn height(n_notes: usize) -> f64 {
    52.0 + 20.0 * n_notes as f64
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
    fn notes_break_between_words_and_nothing_is_lost() {
        let note = "means over three seeds; the axis begins at 80, not at 0".to_owned();
        let lines = wrapped(&[note.clone(), "short".to_owned()], 150.0);
        assert!(lines.iter().all(|line| text_width(line, NOTE) <= 150.0) && lines.len() > 3, "{lines:?}");
        assert_eq!(lines.join(" "), format!("{note} short"));
        assert_eq!(wrapped(&["an-unbreakable-word".to_owned()], 9.0), ["an-unbreakable-word"]);
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
