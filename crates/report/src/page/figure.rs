//! Figures inside the page: the drawing, what one sees in it, and its data.

use anyhow::{Context, Result};
use maud::{Markup, PreEscaped, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::chapter::Chapter;
use crate::figures::Figure;

/// Those of one chapter, in order.
pub(crate) fn of(chapter: Chapter, figures: &[Figure]) -> Result<Markup> {
    let drawn = figures.iter().filter(|figure| figure.chapter == chapter).map(one).collect::<Result<Vec<_>>>()?;
    Ok(html! { @for figure in drawn { (figure) } })
}

fn one(figure: &Figure) -> Result<Markup> {
    let svg = figure.picture.svg().with_context(|| format!("drawing `{}`", figure.name))?;
    let data = format!("data:text/csv;charset=utf-8,{}", utf8_percent_encode(&figure.csv, NON_ALPHANUMERIC));
    Ok(html! {
        figure id=(figure.name) {
            div.wide tabindex="0" {
                div.drawing role="img" aria-label=(format!("{}. {}", figure.title, figure.alt)) { (PreEscaped(svg)) }
            }
            figcaption {
                (figure.alt) " "
                a href=(data) download=(format!("{}.csv", figure.name)) { "Data (CSV)" }
            }
        }
    })
}
