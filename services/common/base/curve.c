#include "pulih/base/curve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>
#include <zmq.h>

#include "pulih/base/arena.h"
#include "pulih/base/file.h"
#include "pulih/base/must.h"

enum { KEY_BYTES = 32, SECRET_FORBIDDEN = 027, LIST_FORBIDDEN = 002 };

static const char BLANKS[] = " \t\r";

bool pulih_key_read(struct pulih_view text, struct pulih_key *ret)
{
    uint8_t bytes[KEY_BYTES];

    if (text.len != PULIH_KEY_TEXT || memchr(text.at, 0, text.len))
        return false;
    memcpy(ret->text, text.at, text.len);
    ret->text[text.len] = 0;
    bool ok = zmq_z85_decode(bytes, ret->text);
    sodium_memzero(bytes, sizeof bytes);
    return ok;
}

/* --- lines ------------------------------------------------------------------------------------------- */

struct lines {
    struct pulih_view left;
    unsigned number;
};

static struct pulih_view trim(struct pulih_view v)
{
    while (v.len && strchr(BLANKS, *v.at) && *v.at)
        v = (struct pulih_view){v.at + 1, v.len - 1};
    while (v.len && strchr(BLANKS, v.at[v.len - 1]) && v.at[v.len - 1])
        v.len--;
    return v;
}

/* The next line that says something. */
static bool next_line(struct lines *l, struct pulih_view *ret)
{
    while (l->left.len) {
        const char *end = memchr(l->left.at, '\n', l->left.len);
        size_t len = end ? (size_t)(end - l->left.at) : l->left.len;
        *ret = trim((struct pulih_view){l->left.at, len});
        len += end != NULL;
        l->left = (struct pulih_view){l->left.at + len, l->left.len - len};
        l->number++;
        if (ret->len && *ret->at != '#')
            return true;
    }
    return false;
}

/* Cuts the first word off. */
static struct pulih_view next_word(struct pulih_view *line)
{
    size_t len = 0;

    while (len < line->len && !(line->at[len] && strchr(BLANKS, line->at[len])))
        len++;
    struct pulih_view word = {line->at, len};
    *line = trim((struct pulih_view){line->at + len, line->len - len});
    return word;
}

static bool read_whole(const char *path, unsigned forbidden, struct pulih_buf *text, struct pulih_buf *why)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf fault = {0};

    if (pulih_file_read(path, forbidden, text, &fault))
        return true;
    pulih_buf_addf(why, "%s: %s\n", path, pulih_buf_text(&fault));
    return false;
}

/* --- key files --------------------------------------------------------------------------------------- */

void pulih_key_pair_new(struct pulih_key_pair *ret)
{
    pulih_must(zmq_curve_keypair(ret->public.text, ret->secret.text) == 0);
}

void pulih_key_pair_forget(struct pulih_key_pair *pair)
{
    sodium_memzero(pair, sizeof *pair);
}

static const char *const key_names[] = {"public-key", "secret-key"};

/* Which of the two keys a line gives: `name = "key"`; -1 for none. */
static int key_of_line(struct pulih_view line, struct pulih_view *ret_key)
{
    for (int i = 0; i < 2; i++) {
        size_t len = strlen(key_names[i]);
        if (line.len < len || memcmp(line.at, key_names[i], len) != 0)
            continue;
        struct pulih_view rest = trim((struct pulih_view){line.at + len, line.len - len});
        if (!rest.len || *rest.at != '=')
            continue;
        rest = trim((struct pulih_view){rest.at + 1, rest.len - 1});
        if (rest.len < 2 || *rest.at != '"' || rest.at[rest.len - 1] != '"')
            continue;
        *ret_key = (struct pulih_view){rest.at + 1, rest.len - 2};
        return i;
    }
    return -1;
}

