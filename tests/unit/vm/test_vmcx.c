/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The container: what the writer makes is read back, and nothing that is broken goes unsaid. */
#include "vm_testing.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/crc.h"
#include "base/strbuf.h"
#include "vm/vmcx.h"
#include "vm/vmcx_format.h"
#include "vmcx_writer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const small[] = {
    "configuration/properties/name=string:Sérvér 日本",
    "configuration/properties/version=int:2304",
    "configuration/properties/creation_time=bytes:a76e45669e97d701",
    "configuration/properties/empty=string:",
    "configuration/numbers/negative=int:-5",
    "configuration/numbers/large=uint:18446744073709551615",
    "configuration/numbers/real=double:2.5",
    "configuration/numbers/yes=bool:true",
    "configuration/numbers/no=bool:false",
    "configuration/twins/guid=string:first",
    "configuration/twins/guid=string:second",
    "configuration/nothing=node:",
    "savedstate/VmVersion=int:2304",
    NULL,
};

/* A container in memory and what was read of it. */
struct fixture {
    uint8_t *bytes;
    size_t size;
    struct vmcx vmcx;
    struct notes notes;
};

static void build(struct fixture *f, const struct tree_node *root, const struct vmcx_recipe *recipe)
{
    *f = (struct fixture){0};
    assert_int_equal(vmcx_writer_build(root, recipe, &f->bytes, &f->size), 0);
}

static int parse(struct fixture *f)
{
    vmcx_free(&f->vmcx);
    notes_free(&f->notes);
    io_source *source = io_memory_new(f->bytes, f->size);
    assert_non_null(source);
    int r = vmcx_read(&f->vmcx, source, VMCX_ALL_VALUES, &f->notes);
    io_unref(source);
    return r;
}

static void drop(struct fixture *f)
{
    vmcx_free(&f->vmcx);
    notes_free(&f->notes);
    free(f->bytes);
}

static struct vmcx_object_disk *object_at(struct fixture *f, size_t slot)
{
    return (struct vmcx_object_disk *)(f->bytes + VMCX_OBJECT_TABLE_OFFSET +
                                       sizeof(struct vmcx_object_table_disk)) +
           slot;
}

static bool same_value(const struct tree_node *a, const struct tree_node *b)
{
    if (a->type != b->type || strcmp(a->name, b->name) != 0)
        return false;
    if (a->type == TREE_STRING || a->type == TREE_ARRAY)
        return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
    return a->type == TREE_NODE || a->value.uinteger == b->value.uinteger;
}

static size_t depth(const struct tree_node *node)
{
    size_t n = 0;

    while ((node = node->parent))
        n++;
    return n;
}

static bool same_tree(const struct tree_node *a, const struct tree_node *b)
{
    const struct tree_node *x = tree_next(a, a), *y = tree_next(b, b);

    for (; x && y; x = tree_next(a, x), y = tree_next(b, y))
        if (!same_value(x, y) || depth(x) != depth(y))
            return false;
    return x == y;
}

static struct tree_node *small_tree(void)
{
    struct tree_node *root = vm_tree_from_pairs(small);

    assert_non_null(root);
    return root;
}

/* Thousands of keys in many tables, large values, and names of every length. */
static struct tree_node *large_tree(void)
{
    struct tree_node *root = small_tree();
    char name[300], *large = malloc(10001);

