//! A program run to its end, with its wall-clock time and its peak memory.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// What a program left.
pub(crate) struct Finished {
    pub(crate) stdout: String,
    /// From its start to its end.
    pub(crate) seconds: f64,
    /// The largest resident set of the process; its own children are not in it.
    pub(crate) peak_bytes: u64,
    /// The most memory in use on the GPU, less what was in use before.
    pub(crate) gpu_peak_bytes: Option<u64>,
}

/// The kernel keeps the largest resident set of a living process, so that only what the last such
/// interval adds to it is missed.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// `nvidia-smi` takes a while itself.
const BETWEEN_GPU_LOOKS: Duration = Duration::from_millis(500);

/// Run `command`; a failure is told in the last words of its stderr.
pub(crate) fn run(command: &mut Command, gpu: Option<usize>) -> anyhow::Result<Finished> {
    let name = command.get_program().to_string_lossy().into_owned();
    let before = gpu.and_then(gpu_bytes);
    let start = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.with_context(|| format!("starting `{name}`"))?;
    let (stdout, stderr) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let (peak_bytes, gpu_peak, status) = watch(&mut child, gpu)?;
    let seconds = start.elapsed().as_secs_f64();
    let text = |thread: JoinHandle<String>| thread.join().unwrap_or_default();
    let (stdout, stderr) = (text(stdout), text(stderr));
    if !status.success() {
        let last = stderr.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        bail!("`{name}` failed ({status}): {last}");
    }
    let gpu_peak_bytes = gpu_peak.map(|peak| peak.saturating_sub(before.unwrap_or(0)));
    Ok(Finished { stdout, seconds, peak_bytes, gpu_peak_bytes })
}

fn reader(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    spawn(move || {
        let mut bytes = Vec::new();
        pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn watch(child: &mut Child, gpu: Option<usize>) -> anyhow::Result<(u64, Option<u64>, std::process::ExitStatus)> {
    let (mut peak, mut gpu_peak, mut looked) = (0, None, Instant::now());
    loop {
        peak = peak.max(peak_bytes(child.id()).unwrap_or(0));
        if let Some(index) = gpu.filter(|_| looked.elapsed() >= BETWEEN_GPU_LOOKS) {
            gpu_peak = gpu_peak.max(gpu_bytes(index));
            looked = Instant::now();
        }
        match child.try_wait()? {
            Some(status) => return Ok((peak, gpu_peak, status)),
            None => sleep(BETWEEN_LOOKS),
        }
    }
}

/// The largest resident set so far.
fn peak_bytes(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// Memory in use on a GPU, if `nvidia-smi` is there to tell.
fn gpu_bytes(index: usize) -> Option<u64> {
    let query = ["--query-gpu=memory.used", "--format=csv,noheader,nounits", &format!("--id={index}")];
    let output = Command::new("nvidia-smi").args(query).output().ok()?;
    let mebibytes: u64 = String::from_utf8(output.stdout).ok()?.trim().parse().ok()?;
    Some(mebibytes << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> anyhow::Result<Finished> {
        run(Command::new("sh").args(["-c", script]), None)
    }

    #[test]
    fn output_time_and_memory_of_a_program_are_known() {
        let finished = shell("sleep 0.2; echo done").unwrap();
        assert_eq!(finished.stdout, "done\n");
        assert!((0.2..2.0).contains(&finished.seconds), "{}", finished.seconds);
        assert!(finished.peak_bytes > 100_000, "{}", finished.peak_bytes);
    }

    #[test]
    fn a_failure_is_told_in_the_last_words_of_the_program() {
        let told = shell("echo first >&2; echo last words >&2; echo >&2; exit 3").err().unwrap().to_string();
        assert_eq!(told, "`sh` failed (exit status: 3): last words");
        let told = run(&mut Command::new("/no/such/tool"), None).err().unwrap().to_string();
        assert_eq!(told, "starting `/no/such/tool`");
    }
}
