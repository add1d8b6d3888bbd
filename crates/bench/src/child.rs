//! Run a program to its end and measure its wall-clock time and peak memory.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// Output and measurements of a finished program.
pub(crate) struct Finished {
    pub(crate) stdout: String,
    /// Wall-clock time from start to end.
    pub(crate) seconds: f64,
    /// Largest resident set of the process, without its children.
    pub(crate) peak_bytes: u64,
    /// Largest use of GPU memory, less the use before the start.
    pub(crate) gpu_peak_bytes: Option<u64>,
}

/// The kernel records the largest resident set of a living process, so that polling misses only what the last interval adds.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// `nvidia-smi` itself takes a while.
const GPU_POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Run `command`; the error of a failed program holds the last line of its stderr.
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
        let last = stderr.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no output on stderr");
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
        if let Some(index) = gpu.filter(|_| looked.elapsed() >= GPU_POLL_INTERVAL) {
            gpu_peak = gpu_peak.max(gpu_bytes(index));
            looked = Instant::now();
        }
        match child.try_wait()? {
            Some(status) => return Ok((peak, gpu_peak, status)),
            None => sleep(POLL_INTERVAL),
        }
    }
}

/// The largest resident set of `process` so far, in bytes.
fn peak_bytes(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// Memory in use on a GPU in bytes, if `nvidia-smi` is installed.
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
    fn output_time_and_memory_of_a_program_are_measured() {
        let finished = shell("sleep 0.2; echo done").unwrap();
        assert_eq!(finished.stdout, "done\n");
        assert!((0.2..2.0).contains(&finished.seconds), "{}", finished.seconds);
        assert!(finished.peak_bytes > 100_000, "{}", finished.peak_bytes);
    }

    #[test]
    fn an_error_holds_the_last_line_of_stderr() {
        let message = shell("echo first >&2; echo last words >&2; echo >&2; exit 3").err().unwrap().to_string();
        assert_eq!(message, "`sh` failed (exit status: 3): last words");
        let message = run(&mut Command::new("/no/such/tool"), None).err().unwrap().to_string();
        assert_eq!(message, "starting `/no/such/tool`");
    }
}
