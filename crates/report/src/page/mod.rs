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

use crate::chapter::Chapter;
use crate::figures::{Figure, Material};
use crate::sources::Missing;
use crate::verdict;
use crate::{notes, quality};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("sort.js");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// The whole page.
///
/// # Errors
/// A figure cannot be drawn.
pub(crate) fn text(material: &Material, figures: &[Figure], missing: &[Missing]) -> Result<String> {
    let study = material.study.unwrap_or("study");
    let inside = [
        depths(material),
        costs::inside(material)?,
        quality(material),
        runs::inside(material),
        method(material),
        provenance::inside(material, missing),
    ];
    let body = html! {
        (top(material, study))
        main {
            @for (chapter, inside) in Chapter::ALL.into_iter().zip(inside) {
                section id=(chapter.id_and_name().0) { h2 { (chapter.id_and_name().1) } (figure::of(chapter, figures)?) (inside) }
            }
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
    let sentences = verdict::sentences(material.verdict);
    html! {
        header {
            p.study { "Fathom · " (study) }
            h1 { "How few blocks are enough?" }
            @if let Some((first, others)) = sentences.split_first() {
                p.verdict { (first) }
                @if !others.is_empty() { ul { @for sentence in others { li { (sentence) } } } }
            }
            nav aria-label="Chapters" { @for (id, name) in Chapter::ALL.map(Chapter::id_and_name) { a href=(format!("#{id}")) { (name) } } }
        }
    }
}

/// Below the figures of the depths.
fn depths(material: &Material) -> Markup {
    let (columns, rows) = (verdict::columns(material.verdict.measure), verdict::rows(material.verdict));
    html! {
        (table::sortable("Depth by depth, against the full model", &columns, &rows))
        p.sentence { (material.verdict.claim.sentence) "." }
    }
}

fn quality(material: &Material) -> Markup {
    html! {
        @if material.quality.is_empty() {
            p { "There are no predictions, so there is only accuracy." }
        } @else {
            (table::sortable("From the predictions on test", &quality::columns(material.quality), material.quality))
            (runs::confusions(material))
            (runs::slices(material))
        }
    }
}

fn method(material: &Material) -> Markup {
    let notes = notes::notes(material.scores);
    let quality = quality::notes(material.quality);
    let notes = notes.lines().map(|line| line.trim_start_matches("- ").to_owned());
    let all = verdict::method(material.verdict).into_iter().chain(notes).chain(quality);
    html! { ul { @for note in all { li { (note) } } } }
}
