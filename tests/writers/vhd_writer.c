/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Offsets are written out instead of shared with the reader's structs, so that a slip in those
 * can't hide.
 */
#include "vhd_writer.h"
#include "vhdx_writer_plan.h" /* plan_hash(), plan_guid(), output_put() */

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTOR      512
#define STEP        (64 * KIB)
#define FOOTER_SIZE 512
#define HEADER_SIZE 1024
#define HEADER_AT   512
#define LOCATORS_AT 2048
#define LOCATOR_MAX 8

struct output_locator {
    uint64_t offset;
    uint32_t length, space;
    char code[4];
    uint8_t *bytes;
};

struct vhd_plan {
    struct vhd_recipe r; /* defaults filled in */
    struct vhd_layout layout;
    struct output_locator locators[LOCATOR_MAX];
    size_t locator_count;
};

static struct vhd_recipe with_defaults(const struct vhd_recipe *recipe)
{
    struct vhd_recipe r = *recipe;

    r.virtual_size = r.virtual_size ? r.virtual_size : 8 * MIB;
    r.block_size = r.block_size ? r.block_size : 2 * MIB;
    r.timestamp = r.timestamp ? r.timestamp : 600000000;
    r.creator_app = r.creator_app ? r.creator_app : "hvch";
    if (!r.parent_name)
        r.parent_name = r.absolute_path ? r.absolute_path : r.relative_path;
    return r;
}

static struct guid id_of(const struct vhd_recipe *r)
{
    return guid_is_zero(&r->unique_id) ? plan_guid(r->seed, 1) : r->unique_id;
}

/* The model. */

static const struct vhd_blocks *run_of(const struct vhd_recipe *r, uint64_t block)
{
    for (size_t i = r->blocks_count; i > 0; i--) {
        const struct vhd_blocks *run = &r->blocks[i - 1];
        if (block >= run->first && block - run->first < run->count)
            return run;
    }
    return NULL;
}

bool vhd_writer_is_allocated(const struct vhd_recipe *recipe, uint64_t block)
{
    return recipe->kind == DISK_FIXED || run_of(recipe, block) != NULL;
}

static bool sector_is_marked(const struct vhd_recipe *r, const struct vhd_blocks *run,
                             uint64_t sector)
{
    if (r->kind != DISK_DIFFERENCING)
        return true;
    switch (run->sectors) {
    case VHD_SECTORS_PAGES:
        return plan_hash(r->seed ^ 0xB175u, sector / 8) & 1;
    case VHD_SECTORS_HASHED:
        return plan_hash(r->seed ^ 0xB175u, sector) & 1;
    case VHD_SECTORS_ALTERNATE:
        return sector % 2 == 0;
    case VHD_SECTORS_NONE:
        return false;
    case VHD_SECTORS_ALL:
        return true;
    }
    return false;
}

bool vhd_writer_has_sector(const struct vhd_recipe *recipe, uint64_t sector)
{
    struct vhd_recipe r = with_defaults(recipe);
    const struct vhd_blocks *run = run_of(&r, sector / (r.block_size / SECTOR));

    return r.kind == DISK_FIXED || (run && sector_is_marked(&r, run, sector));
}

/* Offset and length are multiples of 8. */
static void content(const struct vhd_recipe *r, uint64_t offset, uint8_t *buffer, size_t length)
{
    if (r->empty)
        memset(buffer, 0, length);
    else if (r->content)
        r->content(r->content_user, offset, buffer, length);
    else
        for (size_t i = 0; i < length; i += 8)
            store_le64(buffer + i, plan_hash(r->seed, (offset + i) / 8) | 0x0101010101010101u);
}

