/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "../testing.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "io/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGES 64

static io_source *counting_bytes(size_t size)
{
    CLEANUP_FREE uint8_t *bytes = malloc(size);

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i / IO_PAGE + 1);
    return io_memory_new(bytes, size);
}

static void fill(uint8_t page[IO_PAGE], uint8_t value)
{
    memset(page, value, IO_PAGE);
}

static uint64_t random_state = 7;

static uint64_t random_below(uint64_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % limit;
}

/* The same puts into an overlay and into an array of page values. */
static void put_at_random(struct io_overlay *overlay, uint8_t model[PAGES], int puts)
{
    for (int i = 0; i < puts; i++) {
        uint64_t first = random_below(PAGES), count = 1 + random_below(PAGES - first);
        uint8_t page[IO_PAGE], value = (uint8_t)(100 + random_below(100));
        if (random_below(3) == 0) {
            assert_int_equal(io_overlay_zero(overlay, first * IO_PAGE, count * IO_PAGE), 0);
            memset(model + first, 0, count);
        } else {
            bool zero = random_below(8) == 0;
            fill(page, value);
            assert_int_equal(io_overlay_put(overlay, first * IO_PAGE, zero ? NULL : page), 0);
            model[first] = zero ? 0 : value;
        }
    }
}

static void compare(io_source *source, const uint8_t *model, uint64_t offset, size_t length)
{
    CLEANUP_FREE uint8_t *bytes = malloc(length + 1);

    assert_int_equal(io_read(source, offset, bytes, length), 0);
    for (size_t i = 0; i < length; i++)
        if (bytes[i] != model[(offset + i) / IO_PAGE])
            fail_msg("byte %llu is %u, expected %u", (unsigned long long)(offset + i), bytes[i],
                     model[(offset + i) / IO_PAGE]);
}

static void test_later_puts_win(void **state)
{
    CLEANUP(io_unref) io_source *below = counting_bytes((PAGES - 5) * IO_PAGE);

    for (int round = 0; round < 200; round++) {
        uint8_t model[PAGES] = {0};
        struct io_overlay *overlay = io_overlay_new(below);
        for (size_t i = 0; i < PAGES - 5; i++)
            model[i] = (uint8_t)(i + 1);
        put_at_random(overlay, model, (int)random_below(40));
        io_overlay_extend(overlay, PAGES * IO_PAGE);
        CLEANUP(io_unref) io_source *sealed = io_overlay_seal(overlay);
        assert_int_equal(io_size(sealed), PAGES * IO_PAGE);
        compare(sealed, model, 0, PAGES * IO_PAGE);
        for (int i = 0; i < 20; i++) {
            uint64_t offset = random_below(PAGES * IO_PAGE);
            compare(sealed, model, offset, random_below(PAGES * IO_PAGE - offset));
        }
    }
}

static void test_extension_reads_as_zeros(void **state)
{
    CLEANUP(io_unref) io_source *below = io_memory_new("abc", 3);
    struct io_overlay *overlay = io_overlay_new(below);
    uint8_t bytes[IO_PAGE];

    io_overlay_extend(overlay, 2); /* never makes it smaller */
    io_overlay_extend(overlay, 2 * IO_PAGE);
    CLEANUP(io_unref) io_source *sealed = io_overlay_seal(overlay);
    assert_int_equal(io_size(sealed), 2 * IO_PAGE);
    assert_int_equal(io_read(sealed, 0, bytes, 6), 0);
    assert_memory_equal(bytes, "abc\0\0\0", 6);
    assert_int_equal(io_read(sealed, IO_PAGE, bytes, IO_PAGE), 0);
    assert_int_equal(bytes[0] | bytes[IO_PAGE - 1], 0);
    assert_int_equal(io_read(sealed, 2 * IO_PAGE - 1, bytes, 2), -ENODATA);
    assert_int_equal(io_read_some(sealed, 2 * IO_PAGE - 1, bytes, 2), 1);
}

/* A put behind the end changes nothing unless the source is extended. */
static void test_put_behind_the_end(void **state)
{
    CLEANUP(io_unref) io_source *below = counting_bytes(IO_PAGE);
    struct io_overlay *overlay = io_overlay_new(below);
    uint8_t page[IO_PAGE];

    fill(page, 9);
    assert_int_equal(io_overlay_put(overlay, 5 * IO_PAGE, page), 0);
    CLEANUP(io_unref) io_source *sealed = io_overlay_seal(overlay);
    assert_int_equal(io_size(sealed), IO_PAGE);
    assert_int_equal(io_read_some(sealed, 5 * IO_PAGE, page, 1), 0);
}

static void test_wrong_puts_are_refused(void **state)
{
    CLEANUP(io_unref) io_source *below = counting_bytes(IO_PAGE);
    struct io_overlay *overlay = io_overlay_new(below);
    uint8_t page[IO_PAGE] = {0};

    assert_int_equal(io_overlay_put(overlay, 1, page), -EINVAL);
    assert_int_equal(io_overlay_put(overlay, UINT64_MAX - IO_PAGE + 1, page), -EINVAL);
    assert_int_equal(io_overlay_zero(overlay, 0, 100), -EINVAL);
    assert_int_equal(io_overlay_zero(overlay, IO_PAGE, UINT64_MAX - IO_PAGE + 1), -EINVAL);
    assert_int_equal(io_overlay_zero(overlay, 0, 0), 0);
    io_overlay_free(overlay);
    io_overlay_free(NULL);
}

/* Nested ranges, each put inside the one before: an order in which a sorted list of ranges grows in its
 * middle, at the cost of the square of the puts. */
static void test_puts_are_capped(void **state)
{
    CLEANUP(io_unref) io_source *below = counting_bytes(IO_PAGE);
    struct io_overlay *overlay = io_overlay_new(below);
    uint64_t end = 2 * (uint64_t)IO_OVERLAY_PUTS_MAX * IO_PAGE;
    uint8_t byte;

    for (uint64_t i = 0; i < IO_OVERLAY_PUTS_MAX; i++)
        assert_int_equal(io_overlay_zero(overlay, i * IO_PAGE, end - 2 * i * IO_PAGE), 0);
    assert_int_equal(io_overlay_zero(overlay, 0, IO_PAGE), -EFBIG);
    CLEANUP(io_unref) io_source *sealed = io_overlay_seal(overlay);
    assert_int_equal(io_read(sealed, 0, &byte, 1), 0);
    assert_int_equal(byte, 0);
}

static void test_pages_are_capped(void **state)
{
    CLEANUP(io_unref) io_source *below = counting_bytes(IO_PAGE);
    struct io_overlay *overlay = io_overlay_new(below);
    uint8_t page[IO_PAGE] = {1};
    uint64_t puts = 0;
    int r;

    while ((r = io_overlay_put(overlay, 0, page)) == 0)
        puts++;
    assert_int_equal(r, -EFBIG);
    assert_int_equal(puts, IO_OVERLAY_PAGES_MAX);
    assert_int_equal(io_overlay_put(overlay, 0, NULL), 0); /* costs no page */
    io_overlay_free(overlay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_later_puts_win),
        cmocka_unit_test(test_extension_reads_as_zeros),
        cmocka_unit_test(test_put_behind_the_end),
        cmocka_unit_test(test_wrong_puts_are_refused),
        cmocka_unit_test(test_puts_are_capped),
        cmocka_unit_test(test_pages_are_capped),
    };

    return cmocka_run_group_tests_name("overlay", tests, NULL, NULL);
}
