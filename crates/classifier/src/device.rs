//! The only file that names a backend.
#![cfg_attr(feature = "libtorch", expect(deprecated, reason = "burn-tch goes in 0.23; this file goes with it"))]

use burn::tensor::Device;

/// An available device, and its name.
#[derive(Debug, Clone)]
pub struct Engine {
    /// The device of the tensors.
    pub device: Device,
    /// `flex`, `cpu` or `cuda:0`.
    pub name: String,
    /// The model name of the processor or GPU.
    pub hardware: String,
    /// Threads the engine uses: as many as rayon has.
    pub threads: usize,
}

/// The requested device is not available.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name is not a device.
    #[error("unknown device `{0}`, expected `auto`, `flex`, `cpu`, `cuda` or `cuda:<index>`")]
    Unknown(String),
    /// The binary was built without LibTorch.
    #[error(
        "device `{0}` needs LibTorch, and this binary was built without it; build with `make build BACKEND=libtorch`"
    )]
    WithoutLibTorch(String),
    /// LibTorch finds no such CUDA device.
    #[error("device `{0}` does not exist: LibTorch finds no such CUDA device; use `--device cpu`")]
    NoCuda(String),
    /// `FATHOM_KERNELS` names a group that does not exist.
    #[error("{0}")]
    Kernels(String),
}

impl Engine {
    /// Open the device called `choice`: `auto` is CUDA if available, else LibTorch's CPU if it is built in, else pure
    /// Rust.
    ///
    /// # Errors
    /// The device is not available; another one never replaces it. Or `FATHOM_KERNELS` is wrong.
    pub fn open(choice: &str) -> Result<Self, Error> {
        fused::kernels::switched_off().map_err(Error::Kernels)?;
        match (choice, cfg!(feature = "libtorch")) {
            ("flex", _) | ("auto", false) => Ok(Self::on_processor(Device::flex(), "flex")),
            ("auto", true) => Self::open(if fused::cuda_is_available() { "cuda" } else { "cpu" }),
            ("cpu", true) => Ok(Self::cpu()),
            _ => match (cuda_index(choice), cfg!(feature = "libtorch")) {
                (Some(index), true) => Self::cuda(index, choice),
                (None, _) if choice != "cpu" => Err(Error::Unknown(choice.to_owned())),
                _ => Err(Error::WithoutLibTorch(choice.to_owned())),
            },
        }
    }

    /// The hardware and the number of threads, such as `AMD EPYC, 2 threads`.
    pub fn hardware_and_threads(&self) -> String {
        let threads = if self.threads == 1 { "thread" } else { "threads" };
        format!("{}, {} {threads}", self.hardware, self.threads)
    }

    /// Whether this device computes bfloat16 products in bfloat16.
    pub fn has_bf16(&self) -> bool {
        self.name != "flex"
    }

    /// Whether this is a CUDA device, with memory of its own.
    pub fn is_cuda(&self) -> bool {
        self.name.starts_with("cuda")
    }

    /// The engine on one thread if it is LibTorch's on the processor, else as it is. One thread never waits for another,
    /// which LibTorch does at full load.
    #[must_use]
    pub fn on_one_thread(self) -> Self {
        if self.name != "cpu" {
            return self;
        }
        fused::set_threads(1);
        Engine { threads: 1, ..self }
    }

    fn on_processor(device: Device, name: &str) -> Self {
        fused::keep_memory();
        Self::new(device, name)
    }

    fn new(device: Device, name: &str) -> Self {
        Engine { device, name: name.to_owned(), hardware: processor(), threads: rayon::current_num_threads() }
    }

    #[cfg(feature = "libtorch")]
    fn cpu() -> Self {
        let mut engine = Self::on_processor(Device::libtorch(), "cpu");
        // A run that goes on must compute with the same kernels, and a latency without them is another one.
        for group in fused::kernels::switched_off().unwrap_or_default() {
            engine.hardware += &format!(", kernels `{}` off", group.name());
        }
        fused::set_threads(engine.threads);
        engine
    }

    #[cfg(feature = "libtorch")]
    fn cuda(index: usize, choice: &str) -> Result<Self, Error> {
        let device = fused::cuda(index).ok_or_else(|| Error::NoCuda(choice.to_owned()))?;
        let hardware =
            accelerator(index).unwrap_or_else(|| "an NVIDIA device that `nvidia-smi` does not name".to_owned());
        Ok(Engine { hardware, ..Self::new(device, &format!("cuda:{index}")) })
    }

    #[cfg(not(feature = "libtorch"))]
    fn cpu() -> Self {
        Self::on_processor(Device::flex(), "flex")
    }

    #[cfg(not(feature = "libtorch"))]
    fn cuda(_index: usize, choice: &str) -> Result<Self, Error> {
        Err(Error::WithoutLibTorch(choice.to_owned()))
    }
}

/// The version of the built-in LibTorch, or `none`.
pub fn libtorch_version() -> String {
    fused::libtorch_version()
}

fn cuda_index(choice: &str) -> Option<usize> {
    match choice.split_once(':') {
        None => (choice == "cuda").then_some(0),
        Some((kind, index)) => index.parse().ok().filter(|_| kind == "cuda"),
    }
}

fn processor() -> String {
    let named = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = named.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    line.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.to_owned())
}

#[cfg(feature = "libtorch")]
fn accelerator(index: usize) -> Option<String> {
    let query = ["--query-gpu=name", "--format=csv,noheader", &format!("--id={index}")];
    let output = std::process::Command::new("nvidia-smi").args(query).output().ok()?;
    let name = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_device_is_an_error_and_never_replaced() {
        assert_eq!(Engine::open("flex").unwrap().name, "flex");
        assert!(matches!(Engine::open("gpu"), Err(Error::Unknown(_))));
        assert!(matches!(Engine::open("cuda:x"), Err(Error::Unknown(_))));
        let cuda = Engine::open("cuda:99").unwrap_err().to_string();
        let expected = if cfg!(feature = "libtorch") { "finds no such CUDA" } else { "BACKEND=libtorch" };
        assert!(cuda.contains(expected), "{cuda}");
    }
}
