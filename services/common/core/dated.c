#include "pulih/core/dated.h"

#include <stdlib.h>
#include <string.h>

#include "pulih/base/must.h"
#include "services/common/core/calendar_zone.h"
#include "services/common/core/text.h"

enum { YEAR_FIRST = 1900, YEAR_LAST = 2199, MONTHS = 12, DIGITS_MAX = 4 };

/* --- words ---------------------------------------------------------------------------------------------- */

static const char MONTH = 'M', NUMBER = 'N', ORDINAL = 'o', OF = 'O', HALF_DAY = 'p', OTHER = '.';
static const char SINCE = 'y', PAST = 'Y', LASTS = 'E', TIMES = 'k', SUPERLATIVE = 'P', LATE = 'l',
                  LIMIT = 'L';

/* What a word can be in a promise: a sign. Numbers in digits are NUMBER, "5th" is ORDINAL, "5pm" HALF_DAY. */
static const struct {
    char sign;
    const char *words;
} vocabulary[] = {
    {'N', "satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas belas puluh"},
    {'N', "a an one two three four five six seven eight nine ten twelve fourteen twenty thirty"},
    {'c', "x to or atau"}, /* 3 to 5, 1 x 24 */
    {'D', "senin selasa rabu kamis jumat jum'at sabtu"},
    {'D', "monday tuesday wednesday thursday friday saturday sunday"},
    {'U', "menit jam hari minute minutes hour hours day days"},
    {'u', "minggu pekan week weeks"},
    {'v', "bulan tahun month months year years"},
    {'S', "sehari seminggu sepekan sebulan sejam"},
    {'K', "kerja kalender working business calendar"},
    {'W', "dalam within in"},                               /* a span follows */
    {'L', "maksimal maksimum selambatnya lambatnya later"}, /* a span or a moment follows */
    {'P', "paling"},                                        /* what is late makes a limit with it */
    {'l', "lambat lama"},
    {'B', "by before sebelum"}, /* a moment follows */
    {'F', "waktu jangka tempo kurang dari pada the less than about sekitar on yang"},
    {'O', "of"},
    {'G', "tanggal tgl"},
    {'Q', "pukul"},
    {'m', "am pm"},
    {'T', "besok lusa tomorrow tonight"},
    {'H', "today"},
    {'I', "ini this"},
    {'J', "juga"},
    {'n', "nanti"},
    {'d', "sore malam afternoon evening"},
    {'x', "next coming"},
    {'X', "depan mendatang"},
    {'A', "lagi"},
    {'f', "from"},
    {'w', "now sekarang"},
    {'Y', "lalu terakhir belakangan ago"},
    {'y', "sejak since last past kemarin"},
    {'E', "sampai hingga until till through berlaku valid expire expires expiring"}, /* until then it holds */
    {'k', "kali sekali times once twice"},
};

static const char *const months[MONTHS] = {
    "januari january jan",
    "februari february feb",
    "maret march mar",
    "april apr",
    "mei may",
    "juni june jun",
    "juli july jul",
    "agustus august agu agt aug",
    "september sept sep",
    "oktober october okt oct",
    "november nov",
    "desember december des dec",
};

/* --- shapes --------------------------------------------------------------------------------------------- */

#define SPAN "N[cEN]*K?[Uuv]K?"

/* Runs of signs that promise: one sign of [...]; `?` perhaps, `*` any number. What was taken is never given
 * back. Dates are read apart. */
static const char *const shapes[] = {
    "[WL][Fx]*" SPAN, /* dalam waktu 3 hari kerja, in the next 24 hours */
    "[WL][Fx]*S",     /* dalam seminggu */
    SPAN "A",         /* 3 hari lagi */
    "SA",             /* seminggu lagi */
    SPAN "[fF][wH]",  /* 3 days from now */
    "T",              /* besok */
    "UIJ",            /* hari ini juga */
    "nd",
    "dI",
    "Id", /* nanti malam, sore ini, this evening */
    "uX",
    "DX",
    "x[uD]",     /* minggu depan, Senin depan, next Monday */
    "[BL]F*U?D", /* paling lambat hari Senin */
    "[BL]F*H",
    "[BL]F*UI", /* by today, paling lambat hari ini */
    "[BL]F*GN",
    "[BL]F*o", /* sebelum tanggal 5, by the 5th */
    "[BL]F*[QU]N",
    "[BL]F*NN?m", /* sebelum pukul 17, by 5 pm */
    "[BL]F*p",    /* by 5pm */
    "[BL]F*[uv]X",
    "[BL]F*x[uvD]", /* paling lambat bulan depan, by next month */
};

