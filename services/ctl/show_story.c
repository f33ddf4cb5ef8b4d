/* pulihctl show: who complains, of what kind it is, what happened, and the letters. */
#include "pulih/base/clock.h"
#include "pulih/core/classify.h"
#include "services/ctl/show.h"

enum { A_version, A_first, A_confidence = A_first + PULIH_AXIS_N, A_policy, A_actor, A_models };
enum { L_n, L_version, L_kind, L_language, L_channel, L_post, L_subject, L_body };
enum { INDENT = 8, LATE_US = 60000000 };

/* --- who, and what kind ------------------------------------------------------------------------------ */

void pulih_ctl_show_people(struct pulih_ctl_showing *s)
{
    for (size_t i = 0; i < pulih_db_rows(s->db, s->people) && s->classes & PULIH_CLASS_PERSON; i++) {
        pulih_ctl_message_read_person(&s->message, pulih_db_view(s->db, s->people, i, 0));
        if (s->json) {
            pulih_ctl_json_start(&s->out, "what", "person");
            pulih_buf_add_view(&s->out, PULIH_VIEW(",\"body\":"));
            pulih_ctl_add_fields_json(&s->out, &s->message, PULIH_CLASS_PERSON);
            pulih_ctl_json_end(&s->out);
        } else {
            pulih_buf_addf(&s->out, "\nPERSON\n");
            pulih_ctl_add_fields(&s->out, &s->message, PULIH_CLASS_PERSON, 2);
        }
    }
}

static void add_axis(struct pulih_ctl_showing *s, size_t axis, int64_t value)
{
    const struct pulih_axis_row *row = &pulih_axes[axis];

    if (row->kind == PULIH_AXIS_IS_many)
        pulih_ctl_add_mask(&s->out, (enum pulih_words)row->words, (unsigned)value);
    else if (row->kind == PULIH_AXIS_IS_one)
        pulih_buf_addf(&s->out, "%s", pulih_ctl_word((enum pulih_words)row->words, value));
    else
        pulih_buf_addf(&s->out, "%lld", (long long)value);
}

/* The newest judgement that says something of the axis; else the first one, which looked at all. */
static size_t judged_last(const struct pulih_ctl_showing *s, size_t axis)
{
    size_t row = 0, oldest = pulih_db_rows(s->db, s->classifications) - 1;

    while (row < oldest && !pulih_db_int(s->db, s->classifications, row, A_first + axis))
        row++;
    return row;
}

static void show_axis(struct pulih_ctl_showing *s, size_t axis)
{
    size_t judged = judged_last(s, axis);
    int64_t value = pulih_db_int(s->db, s->classifications, judged, A_first + axis);
    struct pulih_view confidence = pulih_db_view(s->db, s->classifications, judged, A_confidence);
    int percent = axis < confidence.len ? (unsigned char)confidence.at[axis] : 0;

    if (s->json) {
        pulih_buf_addf(&s->out, "%s\"%s\":{\"value\":%s", axis ? "," : "", pulih_axes[axis].name,
                       pulih_axes[axis].kind == PULIH_AXIS_IS_score ? "" : "\"");
        add_axis(s, axis, value);
        pulih_buf_addf(&s->out, "%s,\"confidence\":%d}",
                       pulih_axes[axis].kind == PULIH_AXIS_IS_score ? "" : "\"", percent);
    } else if (value) {
        pulih_buf_addf(&s->out, "  %-14s", pulih_axes[axis].name);
        add_axis(s, axis, value);
        pulih_buf_addf(&s->out, " (%d%%)\n", percent);
    }
}

