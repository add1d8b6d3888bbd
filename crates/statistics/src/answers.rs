//! What a model answered to labelled examples.

/// Logits, labels and answers of some examples, all in one order.
#[derive(Debug, Clone, Copy)]
pub struct Answers<'a> {
    logits: &'a [f32],
    labels: &'a [u16],
    predicted: &'a [u16],
}

impl<'a> Answers<'a> {
    /// Finite `logits` `[examples, C]`, the true class of each example, and the class that the model chose.
    pub fn new(logits: &'a [f32], labels: &'a [u16], predicted: &'a [u16]) -> Self {
        Answers { logits, labels, predicted }
    }

    /// How many examples there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no example.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// C
    pub fn n_classes(&self) -> usize {
        self.logits.len() / self.len().max(1)
    }

    /// Logits `[C]` of one example.
    pub fn logits(&self, example: usize) -> &'a [f32] {
        let n_classes = self.n_classes();
        &self.logits[example * n_classes..][..n_classes]
    }

    /// The true class of one example.
    pub fn label(&self, example: usize) -> usize {
        usize::from(self.labels[example])
    }

    /// The class that the model chose.
    pub fn predicted(&self, example: usize) -> usize {
        usize::from(self.predicted[example])
    }

    /// `[C]` whether an example has the class, or was given it.
    pub fn is_seen(&self) -> Vec<bool> {
        let mut is_seen = vec![false; self.n_classes()];
        for example in 0..self.len() {
            is_seen[self.label(example)] = true;
            is_seen[self.predicted(example)] = true;
        }
        is_seen
    }

    /// Whether the model chose the true class.
    pub fn is_right(&self, example: usize) -> bool {
        self.predicted[example] == self.labels[example]
    }
}

/// Answers that own their slices.
#[cfg(test)]
pub(crate) struct Owned {
    logits: Vec<f32>,
    labels: Vec<u16>,
    predicted: Vec<u16>,
}

#[cfg(test)]
impl Owned {
    /// Logits and a label of each example; the first of the largest logits is chosen.
    pub(crate) fn new<'a>(rows: impl IntoIterator<Item = (&'a [f32], usize)>) -> Self {
        let mut owned = Owned { logits: Vec::new(), labels: Vec::new(), predicted: Vec::new() };
        for (logits, label) in rows {
            let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            owned.predicted.push(logits.iter().position(|&logit| logit == largest).unwrap() as u16);
            owned.logits.extend(logits);
            owned.labels.push(label as u16);
        }
        owned
    }

    /// Of two classes.
    pub(crate) fn pairs(rows: &[([f32; 2], usize)]) -> Self {
        Owned::new(rows.iter().map(|(logits, label)| (&logits[..], *label)))
    }

    pub(crate) fn answers(&self) -> Answers<'_> {
        Answers::new(&self.logits, &self.labels, &self.predicted)
    }
}
