"""Trains the sample WordPiece tokenizer: JSON Lines with a "text" on stdin, the files beside this script.

Only the train split belongs on stdin. Needs the package `tokenizers`. The trainer breaks ties between equally
frequent pieces at random, so another run numbers some pieces otherwise: the files beside this script are one run's.
"""

import json
import sys
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

VOCAB_SIZE = 420
MAX_LENGTH = 128
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
FOLDER = Path(__file__).parent


def trained(texts):
    """An uncased BERT tokenizer; the special tokens take the ids 0 to 4, as in the published models."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=VOCAB_SIZE, special_tokens=SPECIAL, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    cls, sep = (tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", cls), ("[SEP]", sep)],
    )
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def settings():
    """What `transformers` reads beside the tokenizer itself."""
    names = dict(zip(["pad_token", "unk_token", "cls_token", "sep_token", "mask_token"], SPECIAL))
    return {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": True,
        "model_max_length": MAX_LENGTH,
        "strip_accents": None,
        "tokenize_chinese_chars": True,
        **names,
    }


def main():
    """Reads the texts, trains, and writes the three files."""
    tokenizer = trained(json.loads(line)["text"] for line in sys.stdin)
    tokenizer.save(str(FOLDER / "tokenizer.json"))
    (FOLDER / "tokenizer_config.json").write_text(json.dumps(settings(), indent=2) + "\n")
    vocab = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    (FOLDER / "vocab.txt").write_text("".join(f"{token}\n" for token, _ in vocab))


if __name__ == "__main__":
    main()