static void expected_sector(const struct vhd_recipe *const *chain, size_t count, uint64_t sector,
                            uint8_t *buffer)
{
    memset(buffer, 0, SECTOR);
    for (size_t i = 0; i < count; i++) {
        struct vhd_recipe r = with_defaults(chain[i]);
        if (sector >= r.virtual_size / SECTOR)
            return;
        if (vhd_writer_has_sector(&r, sector)) {
            content(&r, sector * SECTOR, buffer, SECTOR);
            return;
        }
        if (r.kind != DISK_DIFFERENCING)
            return;
    }
}

void vhd_writer_expected(const struct vhd_recipe *const *chain, size_t count, uint64_t offset,
                         void *buffer, size_t length)
{
    uint8_t sector[SECTOR], *out = buffer;

    while (length > 0) {
        size_t skip = (size_t)(offset % SECTOR), n = (size_t)min_u64(length, SECTOR - skip);
        expected_sector(chain, count, offset / SECTOR, sector);
        memcpy(out, sector + skip, n);
        out += n;
        offset += n;
        length -= n;
    }
}

/* The plan. */

static uint64_t bitmap_size(const struct vhd_recipe *r)
{
    return div_round_up(r->block_size / SECTOR, 8 * SECTOR) * SECTOR;
}

static int plan_locator(struct vhd_plan *plan, const struct vhd_locator_recipe *recipe,
                        uint64_t *at)
{
    struct output_locator *locator = &plan->locators[plan->locator_count++];
    size_t length = strlen(recipe->text);

    if (strncmp(recipe->code, "W2", 2) == 0)
        locator->bytes = text_to_utf16le(recipe->text, &length);
    else
        locator->bytes = (uint8_t *)strdup(recipe->text);
    if (!locator->bytes)
        return -ENOMEM;
    memcpy(locator->code, recipe->code, 4);
    locator->length = (uint32_t)length;
    locator->offset = *at;
    uint64_t room = max_u64(div_round_up(length, SECTOR), 1) * SECTOR;
    locator->space = recipe->space ? recipe->space : (uint32_t)room;
    *at += room;
    return 0;
}

static int plan_locators(struct vhd_plan *plan, uint64_t *at)
{
    const struct vhd_recipe *r = &plan->r;
    const struct vhd_locator_recipe usual[] = {
        {.code = "W2ku", .text = r->absolute_path},
        {.code = "W2ru", .text = r->relative_path},
    };
    const struct vhd_locator_recipe *recipes = r->locators ? r->locators : usual;
    size_t count = r->locators ? r->locator_count : ARRAY_SIZE(usual);
    int status = 0;

    for (size_t i = 0; i < count && i < LOCATOR_MAX && status == 0; i++)
        if (recipes[i].text)
            status = plan_locator(plan, &recipes[i], at);
    return status;
}

static void plan_free_vhd(struct vhd_plan *plan)
{
    for (size_t i = 0; i < plan->locator_count; i++)
        free(plan->locators[i].bytes);
}

static int plan_sparse(struct vhd_plan *plan)
{
    struct vhd_layout *l = &plan->layout;
    uint64_t at = LOCATORS_AT, bits = bitmap_size(&plan->r);
    int status = plan->r.kind == DISK_DIFFERENCING ? plan_locators(plan, &at) : 0;

    l->header_offset = HEADER_AT;
    l->table_offset = at;
    l->block_count = div_round_up(plan->r.virtual_size, plan->r.block_size);
    l->chunk_size = bits + plan->r.block_size;
    at += div_round_up(l->block_count * 4, SECTOR) * SECTOR;
    /* Windows puts the data of the first block on a multiple of 4 KiB. */
    l->blocks_offset = div_round_up(at + bits, 4096) * 4096 - bits;
    l->footer_offset = l->blocks_offset;
    for (uint64_t b = 0; b < l->block_count; b++)
        if (run_of(&plan->r, b))
            l->footer_offset += l->chunk_size;
    return status;
}

