//! One self-contained page: the verdict, the figures with their data, sortable tables, method and provenance.
//!
//! It needs no network and no other file. Everything that comes from runs is escaped by `maud`; the policy in its head forbids
//! whatever is not written in the page itself.

mod costs;
mod figure;
mod provenance;
mod runs;
mod table;

use anyhow::Result;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::figures::{self, Figure, Material};
use crate::sources::Missing;
use crate::table::columns as score_columns;
use crate::verdict;
use crate::{notes, quality};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("sort.js");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// The chapters, by the end of their address and by name.
const CHAPTERS: [(&str, &str); 6] = [
    ("depths", "What each block buys"),
    ("costs", "What it costs"),
    ("quality", "More than accuracy"),
    ("runs", "All runs"),
    ("method", "Method"),
    ("provenance", "Provenance"),
];

/// The whole page.
///
/// # Errors
/// A figure cannot be drawn.
pub(crate) fn text(material: &Material, missing: &[Missing]) -> Result<String> {
    let figures = figures::all(material);
    let study = material.study.unwrap_or("study");
    let body = html! {
        (top(material, study))
        main {
            (depths(material, &figures)?)
            (costs::chapter_of(material, &figures)?)
            (quality_chapter(material, &figures)?)
            (runs::chapter_of(material, &figures)?)
            (method(material))
            (provenance::chapter_of(material, missing))
        }
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (study) ": how few blocks are enough?" }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) script { (PreEscaped(SCRIPT)) } }
        }
    };
    Ok(page.into_string())
}

/// The verdict first.
fn top(material: &Material, study: &str) -> Markup {
    let said = verdict::sentences(material.verdict);
    html! {
        header {
            p.study { "Fathom · " (study) }
            h1 { "How few blocks are enough?" }
            @if let Some((first, others)) = said.split_first() {
                p.verdict { (first) }
                @if !others.is_empty() { ul { @for sentence in others { li { (sentence) } } } }
            }
            nav aria-label="Chapters" { @for (id, name) in CHAPTERS { a href=(format!("#{id}")) { (name) } } }
        }
    }
}

/// A chapter under one of [`CHAPTERS`]' names.
fn chapter(id: &str, inside: Markup) -> Markup {
    let name = CHAPTERS.iter().find(|chapter| chapter.0 == id).map_or(id, |chapter| chapter.1);
    html! { section id=(id) { h2 { (name) } (inside) } }
}

fn depths(material: &Material, figures: &[Figure]) -> Result<Markup> {
    Ok(chapter(
        "depths",
        html! {
            (figure::named(figures, &["accuracy-by-blocks", "gain-per-block"])?)
            (table::sortable("Depth by depth, against the full model", &verdict::columns(), &verdict::rows(material.verdict)))
            p.said { (material.verdict.claim.sentence) "." }
            (figure::named(figures, &["best-by-depth"])?)
        },
    ))
}

fn quality_chapter(material: &Material, figures: &[Figure]) -> Result<Markup> {
    Ok(chapter(
        "quality",
        html! {
            (figure::named(figures, &["confidence-by-blocks", "reliability"])?)
            @if material.quality.is_empty() {
                p { "No predictions, so there is nothing but accuracy." }
            } @else {
                (table::sortable("From the predictions on test", &quality::columns(material.quality), material.quality))
                (runs::confusions(material))
                (runs::slices(material))
            }
        },
    ))
}

fn method(material: &Material) -> Markup {
    let notes = notes::notes(material.scores);
    let quality = quality::notes(material.quality);
    let notes = notes.lines().map(|line| line.trim_start_matches("- ").to_owned());
    let all = verdict::method(material.verdict).into_iter().chain(notes).chain(quality);
    chapter("method", html! { ul { @for note in all { li { (note) } } } })
}

/// Columns that say something of these scores.
fn columns_of(material: &Material) -> Vec<crate::grid::Column<crate::scores::Score>> {
    score_columns(material.scores).copied().collect()
}
