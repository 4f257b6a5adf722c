# SPDX-License-Identifier: MIT
#
# Records tests/unit/chat_golden.inc: conversations as SmolLM2-135M-Instruct's own ids (apply_chat_template), and as the
# texts that the published templates of Llama 3, Zephyr and Gemma 3 make of them.  Run once by hand:
#   python chat.py SmolLM2-135M-Instruct.gguf > tests/unit/chat_golden.inc
import json
import pathlib
import sys

import transformers
from transformers.utils.chat_template_utils import render_jinja_template

LLAMA_3 = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + "
    "'<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}"
    "{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
ZEPHYR = (
    "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\n' + message['content'] + eos_token }}\n"
    "{% elif message['role'] == 'system' %}\n{{ '<|system|>\n' + message['content'] + eos_token }}\n"
    "{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n{% endif %}\n"
    "{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}"
)
GEMMA = (
    "{{ bos_token }}\n{%- if messages[0]['role'] == 'system' -%}\n    {%- set first_user_prefix = messages[0]['content'] + '\n\n' -%}\n"
    "    {%- set loop_messages = messages[1:] -%}\n{%- else -%}\n    {%- set first_user_prefix = \"\" -%}\n"
    "    {%- set loop_messages = messages -%}\n{%- endif -%}\n{%- for message in loop_messages -%}\n"
    "    {%- if (message['role'] == 'assistant') -%}\n        {%- set role = \"model\" -%}\n    {%- else -%}\n"
    "        {%- set role = message['role'] -%}\n    {%- endif -%}\n"
    "    {{ '<start_of_turn>' + role + '\n' + (first_user_prefix if loop.first else \"\") }}\n"
    "    {{ message['content'] | trim }}\n    {{ '<end_of_turn>\n' }}\n{%- endfor -%}\n"
    "{%- if add_generation_prompt -%}\n    {{'<start_of_turn>model\n'}}\n{%- endif -%}\n"
).replace("}}\n    {{", "}}\n    {{-").replace('"") }}\n    {{-', '"") }}\n    {{-')
TEMPLATES = [
    ("llama-3", LLAMA_3, "<|begin_of_text|>", "<|eot_id|>"),
    ("zephyr", ZEPHYR, "<s>", "</s>"),
    ("gemma", GEMMA, "<bos>", "<eos>"),
]
CONVERSATIONS = [
    [("user", "Hello there, which port is nearest?")],
    [("system", "Be brief."), ("user", "What is 2 + 2?")],
    [("user", "One"), ("assistant", "Two, I think."), ("user", "Three\n\nlines, caf\u00e9 \u20ac")],
    [("system", " Say less.\n"), ("user", "  padded \n"), ("assistant", "\tyes "), ("user", "\nand now? ")],
]

path = pathlib.Path(sys.argv[1]).resolve()
tok = transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
dicts = [[{"role": r, "content": c} for r, c in talk] for talk in CONVERSATIONS]


def c_text(t):
    out = ""
    for b in t.encode():
        out += chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else "\\%03o" % b
    return '"' + out + '"'


def lines(what, indent):
    print(indent + (",\n" + indent).join(what))


print("/* SPDX-License-Identifier: MIT\n *\n * Recorded by tests/golden/chat.py: transformers " + transformers.__version__ + ".\n */")
print("enum { TALKS = %d, TALK_TURNS = %d };" % (len(dicts), max(map(len, dicts))))
print("static const struct {\n    const char *role, *text;\n} talk[TALKS][TALK_TURNS] = {")
for t in CONVERSATIONS:
    print("    {" + ", ".join("{%s, %s}" % (c_text(r), c_text(c)) for r, c in t) + "},")
print("};")
for k, d in enumerate(dicts):
    ids = tok.apply_chat_template(d, add_generation_prompt=True, return_dict=False)
    print("static const uint32_t smol_%d[] = {%s};" % (k, ", ".join(map(str, ids))))
print("static const struct {\n    const uint32_t *id;\n    size_t n;\n} smol[TALKS] = {")
for k in range(len(dicts)):
    print("    {smol_%d, sizeof smol_%d / sizeof(uint32_t)}," % (k, k))
print("};\nstatic const struct {\n    const char *name, *text[TALKS];\n} rendered[] = {")
for name, template, bos, eos in TEMPLATES:
    texts, _ = render_jinja_template(
        conversations=dicts, chat_template=template, add_generation_prompt=True, bos_token=bos, eos_token=eos
    )
    print("    {%s,\n     {%s}}," % (c_text(name), ",\n      ".join(map(c_text, texts))))
print("};\n/* A template that carries its own system message, as it stands in a file: a backslash and an n. */")
print('#define QWEN_TEMPLATE ' + c_text("{{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}{{- '<|im_start|>system\\nYou are Qwen. You are a helpful assistant.<|im_end|>\\n' }}"))
