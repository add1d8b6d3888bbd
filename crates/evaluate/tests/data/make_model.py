"""A tiny classifier as `transformers` saves it, and its logits for a few texts, for tests/cli.rs.

    pip install torch transformers && python make_model.py TOKENIZER_FOLDER

TOKENIZER_FOLDER: crates/fetch/assets/sample-bert. Writes `model/` and `expected.jsonl` beside itself.
"""
import json
import pathlib
import sys

import torch
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

torch.manual_seed(3)
here = pathlib.Path(__file__).parent
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
config = BertConfig(
    vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=24,
    max_position_embeddings=24, initializer_range=0.5, id2label={0: "bad", 1: "fair", 2: "good"},
    label2id={"bad": 0, "fair": 1, "good": 2},
)
model = BertForSequenceClassification(config).eval()
model.save_pretrained(here / "model")
(here / "model" / "tokenizer.json").write_bytes((pathlib.Path(sys.argv[1]) / "tokenizer.json").read_bytes())
texts = ["The plot was gripping.", "", "My sister adored it; I did not. " * 9, "caf\u00e9 \U0001f600 <br /> fine", "Although"]
with (here / "expected.jsonl").open("w") as out:
    for index, text in enumerate(texts):
        clean = " ".join(part for part in text.replace("<br />", " ").split(" ") if part)
        inputs = tokenizer(clean, truncation=True, max_length=24, return_tensors="pt")
        with torch.no_grad():
            logits = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits[0].tolist()
        out.write(json.dumps({"id": f"t{index}", "text": text, "logits": logits}) + "\n")
