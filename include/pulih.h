/* libpulih: publish complaints to pulih, and follow what becomes of them.
 *
 * Does.     A publisher sends messages and hands back their receipts; a follower reads the feed from any
 *           place. Both find their daemons again by themselves, however often one is lost.
 * Owns.     A publisher, follower or body belongs to one thread at a time. What an answer points to is valid
 *           until the callback returns; what an event points to, until the next call with its follower.
 * Promises. A message that was answered as stored is committed, and the same id is never stored twice,
 *           whatever happens. The feed comes without gap and repetition, in order within each stream.
 * Fails.    With a negative number of enum pulih_e, and with the reason in the struct pulih_error that the
 *           caller gave (or NULL). Want of memory ends the process.
 *
 * Times are microseconds since 1970 UTC. Texts are UTF-8. Names of messages and fields, their kinds and
 * limits are those of proto/README.md. Build with -lpulih.
 */
#ifndef PULIH_H
#define PULIH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PULIH_VERSION "1.0.0"

enum pulih_e {
    PULIH_E_INVALID = -1, /* what the caller gave breaks a rule; nothing was sent */
    PULIH_E_FULL = -2,    /* too much is unanswered: wait for answers, then again */
    PULIH_E_DENIED = -3,  /* the daemon will not speak with us: it does not know our key, one of us speaks
                           * CURVE and the other does not, or there is no common protocol */
    PULIH_E_TOO_OLD = -4, /* the feed does not keep the place asked for any more */
    PULIH_E_NOT_FOUND = -5,
    PULIH_E_TIMEOUT = -6, /* no answer in time */
};

struct pulih_error {
    int code;       /* enum pulih_e */
    char text[400]; /* one line for people: what, and where the rest helps, field, rule and value */
    char field[80]; /* the field at fault, with the element of a list: attachments[2].media */
    char rule[200]; /* the rule it breaks */
    char value[80]; /* what came instead, shortened; never of fields that may hold personal data */
};

/* --- ids --------------------------------------------------------------------------------------------- */

/* Names a message; the id of a complaint's first message names the complaint. */
struct pulih_uuid {
    unsigned char b[16];
};

/* A new id: UUIDv7, so ids of one time stand together in the database. */
struct pulih_uuid pulih_uuid_new(void);
/* The id of a record that the caller already has under a key of its own: always the same for the same time,
 * client and key. A platform that derives its ids in this way has no need to store them. `time_us` should be
 * a time of the record itself, or a constant. */
struct pulih_uuid pulih_uuid_of_key(int64_t time_us, const char *client, const void *key, size_t len);
/* Reads the usual form, dashes optional. 0, or PULIH_E_INVALID. */
int pulih_uuid_parse(const char *text, struct pulih_uuid *ret);
/* Writes the usual form and a zero. */
void pulih_uuid_print(const struct pulih_uuid *id, char out[37]);

/* The time now. */
int64_t pulih_now_us(void);

/* --- bodies ------------------------------------------------------------------------------------------ */

/* Makes the body of one message after the other: start, set what there is to say, end. */
struct pulih_body;

struct pulih_body *pulih_body_new(void);
/* Takes NULL. */
void pulih_body_free(struct pulih_body *b);

/* Begins the body of a message of this type, for instance "complaint" or "note". PULIH_E_INVALID: there is no
 * such type, or no client may send it. */
int pulih_body_start(struct pulih_body *b, const char *type, struct pulih_error *error);
/* Gives a field its value, as text: numbers in decimal, true or false, times as 2026-01-31T23:59:59Z (or with
 * an offset), words by name, binary as hex, ids as UUIDs, lists and maps as JSON. */
int pulih_body_set(struct pulih_body *b, const char *field, const char *text, struct pulih_error *error);
/* Gives every field of a JSON object its value; values are as above, numbers and booleans bare. */
int pulih_body_set_json(struct pulih_body *b, const char *json, size_t len, struct pulih_error *error);

/* A whole message as one JSON object: what stands there beside the fields of its body. */
struct pulih_envelope {
    char type[33];
    int has_id;
    struct pulih_uuid id;
    int has_complaint;
    struct pulih_uuid complaint;
    int64_t occurred_us; /* -1: not given */
};

/* Another name for a member; `ours` NULL leaves the member out. */
struct pulih_rename {
    const char *theirs;
    const char *ours;
};

