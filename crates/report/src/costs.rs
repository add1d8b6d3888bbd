//! What a configuration costs: size, operations, time and memory, measured where it ran.

use records::Latency;
use statistics::mean;

use crate::runs::Run;

/// Over the seeds of one configuration: means of times, the largest of sizes.
#[derive(Debug, Clone)]
pub(crate) struct Costs {
    pub(crate) parameters: usize,
    /// Weights of the saved model on disk.
    pub(crate) model_bytes: Option<u64>,
    /// Of one training pass.
    pub(crate) seconds_per_epoch: Option<f64>,
    /// Of the whole training.
    pub(crate) training_seconds: f64,
    pub(crate) peak_memory_bytes: u64,
    /// Device, hardware and threads of the training, if all seeds share them.
    pub(crate) trained_on: Option<String>,
    /// One seed's: seeds share their shape.
    pub(crate) latency: Option<Latency>,
}

impl Costs {
    /// Of the runs of one configuration; at least one.
    pub(crate) fn of(runs: &[&Run]) -> Self {
        let passes: Vec<f64> = runs.iter().filter_map(|run| run.seconds_per_epoch()).collect();
        let ends = || runs.iter().map(|run| &run.training.end);
        let trained_on = runs[0].measured_on();
        Costs {
            parameters: runs[0].training.begin.parameters,
            model_bytes: ends().filter_map(|end| end.model_bytes).max(),
            seconds_per_epoch: (!passes.is_empty()).then(|| mean(passes.iter().copied())),
            training_seconds: mean(ends().map(|end| end.seconds)),
            peak_memory_bytes: ends().map(|end| end.peak_memory_bytes).max().unwrap_or(0),
            trained_on: runs.iter().all(|run| run.measured_on() == trained_on).then_some(trained_on),
            latency: runs.iter().find_map(|run| run.latency.clone()),
        }
    }

    /// Share of `whole`'s time for one training pass, where both were measured on one machine.
    pub(crate) fn share_of_training(&self, whole: &Costs) -> Option<f64> {
        let (own, all) = self.seconds_per_epoch.zip(whole.seconds_per_epoch)?;
        (self.trained_on.is_some() && self.trained_on == whole.trained_on).then_some(own / all)
    }

    /// Share of `whole`'s time for one answer, where both were measured on one machine.
    pub(crate) fn share_of_latency(&self, whole: &Costs) -> Option<f64> {
        let (own, all) = self.latency.as_ref().zip(whole.latency.as_ref())?;
        let machine = |latency: &Latency| {
            let at = &latency.provenance;
            (at.device.clone(), at.hardware.clone(), at.threads)
        };
        (machine(own) == machine(all)).then_some(own.p50_seconds / all.p50_seconds)
    }

    /// Share of `whole`'s bytes on disk.
    pub(crate) fn share_of_size(&self, whole: &Costs) -> Option<f64> {
        self.model_bytes.zip(whole.model_bytes).map(|(own, all)| own as f64 / all as f64)
    }
}
