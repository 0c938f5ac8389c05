/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Folders of the made tree turned into NTFS volumes of a disk image, which then stands in their
 * place: with an MBR or a GPT, deleted files, a change journal and permissions.
 */
#include "mkhost.h"

#include "ntfs_writer.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/vector.h"
#include "base/when.h"
#include "volume/ntfs_format.h"
#include "volume/ntfs_volume.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR       512
#define RECORDS      1024 /* of each volume's $MFT */
#define JOURNAL_SIZE 4096
#define ROOT         ntfs_reference(NTFS_ROOT, NTFS_ROOT)

/* What became of a file of the tree: its path below the volume's folder. */
struct placed {
    char *path;
    uint64_t reference;
};

struct making {
    struct recipe *recipe;
    json_t *volume; /* of the recipe */
    struct ntfs_writer w;
    uint64_t next_record;
    VECTOR(struct placed) placed;
};

static uint64_t reference_of(const struct making *m, const char *path)
{
    for (size_t i = 0; i < m->placed.count; i++)
        if (strcmp(m->placed.items[i].path, path) == 0)
            return m->placed.items[i].reference;
    fail(m->recipe, "%s: is in no volume of the image", path);
}

static bool is_listed(json_t *list, const char *path)
{
    json_t *item;
    size_t i;

    json_array_foreach(list, i, item) if (strcmp(json_string_value(item), path) == 0) return true;
    return false;
}

/* S-1-5-83-1-… may do everything, and nobody else anything. */
static void put_owner(struct making *m, uint64_t number, const char *machine)
{
    static const uint8_t start[] = {1,  0, 4,  0x80, 0,    0, 0,  0, 0,  0, 0, 0, 0, 0, 0, 0,
                                    20, 0, 0,  0,                    /* MS-DTYP 2.4.6 */
                                    2,  0, 48, 0,    1,    0, 0,  0, /* 2.4.5: an ACL */
                                    0,  0, 40, 0,    0xFF, 1, 31, 0, /* 2.4.4.2: allowed */
                                    1,  6, 0,  0,    0,    0, 0,  5, 83, 0, 0, 0, 1, 0, 0, 0};
    uint8_t descriptor[sizeof(start) + 16];
    struct guid id = guid_of(machine);

    memcpy(descriptor, start, sizeof(start));
    guid_to_le(&id, descriptor + sizeof(start));
    ntfs_writer_value(&m->w, number, NTFS_SECURITY_DESCRIPTOR, NULL, descriptor,
                      sizeof(descriptor));
}

/* MS-FSCC 2.1.2.4, 2.1.2.5: what leads to a volume or folder is a mount point, all else a symbolic
 * link, which is relative unless it has a drive. */
static void put_reparse(struct making *m, uint64_t number, const char *target, bool is_folder)
{
    uint8_t bytes[2048] = {0};
    struct ntfs_reparse *reparse = (void *)bytes;
    struct ntfs_link_names *names = (void *)(reparse + 1);
    bool absolute = target[0] == '\\' || target[1] == ':';
    CLEANUP_FREE char *native = string_printf(
        "%s%s", absolute ? "\\??\\" : "", strncmp(target, "\\\\?\\", 4) == 0 ? target + 4 : target);
    size_t length, fixed = sizeof(*reparse) + sizeof(*names) + (is_folder ? 0 : 4);
    CLEANUP_FREE void *utf16 = text_to_utf16le(native, &length);

    if (fixed + length > sizeof(bytes))
        fail(m->recipe, "%s: too long for a link", target);
    store_le32(&reparse->tag, is_folder ? NTFS_TAG_MOUNT_POINT : NTFS_TAG_SYMLINK);
    store_le16(&reparse->data_length, (uint16_t)(fixed - sizeof(*reparse) + length));
    store_le16(&names->substitute_length, (uint16_t)length);
    store_le16(&names->print_offset, (uint16_t)length);
    if (!is_folder)
        bytes[fixed - 4] = absolute ? 0 : 1;
    memcpy(bytes + fixed, utf16, length);
    ntfs_writer_value(&m->w, number, NTFS_REPARSE_POINT, NULL, bytes, fixed + length);
}

