# SPDX-License-Identifier: MIT
#
# torch's time for the step of bench_train_step: python peers_train.py LAYERS WIDTH HEADS INNER VOCABULARY DROPOUT.
# transformers' BertForMaskedLM as it stands (logits of every position), and the same with the head at the asked positions only;
# float32 and bfloat16 autocast, attention by torch's fused kernel.  Prints "name<TAB>milliseconds", the least of 6 steps.
import os
import sys
import time

import torch
import transformers

torch.set_num_threads(len(os.sched_getaffinity(0)))
layers, width, heads, inner, vocab = map(int, sys.argv[1:6])
drop = float(sys.argv[6])
model = transformers.BertForMaskedLM(transformers.BertConfig(
    vocab_size=vocab, hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads, intermediate_size=inner,
    hidden_dropout_prob=drop, attention_probs_dropout_prob=drop, attn_implementation="sdpa")).train()
adam = torch.optim.AdamW(model.parameters(), lr=1e-5)
torch.manual_seed(1)
ids = torch.randint(5, vocab, (32, 128))
asked = torch.rand(32, 128) < .15
labels = torch.where(asked, torch.randint(5, vocab, (32, 128)), torch.full_like(ids, -100))


def whole():
    return model(input_ids=ids, labels=labels).loss


def at_asked():
    hidden = model.bert(input_ids=ids).last_hidden_state
    return torch.nn.functional.cross_entropy(model.cls(hidden[asked]).float(), labels[asked])


def step(loss_of, bf16):
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
        loss = loss_of()
    loss.backward()
    adam.step()
    adam.zero_grad()


for loss_of, head in ((at_asked, "head at asked"), (whole, "as it stands")):
    for bf16 in (False, True):
        times = []
        for i in range(7):
            start = time.perf_counter()
            step(loss_of, bf16)
            times.append(time.perf_counter() - start)
        kind = "bfloat16 autocast" if bf16 else "float32"
        print(f"torch {torch.__version__} {kind}, {head}\t{min(times[1:]) * 1e3:.1f}", flush=True)
