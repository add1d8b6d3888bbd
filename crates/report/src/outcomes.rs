//! The answers of a run to the examples of a split, in an order that all runs share.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, bail, ensure};
use statistics::Answers;

use crate::format::counted;

/// The examples of a split, sorted by their ids; runs that were asked about the same ones share them.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Examples {
    ids: Names,
    labels: Vec<u16>,
    /// P of each example; 0 where the stream does not record it.
    tokens: Vec<u32>,
}

/// Answers of one run to all examples of a split.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcomes {
    examples: Arc<Examples>,
    n_classes: usize,
    /// `[examples, C]`
    logits: Vec<f32>,
    predicted: Vec<u16>,
    correct: Vec<bool>,
}

/// One answer as it stands in a stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer<'a> {
    pub(crate) id: &'a str,
    pub(crate) label: usize,
    pub(crate) predicted: usize,
    pub(crate) logits: &'a [f32],
    pub(crate) tokens: Option<usize>,
}

/// Answers in the order of a stream, until it ends.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    order: Examples,
    n_classes: usize,
    logits: Vec<f32>,
    predicted: Vec<u16>,
}

/// Ids in one string: a `String` for each would take more memory than the answers.
#[derive(Debug, Default, PartialEq)]
struct Names {
    text: String,
    ends: Vec<usize>,
}

/// The orders seen so far: hundreds of runs of one test set store and sort it once.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<Vec<Arc<Order>>>);

/// Examples in the order of a stream, and sorted.
#[derive(Debug)]
struct Order {
    as_read: Examples,
    sorted: Arc<Examples>,
    /// The place in the stream of each sorted example.
    places: Vec<usize>,
}

impl Outcomes {
    pub(crate) fn len(&self) -> usize {
        self.correct.len()
    }

    /// C
    pub(crate) fn n_classes(&self) -> usize {
        self.n_classes
    }

    pub(crate) fn accuracy(&self) -> f64 {
        let right = self.correct.iter().filter(|&&correct| correct).count();
        right as f64 / self.correct.len() as f64
    }

    /// Mean cross entropy in nats: `log Σ exp(logits) - logits[label]`, without overflow.
    pub(crate) fn loss(&self) -> f64 {
        let one = |example| {
            let logits = self.logits(example);
            let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f64 = logits.iter().map(|&logit| (f64::from(logit) - f64::from(largest)).exp()).sum();
            sum.ln() + f64::from(largest) - f64::from(logits[self.examples.label(example)])
        };
        (0..self.len()).map(one).sum::<f64>() / self.len() as f64
    }

    /// Of either sign.
    pub(crate) fn largest_logit(&self) -> f64 {
        self.logits.iter().map(|logit| f64::from(logit.abs())).fold(0.0, f64::max)
    }

    /// What statistics are computed from.
    pub(crate) fn answers(&self) -> Answers<'_> {
        Answers::new(&self.logits, &self.examples.labels, &self.predicted)
    }

    /// Right or wrong, example by example.
    pub(crate) fn correct(&self) -> &[bool] {
        &self.correct
    }

    /// The examples, in the order of everything here.
    pub(crate) fn examples(&self) -> &Examples {
        &self.examples
    }

    /// Logits `[C]` of one example.
    pub(crate) fn logits(&self, example: usize) -> &[f32] {
        &self.logits[example * self.n_classes..][..self.n_classes]
    }

    pub(crate) fn predicted(&self, example: usize) -> usize {
        usize::from(self.predicted[example])
    }

    /// Whether both are about the same examples.
    pub(crate) fn pairs_with(&self, other: &Outcomes) -> bool {
        let (one, two) = (&self.examples, &other.examples);
        self.n_classes == other.n_classes && (Arc::ptr_eq(one, two) || (one.ids == two.ids && one.labels == two.labels))
    }
}

impl Examples {
    pub(crate) fn id(&self, example: usize) -> &str {
        self.ids.get(example)
    }

    pub(crate) fn label(&self, example: usize) -> usize {
        usize::from(self.labels[example])
    }

    /// P, if the stream records it.
    pub(crate) fn tokens(&self, example: usize) -> Option<usize> {
        Some(self.tokens[example] as usize).filter(|&tokens| tokens > 0)
    }

    fn arranged(&self, places: &[usize]) -> Examples {
        let mut ids = Names::default();
        places.iter().for_each(|&place| ids.push(self.ids.get(place)));
        let labels = places.iter().map(|&place| self.labels[place]).collect();
        Examples { ids, labels, tokens: places.iter().map(|&place| self.tokens[place]).collect() }
    }
}

impl Names {
    fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.ends.push(self.text.len());
    }

    fn get(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[index]]
    }
}

impl Gathered {
    pub(crate) fn len(&self) -> usize {
        self.predicted.len()
    }

