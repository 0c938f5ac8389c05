/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* A disk of a recipe: its sensible defaults, and how the recipe's words become the writers'. */
#include "mkhost.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "vhd_writer.h"
#include "vhdx_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct word {
    const char *word;
    unsigned value;
};

static unsigned value_of(const struct recipe *recipe, const struct word *words, size_t count,
                         const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i].word, word) == 0)
            return words[i].value;
    fail(recipe, "\"%s\" is no word for a disk", word);
}
#define VALUE_OF(recipe, words, word) value_of(recipe, words, ARRAY_SIZE(words), word)

static const struct word states[] = {
    {"absent", BLOCK_NOT_PRESENT},
    {"undefined", BLOCK_UNDEFINED},
    {"zero", BLOCK_ZERO},
    {"unmapped", BLOCK_UNMAPPED},
    {"full", BLOCK_FULLY_PRESENT},
    {"partial", BLOCK_PARTIALLY_PRESENT},
    {"reserved-4", 4},
    {"reserved-5", 5},
};

static const struct word kinds[] = {
    {"fixed", DISK_FIXED}, {"dynamic", DISK_DYNAMIC}, {"differencing", DISK_DIFFERENCING}};

static const struct word logs[] = {
    {"clean", VHDX_CLEAN},
    {"empty", VHDX_DIRTY_EMPTY},
    {"pending", VHDX_DIRTY_BAT},
    {"lost", VHDX_DIRTY_LOST},
};

static const struct word fills[] = {
    {"edges", VHDX_FILL_EDGES}, {"all", VHDX_FILL_ALL}, {"none", VHDX_FILL_NONE}};

static const struct word vhdx_damages[] = {
    {"header-1", VHDX_DAMAGE_HEADER_1},
    {"header-2", VHDX_DAMAGE_HEADER_2},
    {"header-torn", VHDX_DAMAGE_HEADER_TORN},
    {"equal-sequences", VHDX_DAMAGE_EQUAL_SEQUENCES},
    {"ambiguous-headers", VHDX_DAMAGE_AMBIGUOUS_HEADERS},
    {"version", VHDX_DAMAGE_VERSION},
    {"log-version", VHDX_DAMAGE_LOG_VERSION},
    {"region-table-1", VHDX_DAMAGE_REGION_TABLE_1},
    {"region-table-2", VHDX_DAMAGE_REGION_TABLE_2},
    {"unknown-region", VHDX_DAMAGE_UNKNOWN_REGION},
    {"optional-region", VHDX_OPTIONAL_REGION},
    {"unknown-item", VHDX_DAMAGE_UNKNOWN_ITEM},
    {"optional-item", VHDX_OPTIONAL_ITEM},
    {"incomplete", VHDX_DAMAGE_INCOMPLETE},
    {"no-locator", VHDX_DAMAGE_NO_LOCATOR},
    {"no-bitmap", VHDX_DAMAGE_NO_BITMAP},
    {"overlap", VHDX_DAMAGE_OVERLAP},
    {"past-end", VHDX_DAMAGE_PAST_END},
    {"truncated-log", VHDX_DAMAGE_TRUNCATED_LOG},
    {"shuffled", VHDX_SHUFFLED},
    {"regions-swapped", VHDX_REGIONS_SWAPPED},
};

static const struct word vhd_damages[] = {
    {"footer", VHD_DAMAGE_FOOTER},
    {"no-footer", VHD_NO_FOOTER},
    {"old-footer", VHD_OLD_FOOTER},
    {"trailing-byte", VHD_TRAILING_BYTE},
    {"copy", VHD_DAMAGE_COPY},
    {"no-copy", VHD_NO_COPY},
    {"copy-differs", VHD_COPY_DIFFERS},
    {"header", VHD_DAMAGE_HEADER},
    {"table-short", VHD_DAMAGE_TABLE_SHORT},
    {"overlap", VHD_DAMAGE_OVERLAP},
    {"past-end", VHD_DAMAGE_PAST_END},
    {"over-table", VHD_DAMAGE_OVER_TABLE},
    {"shuffled", VHD_SHUFFLED},
};

const char *disk_id(json_t *disk)
{
    const char *id = json_string_value(json_object_get(disk, "id"));
    const char *path = json_string_value(json_object_get(disk, "disk"));
    const char *slash;

    if (id)
        return id;
    slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path ? path : "";
}

const char *disk_path(const struct recipe *recipe, json_t *disk)
{
    const char *path = text_member(recipe, disk, "disk", NULL);

    return path ? path : text_member(recipe, disk, "copy", "");
}

