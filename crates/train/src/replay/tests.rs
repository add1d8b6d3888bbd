use classifier::device::Engine;
use records::metrics::Epoch;
use records::run_dir::RunDir;
use records::shards::Example;
use serde_json::json;

use super::*;
use crate::epoch;
use crate::trainer::Run;
use crate::words::tests::input;

const EPOCHS: usize = 4;

/// Every parameter after [`EPOCHS`] epochs of batches of four and a last one of two, the scores, and the steps replayed.
fn trained(input: &Input, replays: impl FnOnce() -> Option<Replays>) -> (Vec<Vec<f32>>, Vec<Epoch>, usize) {
    let folder = tempfile::tempdir().unwrap();
    let mut run = Run::resume(input, &RunDir::new(folder.path())).unwrap();
    run.learner.by_rows = false;
    run.learner.replays = None; // a thread has one recorder at a time
    run.learner.replays = replays();
    let scores = (1..=EPOCHS).map(|epoch| epoch::train(&mut run, epoch).unwrap().score()).collect();
    assert_eq!(run.learner.optimizer.steps(), EPOCHS * 7);
    let steps = run.learner.optimizer.moments().into_iter().filter(|(name, _)| name.starts_with("steps."));
    let counts: Vec<f32> = steps.flat_map(|(_, data)| data.iter::<f32>().collect::<Vec<_>>()).collect();
    let unfrozen = EPOCHS - input.work.configuration.freeze.embeddings;
    assert!(counts.iter().all(|&count| count == 28.0 || count == 7.0 * unfrozen as f32), "{counts:?}");
    let parameters = run.learner.model.stored().into_iter().map(|tensor| tensor.data.iter().collect());
    (parameters.collect(), scores, run.learner.replays.map_or(0, |replays| replays.replayed))
}

fn largest_difference(a: &[Vec<f32>], b: &[Vec<f32>]) -> f32 {
    let pairs = a.iter().flatten().zip(b.iter().flatten());
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn padded_to_shapes_and_told_its_rates_a_run_learns_the_same() {
    if !cfg!(feature = "libtorch") {
        return;
    }
    let changes = json!({ "gradient_clip_norm": 0.5, "schedule": {"kind": "linear", "warmup": 0.2} });
    let input = input(&changes, Engine::open("cpu").unwrap());
    let (eager, scores, none) = trained(&input, || None);
    let (padded, of_padded, replayed) = trained(&input, || Some(Replays::with(None, &input)));
    assert_eq!((none, replayed), (0, EPOCHS * 7 - 1)); // the first one warms up
    let difference = largest_difference(&eager, &padded);
    assert!(difference > 0.0 && difference < 1e-5, "{difference}");
    for (a, b) in scores.iter().zip(&of_padded) {
        assert!((a.loss - b.loss).abs() < 1e-5 && a.accuracy == b.accuracy && a.examples == b.examples);
    }
}

/// Longer examples in a wider encoder, as the GPU's attention asks for.
#[test]
fn a_gpu_replays_what_it_computes_anew() {
    let Ok(engine) = Engine::open("cuda") else { return };
    for (dropout, frozen) in [(0.0, 0), (0.0, 1), (0.2, 0)] {
        let changes = json!({
            "precision": "bf16", "gradient_clip_norm": 0.5, "freeze": { "embeddings": frozen, "blocks": 0 },
            "optimizer": {"kind": "adamw", "encoder_learning_rate": 1e-3, "head_learning_rate": 1e-3},
        });
        let mut input = input(&changes, engine.clone());
        input.definition.precision = Precision::Bf16;
        input.definition.encoder.hidden_size = 64;
        input.definition.encoder.max_position_embeddings = 512;
        (input.definition.dropout, input.definition.encoder_dropout) = (dropout, dropout);
        input.work.encoder = input.definition.encoder.clone();
        let word = |index: usize, place: usize| (index * 7 + place * (1 + index % 2)) as u32 % 20 + 1;
        let example = |index: usize| Example {
            id: index.to_string(),
            label: index % 2,
            input_ids: (0..100 + 13 * index).map(|place| word(index, place)).collect(),
        };
        input.work.train = (0..26).map(example).collect();
        input.tokens_at_once = usize::MAX.into();
        let (eager, scores, _) = trained(&input, || None);
        input.eager = false;
        let (replayed, of_replayed, count) = trained(&input, || Replays::new(&input));
        assert!(count > 20, "{count} steps were replayed");
        let difference = largest_difference(&eager, &replayed); // without dropout that of one eager run to another is 0.01
        assert!(dropout > 0.0 || difference < 0.05, "{difference}");
        let tolerance = if dropout > 0.0 { 0.2 } else { 0.02 };
        for (a, b) in scores.iter().zip(&of_replayed) {
            assert!((a.loss - b.loss).abs() < tolerance && a.examples == b.examples, "{a:?} {b:?}");
        }
    }
}
