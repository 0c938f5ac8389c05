/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "volume/bitlocker.h"

#include "base/checked.h"
#include "base/crc.h"
#include "base/text.h"
#include "volume/bitlocker_format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR     512
#define BLOCK_ROOM 65536 /* that BitLocker sets aside for a copy */
#define BLOCK_MAX  (BLOCK_ROOM - sizeof(struct fve_validation))

/* The boot sector. */

static bool is_identifier(const uint8_t *bytes, const char *text)
{
    struct guid found = guid_from_le(bytes), wanted;

    return guid_parse_string(text, &wanted) && guid_equal(&found, &wanted);
}

static int refuse(struct notes *notes, uint64_t offset, const char *kind)
{
    notes_add(notes, SEVERITY_WARNING, "BITLOCKER-KIND", offset,
              "the volume is of a kind of BitLocker that is not read (%s): unlock it on Windows "
              "and scan the folder",
              kind);
    return -ENOTSUP;
}

static int take_places(struct bitlocker *b, const uint8_t *boot, size_t at, struct notes *notes)
{
    if (is_identifier(boot + at, FVE_IDENTIFIER_ENCRYPT_ON_WRITE))
        return refuse(notes, at, "encrypted as it is written to");
    if (!is_identifier(boot + at, FVE_IDENTIFIER))
        return refuse(notes, at, "its identifier is not known");
    for (size_t i = 0; i < BITLOCKER_COPIES; i++)
        b->copies[i] = load_le64(boot + at + 16 + 8 * i);
    return 0;
}

static int read_boot_sector(struct bitlocker *b, io_source *volume, struct notes *notes)
{
    uint8_t boot[SECTOR];
    int r = io_read(volume, 0, boot, sizeof(boot));

    if (r < 0)
        return r;
    b->sector_size = load_le16(boot + 11);
    if (b->sector_size < SECTOR || b->sector_size > 4096 || !is_power_of_two(b->sector_size))
        b->sector_size = SECTOR; /* exFAT has none there */
    if (memcmp(boot + 3, FVE_SIGNATURE, 8) != 0)
        return take_places(b, boot, FVE_TO_GO_PLACES, notes);
    if (memcmp(boot, FVE_VISTA_BOOT_JUMP, 3) == 0)
        return refuse(notes, 0, "of Windows Vista and Windows Server 2008");
    return take_places(b, boot, FVE_PLACES, notes);
}

/* The metadata block. */

/* Whether entries can be looked for in what says to be a block of so many bytes. */
static bool is_block(const struct fve_block *block, size_t size)
{
    size_t metadata = get_le32(block->metadata_size);

    return memcmp(block->signature, FVE_SIGNATURE, sizeof(block->signature)) == 0 &&
           get_le16(block->version) == 2 && size >= sizeof(*block) && size <= BLOCK_MAX &&
           get_le32(block->metadata_header_size) == FVE_METADATA_HEADER_SIZE &&
           metadata >= FVE_METADATA_HEADER_SIZE && metadata <= size - FVE_BLOCK_HEADER_SIZE;
}

/* One copy: 1 whole, 0 of use but with a wrong checksum, -EBADMSG none. */
static int read_copy(io_source *volume, uint64_t at, uint8_t *bytes, size_t *size)
{
    struct fve_block head;
    struct fve_validation validation;

    int r = io_read(volume, at, &head, sizeof(head));
    if (r < 0)
        return r;
    *size = 16 * (size_t)get_le16(head.size);
    if (!is_block(&head, *size))
        return -EBADMSG;
    r = io_read(volume, at, bytes, *size + sizeof(validation));
    if (r < 0)
        return r;
    memcpy(&validation, bytes + *size, sizeof(validation));
    return crc32_zeroed(bytes, *size, *size) == get_le32(validation.crc);
}

static void note_copy(const struct bitlocker *b, size_t i, int found, struct notes *notes)
{
    notes_add(notes, SEVERITY_WARNING, "BITLOCKER-COPY", b->copies[i],
              "copy %zu of BitLocker's metadata, at offset %" PRIu64 " of the volume, %s", i + 1,
              b->copies[i], found == 0 ? "has a wrong checksum" : "cannot be used");
}