    assert_non_null(large);
    memset(large, 'x', 10000);
    large[10000] = '\0';
    for (int i = 0; i < 2000; i++) {
        snprintf(name, sizeof(name), "configuration/many/group%d/value%d=string:%.*s", i / 100, i,
                 i % 90, large);
        assert_int_equal(vm_tree_add_pair(root, name), 0);
    }
    for (int i = 1; i < 255; i++) {
        snprintf(name, sizeof(name), "configuration/names/%.*s=int:%d", i, large, i);
        assert_int_equal(vm_tree_add_pair(root, name), 0);
    }
    for (int size = 1020; size <= 1027; size++) {
        CLEANUP_FREE char *pair = string_printf("configuration/long/s%d=string:%.*s", size, size, large);
        assert_int_equal(vm_tree_add_pair(root, pair), 0);
    }
    for (int i = 0; i < 20; i++) {
        CLEANUP_FREE char *pair = string_printf("configuration/long/f%d=string:%s", i, large + i);
        assert_int_equal(vm_tree_add_pair(root, pair), 0);
    }
    free(large);
    return root;
}

static void check_round_trip(const struct tree_node *root, const struct vmcx_recipe *recipe)
{
    struct fixture f;

    build(&f, root, recipe);
    assert_int_equal(parse(&f), 0);
    assert_healthy(&f.notes);
    assert_int_equal(f.notes.count, 0);
    assert_true(same_tree(root, f.vmcx.root));
    assert_int_equal(f.vmcx.journal, VM_JOURNAL_CLEAN);
    assert_int_equal(f.vmcx.journal_entries, 0);
    drop(&f);
}

static void test_round_trip(void **state)
{
    CLEANUP(tree) struct tree_node *few = small_tree();
    CLEANUP(tree) struct tree_node *many = large_tree();

    check_round_trip(few, NULL);
    check_round_trip(many, NULL);
    check_round_trip(many, &(struct vmcx_recipe){.objects_per_table = 4});
    check_round_trip(many, &(struct vmcx_recipe){.table_size = 16384});
    check_round_trip(many, &(struct vmcx_recipe){.leftovers = true});
    check_round_trip(few, &(struct vmcx_recipe){.version = 0x0300});
    check_round_trip(few, &(struct vmcx_recipe){.version = 0x0301});
}

static void test_values_left_in_file_objects(void **state)
{
    CLEANUP(tree) struct tree_node *many = large_tree();
    struct fixture f;

    build(&f, many, NULL);
    io_source *source = io_memory_new(f.bytes, f.size);
    assert_int_equal(vmcx_read(&f.vmcx, source, VMCX_INLINE_VALUES, &f.notes), 0);
    const struct tree_node *node = tree_find(f.vmcx.root, "configuration/long/f0");
    assert_null(node->bytes);
    assert_int_equal(node->size, 20000);
    CLEANUP_FREE char *text = tree_value_text(node);
    assert_string_equal(text, "(20000 bytes, not read)");
    assert_null(tree_string(f.vmcx.root, "configuration/long/f0"));
    io_unref(source);
    drop(&f);
}

static void test_lookup(void **state)
{
    CLEANUP(tree) struct tree_node *root = small_tree();

    assert_string_equal(tree_string(root, "CONFIGURATION/Properties/NAME"), "Sérvér 日本");
    assert_string_equal(tree_string(root, "configuration/twins/guid"), "first");
    assert_null(tree_find(root, "configuration/none/guid"));
    assert_null(tree_string(root, "configuration/properties/version"));
    assert_ptr_equal(tree_find(root, ""), root);
    assert_null(tree_child(root, "properties"));
}

/* ---- the replay log ---- */

static void check_journal(const struct vmcx_recipe *recipe, const struct tree_node *expected,
                          enum vm_journal journal, const char *rule)
{
    CLEANUP(tree) struct tree_node *after = large_tree();
    struct fixture f;

    build(&f, after, recipe);
    assert_int_equal(parse(&f), 0);
    assert_int_equal(f.vmcx.journal, journal);
    assert_true(same_tree(f.vmcx.root, expected ? expected : after));
    assert_has_note(&f.notes, rule);
    if (journal == VM_JOURNAL_REPLAYED) {
        assert_healthy(&f.notes);
        assert_true(f.vmcx.journal_entries > 1);
    } else {
        assert_int_equal(notes_worst(&f.notes), SEVERITY_PROBLEM);
        assert_has_note(&f.notes, "VMCX-JOURNAL-UNREADABLE");
    }
    drop(&f);
}

