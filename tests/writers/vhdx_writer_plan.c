/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* From a recipe to places and content: the model, which knows nothing of bytes on disk. */
#include "vhdx_writer_plan.h"

#include "base/bytes.h"
#include "base/checked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EDGE (64 * KIB)

enum { ID_VIRTUAL_DISK = 1, ID_DATA_WRITE, ID_FILE_WRITE, ID_LOG };

uint64_t plan_hash(uint64_t seed, uint64_t number)
{
    uint64_t x = (seed + 1) * 0x9E3779B97F4A7C15u + number * 0xD1B54A32D192ED03u;

    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

struct guid plan_guid(uint32_t seed, uint32_t which)
{
    struct guid guid;

    store_be64(guid.bytes, plan_hash(seed, which));
    store_be64(guid.bytes + 8, plan_hash(seed, which + 1000));
    guid.bytes[6] = (uint8_t)(0x40 | (guid.bytes[6] & 0x0F));
    guid.bytes[8] = (uint8_t)(0x80 | (guid.bytes[8] & 0x3F));
    return guid;
}

static struct vhdx_recipe with_defaults(const struct vhdx_recipe *recipe)
{
    struct vhdx_recipe r = *recipe;

    r.virtual_size = r.virtual_size ? r.virtual_size : 8 * MIB;
    r.block_size = r.block_size ? r.block_size : MIB;
    r.logical_sector_size = r.logical_sector_size ? r.logical_sector_size : 512;
    r.physical_sector_size = r.physical_sector_size ? r.physical_sector_size : 4096;
    r.creator = r.creator ? r.creator : "hvchain fixture";
    r.sequence = r.sequence ? r.sequence : 10;
    r.log_length = r.log_length ? r.log_length : MIB;
    if (r.fill == VHDX_FILL_AUTO)
        r.fill = r.block_size <= 2 * MIB ? VHDX_FILL_ALL : VHDX_FILL_EDGES;
    return r;
}

/* The run that decides about a block, or NULL. */
static const struct vhdx_blocks *run_of(const struct vhdx_recipe *r, uint64_t block)
{
    for (size_t i = r->blocks_count; i > 0; i--) {
        const struct vhdx_blocks *run = &r->blocks[i - 1];
        if (block >= run->first && block - run->first < run->count)
            return run;
    }
    return NULL;
}

static enum block_state state_of(const struct vhdx_recipe *r, uint64_t block)
{
    const struct vhdx_blocks *run = run_of(r, block);

    if (run)
        return run->state;
    return r->kind == DISK_FIXED ? BLOCK_FULLY_PRESENT : BLOCK_NOT_PRESENT;
}

static bool has_place(const struct vhdx_blocks *run, enum block_state state)
{
    return state == BLOCK_FULLY_PRESENT || state == BLOCK_PARTIALLY_PRESENT ||
           (run && run->anchored);
}

static void lay_out(struct plan *plan)
{
    const struct vhdx_recipe *r = &plan->r;
    struct vhdx_layout *l = &plan->layout;

    l->chunk_ratio = ((uint64_t)1 << 23) * r->logical_sector_size / r->block_size;
    l->block_count = div_round_up(r->virtual_size, r->block_size);
    if (r->kind == DISK_DIFFERENCING)
        l->bat_entries = div_round_up(l->block_count, l->chunk_ratio) * (l->chunk_ratio + 1);
    else
        l->bat_entries = l->block_count + (l->block_count - 1) / l->chunk_ratio;
    l->log_offset = MIB;
    l->log_length = r->log_length;
    l->metadata_offset = l->log_offset + l->log_length;
    l->metadata_length = MIB;
    l->bat_offset = l->metadata_offset + l->metadata_length;
    l->bat_length = div_round_up(l->bat_entries * 8, MIB) * MIB;
    l->blocks_offset = l->bat_offset + l->bat_length;
    if (r->damage & (VHDX_DAMAGE_UNKNOWN_REGION | VHDX_OPTIONAL_REGION))
        l->blocks_offset += MIB;
}

static void name(struct plan *plan)
{
    const struct vhdx_recipe *r = &plan->r;
    struct vhdx_layout *l = &plan->layout;

    l->data_write_guid = guid_is_zero(&r->data_write_guid) ? plan_guid(r->seed, ID_DATA_WRITE)
                                                           : r->data_write_guid;
    l->file_write_guid = guid_is_zero(&r->file_write_guid) ? plan_guid(r->seed, ID_FILE_WRITE)
                                                           : r->file_write_guid;
    if (r->dirty != VHDX_CLEAN || r->log_count > 0)
        l->log_guid = plan_guid(r->seed, ID_LOG);
    /* The disk that the guest sees is one along a chain. */
    while (guid_is_zero(&r->virtual_disk_id) && r->parent)
        r = r->parent;
    l->virtual_disk_id = guid_is_zero(&r->virtual_disk_id) ? plan_guid(r->seed, ID_VIRTUAL_DISK)
                                                           : r->virtual_disk_id;
}

static int plan_block(struct plan *plan, const struct vhdx_blocks *run, uint64_t block)
{
    enum block_state state = run ? run->state : BLOCK_FULLY_PRESENT;

    if (state == BLOCK_NOT_PRESENT && !run->anchored)
        return 0;
    struct planned_block *planned = vector_push(&plan->blocks);
    if (!planned)
        return -ENOMEM;
    *planned = (struct planned_block){block, 0, state, run ? run->sectors : 0};
    return 0;
}

/* Visits only blocks that a run names (a fixed disk: all), so that a disk of 64 TiB costs nothing. */
static int collect_blocks(struct plan *plan)
{
    const struct vhdx_recipe *r = &plan->r;
    uint64_t blocks = plan->layout.block_count;
    int status = 0;

    for (size_t i = 0; i < r->blocks_count && r->kind != DISK_FIXED; i++) {
        const struct vhdx_blocks *run = &r->blocks[i];
        uint64_t end = run->first >= blocks ? 0 : run->first + min_u64(run->count, blocks - run->first);
        for (uint64_t b = run->first; b < end && status == 0; b++)
            if (run_of(r, b) == run)
                status = plan_block(plan, run, b);
    }
    for (uint64_t b = 0; b < blocks && r->kind == DISK_FIXED && status == 0; b++)
        status = plan_block(plan, run_of(r, b), b);
    return status;
}

static int by_block(const void *a, const void *b)
{
    const struct planned_block *x = a, *y = b;

    return x->block < y->block ? -1 : x->block > y->block;
}

static int collect_bitmaps(struct plan *plan)
{
    for (size_t i = 0; i < plan->blocks.count; i++) {
        const struct planned_block *planned = &plan->blocks.items[i];
        uint64_t chunk = planned->block / plan->layout.chunk_ratio;
        bool have = plan->bitmaps.count > 0 &&
                    plan->bitmaps.items[plan->bitmaps.count - 1].chunk == chunk;
        if (planned->state != BLOCK_PARTIALLY_PRESENT || have ||
            (plan->r.damage & VHDX_DAMAGE_NO_BITMAP))
            continue;
        struct planned_bitmap *bitmap = vector_push(&plan->bitmaps);
        if (!bitmap)
            return -ENOMEM;
        bitmap->chunk = chunk;
    }
    return 0;
}

/* One thing that takes room in the file. */
struct object {
    uint64_t key, size;
    uint64_t *offset;
};

static int by_key(const void *a, const void *b)
{
    const struct object *x = a, *y = b;

    return x->key < y->key ? -1 : x->key > y->key;
}

static int place(struct plan *plan)
{
    bool shuffled = plan->r.damage & VHDX_SHUFFLED;
    uint64_t at = plan->layout.blocks_offset;
    VECTOR(struct object) objects = {0};
    struct object *object;

    for (size_t i = 0; i < plan->blocks.count; i++) {
        struct planned_block *b = &plan->blocks.items[i];
        if (!has_place(run_of(&plan->r, b->block), b->state))
            continue;
        if (!(object = vector_push(&objects)))
            goto fail;
        *object = (struct object){2 * b->block + 1, plan->r.block_size, &b->offset};
    }
    for (size_t i = 0; i < plan->bitmaps.count; i++) {
        struct planned_bitmap *b = &plan->bitmaps.items[i];
        if (!(object = vector_push(&objects)))
            goto fail;
        *object = (struct object){2 * b->chunk * plan->layout.chunk_ratio, MIB, &b->offset};
    }
    for (size_t i = 0; i < objects.count && shuffled; i++)
        objects.items[i].key = plan_hash(plan->r.seed ^ 0x5AFF1Eu, objects.items[i].key);
    if (objects.count > 0)
        qsort(objects.items, objects.count, sizeof(*objects.items), by_key);
    for (size_t i = 0; i < objects.count; i++) {
        *objects.items[i].offset = at;
        at += objects.items[i].size;
    }
    plan->layout.file_size = at;
    vector_free(&objects);
    return 0;
fail:
    vector_free(&objects);
    return -ENOMEM;
}

/* Moves blocks to where they must not be. */
static void misplace(struct plan *plan)
{
    uint64_t first = 0;
    struct planned_block *last = NULL;

    for (size_t i = 0; i < plan->blocks.count; i++) {
        struct planned_block *b = &plan->blocks.items[i];
        if (b->offset == 0)
            continue;
        first = first ? first : b->offset;
        last = b;
        if (plan->r.damage & VHDX_DAMAGE_OVERLAP)
            b->offset = first;
    }
    if (last && (plan->r.damage & VHDX_DAMAGE_PAST_END))
        last->offset = plan->layout.file_size + 16 * MIB;
}

int plan_make(struct plan *plan, const struct vhdx_recipe *recipe)
{
    *plan = (struct plan){.r = with_defaults(recipe)};
    lay_out(plan);
    name(plan);
    int status = collect_blocks(plan);
    if (status == 0 && plan->blocks.count > 0)
        qsort(plan->blocks.items, plan->blocks.count, sizeof(*plan->blocks.items), by_block);
    if (status == 0)
        status = collect_bitmaps(plan);
    if (status == 0)
        status = place(plan);
    misplace(plan);
    if (recipe->file_size)
        plan->layout.file_size = recipe->file_size;
    if (status < 0)
        plan_free(plan);
    return status;
}

void plan_free(struct plan *plan)
{
    vector_free(&plan->blocks);
    vector_free(&plan->bitmaps);
}

uint64_t plan_bat_index(const struct plan *plan, uint64_t block)
{
    return block + block / plan->layout.chunk_ratio;
}

void vhdx_writer_layout(const struct vhdx_recipe *recipe, struct vhdx_layout *layout)
{
    struct plan plan;

    if (plan_make(&plan, recipe) < 0)
        abort();
    *layout = plan.layout;
    plan_free(&plan);
}

uint64_t vhdx_writer_bat_entry(const struct vhdx_recipe *recipe, uint64_t block)
{
    struct vhdx_layout l;

    vhdx_writer_layout(recipe, &l);
    return l.bat_offset + (block + block / l.chunk_ratio) * 8;
}

uint64_t vhdx_writer_payload(const struct vhdx_recipe *recipe, uint64_t block)
{
    struct plan plan;
    uint64_t offset = 0;

    if (plan_make(&plan, recipe) < 0)
        abort();
    for (size_t i = 0; i < plan.blocks.count; i++)
        if (plan.blocks.items[i].block == block)
            offset = plan.blocks.items[i].offset;
    plan_free(&plan);
    return offset;
}

enum block_state vhdx_writer_state(const struct vhdx_recipe *recipe, uint64_t block)
{
    return state_of(recipe, block);
}

bool plan_sector_present(const struct vhdx_recipe *r, uint64_t block, uint32_t sector,
                         enum vhdx_sectors sectors)
{
    uint64_t number = block * (r->block_size / r->logical_sector_size) + sector;

    switch (sectors) {
    case VHDX_SECTORS_HASHED:
        return plan_hash(r->seed ^ 0xB175u, number) & 1;
    case VHDX_SECTORS_ALTERNATE:
        return sector % 2 == 0;
    case VHDX_SECTORS_RUNS:
        return plan_hash(r->seed ^ 0xB175u, number / 37) & 1;
    case VHDX_SECTORS_NONE:
        return false;
    case VHDX_SECTORS_ALL:
        return true;
    }
    return false;
}

/* Of a recipe with its defaults. */
static bool has_sector(const struct vhdx_recipe *r, uint64_t sector)
{
    uint64_t per_block = r->block_size / r->logical_sector_size, block = sector / per_block;
    const struct vhdx_blocks *run = run_of(r, block);
    enum block_state state = state_of(r, block);

    return state == BLOCK_FULLY_PRESENT ||
           (state == BLOCK_PARTIALLY_PRESENT && run &&
            plan_sector_present(r, block, (uint32_t)(sector % per_block), run->sectors));
}

bool vhdx_writer_has_sector(const struct vhdx_recipe *recipe, uint64_t sector)
{
    struct vhdx_recipe r = with_defaults(recipe);

    return has_sector(&r, sector);
}

static void pattern(const struct vhdx_recipe *r, uint64_t offset, uint8_t *buffer, size_t length)
{
    for (size_t i = 0; i < length; i += 8)
        store_le64(buffer + i, plan_hash(r->seed, (offset + i) / 8) | 0x0101010101010101u);
}

void plan_content(const struct vhdx_recipe *r, uint64_t offset, void *buffer, size_t length)
{
    uint8_t *out = buffer;

    for (size_t i = 0; i < length; i += 512) {
        uint64_t within = (offset + i) % r->block_size;
        bool edge = within < EDGE || within >= r->block_size - EDGE;
        if (r->fill == VHDX_FILL_NONE || (r->fill == VHDX_FILL_EDGES && !edge))
            memset(out + i, 0, 512);
        else if (r->content)
            r->content(r->content_user, offset + i, out + i, 512);
        else
            pattern(r, offset + i, out + i, 512);
    }
}

/* One sector as the guest sees it. */
static void expected_sector(const struct vhdx_recipe *const *chain, size_t count, uint64_t offset,
                            uint8_t *buffer, uint32_t sector_size)
{
    memset(buffer, 0, sector_size);
    for (size_t i = 0; i < count; i++) {
        struct vhdx_recipe r = with_defaults(chain[i]);
        if (offset >= r.virtual_size)
            return;
        enum block_state state = state_of(&r, offset / r.block_size);
        if (has_sector(&r, offset / sector_size)) {
            plan_content(&r, offset, buffer, sector_size);
            return;
        }
        bool below = state == BLOCK_NOT_PRESENT || state == BLOCK_PARTIALLY_PRESENT;
        if (r.kind != DISK_DIFFERENCING || !below)
            return;
    }
}

void vhdx_writer_expected(const struct vhdx_recipe *const *chain, size_t count, uint64_t offset,
                          void *buffer, size_t length)
{
    struct vhdx_recipe leaf = with_defaults(chain[0]);
    uint32_t size = leaf.logical_sector_size;
    uint8_t sector[4096], *out = buffer;

    while (length > 0) {
        uint64_t start = offset - offset % size;
        size_t skip = (size_t)(offset - start);
        size_t n = (size_t)min_u64(length, size - skip);
        expected_sector(chain, count, start, sector, size);
        memcpy(out, sector + skip, n);
        out += n;
        offset += n;
        length -= n;
    }
}