static int make_plan(struct vhd_plan *plan, const struct vhd_recipe *recipe)
{
    int status = 0;

    *plan = (struct vhd_plan){.r = with_defaults(recipe)};
    plan->layout.unique_id = id_of(recipe);
    plan->layout.footer_offset = plan->r.virtual_size;
    if (recipe->kind != DISK_FIXED)
        status = plan_sparse(plan);
    if (status < 0)
        plan_free_vhd(plan);
    return status;
}

void vhd_writer_layout(const struct vhd_recipe *recipe, struct vhd_layout *layout)
{
    struct vhd_plan plan;

    if (make_plan(&plan, recipe) < 0)
        abort();
    *layout = plan.layout;
    plan_free_vhd(&plan);
}

/* Bytes. */

static void patch(const struct vhd_plan *plan, uint8_t *bytes, uint64_t offset, size_t size)
{
    for (size_t i = 0; i < plan->r.patch_count; i++) {
        const struct vhdx_patch *p = &plan->r.patches[i];
        if (!p->raw && p->offset >= offset && range_fits(p->offset - offset, p->length, size))
            memcpy(bytes + (p->offset - offset), p->bytes, p->length);
    }
}

static void put_checksum(uint8_t *bytes, size_t size, size_t field, bool wrong)
{
    uint32_t sum = 0;

    store_be32(bytes + field, 0);
    for (size_t i = 0; i < size; i++)
        sum += bytes[i];
    store_be32(bytes + field, wrong ? ~sum ^ 0x5A : ~sum);
}

static void make_footer(const struct vhd_plan *plan, uint8_t footer[FOOTER_SIZE])
{
    static const uint32_t types[] = {[DISK_FIXED] = 2, [DISK_DYNAMIC] = 3, [DISK_DIFFERENCING] = 4};
    const struct vhd_recipe *r = &plan->r;
    uint64_t tracks = r->virtual_size / SECTOR / (16 * 63);

    memset(footer, 0, FOOTER_SIZE);
    memcpy(footer, "conectix", 8);
    store_be32(footer + 8, 2);
    store_be32(footer + 12, 0x00010000);
    store_be64(footer + 16, r->kind == DISK_FIXED ? UINT64_MAX : HEADER_AT);
    store_be32(footer + 24, r->timestamp);
    memcpy(footer + 28, r->creator_app, 4);
    store_be32(footer + 32, 0x000A0000);
    memcpy(footer + 36, "Wi2k", 4);
    store_be64(footer + 40, r->virtual_size);
    store_be64(footer + 48, r->virtual_size);
    store_be32(footer + 56, (uint32_t)min_u64(tracks, 65535) << 16 | 16 << 8 | 63);
    store_be32(footer + 60, types[r->kind]);
    guid_to_le(&plan->layout.unique_id, footer + 68);
    footer[84] = r->saved_state;
}

static void put_footer(const struct vhd_plan *plan, struct output *output)
{
    uint64_t at = plan->layout.footer_offset;
    uint8_t footer[FOOTER_SIZE + 1];
    size_t size = FOOTER_SIZE;

    make_footer(plan, footer);
    patch(plan, footer, at, FOOTER_SIZE);
    put_checksum(footer, FOOTER_SIZE, 64, plan->r.damage & VHD_DAMAGE_FOOTER);
    footer[FOOTER_SIZE] = 0;
    if (plan->r.damage & VHD_OLD_FOOTER)
        size = 511;
    if (plan->r.damage & VHD_TRAILING_BYTE)
        size = 513;
    if (!(plan->r.damage & VHD_NO_FOOTER))
        output_put(output, at, footer, size);
}

static void put_copy(const struct vhd_plan *plan, struct output *output)
{
    uint8_t footer[FOOTER_SIZE];

    make_footer(plan, footer);
    if (plan->r.damage & VHD_COPY_DIFFERS)
        store_be32(footer + 24, plan->r.timestamp - 1000);
    patch(plan, footer, 0, FOOTER_SIZE);
    put_checksum(footer, FOOTER_SIZE, 64, plan->r.damage & VHD_DAMAGE_COPY);
    if (plan->r.damage & VHD_NO_COPY)
        memset(footer, 0, sizeof(footer));
    output_put(output, 0, footer, sizeof(footer));
}

