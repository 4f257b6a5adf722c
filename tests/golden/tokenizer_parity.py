# SPDX-License-Identifier: MIT
#
# Records what the Hugging Face package `tokenizers` computes, for tests/unit/test_tokenizer_parity.c.  Run once by
# hand:  tokenizer_parity.py OUT CORPUS [MINILM/tokenizer.json] [SMOLLM2.gguf]
# OUT: tests/golden/tokenizers; CORPUS: datasets/toy_corpus.  Needs tokenizers, and gguf for the last argument.
#
# Files, all gzip: strings (u32 length, bytes; may be invalid UTF-8), NAME.json (a small vocabulary learned here), and
# NAME.ids: for each string the first 32 bits of SHA-256 of its ids, and of (id, from, to, word) of its tokens, (id, type)
# of its pair with string 7 i + 1, cut to 24 tokens, and the decoded text, one behind the other; string i is decoded
# without special tokens where i is odd.  All numbers are little-endian u32.  Within parts that a normal form
# rewrote we give coarser ranges (docs/tokenizers.md), so unigram and bpe_suffix have 0 for from and to.
import glob, gzip, hashlib, os, random, struct, sys, unicodedata
import tokenizers
from tokenizers import Tokenizer, Regex, models, normalizers, pre_tokenizers, processors, decoders, trainers

N, CUT = 5200, 24
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

POOLS = {
    'cjk': [chr(c) for c in [*range(0x4e00, 0x9fff, 37), *range(0x3040, 0x30ff), *range(0xac00, 0xd7a3, 97),
                             *range(0x3400, 0x4dbf, 101), 0x20000, 0x2a6d6, 0x2b820, 0x2b920, 0xf900, 0x2f800]
            if unicodedata.category(chr(c)) != 'Cn'],
    'emoji': ['\U0001F600', '\U0001F468\u200d\U0001F469\u200d\U0001F467', '\U0001F3F3\ufe0f\u200d\U0001F308', '\u2764\ufe0f',
              '\U0001F1E9\U0001F1EA', '\U0001F44D\U0001F3FD', '\u26a1', '\U0001F9D1\u200d\U0001F4BB', '1\ufe0f\u20e3'],
    'marks': ['e\u0301', 'a\u0308\u0323', 'q\u0307\u0323', '\u00e9', 'A\u030a', '\u212b', '\u1e69', 's\u0323\u0307', '\u0e01\u0e33',
              '\u0928\u093f', '\u1100\u1161\u11a8', '\ufb01', '\u00bd', '\u2460', '\u0130', '\u0131', '\u03a3\u03c2', '\u1fb3', '\u0345'],
    'space': [' ', '  ', '   ', '\t', '\n', '\r\n', '\n\n', '\u00a0', '\u3000', '\u2003', '\u200b', '\u2028', '\u0085', '\x0b', '\x0c',
              '\u180e', '\u202f', ' \n', ' \t ', '\u1680'],
    'control': ['\x00', '\x01', '\x07', '\x1b[0m', '\x7f', '\u0080', '\u009f', '\u200e', '\u202e', '\ufeff', '\ufffd', '\ue000',
                '\u00ad', '\U000e0001', '\u0890', '\U000110cd'],
    'rtl': ['\u0634\u0643\u0631\u0627', '\u05e9\u05dc\u05d5\u05dd', '\u0639\u0644\u0649\u064b', '\u05d0\u05b7', '\u0661\u0662\u0663'],
    'digit': ['0', '1', '12', '123', '1234', '12345678901234567890', '3.14159', '1,000,000', '0x1F', '\u0967\u0968', '\u00b2', '\u2167',
              '1e-9', '2024-01-02'],
    'code': ['def f(x):\n    return x**2\n', 'for(int i=0;i<n;++i){a[i]+=b[i];}', '<div class="x">&amp;</div>', '#include <stdio.h>',
             "x = {'a': [1,2,3]}", '\\frac{a}{b}', '$HOME/.config', 'SELECT * FROM t WHERE a<>b;', '__init__', 'camelCaseName',
             'a_b_c', '->', '!=', '===', '/* c */', '// x', '\\n'],
    'url': ['https://example.org/a?b=c&d=%20#e', 'foo.bar@example.com', 'www.x-y.co.uk/~me/', 'ftp://127.0.0.1:21/'],
    'punctuation': list('!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~') + list('\u2014\u2018\u2019\u201c\u201d\u2026\u00ab\u00bf\u3002\u20ac\u00a9'
                        '\u2122\u00b0\u00d7\u2211\u166d\u061d\u0a76\u2e52') + ['...', '--'],
    'contraction': ["don't", "I'm", "we'll", "they've", "'re", "IT'S", "He'D", "'\u017f", "o'clock", "'T", "''s"],
    'special': ['[CLS]', '[SEP]', '[MASK]', '[UNK]', '[PAD]', '<|endoftext|>', '<|im_start|>', '<s>', '</s>', '<mask>', '<unk>', '<pad>',
                '[cls]', '<|im', '[MASK', '##ing', '\u2581', '<0x0A>', '\u0120the', 'Alone', 'alone'],
    'word': ['the', 'Hello', 'world', 'running', 'ANTIDISESTABLISHMENTARIANISM', 'na\u00efve', 'Stra\u00dfe', '\u0415\u0436',
             '\u041f\u0440\u0438\u0432\u0435\u0442', '\u0393\u03b5\u03b9\u03ac', 'caf\u00e9', 'Zo\u00eb', 'unaffable',
             '\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35', '\u1f00\u03b8\u1fc6\u03bd\u03b1\u03b9'],
    'ascii': [chr(c) for c in range(0x20, 0x7f)],
}