static void test_journal(void **state)
{
    CLEANUP(tree) struct tree_node *before = small_tree();
    struct vmcx_recipe recipe = {.before = before};

    check_journal(&recipe, NULL, VM_JOURNAL_REPLAYED, "VMCX-JOURNAL-REPLAYED");
    recipe.leftovers = true;
    check_journal(&recipe, NULL, VM_JOURNAL_REPLAYED, "VMCX-JOURNAL-REPLAYED");
    recipe.damage = VMCX_DAMAGE_LOG_ENTRY;
    check_journal(&recipe, before, VM_JOURNAL_UNREADABLE, "VMCX-JOURNAL-ENTRY");
    recipe.damage = VMCX_DAMAGE_LOG_DATA;
    check_journal(&recipe, before, VM_JOURNAL_UNREADABLE, "VMCX-JOURNAL-ENTRY");
    recipe.damage = VMCX_DAMAGE_LOG_HEADER;
    check_journal(&recipe, before, VM_JOURNAL_UNREADABLE, "VMCX-JOURNAL-HEADER");
}

/* Pending entries may lie anywhere; these are changed and their checksums made right again. */
struct journal_case {
    const char *what;
    uint64_t offset, data_offset;
    uint32_t size;
};

static void test_journal_entries_out_of_bounds(void **state)
{
    static const struct journal_case cases[] = {
        {"data in the log's header", 8192, 34, 16},
        {"data behind the log", 8192, 1 << 30, 16},
        {"data behind the end of the number", 8192, UINT64_MAX - 7, 16},
        {"destination behind the end of the number", UINT64_MAX - 7, 4096, 16},
        {"destination far behind the file", (uint64_t)1 << 40, 4096, 16},
        {"more than there is", 8192, 4096, UINT32_MAX},
    };
    CLEANUP(tree) struct tree_node *before = small_tree();
    CLEANUP(tree) struct tree_node *after = large_tree();

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        build(&f, after, &(struct vmcx_recipe){.before = before});
        uint64_t log = load_le64(f.bytes + offsetof(struct vmcx_header_disk, log_offset));
        struct vmcx_log_entry_disk *entry =
            (struct vmcx_log_entry_disk *)(f.bytes + log + sizeof(struct vmcx_log_disk));
        store_le64(&entry->offset, cases[i].offset);
        store_le64(&entry->data_offset, cases[i].data_offset);
        store_le32(&entry->size, cases[i].size);
        store_le32(&entry->checksum,
                   crc32_zeroed(entry, sizeof(*entry),
                                offsetof(struct vmcx_log_entry_disk, checksum)));
        assert_int_equal(parse(&f), 0);
        if (f.vmcx.journal != VM_JOURNAL_UNREADABLE)
            print_error("%s\n", cases[i].what);
        assert_int_equal(f.vmcx.journal, VM_JOURNAL_UNREADABLE);
        assert_true(same_tree(f.vmcx.root, before));
        drop(&f);
    }
}

/* ---- damage ---- */

