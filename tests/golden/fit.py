# SPDX-License-Identifier: MIT
#
# Records tests/unit/fit_golden.inc: the losses of 20 steps of lm_fit as torch and transformers compute them, without
# dropout, on all texts at once so that their order does not matter: a causal Llama on bytes, a masked BERT on letters whose
# masks are drawn here as core/lm/fit_mask.c draws them.  Run once by hand from tests/golden:
# python fit.py > ../unit/fit_golden.inc
import math

import torch
import transformers as tf

from formula import fill

STEPS, WARM_UP, PEAK, CLIP = 20, 4, 0.02, 1.0
TEXTS = ["the tide came in over the long grey harbour wall and the ropes went slack",
         "flour salt and water are all that a plain loaf needs beside time and heat",
         "every motion shall be put in writing before it is read to the members",
         "prune the old pear trees late in winter when the sap is down"]
M64 = (1 << 64) - 1


# ---- base/rng.c ----
def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c[0] | c[1] << 32, c[2] | c[3] << 32


def draw(seed, stream, domain, i):
    return philox([i & 0xFFFFFFFF, i >> 32, stream, domain], [seed & 0xFFFFFFFF, seed >> 32])


def bits(seed, stream, i):
    return draw(seed, stream, 0, i)[0]


def uniform(seed, stream, i):
    return (bits(seed, stream, i) >> 11) * 2.0**-53


def below(seed, stream, i, bound):
    a, b = draw(seed, stream, 0, i)
    return (a * bound + ((b * bound) >> 64)) >> 64


def derive(seed, name):
    h = 14695981039346656037
    for c in name.encode():
        h = ((h ^ c) * 1099511628211) & M64
    return draw(seed, 0, 1, h)[0]


# ---- the two training sets ----
def causal():
    """One stream <|endoftext|> text <|endoftext|> ... of a byte-level BPE without merges, cut every 64."""
    printable = [b for b in range(256) if 33 <= b <= 126 or 161 <= b <= 172 or 174 <= b]
    rest = [b for b in range(256) if b not in printable]
    id_of = {b: 1 + i for i, b in enumerate(printable + rest)}
    stream = [0]
    for text in TEXTS:
        stream += [id_of[b] for b in text.encode()] + [0]
    for lo in range(0, len(stream) - 1, 64):
        yield stream[lo:lo + 64][:len(stream) - 1 - lo], stream[lo + 1:lo + 65]


LETTERS = sorted(set("".join(TEXTS)) - {" "})
INSIDE = sorted({c for t in TEXTS for w in t.split() for c in w[1:]})
N_VOCAB = 5 + len(LETTERS) + len(INSIDE)


def masked(epoch, share=0.15):
    seed_masks = derive(1, "masks")
    for number, text in enumerate(TEXTS):
        ids, words = [2], []
        for word in text.split():
            begin = len(ids)
            ids += [5 + LETTERS.index(word[0])] + [5 + len(LETTERS) + INSIDE.index(c) for c in word[1:]]
            words.append((begin, len(ids)))
        ids.append(3)
        seed = bits(seed_masks, epoch, number)
        want, chosen = max(1, math.ceil(share * len(words))), []
        for w, (lo, hi) in enumerate(words):  # core/lm/words.c: selection sampling
            if want and uniform(seed, 0, w) * (len(words) - w) < want:
                chosen += range(lo, hi)
                want -= 1
        seen, target = list(ids), [-100] * len(ids)
        for i in chosen:
            target[i], u = ids[i], uniform(seed, 1, i)
            if u < 0.8:
                seen[i] = 4
            elif u < 0.9:
                seen[i] = below(seed, 2, i, N_VOCAB)
        yield seen, target


def train(model, batches):
    fill(model)
    model.train()
    decay = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim == 1]
    adam = torch.optim.AdamW([{"params": decay, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}], lr=PEAK)
    rate = tf.get_cosine_schedule_with_warmup(adam, WARM_UP, STEPS)
    losses = []
    for step in range(STEPS):
        total, items = 0, 0
        for seen, target in batches(step):
            logits = model(input_ids=torch.tensor([seen])).logits[0]
            total = total + torch.nn.functional.cross_entropy(logits, torch.tensor(target), reduction="sum")
            items += sum(t != -100 for t in target)
        loss = total / items
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        adam.step()
        rate.step()
        losses.append(float(loss.detach()))
    return losses


def numbers(name, values):
    print(f"static const double {name}[] = {{")
    for i in range(0, len(values), 4):
        print("    " + ", ".join(f"{v:.9g}" for v in values[i:i + 4]) + ",")
    print("};")


print("/* SPDX-License-Identifier: MIT")
print(" *")
print(f" * Recorded by tests/golden/fit.py with torch {torch.__version__.split('+')[0]}, transformers {tf.__version__}.")
print(" */")
print("static const char *const golden_texts[] = {")
for text in TEXTS:
    print(f'    "{text}",')
print("};")
print(f"enum {{ GOLDEN_STEPS = {STEPS}, GOLDEN_WARM_UP = {WARM_UP}, GOLDEN_PIECES = {N_VOCAB} }};")
llama = tf.LlamaForCausalLM(tf.LlamaConfig(
    vocab_size=257, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    intermediate_size=48, max_position_embeddings=64, rms_norm_eps=1e-5, tie_word_embeddings=True,
    rope_parameters=dict(rope_type="default", rope_theta=10000.0)))
sequences = list(causal())
numbers("golden_causal", train(llama, lambda step: sequences))
# No pad_token_id: torch would keep the gradient of inputs from that row, and a random piece may be it.
bert = tf.BertForMaskedLM(tf.BertConfig(
    vocab_size=N_VOCAB, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
    max_position_embeddings=96, type_vocab_size=2, hidden_act="gelu", hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0, pad_token_id=None))
numbers("golden_masked", train(bert, masked))