/* Starts a body and takes everything from an object that holds a whole message: the members type, id,
 * complaint and occurred_at are its envelope. `type` holds where the object names none. */
int pulih_body_start_json(struct pulih_body *b, const char *type, const char *json, size_t len,
                          const struct pulih_rename *renames, size_t n_renames, struct pulih_envelope *ret,
                          struct pulih_error *error);
/* Sets a member of the envelope from text. 1: done; 0: the envelope has no such member. */
int pulih_envelope_set(struct pulih_envelope *e, const char *name, const char *text,
                       struct pulih_error *error);

/* 1 if the field was given a value, 0 if not, PULIH_E_INVALID if the type has no such field. */
int pulih_body_has(const struct pulih_body *b, const char *field);
/* Checks the whole and gives it as msgpack, valid until the next start. */
int pulih_body_end(struct pulih_body *b, const void **ret, size_t *ret_len, struct pulih_error *error);

/* From JSON to msgpack and back in one call. The result is the caller's: free(). */
int pulih_json_to_body(const char *type, const char *json, size_t len, void **ret, size_t *ret_len,
                       struct pulih_error *error);
/* NULL when the body is not one of this type. */
char *pulih_body_to_json(const char *type, const void *body, size_t len, struct pulih_error *error);

/* --- keys -------------------------------------------------------------------------------------------- */

/* Doors speak CURVE, the encryption of ZeroMQ, when their daemons have a key. A client needs a key pair of
 * its own then, which `pulihctl key new` makes and which the daemons must have on their list; and it must
 * know the daemons' public key, so that it speaks with nobody else. Both, or neither: then in the clear. */
struct pulih_keys {
    const char *file;   /* the key pair; nobody else may read it */
    const char *server; /* the daemons' public key, 40 signs */
};

/* --- publishing -------------------------------------------------------------------------------------- */

struct pulih_publisher;

struct pulih_outgoing {
    struct pulih_uuid id;               /* make it once and keep it until the message is answered */
    const char *type;                   /* "complaint", "note", "offer_answered" ... */
    const struct pulih_uuid *complaint; /* what it is about; NULL for a new complaint */
    int64_t occurred_us;                /* when it happened */
    const void *body;                   /* msgpack, see above */
    size_t body_len;
    uint64_t tag; /* comes back with the answer */
};

enum pulih_outcome {
    PULIH_STORED = 1,    /* committed now */
    PULIH_DUPLICATE = 2, /* committed before, with the same content */
    PULIH_REFUSED = 3,   /* not stored; the same message will be refused again */
};

struct pulih_answer {
    enum pulih_outcome outcome;
    struct pulih_uuid id;
    struct pulih_uuid complaint;
    uint64_t tag;
    /* Stored and duplicate. */
    const char *reference; /* to read over the telephone */
    int64_t promised_us;   /* new complaints: when the customer will know steps and deadline; else 0 */
    const char *receipt; /* new complaints: apology, reference and date in the customer's language; else "" */
    /* Refused. */
    const char *refusal; /* kind, for instance "bad_field", "conflict", "unknown_complaint" */
    const char *field;   /* "" where it is not about one */
    const char *rule;
    const char *value;
};

/* May publish more, but not wait or close. */
typedef void (*pulih_on_answer)(void *arg, const struct pulih_answer *answer);

/* `endpoint` is where intake listens, tcp://name-or-ip:7400, or several with commas between. `client` names
 * the publishing platform and is stored with each complaint. Connects in the background, with the keys that
 * the environment names: PULIH_KEY_FILE and PULIH_SERVER_KEY. NULL: see error. */
struct pulih_publisher *pulih_publisher_open(const char *endpoint, const char *client,
                                             struct pulih_error *error);
/* The same with these keys, whatever the environment says. They are read at once. */
struct pulih_publisher *pulih_publisher_open_keys(const char *endpoint, const char *client,
                                                  const struct pulih_keys *keys, struct pulih_error *error);
/* Forgets what is unanswered: the caller must publish that again, with the same ids, one day. Takes NULL. */
void pulih_publisher_close(struct pulih_publisher *p);

/* Takes a message, copies it, and sends it as soon as the daemon allows. Messages are sent in the order of
 * these calls, and again in that order after a lost connection. PULIH_E_FULL: 10000 are unanswered. */
