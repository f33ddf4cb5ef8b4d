#include "pulih/base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pulih/base/clock.h"
#include "pulih/base/must.h"

static const char *const level_names[] = {"debug", "info", "warning", "error"};

/* The one sink of the process, set before there are threads. */
static struct {
    const char *program;
    enum pulih_log_level least;
    bool json;
    atomic_size_t lost; /* lines since the last one that was written */
} sink = {.program = "pulih", .least = PULIH_LOG_info};

void pulih_log_setup(const char *program, enum pulih_log_level least, bool json)
{
    sink.program = program;
    sink.least = least;
    sink.json = json;
}

bool pulih_log_level_parse(const char *name, enum pulih_log_level *ret)
{
    for (size_t i = 0; i < PULIH_COUNT(level_names); i++) {
        if (strcmp(level_names[i], name) == 0) {
            *ret = (enum pulih_log_level)i;
            return true;
        }
    }
    return false;
}

/* Reads one sign of UTF-8 and returns its bytes, 0 if they are none. */
static size_t read_sign(struct pulih_view text, uint32_t *ret)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)text.at;
    size_t len = *p < 0x80 ? 1 : *p < 0xc0 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf8 ? 4 : 0;

    if (len == 0 || len > text.len)
        return 0;
    *ret = len == 1 ? *p : *p & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        *ret = *ret << 6 | (p[i] & 0x3fu);
    }
    return *ret < least[len] || *ret > 0x10ffff || (*ret >= 0xd800 && *ret < 0xe000) ? 0 : len;
}

/* What moves a terminal's cursor, colours it or turns the direction of writing. */
static bool is_control(uint32_t sign)
{
    return sign < 0x20 || (sign >= 0x7f && sign < 0xa0) || sign == 0x200e || sign == 0x200f ||
           (sign >= 0x2028 && sign < 0x202f) || (sign >= 0x2066 && sign < 0x206a);
}

/* Between quotes, with the escapes of JSON, in both forms of line. */
static void add_quoted(struct pulih_buf *line, struct pulih_view text)
{
    pulih_buf_add_byte(line, '"');
    for (size_t i = 0, len; i < text.len; i += len ? len : 1) {
        uint32_t sign = 0xfffd;
        len = read_sign((struct pulih_view){text.at + i, text.len - i}, &sign);
        if (len == 0)
            pulih_buf_add_view(line, PULIH_VIEW("\\ufffd"));
        else if (sign == '\n')
            pulih_buf_add_view(line, PULIH_VIEW("\\n"));
        else if (is_control(sign))
            pulih_buf_addf(line, "\\u%04x", (unsigned)sign);
        else if (sign == '"' || sign == '\\')
            pulih_buf_addf(line, "\\%c", (int)sign);
        else
            pulih_buf_add(line, text.at + i, len);
    }
    pulih_buf_add_byte(line, '"');
}

static bool is_bare(struct pulih_view text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~' || text.at[i] == '"' || text.at[i] == '=' ||
            text.at[i] == '\\')
            return false;
    return text.len > 0;
}

static bool is_number(struct pulih_view text)
{
    size_t digits = strspn(text.at, "-0123456789.e+");

    return digits == text.len && strspn(text.at, "-0123456789") > 0;
}

/* `number`: was printed by a conversion for numbers. Infinity is none to JSON. */
static void add_pair(struct pulih_buf *line, const char *key, struct pulih_view value, bool number)
{
    if (sink.json) {
        pulih_buf_addf(line, "%s\"%s\":", line->len > 0 ? "," : "{", key);
        if (number && is_number(value))
            pulih_buf_add_view(line, value);
        else
            add_quoted(line, value);
        return;
    }
    pulih_buf_addf(line, "%s%s=", line->len > 0 ? " " : "", key);
    if (is_bare(value))
        pulih_buf_add_view(line, value);
    else
        add_quoted(line, value);
}

/* One conversion: where its letter is, and how wide its argument. */
struct conversion {
    char letter;
    enum { SIZE_int, SIZE_long, SIZE_long_long, SIZE_size } size;
};

static struct conversion read_conversion(const char *format)
{
    struct conversion c = {.size = SIZE_int};
    const char *p = format;

