# SPDX-License-Identifier: MIT
#
# Records tests/unit/adamw_golden.inc: what torch.optim.AdamW, clip_grad_norm_ and transformers' schedules do with
# numbers that the test can make again.  Run once by hand: python tests/golden/adamw.py > tests/unit/adamw_golden.inc
import torch
import transformers

STEPS, MATRIX, BIAS = 12, 35, 7


def value(seed, i):
    """The test's own numbers: a small linear congruential generator, exact in both languages."""
    x = (seed * 7919 + i * 104729 + 12345) % 65536
    x = (x * 25173 + 13849) % 65536
    return x / 32768 - 1


def numbers(name, values):
    print(f"static const double {name}[] = {{")
    for i in range(0, len(values), 4):
        print("    " + ", ".join(f"{v:.17g}" for v in values[i : i + 4]) + ",")
    print("};")


print("/* SPDX-License-Identifier: MIT")
print(" *")
print(f" * Recorded by tests/golden/adamw.py with torch {torch.__version__.split('+')[0]}, transformers {transformers.__version__}.")
print(" */")
matrix = torch.nn.Parameter(torch.tensor([value(1, i) for i in range(MATRIX)], dtype=torch.float32))
bias = torch.nn.Parameter(torch.tensor([value(2, i) for i in range(BIAS)], dtype=torch.float32))
adam = torch.optim.AdamW(
    [{"params": [matrix], "weight_decay": 0.1}, {"params": [bias], "weight_decay": 0.0}],
    lr=0.01, betas=(0.9, 0.98), eps=1e-6, foreach=False)
rate = transformers.get_cosine_schedule_with_warmup(adam, 3, STEPS)
norms = []
for step in range(STEPS):
    matrix.grad = torch.tensor([value(10 + step, i) for i in range(MATRIX)], dtype=torch.float32)
    bias.grad = torch.tensor([value(50 + step, i) for i in range(BIAS)], dtype=torch.float32)
    norms.append(float(torch.nn.utils.clip_grad_norm_([matrix, bias], 3.5)))
    adam.step()
    rate.step()
numbers("golden_norm", norms)
numbers("golden_matrix", matrix.tolist())
numbers("golden_bias", bias.tolist())
for name, make in (
    ("constant", lambda o: transformers.get_constant_schedule_with_warmup(o, 4)),
    ("linear", lambda o: transformers.get_linear_schedule_with_warmup(o, 4, 15)),
    ("cosine", lambda o: transformers.get_cosine_schedule_with_warmup(o, 4, 15)),
    ("bare", lambda o: transformers.get_linear_schedule_with_warmup(o, 0, 15)),
):
    one = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    plan = make(one)
    rates = []
    for _ in range(18):
        rates.append(plan.get_last_lr()[0])
        one.step()
        plan.step()
    numbers(f"golden_{name}", rates)
