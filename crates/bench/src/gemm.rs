//! The device's ceiling: the best rate of a bare matrix product over shapes that the models use.

use std::io::Write;
use std::time::{Duration, Instant};

use burn::tensor::{Distribution, FloatDType, Tensor};
use classifier::device::Engine;
use serde::{Deserialize, Serialize};
use study::Precision;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// auto, flex, cpu, cuda or cuda:INDEX
    #[arg(long, default_value = "auto")]
    device: String,
    /// Number format of both factors
    #[arg(long, default_value_t = Precision::Bf16)]
    precision: Precision,
    #[command(flatten)]
    threads: console::Threads,
}

/// What `bench gemm` prints.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename = "gemm")]
pub(crate) struct Ceiling {
    pub(crate) device: String,
    pub(crate) hardware: String,
    pub(crate) threads: usize,
    pub(crate) precision: Precision,
    /// The best of the shapes, in 10⁹ operations a second.
    pub(crate) gflops: f64,
    shapes: Vec<Shape>,
}

/// `[m, k]` times `[k, n]`, and its best rate.
#[derive(Debug, Serialize, Deserialize)]
struct Shape {
    m: usize,
    k: usize,
    n: usize,
    gflops: f64,
}

/// Shapes `[m, k, n]` of the blocks of MiniLM and BERT-base, and a square one.
const ON_CPU: [[usize; 3]; 4] = [[8192, 384, 1536], [8192, 1536, 384], [8192, 768, 3072], [2048, 2048, 2048]];
const ON_CUDA: [[usize; 3]; 1] = [[8192, 8192, 8192]];
/// Time spent on each shape.
const PER_SHAPE: Duration = Duration::from_millis(400);

/// Measure and print one line.
pub(crate) fn print(options: &Options) -> anyhow::Result<()> {
    options.threads.start()?;
    let engine = Engine::open(&options.device)?;
    anyhow::ensure!(options.precision == Precision::Fp32 || engine.has_bf16(), "device `flex` has no bf16");
    let shapes: &[[usize; 3]] = if engine.name.starts_with("cuda") { &ON_CUDA } else { &ON_CPU };
    let measured = shapes.iter().map(|&shape| measure(shape, options.precision, &engine));
    let shapes = measured.collect::<anyhow::Result<Vec<Shape>>>()?;
    let gflops = shapes.iter().map(|shape| shape.gflops).fold(0.0, f64::max);
    let Engine { name: device, hardware, threads, .. } = engine;
    let ceiling = Ceiling { device, hardware, threads, precision: options.precision, gflops, shapes };
    let mut output = std::io::stdout().lock();
    records::jsonl::write(&mut output, &ceiling)?;
    Ok(output.flush()?)
}

fn measure([m, k, n]: [usize; 3], precision: Precision, engine: &Engine) -> anyhow::Result<Shape> {
    let dtype = match precision {
        Precision::Fp32 => FloatDType::F32,
        Precision::Bf16 => FloatDType::BF16,
    };
    let factor = |shape| Tensor::<2>::random(shape, Distribution::Normal(0.0, 1.0), &engine.device).cast(dtype);
    let (a, b) = (factor([m, k]), factor([k, n]));
    // Enough products that the synchronisation costs nothing beside them.
    let at_once = if engine.name.starts_with("cuda") { 20 } else { 1 };
    let (start, mut best) = (Instant::now(), f64::INFINITY);
    while start.elapsed() < PER_SHAPE {
        let now = Instant::now();
        (0..at_once).for_each(|_| drop(a.clone().matmul(b.clone())));
        engine.device.sync()?;
        best = best.min(now.elapsed().as_secs_f64() / f64::from(at_once));
    }
    Ok(Shape { m, k, n, gflops: 2e-9 * (m * k * n) as f64 / best })
}
