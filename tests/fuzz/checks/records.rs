//! Any bytes as JSON Lines of every kind: an error, or a record that is written as it was read.

use records::jsonl::{self, Reader};
use records::metrics::Metric;
use records::predictions::Record;
use records::shards::{Example, Manifest, Text};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn read<T: DeserializeOwned + Serialize>(data: &[u8]) {
    for record in Reader::<T, _>::new("it", data).take(1000).filter_map(Result::ok) {
        let mut line = Vec::new();
        jsonl::write(&mut line, &record).unwrap();
        let again: T = Reader::new("again", line.as_slice()).next().unwrap().unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), serde_json::to_string(&record).unwrap());
    }
}

pub(crate) fn check(data: &[u8]) {
    read::<Metric>(data);
    read::<Record>(data);
    read::<Example>(data);
    read::<Text>(data);
    if let Ok(manifest) = serde_json::from_slice::<Manifest>(data) {
        let _ = manifest.examples("/nowhere".as_ref(), records::Split::Test);
    }
}
