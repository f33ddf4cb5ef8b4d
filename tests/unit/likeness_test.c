/* How alike texts are: copies that were changed on the way, different complaints about one thing, short texts,
 * hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/core/likeness.h"

static struct pulih_likeness read_text(const char *text)
{
    struct pulih_likeness l;

    pulih_likeness_read(pulih_view_of(text), &l);
    return l;
}

static int percent(const char *a, const char *b)
{
    struct pulih_likeness left = read_text(a), right = read_text(b);

    assert_int_equal(pulih_likeness_percent(&left, &right), pulih_likeness_percent(&right, &left));
    return pulih_likeness_percent(&left, &right);
}

static bool share_a_key(const char *a, const char *b)
{
    struct pulih_likeness left = read_text(a), right = read_text(b);
    bool share = false;

    for (int i = 0; i < PULIH_LIKENESS_BANDS; i++)
        share |= pulih_likeness_key(&left, i) == pulih_likeness_key(&right, i);
    return share;
}

static const char *const ours[] = {
    "Paket saya sudah sebelas hari tidak bergerak dari gudang sortir. Di aplikasi hanya tertulis sedang "
    "diproses dan "
    "setiap saya tanya jawabannya cuma disuruh menunggu. Isinya seragam sekolah anak yang dipakai hari "
    "Senin.",
    "The courier left my parcel with a neighbour I have never met and marked it as delivered. I called three "
    "times "
    "and every agent told me to wait two more working days, while the medicine inside has to be kept cool.",
};

/* What happens to a text on its way through people and platforms. */
static void copies_are_found(void **state)
{
    static const struct {
        int of, least;
        const char *text;
    } rows[] = {
        /* case, punctuation, drawn-out letters, numbers, pictographs, blanks, accents: the same text */
        {0, 100,
         "PAKET SAYA SUDAH SEBELAS HARI TIDAK BERGERAK dari gudang sortir, di aplikasi hanya tertulis sedang "
         "diproses, "
         "dan setiap saya tanya jawabannya cuma disuruh menungguuuu!!! isinya seragam sekolah anak yang "
         "dipakai hari "
         "senin"},
        {0, 100,
         "Paket saya (TS-20261103-88417) sudah sebelas hari tidak bergerak dari gudang sortir. Di aplikasi "
         "hanya "
         "tertulis \"sedang diproses\" dan setiap saya tanya, jawabannya cuma disuruh menunggu "
         "\xf0\x9f\x98\xa1. "
         "Isinya seragam sekolah anak yang dipakai hari Senin 9/11."},
        {1, 100,
         "the   courier left my parcel #88123 with a neighbour i have never met and marked it as "
         "DELIVEREDDDD. "
         "I called "
         "three times and every agent told me to wait two more working days - while the medicine inside has "
         "to be "
         "kept c\xc3\xb3ol."},
        /* a greeting, a signature, another end, a few other words */
        {0, 75,
         "Halo min, selamat pagi. Paket saya sudah sebelas hari tidak bergerak dari gudang sortir. Di "
         "aplikasi hanya "
         "tertulis sedang diproses dan setiap saya tanya jawabannya cuma disuruh menunggu. Isinya seragam "
         "sekolah anak "
         "yang dipakai hari Senin. Terima kasih, Rahayu"},
        {0, 60,
         "Paket saya udah sebelas hari tidak bergerak dari gudang sortir. Di aplikasi cuma tertulis sedang "
         "diproses dan "
         "setiap saya tanya jawabannya disuruh menunggu. Isinya seragam sekolah anak yang dipakai hari "
         "Senin."},
        {1, 75,
         "Dear team, the courier left my parcel with a neighbour I have never met and marked it as "
         "delivered. I called "
         "three times and every agent told me to wait two more working days, while the medicine inside has "
         "to be kept "
         "cool. Kind regards, Tom"},
        {1, 60,
         "Your courier left my parcel with a neighbour I never met and marked it delivered. I called three "
         "times and "
         "every agent told me to wait two more working days, while the medicine inside has to be kept cool."},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int found = percent(ours[rows[i].of], rows[i].text);
        if (found < rows[i].least || !share_a_key(ours[rows[i].of], rows[i].text))
            fail_msg("row %zu: %d percent, wanted %d; %s", i, found, rows[i].least,
                     share_a_key(ours[rows[i].of], rows[i].text) ? "found" : "not found by a key");
    }
}

static void others_about_the_same_thing_are_not(void **state)
{
    static const char *const others[] = {
        "Paket saya belum sampai juga padahal di aplikasi tertulis sudah diterima sejak Senin. Kurir tidak "
        "bisa dihubungi "
        "dan setiap saya tanya jawabannya berbeda.",
        "Sudah dua minggu paket saya tertahan di gudang sortir, statusnya sedang diproses terus. Tolong "
        "dicek, isinya "
        "obat untuk ibu saya.",
        "My parcel was marked as delivered but nothing arrived. I called the courier and they told me to "
        "wait.",
        "The courier left the parcel in the rain and the box was soaked. I called twice and every agent told "
        "me "
        "something different about the refund.",
        "Seragam sekolah anak saya salah ukuran, sudah dua kali ditukar dan tetap salah. Sekolah mulai hari "
        "Senin.",
    };

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        for (size_t k = 0; k < sizeof ours / sizeof *ours; k++)
            if (percent(ours[k], others[i]) >= PULIH_LIKENESS_SIMILAR / 2)
                fail_msg("text %zu has %d percent of %zu", i, percent(ours[k], others[i]), k);
}