struct reading {
    struct pulih_view utf8;
    int32_t today;
    struct pulih_text text;
    char sign[PULIH_TOKENS_MAX];
    uint16_t value[PULIH_TOKENS_MAX]; /* of months and of numbers in digits; else 0 */
};

/* --- reading words -------------------------------------------------------------------------------------- */

static bool is_listed(struct pulih_view word, const char *list)
{
    for (size_t n; *list; list += n + (list[n] == ' ')) {
        n = strcspn(list, " ");
        if (pulih_view_same(word, (struct pulih_view){list, n}))
            return true;
    }
    return false;
}

static bool is_of(struct pulih_view word, const char *list)
{
    return word.len && is_listed(word, list);
}

static char read_number(struct pulih_view word, uint16_t *ret)
{
    size_t n = 0;

    for (; n < word.len && n <= DIGITS_MAX && word.at[n] >= '0' && word.at[n] <= '9'; n++)
        *ret = (uint16_t)(*ret * 10 + (word.at[n] - '0'));
    struct pulih_view rest = {word.at + n, word.len - n};
    if (n == 0 || n > DIGITS_MAX)
        return OTHER;
    if (rest.len == 0 || pulih_view_is(rest, "x24"))
        return NUMBER;
    return is_of(rest, "st nd rd th") ? ORDINAL : is_of(rest, "am pm") ? HALF_DAY : OTHER;
}

static char read_word(struct pulih_view word, uint16_t *ret)
{
    char number = read_number(word, ret);

    if (number != OTHER)
        return number;
    *ret = 0;
    for (uint16_t m = 0; m < MONTHS; m++)
        if (is_of(word, months[m])) {
            *ret = (uint16_t)(m + 1);
            return MONTH;
        }
    for (size_t i = 0; i < PULIH_COUNT(vocabulary); i++)
        if (is_of(word, vocabulary[i].words))
            return vocabulary[i].sign;
    return OTHER;
}

static void read_signs(struct reading *r)
{
    pulih_text_read(r->utf8, &r->text);
    for (size_t i = 0; i < r->text.n_tokens; i++) {
        r->value[i] = 0;
        r->sign[i] = read_word(pulih_token_word(&r->text, &r->text.tokens[i]), &r->value[i]);
        if (r->sign[i] == LATE)
            r->sign[i] = i && r->sign[i - 1] == SUPERLATIVE ? LIMIT : OTHER;
    }
}

/* The sign of a word of the same sentence; 0: there is none. */
static char sign_at(const struct reading *r, size_t first, size_t i)
{
    return i < r->text.n_tokens && (i == first || !r->text.tokens[i].starts) ? r->sign[i] : 0;
}

static bool is_met(const struct reading *r, size_t first, size_t i, struct pulih_view set)
{
    char sign = sign_at(r, first, i);

    return sign && memchr(set.at, sign, set.len);
}

/* Behind the last word of a run of that shape; 0: there is none at `first`. */
static size_t read_shape(const struct reading *r, size_t first, const char *shape)
{
    size_t i = first;

    while (*shape) {
        bool is_set = *shape == '[';
        struct pulih_view set = {shape + is_set, is_set ? strcspn(shape, "]") - 1 : 1};
        shape += set.len + (is_set ? 2 : 0);
        bool many = *shape == '*', perhaps = many || *shape == '?';
        shape += perhaps;
        if (!is_met(r, first, i, set)) {
            if (!perhaps)
                return 0;
            continue;
        }
        i++;
        while (many && is_met(r, first, i, set))
            i++;
    }
    return i;
}

/* --- dates ---------------------------------------------------------------------------------------------- */

static bool is_day(const struct reading *r, size_t first, size_t i)
{
    char sign = sign_at(r, first, i);

    return (sign == NUMBER || sign == ORDINAL) && r->value[i] >= 1 && r->value[i] <= 31;
}

static bool is_year(const struct reading *r, size_t first, size_t i)
{
    return sign_at(r, first, i) == NUMBER && r->value[i] >= YEAR_FIRST && r->value[i] <= YEAR_LAST;
}

static int32_t date_of(int year, int month, int day)
{
    int32_t date = year * 10000 + month * 100 + day;
    int64_t days;

    return pulih_days_of(date, &days) ? date : 0;
}

/* Of the years around today the one in which it is nearest. */
static int32_t nearest(int32_t today, int month, int day)
{
    int64_t now = 0, best = INT64_MAX;
    int32_t ret = 0;

    pulih_days_of(today, &now);
    for (int year = today / 10000 - 1; year <= today / 10000 + 1; year++) {
        int64_t days;
        int32_t date = date_of(year, month, day);
        if (!date || !pulih_days_of(date, &days) || llabs(days - now) >= best)
            continue;
        best = llabs(days - now);
        ret = date;
    }
    return ret;
}

