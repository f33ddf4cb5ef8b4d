/* Hostile clients by the dozen: flood --port N --door publish|feed|hints [--frames N] [--rate N] [--seed N]
 *                                     [--mute N] [--idle N]
 *
 * Does.     Speaks the transport by hand, so that it can break it: greetings that stall, garbage, frames that
 *           announce another length than they have, messages of many parts, frames beyond the limit, peers that
 *           never read, connections dropped in the middle. Over whole connections it sends frames of the
 *           protocol with bits flipped, cut, doubled, nested or with wrong fields, and greetings without end.
 *           Beside that it holds connections that never shake hands (--mute) or say nothing after it (--idle).
 * Promises. The same seed makes the same frames. Frames go out at a steady rate, as far as they are taken.
 * Prints.   How many frames and connections in how many seconds.
 * Fails.    Exit 1 when the door cannot be reached.
 */
#define _GNU_SOURCE /* SOCK_NONBLOCK */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pulih/base/clock.h"
#include "pulih/base/must.h"
#include "tests/lib/babble.h"

enum { CALLERS_MAX = 64, GREETING_BYTES = 64 };
static const int64_t MUTE_CALL_US = 1000, BURST_US = 10000;

struct caller;
struct flood;

/* How somebody misbehaves. */
struct role {
    const char *name;
    int players;
    void (*speak)(struct flood *f, struct caller *c); /* adds to what it has to send */
    int at_once;                                      /* calls of speak between two looks at the socket */
    int64_t pause_us;                                 /* after what was said has gone out */
    uint64_t most;                                    /* frames until it hangs up, at most; 0: never */
    size_t step_bytes;                                /* sent at once, when it has shaken hands; 0: all */
    bool deaf;                                        /* never reads */
    bool rude;                                        /* does not shake hands first */
};

struct caller {
    const struct role *role;
    int fd; /* -1: none */
    struct pulih_buf out;
    size_t sent; /* of `out` */
    int64_t next_us;
    uint64_t left; /* frames until it hangs up */
};

struct flood {
    struct sockaddr_in address;
    uint64_t frames, said, calls;
    uint64_t rate;  /* frames a second */
    int64_t due_us; /* how far it is behind its rate; negative: ahead */
    struct caller callers[CALLERS_MAX];
    size_t n, first; /* who may speak first: the rate is not enough for all at a time */
    struct babble words;
    int *mute; /* connections that never say a word, each opened again when the door ends it */
    size_t n_mute, next_mute;
    int64_t next_mute_us;
};

/* --- the transport -------------------------------------------------------------------------------------- */

static void add_greeting(struct pulih_buf *out)
{
    static const char ready[] = "\x04\x29\x05READY\x0bSocket-Type\0\0\0\x06"
                                "DEALER\x08Identity\0\0\0\0";
    uint8_t greeting[GREETING_BYTES] = {[0] = 0xff, [9] = 0x7f, [10] = 3, [12] = 'N', 'U', 'L', 'L'};

    pulih_buf_add(out, greeting, sizeof greeting);
    pulih_buf_add(out, ready, sizeof ready - 1);
}

/* `len` is what the frame announces. */
static void add_frame(struct pulih_buf *out, struct pulih_view body, uint64_t len, bool more)
{
    if (len < 256) {
        pulih_buf_add_byte(out, more);
        pulih_buf_add_byte(out, (uint8_t)len);
    } else {
        pulih_buf_add_byte(out, (uint8_t)(2 | more));
        pulih_buf_add_be64(out, len);
    }
    pulih_buf_add_view(out, body);
}

/* --- roles ---------------------------------------------------------------------------------------------- */

static void say_mutated(struct flood *f, struct caller *c)
{
    babble(&f->words);
    add_frame(&c->out, pulih_view_of_buf(&f->words.body), f->words.body.len, false);
}

static void say_hello(struct flood *f, struct caller *c)
{
    babble_hello(&f->words);
    add_frame(&c->out, pulih_view_of_buf(&f->words.body), f->words.body.len, false);
}

static void say_hello_or_mutated(struct flood *f, struct caller *c)
{
    (random_below(&f->words.random, 2) ? say_hello : say_mutated)(f, c);
}

static void say_parts(struct flood *f, struct caller *c)
{
    babble(&f->words);
    for (uint64_t parts = 2 + random_below(&f->words.random, 30); parts; parts--)
        add_frame(&c->out, pulih_view_of_buf(&f->words.body), f->words.body.len, parts > 1);
}

/* About as long as a frame may be, or so long that the transport ends the connection. */
static void say_giant(struct flood *f, struct caller *c)
{
    size_t len = PULIH_FRAME_MAX_BYTES - 2 + random_below(&f->words.random, 4);

    babble(&f->words);
    len *= random_below(&f->words.random, 4) == 0 ? 4 : 1;
    memset(pulih_buf_grow(&f->words.body, len), 0, len);
    add_frame(&c->out, pulih_view_of_buf(&f->words.body), f->words.body.len, false);
}