static void test_damage(void **state)
{
    static const struct {
        unsigned damage;
        const char *rule;
        enum severity severity;
    } cases[] = {
        {VMCX_DAMAGE_HEADER_1, "VMCX-HEADER-CHECKSUM", SEVERITY_WARNING},
        {VMCX_DAMAGE_HEADER_2, "VMCX-HEADER-CHECKSUM", SEVERITY_WARNING},
        {VMCX_DAMAGE_HEADER_1 | VMCX_DAMAGE_HEADER_2, "VMCX-HEADER-CHECKSUM", SEVERITY_PROBLEM},
        {VMCX_DAMAGE_SEQUENCE, "VMCX-HEADER-SEQUENCE", SEVERITY_PROBLEM},
        {VMCX_DAMAGE_OBJECT, "VMCX-OBJECT-CHECKSUM", SEVERITY_PROBLEM},
        {VMCX_DAMAGE_KEY_TABLE, "VMCX-KEY-TABLE-CHECKSUM", SEVERITY_PROBLEM},
        {VMCX_DAMAGE_KEY, "VMCX-KEY-CHECKSUM", SEVERITY_PROBLEM},
        {VMCX_DAMAGE_LOG_HEADER, "VMCX-JOURNAL-HEADER", SEVERITY_PROBLEM},
    };
    CLEANUP(tree) struct tree_node *root = small_tree();

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        build(&f, root, &(struct vmcx_recipe){.damage = cases[i].damage});
        assert_int_equal(parse(&f), 0);
        assert_has_note(&f.notes, cases[i].rule);
        assert_int_equal(notes_worst(&f.notes), cases[i].severity);
        assert_true(same_tree(root, f.vmcx.root)); /* only checksums are wrong: nothing is lost */
        bool headless = cases[i].damage == (VMCX_DAMAGE_HEADER_1 | VMCX_DAMAGE_HEADER_2);
        if (headless || cases[i].damage == VMCX_DAMAGE_LOG_HEADER)
            assert_int_equal(f.vmcx.journal, VM_JOURNAL_UNREADABLE);
        drop(&f);
    }
}

static void check_version(uint32_t version, unsigned damage, int result, const char *rule)
{
    CLEANUP(tree) struct tree_node *root = small_tree();
    struct fixture f;

    build(&f, root, &(struct vmcx_recipe){.version = version, .damage = damage});
    assert_int_equal(parse(&f), result);
    if (rule)
        assert_has_note(&f.notes, rule);
    else
        assert_healthy(&f.notes);
    drop(&f);
}

static void test_versions(void **state)
{
    check_version(0x0100, 0, -ENOTSUP, "VMCX-VERSION");
    check_version(0x02FF, 0, -ENOTSUP, "VMCX-VERSION");
    check_version(0x0300, VMCX_DAMAGE_OBJECT, 0, NULL);
    check_version(0x0301, VMCX_DAMAGE_OBJECT, 0, "VMCX-OBJECT-CHECKSUM");
    check_version(0x0500, 0, 0, "VMCX-VERSION");
}

/*
 * Any one byte changed: it is said, or it does not matter. Bytes that nothing reads (padding, a
 * free entry's filling, slack) don't; all others are under a checksum or a rule, but for the
 * content of file objects, which the format leaves bare.
 */
static void flip_all(struct fixture *f, const struct tree_node *root, uint8_t bits)
{
    uint64_t file_object = load_le64(&object_at(f, 1)->offset);

    for (size_t i = 0; i < f->size; i++) {
        if (f->bytes[i] == 0 && i % 64 != 0 && i > 8192 && f->bytes[i - 1] == 0)
            continue; /* long runs of zeros: one in 64 is enough */
        if (i >= file_object && i < file_object + 4096)
            continue;
        f->bytes[i] ^= bits;
        int r = parse(f);
        bool said = r < 0 || notes_worst(&f->notes) >= SEVERITY_WARNING;
        if (!said && !same_tree(root, f->vmcx.root))
            print_error("byte 0x%zx changed by 0x%02x: nothing said\n", i, bits);
        assert_true(said || same_tree(root, f->vmcx.root));
        assert_true(r == 0 || f->notes.count > 0);
        f->bytes[i] ^= bits;
    }
}

static void test_flips(void **state)
{
    CLEANUP(tree) struct tree_node *root = small_tree();
    CLEANUP(tree) struct tree_node *before = small_tree();
    CLEANUP_FREE char *large = calloc(1, 6000);
    struct fixture f;

    strcpy(large, "configuration/large=bytes:");
    memset(large + strlen(large), '7', 2 * 2100);
    assert_int_equal(vm_tree_add_pair(root, large), 0);
    build(&f, root, NULL);
    flip_all(&f, root, 0x01);
    flip_all(&f, root, 0x80);
    flip_all(&f, root, 0xFF);
    drop(&f);

    build(&f, root, &(struct vmcx_recipe){.before = before});
    flip_all(&f, root, 0x02);
    drop(&f);
}

