#!/usr/bin/env python3
"""Kill a whole small study with SIGKILL (or SIGINT, SIGTERM) at random moments, again and again, then let it end. The results
must equal those of an undisturbed study.

    make build BACKEND=flex && tests/chaos.py --kills 100
    tests/chaos.py --minutes 30 --signals KILL,INT,TERM --full         # and the disk is full every third time

The whole process group is killed at once: make, its shells and the running tool. The script fails if a number other than a time
differs, a finished epoch is trained again, a line is torn or doubled, or a stray file remains.
"""
import argparse
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
STUDY = """
name = "chaos"
seeds = [1, 2, 3]
configuration = [
  { id = "0VA", blocks = "none", head = "mean-linear" },
  { id = "2VA", blocks = "first:2", head = "cls-linear" },
  { id = "TF-IDF", blocks = "none", head = "tf-idf", optimizer = "newton" },
]
[data]
dataset = "sample"
tokenizer = "sample-bert"
max_seq_length = 64
train_examples = 1600
test_examples = 400
[defaults]
encoder = "sample-bert"
weights = "random"
epochs = 3
batch_size = 32
dropout = 0.1
optimizer = { kind = "adamw", encoder_learning_rate = 8e-4, head_learning_rate = 8e-4 }
"""
MEASURED = ("seconds", "tokens_per_second", "peak_memory_bytes")
# Files with times and machine names, which are not compared.
TIMED = ("latency.json", "train.json", "estimate", "table.", "index.html", "pareto", "verdict.json", "verdict.md", ".lock")


class Disk:
    """A small disk for a project if the system allows a mount; otherwise a limit on the size of files."""

    SIZE = 64 << 20

    def __init__(self, folder):
        command = ["mount", "-t", "tmpfs", "-o", f"size={self.SIZE}", "tmpfs", str(folder)]
        self.folder, self.mounted = folder, subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0
        self.filler, self.limit = folder / ".filler", None

    def fill(self, left):
        """Fill the disk except for `left` bytes."""
        if not self.mounted:
            self.limit = left
            return
        used = os.statvfs(self.folder)
        with open(self.filler, "wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, max(used.f_bavail * used.f_frsize - left, 1))

    def free(self):
        self.filler.unlink(missing_ok=True)
        self.limit = None

    def close(self):
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)

    def before_start(self):
        if self.limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.limit, resource.RLIM_INFINITY))


class Project:
    def __init__(self, bin_folder, own_disk=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chaos-"))
        self.disk = Disk(self.folder) if own_disk else None
        shutil.copy(ROOT / "Makefile", self.folder)
        for name in ("pipelines", "out"):
            (self.folder / name).mkdir()
        (self.folder / "pipelines/chaos.toml").write_text(STUDY)
        self.command = ["make", "all", "STUDY=chaos", "BACKEND=flex", "DEVICE=flex", "CARGO=true", f"BIN={bin_folder}"]

    def start(self):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "start_new_session": True}
        limited = {"preexec_fn": self.disk.before_start} if self.disk else {}
        return subprocess.Popen(self.command, cwd=self.folder, **quiet, **limited)

    def finish(self):
        process = self.start()
        output = process.communicate()[1].decode()
        if process.returncode:
            sys.exit(f"make ended with {process.returncode}: {output[-2000:]}")

    def files(self):
        return {path.relative_to(self.folder): path for path in sorted(self.folder.rglob("*")) if path.is_file()}

    def epochs(self):
        """Every readable line of an epoch, with its run; TF-IDF is left out, because it is fitted as a whole within a second."""
        found = set()
        for path in self.folder.glob("out/chaos/runs/*VA*/metrics.jsonl"):
            lines = path.read_text(errors="replace").split("\n")[:-1]
            found |= {(path.parent.name, line) for line in lines if '"type":"epoch"' in line}
        return found


