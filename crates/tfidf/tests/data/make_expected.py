"""Write expected.json: scikit-learn's results for a few short documents.

    python3 make_expected.py > expected.json        # scikit-learn 1.9.1 wrote the one that is committed
"""

import json
import random

import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

SUBJECTS = ["film", "plot", "cast", "music"]
WORDS = {
    0: ["dull", "not good", "bad", "slow", "a waste of time"],
    1: ["good", "not bad", "fun", "clever", "worth the time"],
    2: ["fair", "not bad , not good", "so so", "a film", "the time"],
}
MIN_DOCUMENTS = 2
C = 3.0


def documents(rng, n):
    """Documents with labels 0, 1, 2; one in six has the words of another label."""
    texts, labels = [], []
    for number in range(n):
        label = number % 3
        said = rng.randrange(3) if number % 6 == 5 else label
        parts = [f"the {rng.choice(SUBJECTS)} is {rng.choice(WORDS[said])}" for _ in range(rng.randint(1, 3))]
        texts.append(" . ".join(parts))
        labels.append(label)
    return texts, labels


def fitted(features, labels, unseen, class_weights=None):
    """Coefficients [outputs, terms], biases [outputs] and decision values on the unseen documents."""
    model = LogisticRegression(C=C, solver="newton-cg", tol=1e-10, max_iter=10_000, class_weight=class_weights)
    model.fit(features, labels)
    return {
        "labels": labels,
        "class_weights": [weight for _, weight in sorted((class_weights or {}).items())],
        "coefficients": model.coef_.tolist(),
        "biases": model.intercept_.tolist(),
        "decisions": model.decision_function(unseen).tolist(),
    }


def main():
    rng = random.Random(20)
    texts, labels = documents(rng, 42)
    unseen, _ = documents(rng, 9)
    unseen += ["never met", ""]
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2),
        min_df=MIN_DOCUMENTS,
        sublinear_tf=True,
        tokenizer=str.split,
        token_pattern=None,
        lowercase=False,
    )
    features = vectorizer.fit_transform(texts)
    rows = vectorizer.transform(unseen)
    expected = {
        "scikit-learn": sklearn.__version__,
        "min_documents": MIN_DOCUMENTS,
        "c": C,
        "documents": texts,
        "unseen": unseen,
        "terms": vectorizer.get_feature_names_out().tolist(),
        "idf": vectorizer.idf_.tolist(),
        "unseen_rows": rows.toarray().tolist(),
        "two_classes": fitted(features, [min(label, 1) for label in labels], rows),
        "three_classes": fitted(features, labels, rows),
        "two_weighted_classes": fitted(features, [min(label, 1) for label in labels], rows, {0: 3.0, 1: 0.5}),
        "three_weighted_classes": fitted(features, labels, rows, {0: 0.5, 1: 4.0, 2: 1.25}),
    }
    rounded = json.loads(json.dumps(expected), parse_float=lambda digits: round(float(digits), 7))
    lines = (f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in rounded.items())
    print("{\n" + ",\n".join(lines) + "\n}")


if __name__ == "__main__":
    main()
