//! The chapters of the page: each figure belongs to one.

/// In the order of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chapter {
    Depths,
    Costs,
    Quality,
    Runs,
    Method,
    Provenance,
}

impl Chapter {
    pub(crate) const ALL: [Chapter; 6] =
        [Chapter::Depths, Chapter::Costs, Chapter::Quality, Chapter::Runs, Chapter::Method, Chapter::Provenance];

    /// The end of its address, and its heading.
    pub(crate) fn id_and_name(self) -> (&'static str, &'static str) {
        match self {
            Chapter::Depths => ("depths", "What each block buys"),
            Chapter::Costs => ("costs", "What it costs"),
            Chapter::Quality => ("quality", "More than accuracy"),
            Chapter::Runs => ("runs", "All runs"),
            Chapter::Method => ("method", "Method"),
            Chapter::Provenance => ("provenance", "Provenance"),
        }
    }
}