def numbers(text):
    """JSON without measured times and sizes; any other text unchanged."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return {name: part for name, part in value.items() if name not in MEASURED} if isinstance(value, dict) else value


def compare(whole, killed):
    faults, ours, theirs = [], whole.files(), killed.files()
    faults += [f"missing: {name}" for name in ours.keys() - theirs.keys()]
    faults += [f"stray: {name}" for name in theirs.keys() - ours.keys()]
    for name in sorted(ours.keys() & theirs.keys()):
        if any(part in name.name for part in TIMED):
            continue
        one, two = ours[name].read_bytes(), theirs[name].read_bytes()
        if name.suffix == ".jsonl" and name.parts[0] == "out":
            one, two = ([numbers(line) for line in data.decode().split("\n")] for data in (one, two))
        if one != two:
            faults.append(f"differs: {name}")
    return faults


class Chaos:
    """The study `killed` is disturbed again and again; `whole` is never disturbed."""

    def __init__(self, options):
        self.draw, self.seconds = random.Random(options.seed), None
        self.signals = [getattr(signal, f"SIG{name}") for name in options.signals.split(",")]
        self.whole, self.killed = Project(options.bin), Project(options.bin, options.full)
        self.kept, self.kills, self.fulls, self.studies = set(), 0, 0, 0

    def measure(self):
        start = time.time()
        self.whole.finish()
        self.seconds = time.time() - start

    def disturb(self):
        """One round: mostly early, so that kills are frequent; sometimes late, so that they hit all stages."""
        disk = self.killed.disk
        is_full = disk is not None and self.draw.random() < 1 / 3
        if is_full:
            disk.fill(int(self.draw.expovariate(1 / 200_000)))
        process = self.killed.start()
        try:
            output = process.communicate(timeout=self.draw.expovariate(12 / self.seconds))[1].decode()
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, self.signals[self.kills % len(self.signals)])
            process.communicate()
            self.kills, output = self.kills + 1, None
        if is_full:
            disk.free()
        if output is not None:
            self.ended(process.returncode, output, is_full)
        self.check_kept()

    def ended(self, code, output, is_full):
        if code and is_full and "panicked" not in output and ("No space left" in output or "File too large" in output):
            self.fulls += 1
        elif code:
            sys.exit(f"make ended with {code}: {output[-2000:]}")
        else:
            self.start_over()

    def start_over(self):
        self.compare()
        shutil.rmtree(self.killed.folder / "out/chaos")
        self.kept, self.studies = set(), self.studies + 1

    def compare(self):
        faults = compare(self.whole, self.killed) + [f"trained again: {line}" for line in self.kept - self.killed.epochs()]
        if faults:
            sys.exit("\n".join(faults))

    def check_kept(self):
        now = self.killed.epochs()
        if self.kept - now:
            sys.exit(f"after kill {self.kills} a finished epoch is gone: {sorted(self.kept - now)[0]}")
        self.kept = now

    def finish(self):
        self.killed.finish()
        self.compare()
        if self.killed.disk:
            self.killed.disk.close()
        for project in (self.whole, self.killed):
            shutil.rmtree(project.folder, ignore_errors=True)


def known(names):
    for name in names.split(","):
        if not hasattr(signal, f"SIG{name}"):
            raise argparse.ArgumentTypeError(f"unknown signal `{name}`; use names such as KILL, INT, TERM")
    return names


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--bin", type=lambda path: pathlib.Path(path).resolve(), default=ROOT / "target/release")
    arguments.add_argument("--kills", type=int, default=100)
    arguments.add_argument("--minutes", type=float, help="run for this time instead of a number of kills")
    arguments.add_argument("--signals", default="KILL", type=known, help="signals to send in turns, such as KILL,INT,TERM")
    arguments.add_argument("--full", action="store_true", help="fill the disk every third time")
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    chaos, start = Chaos(options), time.time()
    chaos.measure()
    going_on = lambda: time.time() - start < 60 * options.minutes if options.minutes else chaos.kills < options.kills
    while going_on():
        chaos.disturb()
    files = len(chaos.whole.files())
    chaos.finish()
    print(f"{chaos.kills} kills, {chaos.fulls} times no space, {chaos.studies + 1} studies of {files} files each: 0 faults")


if __name__ == "__main__":
    main()