/* A line of a key file never gets into a fault: it may hold the secret. */
static bool take_key_line(const char *path, struct lines *l, struct pulih_view line,
                          struct pulih_key_pair *ret, struct pulih_buf *why)
{
    struct pulih_key *const keys[] = {&ret->public, &ret->secret};
    struct pulih_view text = {0};
    int which =
        pulih_view_is(line, "curve") || pulih_view_is(line, "metadata") ? 2 : key_of_line(line, &text);

    if (which == 2)
        return true;
    if (which < 0)
        pulih_buf_addf(why, "%s:%u: want public-key = \"...\" or secret-key = \"...\", got something else\n",
                       path, l->number);
    else if (*keys[which]->text)
        pulih_buf_addf(why, "%s:%u: %s is given twice\n", path, l->number, key_names[which]);
    else if (!pulih_key_read(text, keys[which]))
        pulih_buf_addf(why, "%s:%u: %s is no key: want 40 signs of Z85, got %zu bytes\n", path, l->number,
                       key_names[which], text.len);
    else
        return true;
    return false;
}

static bool read_pair(const char *path, struct pulih_view text, struct pulih_key_pair *ret,
                      struct pulih_buf *why)
{
    struct lines l = {.left = text};
    struct pulih_view line;
    struct pulih_key derived;

    while (next_line(&l, &line))
        if (!take_key_line(path, &l, line, ret, why))
            return false;
    if (!*ret->secret.text) {
        pulih_buf_addf(why, "%s: holds no secret-key; pulihctl key new makes one\n", path);
        return false;
    }
    pulih_must(zmq_curve_public(derived.text, ret->secret.text) == 0);
    if (*ret->public.text && strcmp(ret->public.text, derived.text) != 0) {
        pulih_buf_addf(why, "%s: public-key is not that of secret-key, which is %s\n", path, derived.text);
        return false;
    }
    ret->public = derived;
    return true;
}

bool pulih_key_pair_load(const char *path, struct pulih_key_pair *ret, struct pulih_buf *why)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0};

    *ret = (struct pulih_key_pair){0};
    bool ok =
        read_whole(path, SECRET_FORBIDDEN, &text, why) && read_pair(path, pulih_view_of_buf(&text), ret, why);
    if (text.at)
        sodium_memzero(text.at, text.cap_bytes);
    if (!ok)
        pulih_key_pair_forget(ret);
    return ok;
}

static bool write_all(int fd, const char *at, size_t len)
{
    while (len) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            at += n;
            len -= (size_t)n;
        }
    }
    return fchmod(fd, S_IRUSR | S_IWUSR) == 0 && fsync(fd) == 0;
}

bool pulih_key_pair_save(const char *path, const struct pulih_key_pair *pair, struct pulih_buf *why)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0};
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);

    if (fd < 0) {
        pulih_buf_addf(why, "%s: %s%s\n", path, strerror(errno),
                       errno == EEXIST ? "; a key is never overwritten" : "");
        return false;
    }
    pulih_buf_addf(&text,
                   "# A key pair of CURVE. Whoever has this file is its owner to others: give it to nobody.\n"
                   "curve\n    %s = \"%s\"\n    %s = \"%s\"\n",
                   key_names[0], pair->public.text, key_names[1], pair->secret.text);
    bool ok = write_all(fd, text.at, text.len);
    if (!ok) {
        pulih_buf_addf(why, "%s: %s\n", path, strerror(errno));
        unlink(path);
    }
    close(fd);
    sodium_memzero(text.at, text.cap_bytes);
    return ok;
}

/* --- lists of clients -------------------------------------------------------------------------------- */

struct client {
    struct pulih_key key;
    char name[PULIH_CLIENT_NAME_MAX + 1];
    unsigned line;
};

struct pulih_clients {
    struct client *at; /* in the order of their keys */
    size_t n, cap;
};

static int by_key(const void *a, const void *b)
{
    const struct client *left = a, *right = b;
    int order = strcmp(left->key.text, right->key.text);

    return order ? order : left->line < right->line ? -1 : left->line > right->line;
}

