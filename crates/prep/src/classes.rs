//! Which classes can be learned: a look at the examples of each class before the tokens are written.

use std::collections::HashSet;

use anyhow::{Result, bail};
use records::Split;
use texts::Review;

/// How many class names a message lists.
const MOST_LISTED: usize = 5;

/// Refuse examples that no classifier can learn from, and warn of classes that a model cannot learn and of a share of
/// train for `validation` that comes to nothing.
///
/// # Errors
/// All train examples are of one class.
pub(crate) fn check(reviews: &[Review], labels: &[String], validation: f64) -> Result<()> {
    let (mut in_train, mut elsewhere) = (vec![false; labels.len()], vec![false; labels.len()]);
    for review in reviews {
        let found = if review.split == Split::Train { &mut in_train } else { &mut elsewhere };
        found[review.label] = true;
    }
    let named = |class: &dyn Fn(usize) -> bool| -> Vec<&str> {
        labels.iter().enumerate().filter(|(label, _)| class(*label)).map(|(_, name)| name.as_str()).collect()
    };
    if let Some([first, second]) = alike(labels) {
        log::warn!("labels `{first}` and `{second}` differ in case alone and are two classes; spell them alike");
    }
    let trained = named(&|label| in_train[label]);
    if let [only] = trained[..] {
        bail!("every train example is of class `{only}`; add train examples of another class");
    }
    let tested: HashSet<usize> =
        reviews.iter().filter(|review| review.split == Split::Test).map(|review| review.label).collect();
    if let (Some(&only), 1, true) = (tested.iter().next(), tested.len(), trained.len() > 1) {
        log::warn!("every test example is of class `{}`; add test examples of the others", labels[only]);
    }
    let n_of = |split: Split| reviews.iter().filter(|review| review.split == split).count();
    let n_train = n_of(Split::Train);
    if validation > 0.0 && n_train > 0 && n_of(Split::Validation) == 0 {
        log::warn!(
            "`validation` = {validation} of {n_train} train examples holds out none, so the epoch will be chosen on test; \
             raise `validation`, or add examples"
        );
    }
    let absent = named(&|label| !in_train[label] && !elsewhere[label]);
    if !absent.is_empty() {
        log::warn!("no split has an example of class {}; labels that are indices count from 0", listed(&absent));
    }
    let unlearned = named(&|label| !in_train[label] && elsewhere[label]);
    if !trained.is_empty() && !unlearned.is_empty() {
        log::warn!("train has no example of class {}, so a model cannot learn it; add some", listed(&unlearned));
    }
    Ok(())
}

/// Two names that differ in case alone.
fn alike(labels: &[String]) -> Option<[&str; 2]> {
    let mut names: Vec<(String, &str)> = labels.iter().map(|name| (name.to_lowercase(), name.as_str())).collect();
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0].0 == pair[1].0).map(|pair| [pair[0].1, pair[1].1])
}

fn listed(names: &[&str]) -> String {
    let first: Vec<String> = names.iter().take(MOST_LISTED).map(|name| format!("`{name}`")).collect();
    match names.len() - first.len() {
        0 => first.join(", "),
        others => format!("{} and {others} more", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_case_alone_are_told() {
        let labels = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(alike(&labels(&["Refund", "lost", "refund"])), Some(["Refund", "refund"]));
        assert_eq!(alike(&labels(&["refund", "refunds"])), None);
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(listed(&["a", "b"]), "`a`, `b`");
        assert_eq!(listed(&["a", "b", "c", "d", "e", "f", "g"]), "`a`, `b`, `c`, `d`, `e` and 2 more");
    }
}
