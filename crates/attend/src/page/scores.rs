//! The results of the test of faithfulness on the page.

use maud::{Markup, html};

use crate::faithfulness::{Score, Scores, verdict};

/// One table for each model.
pub(crate) fn section(scores: &[Scores]) -> Markup {
    html! {
        @for scores in scores {
            p.note {
                "How far to trust it, " strong { (scores.run) } ": the fall of the predicted class's probability, in points, when the \
                 tokens with the largest weights are removed (mean over shares up to half of the tokens; " (scores.reviews) " test \
                 reviews; one 95 % interval each)."
            }
            div.wide tabindex="0" { table {
                thead { tr { th { "method" } th { "fall" } th { "difference to random" } th { "verdict" } } }
                tbody { @for score in &scores.methods { (row(score)) } }
            } }
        }
    }
}

fn row(score: &Score) -> Markup {
    html! {
        tr {
            td.method { (score.order.name()) }
            td { (with_interval(score.area, score.interval)) }
            @match score.over_random {
                Some((more, range)) => { td { (with_interval(more, range)) } td { (verdict(range)) } }
                None => { td {} td {} }
            }
        }
    }
}

/// `17.6 (5.6 to 30.5)`, in points.
fn with_interval(share: f64, [low, high]: [f64; 2]) -> String {
    let points = |share: f64| format!("{:.1}", 100.0 * share).replace('-', "−");
    format!("{} ({} to {})", points(share), points(low), points(high))
}
