/* pulih_must: an invariant that only a bug can break.
 *
 * Does.     Prints expression, file and line to standard error and aborts.
 * Promises. Never compiled out. State is durable, so an abort costs a restart and nothing else.
 */
#ifndef PULIH_BASE_MUST_H
#define PULIH_BASE_MUST_H

#define pulih_must(e) ((e) ? (void)0 : pulih_must_failed(#e, __FILE__, __LINE__))

_Noreturn void pulih_must_failed(const char *expression, const char *file, int line);

/* The only reaction to memory that cannot be had: say so and abort. */
_Noreturn void pulih_out_of_memory(void);

#endif