static void put_data(struct making *m, uint64_t number, const char *where, size_t size,
                     uint16_t flags)
{
    int fd = open(where, O_RDONLY | O_CLOEXEC);
    size_t clusters = div_round_up(size, NTFS_WRITER_CLUSTER), done = 0;
    uint64_t first = m->w.next_cluster;
    ssize_t n = fd < 0 ? -1 : 0;

    if ((first + clusters) * NTFS_WRITER_CLUSTER >= m->w.size)
        fail(m->recipe, "%s: the volume is too small", where);
    while (fd >= 0 && done < size &&
           (n = read(fd, m->w.bytes + first * NTFS_WRITER_CLUSTER + done, size - done)) > 0)
        done += (size_t)n;
    if (n < 0 || done < size)
        fail(m->recipe, "%s: %s", where, strerror(errno));
    close(fd);
    m->w.next_cluster += clusters;
    const struct ntfs_writer_run run = {clusters, (int64_t)first};
    const struct ntfs_writer_stream stream = {.type = NTFS_DATA,
                                              .flags = flags,
                                              .size = size,
                                              .initialized_size = size,
                                              .runs = &run,
                                              .run_count = clusters > 0};
    if (clusters > 0)
        ntfs_writer_runs(&m->w, number, &stream);
    else
        ntfs_writer_value(&m->w, number, NTFS_DATA, NULL, "", 0);
}

/* FILE_ATTRIBUTE_… (MS-FSCC 2.6) of the files that the recipe says it of. */
static uint32_t attributes_of(const struct making *m, const char *path)
{
    static const struct {
        const char *word;
        uint32_t attribute;
    } words[] = {{"sparse", NTFS_FILE_SPARSE},
                 {"compressed", NTFS_FILE_COMPRESSED},
                 {"encrypted", NTFS_FILE_ENCRYPTED},
                 {"offline", NTFS_FILE_OFFLINE}};
    const char *said =
        json_string_value(json_object_get(json_object_get(m->volume, "attributes"), path));

    for (size_t i = 0; said && i < ARRAY_SIZE(words); i++)
        if (strcmp(words[i].word, said) == 0)
            return 0x20 | words[i].attribute;
    if (said)
        fail(m->recipe, "\"%s\" is no attribute of a file", said);
    return 0x20;
}

static bool is_mount_target(const char *where, const char *target)
{
    return target[0] == '\\' || (target[1] == ':' && !strstr(where, ".xml"));
}

static void put_entry(struct making *m, const char *where, const char *path, uint64_t parent,
                      const struct stat *s)
{
    const char *slash = strrchr(path, '/');
    const char *owner =
        json_string_value(json_object_get(json_object_get(m->volume, "owners"), path));
    bool deleted = is_listed(json_object_get(m->volume, "deleted"), path);
    char target[1024] = "";
    ssize_t length = S_ISLNK(s->st_mode) ? readlink(where, target, sizeof(target) - 1) : 0;
    bool is_mount = length > 0 && is_mount_target(where, target);
    bool is_folder = S_ISDIR(s->st_mode) || is_mount;
    uint64_t number = m->next_record++;
    struct placed *placed = vector_push(&m->placed);

    if (!placed || number >= RECORDS || length < 0)
        fail(m->recipe, "%s: %s", where, strerror(length < 0 ? errno : ENOMEM));
    *placed = (struct placed){strdup(path), ntfs_reference(number, 1)};
    m->w.time = when_from_timespec(s->st_mtim);
    /* A record that is freed counts its sequence up. */
    ntfs_writer_begin(
        &m->w, number, deleted ? 2 : 1,
        (uint16_t)((deleted ? 0 : NTFS_RECORD_IN_USE) | (is_folder ? NTFS_RECORD_DIRECTORY : 0)));
    ntfs_writer_information(&m->w, number,
                            attributes_of(m, path) | (length > 0 ? NTFS_FILE_REPARSE : 0), 0);
    ntfs_writer_name(&m->w, number, parent, slash ? slash + 1 : path, NTFS_WIN32);
    if (owner)
        put_owner(m, number, owner);
    if (S_ISREG(s->st_mode))
        put_data(m, number, where, (size_t)s->st_size, 0);
    if (length > 0)
        put_reparse(m, number, target, is_mount);
    ntfs_writer_end(&m->w, number);
}

