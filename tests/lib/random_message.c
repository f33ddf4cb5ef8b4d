#include "tests/lib/random_message.h"

#include <string.h>

/* splitmix64 */
uint64_t random_u64(struct random_source *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t random_below(struct random_source *r, uint64_t n)
{
    return random_u64(r) % n;
}

struct pulih_view random_text(struct random_source *r, size_t len)
{
    static const struct pulih_view wide[] = {
        {"\xc2\x80", 2},         {"\xc3\xa9", 2},         {"\xdf\xbf", 2},     {"\xe0\xa0\x80", 3},
        {"\xe2\x82\xac", 3},     {"\xed\x9f\xbf", 3},     {"\xef\xbf\xbf", 3}, {"\xf0\x90\x80\x80", 4},
        {"\xf0\x9f\x98\xa1", 4}, {"\xf4\x8f\xbf\xbf", 4},
    };
    char *at = pulih_arena_get(&r->arena, len + 1);
    bool plain = random_below(r, 3) > 0;

    for (size_t i = 0; i < len;) {
        const struct pulih_view *w = &wide[random_below(r, PULIH_COUNT(wide))];

        if (!plain && w->len <= len - i && random_below(r, 4) == 0) {
            memcpy(at + i, w->at, w->len);
            i += w->len;
        } else {
            at[i++] = (char)(1 + random_below(r, 0x7f)); /* control characters, quotes and backslashes too */
        }
    }
    return (struct pulih_view){at, len};
}

/* 0 to max, the edges and small numbers more often than the rest. */
static uint64_t random_number(struct random_source *r, uint64_t max)
{
    uint64_t v = random_u64(r) >> random_below(r, 64);

    switch (random_below(r, 8)) {
    case 0:
        return 0;
    case 1:
        return max;
    default:
        return v <= max ? v : max == UINT64_MAX ? v : v % (max + 1);
    }
}

static struct pulih_view random_bytes(struct random_source *r, size_t len)
{
    char *at = pulih_arena_get(&r->arena, len + 1);

    for (size_t i = 0; i < len; i++)
        at[i] = (char)random_u64(r);
    return (struct pulih_view){at, len};
}

static struct pulih_view copy_buf(struct random_source *r, struct pulih_buf *b)
{
    struct pulih_view copy = {pulih_arena_get(&r->arena, b->len + 1), b->len};

    if (b->len)
        memcpy((char *)(uintptr_t)copy.at, b->at, b->len);
    pulih_buf_free(b);
    return copy;
}

/* A raw value is some message that is about a complaint. */
static struct pulih_view random_raw(struct random_source *r)
{
    uint64_t text_max = r->text_max;
    struct pulih_buf b = {0};
    union pulih_any msg;
    enum pulih_m m;

    do
        m = (enum pulih_m)random_below(r, PULIH_M_N);
    while (pulih_message(m)->role == PULIH_ROLE_DOOR);
    r->text_max = text_max < 100 ? text_max : 100;
    random_message(r, m, &msg);
    r->text_max = text_max;
    pulih_msg_encode(m, &msg, PULIH_CLASS_ALL, &b);
    return copy_buf(r, &b);
}

static struct pulih_list random_list(struct random_source *r, const struct pulih_field *f)
{
    uint32_t n = (uint32_t)random_below(r, f->max < 5 ? f->max + 1 : random_below(r, 50) ? 5 : 40);
    enum pulih_m of = (enum pulih_m)f->of;
    struct pulih_buf b = {0};

    if (n > f->max)
        n = (uint32_t)f->max;
    for (uint32_t i = 0; i < n; i++) {
        union pulih_any part;
        random_message(r, of, &part);
        pulih_list_add(&b, of, &part);
    }
    return (struct pulih_list){copy_buf(r, &b), n};
}

static void random_field(struct random_source *r, const struct pulih_field *f, void *slot)
{
    uint64_t len = f->max < r->text_max ? f->max : r->text_max;
    const struct pulih_word *words;
    size_t n;

    switch (f->kind) {
    case PULIH_KIND_u64:
        *(uint64_t *)slot = random_number(r, f->max);
        break;
    case PULIH_KIND_i64:
        *(int64_t *)slot = (int64_t)random_number(r, f->max) * (random_below(r, 2) ? 1 : -1);
        break;
    case PULIH_KIND_time:
        *(int64_t *)slot = (int64_t)random_number(r, PULIH_TIME_MAX_US);
        break;
    case PULIH_KIND_boolean:
        *(bool *)slot = random_below(r, 2);
        break;
    case PULIH_KIND_str:
        *(struct pulih_view *)slot = random_text(r, random_number(r, len));
        break;
    case PULIH_KIND_bin:
        *(struct pulih_view *)slot = random_bytes(r, random_number(r, len));
        break;
    case PULIH_KIND_id:
        memcpy(slot, random_bytes(r, sizeof(struct pulih_id)).at, sizeof(struct pulih_id));
        break;
    case PULIH_KIND_word:
        words = pulih_words((enum pulih_words)f->of, &n);
        *(uint16_t *)slot = words[random_below(r, n)].number;
        break;
    case PULIH_KIND_raw:
        *(struct pulih_view *)slot = random_raw(r);
        break;
    case PULIH_KIND_list:
        *(struct pulih_list *)slot = random_list(r, f);
        break;
    }
}

void random_message(struct random_source *r, enum pulih_m m, void *ret)
{
    const struct pulih_message *message = pulih_message(m);
    bool few = random_below(r, 4) == 0;
    uint64_t *has = ret;

    memset(ret, 0, message->struct_bytes);
    for (size_t i = 0; i < message->n_fields; i++) {
        const struct pulih_field *f = &message->fields[i];

        if (!f->need && (few || random_below(r, 2)))
            continue;
        *has |= UINT64_C(1) << i;
        random_field(r, f, (char *)ret + f->offset);
    }
}