static int put_parent(const struct vhd_plan *plan, uint8_t *header)
{
    const struct vhd_recipe *r = &plan->r;
    struct guid id = guid_is_zero(&r->parent_id) && r->parent ? id_of(r->parent) : r->parent_id;
    size_t length = 0;
    CLEANUP_FREE uint8_t *name = text_to_utf16le(r->parent_name ? r->parent_name : "", &length);

    if (!name)
        return -ENOMEM;
    guid_to_le(&id, header + 40);
    store_be32(header + 56, r->parent_timestamp);
    for (size_t i = 0; i + 1 < min_u64(length, 510); i += 2) { /* big-endian */
        header[64 + i] = name[i + 1];
        header[64 + i + 1] = name[i];
    }
    for (size_t i = 0; i < plan->locator_count; i++) {
        const struct output_locator *locator = &plan->locators[i];
        uint8_t *at = header + 576 + 24 * i;
        memcpy(at, locator->code, 4);
        store_be32(at + 4, locator->space);
        store_be32(at + 8, locator->length);
        store_be64(at + 16, locator->offset);
    }
    return 0;
}

static int put_header(const struct vhd_plan *plan, struct output *output)
{
    const struct vhd_layout *l = &plan->layout;
    uint8_t header[HEADER_SIZE] = {0};
    int status = 0;

    memcpy(header, "cxsparse", 8);
    store_be64(header + 8, UINT64_MAX);
    store_be64(header + 16, l->table_offset);
    store_be32(header + 24, 0x00010000);
    store_be32(header + 28,
               (uint32_t)l->block_count - !!(plan->r.damage & VHD_DAMAGE_TABLE_SHORT));
    store_be32(header + 32, plan->r.block_size);
    if (plan->r.kind == DISK_DIFFERENCING)
        status = put_parent(plan, header);
    patch(plan, header, HEADER_AT, sizeof(header));
    put_checksum(header, sizeof(header), 36, plan->r.damage & VHD_DAMAGE_HEADER);
    output_put(output, HEADER_AT, header, sizeof(header));
    for (size_t i = 0; i < plan->locator_count; i++)
        output_put(output, plan->locators[i].offset, plan->locators[i].bytes,
                   plan->locators[i].length);
    return status;
}

static void put_block(const struct vhd_plan *plan, struct output *output, uint64_t block,
                      uint64_t offset)
{
    const struct vhd_recipe *r = &plan->r;
    const struct vhd_blocks *run = run_of(r, block);
    uint64_t sectors = r->block_size / SECTOR, first = block * sectors;
    uint64_t bits = bitmap_size(r), left = r->virtual_size - block * r->block_size;
    CLEANUP_FREE uint8_t *bitmap = calloc(1, bits);
    uint8_t buffer[STEP];

    if (!bitmap) {
        output->error = -ENOMEM;
        return;
    }
    for (uint64_t s = 0; s < sectors; s++)
        if (sector_is_marked(r, run, first + s))
            bitmap[s / 8] |= (uint8_t)(0x80 >> s % 8);
    output_put(output, offset, bitmap, bits);
    for (uint64_t done = 0; done < min_u64(r->block_size, left) && !r->empty; done += STEP) {
        size_t n = (size_t)min_u64(STEP, min_u64(r->block_size, left) - done);
        content(r, block * r->block_size + done, buffer, n);
        for (size_t s = 0; s < n; s += SECTOR) /* what is not marked must not be seen */
            if (!sector_is_marked(r, run, first + (done + s) / SECTOR))
                memset(buffer + s, 0xDD, SECTOR);
        output_put(output, offset + bits + done, buffer, n);
    }
}

