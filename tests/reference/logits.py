"""Logits of a published `model/` folder: `transformers` against `evaluate --model`, in fp32, on real reviews.

    pip install torch transformers
    python tests/reference/logits.py out/imdb-minilm-small/runs/6VA-s42/model data/imdb/aclImdb_v1.tar.gz

Prints the largest difference over 50 test reviews, on every given device; fails above 1e-4.
"""
import json
import pathlib
import subprocess
import sys
import tarfile

import torch
from transformers import AutoTokenizer, BertForSequenceClassification

folder, archive, devices = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:] or ["auto"]
texts = []
with tarfile.open(archive, "r|gz") as tar:
    for member in tar:
        if member.name.startswith(("aclImdb/test/pos/", "aclImdb/test/neg/")) and member.isfile():
            texts.append({"id": member.name, "text": tar.extractfile(member).read().decode()})
        if len(texts) == 1000:
            break
texts = texts[::20]
data = json.loads((folder / "config.json").read_text())["fathom"]["data"]
budget = data["max_seq_length"] - 2
head = {"head-only": budget, "tail-only": 0, "head+tail": int(data["head_share"] * budget + 0.5)}[data["truncation"]]
tokenizer = AutoTokenizer.from_pretrained(folder)
model = BertForSequenceClassification.from_pretrained(folder, attn_implementation="eager").eval()
expected = []
for line in texts:
    clean = " ".join(part for part in line["text"].replace("<br />", " ").split(" ") if part)
    ids = tokenizer(clean, add_special_tokens=False)["input_ids"]
    if len(ids) > budget:
        ids = ids[:head] + ids[len(ids) - (budget - head):]
    ids = [tokenizer.cls_token_id, *ids, tokenizer.sep_token_id]
    with torch.no_grad():
        expected.append(model(torch.tensor([ids])).logits[0])
for device in devices:
    command = ["target/release/evaluate", "--model", folder, "--text", "-", "--device", device]
    lines = "".join(json.dumps(line) + "\n" for line in texts)
    out = subprocess.run(command, input=lines, text=True, check=True, stdout=subprocess.PIPE).stdout
    found = [torch.tensor(json.loads(line)["logits"]) for line in out.splitlines()]
    difference = max(float((a - b).abs().max()) for a, b in zip(found, expected, strict=True))
    print(f"{folder}, {device}: {len(found)} reviews, largest difference {difference:.2e}")
    assert difference < 1e-4