void pulih_ctl_show_classification(struct pulih_ctl_showing *s)
{
    if (pulih_db_rows(s->db, s->classifications) == 0)
        return;
    struct pulih_view policy = pulih_db_view(s->db, s->classifications, 0, A_policy);
    struct pulih_view actor = pulih_db_view(s->db, s->classifications, 0, A_actor);
    struct pulih_view models = pulih_db_view(s->db, s->classifications, 0, A_models);
    if (s->json) {
        pulih_ctl_json_start(&s->out, "what", "classification");
        pulih_ctl_json_text(&s->out, "policy", policy);
        pulih_ctl_json_text(&s->out, "actor", actor);
        pulih_ctl_json_text(&s->out, "models", models);
        pulih_buf_add_view(&s->out, PULIH_VIEW(",\"axes\":{"));
    } else {
        pulih_buf_addf(&s->out, "\nCLASSIFICATION by ");
        pulih_ctl_add_text(&s->out, actor.at ? actor : PULIH_VIEW("rules"), -1);
        pulih_buf_addf(&s->out, "%s", models.at ? ", models " : "");
        pulih_ctl_add_text(&s->out, models, -1);
        pulih_buf_addf(&s->out, ", policy ");
        pulih_ctl_add_text(&s->out, policy, -1);
        pulih_buf_add_byte(&s->out, '\n');
    }
    for (size_t axis = 0; axis < PULIH_AXIS_N; axis++)
        show_axis(s, axis);
    if (s->json)
        pulih_buf_add_view(&s->out, PULIH_VIEW("}}\n"));
}

/* --- chronology -------------------------------------------------------------------------------------- */

static void event_json(struct pulih_ctl_showing *s, size_t i)
{
    char message[37];
    struct pulih_id id = pulih_db_id(s->db, s->chronology, i, C_message);

    pulih_id_print(&id, message);
    pulih_ctl_json_start(&s->out, "what", "event");
    pulih_ctl_json_int(&s->out, "version", pulih_db_int(s->db, s->chronology, i, C_version));
    pulih_ctl_json_word(&s->out, "type", pulih_ctl_type_name(pulih_db_int(s->db, s->chronology, i, C_type)));
    pulih_ctl_json_word(&s->out, "prior",
                        pulih_ctl_state_name(pulih_db_int(s->db, s->chronology, i, C_prior)));
    pulih_ctl_json_word(&s->out, "state",
                        pulih_ctl_state_name(pulih_db_int(s->db, s->chronology, i, C_state)));
    pulih_ctl_json_text(&s->out, "who", pulih_ctl_message_who(&s->message));
    pulih_ctl_json_text(&s->out, "message",
                        pulih_id_is_zero(&id) ? (struct pulih_view){0} : pulih_view_of(message));
    pulih_ctl_json_time(&s->out, "occurred_at", pulih_db_time(s->db, s->chronology, i, C_occurred_at));
    pulih_ctl_json_time(&s->out, "recorded_at", pulih_db_time(s->db, s->chronology, i, C_recorded_at));
    pulih_buf_add_view(&s->out, PULIH_VIEW(",\"body\":"));
    pulih_ctl_add_fields_json(&s->out, &s->message, s->classes);
    pulih_ctl_json_end(&s->out);
}

static void event_text(struct pulih_ctl_showing *s, size_t i)
{
    int64_t occurred_us = pulih_db_time(s->db, s->chronology, i, C_occurred_at);
    int64_t recorded_us = pulih_db_time(s->db, s->chronology, i, C_recorded_at);

    pulih_buf_addf(&s->out, "%4lld  ", (long long)pulih_db_int(s->db, s->chronology, i, C_version));
    pulih_ctl_add_time(&s->out, recorded_us);
    pulih_buf_addf(&s->out, "  %-13s %-20s  ",
                   pulih_ctl_state_name(pulih_db_int(s->db, s->chronology, i, C_state)),
                   pulih_ctl_type_name(pulih_db_int(s->db, s->chronology, i, C_type)));
    pulih_ctl_add_text(&s->out, pulih_ctl_message_who(&s->message), -1);
    if (occurred_us < recorded_us - LATE_US || occurred_us > recorded_us + LATE_US) {
        pulih_buf_add_view(&s->out, PULIH_VIEW(", happened "));
        pulih_ctl_add_time(&s->out, occurred_us);
    }
    pulih_buf_add_byte(&s->out, '\n');
    pulih_ctl_add_fields(&s->out, &s->message, s->classes, INDENT);
}

