/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The text report: layout at several widths, trees, and names that mean harm. */
#include "model.h"

#include "base/checked.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first line that contains `part`, without its end, in a buffer that the next call reuses. */
static const char *line_with(const char *text, const char *part)
{
    static char line[1024];
    const char *found = strstr(text, part);

    if (!found)
        fail_msg("'%s' is not in:\n%s", part, text);
    while (found > text && found[-1] != '\n')
        found--;
    snprintf(line, sizeof(line), "%.*s", (int)strcspn(found, "\n"), found);
    return line;
}

static void assert_has(const char *text, const char *part)
{
    assert_true(text && part);
    if (!strstr(text, part))
        fail_msg("'%s' is not in:\n%s", part, text);
}

static void assert_before(const char *text, const char *first, const char *second)
{
    assert_has(text, first);
    assert_has(text, second);
    if (strstr(text, first) > strstr(text, second))
        fail_msg("'%s' stands behind '%s' in:\n%s", first, second, text);
}

/* Copied whole by the reader: paths and commands of the full model. */
static bool is_unbreakable(const char *line)
{
    line += strspn(line, " ");
    return !strchr(line, ' ') || strncmp(line, "Get-VHD", 7) == 0;
}

static void check_lines(const char *text, unsigned width)
{
    char *copy = strdup(text), *rest = NULL;

    assert_non_null(copy);
    for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        for (const char *p = line; *p; p++)
            assert_true((unsigned char)*p >= 0x20 && *p != 0x7F);
        assert_true(text_is_valid(line, strlen(line)));
        assert_int_not_equal(line[strlen(line) - 1], ' ');
        if (text_width(line) > width && !is_unbreakable(line))
            fail_msg("%zu columns: %s", text_width(line), line);
    }
    free(copy);
}

static void test_widths(void **state)
{
    static const unsigned widths[] = {40, 80, 200};
    struct report r;

    model_full(&r);
    for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
        for (int unicode = 0; unicode < 2; unicode++) {
            char *text = model_print(&r, "text", widths[i], false, unicode);
            check_lines(text, widths[i]);
            for (size_t d = 0; d < r.host.disks.count; d++)
                assert_has(text, strrchr(r.host.disks.items[d].path, '/') + 1);
            free(text);
        }
    }
    char *narrow = model_print(&r, "text", 40, false, true);
    char *absurd = model_print(&r, "text", 1, false, true);
    assert_string_equal(absurd, narrow); /* there is a least width */
    free(narrow);
    free(absurd);
    report_free(&r);
}

static void test_ascii(void **state)
{
    struct report r;

    model_full(&r);
    char *text = model_print(&r, "text", 80, false, false);
    for (const char *p = text; *p; p++)
        assert_true((unsigned char)*p < 0x80);
    assert_has(text, "-   `- web01_1.avhdx");
    assert_has(text, "!!     |- web01_2.avhdx");
    assert_has(text, "ok     |  `- web01_3.avhdx");
    assert_has(text, "!!     `- web01_4.avhdx");
    free(text);
    text = model_print(&r, "text", 80, false, true);
    assert_has(text, "·   └─ web01_1.avhdx");
    assert_has(text, "✓      │  └─ web01_3.avhdx");
    free(text);
    report_free(&r);
}

/* The verdict is what is read first, and it says everything that matters. */
static void test_verdict_first(void **state)
{
    struct report r;

    model_full(&r);
    char *text = model_print(&r, "text", 80, false, true);
    assert_string_equal(line_with(text, "VERDICT"), "!!! VERDICT: data-loss-risk");
    assert_ptr_equal(strstr(text, "!!! VERDICT"), text);
    assert_has(text, "3 orphaned checkpoint disks (7.0 MiB)");
    assert_has(text, "Findings: 1 data-loss-risk, 2 problem, 1 warning");
    assert_has(text, "Do first: Something was found Copy the file");
    assert_has(text, "Low confidence: for 1 disk");
    assert_has(text, "the list of VMs of host n1");
    assert_has(text, "Second witness: libvhdi could not be asked: it was late (1 disk)");
    assert_before(text, "VERDICT", "VM web01");
    assert_before(text, "VM web01", "VM (unnamed)"); /* the worst first */
    assert_before(text, "VM (unnamed)", "DISKS OF NO VM");
    assert_before(text, "DISKS OF NO VM", "FINDINGS");
    assert_before(text, "1. corrupt", "2. orphan-no-parent");
    assert_before(text, "2. orphan-no-parent", "3. pending-merge");
    assert_before(text, "FINDINGS\n", "NOT READ");
    assert_has(text, "  - /ev/n1/locked.vhdx: Permission denied");
    free(text);
    report_free(&r);
}