    /// Add an answer; refused where it contradicts itself or earlier ones.
    pub(crate) fn push(&mut self, answer: &Answer) -> Result<()> {
        let &Answer { id, label, predicted, logits, tokens } = answer;
        let n_classes = if self.len() == 0 { logits.len() } else { self.n_classes };
        let n_logits = || counted(logits.len(), "logit");
        ensure!(logits.len() == n_classes && n_classes > 0, "`{id}` has {}, not {n_classes}", n_logits());
        ensure!(
            label.max(predicted) < n_classes,
            "`{id}`: class {} does not exist, since the line has {}",
            label.max(predicted),
            n_logits()
        );
        ensure!(logits.iter().all(|logit| logit.is_finite()), "`{id}`: a logit is not finite");
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        ensure!(
            logits[predicted] >= largest,
            "`{id}`: class {predicted} is predicted, but another class has a larger logit"
        );
        self.n_classes = n_classes;
        self.order.ids.push(id);
        self.order.labels.push(u16::try_from(label)?);
        self.order.tokens.push(u32::try_from(tokens.unwrap_or(0))?);
        self.predicted.push(u16::try_from(predicted)?);
        self.logits.extend_from_slice(logits);
        Ok(())
    }

    /// Sort the answers by id; a repeated id is refused.
    pub(crate) fn finish(self, known: &Known) -> Result<Outcomes> {
        ensure!(self.len() > 0, "there are no predictions");
        let order = known.order(self.order)?;
        let n_classes = self.n_classes;
        let logits = order.places.iter().flat_map(|&place| &self.logits[place * n_classes..][..n_classes]);
        let predicted: Vec<u16> = order.places.iter().map(|&place| self.predicted[place]).collect();
        let correct = predicted.iter().zip(&order.sorted.labels).map(|(predicted, label)| predicted == label).collect();
        Ok(Outcomes {
            examples: order.sorted.clone(),
            n_classes,
            logits: logits.copied().collect(),
            predicted,
            correct,
        })
    }
}

impl Known {
    fn order(&self, as_read: Examples) -> Result<Arc<Order>> {
        let find = |orders: &[Arc<Order>]| orders.iter().find(|order| order.as_read == as_read).cloned();
        let known = find(&self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(order) = known {
            return Ok(order);
        }
        let mut places: Vec<usize> = (0..as_read.labels.len()).collect();
        places.sort_unstable_by_key(|&place| as_read.ids.get(place));
        if let Some(pair) = places.windows(2).find(|pair| as_read.ids.get(pair[0]) == as_read.ids.get(pair[1])) {
            bail!("example `{}` is predicted twice", as_read.ids.get(pair[0]));
        }
        let sorted = as_read.arranged(&places);
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = orders.iter().find(|order| *order.sorted == sorted).map(|order| order.sorted.clone());
        let order = Arc::new(Order { sorted: same.unwrap_or_else(|| Arc::new(sorted)), as_read, places });
        orders.push(order.clone());
        Ok(order)
    }
}

/// Outcomes of two classes from `(id, logits, label)`.
#[cfg(test)]
pub(crate) fn made(examples: &[(&str, [f32; 2], usize)], known: &Known) -> Result<Outcomes> {
    let mut gathered = Gathered::default();
    for (id, logits, label) in examples {
        let predicted = usize::from(logits[1] > logits[0]);
        gathered.push(&Answer { id, label: *label, predicted, logits, tokens: None })?;
    }
    gathered.finish(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_in_the_file_does_not_matter_but_the_examples_do() {
        let known = Known::default();
        let made = |examples: &[(&str, bool)], known: &Known| {
            let logits = |correct| if correct { [1.0, 0.0] } else { [0.0, 1.0] };
            made(&examples.iter().map(|&(id, correct)| (id, logits(correct), 0)).collect::<Vec<_>>(), known)
        };
        let a = made(&[("a", true), ("b", false), ("c", true)], &known).unwrap();
        let b = made(&[("c", true), ("a", true), ("b", false)], &known).unwrap();
        assert!(a == b && Arc::ptr_eq(&a.examples, &b.examples));
        assert_eq!((a.accuracy(), a.correct()), (2.0 / 3.0, &[true, false, true][..]));
        assert_eq!((b.examples().id(2), b.logits(1)), ("c", &[0.0, 1.0][..]));
        let other = made(&[("a", true), ("b", false), ("d", true)], &known).unwrap();
        assert!(a.pairs_with(&b) && !a.pairs_with(&other));
        let apart = made(&[("a", true), ("b", false), ("c", true)], &Known::default()).unwrap();
        assert!(a.pairs_with(&apart));
    }

    #[test]
    fn an_example_predicted_twice_is_refused() {
        let twice = ["a", "b", "a"].map(|id| (id, [1.0, 0.0], 0));
        let message = made(&twice, &Known::default()).unwrap_err().to_string();
        assert_eq!(message, "example `a` is predicted twice");
    }

    #[test]
    fn an_answer_that_contradicts_itself_or_the_others_is_refused() {
        let mut gathered = Gathered::default();
        let right = Answer { id: "a", label: 1, predicted: 2, logits: &[0.0, 1.0, 3.0], tokens: Some(9) };
        gathered.push(&right).unwrap();
        for (wrong, says) in [
            (Answer { predicted: 1, ..right }, "`a`: class 1 is predicted, but another class has a larger logit"),
            (Answer { label: 3, ..right }, "`a`: class 3 does not exist, since the line has 3 logits"),
            (Answer { logits: &[0.0, 1.0], ..right }, "`a` has 2 logits, not 3"),
        ] {
            assert_eq!(gathered.push(&wrong).unwrap_err().to_string(), says);
        }
        let outcomes = gathered.finish(&Known::default()).unwrap();
        assert_eq!((outcomes.n_classes(), outcomes.predicted(0), outcomes.examples().tokens(0)), (3, 2, Some(9)));
    }
}