void pulih_ctl_show_chronology(struct pulih_ctl_showing *s)
{
    if (!s->json)
        pulih_buf_add_view(&s->out, PULIH_VIEW("\nCHRONOLOGY\n"));
    for (size_t i = 0; i < pulih_db_rows(s->db, s->chronology); i++) {
        pulih_ctl_message_read(&s->message, pulih_db_int(s->db, s->chronology, i, C_type),
                               pulih_db_view(s->db, s->chronology, i, C_body),
                               s->classes & PULIH_CLASS_TEXT ? pulih_db_view(s->db, s->chronology, i, C_text)
                                                             : (struct pulih_view){0});
        if (s->json)
            event_json(s, i);
        else
            event_text(s, i);
    }
}

/* --- letters ----------------------------------------------------------------------------------------- */

static void letter_json(struct pulih_ctl_showing *s, size_t i)
{
    pulih_ctl_json_start(&s->out, "what", "letter");
    pulih_ctl_json_int(&s->out, "number", pulih_db_int(s->db, s->letters, i, L_n));
    pulih_ctl_json_int(&s->out, "version", pulih_db_int(s->db, s->letters, i, L_version));
    pulih_ctl_json_word(&s->out, "letter",
                        pulih_ctl_word(PULIH_WORDS_letter, pulih_db_int(s->db, s->letters, i, L_kind)));
    pulih_ctl_json_word(&s->out, "language",
                        pulih_ctl_word(PULIH_WORDS_language, pulih_db_int(s->db, s->letters, i, L_language)));
    pulih_ctl_json_word(&s->out, "channel",
                        pulih_ctl_word(PULIH_WORDS_channel, pulih_db_int(s->db, s->letters, i, L_channel)));
    pulih_ctl_json_text(&s->out, "post", pulih_db_view(s->db, s->letters, i, L_post));
    if (s->classes & PULIH_CLASS_TEXT) {
        pulih_ctl_json_text(&s->out, "subject", pulih_db_view(s->db, s->letters, i, L_subject));
        pulih_ctl_json_text(&s->out, "text", pulih_db_view(s->db, s->letters, i, L_body));
    }
    pulih_ctl_json_end(&s->out);
}

static void letter_text(struct pulih_ctl_showing *s, size_t i)
{
    struct pulih_view post = pulih_db_view(s->db, s->letters, i, L_post);

    pulih_buf_addf(&s->out, "%4lld  %s, %s, ", (long long)pulih_db_int(s->db, s->letters, i, L_n),
                   pulih_ctl_word(PULIH_WORDS_letter, pulih_db_int(s->db, s->letters, i, L_kind)),
                   pulih_ctl_word(PULIH_WORDS_language, pulih_db_int(s->db, s->letters, i, L_language)));
    if (post.at) {
        pulih_buf_add_view(&s->out, PULIH_VIEW("to "));
        pulih_ctl_add_text(&s->out, post, -1);
    } else
        pulih_buf_addf(&s->out, "by %s",
                       pulih_ctl_word(PULIH_WORDS_channel, pulih_db_int(s->db, s->letters, i, L_channel)));
    pulih_buf_add_byte(&s->out, '\n');
    if (!(s->classes & PULIH_CLASS_TEXT))
        return;
    pulih_buf_addf(&s->out, "%*s", INDENT, "");
    pulih_ctl_add_text(&s->out, pulih_db_view(s->db, s->letters, i, L_subject), INDENT);
    pulih_buf_addf(&s->out, "\n\n%*s", INDENT, "");
    pulih_ctl_add_text(&s->out, pulih_db_view(s->db, s->letters, i, L_body), INDENT);
    pulih_buf_addf(&s->out, "\n\n");
}

void pulih_ctl_show_letters(struct pulih_ctl_showing *s)
{
    if (!s->json && pulih_db_rows(s->db, s->letters) > 0)
        pulih_buf_add_view(&s->out, PULIH_VIEW("\nLETTERS\n"));
    for (size_t i = 0; i < pulih_db_rows(s->db, s->letters); i++) {
        if (s->json)
            letter_json(s, i);
        else
            letter_text(s, i);
    }
}