static void test_finding(void **state)
{
    static const char expected[] =
        "!!! 1. corrupt\n"
        "    data-loss-risk, confirmed\n"
        "    /ev/n1/old/broken.vhdx\n"
        "    Something was found\n"
        "    Seen:\n"
        "      - neither header is valid (VHDX-H2, offset 65536)\n"
        "    Why it matters: A disk that can't be read can't be merged.\n"
        "    First settle:\n"
        "      - the copy\n"
        "    Next step: Copy the file before anything else touches it, then look for a\n"
        "      backup of it.\n"
        "    Commands, to be read before they are run:\n"
        "      Get-VHD -Path 'C:\\VMs\\old\\broken.vhdx'\n";
    struct report r;

    model_full(&r);
    char *text = model_print(&r, "text", 80, false, true);
    assert_has(text, expected);
    free(text);
    report_free(&r);
}

static void test_colour(void **state)
{
    struct report r;

    model_full(&r);
    char *plain = model_print(&r, "text", 80, false, true);
    char *coloured = model_print(&r, "text", 80, true, true);
    assert_null(strchr(plain, '\033'));
    assert_has(coloured, "\033[31m!! \033[0m");
    char *to = coloured; /* nothing but the colours is different */
    for (const char *from = coloured; *from; from++) {
        if (*from == '\033')
            from = strchr(from, 'm');
        else
            *to++ = *from;
    }
    *to = '\0';
    assert_string_equal(coloured, plain);
    free(plain);
    free(coloured);
    report_free(&r);
}

static void test_deterministic(void **state)
{
    struct report r, same;

    model_full(&r);
    model_full(&same);
    for (size_t i = 0; report_formats()[i]; i++) {
        char *one = model_print(&r, report_formats()[i], 80, true, true);
        char *two = model_print(&same, report_formats()[i], 80, true, true);
        assert_string_equal(one, two);
        free(one);
        free(two);
    }
    report_free(&r);
    report_free(&same);
}

/* A healthy host is told so, and an empty one is not called healthy. */
static void test_nothing_wrong(void **state)
{
    struct report r = {0};

    host_init(&r.host);
    model_finish(&r);
    char *text = model_print(&r, "text", 80, false, true);
    assert_has(text, "VERDICT: no virtual disk was found");
    assert_null(strstr(text, "VERDICT: ok"));
    assert_null(strstr(text, "FINDINGS"));
    free(text);
    report_free(&r);

    r = (struct report){0};
    host_init(&r.host);
    model_node(&r, "");
    model_evidence(&r, "/ev", EVIDENCE_DIRECTORY, 0);
    size_t vm = model_machine(&r, "db", NULL);
    size_t disk = model_disk(&r, "/ev/db.vhdx", 4096, CLASS_ACTIVE);
    model_facts(&r, disk, DISK_FIXED);
    r.verdict.disks[disk].machine = vm;
    model_finish(&r);
    text = model_print(&r, "text", 80, false, true);
    assert_has(text, "VERDICT: ok");
    assert_has(text, "There is nothing to do.");
    assert_null(strstr(text, "Low confidence"));
    free(text);
    r.verdict.disks[disk].overlays = 1u << OVERLAY_LOW_CONFIDENCE;
    text = model_print(&r, "text", 80, false, true);
    assert_null(strstr(text, "There is nothing to do."));
    assert_has(text, "Low confidence: for 1 disk");
    assert_null(strstr(text, "missing: what a VM's chain needs"));
    free(text);
    r.verdict.disks[disk].lost_above = "D:\\VMs\\lost_1.avhdx";
    text = model_print(&r, "text", 80, false, true);
    assert_has(text, "missing: what a VM's chain needs at or below D:\\VMs\\lost_1.avhdx");
    free(text);
    report_free(&r);
}

