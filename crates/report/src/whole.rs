//! Everything that follows from some runs, computed once.

use std::path::{Path, PathBuf};

use anyhow::Result;
use records::publish;

use crate::arguments::{Format, Question};
use crate::figures::{self, Figure, Material};
use crate::scores::Score;
use crate::sources::{self, Missing};
use crate::verdict::{self, Verdict};
use crate::{page, quality, table};

/// What tables, figures and the page are made from.
pub(crate) struct Whole<'a> {
    pub(crate) material: Material<'a>,
    pub(crate) figures: Vec<Figure>,
    pub(crate) missing: &'a [Missing],
}

/// Read `runs` and hand over all that follows from them.
pub(crate) fn with<T>(runs: &[PathBuf], question: &Question, make: impl FnOnce(&Whole) -> Result<T>) -> Result<T> {
    let input = sources::read(runs)?;
    let verdict = Verdict::new(&input.runs, &input.missing, question)?;
    let (scores, quality) = (Score::all(&input.runs, question.measure)?, quality::all(&input.runs)?);
    let study = sources::study(runs);
    let material =
        Material { scores: &scores, runs: &input.runs, verdict: &verdict, quality: &quality, study: study.as_deref() };
    make(&Whole { figures: figures::all(&material), material, missing: &input.missing })
}

/// Write all of it to one folder, the page last: where it is, the rest is there.
pub(crate) fn publish_all(whole: &Whole, folder: &Path) -> Result<()> {
    let Whole { material, figures, missing } = whole;
    let put = |name: &str, text: String| publish::bytes(&folder.join(name), text.as_bytes());
    let sentences = verdict::sentences(material.verdict);
    put("table.md", table::text(material.scores, Format::Markdown, &sentences)?)?;
    put("table.csv", table::text(material.scores, Format::Csv, &sentences)?)?;
    put("verdict.md", verdict::markdown(material.verdict))?;
    put("verdict.json", verdict::json(material.verdict)?)?;
    put("quality.md", quality::text(material.quality, Format::Markdown)?)?;
    put("quality.csv", quality::text(material.quality, Format::Csv)?)?;
    figures::publish(figures, folder)?;
    Ok(put("index.html", page::text(material, figures, missing)?)?)
}
