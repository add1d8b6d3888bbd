#!/usr/bin/env python3
"""Kill a whole small study with SIGKILL (or SIGINT, SIGTERM) at random moments, again and again, then let it end: the results
must be those of one that nobody disturbed.

    make build BACKEND=flex && tests/chaos.py --kills 100

Everything is killed at once: make, its shells and the tool at work. Fails if a number differs but for times, a finished epoch
was trained again, a line is torn or doubled, or a stray file is left.
"""
import argparse
import json
import os
import pathlib
import random
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
# What clocks, meters and the machine say: compared in nothing.
TIMED = ("latency.json", "train.json", "estimate", "table.", "index.html", "pareto", "verdict.json", "verdict.md", ".lock")


class Project:
    def __init__(self, bin_folder):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chaos-"))
        shutil.copy(ROOT / "Makefile", self.folder)
        for name in ("pipelines", "out"):
            (self.folder / name).mkdir()
        (self.folder / "pipelines/chaos.toml").write_text(STUDY)
        self.command = ["make", "all", "STUDY=chaos", "BACKEND=flex", "DEVICE=flex", "CARGO=true", f"BIN={bin_folder}"]

    def start(self):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "start_new_session": True}
        return subprocess.Popen(self.command, cwd=self.folder, **quiet)

    def finish(self):
        process = self.start()
        said = process.communicate()[1].decode()
        if process.returncode:
            sys.exit(f"make ended with {process.returncode}: {said[-2000:]}")

    def files(self):
        return {path.relative_to(self.folder): path for path in sorted(self.folder.rglob("*")) if path.is_file()}

    def epochs(self):
        """Every epoch's line that can be read, with its run; TF-IDF is fitted in one piece, of a second or less."""
        found = set()
        for path in self.folder.glob("out/chaos/runs/*VA*/metrics.jsonl"):
            lines = path.read_text(errors="replace").split("\n")[:-1]
            found |= {(path.parent.name, line) for line in lines if '"type":"epoch"' in line}
        return found


def numbers(text):
    """JSON without what a clock or a meter says; anything else as it is."""
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


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--bin", type=pathlib.Path, default=ROOT / "target/release")
    arguments.add_argument("--kills", type=int, default=100)
    arguments.add_argument("--signals", default="KILL", help="which, in turns: KILL,INT,TERM")
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    draw = random.Random(options.seed)
    signals = [getattr(signal, f"SIG{name}") for name in options.signals.split(",")]
    whole, killed = Project(options.bin.resolve()), Project(options.bin.resolve())
    start = time.time()
    whole.finish()
    longest = time.time() - start
    kept, kills, restarts = set(), 0, 0
    while kills < options.kills:
        process = killed.start()
        try:
            # Mostly soon, so that little is done between two kills; sometimes late, so that all stages are hit.
            process.wait(draw.expovariate(12 / longest))
            if process.returncode:
                sys.exit(f"make ended with {process.returncode}: {process.stderr.read().decode()[-2000:]}")
            # It came to its end: the next round begins afresh.
            faults = compare(whole, killed) + [f"trained again: {line}" for line in kept - killed.epochs()]
            if faults:
                sys.exit("\n".join(faults))
            shutil.rmtree(killed.folder / "out/chaos")
            kept, restarts = set(), restarts + 1
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signals[kills % len(signals)])
            process.communicate()
            kills += 1
            now = killed.epochs()
            lost = kept - now
            if lost:
                sys.exit(f"after kill {kills} a finished epoch is gone: {sorted(lost)[0]}")
            kept = now
    killed.finish()
    faults = compare(whole, killed) + [f"trained again: {line}" for line in kept - killed.epochs()]
    print(f"{kills} kills, {restarts + 1} studies, {len(whole.files())} files each: {len(faults)} faults")
    print("\n".join(faults), end="")
    for project in (whole, killed):
        shutil.rmtree(project.folder)
    return 1 if faults else 0


sys.exit(main())