def strings(corpus):
    r = random.Random(20)
    assert unicodedata.unidata_version == '14.0.0', 'code points of Unicode 14 or earlier'
    old = [c for c in range(0x20, 0x20000) if unicodedata.category(chr(c)) not in ('Cn', 'Cs')]
    pools = dict(POOLS, any=[chr(c) for c in r.sample(old, 4000)])
    keys = sorted(pools)
    pick = lambda k: r.choice(pools[k])
    out = [b'', b' ', b'\n', b'a', b'\xc3\xa9', b'  a', b'a  ', b'\xff', b'a' * 1000, '\u4e2d'.encode() * 300, b' ' * 500, b'\n' * 300,
           b'1' * 500, b'a' * 100, b'a' * 101, '\u0301'.encode() * 50, b'#' * 200, b'<s>' * 50, b'ab' * 2000]
    while len(out) < N:
        i = len(out)
        k = i % 10
        if k < 5:
            s = ''.join(pick(r.choice(keys)) + r.choice(['', ' ', '', '']) for _ in range(r.randint(1, 12)))
        elif k < 7:
            two = r.sample(keys, 2)
            s = ''.join(pick(r.choice(two)) for _ in range(r.randint(1, 20)))
        elif k == 7:
            t = r.choice(corpus)
            a = r.randrange(max(1, len(t) - 200))
            s = t[a:a + r.randint(1, 200)]
        elif k == 8:
            s = ''.join(pick('any') for _ in range(r.randint(1, 10)))
        else:
            s = ''.join(pick(r.choice(keys)) + ' ' for _ in range(r.randint(1, 12)))
        b = bytearray(s.encode())
        if i % 17 == 0 and b:
            for _ in range(r.randint(1, 3)):
                b[r.randrange(len(b))] = r.choice([0x80, 0xff, 0xc0, 0xe2, 0xf0, 0xed, 0xa0, 0xf4, 0x90, 0xbf])
        out.append(bytes(b))
    return out


def digest(data):
    return int(hashlib.sha256(data).hexdigest()[:8], 16)


def byte_at(s):
    at = [0]
    for c in s:
        at.append(at[-1] + len(c.encode()))
    return at


def record(t, texts, out, ranges=True):
    t.no_padding()
    lines = []
    whole = [b.decode('utf-8', 'replace') for b in texts]
    for i, s in enumerate(whole):
        t.no_truncation()
        e, at = t.encode(s), byte_at(s)
        one = b''.join(struct.pack('<4I', x, at[o[0]] * ranges, at[o[1]] * ranges, 0xffffffff if w is None else w)
                       for x, o, w in zip(e.ids, e.offsets, e.word_ids))
        ids = struct.pack('<%dI' % len(e.ids), *e.ids)
        back = t.decode(e.ids, skip_special_tokens=i % 2 == 1).encode()
        t.enable_truncation(CUT)
        p = t.encode(s, whole[(i * 7 + 1) % len(whole)])
        two = b''.join(struct.pack('<2I', x, y) for x, y in zip(p.ids, p.type_ids))
        lines.append(struct.pack('<2I', digest(ids), digest(one + two + back)))
    with gzip.GzipFile(out, 'wb', mtime=0) as f:
        f.write(b''.join(lines))