static void say_lies(struct flood *f, struct caller *c)
{
    static const uint64_t lengths[] = {0, 1, 255, 65535, 1 << 20, UINT64_C(1) << 32, INT64_MAX, UINT64_MAX};

    babble(&f->words);
    add_frame(&c->out, pulih_view_of_buf(&f->words.body),
              lengths[random_below(&f->words.random, PULIH_COUNT(lengths))], false);
}

static void say_noise(struct flood *f, struct caller *c)
{
    for (int i = 0; i < 200; i++)
        pulih_buf_add_byte(&c->out, (uint8_t)random_u64(&f->words.random));
}

/* A greeting's beginning, and no more. */
static void stall(struct flood *f, struct caller *c)
{
    add_greeting(&c->out);
    c->out.len = 1 + random_below(&f->words.random, GREETING_BYTES);
}

static const struct role roles[] = {
    {.name = "mutates", .players = 14, .speak = say_mutated, .at_once = 16},
    {.name = "says hello on and on", .players = 3, .speak = say_hello, .at_once = 16},
    {.name = "comes and goes", .players = 4, .speak = say_hello_or_mutated, .at_once = 8, .most = 40},
    {.name = "sends many parts", .players = 2, .speak = say_parts, .at_once = 4},
    {.name = "sends giants", .players = 1, .speak = say_giant, .at_once = 1, .pause_us = 50000},
    {.name = "lies about lengths",
     .players = 2,
     .speak = say_lies,
     .at_once = 1,
     .pause_us = 10000,
     .most = 1},
    {.name = "sends byte by byte",
     .players = 2,
     .speak = say_mutated,
     .at_once = 1,
     .pause_us = 20000,
     .step_bytes = 1},
    {.name = "never reads", .players = 2, .speak = say_hello_or_mutated, .at_once = 16, .deaf = true},
    {.name = "sends noise",
     .players = 2,
     .speak = say_noise,
     .at_once = 1,
     .pause_us = 50000,
     .most = 1,
     .rude = true},
    {.name = "stalls in the greeting",
     .players = 2,
     .speak = stall,
     .at_once = 1,
     .pause_us = 1000000,
     .most = 1,
     .rude = true},
};

/* --- callers -------------------------------------------------------------------------------------------- */

