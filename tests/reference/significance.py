#!/usr/bin/env python3
"""Statistics of invented studies by statsmodels, scipy, scikit-learn and numpy: reference values for crates/statistics.

    pip install scikit-learn scipy statsmodels
    tests/reference/significance.py > crates/statistics/tests/golden/significance.json
"""
import json

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import balanced_accuracy_score, f1_score
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests


def outcomes(random, seeds, examples, accuracy, of_seed, of_example):
    """Right or wrong `[seeds, examples]`, correlated within a seed and within an example."""
    ease = stats.norm.ppf(accuracy) + of_example * random.standard_normal(examples)
    ease = ease + of_seed * random.standard_normal((seeds, 1))
    return ease + random.standard_normal((seeds, examples)) > 0


def residual(table):
    """Mean square of what seeds and examples leave of a crossed table without repetition."""
    seeds, examples = table.shape
    long = pd.DataFrame({
        "value": table.ravel().astype(float),
        "seed": np.repeat(np.arange(seeds), examples),
        "example": np.tile(np.arange(examples), seeds),
    })
    return anova_lm(ols("value ~ C(seed) + C(example)", data=long).fit())["mean_sq"]["Residual"]


def analysis(full, less, added=((1.0, 1.0), (1.0, 1.0), (1.0, -1.0), (1.0, -1.0))):
    """Difference of two models with seeds of their own on the same examples, and its 95 % interval.

    Two examples more on which only the one is right, and two on which only the other is (Agresti and Coull 1998): weights
    and values.
    """
    n = full.shape[1]
    each = np.concatenate([full.mean(0) - less.mean(0), [value for _, value in added]])
    weights = np.concatenate([np.ones(n), [weight for weight, _ in added]])
    centre = np.average(each, weights=weights)
    of_examples = np.sum(weights * (each - centre) ** 2) / ((n + 4) * (n + 3))
    of_seeds = [stats.sem(model.mean(1)) ** 2 for model in (full, less)]
    rests = [residual(model) / model.size for model in (full, less)]
    variance = max(sum(of_seeds) + of_examples - sum(rests), of_examples)
    squares = of_examples**2 / (n + 3)
    for model, of_seed, rest in zip((full, less), of_seeds, rests):
        squares += of_seed**2 / (len(model) - 1) + rest**2 / ((len(model) - 1) * (n + 3))
    low, high = stats.t.interval(0.95, variance**2 / squares, loc=centre, scale=np.sqrt(variance))
    return {"mean": float(full.mean() - less.mean()), "low": float(low), "high": float(high)}


def study(random, seeds, examples, spread):
    full = outcomes(random, seeds, examples, 0.9, spread, 1.0)
    less = outcomes(random, seeds, examples, 0.87, spread, 1.0)
    p_values = []
    for one, other in zip(full, less):
        table = [[int(np.sum(one & other)), int(np.sum(one & ~other))], [int(np.sum(~one & other)), int(np.sum(~one & ~other))]]
        p_values.append(float(mcnemar(table, exact=True).pvalue))
    return {
        "full": full.astype(int).tolist(),
        "less": less.astype(int).tolist(),
        "mcnemar": p_values,
        "difference": analysis(full.astype(int), less.astype(int)),
    }


MEASURES = {
    "macro_f1": lambda truth, answers, weights: f1_score(truth, answers, average="macro", zero_division=0, sample_weight=weights),
    "balanced_accuracy": lambda truth, answers, weights: balanced_accuracy_score(truth, answers, sample_weight=weights),
}


def derivative(measure, labels, predicted, truth, answers):
    """How the measure changes with the weight of further examples, which share it, times the number of examples."""
    small = 1e-4
    def at(weight):
        weights = np.concatenate([np.ones(len(labels)), np.full(len(truth), weight / len(truth))])
        return measure(np.concatenate([labels, truth]), np.concatenate([predicted, answers]), weights)
    return len(labels) * (at(small) - at(-small)) / (2 * small)


def contributions(measure, labels, predicted):
    """What each example contributes to a measure; what one more of each class would, answered wrong and right."""
    value = measure(labels, predicted, None)
    seen = sorted(set(labels) | set(predicted))
    of = lambda truth, answers: value + derivative(measure, labels, predicted, truth, answers)
    each = {pair: of([pair[0]], [pair[1]]) for pair in set(zip(labels, predicted))}
    further = []
    for c in sorted(set(labels)):
        others = [d for d in seen if d != c]
        further.append((of([c] * len(others), others), of([c], [c])))
    return [each[pair] for pair in zip(labels, predicted)], further


def of_classes(random, seeds, examples, shares):
    """Two models that answer examples of several classes."""
    labels = random.choice(len(shares), examples, p=shares)
    def model(accuracy):
        right = outcomes(random, seeds, examples, accuracy, 0.2, 1.0)
        return np.where(right, labels, (labels + random.integers(1, len(shares), (seeds, examples))) % len(shares))
    full, less = model(0.9), model(0.85)
    study = {"classes": len(shares), "labels": labels.tolist(), "full": full.tolist(), "less": less.tolist()}
    for name, measure in MEASURES.items():
        each, further = [], []
        for runs in (full, less):
            both = [contributions(measure, labels, run) for run in runs]
            each.append(np.array([one for one, _ in both]))
            further.append(np.mean([one for _, one in both], axis=0))
        share = 2 / len(further[0])
        added = [(share, a[1] - b[0]) for a, b in zip(*further)] + [(share, a[0] - b[1]) for a, b in zip(*further)]
        study[name] = analysis(*each, added)
    return study


def main():
    random = np.random.default_rng(7)
    p_values = [[0.03, 0.01, 0.02], [0.5, 0.04, 0.04, 1.0, 0.0001], [0.2]]
    golden = {
        "studies": [study(random, *shape) for shape in [(2, 40, 0.3), (3, 120, 0.0), (5, 80, 0.1)]],
        "classes": [of_classes(random, *shape) for shape in [(2, 60, (0.7, 0.3)), (3, 150, (0.6, 0.3, 0.1))]],
        "holm": [{"p": p, "corrected": multipletests(p, method="holm")[1].tolist()} for p in p_values],
        "student": [{"share": q, "degrees": d, "quantile": float(stats.t.ppf(q, d))}
                    for q in (0.9, 0.975, 0.995) for d in (1.0, 1.7, 2.0, 4.3, 30.0, 1999.0, 2500.0, 25000.0, 1e6)],
    }
    print(json.dumps(golden))


main()
