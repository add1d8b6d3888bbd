"""Two configurations of a study on the same test examples, seed by seed: difference, McNemar's test, bootstrap.

    python3 tests/reference/paired.py out/imdb-minilm-precision/runs 6VA-fp32 6VA-bf16     (needs numpy)

The interval resamples seeds, then examples (4,000 draws, random seed 1); with few seeds it is too narrow.
"""
import json
import math
import pathlib
import sys

import numpy


def correct(run):
    rows = map(json.loads, (run / "predictions.test.jsonl").open())
    return {row["id"]: row["predicted"] == row["label"] for row in rows if row["type"] == "prediction"}


def mcnemar(first, second):
    n, fewer = first + second, min(first, second)
    return 1.0 if first == second else min(1.0, 2 * sum(math.comb(n, k) for k in range(fewer + 1)) / 2**n)


folder, names = pathlib.Path(sys.argv[1]), sys.argv[2:4]
seeds = sorted(int(run.name.rsplit("-s", 1)[1]) for run in folder.glob(f"{names[0]}-s*"))
differences = []
for seed in seeds:
    one, two = (correct(folder / f"{name}-s{seed}") for name in names)
    assert one.keys() == two.keys(), f"seed {seed}: other test examples"
    row = numpy.array([int(two[id]) - int(one[id]) for id in sorted(one)])
    first, second = int((row < 0).sum()), int((row > 0).sum())
    accuracies = [100 * sum(run.values()) / len(run) for run in (one, two)]
    print(f"seed {seed}: {accuracies[0]:.2f} {accuracies[1]:.2f}, {first} and {second} right alone, p {mcnemar(first, second):.3f}")
    differences.append(row)
cells, draw = numpy.array(differences), numpy.random.default_rng(1)
s, n = cells.shape
means = [cells[draw.integers(0, s, s)][:, draw.integers(0, n, n)].mean() for _ in range(4000)]
low, high = 100 * numpy.percentile(means, [2.5, 97.5])
print(f"{names[1]} minus {names[0]}: {100 * cells.mean():+.2f} points, 95 % {low:.2f} to {high:.2f}, {s} seeds")
