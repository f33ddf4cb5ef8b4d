#include "services/common/core/memo.h"

#include <endian.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "pulih/base/arena.h"
#include "pulih/base/must.h"

enum {
    UNIT_BYTES = 8, /* places of notes are counted in these */
    TAG_BITS = 10,
    AHEAD = 32, /* words */
    WAY_MAX = 64,
    PAGE_BYTES = 2 * 1024 * 1024,
};

_Static_assert(PULIH_MEMO_WORD_MAX_BYTES == 16, "it is spelt by two numbers");

/* Before each note. */
struct head {
    uint64_t spelling[2]; /* folded, the rest 0 */
};

struct pulih_memo {
    struct pulih_memo_kind kind;
    atomic_flag in_use;
    bool is_full;
    size_t n_words;
    unsigned bits;    /* there are so many places that this many bits number them */
    uint32_t *places; /* by hash: where a note is, above it some bits of the hash; 0: free */
    size_t used_bytes;
    char *notes;
    const struct pulih_text *text;
    size_t n_found; /* of its words, that were looked for */
    /* Of the words: */
    struct head heads[PULIH_TOKENS_MAX];
    uint32_t hashes[PULIH_TOKENS_MAX];
    const void *noted[PULIH_TOKENS_MAX];
};

/* --- making ------------------------------------------------------------------------------------------ */

/* In pages so large that the processor knows where all of them are, if the system has such to give. */
static void *get_pages(size_t bytes)
{
    size_t whole = (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    void *pages = aligned_alloc(PAGE_BYTES, whole);

    if (!pages)
        pulih_out_of_memory();
    madvise(pages, whole, MADV_HUGEPAGE);
    return pages;
}

static void start_over(struct pulih_memo *memo)
{
    memset(memo->places, 0, sizeof *memo->places << memo->bits);
    memo->used_bytes = UNIT_BYTES;
    memo->n_words = 0;
    memo->is_full = false;
}

struct pulih_memo *pulih_memo_new(const struct pulih_memo_kind *kind)
{
    struct pulih_memo *memo = pulih_zeroed(1, sizeof *memo);

    memo->kind = *kind;
    atomic_flag_clear(&memo->in_use);
    while ((size_t)1 << memo->bits < kind->words_max + kind->words_max / 3)
        memo->bits++;
    pulih_must(kind->cap_bytes / UNIT_BYTES < UINT32_C(1) << (32 - TAG_BITS));
    memo->notes = get_pages(kind->cap_bytes + (sizeof *memo->places << memo->bits));
    memo->places = (void *)(memo->notes + kind->cap_bytes);
    start_over(memo);
    return memo;
}

void pulih_memo_free(struct pulih_memo *memo)
{
    if (!memo)
        return;
    free(memo->notes);
    free(memo);
}

/* --- words ------------------------------------------------------------------------------------------- */

static bool is_kept(const struct pulih_token *token)
{
    return token->word_len <= PULIH_MEMO_WORD_MAX_BYTES;
}

/* From here on as many bytes are left of sixteen as a word is short of them. */
static const unsigned char keeping[2 * PULIH_MEMO_WORD_MAX_BYTES] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};

/* One that is not kept is spelt like no word. Behind each word `words` goes on at least as far as a word may
 * be long. */
static struct head spell(const struct pulih_text *text, const struct pulih_token *token)
{
    const size_t len = is_kept(token) ? token->word_len : 0;
    struct head head, left;

    memcpy(&head, text->words + token->word, sizeof head);
    memcpy(&left, keeping + PULIH_MEMO_WORD_MAX_BYTES - len, sizeof left);
    return (struct head){{head.spelling[0] & left.spelling[0], head.spelling[1] & left.spelling[1]}};
}

static uint32_t hash_of(const struct head *head)
{
    uint64_t mixed =
        (head->spelling[0] ^ head->spelling[1] * UINT64_C(0xd6e8feb86659fd93)) * UINT64_C(0x9e3779b97f4a7c15);

    mixed ^= mixed >> 32;
    return (uint32_t)((mixed * UINT64_C(0xd6e8feb86659fd93)) >> 32);
}

static bool is_same(const struct head *a, const struct head *b)
{
    return a->spelling[0] == b->spelling[0] && a->spelling[1] == b->spelling[1];
}

/* --- places ------------------------------------------------------------------------------------------ */

static const uint32_t tag_mask = ~(UINT32_MAX >> TAG_BITS);