/* A file that was cut off: what is left is read, and the loss is said. */
static void test_truncation(void **state)
{
    CLEANUP(tree) struct tree_node *root = small_tree();
    struct fixture f;

    build(&f, root, &(struct vmcx_recipe){.table_size = 16384});
    size_t whole = f.size;
    uint64_t log = load_le64(f.bytes + offsetof(struct vmcx_header_disk, log_offset));
    for (f.size = 0; f.size < whole; f.size += f.size % 4096 < 64 || f.size % 4096 > 4032 ? 1 : 61) {
        int r = parse(&f);
        assert_true(r == 0 || r == -EBADMSG);
        if (f.size < log + sizeof(struct vmcx_log_disk))
            assert_true(notes_worst(&f.notes) >= SEVERITY_PROBLEM);
        else
            assert_true(r == 0 && same_tree(root, f.vmcx.root));
    }
    drop(&f);
}

static void test_no_container(void **state)
{
    struct fixture f = {.bytes = calloc(1, 65536), .size = 0};
    uint32_t random = 1;

    assert_non_null(f.bytes);
    assert_int_equal(parse(&f), -EBADMSG);
    f.size = 65536;
    assert_int_equal(parse(&f), -EBADMSG);
    for (size_t i = 0; i < f.size; i++)
        f.bytes[i] = (uint8_t)((random = random * 1664525 + 1013904223) >> 24);
    assert_int_equal(parse(&f), -EBADMSG);
    assert_has_note(&f.notes, "VMCX-HEADER-SIGNATURE");
    store_le32(f.bytes, VMCX_HEADER_SIGNATURE);
    assert_int_equal(parse(&f), -EBADMSG);
    assert_has_note(&f.notes, "VMCX-HEADER-CHECKSUM");
    assert_has_note(&f.notes, "VMCX-OBJECT-TABLE");
    drop(&f);
}

/* ---- structures that are valid one by one and make no sense together ---- */

static void set_object(struct fixture *f, size_t slot, uint8_t type, uint64_t offset, uint32_t size)
{
    struct vmcx_object_disk *entry = object_at(f, slot);

    entry->type = type;
    store_le64(&entry->offset, offset);
    store_le32(&entry->size, size);
    store_le32(&entry->checksum, crc32_zeroed(entry, sizeof(*entry),
                                              offsetof(struct vmcx_object_disk, checksum)));
}

static void test_object_loops(void **state)
{
    CLEANUP(tree) struct tree_node *root = small_tree();
    struct fixture f;

    build(&f, root, NULL);
    set_object(&f, 226, VMCX_OBJECT_TABLE, VMCX_OBJECT_TABLE_OFFSET, 4096);
    assert_int_equal(parse(&f), 0);
    assert_has_note(&f.notes, "VMCX-OBJECT-LOOP");
    assert_true(same_tree(root, f.vmcx.root));

    set_object(&f, 226, VMCX_OBJECT_TABLE, 12288, 4096); /* no table there */
    assert_int_equal(parse(&f), 0);
    assert_has_note(&f.notes, "VMCX-OBJECT-TABLE");
    assert_true(same_tree(root, f.vmcx.root));

    static const uint64_t nowhere[] = {0, 4096, UINT64_MAX};
    for (size_t i = 0; i < ARRAY_SIZE(nowhere); i++) {
        set_object(&f, 226, VMCX_OBJECT_TABLE, nowhere[i], 4096);
        assert_int_equal(parse(&f), 0);
        assert_has_note(&f.notes, "VMCX-OBJECT-RANGE");
        assert_true(same_tree(root, f.vmcx.root));
    }

    set_object(&f, 225, VMCX_OBJECT_TABLE, VMCX_OBJECT_TABLE_OFFSET, 4096);
    set_object(&f, 226, VMCX_OBJECT_TABLE, VMCX_OBJECT_TABLE_OFFSET, 4096);
    assert_int_equal(parse(&f), 0);
    assert_has_note(&f.notes, "VMCX-OBJECT-TABLE");

    set_object(&f, 225, 200, 0, 0);
    set_object(&f, 226, VMCX_OBJECT_EMPTY, 0, 0);
    assert_int_equal(parse(&f), 0);
    assert_has_note(&f.notes, "VMCX-OBJECT-TYPE");
    drop(&f);
}

