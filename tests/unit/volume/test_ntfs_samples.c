/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Real volumes and such as ntfs-3g made: our list, and that of deleted files, against those of fls,
 * our content against that of icat. */
#include "../testing.h"
#include "../temporary.h"

#include "ntfs_samples.h"
#include "sample_volumes.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/vector.h"
#include "volume/ntfs_tree.h"
#include "volume/ntfs_volume.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct file {
    char *path;
    bool directory;
    uint64_t number, size, id;
};
typedef VECTOR(struct file) files;

static void files_free(files *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].path);
    vector_free(list);
}

static int keep(void *user, const struct volume_entry *entry)
{
    struct file *file = vector_push((files *)user);

    assert_non_null(file);
    *file = (struct file){
        .path = strdup(entry->path),
        .directory = entry->type == VOLUME_DIRECTORY,
        .number = entry->id & 0xFFFFFFFFFFFF,
        .size = entry->size,
        .id = entry->id,
    };
    return 0;
}

static void refuse(void *user, const char *path, const char *reason)
{
    fail_msg("%s: %s", path, reason);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

/* "r/r 30-128-1:\tname\tmtime\tatime\tctime\tcrtime\tsize\tuid\tgid": files in use that are
 * no files of the volume itself and no further streams. */
static bool parse_fls(char *line, struct file *file)
{
    char *fields[9], *rest = line;
    size_t n = 0;

    while (n < ARRAY_SIZE(fields) && (fields[n] = strsep(&rest, "\t")))
        n++;
    if (n < 7 || strchr(fields[0], '*') || strchr(fields[1], ':') || line[0] == 'V')
        return false;
    file->directory = line[0] == 'd';
    file->number = strtoull(strchr(fields[0], ' '), NULL, 10);
    file->size = strtoull(fields[6], NULL, 10);
    if (file->number < 16 || strncmp(fields[1], "$Extend/", 8) == 0)
        return false;
    file->path = strdup(fields[1]);
    return true;
}

static void list_by_fls(const char *image, uint64_t sector, files *list)
{
    FILE *lines = run("fls -r -p -l -o %" PRIu64 " '%s'", sector, image);
    char line[4096];

    while (fgets(line, sizeof(line), lines)) {
        struct file file;
        if (!parse_fls(line, &file))
            continue;
        *(struct file *)vector_push(list) = file;
    }
    pclose(lines);
    if (list->count > 0)
        qsort(list->items, list->count, sizeof(*list->items), by_path);
}

static void compare_lists(const files *ours, const files *theirs)
{
    for (size_t i = 0; i < ours->count && i < theirs->count; i++) {
        const struct file *a = &ours->items[i], *b = &theirs->items[i];
        assert_string_equal(a->path, b->path);
        assert_int_equal(a->number, b->number);
        assert_int_equal(a->directory, b->directory);
        if (!a->directory)
            assert_int_equal(a->size, b->size);
    }
    assert_int_equal(ours->count, theirs->count);
}

static void compare_content(io_source *ours, FILE *theirs)
{
    static char a[1 << 16], b[1 << 16];
    uint64_t offset = 0;
    size_t n;

    while ((n = fread(b, 1, sizeof(b), theirs)) > 0) {
        assert_int_equal(io_read(ours, offset, a, n), 0);
        assert_memory_equal(a, b, n);
        offset += n;
    }
    assert_int_equal(offset, io_size(ours));
}

static void compare_contents(struct volume *volume, const char *image, uint64_t sector,
                             const files *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct file *file = &list->items[i];
        io_source *source = NULL;
        if (file->directory) {
            assert_int_equal(volume_open(volume, file->path, file->id, &source), -EISDIR);
            continue;
        }
        assert_int_equal(volume_open(volume, file->path, file->id, &source), 0);
        FILE *theirs = run("icat -o %" PRIu64 " '%s' %" PRIu64, sector, image, file->number);
        compare_content(source, theirs);
        pclose(theirs);
        io_unref(source);
        assert_int_equal(volume_open(volume, file->path, file->id + (1ull << 48), &source),
                         -ESTALE);
    }
}

static void check_volume(void *user, const struct sample_volume *sample)
{
    files ours = {0}, theirs = {0};
    struct notes notes = {0};
    struct volume *volume;

    assert_int_equal(ntfs_volume_open(&volume, sample->source, "x!/", &notes), 0);
    assert_int_equal(notes.count, 0);
    assert_int_equal(volume_walk(volume, keep, refuse, &ours), 0);
    for (size_t i = 1; i < ours.count; i++)
        assert_true(strcmp(ours.items[i - 1].path, ours.items[i].path) < 0);
    printf("%s: %zu entries\n", sample->name, ours.count);
    if (have_program("fls")) {
        list_by_fls(sample->raw, sample->sector, &theirs);
        compare_lists(&ours, &theirs);
        compare_contents(volume, sample->raw, sample->sector, &ours);
    } else {
        printf("skipped: no fls to compare with\n");
    }
    files_free(&ours);
    files_free(&theirs);
    volume_close(volume);
}

static void test_samples(void **state)
{
    each_sample_volume(check_volume, NULL);
}

/* ---- deleted files ---- */

static bool want_all(void *user, const struct ntfs_file *file, const char *name)
{
    return true;
}