int pulih_publish(struct pulih_publisher *p, const struct pulih_outgoing *message, struct pulih_error *error);
/* Sends, receives and keeps the connection, until there are answers, which it hands to the callback, or the
 * time is over (-1: wait for ever; 0: do not wait). Returns how many there were, or PULIH_E_DENIED. Call it
 * at least each second while anything is unanswered. A message that the daemon could not take for the moment
 * is sent again without a word. */
int pulih_publisher_wait(struct pulih_publisher *p, int timeout_ms, pulih_on_answer on_answer, void *arg,
                         struct pulih_error *error);
/* Messages that were taken and not answered yet. */
size_t pulih_publisher_unanswered(const struct pulih_publisher *p);
/* Why there is no session at the moment, in words; "" when there is one. */
const char *pulih_publisher_why(const struct pulih_publisher *p);

/* --- following the feed ------------------------------------------------------------------------------ */

struct pulih_follower;

/* A place in the feed: after event `seq` of a stream. 0 is before the first. */
struct pulih_place {
    uint16_t stream;
    uint64_t seq;
};

enum pulih_start {
    PULIH_FROM_START = 0, /* streams that are not named start with their first event */
    PULIH_FROM_NOW = 1,   /* they start with what comes next */
};

/* Something that happened to a complaint. Holds no names, and nothing that people wrote. */
struct pulih_feed_event {
    uint16_t stream;
    uint64_t seq; /* gapless within the stream; all events of a complaint are in one stream */
    struct pulih_uuid complaint;
    const char *reference;
    uint32_t version;  /* number within the complaint's chronology */
    const char *type;  /* of the message in body */
    const char *state; /* of the complaint, after it */
    int64_t at_us;
    const void *body; /* msgpack */
    size_t body_len;
};

/* A letter, to be delivered. Texts that are not known are "". */
struct pulih_letter_text {
    unsigned number;
    const char *letter; /* kind: "acknowledgement", "offer", "reprimand" ... */
    const char *language;
    const char *channel;
    const char *post; /* letters inside the company: to whom */
    const char *subject;
    const char *text;
    const char *name;
    const char *phone;
    const char *email;
    const char *address;
};

/* `endpoint` is where follow-up offers the feed, tcp://name-or-ip:7410, or several with commas between.
 * `places` are those that pulih_follower_places gave the last time. Keys are those of the environment. NULL:
 * see error. */
struct pulih_follower *pulih_follower_open(const char *endpoint, const char *client, enum pulih_start start,
                                           const struct pulih_place *places, size_t n_places,
                                           struct pulih_error *error);
/* The same with these keys, as pulih_publisher_open_keys. */
struct pulih_follower *pulih_follower_open_keys(const char *endpoint, const char *client,
                                                enum pulih_start start, const struct pulih_place *places,
                                                size_t n_places, const struct pulih_keys *keys,
                                                struct pulih_error *error);
/* Takes NULL. */
void pulih_follower_close(struct pulih_follower *f);

/* The next event: 1; 0 when the time is over (-1: wait for ever; 0: do not wait); PULIH_E_TOO_OLD when the
 * feed does not keep the events after our place any more (open another follower, from the start, and read the
 * present state elsewhere); PULIH_E_DENIED. */
int pulih_follower_next(struct pulih_follower *f, int timeout_ms, struct pulih_feed_event *ret,
                        struct pulih_error *error);
/* Fills at most `n` places, in the order of streams, with where the events given so far end, and returns how
 * many there are. Keep them together with what the events caused, and nothing is done twice. */
size_t pulih_follower_places(const struct pulih_follower *f, struct pulih_place *ret, size_t n);
/* Fetches the text of a letter that an event announced: 0, PULIH_E_NOT_FOUND, PULIH_E_DENIED, or
 * PULIH_E_TIMEOUT, after which the same call goes on waiting. Events that come meanwhile are kept for
 * pulih_follower_next. */
int pulih_follower_letter(struct pulih_follower *f, const struct pulih_uuid *complaint, unsigned number,
                          int timeout_ms, struct pulih_letter_text *ret, struct pulih_error *error);
/* As pulih_publisher_why. */
const char *pulih_follower_why(const struct pulih_follower *f);

/* The event as one line of JSON, without the line's end. The caller's: free(). */
char *pulih_feed_event_to_json(const struct pulih_feed_event *event);

#ifdef __cplusplus
}
#endif

#endif