static int call(struct flood *f)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    pulih_must(fd >= 0);
    f->calls++;
    if (connect(fd, (const struct sockaddr *)&f->address, sizeof f->address) == 0 || errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

static void begin(struct flood *f, struct caller *c)
{
    c->fd = call(f);
    c->left = c->role->most ? 1 + random_below(&f->words.random, c->role->most) : UINT64_MAX;
    if (!c->role->rude)
        add_greeting(&c->out);
}

static void hang_up(struct caller *c)
{
    close(c->fd);
    c->fd = -1;
    c->sent = 0;
    pulih_buf_empty(&c->out);
}

static void speak(struct flood *f, struct caller *c)
{
    for (int n = 0; n < c->role->at_once && c->left; n++) {
        c->role->speak(f, c);
        c->left--;
        f->said++;
        f->due_us -= 1000000 / (int64_t)f->rate;
    }
}

static void send_some(struct caller *c, int64_t now_us)
{
    size_t rest = c->out.len - c->sent, step = c->role->step_bytes;
    bool in_steps = step && c->sent > GREETING_BYTES;
    ssize_t n = send(c->fd, c->out.at + c->sent, in_steps && step < rest ? step : rest, MSG_NOSIGNAL);

    if (n < 0 && errno != EAGAIN && errno != ENOTCONN) {
        hang_up(c);
        return;
    }
    c->sent += n > 0 ? (size_t)n : 0;
    if (in_steps)
        c->next_us = now_us + c->role->pause_us;
    if (c->sent < c->out.len)
        return;
    c->next_us = now_us + c->role->pause_us;
    c->sent = 0;
    pulih_buf_empty(&c->out);
}

/* Takes the answers in, so that the door gets rid of them; false: the door hung up. */
static bool hear(const struct caller *c)
{
    char answers[65536];
    ssize_t n = 1;

    while (!c->role->deaf && n > 0)
        n = recv(c->fd, answers, sizeof answers, MSG_DONTWAIT);
    return n != 0;
}

static void turn(struct flood *f, struct caller *c, int64_t now_us)
{
    if (c->fd < 0) {
        begin(f, c);
        return;
    }
    if (!hear(c)) {
        hang_up(c);
        return;
    }
    if (now_us < c->next_us)
        return;
    if (!c->out.len && !c->left)
        hang_up(c);
    else if (!c->out.len && f->due_us > 0)
        speak(f, c);
    if (c->out.len)
        send_some(c, now_us);
}

/* --- the crowd ------------------------------------------------------------------------------------------ */

static void be_mute(struct flood *f, int64_t now_us)
{
    while (f->n_mute && f->next_mute_us < now_us) {
        int *fd = &f->mute[f->next_mute++ % f->n_mute];
        char byte;
        f->next_mute_us += MUTE_CALL_US;
        if (*fd >= 0 && recv(*fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0)
            continue;
        if (*fd >= 0)
            close(*fd);
        *fd = call(f);
    }
}

/* Connections that shook hands and say nothing any more, until the end. */
static void open_idle(struct flood *f, size_t n)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf greeting = {0};

    add_greeting(&greeting);
    for (; n; n--) {
        int fd = call(f);
        struct pollfd writable = {.fd = fd, .events = POLLOUT};
        if (fd >= 0 && poll(&writable, 1, 5000) == 1)
            (void)!send(fd, greeting.at, greeting.len, MSG_NOSIGNAL);
    }
}

static void gather(struct flood *f)
{
    for (size_t role = 0; role < PULIH_COUNT(roles); role++)
        for (int i = 0; i < roles[role].players; i++) {
            pulih_must(f->n < CALLERS_MAX);
            f->callers[f->n++] = (struct caller){.role = &roles[role], .fd = -1};
        }
    f->mute = malloc((f->n_mute + 1) * sizeof *f->mute);
    pulih_must(f->mute);
    for (size_t i = 0; i < f->n_mute; i++)
        f->mute[i] = -1;
}

static void run(struct flood *f)
{
    int64_t began_us = pulih_mono_us(), before_us = began_us;

    f->next_mute_us = began_us;
    while (f->said < f->frames) {
        int64_t now_us = pulih_mono_us();
        /* What was missed on a busy machine is not made up for in one burst. */
        int64_t passed_us = now_us - before_us < BURST_US ? now_us - before_us : BURST_US;
        f->due_us += passed_us;
        before_us = now_us;
        for (size_t i = 0; i < f->n; i++)
            turn(f, &f->callers[(f->first + i) % f->n], now_us);
        f->first++;
        be_mute(f, now_us);
        poll(NULL, 0, 1);
    }
    printf("%llu frames, %llu connections in %.1f s\n", (unsigned long long)f->said,
           (unsigned long long)f->calls, (double)(pulih_mono_us() - began_us) / 1e6);
}

static void disperse(struct flood *f)
{
    for (size_t i = 0; i < f->n; i++) {
        if (f->callers[i].fd >= 0)
            close(f->callers[i].fd);
        pulih_buf_free(&f->callers[i].out);
    }
    free(f->mute);
    pulih_arena_free(&f->words.random.arena);
    pulih_buf_free(&f->words.body);
}

/* --- the command line ----------------------------------------------------------------------------------- */

static enum babble_door door_of(const char *name)
{
    for (int d = 0; d < BABBLE_DOORS; d++)
        if (strcmp(babble_doors[d], name) == 0)
            return (enum babble_door)d;
    fprintf(stderr, "flood: no door \"%s\": publish, feed, hints\n", name);
    exit(2);
}

static bool is_open(const struct flood *f)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool open = connect(fd, (const struct sockaddr *)&f->address, sizeof f->address) == 0;

    close(fd);
    return open;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},   {"door", required_argument, NULL, 'd'},
        {"frames", required_argument, NULL, 'n'}, {"rate", required_argument, NULL, 'r'},
        {"mute", required_argument, NULL, 'm'},   {"idle", required_argument, NULL, 'i'},
        {"seed", required_argument, NULL, 's'},   {NULL, 0, NULL, 0}};
    struct flood f = {.address = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}},
                      .frames = 50000,
                      .rate = 10000,
                      .words = {.random = {.state = 1, .text_max = 300}}};
    size_t idle = 0;

    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        unsigned long long n = optarg ? strtoull(optarg, NULL, 10) : 0;
        if (o == 'p')
            f.address.sin_port = htons((uint16_t)n);
        else if (o == 'd')
            f.words.door = door_of(optarg);
        else if (o == 'n')
            f.frames = n;
        else if (o == 'r')
            f.rate = n;
        else if (o == 'm')
            f.n_mute = n;
        else if (o == 'i')
            idle = n;
        else if (o == 's')
            f.words.random.state = n;
        else
            return 2;
    }
    if (!is_open(&f)) {
        perror("flood: the door");
        return 1;
    }
    open_idle(&f, idle);
    gather(&f);
    run(&f);
    disperse(&f);
    return 0;
}
