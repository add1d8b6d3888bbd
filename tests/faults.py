#!/usr/bin/env python3
"""Make every system call that changes files fail, one after the other: the disk is full, read-only, or broken.

    make build BACKEND=flex && tests/faults.py                 # all faults; `--every 5` tries each fifth

Needs strace. Each tool of a small study runs once without faults, and its calls are counted; then it runs again for each call and
each kind of fault. It must end with exit code 1 and one line that names the file, or succeed all the same. Every earlier file must
be unchanged or completely rewritten. A run without faults after that must give the same files as the first.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from chaos import ROOT, STUDY, numbers

# Calls that change files, and their errors.
CALLS = {
    "write": ["ENOSPC", "EIO"],
    "fsync": ["ENOSPC", "EIO"],
    "openat": ["EROFS", "EMFILE"],
    "mkdir": ["ENOSPC", "EACCES"],
    "rename": ["ENOSPC", "EACCES"],
    "renameat2": ["ENOSPC"],
    "ftruncate": ["EIO"],
    "unlink": ["EROFS"],
    "unlinkat": ["EROFS"],
    "rmdir": ["EROFS"],
}
TIMED = ("train.json", "estimate", "table.", "index.html", "pareto", "verdict.json", "verdict.md", ".lock", "latency.json")
RUN, TERMS = "out/chaos/runs/2VA-s1", "out/chaos/runs/TF-IDF-s1"
SHARDS = "data/shards/s"


def stages(tools):
    model = "data/models/sample-bert"
    train = ["--shards", SHARDS, "--model", model, "--device", "flex", "-q", "--config"]
    evaluate = ["--shards", SHARDS, "--device", "flex", "-q", "--run", RUN]
    named = {
        "fetch": ["fetch", "model", "sample-bert", "--out", "data/models", "-q"],
        "plan": ["plan", "pipelines/chaos.toml", "--write", "out/chaos", "--format", "make", "-q"],
        "prep": ["prep", "--definition", "pipelines/chaos.toml", "--models", "data/models", "--out", SHARDS, "-q"],
        "train": ["train", *train, f"{RUN}/config.json", "--out", RUN],
        "train TF-IDF": ["train", *train, f"{TERMS}/config.json", "--out", TERMS],
        "evaluate": ["evaluate", *evaluate, "--out", f"{RUN}/predictions.test.jsonl"],
        "latency": ["evaluate", *evaluate, "--latency", "--out", f"{RUN}/latency.json"],
        "attend": ["attend", "--run", RUN, "--device", "flex", "--text", "A film.", "--format", "html", "-q", "--out", "out/a.html"],
        "report": ["report", "all", RUN, TERMS, "-q", "--out", "out/chaos/report"],
    }
    return {name: [str(tools / command[0]), *command[1:]] for name, command in named.items()}


class Place:
    """A working folder that can be restored to an earlier state."""

    def __init__(self, folder):
        self.folder = folder

    def restore(self, saved):
        shutil.rmtree(self.folder)
        shutil.copytree(saved, self.folder)

    def files(self):
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}

    def run(self, command, *before):
        quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": self.folder}
        return subprocess.run([*before, *command], **quiet, timeout=120)

    def calls(self, command):
        """The numbers of each call's occurrences that concern our files, as strace counts them."""
        log = self.folder.parent / "calls"
        self.run(command, "strace", "-o", str(log), "-e", "trace=" + ",".join(CALLS), "--signal=none")
        found = {}
        for line in log.read_text(errors="replace").splitlines():
            name = line.split("(", 1)[0]
            counted = found.setdefault(name, [0, []])
            counted[0] += 1
            ours = name != "openat" or re.search(r'"(data|out)/', line) or str(self.folder) in line
            to_terminal = name == "write" and re.match(r"write\([12],", line)
            if ours and not to_terminal:
                counted[1].append(counted[0])
        return {name: places for name, (_, places) in found.items() if name in CALLS}