    pulih_must(*p == '%');
    p += 1 + strspn(p + 1, "-+ #0123456789.");
    if (strncmp(p, "ll", 2) == 0)
        c.size = SIZE_long_long;
    else if (*p == 'l')
        c.size = SIZE_long;
    else if (*p == 'z')
        c.size = SIZE_size;
    p += strspn(p, "lz");
    c.letter = *p;
    pulih_must(*p && p[1] == 0);
    pulih_must(strchr("dux", *p) || (strchr("scvfg", *p) && c.size == SIZE_int));
    return c;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
/* Prints the next argument into `value`. Returns whether it is a number in decimal. */
static bool print_argument(struct pulih_buf *value, const char *format, va_list *args)
{
    struct conversion c = read_conversion(format);
    const char *text;

    switch (c.letter) {
    case 's':
        text = va_arg(*args, const char *);
        pulih_buf_addf(value, format, text ? text : "");
        return false;
    case 'v':
        pulih_buf_add_view(value, va_arg(*args, struct pulih_view));
        return false;
    case 'f':
    case 'g':
        pulih_buf_addf(value, format, va_arg(*args, double));
        return true;
    default:
        break;
    }
    if (c.size == SIZE_int)
        pulih_buf_addf(value, format, va_arg(*args, int));
    if (c.size == SIZE_long)
        pulih_buf_addf(value, format, va_arg(*args, long));
    if (c.size == SIZE_long_long)
        pulih_buf_addf(value, format, va_arg(*args, long long));
    if (c.size == SIZE_size)
        pulih_buf_addf(value, format, va_arg(*args, size_t));
    return c.letter == 'd' || c.letter == 'u';
}
#pragma GCC diagnostic pop

/* A pipe that is full has no room; a file has, and says what is wrong with it when it is written to. */
static bool has_room(void)
{
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
    int n;

    while ((n = poll(&out, 1, 0)) < 0 && errno == EINTR)
        ;
    return n > 0;
}

/* A pipe with room takes PIPE_BUF bytes at once, and nobody but us fills it meanwhile. */
static bool write_line(struct pulih_view rest)
{
    while (rest.len > 0) {
        ssize_t n = has_room() ? write(STDERR_FILENO, rest.at, rest.len < PIPE_BUF ? rest.len : PIPE_BUF) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        rest = (struct pulih_view){rest.at + n, rest.len - (size_t)n};
    }
    return true;
}

/* `lost`: lines that the line tells of. */
static void put_line(const struct pulih_buf *line, size_t lost)
{
    flockfile(stderr);
    if (!write_line(pulih_view_of_buf(line)))
        atomic_fetch_add(&sink.lost, lost + 1);
    funlockfile(stderr);
}

/* Says, once there is room again, how much could not be said. */
static size_t add_lost(struct pulih_buf *line)
{
    size_t lost = atomic_exchange(&sink.lost, 0);
    char digits[24];

    if (lost > 0) {
        snprintf(digits, sizeof digits, "%zu", lost);
        add_pair(line, "lines_lost", pulih_view_of(digits), true);
    }
    return lost;
}

static void add_head(struct pulih_buf *line, enum pulih_log_level level, const char *event)
{
    char now[28];

    pulih_time_print(pulih_wall_us(), now);
    memcpy(now + 23, "Z", 2); /* milliseconds will do */
    add_pair(line, "ts", pulih_view_of(now), false);
    add_pair(line, "level", pulih_view_of(level_names[level]), false);
    add_pair(line, "program", pulih_view_of(sink.program), false);
    add_pair(line, "event", pulih_view_of(event), false);
}

void pulih_log(enum pulih_log_level level, const char *event, ...)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf line = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf value = {0};
    int errno_before = errno;
    va_list args;

    if (level < sink.least)
        return;
    add_head(&line, level, event);
    va_start(args, event);
    for (const char *key; (key = va_arg(args, const char *));) {
        pulih_buf_empty(&value);
        bool number = print_argument(&value, va_arg(args, const char *), &args);
        pulih_buf_text(&value);
        add_pair(&line, key, pulih_view_of_buf(&value), number);
    }
    va_end(args);
    size_t lost = add_lost(&line);
    pulih_buf_add_view(&line, sink.json ? PULIH_VIEW("}\n") : PULIH_VIEW("\n"));
    put_line(&line, lost);
    errno = errno_before;
}
