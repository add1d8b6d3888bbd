"""Write models/tiny/tokenizer.json, reviews.jsonl and ids.jsonl beside this file with the reference tokenizer.

pip install tokenizers==0.23.3 && python golden.py
"""

import json
import re
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

MAX_SEQ_LENGTH = 24
REVIEWS = [
    "A quiet, honest film about two brothers.",
    "It ends.<br /><br />Then it ends again, and<br />again.",
    "  Too   many    spaces\tand a tab, \n and lines.  ",
    "",
    "<br /><br />  ",
    "Amélie's café scene; naïve, déjà vu, señor, Žižek, smørrebrød",
    "Ame\u0301lie with the accent as a character of its own",
    "10/10 😀 would watch again 👍🏽🎬",
    "“Quoted” – and… ‘dashed’ — with typographic marks",
    "七人の侍 is a masterpiece, 10分!",
    "A [SEP] in a review is the token, and so is [MASK]; [sep] is not",
    "soft\u00adhyphen, zero\u200bwidth, no\u00a0break, bell\u0007, \ufeffmark",
    "x" * 101 + " is too long a word, " + "y" * 100 + " is not",
    "ΟΔΥΣΣΕΥΣ, İstanbul, STRAẞE, ﬁne",
    "www.example.com/film?id=1&amp;page=2 <i>in italics</i> <br/>and a break that stays",
    "!!!???...---///***",
    "DON'T!! It's 'awful', isn't it? can't-miss",
    "word " * 40 + "end",
    "This film, with its brothers and its scene, ends too late, and then again it does not end at all: honest, quiet, bad.",
    "A\u0300 B\u0308 C\u0327 \u0301alone",
]


def tiny():
    """An uncased WordPiece whose file asks for truncation and padding, as all-MiniLM-L6-v2's does."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=260, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator([review.replace("<br />", " ") for review in REVIEWS[:12]], trainer)
    frame = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=frame)
    return tokenizer


def head_and_tail(ids):
    budget = MAX_SEQ_LENGTH - 2
    return ids if len(ids) <= budget else ids[: budget // 2] + ids[len(ids) - budget // 2 :]


def main():
    here = Path(__file__).parent
    tokenizer = tiny()
    cls, sep = tokenizer.encode("").ids
    reviews, golden = [], []
    for number, text in enumerate(REVIEWS):
        cleaned = re.sub(" +", " ", text.replace("<br />", " ")).strip()
        ids = tokenizer.encode(cleaned, add_special_tokens=False).ids
        reviews.append({"id": f"{number:02}", "label": number % 2, "text": text})
        golden.append({"split": "train", "id": f"{number:02}", "label": number % 2,
                       "input_ids": [cls] + head_and_tail(ids) + [sep]})
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=8)
    tokenizer.save(str(here / "models/tiny/tokenizer.json"))
    for name, records in ("reviews", reviews), ("ids", golden):
        lines = [json.dumps(record, separators=(",", ":")) + "\n" for record in records]
        (here / f"{name}.jsonl").write_text("".join(lines))


main()