static void test_object_table_that_lies_about_its_count(void **state)
{
    CLEANUP(tree) struct tree_node *root = large_tree();
    static const uint32_t counts[] = {0, 1, 5, 65536, 65537, UINT32_MAX};
    struct fixture f;

    build(&f, root, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
        store_le32(f.bytes + VMCX_OBJECT_TABLE_OFFSET + 4, counts[i]);
        int r = parse(&f);
        assert_true(r == 0 || r == -EBADMSG);
        assert_int_equal(notes_worst(&f.notes), SEVERITY_PROBLEM);
    }
    drop(&f);
}

static void test_key_table_twice(void **state)
{
    CLEANUP(tree) struct tree_node *root = small_tree();
    struct fixture f;

    build(&f, root, NULL);
    uint64_t table = load_le64(&object_at(&f, 0)->offset), copy = f.size;
    f.bytes = realloc(f.bytes, f.size += 4096);
    assert_non_null(f.bytes);
    memcpy(f.bytes + copy, f.bytes + table, 4096);
    struct vmcx_key_table_disk *head = (struct vmcx_key_table_disk *)(f.bytes + table);
    head->sequence.b[0] = 0; /* the one in use becomes the older one, and loses its keys */
    store_le32(&head->checksum, crc32_zeroed(head, sizeof(*head),
                                             offsetof(struct vmcx_key_table_disk, checksum)));
    memset(head + 1, 0, 4086);
    set_object(&f, 1, VMCX_OBJECT_KEY_TABLE, copy, 4096);
    assert_int_equal(parse(&f), 0);
    assert_has_note(&f.notes, "VMCX-KEY-TABLE-DUPLICATE");
    assert_true(same_tree(root, f.vmcx.root));
    drop(&f);
}

/* The entry of the key with that name, in the only key table. */
static struct vmcx_key_disk *key_named(struct fixture *f, const char *name)
{
    uint64_t at = load_le64(&object_at(f, 0)->offset) + sizeof(struct vmcx_key_table_disk);

    for (;;) {
        struct vmcx_key_disk *key = (struct vmcx_key_disk *)(f->bytes + at);
        assert_true(key->type != VMCX_KEY_FREE);
        if (strcmp((const char *)(key + 1), name) == 0)
            return key;
        at += get_le32(key->size);
    }
}

static void seal_key(struct vmcx_key_disk *key, size_t value)
{
    store_le32(&key->checksum, crc32_zeroed(key, sizeof(*key) + key->name_size + value,
                                            offsetof(struct vmcx_key_disk, checksum)));
}

static uint32_t offset_in_table(struct fixture *f, const struct vmcx_key_disk *key)
{
    return (uint32_t)((const uint8_t *)key - f->bytes - load_le64(&object_at(f, 0)->offset));
}

static void set_parent(struct vmcx_key_disk *key, uint16_t table, uint32_t offset)
{
    store_le16(&key->parent_table, table);
    store_le32(&key->parent_offset, offset);
    seal_key(key, 12);
}

