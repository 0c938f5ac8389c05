/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * mkhost's own header: a recipe of a whole host (corpus/README.md says how one is written) and
 * the makers of its files. All strings of a recipe live as long as its JSON does; the makers
 * exit with a message when a recipe can't be made, so that nothing here returns an error.
 */
#ifndef WRITERS_MKHOST_H
#define WRITERS_MKHOST_H

#include "base/guid.h"
#include "disk/disk.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Where a folder of the made tree lies on the Windows host: "d" is "D:". */
struct mount {
    const char *folder;  /* "" is the whole tree */
    const char *windows; /* without separator at the end */
};

struct recipe {
    json_t *json;
    json_t *files; /* the flat list: repeats unrolled, names in braces replaced */
    const char *folder;
    struct mount *mounts;
    size_t mount_count;
    size_t current; /* the file being made, for messages */
};

/* Ends the program: "mkhost: RECIPE: file 3: …". */
_Noreturn void fail(const struct recipe *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The GUID that a short name stands for (a full GUID stands for itself). */
struct guid guid_of(const char *name);
/* guid_of("kind name"): keeps the GUIDs of a disk and of a VM of one name apart. */
struct guid guid_of_kind(const char *kind, const char *name);

/* Upper case, as Windows names files. Returns text. */
char *guid_file_name(struct guid, char text[GUID_TEXT_SIZE]);

/* A copy of the value with "$word" in its strings replaced by what `words` says, "{name}" by
 * upper-case GUIDs, and in a repeated entry "#" by the number, "#-1" by the number before it. */
json_t *substitute(json_t *, json_t *words, bool repeated, long number);

/* The place of a file in the made tree: folder joined with path, %XX replaced by that byte. The
 * caller frees it. Folders on the way are made. */
char *place(const struct recipe *, const char *path);
/* The path as that host's Windows would record it; the caller frees it. */
char *windows_path(const struct recipe *, const char *path);
/* The same below \\?\Volume{guid}. */
char *volume_path(const struct recipe *, const char *path);
/* From the folder of `from` to `to`: ".\x", "..\y\x"; NULL across drives. The caller frees it. */
char *relative_path(const struct recipe *, const char *from, const char *to);

/* The disk entry of that id; fails when there is none (find_disk() gives NULL). */
json_t *disk_of(const struct recipe *, const char *id);
json_t *find_disk(const struct recipe *, const char *id);
/* A disk's id: "id", or the name of the file; its path in the tree, also of a copy. */
const char *disk_id(json_t *disk);
const char *disk_path(const struct recipe *, json_t *disk);

/* Optional members of an entry, of the right type or fail. */
const char *text_member(const struct recipe *, json_t *, const char *key, const char *otherwise);
bool flag_member(const struct recipe *, json_t *, const char *key);
/* "64M", "2K", "1G" or a number of bytes. */
uint64_t size_member(const struct recipe *, json_t *, const char *key, uint64_t otherwise);

/* A run of blocks: "0-3 full". */
struct block_run {
    uint64_t first, count;
    enum block_state state;
};
/* Reads "0-3 full, 5 zero"; the caller frees *runs. */
size_t read_blocks(const struct recipe *, const char *text, struct block_run **runs);

/* "+2h", "-3d", "+1d2h": from the base time, 2024-05-01 08:00:00 UTC. */
time_t read_time(const struct recipe *, const char *text);

/* A new file of those bytes. */
void write_plain(const struct recipe *, const char *path, const void *bytes, size_t length);
/* Keeps only its first bytes. */
void cut_file(const struct recipe *, const char *path, uint64_t keep);
/* Sets the file's times to what the entry says. */
void set_time(const struct recipe *, json_t *entry, const char *path);

typedef void make_function(struct recipe *, json_t *entry);
make_function make_disk;
make_function make_vm, make_checkpoint, make_runtime, make_registry, make_registration_folder;
make_function make_events, make_hive;
make_function make_text, make_json, make_garbage, make_folder, make_link, make_hard_link, make_fifo,
    make_copy;

struct hive_writer;
/* MountedDevices: {"D:": "host.raw 2", "volume D:": "host.raw 2"}. */
void put_mounted_devices(struct recipe *, struct hive_writer *, json_t *mounted);

/* Turns the folders that the recipe's "images" name into disk images; after all files. */
void make_images(struct recipe *);
/* Where a path of the tree has gone by that: "host.raw!p1!/x". The caller frees it. */
char *path_in_image(const struct recipe *, const char *path);
/* The volume of that number (from 1 on) of an image, and the image; NULL when there is none. */
json_t *volume_of_image(const struct recipe *, const char *name, size_t number, json_t **image);
/* Bytes of an image; zeros stay holes. */
void write_image(const struct recipe *, int fd, uint64_t offset, const uint8_t *bytes, size_t size);
/* The table with the volumes of an image of that many sectors. */
void make_mbr(struct recipe *, json_t *image, int fd);
void make_gpt(struct recipe *, json_t *image, int fd, uint64_t sectors);
/* Of a GPT. */
struct guid partition_guid(const char *image, size_t number);

/* Where a host keeps its list of machines, unless told otherwise. */
#define LIST_FOLDER "ProgramData/Microsoft/Windows/Hyper-V"
#define LIST_FILE   LIST_FOLDER "/data.vmcx"

/* The entry of the VM of that name, NULL when there is none. */
json_t *find_vm(const struct recipe *, const char *name);
struct guid machine_guid(const struct recipe *, json_t *vm);
struct guid checkpoint_guid(const struct recipe *, json_t *checkpoint);
/* Where a VM's or checkpoint's configuration lies in the tree; the caller frees it. */
char *config_path(const struct recipe *, json_t *entry);

#endif