static void list_deleted(const struct ntfs_tree *tree, files *list)
{
    for (size_t i = 0; i < tree->links.count; i++) {
        const struct ntfs_link *link = &tree->links.items[i];
        const struct ntfs_file *found = &tree->files.items[link->file];
        struct strbuf path = {0};
        if (found->in_use)
            continue;
        if (!ntfs_tree_path(tree, link, &path)) { /* as fls calls what it finds no folder of */
            strbuf_free(&path);
            strbuf_printf(&path, "$OrphanFiles/%s", ntfs_tree_text(tree, link->name));
        }
        struct file *file = vector_push(list);
        assert_non_null(file);
        *file = (struct file){.path = strbuf_steal(&path),
                              .directory = found->directory,
                              .number = ntfs_number(found->reference)};
    }
}

/* A record that was reserved or wiped: it holds no name, and nothing tells what it was. */
static bool has_no_name(const struct ntfs_tree *tree, const struct file *file)
{
    for (size_t i = 0; i < tree->links.count; i++)
        if (ntfs_number(tree->links.items[i].owner) == file->number)
            return false;
    return strstr(file->path, "/OrphanFile-") != NULL;
}

/* A name left in a folder's index, while the record is another file's: of the deleted one $MFT
 * holds nothing. */
static bool is_another_file_now(const struct ntfs_tree *tree, const struct file *file)
{
    for (size_t i = 0; i < tree->links.count; i++) {
        const struct ntfs_link *link = &tree->links.items[i];
        if (ntfs_number(link->owner) == file->number && tree->files.items[link->file].in_use)
            return strstr(file->path, " (realloc)") != NULL;
    }
    return false;
}

/* What fls lists as deleted and we don't, and when that is right. */
static const struct {
    const char *why;
    bool (*is_so)(const struct ntfs_tree *, const struct file *);
} fls_alone[] = {
    {"has no name", has_no_name},
    {"is another file now", is_another_file_now},
};

/* "-/r * 452-128-2:\tgone/file" */
static void list_deleted_by_fls(const struct sample_volume *sample, const struct ntfs_tree *tree,
                                files *list)
{
    FILE *lines = run("fls -r -d -p -o %" PRIu64 " '%s'", sample->sector, sample->raw);
    char line[4096], type;

    while (fgets(line, sizeof(line), lines)) {
        struct file file = {0};
        char *path = strchr(line, '\t');
        const char *why = NULL;
        assert_non_null(path);
        assert_int_equal(sscanf(line, "%*c/%c * %" SCNu64, &type, &file.number), 2);
        path[strcspn(path, "\n")] = '\0';
        file.path = strdup(path + 1);
        file.directory = type == 'd';
        for (size_t i = 0; i < ARRAY_SIZE(fls_alone); i++)
            if (fls_alone[i].is_so(tree, &file))
                why = fls_alone[i].why;
        if (why)
            free(file.path);
        else
            *(struct file *)vector_push(list) = file;
    }
    pclose(lines);
}

static void compare_deleted(const files *ours, const files *theirs)
{
    for (size_t i = 0; i < ours->count && i < theirs->count; i++) {
        assert_string_equal(ours->items[i].path, theirs->items[i].path);
        assert_int_equal(ours->items[i].number, theirs->items[i].number);
        assert_int_equal(ours->items[i].directory, theirs->items[i].directory);
    }
    assert_int_equal(ours->count, theirs->count);
}

static int by_path_and_number(const void *a, const void *b)
{
    const struct file *x = a, *y = b;
    int order = strcmp(x->path, y->path);

    return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

static void sort(files *list)
{
    if (list->count > 0)
        qsort(list->items, list->count, sizeof(*list->items), by_path_and_number);
}

static void check_deleted(void *user, const struct sample_volume *sample)
{
    files ours = {0}, theirs = {0};
    struct ntfs_tree tree = {0};
    struct ntfs ntfs;

    assert_int_equal(ntfs_open(&ntfs, sample->source, NULL), 0);
    assert_int_equal(ntfs_tree_build(&tree, &ntfs, want_all, NULL), 0);
    list_deleted(&tree, &ours);
    list_deleted_by_fls(sample, &tree, &theirs);
    sort(&ours);
    sort(&theirs);
    compare_deleted(&ours, &theirs);
    printf("%s: %zu deleted names\n", sample->name, ours.count);
    *(size_t *)user += ours.count;
    files_free(&ours);
    files_free(&theirs);
    ntfs_tree_free(&tree);
    ntfs_close(&ntfs);
}

static void test_deleted(void **state)
{
    size_t deleted = 0;

    if (!have_program("fls")) {
        print_message("skipped: no fls to compare with\n");
        skip();
    }
    each_sample_volume(check_deleted, &deleted);
}

static void test_made_deleted(void **state)
{
    size_t deleted = 0;

    if (!have_program("fls") || !make_ntfs("made", "")) {
        print_message("skipped: no fls, or no volume can be made and mounted here\n");
        skip();
    }
    assert_int_equal(each_volume_of("made", "mkntfs", check_deleted, &deleted), 1);
    assert_true(deleted > 50);
    assert_int_equal(each_volume_of("made", "mkntfs", check_volume, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_samples, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_deleted, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_made_deleted, temporary_enter, temporary_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
