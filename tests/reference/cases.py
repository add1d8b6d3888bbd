"""Model folders as people have them: our answer beside that of `transformers`, for every member of `members.py`.

    pip install torch transformers
    python tests/reference/cases.py [--only 4] [--bin target/release]

Prints one line for each member: what is tried, our logits or refusal, the largest difference to the logits of the
installed `transformers`, and ok or WRONG. Exits with 1 if any is WRONG. All models are tiny and random.
"""
import argparse
import inspect
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "critical")
import torch
import transformers
from transformers import AutoModelForSequenceClassification, AutoTokenizer

import members

BOUND = 1e-4
TEXTS = ["A good film, not bad.", "The Film, naïve 好", "ÇA, bad résumé!", "not 好好 the\x07 film [MASK]", "bad"]


def reference(folder, dtype=torch.float32):
    """The logits of `transformers` for every text, and its class names."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    keywords = {"dtype": dtype} if dtype else {}
    model = AutoModelForSequenceClassification.from_pretrained(folder, **keywords).eval()
    known = inspect.signature(model.forward).parameters
    with torch.no_grad():
        inputs = [tokenizer(text, return_tensors="pt") for text in TEXTS]
        logits = [model(**{k: v for k, v in it.items() if k in known}).logits[0].float() for it in inputs]
    return logits, [str(model.config.id2label[i]) for i in range(model.config.num_labels)]


def run(*command, **keywords):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, **keywords)


def ours(folder, binaries):
    """Our logits and class names, or None, and what was said on stderr."""
    lines = "".join(json.dumps({"id": i, "text": text}) + "\n" for i, text in enumerate(TEXTS))
    done = run(binaries / "evaluate", "--model", folder, "--device", "flex", "--text", "-", input=lines)
    said = done.stderr.replace(str(folder), "DIR").strip()
    if done.returncode:
        return None, said
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return ([torch.tensor(answer["logits"]) for answer in answers], {answer["predicted_name"] for answer in answers}), said


def judged(member, folder, plain, binaries):
    """What to print of a member: our words, the difference, and whether it is right."""
    answer, said = ours(folder, binaries)
    if member.refused:
        attend = run(binaries / "attend", "--model", folder, "--device", "flex", "--text", "bad", "--format", "jsonl")
        if attend.returncode == 0 or member.refused not in attend.stderr:
            return f"attend: {attend.stderr}", "-", False
        return said, "-", answer is None and member.refused in said and "panicked" not in said
    if answer is None:
        return said, "-", False
    if member.follows and not transformers.__version__.startswith(f"{member.follows}."):
        return f"{said} (this version differs)", "-", member.warns in said
    try:
        wanted, labels = reference(plain if member.plain else folder)
    except Exception as error:  # transformers itself refuses
        return f"transformers: {type(error).__name__}: {str(error)[:200]}", "-", False
    same = [a.shape == b.shape for a, b in zip(answer[0], wanted)]
    difference = max(float((a - b).abs().max()) for a, b in zip(answer[0], wanted)) if all(same) else float("inf")
    right = difference < BOUND and (member.plain or answer[1] <= set(labels)) and member.warns in said
    return said or "logits, no warning", f"{difference:.1e}", right


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", type=int, help="number of a case")
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path("target/release"))
    arguments = parser.parse_args()
    print(f"transformers {transformers.__version__}, torch {torch.__version__}")
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        plain = {family: members.plain(pathlib.Path(scratch) / family, family) for family in members.FAMILIES}
        for member in members.MEMBERS:
            if arguments.only not in (None, member.case):
                continue
            folder = pathlib.Path(scratch) / "member"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(plain[member.family], folder)
            if member.trains is not None:
                said, difference, right = members.trained(member, folder, arguments.bin, reference, ours, TEXTS)
            else:
                member.change(members.Folder(folder))
                said, difference, right = judged(member, folder, plain[member.family], arguments.bin)
            wrong += not right
            print(f"{member.case:2} {member.what} | {said} | {difference} | {'ok' if right else 'WRONG'}", flush=True)
    print(f"{wrong} WRONG")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
