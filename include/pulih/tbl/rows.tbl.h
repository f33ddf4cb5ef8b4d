/* The tables that daemons write, column by column, in the order of the tables in deploy/sql.
 * TABLE(name)  COL(table, kind, name)  END(table)
 *   kind  uuid id, int2 int16_t, int4 int32_t, int8 int64_t, time int64_t microseconds,
 *         bytes view, text view, hash uint8_t[32];
 *         may_uuid, may_time: all zero is NULL; bytes and text are NULL when absent */
// clang-format off
TABLE(complaint)
  COL(complaint, uuid, id)
  COL(complaint, int2, shard)
  COL(complaint, int4, tenant)
  COL(complaint, int8, number)
  COL(complaint, time, received_at)
  COL(complaint, int2, state)
  COL(complaint, int4, version)        /* last event */
  COL(complaint, int2, holder)         /* stage that works on it; 0: at rest */
  COL(complaint, int4, cursor)         /* last message taken from its mailbox */
  COL(complaint, int4, waiting)        /* messages behind the cursor */
  COL(complaint, int2, language)
  COL(complaint, int2, channel)        /* preferred by the customer */
  COL(complaint, int2, category)
  COL(complaint, int2, department)
  COL(complaint, int2, tier)
  COL(complaint, int2, gravity)
  COL(complaint, int2, unsure)         /* 1: waits for a person's classification */
  COL(complaint, int2, clock)          /* 0 running, 1 standing */
  COL(complaint, int2, level)          /* rung of the ladder; 0 calm */
  COL(complaint, int2, ended)          /* 1: above the last rung */
  COL(complaint, int2, ladder_kind)    /* deadline that is armed or stands */
  COL(complaint, int4, ladder_armed)   /* version that armed it; 0: not armed */
  COL(complaint, int8, ladder_left_us) /* working time left while it stands */
  COL(complaint, may_time, ladder_due)
  COL(complaint, int4, silence_armed)
  COL(complaint, may_time, due_at)     /* resolution, as told to the customer */
  COL(complaint, int2, offers)         /* last number given */
  COL(complaint, int2, letters)        /* last number given */
  COL(complaint, int2, promises)       /* last number given */
  COL(complaint, int2, declined)       /* offers declined since it was (re)opened */
  COL(complaint, int2, reopened)       /* times */
  COL(complaint, time, updated_at)
  COL(complaint, hash, hash)           /* of the last event */
  COL(complaint, int4, approval_armed) /* version that armed its clock; 0: not armed */
  COL(complaint, int2, approval_level) /* posts that were asked before the one that is asked now */
  COL(complaint, int2, transfers)      /* times it went to another department */
END(complaint)

TABLE(event)
  COL(event, uuid, complaint)
  COL(event, int2, shard)
  COL(event, int4, version)
  COL(event, int2, type)
  COL(event, int2, prior)
  COL(event, int2, state)
  COL(event, may_uuid, message)        /* id the client gave it */
  COL(event, time, occurred_at)
  COL(event, time, recorded_at)
  COL(event, bytes, body)
  COL(event, bytes, digest)            /* of the message as accepted, salted from content */
  COL(event, hash, hash)               /* over the previous one and this row */
END(event)

TABLE(person)
  COL(person, uuid, complaint)
  COL(person, int2, shard)
  COL(person, int2, role)
  COL(person, bytes, body)
  COL(person, bytes, marks)            /* see pulih/core/marks.h; NULL: none */
END(person)

TABLE(content)
  COL(content, uuid, complaint)
  COL(content, int2, shard)
  COL(content, int4, version)            /* of the event that brought it */
  COL(content, bytes, salt)
  COL(content, bytes, body)
END(content)