static void test_parents(void **state)
{
    CLEANUP(tree) struct tree_node *root = small_tree();
    struct fixture f;

    build(&f, root, NULL);
    struct vmcx_key_disk *configuration = key_named(&f, "configuration");
    struct vmcx_key_disk *properties = key_named(&f, "properties");
    struct vmcx_key_disk *twins = key_named(&f, "twins");

    set_parent(properties, 7, 10); /* no such table */
    assert_int_equal(parse(&f), 0);
    assert_has_note(&f.notes, "VMCX-KEY-PARENT");
    assert_null(tree_find(f.vmcx.root, "configuration/properties"));
    assert_non_null(tree_find(f.vmcx.root, "configuration/numbers/yes"));

    set_parent(properties, 1, offset_in_table(&f, configuration) + 1); /* the middle of a key */
    assert_int_equal(parse(&f), 0);
    assert_has_note(&f.notes, "VMCX-KEY-PARENT");

    set_parent(properties, 1, offset_in_table(&f, key_named(&f, "yes"))); /* a value */
    assert_int_equal(parse(&f), 0);
    assert_has_note(&f.notes, "VMCX-KEY-PARENT");

    set_parent(properties, 1, offset_in_table(&f, twins)); /* each other's child */
    set_parent(twins, 1, offset_in_table(&f, properties));
    assert_int_equal(parse(&f), 0);
    assert_has_note(&f.notes, "VMCX-KEY-CYCLE");
    assert_null(tree_find(f.vmcx.root, "configuration/properties"));
    assert_non_null(tree_find(f.vmcx.root, "configuration/numbers/yes"));

    set_parent(configuration, 1, offset_in_table(&f, configuration)); /* its own child */
    assert_int_equal(parse(&f), 0);
    assert_has_note(&f.notes, "VMCX-KEY-CYCLE");
    assert_null(tree_child(f.vmcx.root, "configuration"));
    assert_non_null(tree_find(f.vmcx.root, "savedstate/VmVersion"));
    drop(&f);
}

static void test_depth(void **state)
{
    CLEANUP(strbuf) struct strbuf pair = {0};
    CLEANUP(tree) struct tree_node *root = small_tree();
    struct fixture f;

    for (int i = 1; i < 200; i++)
        strbuf_printf(&pair, "n%d/", i);
    strbuf_append(&pair, "leaf=int:1");
    assert_int_equal(vm_tree_add_pair(root, strbuf_text(&pair)), 0);
    build(&f, root, NULL);
    assert_int_equal(parse(&f), 0);
    assert_has_note(&f.notes, "VMCX-KEY-CYCLE");
    size_t deepest = 0;
    for (const struct tree_node *n = f.vmcx.root; (n = tree_next(f.vmcx.root, n));)
        deepest = depth(n) > deepest ? depth(n) : deepest;
    assert_int_equal(deepest, TREE_DEPTH_MAX);
    drop(&f);
}