/* The first whole copy, else the first that is a block at all. */
static int read_copies(struct bitlocker *b, io_source *volume, struct notes *notes)
{
    uint8_t *bytes = malloc(BLOCK_ROOM);
    int best = -EBADMSG;

    if (!bytes)
        return -ENOMEM;
    for (size_t i = 0; i < BITLOCKER_COPIES; i++) {
        size_t size = 0;
        int found =
            b->copies[i] == UINT64_MAX ? -EBADMSG : read_copy(volume, b->copies[i], bytes, &size);
        b->is_whole[i] = found == 1;
        if (found != 1)
            note_copy(b, i, found, notes);
        if (found < 0 || found <= best)
            continue;
        best = found;
        free(b->block);
        b->block_size = size + sizeof(struct fve_validation);
        b->block = malloc(b->block_size);
        if (!b->block) {
            best = -ENOMEM;
            break;
        }
        memcpy(b->block, bytes, b->block_size);
    }
    free(bytes);
    if (best == -EBADMSG)
        notes_add(notes, SEVERITY_PROBLEM, "BITLOCKER-METADATA", 0,
                  "none of the three copies of BitLocker's metadata can be used: without them the "
                  "volume cannot be unlocked by anybody; Windows' repair-bde may find them");
    return best < 0 ? best : 0;
}

/* Entries. */

/* One after the other, as many as are whole; returns NULL at the end. */
static const struct fve_entry *next_entry(const uint8_t *bytes, size_t size, size_t *at)
{
    if (size - *at < sizeof(struct fve_entry))
        return NULL;
    const struct fve_entry *entry = (const void *)(bytes + *at);
    size_t length = get_le16(entry->size);
    if (length < sizeof(*entry) || length > size - *at)
        return NULL;
    *at += length;
    return entry;
}

static const uint8_t *value_of(const struct fve_entry *entry, size_t *size)
{
    *size = get_le16(entry->size) - sizeof(*entry);
    return (const uint8_t *)(entry + 1);
}

static void take_sealed(struct bitlocker_sealed *sealed, const struct fve_entry *entry)
{
    size_t size;
    const uint8_t *value = value_of(entry, &size);

    if (size > sizeof(sealed->bytes))
        return;
    memcpy(sealed->bytes, value, size);
    sealed->size = (uint16_t)size;
}

static void take_property(struct bitlocker_protector *p, const struct fve_entry *entry)
{
    size_t size;
    const uint8_t *value = value_of(entry, &size);

    switch (get_le16(entry->value_type)) {
    case FVE_VALUE_KEY: /* method, key */
        if (size == 4 + sizeof(p->clear_key))
            memcpy(p->clear_key, value + 4, sizeof(p->clear_key));
        break;
    case FVE_VALUE_STRETCH_KEY: /* method, salt, a sealed key */
        if (size >= 4 + sizeof(p->salt))
            memcpy(p->salt, value + 4, sizeof(p->salt));
        break;
    case FVE_VALUE_ENCRYPTED_KEY:
        take_sealed(&p->master_key, entry);
        break;
    default:
        break;
    }
}

static int take_protector(struct bitlocker *b, const struct fve_entry *entry)
{
    size_t size, at = sizeof(struct fve_master_key);
    const uint8_t *value = value_of(entry, &size);
    struct fve_master_key head;

    if (size < sizeof(head) || b->protectors.count >= BITLOCKER_PROTECTORS_MAX)
        return 0;
    struct bitlocker_protector *p = vector_push(&b->protectors);
    if (!p)
        return -ENOMEM;
    memcpy(&head, value, sizeof(head));
    p->id = guid_from_le(head.id);
    p->protection = get_le16(head.protection);
    while ((entry = next_entry(value, size, &at)))
        take_property(p, entry);
    return 0;
}

static int take_label(struct bitlocker *b, const struct fve_entry *entry)
{
    size_t size;
    const uint8_t *value = value_of(entry, &size);

    free(b->label);
    b->label = text_from_utf16le(value, size, NULL);
    return b->label ? 0 : -ENOMEM;
}

static void take_header_place(struct bitlocker *b, const struct fve_entry *entry)
{
    size_t size;
    const uint8_t *value = value_of(entry, &size);

    if (size >= 8)
        b->header_at = load_le64(value);
    if (size >= 16)
        b->header_size = load_le64(value + 8);
}

static int take_entry(struct bitlocker *b, const struct fve_entry *entry)
{
    switch (get_le16(entry->type)) {
    case FVE_ENTRY_MASTER_KEY:
        return take_protector(b, entry);
    case FVE_ENTRY_VOLUME_KEY:
        take_sealed(&b->volume_key, entry);
        return 0;
    case FVE_ENTRY_LABEL:
        return take_label(b, entry);
    case FVE_ENTRY_VOLUME_HEADER:
        take_header_place(b, entry);
        return 0;
    default:
        return 0;
    }
}

