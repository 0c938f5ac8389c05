/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "../testing.h"

#include "base/cleanup.h"
#include "io/source.h"

#include <errno.h>
#include <string.h>

/* Gives one byte at a time and fails at one place. */
struct slow {
    uint64_t fails_at;
    int closed;
};

static int64_t slow_read(void *self, uint64_t offset, void *buffer, size_t length)
{
    struct slow *slow = self;

    if (offset == slow->fails_at)
        return -EIO;
    *(uint8_t *)buffer = (uint8_t)offset;
    return 1;
}

static void slow_close(void *self)
{
    ((struct slow *)self)->closed++;
}

static const struct io_ops slow_ops = {slow_read, slow_close};

static void test_reads_are_completed(void **state)
{
    struct slow slow = {.fails_at = 200};
    io_source *source = io_source_new(&slow_ops, &slow, 300);
    uint8_t bytes[300];

    assert_int_equal(io_read(source, 10, bytes, 100), 0);
    assert_int_equal(bytes[0], 10);
    assert_int_equal(bytes[99], 109);
    assert_int_equal(io_read(source, 150, bytes, 100), -EIO);
    assert_int_equal(io_read_some(source, 150, bytes, 100), -EIO);
    assert_int_equal(io_read(source, 299, bytes, 2), -ENODATA);
    assert_int_equal(io_read_some(source, 299, bytes, 2), 1);
    assert_int_equal(io_read_some(source, 300, bytes, 2), 0);
    assert_int_equal(io_read_some(source, UINT64_MAX, bytes, 2), 0);
    assert_int_equal(io_read(source, 300, bytes, 0), 0);
    io_unref(source);
    assert_int_equal(slow.closed, 1);
}

static void test_references(void **state)
{
    struct slow slow = {.fails_at = UINT64_MAX};
    io_source *source = io_source_new(&slow_ops, &slow, 100);
    io_source *range = io_range_new(source, 10, 50);

    io_unref(source); /* the range holds on to it */
    assert_int_equal(slow.closed, 0);
    io_unref(range);
    assert_int_equal(slow.closed, 1);
    io_unref(NULL);
}

static void test_ranges(void **state)
{
    CLEANUP(io_unref) io_source *memory = io_memory_new("0123456789", 10);
    CLEANUP(io_unref) io_source *range = io_range_new(memory, 3, 4);
    CLEANUP(io_unref) io_source *inner = io_range_new(range, 1, 2);
    CLEANUP(io_unref) io_source *longer = io_range_new(memory, 8, 100);
    char bytes[8] = "";

    assert_int_equal(io_size(range), 4);
    assert_int_equal(io_read_some(range, 0, bytes, sizeof(bytes)), 4);
    assert_memory_equal(bytes, "3456", 4);
    assert_int_equal(io_read(inner, 0, bytes, 2), 0);
    assert_memory_equal(bytes, "45", 2);
    assert_int_equal(io_read(inner, 1, bytes, 2), -ENODATA);
    assert_int_equal(io_read_some(longer, 0, bytes, sizeof(bytes)), 2);
    assert_null(io_range_new(memory, UINT64_MAX, 2));
}

static void test_empty_memory(void **state)
{
    CLEANUP(io_unref) io_source *empty = io_memory_new(NULL, 0);
    char byte;

    assert_int_equal(io_size(empty), 0);
    assert_int_equal(io_read_some(empty, 0, &byte, 1), 0);
    assert_int_equal(io_read(empty, 0, &byte, 1), -ENODATA);
}

static void test_counter(void **state)
{
    _Atomic uint64_t count = 0;
    CLEANUP(io_unref) io_source *memory = io_memory_new("0123456789", 10);
    CLEANUP(io_unref) io_source *counter = io_counter_new(memory, &count);
    char bytes[16];

    assert_int_equal(io_read(counter, 0, bytes, 4), 0);
    assert_int_equal(io_read_some(counter, 8, bytes, 16), 2);
    assert_int_equal(io_read(counter, 8, bytes, 16), -ENODATA);
    assert_int_equal(count, 4 + 2 + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_are_completed),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_empty_memory),
        cmocka_unit_test(test_counter),
    };

    return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
