/* Ownership in the type of a variable: PULIH_AUTO(f) runs f(&variable) when its scope ends. */
#ifndef PULIH_BASE_OWN_H
#define PULIH_BASE_OWN_H

#define PULIH_AUTO(f)      __attribute__((cleanup(f)))
#define PULIH_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define PULIH_MUST_USE     __attribute__((warn_unused_result))
/* A large variable that is filled only as far as it is used: release builds would zero all of it first. */
#define PULIH_UNSET        __attribute__((uninitialized))
#define PULIH_UNUSED       __attribute__((unused))
#define PULIH_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
