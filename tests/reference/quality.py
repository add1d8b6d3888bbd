#!/usr/bin/env python3
"""Measures of invented predictions by scikit-learn, scipy and numpy: reference values for crates/statistics.

    pip install scikit-learn scipy
    tests/reference/quality.py > crates/statistics/tests/golden/quality.json
"""
import json
import math

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.metrics import (balanced_accuracy_score, brier_score_loss, confusion_matrix, f1_score, log_loss,
                             roc_auc_score)

BINS, COVERAGES = 15, 20


def made_up(random, examples, classes, sharpness, ties):
    """Logits `[examples, classes]` and labels; exact as 32-bit floats, some rows word for word twice."""
    labels = random.integers(0, classes, examples)
    logits = random.standard_normal((examples, classes))
    logits[np.arange(examples), labels] += 1.2
    logits = np.round(sharpness * logits * 1024) / 1024
    for row in range(0, examples // 2, 3) if ties else ():
        logits[row] = logits[examples - 1 - row]
    return logits, labels


def auc(labels, probabilities):
    classes = probabilities.shape[1]
    if len(set(labels)) < classes:
        return None
    if classes == 2:
        return float(roc_auc_score(labels, probabilities[:, 1]))
    return float(roc_auc_score(labels, probabilities, multi_class="ovr", average="macro"))


def calibration(logits, labels, temperature):
    """Log loss, halved Brier score, expected calibration error, mean confidence, bins that are not empty."""
    probabilities = softmax(logits / temperature, axis=1)
    classes = list(range(logits.shape[1]))
    confidence, right = probabilities.max(axis=1), logits.argmax(axis=1) == labels
    place = np.digitize(confidence, np.linspace(0, 1, BINS + 1), right=True)
    bins = [(float(confidence[place == b].mean()), float(right[place == b].mean()), int((place == b).sum()))
            for b in range(1, BINS + 1) if (place == b).any()]
    return {
        "log_loss": float(log_loss(labels, probabilities, labels=classes)),
        "brier": float(brier_score_loss(labels, probabilities, labels=classes, scale_by_half=True)),
        "error": sum(n * abs(accuracy - mean) for mean, accuracy, n in bins) / len(labels),
        "confidence": float(confidence.mean()),
        "bins": bins,
    }


def temperature(logits, labels):
    """The temperature with the smallest log loss, found by a search over its logarithm."""
    def loss(log_t):
        return -log_softmax(logits / math.exp(log_t), axis=1)[np.arange(len(labels)), labels].mean()
    found = minimize_scalar(loss, bounds=(math.log(0.05), math.log(20)), method="bounded", options={"xatol": 1e-10})
    return math.exp(found.x)


def risks(logits, labels):
    """The error rate among the k most confident, for every k."""
    order = np.argsort(-softmax(logits, axis=1).max(axis=1), kind="stable")
    wrong = (logits.argmax(axis=1) != labels)[order]
    return np.cumsum(wrong) / np.arange(1, len(labels) + 1)


def case(name, test, validation):
    (logits, labels), classes = test, list(range(test[0].shape[1]))
    predicted, t, risk = logits.argmax(axis=1), temperature(*validation), risks(logits, labels)
    return {
        "name": name,
        "test": {"logits": logits.tolist(), "labels": labels.tolist()},
        "validation": {"logits": validation[0].tolist(), "labels": validation[1].tolist()},
        "confusion": confusion_matrix(labels, predicted, labels=classes).tolist(),
        "f1": f1_score(labels, predicted, labels=classes, average=None, zero_division=0).tolist(),
        "macro_f1": float(f1_score(labels, predicted, average="macro", zero_division=0)),
        "balanced_accuracy": float(balanced_accuracy_score(labels, predicted)),
        "auc": auc(labels, softmax(logits, axis=1)),
        "raw": calibration(logits, labels, 1.0),
        "temperature": t,
        "tempered": calibration(logits, labels, t),
        "risks": [float(risk[-(-len(labels) * step // COVERAGES) - 1]) for step in range(1, COVERAGES + 1)],
        "risk_area": float(risk.mean()),
    }


def main():
    random = np.random.default_rng(7)
    cases = []
    for name, examples, classes, sharpness, ties in [
        ("two classes, overconfident", 203, 2, 3.0, False),
        ("two classes with ties, underconfident", 160, 2, 0.25, True),
        ("three classes with ties", 190, 3, 2.0, True),
    ]:
        cases.append(case(name, *(made_up(random, n, classes, sharpness, ties) for n in (examples, 97))))
    logits, labels = made_up(random, 120, 3, 1.0, True)
    logits[:, 2] -= 16
    cases.append(case("a class that is never predicted", (logits, labels), made_up(random, 80, 3, 1.0, True)))
    logits, labels = made_up(random, 33, 3, 1.0, False)
    cases.append(case("a class without an example", (logits, labels % 2), made_up(random, 80, 3, 1.5, False)))
    print(json.dumps(cases))


main()
