"""Write a byte-level BPE and a SentencePiece tokenizer beside this file, and what transformers makes of a few texts.

    pip install transformers==4.57.1 tokenizers sentencepiece protobuf
    python crates/tokens/tests/data/make_tokenizers.py
"""
import json
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE / "../../../../tests/reference"))
import small_tokenizers  # noqa: E402

TRAINING = [
    "A quiet, honest film about two brothers.",
    "It ends. Then it ends again, and again; the café was naïve.",
    "Not good at all, and bad acting!",
] * 3
TEXTS = [
    "A quiet film, not good; ends at the café!",
    "",
    "It ended\tbadly, “naïve” and… \n so on",
    "七人の侍 😀 is bad",
    "the <pad> and <mask> of </s>",
    "ＡＡ film…",
]
SIZES = {"byte-level-bpe": 280, "sentencepiece-camembert": 50}


def main():
    lines = []
    for kind, size in SIZES.items():
        with tempfile.NamedTemporaryFile("w", suffix=".tsv") as rules:
            # Ａ is A, … is three stops, tab and newline are spaces.
            rules.write("FF21\t41\n2026\t2E 2E 2E\n9\t20\nA\t20\n")
            rules.flush()
            tokenizer = small_tokenizers.make(kind, TRAINING, HERE / kind, size, rules.name)
        for name in ("special_tokens_map.json", "vocab.json", "merges.txt"):
            (HERE / kind / name).unlink(missing_ok=True)
        for text in TEXTS:
            framed = tokenizer(text, return_offsets_mapping=True)
            pieces = [text[start:end].strip() for start, end in framed["offset_mapping"]]
            lines.append(json.dumps({"tokenizer": kind, "text": text, "ids": framed["input_ids"], "pieces": pieces}))
    (HERE / "expected.jsonl").write_text("\n".join(lines) + "\n")


main()