size_t read_blocks(const struct recipe *recipe, const char *text, struct block_run **runs)
{
    size_t count = 0;
    char state[16];
    int used;

    *runs = NULL;
    while (*text) {
        unsigned long long first, last;
        struct block_run *run;

        if (sscanf(text, "%llu-%llu %15[a-z0-9-]%n", &first, &last, state, &used) < 3) {
            if (sscanf(text, "%llu %15[a-z0-9-]%n", &first, state, &used) < 2)
                fail(recipe, "\"%s\" says nothing of blocks", text);
            last = first;
        }
        *runs = realloc(*runs, (count + 1) * sizeof(**runs));
        run = &(*runs)[count++];
        *run = (struct block_run){first, last - first + 1,
                                  (enum block_state)VALUE_OF(recipe, states, state)};
        text += used;
        text += strspn(text, ", ");
    }
    return count;
}

/* What both formats have in common. */
struct described {
    const char *id, *path;
    enum disk_kind kind;
    uint64_t size;
    uint32_t block;
    uint32_t seed;
    json_t *parent; /* entry or NULL */
    struct guid data_guid, disk_guid, linkage, linkage2;
    char *relative, *volume, *absolute;
    struct block_run *runs;
    size_t run_count;
};

/* The identifier that changes with the content: DataWriteGuid, or a VHD's unique id. */
static struct guid data_guid_of(const struct recipe *recipe, json_t *disk)
{
    return guid_of_kind("data", text_member(recipe, disk, "data_guid", disk_id(disk)));
}

/* The identifier that a chain shares: that of its base, unless told otherwise on the way. */
static struct guid disk_guid_of(const struct recipe *recipe, json_t *disk)
{
    for (size_t steps = 0; steps < json_array_size(recipe->files); steps++) {
        const char *parent = text_member(recipe, disk, "parent", NULL);

        if (!parent || json_object_get(disk, "disk_guid"))
            break;
        disk = disk_of(recipe, parent);
    }
    return guid_of_kind("page83", text_member(recipe, disk, "disk_guid", disk_id(disk)));
}

static void describe_linkage(const struct recipe *recipe, json_t *entry, struct described *d)
{
    const char *linkage = text_member(recipe, entry, "linkage", "right");
    const struct guid wrong = guid_of_kind("wrong", d->id);

    d->linkage = d->parent ? data_guid_of(recipe, d->parent) : wrong;
    if (strcmp(linkage, "second") == 0) {
        d->linkage2 = d->linkage;
        d->linkage = wrong;
    } else if (strcmp(linkage, "wrong") == 0) {
        d->linkage = wrong;
    } else if (strcmp(linkage, "right") != 0) {
        d->linkage = guid_of_kind("data", linkage);
    }
}

/* One recorded path: what the recipe says (null: none), else what Windows would have recorded. */
static char *recorded(const struct recipe *recipe, json_t *entry, const char *key, char *otherwise)
{
    json_t *given = json_object_get(entry, key);

    if (!given)
        return otherwise;
    free(otherwise);
    return json_is_null(given) ? NULL : string_printf("%s", text_member(recipe, entry, key, ""));
}

static void describe_paths(const struct recipe *recipe, json_t *entry, struct described *d)
{
    const char *parent = d->parent ? disk_path(recipe, d->parent) : NULL;

    d->relative =
        recorded(recipe, entry, "relative", parent ? relative_path(recipe, d->path, parent) : NULL);
    d->volume = recorded(recipe, entry, "volume", parent ? volume_path(recipe, parent) : NULL);
    d->absolute = recorded(recipe, entry, "absolute", parent ? windows_path(recipe, parent) : NULL);
}

static const char *const usual_blocks[] = {
    [DISK_FIXED] = "", [DISK_DYNAMIC] = "0-1 full", [DISK_DIFFERENCING] = "1 partial"};

static void describe(const struct recipe *recipe, json_t *entry, struct described *d)
{
    const char *parent = text_member(recipe, entry, "parent", NULL);
    struct guid seed;

    *d = (struct described){
        .id = disk_id(entry),
        .path = text_member(recipe, entry, "disk", ""),
        .kind = (enum disk_kind)VALUE_OF(
            recipe, kinds, text_member(recipe, entry, "kind", parent ? "differencing" : "dynamic")),
        .size = size_member(recipe, entry, "size", 64 * MIB),
        .block = (uint32_t)size_member(recipe, entry, "block", 2 * MIB),
        .parent = parent ? disk_of(recipe, parent) : NULL,
        .data_guid = data_guid_of(recipe, entry),
        .disk_guid = disk_guid_of(recipe, entry),
    };
    seed = guid_of_kind("seed", d->id);
    memcpy(&d->seed, seed.bytes, sizeof(d->seed));
    if (d->kind == DISK_DIFFERENCING) {
        describe_linkage(recipe, entry, d);
        describe_paths(recipe, entry, d);
    }
    d->run_count =
        read_blocks(recipe, text_member(recipe, entry, "blocks", usual_blocks[d->kind]), &d->runs);
}

static void described_cleanup(struct described *d)
{
    free(d->relative);
    free(d->volume);
    free(d->absolute);
    free(d->runs);
}