static void short_texts_have_no_keys(void **state)
{
    static const char *const texts[] = {
        "",
        " ... !!! ",
        "barang rusak",
        "Barang saya rusak, tolong diganti",
        "paket belum sampai padahal sudah seminggu",
        "item broken",
        "my order never arrived please help",
        "rusak rusak rusak rusak rusak rusak rusak rusak rusak rusak",
        "1 2 3 4 5 6 7 8 9 10 11 12 13",
        "ab cd ef gh ij kl mn op qr st uv wx yz",
        "\xf0\x9f\x98\xa1\xf0\x9f\x98\xa2\xf0\x9f\x98\xa3 \xf0\x9f\x98\xa4",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct pulih_likeness l = read_text(texts[i]);
        if (pulih_likeness_tells(&l))
            fail_msg("\"%s\" tells", texts[i]);
    }
    assert_int_equal(percent("barang rusak", "Barang RUSAKKK!"), 100);
    assert_int_equal(percent("barang rusak", "barang rusak parah"), 0);
    assert_int_equal(percent("", ""), 0);
    assert_int_equal(percent("12 34", "12 34"), 0);
}

static void the_same_words_in_another_order_are_similar_only(void **state)
{
    int found = percent("satu malam pelayan hotel menolak memberi kunci kamar cadangan kepada istri saya",
                        "pelayan hotel menolak memberi kunci kamar cadangan kepada istri saya satu malam");

    (void)state;
    assert_in_range(found, PULIH_LIKENESS_SIMILAR, 99);
}

/* Keys are stored: what makes them may never change. */
static void keys_are_what_they_were(void **state)
{
    static const int64_t keys[PULIH_LIKENESS_BANDS] = {
        INT64_C(-4537573515257849602), INT64_C(1127216347672380123), INT64_C(-2083801890781421702),
        INT64_C(7470599945461986159)};
    struct pulih_likeness l = read_text(ours[0]);

    (void)state;
    for (int i = 0; i < PULIH_LIKENESS_BANDS; i++)
        if (pulih_likeness_key(&l, i) != keys[i])
            fail_msg("band %d is %lld", i, (long long)pulih_likeness_key(&l, i));
}

/* The estimate stays near to what two sets have in common. */
static void the_estimate_is_near_the_truth(void **state)
{
    static const int shared[] = {10, 30, 50, 70, 90};

    (void)state;
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
        char a[4000] = "", b[4000] = "";
        size_t at = 0, bt = 0;
        /* Words one by one between equal ones, so that no pair of neighbours is shared but by plan. */
        for (int n = 0; n < 200; n++) {
            const char *common = n % 100 < shared[i] ? "w" : NULL;
            char left[16], right[16];
            snprintf(left, sizeof left, "%s%c%c%c", common ? common : "l", 'a' + n / 26, 'a' + n % 26, 'x');
            snprintf(right, sizeof right, "%s%c%c%c", common ? common : "r", 'a' + n / 26, 'a' + n % 26, 'x');
            at += (size_t)snprintf(a + at, sizeof a - at, "%s ", left);
            bt += (size_t)snprintf(b + bt, sizeof b - bt, "%s ", right);
        }
        int truth = 100 * shared[i] / (200 - shared[i]), found = percent(a, b);
        if (abs(found - truth) > 20)
            fail_msg("%d of 100 shared: %d percent, estimated %d", shared[i], truth, found);
    }
}

static uint32_t byte_of(int kind, uint32_t i)
{
    switch (kind) {
    case 0:
        return 'a';
    case 1:
        return 0xff;
    case 2:
        return (uint32_t) "abc "[i % 4];
    default:
        return i * 2654435761U >> 13;
    }
}

/* Any bytes, and as many as there are. */
static void hostile_texts_do_no_harm(void **state)
{
    static char text[200000];

    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        for (uint32_t i = 0; i < sizeof text; i++)
            text[i] = (char)byte_of(kind, i);
        struct pulih_likeness l;
        pulih_likeness_read((struct pulih_view){text, sizeof text}, &l);
        int itself = pulih_likeness_percent(&l, &l);
        assert_true(itself == 100 || (itself == 0 && !l.words));
    }
    struct pulih_likeness none;
    pulih_likeness_read((struct pulih_view){0}, &none);
    assert_int_equal(none.words, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_are_found),
        cmocka_unit_test(others_about_the_same_thing_are_not),
        cmocka_unit_test(short_texts_have_no_keys),
        cmocka_unit_test(the_same_words_in_another_order_are_similar_only),
        cmocka_unit_test(keys_are_what_they_were),
        cmocka_unit_test(the_estimate_is_near_the_truth),
        cmocka_unit_test(hostile_texts_do_no_harm),
    };

    return cmocka_run_group_tests_name("likeness", tests, NULL, NULL);
}