static int take_block(struct bitlocker *b)
{
    const struct fve_entry *entry;
    struct fve_block head;
    size_t at = sizeof(head);
    int r = 0;

    memcpy(&head, b->block, sizeof(head));
    b->volume_id = guid_from_le(head.volume_id);
    b->state = get_le16(head.state);
    b->method = (uint16_t)get_le32(head.method);
    b->encrypted_size = get_le64(head.encrypted_size);
    b->header_at = get_le64(head.header_at);
    b->header_size = (uint64_t)get_le32(head.header_sectors) * b->sector_size;
    size_t end = FVE_BLOCK_HEADER_SIZE + get_le32(head.metadata_size);
    while (r == 0 && (entry = next_entry(b->block, end, &at)))
        r = take_entry(b, entry);
    return r;
}

int bitlocker_read(struct bitlocker *b, io_source *volume, struct notes *notes)
{
    *b = (struct bitlocker){0};
    int r = read_boot_sector(b, volume, notes);

    if (r == 0)
        r = read_copies(b, volume, notes);
    if (r == 0)
        r = take_block(b);
    if (r < 0)
        bitlocker_free(b);
    return r;
}

void bitlocker_free(struct bitlocker *b)
{
    free(b->label);
    free(b->block);
    vector_free(&b->protectors);
    *b = (struct bitlocker){0};
}

/* The view. */

/* Bytes need not begin at a page of the overlay. */
static int patch(struct io_overlay *overlay, io_source *volume, uint64_t offset,
                 const uint8_t *bytes, size_t size)
{
    uint8_t page[IO_PAGE];
    int r = 0;

    for (size_t done = 0, length; done < size && r == 0; done += length) {
        uint64_t within = (offset + done) % IO_PAGE, at = offset + done - within;
        length = (size_t)min_u64(size - done, IO_PAGE - within);
        memset(page, 0, sizeof(page));
        if (io_read_some(volume, at, page, sizeof(page)) < 0) /* a page that cannot be read … */
            memset(page, 0, sizeof(page));                    /* … is what we are here for */
        memcpy(page + within, bytes + done, length);
        r = io_overlay_put(overlay, at, page);
    }
    return r;
}

int bitlocker_view(const struct bitlocker *b, io_source *volume, io_source **view)
{
    struct io_overlay *overlay = io_overlay_new(volume);
    int r = overlay ? 0 : -ENOMEM;

    for (size_t i = 0; i < BITLOCKER_COPIES && r == 0; i++) {
        if (b->is_whole[i] || !range_fits(b->copies[i], BLOCK_ROOM, INT64_MAX))
            continue;
        io_overlay_extend(overlay, b->copies[i] + BLOCK_ROOM); /* of a volume that was cut */
        r = patch(overlay, volume, b->copies[i], b->block, b->block_size);
    }
    *view = r == 0 ? io_overlay_seal(overlay) : NULL;
    if (r < 0)
        io_overlay_free(overlay);
    return *view ? 0 : r < 0 ? r : -ENOMEM;
}

/* Words. */

struct word {
    uint16_t value;
    const char *text;
};

static const char *word_of(const struct word *words, size_t count, uint16_t value,
                           const char *otherwise)
{
    for (size_t i = 0; i < count; i++)
        if (words[i].value == value)
            return words[i].text;
    return otherwise;
}

const char *bitlocker_method_name(uint16_t method)
{
    static const struct word words[] = {
        {0x8000, "AES-CBC 128 with diffuser"},
        {0x8001, "AES-CBC 256 with diffuser"},
        {0x8002, "AES-CBC 128"},
        {0x8003, "AES-CBC 256"},
        {0x8004, "XTS-AES 128"},
        {0x8005, "XTS-AES 256"},
    };

    return word_of(words, ARRAY_SIZE(words), method, "unknown");
}

const char *bitlocker_protection_name(uint16_t protection)
{
    static const struct word words[] = {
        {BITLOCKER_CLEAR_KEY, "clear key"},       {BITLOCKER_TPM, "TPM"},
        {BITLOCKER_STARTUP_KEY, "startup key"},   {BITLOCKER_TPM_AND_PIN, "TPM and PIN"},
        {BITLOCKER_RECOVERY_KEY, "recovery key"}, {BITLOCKER_PASSWORD, "password"},
    };

    return word_of(words, ARRAY_SIZE(words), protection, "unknown protector");
}