TABLE(classification)
  COL(classification, uuid, complaint)
  COL(classification, int2, shard)
  COL(classification, int4, version)
  COL(classification, int2, language)
  COL(classification, int2, category)
  COL(classification, int2, department)
  COL(classification, int2, reason)
  COL(classification, int2, root_cause)
  COL(classification, int2, motive)
  COL(classification, int2, expression)
  COL(classification, int2, anger)
  COL(classification, int2, formality)
  COL(classification, int2, size)
  COL(classification, int2, tier)
  COL(classification, int2, priority)
  COL(classification, int2, gravity)
  COL(classification, int2, response_mode)
  COL(classification, int2, request_type)
  COL(classification, int2, complainer)
  COL(classification, int2, unmet_need)
  COL(classification, bytes, confidence) /* a byte per axis, 0 to 100 */
  COL(classification, bytes, evidence)   /* msgpack list of [axis, value, weight, rule, at, length] */
  COL(classification, text, policy)
  COL(classification, text, actor)       /* the person, when it is a correction */
  COL(classification, int2, sub_reason)
  COL(classification, text, models)      /* names of those that judged, with blanks between */
END(classification)

TABLE(deadline)
  COL(deadline, time, due_at)
  COL(deadline, uuid, complaint)
  COL(deadline, int2, kind)
  COL(deadline, int2, shard)
  COL(deadline, int4, armed)
END(deadline)

TABLE(promise)
  COL(promise, uuid, complaint)
  COL(promise, int2, shard)
  COL(promise, int2, n)
  COL(promise, int2, kind)
  COL(promise, int4, version)            /* event by which it was given */
  COL(promise, time, due_at)
  COL(promise, time, told_at)
END(promise)

TABLE(offer)
  COL(offer, uuid, complaint)
  COL(offer, int2, shard)
  COL(offer, int2, n)
  COL(offer, int4, version)              /* the offer_made message */
  COL(offer, int2, remedy)
  COL(offer, int8, amount)               /* minor units; 0: none */
  COL(offer, text, currency)
  COL(offer, text, role)
  COL(offer, text, actor)
END(offer)

TABLE(letter)
  COL(letter, uuid, complaint)
  COL(letter, int2, shard)
  COL(letter, int2, n)
  COL(letter, int4, version)
  COL(letter, int2, kind)
  COL(letter, int2, language)
  COL(letter, int2, channel)
  COL(letter, text, post)
  COL(letter, text, subject)
  COL(letter, text, body)
END(letter)

TABLE(feed)
  COL(feed, int2, stream)
  COL(feed, int8, seq)                          /* 1, 2 ... within stream and batch; put_feed adds the head */
  COL(feed, uuid, complaint)
  COL(feed, int8, number)
  COL(feed, int4, version)
  COL(feed, int2, type)
  COL(feed, int2, state)
  COL(feed, time, at)
  COL(feed, bytes, body)
END(feed)

TABLE(pending)
  COL(pending, int2, stage)
  COL(pending, time, next_at)
  COL(pending, int8, batch)
  COL(pending, int2, attempts)
  COL(pending, int4, n)
  COL(pending, bytes, items)             /* n times complaint (16 bytes), version (4 bytes) */
END(pending)

TABLE(unlinked)
  COL(unlinked, time, at)
  COL(unlinked, int8, batch)
  COL(unlinked, bytes, items)            /* n times complaint (16 bytes) */
END(unlinked)

TABLE(trace)
  COL(trace, uuid, complaint)
  COL(trace, int2, shard)                /* of the complaint */
  COL(trace, int8, key)                  /* see pulih/core/likeness.h */
  COL(trace, int2, slot)                 /* key % 64 */
  COL(trace, int4, tenant)
  COL(trace, time, at)                   /* when the complaint was received */
END(trace)

TABLE(link)
  COL(link, uuid, complaint)             /* the greater id of the two */
  COL(link, int2, shard)
  COL(link, uuid, other)
  COL(link, int2, likeness)              /* 0: a person saw what pulih did not */
  COL(link, int2, score)                 /* 0 to 100 */
  COL(link, int2, state)                 /* word of list `link` */
  COL(link, may_time, suggested_at)
  COL(link, may_time, decided_at)
  COL(link, text, actor)                 /* who decided */
END(link)

TABLE(dead)
  COL(dead, uuid, complaint)
  COL(dead, int2, shard)
  COL(dead, int2, stage)
  COL(dead, int4, version)
  COL(dead, int2, attempts)
  COL(dead, text, reason)
  COL(dead, time, at)
END(dead)
// clang-format on
#undef TABLE
#undef COL
#undef END