/* Where the n-th of `count` allocated blocks lies, and where the table says that it does. */
static uint64_t true_place(const struct vhd_plan *plan, uint64_t n, uint64_t count)
{
    uint64_t slot = plan->r.damage & VHD_SHUFFLED ? count - 1 - n : n;

    return plan->layout.blocks_offset + slot * plan->layout.chunk_size;
}

static uint64_t told_place(const struct vhd_plan *plan, uint64_t n, uint64_t count)
{
    const struct vhd_layout *l = &plan->layout;

    if (n == 1 && (plan->r.damage & VHD_DAMAGE_OVERLAP))
        return true_place(plan, 0, count) + (plan->r.damage & VHD_SHUFFLED ? -SECTOR : SECTOR);
    if (n == count - 1 && (plan->r.damage & VHD_DAMAGE_PAST_END))
        return l->footer_offset + l->chunk_size;
    if (n == count - 1 && (plan->r.damage & VHD_DAMAGE_OVER_TABLE))
        return l->table_offset;
    return true_place(plan, n, count);
}

static int put_blocks(const struct vhd_plan *plan, struct output *output)
{
    const struct vhd_layout *l = &plan->layout;
    size_t table_size = div_round_up(l->block_count * 4, SECTOR) * SECTOR;
    CLEANUP_FREE uint8_t *table = malloc(table_size);
    uint64_t count = (l->footer_offset - l->blocks_offset) / l->chunk_size, n = 0;

    if (!table)
        return -ENOMEM;
    memset(table, 0xFF, table_size);
    for (uint64_t b = 0; b < l->block_count; b++) {
        if (!run_of(&plan->r, b))
            continue;
        store_be32(table + 4 * b, (uint32_t)(told_place(plan, n, count) / SECTOR));
        put_block(plan, output, b, true_place(plan, n, count));
        n++;
    }
    output_put(output, l->table_offset, table, table_size);
    return 0;
}

static void put_fixed(const struct vhd_plan *plan, struct output *output)
{
    const struct vhd_recipe *r = &plan->r;
    uint8_t buffer[STEP];

    for (uint64_t at = 0; at < r->virtual_size && !r->empty; at += STEP) {
        size_t n = (size_t)min_u64(STEP, r->virtual_size - at);
        content(r, at, buffer, n);
        output_put(output, at, buffer, n);
    }
}

static int put_all(const struct vhd_plan *plan, struct output *output)
{
    const struct vhd_recipe *r = &plan->r;
    int status = 0;

    if (r->kind == DISK_FIXED) {
        put_fixed(plan, output);
    } else {
        put_copy(plan, output);
        status = put_header(plan, output);
        if (status == 0)
            status = put_blocks(plan, output);
    }
    put_footer(plan, output);
    for (size_t i = 0; i < r->patch_count; i++) {
        const struct vhdx_patch *p = &r->patches[i];
        bool summed = p->offset >= plan->layout.footer_offset ||
                      (r->kind != DISK_FIXED && p->offset < HEADER_AT + HEADER_SIZE);
        if (p->raw || !summed)
            output_put(output, p->offset, p->bytes, p->length);
    }
    return status < 0 ? status : output->error;
}

int vhd_writer_write_fd(int fd, const struct vhd_recipe *recipe)
{
    struct output output = {fd, 0};
    struct vhd_plan plan;
    int status = make_plan(&plan, recipe);

    if (status < 0)
        return status;
    /* An empty disk is a hole up to its footer; without a footer only this makes the file long. */
    if (ftruncate(fd, (off_t)plan.layout.footer_offset) < 0)
        status = -errno;
    else
        status = put_all(&plan, &output);
    plan_free_vhd(&plan);
    return status;
}

int vhd_writer_write(const char *path, const struct vhd_recipe *recipe)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0644);

    if (fd < 0)
        return -errno;
    int status = vhd_writer_write_fd(fd, recipe);
    if (close(fd) < 0 && status == 0)
        status = -errno;
    return status;
}
