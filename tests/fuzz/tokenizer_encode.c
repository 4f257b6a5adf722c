/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a text for small tokenisers of each kind: ids within the vocabulary, ranges within the repaired text and
 * in its order, the limit kept, and what is decoded is UTF-8.  The first byte picks the tokeniser.
 */
#include <stdlib.h>
#include <string.h>

#include "text/tokenizer.h"
#include "text/unicode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char wordpiece[] =
    "{\"added_tokens\":[{\"id\":0,\"content\":\"[UNK]\",\"special\":true,\"lstrip\":true,"
    "\"rstrip\":"
    "true},{\"id\":1,\"content\":\"[CLS]\",\"special\":true},{\"id\":11,\"content\":\"Ab\","
    "\"normalized\":"
    "true,\"single_word\":true}],\"normalizer\":{\"type\":\"BertNormalizer\"},\"pre_tokenizer\":{"
    "\"type\":\"BertPreTokenizer\"},\"post_processor\":{\"type\":\"BertProcessing\",\"cls\":[\"["
    "CLS]\","
    "1],\"sep\":[\"[UNK]\",0]},\"decoder\":{\"type\":\"WordPiece\"},\"model\":{\"type\":"
    "\"WordPiece\","
    "\"unk_token\":\"[UNK]\",\"vocab\":{\"[UNK]\":0,\"[CLS]\":1,\"a\":3,\"##a\":4,\"##aa\":5,\"b\":"
    "6,"
    "\"##b\":7,\"e\":8,\".\":9,\"\xe4\xb8\xad\":10,\"ab\":2}}}";
static const char bytes[] =
    "{\"added_tokens\":[{\"id\":4,\"content\":\"<|e|>\",\"special\":true}],\"normalizer\":{"
    "\"type\":"
    "\"NFC\"},\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":true},\"post_"
    "processor\":{"
    "\"type\":\"ByteLevel\"},\"decoder\":{\"type\":\"ByteLevel\"},\"model\":{\"type\":\"BPE\","
    "\"unk_token\":\"u\",\"fuse_unk\":true,\"vocab\":{\"u\":0,\"a\":1,\"aa\":2,\"\xc4\xa0\":3,"
    "\"\xc4\xa0"
    "a\":5,\"aaaa\":6},\"merges\":[\"a a\",\"\xc4\xa0 a\",\"aa aa\"]}}";
static const char unigram[] =
    "{\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFKD\"},{\"type\":"
    "\"StripAccents\"},{\"type\":\"Lowercase\"},{\"type\":\"Replace\",\"pattern\":{\"Regex\":\" "
    "{2,}\"},"
    "\"content\":\" "
    "\"},{\"type\":\"Strip\"}]},\"pre_tokenizer\":{\"type\":\"Metaspace\"},\"decoder\":{"
    "\"type\":\"Sequence\",\"decoders\":[{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"},{\"type\":"
    "\"Metaspace\"}]},\"model\":{\"type\":\"Unigram\",\"unk_id\":0,\"byte_fallback\":true,"
    "\"vocab\":[["
    "\"<unk>\",0],[\"\xe2\x96\x81\",-2],[\"\xe2\x96\x81"
    "a\",-3],[\"a\",-2.5],[\"aa\",-4],[\"e\",-3]]}}";
static const char split[] =
    "{\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{"
    "\"Regex\":\"\\\\s+|\\\\p{N}{1,3}\"},\"behavior\":\"MergedWithPrevious\"},{\"type\":\"Digits\"}"
    ",{"
    "\"type\":\"Punctuation\",\"behavior\":\"MergedWithNext\"},{\"type\":\"Whitespace\"},{\"type\":"
    "\"ByteLevel\",\"use_regex\":false,\"add_prefix_space\":false}]},\"model\":{\"type\":\"BPE\","
    "\"byte_fallback\":true,\"continuing_subword_prefix\":\"##\",\"end_of_word_suffix\":\"</w>\","
    "\"unk_token\":\"a\",\"vocab\":{\"a\":0,\"##a\":1,\"##a</w>\":2,\"aa\":3,\"##b\":4,\"b</"
    "w>\":5},"
    "\"merges\":[[\"a\",\"##a\"]]}}";

/* ordered: ranges that are not trimmed of blanks follow each other. */
static void check(const tokenizer *t, const tokens *out, size_t max, bool ordered)
{
    if (out->n > out->n_whole || (max > 8 && out->n > max)) abort();
    for (size_t i = 0; i < out->n; i++) {
        if (out->id[i] >= tokenizer_size(t) || out->from[i] > out->to[i]) abort();
        if (ordered && i > 0 && !out->special[i] && !out->special[i - 1] &&
            out->type[i] == out->type[i - 1] && out->from[i] < out->from[i - 1])
            abort();
    }
}

static void run(const tokenizer *t, token_room *r, pm_str text, unsigned how)
{
    pm_err err = PM_ERR_INIT;
    tokens out;
    str back = STR_INIT;
    const token_options o = {
        .max = how & 4 ? 9 : 0, .no_special = how & 8, .special_as_text = how & 16};
    const pm_str half = {text.ptr, text.len / 2};
    if (tokenizer_encode(t, r, text, how & 32 ? &half : NULL, &o, &out, &err) != PM_OK) abort();
    check(t, &out, o.max, (how & 3) != 1);
    if (tokenizer_decode(t, out.id, out.n, how & 64, &back, &err) != PM_OK) abort();
    if (!unicode_valid(str_text(&back), back.len)) abort();
    str_close(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const all[4] = {wordpiece, bytes, unigram, split};
    if (size == 0) return 0;
    pm_err err = PM_ERR_INIT;
    arena *a = arena_open(0);
    token_room *r = token_room_open();
    tokenizer *t = NULL;
    const char *text = all[data[0] & 3];
    if (a && r) {
        if (tokenizer_parse(text, strlen(text), "fuzz", a, &t, &err) != PM_OK) abort();
        run(t, r, (pm_str){(const char *)data + 1, size - 1}, data[0]);
    }
    token_room_close(r);
    arena_close(a);
    return 0;
}
