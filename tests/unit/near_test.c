/* Which name somebody may have meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/base/near.h"

static void finds_the_name_that_was_meant(void **state)
{
    static const char *const known[] = {"company",       "calendar", "currency", "plan_within",
                                        "verify_within", "id",       ""};
    static const struct {
        const char *unknown, *meant;
    } rows[] = {
        {"company", "company"},
        {"compani", "company"},
        {"ompany", "company"},
        {"companyy", "company"},
        {"calender", "calendar"},
        {"curency", "currency"},
        {"plan_whitin", "plan_within"},
        {"verify_in", "verify_within"},
        {"Company", "company"},
        {"i", "id"},
        {"idx", "id"},
        {"xyz", NULL},
        {"company_name_and_much_more", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *meant = pulih_nearest(rows[i].unknown, known, 6);
        if (meant != rows[i].meant && (!meant || !rows[i].meant || strcmp(meant, rows[i].meant) != 0))
            fail_msg("\"%s\": %s", rows[i].unknown, meant ? meant : "none");
    }
    assert_null(pulih_nearest("id", known, 0));
}

/* A name longer than any that is compared is no neighbour, and breaks nothing. */
static void passes_by_long_names(void **state)
{
    char name[200];
    const char *const known[] = {name, "id"};

    (void)state;
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = 0;
    assert_string_equal(pulih_nearest("ix", known, 2), "id");
    assert_null(pulih_nearest(name, known + 1, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_name_that_was_meant),
        cmocka_unit_test(passes_by_long_names),
    };
    return cmocka_run_group_tests_name("near", tests, NULL, NULL);
}
