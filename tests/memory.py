#!/usr/bin/env python3
"""Run a command and record its memory: one line of JSON a second on stdout, and at the end a chart and the growth on stderr.

    tests/memory.py train --config RUN/config.json --shards SHARDS --model MODEL --out /tmp/run > memory.jsonl

Exits with 1 if the command fails, or if the second half of its run uses over 5 % more than the end of the first half.
"""
import json
import subprocess
import sys
import time

BARS = " ▁▂▃▄▅▆▇█"


def resident(pid):
    """MiB."""
    with open(f"/proc/{pid}/statm") as numbers:
        return int(numbers.read().split()[1]) * 4096 / 2**20


def watch(command):
    process, start, seen = subprocess.Popen(command), time.time(), []
    while process.poll() is None:
        try:
            seen.append((time.time() - start, resident(process.pid)))
        except (OSError, IndexError):
            break
        print(json.dumps({"seconds": round(seen[-1][0], 1), "resident_mib": round(seen[-1][1], 1)}), flush=True)
        time.sleep(1)
    return process.wait(), seen


def picture(values, width=100):
    step = max(1, len(values) // width)
    means = [sum(values[at : at + step]) / len(values[at : at + step]) for at in range(0, len(values), step)]
    top = max(means)
    return "".join(BARS[round(8 * mean / top)] for mean in means)


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    code, seen = watch(sys.argv[1:])
    values = [mib for _, mib in seen]
    half = len(values) // 2
    early, late = max(values[half // 2 : half], default=0), max(values[half:], default=0)
    print(picture(values), file=sys.stderr)
    print(f"{seen[-1][0]:.0f} s; at most {max(values):.0f} MiB; second quarter {early:.0f}, second half {late:.0f} MiB", file=sys.stderr)
    return code or int(late > 1.05 * early)


if __name__ == "__main__":
    sys.exit(main())
