/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Drive letters, volume GUIDs and links: where a recorded path lies for certain. */
#include "../testing.h"

#include "base/checked.h"
#include "base/text.h"
#include "host/places.h"

#include <stdlib.h>
#include <string.h>

#define VOLUME "{83ed0ec3-24c8-49a6-a959-5e4bd1288791}"

static const uint8_t mbr_1[] = {0xd4, 0xc3, 0xb2, 0xa1, 0, 0, 0x10, 0, 0, 0, 0, 0};
static const uint8_t mbr_2[] = {0xd4, 0xc3, 0xb2, 0xa1, 0, 0, 0x50, 0, 0, 0, 0, 0};
static const uint8_t gpt[] = "DMIO:ID:\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f";

static void add_volume(struct host *host, const char *path, const void *device, size_t size)
{
    struct host_evidence *evidence = vector_push(&host->evidence);

    evidence->kind = EVIDENCE_VOLUME;
    evidence->path = strdup(path);
    evidence->root = strdup(path);
    evidence->device.size = size;
    memcpy(evidence->device.bytes, device, size);
}

static void add_hive(struct host *host, size_t evidence)
{
    struct host_hive *hive = vector_push(&host->hives);

    hive->evidence = evidence;
    hive->path = strdup("SYSTEM");
    hive->facts.kind = HIVE_SYSTEM;
}

static void add_value(struct host *host, const char *name, const void *bytes, size_t size)
{
    struct hive_mount *mount = vector_push(&host->hives.items[host->hives.count - 1].facts.mounts);

    mount->name = strdup(name);
    mount->bytes = malloc(size);
    mount->size = size;
    memcpy(mount->bytes, bytes, size);
}

/* In order of their keys, as links_join() leaves them. */
static void add_link(struct host *host, size_t evidence, const char *path, const char *target)
{
    struct host_link *link = vector_push(&host->links);

    *link = (struct host_link){evidence, strdup(path), text_fold(path),
                               target ? strdup(target) : NULL, NULL};
}

static void make(struct host *host)
{
    host_init(host);
    vector_push(&host->nodes)->name = strdup("");
    add_volume(host, "/e/a.raw!p1!", mbr_1, sizeof(mbr_1));
    add_volume(host, "/e/a.raw!p2!", mbr_2, sizeof(mbr_2));
    add_volume(host, "/e/b.raw!p1!", gpt, 24);
    add_hive(host, 0);
    add_value(host, "\\DosDevices\\C:", mbr_1, sizeof(mbr_1));
    add_value(host, "\\DosDevices\\D:", mbr_2, sizeof(mbr_2));
    add_value(host, "\\??\\Volume" VOLUME, gpt, 24);
}

static void expect(const struct host *host, const char *recorded, const char *path)
{
    struct winpath parsed;
    struct place place;
    char *key = path ? text_fold(path) : NULL;

    assert_int_equal(winpath_parse(&parsed, recorded), 0);
    assert_int_equal(place_find(host, &parsed, 0, &place), 0);
    if (path)
        assert_string_equal(place.key, key);
    else
        assert_null(place.key);
    free(key);
    free(place.key);
    winpath_free(&parsed);
}

static void test_names(void **state)
{
    struct host host;

    make(&host);
    add_value(&host, "\\DosDevices\\E:", "\\??\\STORAGE#Volume", 18);
    add_value(&host, "\\DosDevices\\F:\\folder", mbr_1, sizeof(mbr_1));
    add_value(&host, "#{nothing}", mbr_1, sizeof(mbr_1));
    assert_int_equal(mounts_join(&host), 0);
    assert_int_equal(host.mounts.count, 3);
    expect(&host, "d:\\VMs\\a.vhdx", "/e/a.raw!p2!/VMs/a.vhdx");
    expect(&host, "\\\\?\\C:\\a.vhdx", "/e/a.raw!p1!/a.vhdx");
    expect(&host, "\\\\?\\Volume" VOLUME "\\x\\a.vhdx", "/e/b.raw!p1!/x/a.vhdx");
    expect(&host, "E:\\a.vhdx", NULL);
    expect(&host, "\\\\server\\share\\a.vhdx", NULL);
    host_free(&host);
}

/* Of two copies of a disk, and of two hives that disagree, neither is believed. */
static void test_doubts(void **state)
{
    struct host host;

    make(&host);
    add_volume(&host, "/e/copy.raw!p2!", mbr_2, sizeof(mbr_2));
    add_hive(&host, 1);
    add_value(&host, "\\DosDevices\\C:", gpt, 24);
    assert_int_equal(mounts_join(&host), 0);
    expect(&host, "C:\\a.vhdx", NULL);
    expect(&host, "D:\\a.vhdx", NULL);
    expect(&host, "\\\\?\\Volume" VOLUME "\\a.vhdx", "/e/b.raw!p1!/a.vhdx");
    host_free(&host);
}

static void test_user_wins(void **state)
{
    struct host host;

    make(&host);
    assert_int_equal(host_add_map(&host, "D:\\=/mnt/d"), 0);
    assert_int_equal(mounts_join(&host), 0);
    expect(&host, "D:\\a.vhdx", "/mnt/d/a.vhdx");
    expect(&host, "C:\\a.vhdx", "/e/a.raw!p1!/a.vhdx");
    host_free(&host);
}

static void test_links(void **state)
{
    struct host host;

    make(&host);
    add_link(&host, 0, "/e/a.raw!p1!/ClusterStorage/Volume1", "\\\\?\\Volume" VOLUME "\\");
    add_link(&host, 0, "/e/a.raw!p1!/loop", "C:\\loop");
    add_link(&host, 0, "/e/a.raw!p1!/lost", "X:\\nowhere");
    add_link(&host, 0, "/e/a.raw!p1!/unread", NULL);
    add_link(&host, 0, "/e/a.raw!p1!/VMs", "D:\\deep\\VMs");
    add_link(&host, 0, "/e/a.raw!p1!/x/beside", "..\\y\\z");
    add_link(&host, 1, "/e/a.raw!p2!/deep", "\\\\?\\Volume" VOLUME "\\ärger");
    assert_int_equal(mounts_join(&host), 0);
    expect(&host, "C:\\VMs\\web\\a.vhdx", "/e/b.raw!p1!/ärger/VMs/web/a.vhdx");
    expect(&host, "C:\\x\\beside\\a.vhdx", "/e/a.raw!p1!/y/z/a.vhdx");
    expect(&host, "C:\\ClusterStorage\\volume1\\a.vhdx", "/e/b.raw!p1!/a.vhdx");
    expect(&host, "C:\\ClusterStorage\\Volume2\\a.vhdx", NULL);
    expect(&host, "C:\\loop\\a.vhdx", NULL);
    expect(&host, "C:\\lost\\a.vhdx", NULL);
    expect(&host, "C:\\unread\\a.vhdx", NULL);
    expect(&host, "C:\\VMsX\\a.vhdx", "/e/a.raw!p1!/VMsX/a.vhdx");
    host_free(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_doubts),
        cmocka_unit_test(test_user_wins),
        cmocka_unit_test(test_links),
    };

    return cmocka_run_group_tests_name("places", tests, NULL, NULL);
}
