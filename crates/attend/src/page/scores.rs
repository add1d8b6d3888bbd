//! What the test of faithfulness says, beside the pictures it is about.

use maud::{Markup, html};

use crate::faithfulness::{Score, Scores};

/// A table for each model; nothing without a test.
pub(crate) fn section(scores: &[Scores]) -> Markup {
    html! {
        @for scores in scores {
            p.note {
                "How far to trust it, " strong { (scores.run) } ": so many points does the predicted class's probability fall when the \
                 tokens of most weight are taken away, mean over shares up to half of the tokens; " (scores.reviews) " test reviews, \
                 95 % intervals, each for itself."
            }
            div.wide tabindex="0" { table {
                thead { tr { th { "method" } th { "fall" } th { "more than random" } th { "so it is" } } }
                tbody { @for score in &scores.methods { (row(score)) } }
            } }
        }
    }
}

fn row(score: &Score) -> Markup {
    html! {
        tr {
            td.method { (score.method.name()) }
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

/// What an interval of the difference to random says in words.
pub(crate) fn verdict([low, high]: [f64; 2]) -> &'static str {
    match (low > 0.0, high < 0.0) {
        (true, _) => "better than random",
        (_, true) => "worse than random",
        _ => "not to be told from random",
    }
}