static int by_name(const void *a, const void *b)
{
    const struct client *left = a, *right = b;
    int order = strcmp(left->name, right->name);

    return order ? order : left->line < right->line ? -1 : left->line > right->line;
}

bool pulih_client_name_fits(struct pulih_view name)
{
    static const char signs[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@";

    if (!name.len || name.len > PULIH_CLIENT_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!name.at[i] || !strchr(signs, name.at[i]))
            return false;
    return true;
}

static void take_client(struct pulih_clients *c, const char *path, unsigned number, struct pulih_view line,
                        struct pulih_buf *why)
{
    struct client client = {.line = number};
    struct pulih_view name = next_word(&line), key = next_word(&line);

    if (!pulih_client_name_fits(name))
        pulih_buf_addf(why, "%s:%u: a name has 1 to %d letters, digits, or . _ - @\n", path, number,
                       PULIH_CLIENT_NAME_MAX);
    else if (!pulih_key_read(key, &client.key))
        pulih_buf_addf(why, "%s:%u: %.*s has no public key: want 40 signs of Z85, got %zu bytes\n", path,
                       number, PULIH_VIEW_ARG(name), key.len);
    else if (line.len)
        pulih_buf_addf(why, "%s:%u: %.*s: want a name and a public key, got more\n", path, number,
                       PULIH_VIEW_ARG(name));
    else {
        memcpy(client.name, name.at, name.len);
        c->at = pulih_room(c->at, c->n, &c->cap, sizeof *c->at);
        c->at[c->n++] = client;
    }
}

/* Sorts by key in the end. */
static void check_twins(struct pulih_clients *c, const char *path, struct pulih_buf *why)
{
    if (!c->n)
        return;
    qsort(c->at, c->n, sizeof *c->at, by_name);
    for (size_t i = 1; i < c->n; i++)
        if (strcmp(c->at[i].name, c->at[i - 1].name) == 0)
            pulih_buf_addf(why, "%s:%u: the name %s stands in line %u already\n", path, c->at[i].line,
                           c->at[i].name, c->at[i - 1].line);
    qsort(c->at, c->n, sizeof *c->at, by_key);
    for (size_t i = 1; i < c->n; i++)
        if (strcmp(c->at[i].key.text, c->at[i - 1].key.text) == 0)
            pulih_buf_addf(why, "%s:%u: %s has the key of %s in line %u\n", path, c->at[i].line,
                           c->at[i].name, c->at[i - 1].name, c->at[i - 1].line);
}

struct pulih_clients *pulih_clients_load(const char *path, struct pulih_buf *why)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0};
    struct pulih_clients *c;
    struct pulih_view line;
    size_t faults_before;

    if (!read_whole(path, LIST_FORBIDDEN, &text, why))
        return NULL;
    c = calloc(1, sizeof *c);
    if (!c)
        pulih_out_of_memory();
    faults_before = why->len;
    for (struct lines l = {.left = pulih_view_of_buf(&text)}; next_line(&l, &line);)
        take_client(c, path, l.number, line, why);
    check_twins(c, path, why);
    if (!c->n && why->len == faults_before)
        pulih_buf_addf(why, "%s: names no client, so that nobody could come in\n", path);
    if (why->len == faults_before)
        return c;
    pulih_clients_free(c);
    return NULL;
}

void pulih_clients_free(struct pulih_clients *c)
{
    if (!c)
        return;
    free(c->at);
    free(c);
}

size_t pulih_clients_count(const struct pulih_clients *c)
{
    return c->n;
}

static int compare_key(const void *key, const void *client)
{
    return strcmp(key, ((const struct client *)client)->key.text);
}

const char *pulih_clients_name(const struct pulih_clients *c, const char *key)
{
    const struct client *found = bsearch(key, c->at, c->n, sizeof *c->at, compare_key);

    return found ? found->name : NULL;
}