/* One key changed at a time, its checksum made right: the rules behind the checksum. */
static void test_keys(void **state)
{
    CLEANUP(tree) struct tree_node *root = small_tree();
    struct fixture f;

    build(&f, root, NULL);
    struct vmcx_key_disk *version = key_named(&f, "version");
    uint8_t *name = (uint8_t *)(version + 1);

    name[0] = 0xFF;
    seal_key(version, 8);
    assert_int_equal(parse(&f), 0);
    assert_has_note(&f.notes, "VMCX-KEY-NAME");
    assert_non_null(tree_find(f.vmcx.root, "configuration/properties/\\xFFersion"));

    name[0] = '\0';
    seal_key(version, 8);
    assert_int_equal(parse(&f), 0);
    assert_has_note(&f.notes, "VMCX-KEY-NAME");
    name[0] = 'v';

    version->type = 2;
    seal_key(version, 8);
    assert_int_equal(parse(&f), 0);
    assert_has_note(&f.notes, "VMCX-KEY-TYPE");
    assert_null(tree_find(f.vmcx.root, "configuration/properties/version"));
    version->type = VMCX_KEY_INT;

    version->flags = VMCX_KEY_IN_FILE_OBJECT; /* a number is never in a file object */
    seal_key(version, 12);
    assert_int_equal(parse(&f), 0);
    assert_has_note(&f.notes, "VMCX-KEY-DATA");
    version->flags = VMCX_KEY_SUBCOMPONENT | VMCX_KEY_CHANGE_TRACKING; /* mean nothing to us */
    seal_key(version, 8);
    assert_int_equal(parse(&f), 0);
    assert_healthy(&f.notes);

    struct vmcx_key_disk *text = key_named(&f, "name");
    uint8_t *length = (uint8_t *)(text + 1) + text->name_size;
    uint32_t real = load_le32(length);
    static const uint32_t lengths[] = {UINT32_MAX, UINT32_MAX - 3, 4096};
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        store_le32(length, lengths[i]);
        assert_int_equal(parse(&f), 0);
        assert_has_note(&f.notes, "VMCX-KEY-DATA");
    }
    store_le32(length, real - 1);
    seal_key(text, 4 + real - 1);
    assert_int_equal(parse(&f), 0);
    assert_has_note(&f.notes, "VMCX-KEY-STRING");

    uint32_t size = get_le32(text->size);
    static const uint32_t sizes[] = {0, 20, 21, 4097, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        store_le32(&text->size, sizes[i]);
        assert_int_equal(parse(&f), 0);
        assert_has_note(&f.notes, "VMCX-KEY-SIZE");
    }
    store_le32(&text->size, size);
    drop(&f);
}

static void test_file_objects(void **state)
{
    CLEANUP(tree) struct tree_node *root = tree_new("", 0, TREE_NODE);
    CLEANUP_FREE char *pair = calloc(1, 6000);
    struct fixture f;

    strcpy(pair, "large=bytes:");
    memset(pair + strlen(pair), '7', 2 * 2100);
    assert_int_equal(vm_tree_add_pair(root, pair), 0);
    build(&f, root, NULL);
    struct vmcx_key_disk *key = key_named(&f, "large");
    uint8_t *value = (uint8_t *)(key + 1) + key->name_size;
    uint64_t place = load_le64(value + 4);

    set_object(&f, 1, VMCX_OBJECT_FREE, place, 4096);
    assert_int_equal(parse(&f), 0);
    assert_has_note(&f.notes, "VMCX-FILE-OBJECT"); /* in no table, but there */
    assert_true(same_tree(root, f.vmcx.root));

    store_le64(value + 4, f.size - 100);
    seal_key(key, 12);
    assert_int_equal(parse(&f), 0);
    assert_has_note(&f.notes, "VMCX-FILE-OBJECT");
    assert_null(tree_child(f.vmcx.root, "large")->bytes);

    store_le64(value + 4, UINT64_MAX - 4);
    seal_key(key, 12);
    assert_int_equal(parse(&f), 0);
    assert_has_note(&f.notes, "VMCX-FILE-OBJECT");

    f.bytes = realloc(f.bytes, f.size = 20 * MIB);
    assert_non_null(f.bytes);
    key = key_named(&f, "large");
    value = (uint8_t *)(key + 1) + key->name_size;
    store_le32(value, 17 * MIB);
    store_le64(value + 4, 0);
    seal_key(key, 12);
    assert_int_equal(parse(&f), 0);
    assert_has_note(&f.notes, "VMCX-LIMIT");
    drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_values_left_in_file_objects),
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_journal),
        cmocka_unit_test(test_journal_entries_out_of_bounds),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_flips),
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_no_container),
        cmocka_unit_test(test_object_loops),
        cmocka_unit_test(test_object_table_that_lies_about_its_count),
        cmocka_unit_test(test_key_table_twice),
        cmocka_unit_test(test_parents),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_file_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
