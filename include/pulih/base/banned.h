/* Force-included into our own sources (-include pulih/base/banned.h): a call that is banned does not compile.
 *
 * Does.     Declares the banned functions as unavailable before any header declares them. That bans the
 *           functions and not their names: a member named `signal` is fine, and headers stay as they are.
 * Fails.    clang with _FORTIFY_SOURCE makes sprintf a macro and so lets it pass; gcc does not.
 */
#ifndef PULIH_BASE_BANNED_H
#define PULIH_BASE_BANNED_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* before the first system header, or it comes too late */
#endif

#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>

#define PULIH_BANNED(instead) __attribute__((unavailable(instead)))

/* They write without knowing where the room ends, or cut without telling. */
char *strcpy(char *to, const char *from) PULIH_BANNED("banned: use pulih_buf_add or memcpy");
char *strcat(char *to, const char *from) PULIH_BANNED("banned: use pulih_buf_add");
char *strncpy(char *to, const char *from, size_t n) PULIH_BANNED("banned: use pulih_buf_add or memcpy");
char *strncat(char *to, const char *from, size_t n) PULIH_BANNED("banned: use pulih_buf_add");
int sprintf(char *to, const char *format, ...) PULIH_BANNED("banned: use snprintf or pulih_buf_addf");
int vsprintf(char *to, const char *format, va_list args) PULIH_BANNED("banned: use vsnprintf");
char *gets(char *to) PULIH_BANNED("banned: use fgets");

/* They keep state between calls, for all threads. */
char *strtok(char *text, const char *signs) PULIH_BANNED("banned: use strtok_r or a view");
int rand(void) PULIH_BANNED("banned: use randombytes_buf, or a generator with its own seed");
void srand(unsigned seed) PULIH_BANNED("banned: use a generator with its own seed");
struct tm;
struct tm *localtime(const time_t *t) PULIH_BANNED("banned: use localtime_r or pulih/core/calendar.h");
struct tm *gmtime(const time_t *t) PULIH_BANNED("banned: use gmtime_r or pulih_time_print");
char *asctime(const struct tm *tm) PULIH_BANNED("banned: use pulih_time_print");
char *ctime(const time_t *t) PULIH_BANNED("banned: use pulih_time_print");

/* They take anything for a number. */
int atoi(const char *text) PULIH_BANNED("banned: use strtol and look at the end");
long atol(const char *text) PULIH_BANNED("banned: use strtol and look at the end");
double atof(const char *text) PULIH_BANNED("banned: use strtod and look at the end");

/* Wait for the event, not for the time. */
unsigned sleep(unsigned seconds) PULIH_BANNED("banned: poll for the event");
int usleep(useconds_t us) PULIH_BANNED("banned: poll for the event");

/* Portable only in name; a shell is a door. */
void (*signal(int number, void (*handler)(int)))(int) PULIH_BANNED("banned: use sigaction or signalfd");
int system(const char *command) PULIH_BANNED("banned: use posix_spawn");
struct _IO_FILE *popen(const char *command, const char *mode) PULIH_BANNED("banned: use posix_spawn");

/* SQL is a fixed text with parameters; nothing is ever pasted into it. */
struct pg_conn;
struct pg_result;
struct pg_result *PQexec(struct pg_conn *c, const char *sql)
    PULIH_BANNED("banned: use PQexecParams or a statement");
char *PQescapeLiteral(struct pg_conn *c, const char *s, size_t n) PULIH_BANNED("banned: pass a parameter");
char *PQescapeIdentifier(struct pg_conn *c, const char *s, size_t n)
    PULIH_BANNED("banned: name it in the text");
size_t PQescapeString(char *to, const char *s, size_t n) PULIH_BANNED("banned: pass a parameter");
size_t PQescapeStringConn(struct pg_conn *c, char *to, const char *s, size_t n, int *error)
    PULIH_BANNED("banned: pass a parameter");
unsigned char *PQescapeBytea(const unsigned char *s, size_t n, size_t *to_n)
    PULIH_BANNED("banned: pass a parameter");
unsigned char *PQescapeByteaConn(struct pg_conn *c, const unsigned char *s, size_t n, size_t *to_n)
    PULIH_BANNED("banned: pass a parameter");

#endif
