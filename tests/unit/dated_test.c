/* What promises a date or a span of time in a text, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pulih/core/dated.h"

enum { TODAY = 20261122 }; /* a Sunday */

static const char *const promises[] = {
    /* Dates, with and without their year. */
    "Kami perbaiki paling lambat 5 Desember.",
    "Kami perbaiki pada tanggal 5 Desember 2026 di rumah Anda.",
    "We repair it by 5 December.",
    "We repair it by December 5, 2026.",
    "The 5th of December will do.",
    "Uang kembali 2026-12-05.",
    "Uang kembali (05/12/2026).",
    "Uang kembali 5.12.2026.",
    "Ready on 12/25/2026.",
    "Hari ini, 22 November 2026, kami kirim.",
    "Kami kirim 3 Januari.",
    /* Words for one. */
    "Teknisi datang besok pagi.",
    "Kami antar LUSA!",
    "A new mirror tomorrow, in a wooden crate.",
    "Kami kirim teknisi sore ini.",
    "Our engineer comes this afternoon.",
    "Kami kirim hari ini juga.",
    "Paling lambat hari ini uang Anda kembali.",
    "You have it by today.",
    "Barang dikirim minggu depan.",
    "Barang dikirim Senin depan.",
    "It is sent next week.",
    "It is sent next Monday.",
    "Selesai paling lambat hari Jumat.",
    "Done by Friday.",
    "Done by the 5th.",
    "Sebelum tanggal 5 sudah kami ganti.",
    "Sebelum pukul 17 kurir datang.",
    "No later than 5 pm.",
    "By 5pm.",
    "Paling lambat bulan depan.",
    /* Spans. */
    "Uang kembali dalam 3 hari.",
    "Uang kembali dalam waktu tiga hari kerja.",
    "Uang kembali dalam 1x24 jam.",
    "Uang kembali maksimal 2 x 24 jam.",
    "Paling lama 7 hari kerja.",
    "Selambat-lambatnya 14 hari.",
    "Dalam seminggu selesai.",
    "Tiga hari lagi barang sampai.",
    "Your money is back within 3 days.",
    "Within the next 24 hours.",
    "In 2 to 3 working days.",
    "Within a week.",
    "Two weeks from now.",
    "Dalam dua puluh lima hari kalender.",
};

static const char *const harmless[] = {
    /* Prices, numbers of orders, names. */
    "Tagihan bulan ini kami potong Rp100.000.",
    "Uang kembali Rp 1.250.000,00 ke rekening 1234567890.",
    "Pesanan INV/2026/12/05/001 kami ganti.",
    "Order 2026-12-05-0017 is sent again.",
    "Order TRX-2026-12-05 is sent again.",
    "Pesanan no. 05122026 kami ganti.",
    "Versi 2.12.2026.1 kami pasang.",
    "Tipe 2026-13-45.",
    "Hotline 24 jam dan layanan 7 hari seminggu.",
    "A 24 hours hotline.",
    "Paket wisata 3 hari 2 malam.",
    "Kami beri garansi 12 bulan.",
    "With 12 months of warranty.",
    "Next day delivery is free.",
    "Barang dalam 2 kardus, in 3 boxes.",
    "Kami beri voucher 50 ribu. 5 lembar.",
    "Dua kali dalam seminggu petugas memeriksa.",
    "Tagihan bulan depan kami potong.",
    "",
    /* The customer's own story. */
    "Paket yang Anda pesan 3 November kami ganti.",
    "Paket yang Anda pesan 5 Desember 2025 kami ganti.",
    "Your order of 2026-11-21 is sent again.",
    "Pembelian 01/10/2026 kami batalkan.",
    "Sejak 5 Desember Anda menunggu.",
    "Pada 5 Desember lalu Anda membayar.",
    "Dalam 3 hari terakhir Anda menelepon lima kali.",
    "In the last 3 days you called.",
    /* What lasts until then. */
    "Voucher Rp50.000 berlaku sampai 31 Desember 2026.",
    "Voucher berlaku sampai dengan tanggal 31 Desember.",
    "A voucher, valid until 31 December 2026.",
    "It expires on 2027-01-31.",
};

static void finds_what_promises(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(promises); i++)
        if (!pulih_promises_date(pulih_view_of(promises[i]), TODAY))
            fail_msg("nothing is found in \"%s\"", promises[i]);
}

static void finds_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(harmless); i++)
        if (pulih_promises_date(pulih_view_of(harmless[i]), TODAY))
            fail_msg("a promise is found in \"%s\"", harmless[i]);
}

/* Whether a date lies ahead is a matter of the day on which it is said. */
static void a_date_is_past_the_day_after(void **state)
{
    static const char *const texts[] = {"5 Desember 2026", "5 Desember", "December 5", "2026-12-05",
                                        "05/12/2026"};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(texts); i++) {
        assert_true(pulih_promises_date(pulih_view_of(texts[i]), 20261205));
        assert_false(pulih_promises_date(pulih_view_of(texts[i]), 20261206));
    }
    assert_true(pulih_promises_date(PULIH_VIEW("2 Januari"), 20261231));
    assert_false(pulih_promises_date(PULIH_VIEW("30 Desember"), 20270102));
}

/* A sentence ends what is said. */
static void words_of_two_sentences_are_not_joined(void **state)
{
    (void)state;
    assert_false(pulih_promises_date(PULIH_VIEW("Barang ada di dalam. 3 hari Anda menunggu."), TODAY));
    assert_true(pulih_promises_date(PULIH_VIEW("Berlaku sampai. Besok kami datang."), TODAY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_promises),
        cmocka_unit_test(finds_nothing_else),
        cmocka_unit_test(a_date_is_past_the_day_after),
        cmocka_unit_test(words_of_two_sentences_are_not_joined),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
