# SPDX-License-Identifier: MIT
#
# Records tests/unit/vocab_golden.inc: what the trainers of `tokenizers` learn from datasets/toy_corpus.
# Run once by hand: python tests/golden/vocab.py datasets/toy_corpus > tests/unit/vocab_golden.inc
#
# WordPieceTrainer numbers the characters within words ("##x") in the order of a hash table, which differs from run to run,
# and ties between pairs go by these numbers.  Here all characters are given as special tokens in the order of code points,
# which fixes them and changes nothing else.
import json
import pathlib
import sys

import tokenizers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

texts = [p.read_text() for p in sorted(pathlib.Path(sys.argv[1]).glob("*/*.txt"))]
BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def wordpiece(size, alphabet, pinned):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=True)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = list(BERT)
    if pinned:
        count, inside = {}, set()
        for text in texts:
            for word, _ in t.pre_tokenizer.pre_tokenize_str(t.normalizer.normalize_str(text)):
                for i, c in enumerate(word):
                    count[c] = count.get(c, 0) + 1
                    if i:
                        inside.add(c)
        kept = sorted(sorted(count, key=lambda c: (-count[c], c))[:alphabet])
        special += kept + ["##" + c for c in kept if c in inside]
    t.train_from_iterator(texts, trainers.WordPieceTrainer(
        vocab_size=size, min_frequency=2, limit_alphabet=alphabet, special_tokens=special,
        continuing_subword_prefix="##", show_progress=False))
    vocab = t.get_vocab()
    return sorted(vocab, key=vocab.get)


def bpe(size):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=size, min_frequency=2, special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    merges = json.loads(t.to_str())["model"]["merges"]
    return [m if isinstance(m, str) else " ".join(m) for m in merges]


def strings(name, values):
    print(f"static const char *const {name}[] = {{")
    for v in values:
        print("    " + json.dumps(v, ensure_ascii=False) + ",")
    print("};")


if __name__ == "__main__":
    if len(sys.argv) > 2:  # how much of an unpinned run differs
        a, b = wordpiece(1200, 1000, False), wordpiece(1200, 1000, True)
        print(len(set(a) - set(b)), len(a), len(b))
        sys.exit()
    print("/* SPDX-License-Identifier: MIT")
    print(" *")
    print(f" * Recorded by tests/golden/vocab.py with tokenizers {tokenizers.__version__} from datasets/toy_corpus.")
    print(" */")
    print("/* clang-format off */")
    strings("golden_wordpiece", wordpiece(1200, 1000, True))
    strings("golden_few_letters", wordpiece(300, 20, True))
    strings("golden_bpe", bpe(1300))