static void put_folder(struct making *m, const char *folder, const char *path, uint64_t reference)
{
    struct dirent **names;
    int count = scandir(folder, &names, NULL, alphasort);

    if (count < 0)
        fail(m->recipe, "%s: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        const char *name = names[i]->d_name;
        CLEANUP_FREE char *where = string_printf("%s/%s", folder, name);
        CLEANUP_FREE char *inner = string_printf("%s%s%s", path, *path ? "/" : "", name);
        struct stat s;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        if (lstat(where, &s) < 0)
            fail(m->recipe, "%s: %s", where, strerror(errno));
        put_entry(m, where, inner, reference, &s);
        if (S_ISDIR(s.st_mode))
            put_folder(m, where, inner, reference_of(m, inner));
    }
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

static uint32_t reason_of(const struct making *m, const char *word)
{
    static const struct {
        const char *word;
        uint32_t reason;
    } words[] = {{"created", NTFS_USN_CREATED},
                 {"deleted", NTFS_USN_DELETED},
                 {"renamed-from", NTFS_USN_RENAMED_FROM},
                 {"renamed-to", NTFS_USN_RENAMED_TO}};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcmp(words[i].word, word) == 0)
            return words[i].reason;
    fail(m->recipe, "\"%s\" is no deed of the change journal", word);
}

/* [time, deed, path, path of the file now]; the last only where it has another name by now. */
static size_t put_deed(struct making *m, uint8_t *journal, size_t at, json_t *deed)
{
    const char *path = json_string_value(json_array_get(deed, 2));
    const char *now = json_string_value(json_array_get(deed, 3));
    const char *slash = strrchr(path, '/');
    CLEANUP_FREE char *folder = slash ? strndup(path, (size_t)(slash - path)) : NULL;
    struct timespec when = {.tv_sec =
                                read_time(m->recipe, json_string_value(json_array_get(deed, 0)))};
    struct ntfs_usn_v2 *usn = (void *)(journal + at);
    size_t name;
    CLEANUP_FREE void *utf16 = text_to_utf16le(slash ? slash + 1 : path, &name);
    size_t length = (sizeof(*usn) + name + 7) & ~(size_t)7;

    if (at + length > JOURNAL_SIZE)
        fail(m->recipe, "the journal is too long");
    store_le32(&usn->length, (uint32_t)length);
    store_le16(&usn->major, 2);
    store_le64(&usn->reference, reference_of(m, now ? now : path));
    store_le64(&usn->parent, folder ? reference_of(m, folder) : ROOT);
    store_le64(&usn->usn, at);
    store_le64(&usn->time, when_from_timespec(when));
    store_le32(&usn->reason,
               reason_of(m, json_string_value(json_array_get(deed, 1))) | NTFS_USN_CLOSED);
    store_le16(&usn->name_length, (uint16_t)name);
    store_le16(&usn->name_offset, sizeof(*usn));
    memcpy(usn + 1, utf16, name);
    return at + length;
}

static void put_journal(struct making *m)
{
    json_t *deeds = json_object_get(m->volume, "journal"), *deed;
    uint8_t journal[JOURNAL_SIZE] = {0};
    uint64_t number = m->next_record++;
    size_t at = 0, i;

    if (!deeds)
        return;
    json_array_foreach(deeds, i, deed) at = put_deed(m, journal, at, deed);
    const struct ntfs_writer_run run = {1,
                                        (int64_t)ntfs_writer_put(&m->w, journal, sizeof(journal))};
    const struct ntfs_writer_stream stream = {.type = NTFS_DATA,
                                              .name = "$J",
                                              .size = sizeof(journal),
                                              .initialized_size = sizeof(journal),
                                              .runs = &run,
                                              .run_count = 1};
    ntfs_writer_begin(&m->w, number, 1, NTFS_RECORD_IN_USE);
    ntfs_writer_name(&m->w, number, ntfs_reference(NTFS_EXTEND, 1), "$UsnJrnl", NTFS_WIN32);
    ntfs_writer_runs(&m->w, number, &stream);
    ntfs_writer_end(&m->w, number);
}