/* "5 Desember", "5th of December 2026", "December 5, 2026". */
static int32_t read_named(const struct reading *r, size_t at, size_t *ret_end)
{
    bool day_first = is_day(r, at, at);
    size_t i = at + 1 + (day_first && sign_at(r, at, at + 1) == OF), day = day_first ? at : i,
           month = day_first ? i : at;

    if (sign_at(r, at, month) != MONTH || !is_day(r, at, day))
        return 0;
    *ret_end = i + 1;
    if (!is_year(r, at, i + 1))
        return nearest(r->today, r->value[month], r->value[day]);
    *ret_end = i + 2;
    return date_of(r->value[i + 1], r->value[month], r->value[day]);
}

static char byte_at(const struct reading *r, size_t at)
{
    return at < r->utf8.len ? r->utf8.at[at] : ' ';
}

static bool joins(char c)
{
    return c && strchr("-/.#_", c);
}

/* One sign between the number and the next word; 0: something else. */
static char separator(const struct reading *r, size_t i)
{
    const struct pulih_token *t = &r->text.tokens[i];
    size_t end = (size_t)t->at + t->len;

    return t[1].at == end + 1 ? byte_at(r, end) : 0;
}

/* A part of something longer, such as the number of an order. */
static bool is_part(const struct reading *r, size_t at, size_t end)
{
    const struct pulih_token *first = &r->text.tokens[at], *last = &r->text.tokens[end - 1];
    size_t behind = (size_t)last->at + last->len;
    bool before = first->at && joins(byte_at(r, first->at - 1U));

    return before ||
           (end < r->text.n_tokens && r->text.tokens[end].at == behind + 1 && joins(byte_at(r, behind)));
}

/* "2026-12-05", "5/12/2026", "5.12.2026": the day stands before the month, unless that is no date. */
static int32_t read_digits(const struct reading *r, size_t at, size_t *ret_end)
{
    if (at + 3 > r->text.n_tokens || r->sign[at] != NUMBER || r->sign[at + 1] != NUMBER ||
        r->sign[at + 2] != NUMBER)
        return 0;
    const uint16_t *v = r->value + at;
    char by = separator(r, at);
    if (!by || !strchr("-/.", by) || separator(r, at + 1) != by || is_part(r, at, at + 3))
        return 0;
    *ret_end = at + 3;
    if (is_year(r, at, at))
        return date_of(v[0], v[1], v[2]);
    if (!is_year(r, at + 2, at + 2))
        return 0;
    int32_t date = date_of(v[2], v[1], v[0]);
    return date ? date : date_of(v[2], v[0], v[1]);
}

static int32_t read_date(const struct reading *r, size_t at, size_t *ret_end)
{
    int32_t date = read_digits(r, at, ret_end);

    return date ? date : read_named(r, at, ret_end);
}

/* --- finding -------------------------------------------------------------------------------------------- */

/* Whether a word with this sign stands among the `most` words before, in the same sentence. */
static bool stands_before(const struct reading *r, size_t at, size_t most, char sign)
{
    for (size_t i = at; i > 0 && at - i < most && !r->text.tokens[i].starts; i--)
        if (r->sign[i - 1] == sign)
            return true;
    return false;
}

/* What happened, what holds until then, how often something happens. */
static bool promises_nothing(const struct reading *r, size_t at, size_t end)
{
    return stands_before(r, at, 2, SINCE) || stands_before(r, at, 3, LASTS) ||
           stands_before(r, at, 1, TIMES) || sign_at(r, at, end) == PAST ||
           (sign_at(r, at, end) == 'F' && sign_at(r, at, end + 1) == PAST);
}

static bool has_shape(const struct reading *r, size_t at)
{
    for (size_t i = 0; i < PULIH_COUNT(shapes); i++) {
        size_t end = read_shape(r, at, shapes[i]);
        if (end && !promises_nothing(r, at, end))
            return true;
    }
    return false;
}

bool pulih_promises_date(struct pulih_view utf8, int32_t today)
{
    struct reading r = {.utf8 = utf8, .today = today};

    read_signs(&r);
    for (size_t at = 0; at < r.text.n_tokens;) {
        size_t end = at + 1;
        int32_t date = read_date(&r, at, &end);
        if (date ? date >= today && !promises_nothing(&r, at, end) : has_shape(&r, at))
            return true;
        at = end;
    }
    return false;
}