/* A chain as deep as we follow one: each layer once, in order, and no line runs away. */
static void test_deep_chain(void **state)
{
    struct report r = {0};
    char path[64], label[64];

    host_init(&r.host);
    for (size_t i = 0; i < DISK_CHAIN_MAX; i++) {
        snprintf(path, sizeof(path), "/ev/layer%03zu.avhdx", i);
        size_t disk = model_disk(&r, path, 4096, CLASS_ABANDONED_CHAIN);
        if (disk > 0)
            model_parent(&r, disk, disk - 1);
    }
    model_finish(&r);
    char *text = model_print(&r, "text", 80, false, true);
    check_lines(text, 80);
    const char *at = strstr(text, "DISKS OF NO VM");
    for (size_t i = 0; i < DISK_CHAIN_MAX; i++) {
        snprintf(label, sizeof(label), "layer%03zu.avhdx", i);
        at = strstr(at, label);
        assert_non_null(at);
        assert_null(strstr(at + 1, label));
    }
    assert_has(line_with(text, "layer200.avhdx"), "(layer 201)");
    free(text);
    report_free(&r);
}

/* Cycles have no base and no end; each member is drawn once all the same. */
static void test_cycle(void **state)
{
    struct report r = {0};

    host_init(&r.host);
    for (size_t i = 0; i < 3; i++)
        model_disk(&r, (const char *[]){"/ev/a.avhdx", "/ev/b.avhdx", "/ev/c.avhdx"}[i], 1,
                   CLASS_ORPHAN_NO_PARENT);
    for (size_t i = 0; i < 3; i++) {
        model_parent(&r, i, (i + 1) % 3);
        r.verdict.disks[i].in_cycle = true;
    }
    size_t own = model_disk(&r, "/ev/d.avhdx", 1, CLASS_ORPHAN_NO_PARENT);
    model_parent(&r, own, own);
    model_finish(&r);
    char *text = model_print(&r, "text", 80, false, true);
    for (char name = 'a'; name <= 'd'; name++) {
        char file[] = {name, '.', 'a', 'v', 'h', 'd', 'x', '\0'};
        assert_has(text, file);
        assert_null(strstr(strstr(text, file) + 1, file));
    }
    assert_has(text, "its parents lead back to itself");
    free(text);
    report_free(&r);
}

/* A parent that is not there, or not the right one, stands in the tree as what is missing. */
static void test_lost_parents(void **state)
{
    struct report r = {0};

    host_init(&r.host);
    size_t base = model_disk(&r, "/ev/base.vhdx", 1, CLASS_BROKEN_CHAIN_PARENT);
    size_t child = model_disk(&r, "/ev/child.avhdx", 1, CLASS_ACTIVE);
    size_t lost = model_disk(&r, "/ev/lost.avhdx", 1, CLASS_ORPHAN_NO_PARENT);
    model_lost_parent(&r, child, "C:\\base.vhdx");
    r.verdict.disks[child].parent_state = PARENT_MISMATCHED;
    r.verdict.disks[child].parent = base;
    model_lost_parent(&r, lost, "D:\\gone\\away.vhdx");
    model_finish(&r);
    char *text = model_print(&r, "text", 80, false, true);
    assert_string_equal(line_with(text, "?   base.vhdx"),
                        "?   base.vhdx  parent, not as the child knew it");
    assert_string_equal(line_with(text, "away.vhdx"), "?   D:\\gone\\away.vhdx  parent, not found");
    assert_has(text, "└─ lost.avhdx");
    free(text);
    report_free(&r);
}

/* One base under two machines is drawn under both, each with its own branch; a disk of nobody is
 * drawn where it hangs. */
static void test_shared_base(void **state)
{
    struct report r = {0};

    host_init(&r.host);
    size_t one = model_machine(&r, "one", NULL), two = model_machine(&r, "two", NULL);
    size_t gold = model_disk(&r, "/ev/gold.vhdx", 1, CLASS_BASE);
    size_t first = model_disk(&r, "/ev/sub/first.vhdx", 1, CLASS_ACTIVE);
    size_t second = model_disk(&r, "/ev/sub/second.vhdx", 1, CLASS_ACTIVE);
    size_t stray = model_disk(&r, "/ev/sub/stray.avhdx", 1, CLASS_ORPHAN_EMPTY);
    r.verdict.disks[gold].machine = r.verdict.disks[first].machine = one;
    r.verdict.disks[second].machine = two;
    model_parent(&r, first, gold);
    model_parent(&r, second, gold);
    model_parent(&r, stray, second);
    model_chain(&r, one, first);
    model_chain(&r, two, second);
    model_chain(&r, HOST_NONE, stray);
    model_drive(&r, two, HOST_NONE, "C:\\second.vhdx", second);
    model_finish(&r);
    char *text = model_print(&r, "text", 80, false, true);
    const char *at_one = strstr(text, "VM one"), *at_two = strstr(text, "VM two");
    assert_true(at_one && at_two && at_two < at_one); /* two has the warning */
    assert_has(at_one, "gold.vhdx");
    assert_before(at_two, "gold.vhdx", "└─ second.vhdx");
    assert_before(at_two, "└─ second.vhdx", "└─ stray.avhdx");
    assert_has(line_with(at_two, "second.vhdx"), "in use");
    assert_before(at_one, "gold.vhdx", "└─ first.vhdx");
    assert_null(strstr(at_one, "second.vhdx"));
    assert_has(at_one, "in /ev/sub/");
    assert_null(strstr(text, "DISKS OF NO VM"));
    free(text);
    report_free(&r);
}