/* Takes a folder away whose files are in the image now. */
static void drop_folder(const struct recipe *recipe, const char *folder)
{
    struct dirent **names;
    int count = scandir(folder, &names, NULL, alphasort);

    for (int i = 0; i < count; i++) {
        CLEANUP_FREE char *where = string_printf("%s/%s", folder, names[i]->d_name);
        bool is_self = strcmp(names[i]->d_name, ".") == 0 || strcmp(names[i]->d_name, "..") == 0;
        if (!is_self && names[i]->d_type == DT_DIR)
            drop_folder(recipe, where);
        else if (!is_self && unlink(where) < 0)
            fail(recipe, "%s: %s", where, strerror(errno));
        free(names[i]);
    }
    free(names);
    if (count < 0 || rmdir(folder) < 0)
        fail(recipe, "%s: %s", folder, strerror(errno));
}

static void make_volume(struct recipe *recipe, json_t *volume, int fd)
{
    struct making m = {.recipe = recipe, .volume = volume, .next_record = NTFS_FIRST_USER};
    size_t clusters = (size_t)(size_member(recipe, volume, "size", 0) / NTFS_WRITER_CLUSTER);
    CLEANUP_FREE char *folder = place(recipe, text_member(recipe, volume, "folder", ""));

    if (!ntfs_writer_start(&m.w, clusters - 1, RECORDS))
        fail(recipe, "memory is short");
    put_folder(&m, folder, "", ROOT);
    put_journal(&m);
    write_image(recipe, fd, size_member(recipe, volume, "offset", 0), m.w.bytes, m.w.size);
    drop_folder(recipe, folder);
    for (size_t i = 0; i < m.placed.count; i++)
        free(m.placed.items[i].path);
    vector_free(&m.placed);
    ntfs_writer_free(&m.w);
}

static void make_image(struct recipe *recipe, json_t *image)
{
    CLEANUP_FREE char *where = place(recipe, text_member(recipe, image, "image", ""));
    json_t *volumes = json_object_get(image, "volumes"), *volume;
    uint64_t end = 0;
    size_t i;
    int fd = open(where, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    json_array_foreach(volumes, i, volume)
    {
        end = size_member(recipe, volume, "offset", 0) + size_member(recipe, volume, "size", 0);
        if (fd >= 0)
            make_volume(recipe, volume, fd);
    }
    end += MIB; /* the second copy of a GPT */
    if (fd < 0 || ftruncate(fd, (off_t)end) < 0)
        fail(recipe, "%s: %s", where, strerror(errno));
    if (flag_member(recipe, image, "gpt"))
        make_gpt(recipe, image, fd, end / SECTOR);
    else
        make_mbr(recipe, image, fd);
    close(fd);
}

void make_images(struct recipe *recipe)
{
    json_t *image;
    size_t i;

    json_array_foreach(json_object_get(recipe->json, "images"), i, image) make_image(recipe, image);
}

char *path_in_image(const struct recipe *recipe, const char *path)
{
    json_t *image, *volume;
    size_t i, v;

    json_array_foreach(json_object_get(recipe->json, "images"), i, image)
        json_array_foreach(json_object_get(image, "volumes"), v, volume)
    {
        const char *folder = text_member(recipe, volume, "folder", "");
        size_t length = strlen(folder);
        if (strncmp(path, folder, length) == 0 && path[length] == '/')
            return string_printf("%s!p%zu!/%s", text_member(recipe, image, "image", ""), v + 1,
                                 path + length + 1);
    }
    return strdup(path);
}

json_t *volume_of_image(const struct recipe *recipe, const char *name, size_t number,
                        json_t **found)
{
    json_t *image;
    size_t i;

    json_array_foreach(json_object_get(recipe->json, "images"), i,
                       image) if (strcmp(text_member(recipe, image, "image", ""), name) == 0)
    {
        *found = image;
        return json_array_get(json_object_get(image, "volumes"), number - 1);
    }
    return NULL;
}
