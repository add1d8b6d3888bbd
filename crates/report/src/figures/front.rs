//! Which configurations nothing beats in both accuracy and cost: the Pareto front.

/// What a configuration costs and reaches.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Offer {
    pub(super) configuration: String,
    pub(super) cost: f64,
    /// In per cent.
    pub(super) accuracy: f64,
}

impl Offer {
    /// At most as dear and at least as good, and better in one.
    fn dominates(&self, other: &Offer) -> bool {
        let no_worse = self.cost <= other.cost && self.accuracy >= other.accuracy;
        no_worse && (self.cost < other.cost || self.accuracy > other.accuracy)
    }
}

/// Those that are on the front, from cheap to dear, and those that are not.
pub(super) fn split(offers: &[Offer]) -> (Vec<&Offer>, Vec<&Offer>) {
    let beaten = |offer: &&Offer| offers.iter().any(|other| other.dominates(offer));
    let (beaten, mut front): (Vec<&Offer>, Vec<&Offer>) = offers.iter().partition(beaten);
    front.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    (front, beaten)
}

/// The corners of the line below which everything is dominated.
pub(super) fn steps(front: &[&Offer]) -> Vec<(f64, f64)> {
    let corner = |pair: &[&Offer]| [(pair[1].cost, pair[0].accuracy), (pair[1].cost, pair[1].accuracy)];
    let first = front.first().map(|offer| (offer.cost, offer.accuracy));
    first.into_iter().chain(front.windows(2).flat_map(corner)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(configuration: &str, cost: f64, accuracy: f64) -> Offer {
        Offer { configuration: configuration.to_owned(), cost, accuracy }
    }

    #[test]
    fn what_something_cheaper_or_better_beats_is_not_on_the_front() {
        let offers = [
            offer("dear-and-worse", 9.0, 80.0),
            offer("best", 8.0, 92.0),
            offer("cheap", 1.0, 70.0),
            offer("as-good-but-dearer", 9.0, 92.0),
            offer("middle", 4.0, 90.0),
            offer("as-cheap-but-worse", 1.0, 60.0),
            offer("twin", 4.0, 90.0),
        ];
        let names = |offers: Vec<&Offer>| offers.iter().map(|offer| offer.configuration.clone()).collect::<Vec<_>>();
        let (front, beaten) = split(&offers);
        assert_eq!(steps(&front)[..4], [(1.0, 70.0), (4.0, 70.0), (4.0, 90.0), (4.0, 90.0)]);
        assert_eq!(names(front), ["cheap", "middle", "twin", "best"]);
        assert_eq!(names(beaten), ["dear-and-worse", "as-good-but-dearer", "as-cheap-but-worse"]);
    }
}