static void test_ambiguous_drive(void **state)
{
    struct report r = {0};

    host_init(&r.host);
    size_t vm = model_machine(&r, "vm", NULL);
    struct host_drive *d = model_drive(&r, vm, HOST_NONE, "C:\\a b\\disk.vhdx", HOST_NONE);
    d->match = MATCH_AMBIGUOUS;
    d->candidates = 3;
    size_t c = model_checkpoint(&r, vm, NULL, NULL);
    model_drive(&r, vm, c, "C:\\gone.avhdx", HOST_NONE)->folder_is_known = true;
    model_finish(&r);
    char *text = model_print(&r, "text", 80, false, true);
    assert_has(text, "disk of the VM: 3 files fit equally; tell which with --map\n"
                     "      C:\\a b\\disk.vhdx\n");
    assert_has(text, "disk of a checkpoint: not on this evidence, though its folder is\n"
                     "      C:\\gone.avhdx\n");
    free(text);
    report_free(&r);
}

/* Whatever a name holds, the terminal gets text, and the name can be read to its end. */
static void test_hostile_names(void **state)
{
    static const struct {
        const char *name, *shown;
    } names[] = {
        {"/ev/\x1b]0;title\a.vhdx", "\\x1B]0;title\\x07.vhdx"},
        {"/ev/new\nline\r.vhdx", "new\\x0Aline\\x0D.vhdx"},
        {"/ev/csi\xc2\x9b""2J.vhdx", "csi\\x9B2J.vhdx"},
        {"/ev/bad\xff\xfe.vhdx", "bad\\xFF\\xFE.vhdx"},
        {"/ev/turned\u202Exdhv.exe", "turned\\u202Exdhv.exe"},
        {"/ev/עברית.vhdx", "עברית.vhdx"},
        {"/ev/日本語のディスク.vhdx", "日本語のディスク.vhdx"},
    };
    struct report r = {0};
    char longest[301] = "";

    host_init(&r.host);
    size_t vm = model_machine(&r, "vm\x1b[2J\nname", NULL);
    model_checkpoint(&r, vm, "check\x1bpoint", NULL);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        size_t disk = model_disk(&r, names[i].name, 1, CLASS_UNATTACHED_DISK);
        model_finding(&r, "unattached-disk", SEVERITY_WARNING, disk, HOST_NONE, names[i].name);
        model_drive(&r, vm, 0, names[i].name, disk);
    }
    memcpy(longest, "/ev/", 4);
    memset(longest + 4, 'x', 296);
    model_disk(&r, longest, 1, CLASS_UNATTACHED_DISK);
    model_finish(&r);
    for (unsigned width = 40; width <= 80; width += 40) {
        char *text = model_print(&r, "text", width, false, true);
        check_lines(text, 310);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
            assert_has(text, names[i].shown);
        assert_has(text, longest + 4);
        assert_has(text, "VM vm\\x1B[2J\\x0Aname");
        free(text);
    }
    report_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_widths),        cmocka_unit_test(test_ascii),
        cmocka_unit_test(test_verdict_first), cmocka_unit_test(test_finding),
        cmocka_unit_test(test_colour),        cmocka_unit_test(test_deterministic),
        cmocka_unit_test(test_nothing_wrong), cmocka_unit_test(test_deep_chain),
        cmocka_unit_test(test_cycle),         cmocka_unit_test(test_lost_parents),
        cmocka_unit_test(test_shared_base),   cmocka_unit_test(test_ambiguous_drive),
        cmocka_unit_test(test_hostile_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