def same(name, one, two):
    if any(part in name for part in TIMED):
        return True
    if name.endswith(".jsonl"):
        return [numbers(line) for line in one.decode().split("\n")] == [numbers(line) for line in two.decode().split("\n")]
    return one == two


def growing(name):
    """Files that may be incomplete: their readers look for an end, or no other tool reads them."""
    return name.endswith("metrics.jsonl") or "/checkpoints/" in name or ".partial" in name or name.endswith(".lock")


def judge(name, fault, place, command, before, whole):
    call, number, error = fault
    inject = f"inject={call}:error={error}:when={number}"
    ended = place.run(command, "strace", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject, "--signal=none")
    stderr, after, faults = ended.stderr.decode(), place.files(), []
    if ended.returncode not in (0, 1):
        faults.append(f"ended with {ended.returncode}")
    if ended.returncode == 1 and (len(stderr.splitlines()) != 1 or "`" not in stderr):
        faults.append("did not report the fault in one line")
    if ended.returncode == 0:
        faults += [f"did not report {path}" for path, data in whole.items() if not same(path, after.get(path, b""), data)]
    for path, data in after.items():
        old = path in before and same(path, before[path], data)
        if not (growing(path) or old or (path in whole and same(path, whole[path], data))):
            faults.append(f"left half of {path}")
    faults += [f"lost {path}" for path in before if path not in after and path in whole and not growing(path)]
    again = place.run(command)
    if again.returncode:
        faults.append(f"cannot continue: {again.stderr.decode().strip()}")
    faults += difference(place.files(), whole)
    return ended.returncode, [f"{name}, {call} {number} {error}: {what}; stderr: {stderr.strip()}" for what in faults]


def tried_on(name, place, saved, command, every):
    """Exit code and findings of each fault, starting from the folder's current state, which is restored in the end."""
    shutil.rmtree(saved, ignore_errors=True)
    shutil.copytree(place.folder, saved)
    before, calls = place.files(), place.calls(command)
    place.restore(saved)
    undisturbed = place.run(command)
    if undisturbed.returncode:
        sys.exit(f"{name}: {undisturbed.stderr.decode()}")
    whole = place.files()
    faults = [(call, number, error) for call, numbers in calls.items() for number in numbers for error in CALLS[call]]
    for fault in faults[::every]:
        place.restore(saved)
        yield judge(name, fault, place, command, before, whole)
    place.restore(saved)


def difference(ours, whole):
    found = [f"afterwards missing: {path}" for path in whole.keys() - ours.keys()]
    found += [f"afterwards stray: {path}" for path in ours.keys() - whole.keys()]
    return found + [f"afterwards different: {path}" for path in whole.keys() & ours.keys() if not same(path, ours[path], whole[path])]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--bin", type=pathlib.Path, default=ROOT / "target/release")
    arguments.add_argument("--every", type=int, default=1)
    arguments.add_argument("--stage", action="append", help="only this stage; may be given more than once")
    options = arguments.parse_args()
    parent = pathlib.Path(tempfile.mkdtemp(prefix="faults-"))
    place, saved = Place(parent / "work"), parent / "saved"
    (place.folder / "pipelines").mkdir(parents=True)
    (place.folder / "pipelines/chaos.toml").write_text(STUDY.replace("1600", "160").replace("400", "80").replace("epochs = 3", "epochs = 2"))
    tries, faults = 0, []
    for name, command in stages(options.bin.resolve()).items():
        # In an empty folder, and over the files of an earlier run.
        for over in ("nothing", "itself"):
            if not options.stage or name in options.stage:
                tried = list(tried_on(name, place, saved, command, options.every))
                tries += len(tried)
                faults += [fault for _, found in tried for fault in found]
                refused = sum(code == 1 for code, _ in tried)
                print(f"{name} over {over}: {len(tried)} faults, {refused} reported, {len(faults)} wrong so far", flush=True)
            place.run(command)
    print(*faults, sep="\n")
    print(f"{tries} faults injected, {len(faults)} wrong")
    shutil.rmtree(parent)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