static struct head *head_at(const struct pulih_memo *memo, uint32_t place)
{
    return (void *)(memo->notes + (size_t)(place & ~tag_mask) * UNIT_BYTES);
}

/* The lower bits of a hash are its tag. */
static uint32_t tag_of(uint32_t hash)
{
    return hash << (32 - TAG_BITS);
}

static uint32_t home_of(const struct pulih_memo *memo, uint32_t hash)
{
    return hash >> (32 - memo->bits);
}

static size_t in_units(size_t bytes)
{
    return (bytes + UNIT_BYTES - 1) / UNIT_BYTES * UNIT_BYTES;
}

static const void *add(struct pulih_memo *memo, uint32_t *place, uint32_t hash, const struct head *head,
                       struct pulih_view word)
{
    const struct pulih_memo_kind *kind = &memo->kind;

    memo->is_full = memo->is_full || memo->n_words == kind->words_max ||
                    kind->cap_bytes - memo->used_bytes < sizeof *head + in_units(kind->note_max_bytes);
    if (memo->is_full)
        return NULL;
    *place = (uint32_t)(memo->used_bytes / UNIT_BYTES) | tag_of(hash);
    struct head *added = head_at(memo, *place);
    *added = *head;
    memo->used_bytes += sizeof *head + in_units(kind->make(kind->owner, word, added + 1));
    memo->n_words++;
    return added + 1;
}

/* The note, or NULL when there is no room for it. */
static const void *find(struct pulih_memo *memo, uint32_t hash, const struct head *head,
                        struct pulih_view word)
{
    const uint32_t mask = UINT32_MAX >> (32 - memo->bits);
    uint32_t at = home_of(memo, hash);

    for (int way = 0; way < WAY_MAX; way++, at = (at + 1) & mask) {
        uint32_t *place = &memo->places[at];

        if (!*place)
            return add(memo, place, hash, head, word);
        if ((*place & tag_mask) == tag_of(hash) && is_same(head_at(memo, *place), head))
            return head_at(memo, *place) + 1;
    }
    memo->is_full = true;
    return NULL;
}

/* --- texts ------------------------------------------------------------------------------------------- */

/* Has the head of the note that a word most likely has on the way to the cache. */
static void fetch_head(const struct pulih_memo *memo, uint32_t hash)
{
    __builtin_prefetch(head_at(memo, memo->places[home_of(memo, hash)]));
}

/* The same with the note that it has. */
static void fetch_note(const struct pulih_memo *memo, const void *note)
{
    for (size_t at = PULIH_LINE_BYTES; at < sizeof(struct head) + memo->kind.fetch_bytes;
         at += PULIH_LINE_BYTES)
        __builtin_prefetch((const char *)note - sizeof(struct head) + at);
}

static void spell_all(struct pulih_memo *memo, const struct pulih_text *text)
{
    for (size_t i = 0; i < text->n_tokens; i++) {
        memo->heads[i] = spell(text, &text->tokens[i]);
        memo->hashes[i] = hash_of(&memo->heads[i]);
        __builtin_prefetch(&memo->places[home_of(memo, memo->hashes[i])]);
    }
}

size_t pulih_memo_find(struct pulih_memo *memo, size_t n)
{
    const struct pulih_text *text = memo->text;

    for (; memo->n_found < n && memo->n_found < text->n_tokens; memo->n_found++) {
        const size_t i = memo->n_found;
        const struct pulih_token *token = &text->tokens[i];

        if (i + AHEAD < text->n_tokens)
            fetch_head(memo, memo->hashes[i + AHEAD]);
        memo->noted[i] = NULL;
        if (is_kept(token)) {
            memo->noted[i] = find(memo, memo->hashes[i], &memo->heads[i], pulih_token_word(text, token));
            fetch_note(memo, memo->noted[i]);
        }
    }
    return memo->n_found;
}

const void *const *pulih_memo_open(struct pulih_memo *memo, const struct pulih_text *text)
{
    if (!memo || atomic_flag_test_and_set(&memo->in_use))
        return NULL;
    if (memo->is_full)
        start_over(memo);
    memo->text = text;
    memo->n_found = 0;
    spell_all(memo, text);
    for (size_t i = 0; i < text->n_tokens && i < AHEAD; i++)
        fetch_head(memo, memo->hashes[i]);
    return memo->noted;
}

void pulih_memo_close(struct pulih_memo *memo)
{
    atomic_flag_clear(&memo->in_use);
}