def learn(corpus):
    special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
    for name, lower in (('wordpiece_uncased', True), ('wordpiece_cased', False)):
        t = Tokenizer(models.WordPiece(unk_token='[UNK]'))
        t.normalizer = normalizers.BertNormalizer(lowercase=lower)
        t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        t.decoder = decoders.WordPiece(cleanup=lower)
        t.train_from_iterator(corpus, trainers.WordPieceTrainer(vocab_size=2000, special_tokens=special, show_progress=False))
        t.post_processor = processors.TemplateProcessing(single='[CLS] $A [SEP]', pair='[CLS] $A [SEP] $B:1 [SEP]:1',
                                                         special_tokens=[('[CLS]', 2), ('[SEP]', 3)])
        t.add_tokens([tokenizers.AddedToken('Alone', single_word=True, normalized=True),
                      tokenizers.AddedToken('<mask>', lstrip=True, rstrip=True, normalized=False)])
        yield name, t
    for name in ('bytes_gpt2', 'bytes_llama3', 'bytes_prefix'):
        t = Tokenizer(models.BPE(ignore_merges=name == 'bytes_llama3'))
        t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=name == 'bytes_prefix')
        if name == 'bytes_llama3':
            t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3), 'isolated'),
                                                       pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
        t.decoder = decoders.ByteLevel()
        t.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=2000, special_tokens=['<s>', '</s>', '<|endoftext|>'],
                                                          initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
        if name == 'bytes_gpt2':
            t.post_processor = processors.ByteLevel(trim_offsets=False)
        if name == 'bytes_prefix':
            t.post_processor = processors.RobertaProcessing(('</s>', 1), ('<s>', 0))
        if name == 'bytes_llama3':
            t.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=True, add_prefix_space=False),
                processors.TemplateProcessing(single='<s> $A', pair='<s> $A <s>:1 $B:1', special_tokens=[('<s>', 0)])])
        yield name, t
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(' {2,}'), ' ')])
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.decoder = decoders.Metaspace()
    t.train_from_iterator(corpus, trainers.UnigramTrainer(vocab_size=2000, special_tokens=['<unk>', '<s>', '</s>'], unk_token='<unk>',
                                                          show_progress=False))
    yield 'unigram', t
    t = Tokenizer(models.BPE(unk_token='<unk>', byte_fallback=True, fuse_unk=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend('\u2581'), normalizers.Replace(' ', '\u2581')])
    t.decoder = decoders.Sequence([decoders.Replace('\u2581', ' '), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(' ', 1, 0)])
    t.train_from_iterator([w for x in corpus for w in x.replace(' ', ' \u2581').split()],
                          trainers.BpeTrainer(vocab_size=1500, special_tokens=['<unk>', '<s>', '</s>'] + ['<0x%02X>' % b for b in range(256)],
                                              show_progress=False))
    yield 'bpe_fallback', t
    t = Tokenizer(models.BPE(unk_token='<unk>', end_of_word_suffix='</w>'))
    t.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=False),
                                               pre_tokenizers.Punctuation('merged_with_previous')])
    t.decoder = decoders.BPEDecoder()
    t.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=1500, special_tokens=['<unk>'], end_of_word_suffix='</w>', show_progress=False))
    yield 'bpe_suffix', t


def smollm2(path):
    import gguf
    f = gguf.GGUFReader(path).fields
    get = lambda k: f['tokenizer.ggml.' + k].contents()
    piece, kind = get('tokens'), get('token_type')
    t = Tokenizer(models.BPE(vocab={p: i for i, p in enumerate(piece)}, merges=[tuple(m.split(' ')) for m in get('merges')]))
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    t.decoder = decoders.ByteLevel()
    t.add_special_tokens([p for p, k in zip(piece, kind) if k == 3])
    return t


def main(out, corpus, *real):
    files = sorted(f for f in glob.glob(corpus + '/**/*', recursive=True) if os.path.isfile(f))
    text = []
    for f in files:
        try:
            text.append((gzip.open(f, 'rt') if f.endswith('.gz') else open(f, encoding='utf-8')).read())
        except UnicodeDecodeError:
            pass
    os.makedirs(out, exist_ok=True)
    texts = strings(text)
    with gzip.GzipFile(out + '/strings.gz', 'wb', mtime=0) as f:
        f.write(b''.join(struct.pack('<I', len(b)) + b for b in texts))
    for name, t in learn(text):
        data = t.to_str()
        with gzip.GzipFile(out + '/' + name + '.json.gz', 'wb', mtime=0) as f:
            f.write(data.encode())
        record(Tokenizer.from_str(data), texts, out + '/' + name + '.ids.gz', name not in ('unigram', 'bpe_suffix'))
    for path in real:
        name, t = ('smollm2', smollm2(path)) if path.endswith('.gguf') else ('minilm', Tokenizer.from_file(path))
        record(t, texts, out + '/' + name + '.ids.gz')
    with open(out + '/VERSIONS', 'w') as f:
        f.write('tokenizers %s, Python %s, Unicode %s\n' % (tokenizers.__version__, sys.version.split()[0], unicodedata.unidata_version))


main(*sys.argv[1:])