static unsigned damages(const struct recipe *recipe, json_t *entry, const struct word *words,
                        size_t count)
{
    json_t *word;
    unsigned bits = 0;
    size_t i;

    json_array_foreach(json_object_get(entry, "damage"), i, word) bits |=
        value_of(recipe, words, count, json_string_value(word));
    return bits;
}

static void make_vhdx(struct recipe *recipe, json_t *entry, const struct described *d)
{
    CLEANUP_FREE char *where = place(recipe, d->path);
    CLEANUP_FREE struct vhdx_blocks *blocks = calloc(d->run_count + 1, sizeof(*blocks));
    const char *log = text_member(recipe, entry, "log", "clean");
    const char *fill = text_member(recipe, entry, "fill", d->kind == DISK_FIXED ? "none" : "edges");
    const struct vhdx_recipe vhdx = {
        .kind = d->kind,
        .virtual_size = d->size,
        .block_size = d->block,
        .logical_sector_size = (uint32_t)size_member(recipe, entry, "sector", 0),
        .physical_sector_size = (uint32_t)size_member(recipe, entry, "physical", 0),
        .seed = d->seed,
        .creator = text_member(recipe, entry, "creator", NULL),
        .virtual_disk_id = d->disk_guid,
        .data_write_guid = d->data_guid,
        .blocks = blocks,
        .blocks_count = d->run_count,
        .fill = (enum vhdx_fill)VALUE_OF(recipe, fills, fill),
        .parent_linkage = d->linkage,
        .parent_linkage2 = d->linkage2,
        .absolute_path = d->absolute,
        .relative_path = d->relative,
        .volume_path = d->volume,
        .dirty = (enum vhdx_dirty)VALUE_OF(recipe, logs, log),
        .damage = damages(recipe, entry, vhdx_damages, ARRAY_SIZE(vhdx_damages)),
    };
    int r;

    for (size_t i = 0; i < d->run_count; i++)
        blocks[i] = (struct vhdx_blocks){
            .first = d->runs[i].first, .count = d->runs[i].count, .state = d->runs[i].state};
    r = vhdx_writer_write(where, &vhdx);
    if (r < 0)
        fail(recipe, "%s: %s", where, strerror(-r));
}

static void make_vhd(struct recipe *recipe, json_t *entry, const struct described *d)
{
    CLEANUP_FREE char *where = place(recipe, d->path);
    CLEANUP_FREE struct vhd_blocks *blocks = calloc(d->run_count + 1, sizeof(*blocks));
    const struct vhd_recipe vhd = {
        .kind = d->kind,
        .virtual_size = d->size,
        .block_size = d->block,
        .seed = d->seed,
        .creator_app = text_member(recipe, entry, "creator", NULL),
        .unique_id = d->data_guid,
        .saved_state = flag_member(recipe, entry, "saved_state"),
        .blocks = blocks,
        .blocks_count = d->run_count,
        .empty = d->kind == DISK_FIXED,
        .parent_id = d->linkage,
        .parent_timestamp = (uint32_t)size_member(recipe, entry, "parent_time", 0),
        .absolute_path = d->absolute,
        .relative_path = d->relative,
        .damage = damages(recipe, entry, vhd_damages, ARRAY_SIZE(vhd_damages)),
    };
    int r;

    for (size_t i = 0; i < d->run_count; i++) {
        enum block_state state = d->runs[i].state;

        if (state != BLOCK_FULLY_PRESENT && state != BLOCK_PARTIALLY_PRESENT)
            fail(recipe, "blocks of a VHD are full, partial or not there at all");
        blocks[i] = (struct vhd_blocks){
            .first = d->runs[i].first,
            .count = d->runs[i].count,
            .sectors = state == BLOCK_FULLY_PRESENT ? VHD_SECTORS_ALL : VHD_SECTORS_PAGES};
    }
    r = vhd_writer_write(where, &vhd);
    if (r < 0)
        fail(recipe, "%s: %s", where, strerror(-r));
}

static bool is_vhd(const struct recipe *recipe, json_t *entry, const char *path)
{
    const char *dot = strrchr(path, '.');
    const char *format = text_member(
        recipe, entry, "format",
        dot && (strcasecmp(dot, ".vhd") == 0 || strcasecmp(dot, ".avhd") == 0) ? "vhd" : "vhdx");

    if (strcmp(format, "vhd") != 0 && strcmp(format, "vhdx") != 0)
        fail(recipe, "\"%s\" is no format of disks", format);
    return strcmp(format, "vhd") == 0;
}

void make_disk(struct recipe *recipe, json_t *entry)
{
    CLEANUP(described) struct described d = {0};

    describe(recipe, entry, &d);
    if (is_vhd(recipe, entry, d.path))
        make_vhd(recipe, entry, &d);
    else
        make_vhdx(recipe, entry, &d);
}
