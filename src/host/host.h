/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The model: everything found on the evidence, indexed by path and identifier. It is filled once
 * by host_scan() and only read afterwards; the rooms to the right know nothing of files.
 * All strings are valid UTF-8 unless said otherwise; lists are sorted by path (byte order), so
 * that an index is as good as an identity and two runs give the same model.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include "base/guid.h"
#include "base/notes.h"
#include "base/vector.h"
#include "base/when.h"
#include "base/winpath.h"
#include "disk/disk.h"
#include "disk/witness.h"
#include "event/events.h"
#include "event/hive.h"
#include "vm/vm.h"
#include "volume/bitlocker.h"
#include "volume/image_shadows.h"
#include "volume/image_path.h"
#include "volume/partition.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bitlocker_keys;
struct volume;
struct workers;

#define HOST_NONE SIZE_MAX /* "no index" */

typedef VECTOR(char *) string_list;
/* Frees the strings and the list itself, and leaves it empty. */
void string_list_free(string_list *);
/* Adds a string that the list owns from now on; NULL stands for memory that was short when it was
 * made. 0 or -ENOMEM, and then the string is freed. */
int string_list_add(string_list *, char *);

enum host_evidence_kind {
    EVIDENCE_DIRECTORY,
    EVIDENCE_VOLUME,
    EVIDENCE_EVENT_LOG,
    EVIDENCE_TEXT_LOG,
    EVIDENCE_REGISTRY_HIVE,
    EVIDENCE_INVENTORY,
};

/* Which files of an evidence are taken for logs. */
enum host_logs {
    LOGS_BY_NAME, /* *.evtx and the names that products use */
    LOGS_SOUGHT,  /* … and every *.log, *.txt and *.json that turns out to be one */
    LOGS_ONLY,    /* every file, and nothing else is looked for */
    LOGS_NONE,    /* none */
};

struct host_evidence {
    char *path; /* as printed */
    enum host_evidence_kind kind;
    size_t node; /* index of the host that it belongs to */
    uint64_t files_seen, files_read;
    _Atomic uint64_t bytes_read;
    string_list errors; /* sorted; what could not be read, and why */
    bool unreadable;    /* nothing of it could be read */
    bool is_file;       /* a single file, not a folder */
    enum host_logs logs;
    /* Symbolic links met, that lead out of the evidence, and of which it can't be read. */
    size_t links, links_out, links_unread;
    struct volume *volume; /* NULL when it could not be opened */
    /* Where a path leads into an image: only that is looked at, unless it is `whole`. */
    struct image_path within;
    bool whole;
    /* Of a volume in an image. */
    char *root;            /* as printed, without separator; `path` may lead further */
    uint64_t serial;       /* 0 unknown */
    struct bitlocker_unlocked bitlocker;
    struct partition_device device;
    io_source *bytes;      /* of one that is read; closed with the volume */
    bool has_shadows;      /* … that has shadow copies: so many, as far as could be read */
    size_t shadows;
    unsigned shadows_hung;      /* how many took too long to open */
    struct image_shadow shadow; /* shadows.h; its number is 0 of what is no shadow copy */
    size_t shadow_of;           /* of a shadow copy: its volume, an index of evidence */
};

/* A host (cluster node) or a shared storage named with --host. */
struct host_node {
    char *name;          /* "" for plain paths */
    bool has_registry;   /* a readable data.vmcx or registration folder, or an inventory */
    bool has_configs;    /* at least one readable VM configuration */
    bool is_shared_storage; /* no host but storage that hosts reach by shared paths */
    bool has_unreadable_config; /* a configuration or list that could not be read whole */
};

/* What the folder or name of a file says before its content is looked at (orphans.md I8, I17). */
enum host_context {
    CONTEXT_NONE,
    CONTEXT_CONTAINER, /* container, sandbox or utility-VM layers */
    CONTEXT_PROFILE,   /* profile disks, WSL, backup targets */
};

enum host_sibling {
    SIBLING_RCT = 1,
    SIBLING_MRT = 2,
    SIBLING_HRL = 4,
    SIBLING_HRU = 8,
    SIBLING_VHDS = 16,
    SIBLING_VMGS = 32,
};

/* One file that is, or claims to be, a virtual disk. */
struct host_disk {
    size_t evidence;
    char *path;         /* as printed */
    char *inner;        /* inside the volume, raw bytes: what volume_open() takes */
    char *folder_key;   /* folded path of its folder, with the evidence's own path */
    char *name_key;     /* folded file name */
    /* From NTFS inside an image; 0 and none elsewhere. */
    uint64_t extents;             /* runs of the file on its volume */
    uint32_t mft_records;         /* that describe it */
    uint32_t attribute_list_size; /* bytes; NTFS ends at 256 KiB with 0x80070299 */
    VECTOR(struct guid) owners;   /* machines whose identity has a permission on it */
    string_list aliases; /* further names of the same file (hard links), as printed */
    uint64_t file_id, file_size;
    filetime modified, created; /* 0 unknown */
    uint32_t attributes;        /* enum volume_attribute */
    enum host_context context;
    uint32_t siblings; /* enum host_sibling */
    bool is_avhd;          /* extension .avhd or .avhdx */
    bool is_autorecovery;  /* ...-AutoRecovery.avhdx */
    int status;            /* of disk_open() */
    struct disk_facts *facts; /* NULL when nothing could be had */
    struct notes notes;
    bool witness_asked;
    enum witness_verdict witness; /* what the second witness said, when asked */
    char *error; /* why it could not be read, or NULL */
};

/* How a recorded path was found on this evidence. */
enum host_match {
    MATCH_NOT_FOUND,  /* no file here fits */
    MATCH_MAPPED,     /* by a --map */
    MATCH_VOLUME,     /* by the volume's letter or GUID, as a hive on the evidence records it */
    MATCH_TAIL,       /* by the longest common tail, exactly one file */
    MATCH_AMBIGUOUS,  /* several files fit equally */
};

/* One drive of a VM or checkpoint: a reference to a disk. */
struct host_drive {
    int controller, location;
    char *recorded_path;
    char *type;
    size_t disk; /* index, or HOST_NONE */
    enum host_match match;
    size_t tail;           /* MATCH_TAIL: how many elements of the path agree, from the end */
    size_t candidates;     /* MATCH_AMBIGUOUS: how many fit */
    bool folder_is_known;  /* not found, but its folder is on the evidence: the disk is missing */
};

typedef VECTOR(struct host_drive) drive_list;

enum host_checkpoint_kind { CHECKPOINT_UNKNOWN, CHECKPOINT_STANDARD, CHECKPOINT_RECOVERY };

struct host_checkpoint {
    struct guid id;
    bool has_id;
    char *name;   /* or NULL */
    char *config; /* path as printed; the inventory's when that is all we have */
    filetime created;
    enum host_checkpoint_kind kind;
    enum vm_journal journal;
    drive_list drives;
};

enum host_tristate { HOST_UNKNOWN = -1, HOST_NO = 0, HOST_YES = 1 };

struct host_machine {
    struct guid id;
    bool has_id;
    char *name;          /* or NULL */
    char *config;        /* path as printed, or NULL: known only from a checkpoint or a list */
    size_t node;
    bool from_inventory;
    enum vm_format format; /* valid when config is a .vmcx or XML */
    int version_major, version_minor, generation; /* 0 unknown */
    enum host_tristate registered, merge_pending;
    bool planned;        /* lies in "Planned Virtual Machines": not the host's yet */
    bool saved_state, replicated, clustered;
    enum vm_journal journal;
    drive_list drives;
    VECTOR(struct host_checkpoint) checkpoints; /* sorted by config path */
};

/* A file that is or should be a configuration or list of VMs and could not be read whole. */
struct host_trouble {
    size_t evidence;
    char *path;
    int status;              /* 0: read, with notes */
    bool journal_unreadable; /* pending changes could not be applied */
    struct notes notes;
};

/* A machine or checkpoint on a host's list whose configuration is not on the evidence. */
struct host_missing_config {
    size_t node;
    struct guid id;
    bool is_checkpoint;
    char *recorded_path;
    bool folder_is_known;
};

/* One event log or product log, and what else than events it says. */
struct host_log {
    size_t evidence;
    char *path;
    enum event_format format;
    bool has_writers, has_services; /* the list was printed, be it empty */
    VECTOR(struct vss_writer) writers;
    VECTOR(struct service_process) services;
    uint64_t records, damaged_records; /* event logs */
    char *channel;        /* "Application" …; NULL unknown */
    filetime first, last; /* what it spans, records of no interest included; 0 none */
};

/* A registry hive, or a security template of a group policy. */
struct host_hive {
    size_t evidence;
    char *path;
    struct hive_facts facts; /* of any kind but HIVE_OTHER */
};

/* What $MFT still knows of a deleted disk, configuration or companion. */
struct host_trace {
    size_t evidence;
    char *path;        /* as far as known */
    bool path_is_full;
    uint64_t id, size;
    filetime created, modified, changed;
};

/* What the change journal says of such a file, deleted or not. */
struct host_life {
    size_t evidence;
    uint64_t id, usn;
    filetime time;
    uint32_t reason; /* enum ntfs_usn_reason */
    char *path;
};

/* How an event was tied to a machine. */
enum host_tie { TIE_NONE, TIE_BY_ID, TIE_BY_NAME };
const char *host_tie_name(enum host_tie); /* "id", "name"; NULL */

struct host_event {
    struct event event;
    size_t log;
    size_t machine; /* HOST_NONE */
    enum host_tie tie;
    const char *zone_hive; /* borrowed: by whose time zone local time became UTC; NULL: it is as
                              written */
    VECTOR(size_t) disks; /* those on this evidence that it names, in order of path */
};

/* Where a drive, volume or share lies on the evidence: --map 'D:\=/mnt/d', or a value of
 * MountedDevices. */
struct host_map {
    struct winpath from;
    char *to;    /* as printed, no separator at the end */
    size_t node; /* on which the letter means this; HOST_NONE: on all */
    size_t hive; /* that says so; HOST_NONE: the user */
};

typedef VECTOR(struct host_map) host_map_list;

/* A symbolic link, junction or mount point. The walk does not follow it. */
struct host_link {
    size_t evidence;
    char *path, *key; /* as printed; folded */
    char *target;     /* as recorded; NULL unknown */
    char *leads_to;   /* in a folder of the running system: the same as a path as printed */
};

struct host {
    VECTOR(struct host_node) nodes;
    VECTOR(struct host_evidence) evidence;
    VECTOR(struct host_disk) disks;
    VECTOR(struct host_machine) machines;
    VECTOR(struct host_trouble) troubles;
    VECTOR(struct host_missing_config) missing_configs;
    VECTOR(struct host_trace) traces;  /* in order of path */
    VECTOR(struct host_life) lives;    /* in order of time */
    VECTOR(struct host_log) logs;      /* in order of path */
    VECTOR(struct host_hive) hives;    /* in order of evidence and path */
    VECTOR(struct host_event) events;  /* in order of time, then record, then log */
    host_map_list maps;   /* what the user says */
    host_map_list mounts; /* what hives on the evidence say */
    VECTOR(struct host_link) links;    /* in order of key */
    string_list known_folders; /* folded, sorted: folders in which something of interest lies */
    size_t configs_read; /* VM and checkpoint configurations that parsed */
    struct host_index *index; /* by name, by identifier */
};

enum host_witness { WITNESS_AUTO, WITNESS_ALWAYS, WITNESS_NEVER };

struct host_options {
    enum host_witness witness;
    unsigned threads; /* 0: as many as there are processors */
    struct workers *workers; /* NULL: no witness */
    bool files_as_they_are;  /* a file is an image only where a path leads into it */
    const struct bitlocker_keys *keys; /* to unlock volumes with; NULL: none */
    /* Called from the calling thread only, every so often; may be NULL. */
    void (*progress)(void *user, const char *stage, uint64_t done, uint64_t total);
    void *progress_user;
};

void host_init(struct host *);
/* Names one more piece of evidence; `node` "" for the one unnamed host. 0 or negative errno; a
 * path that can't be opened becomes evidence with an error all the same. */
int host_add_path(struct host *, const char *node, const char *path);
/* The image into which the path leads, with all its volumes: what the path names must be there. */
int host_add_image_of(struct host *, const char *node, const char *path);
int host_add_inventory(struct host *, const char *node, const char *path);
/* A log, or a folder of logs, found by content. */
int host_add_events(struct host *, const char *node, const char *path);
/* "D:\=/mnt/d". -EINVAL when it has no such form. */
int host_add_map(struct host *, const char *text);
/* From now on logs are what it is about: files named are logs, folders are searched for them. */
void host_seek_logs(struct host *);
/* Opens the volumes into which paths lead, and no other image: for looking at single files. */
int host_open_images(struct host *, const struct host_options *);
/* Says, of evidence whose path leads into an image, which part of the path is not there, if one is
 * not. 0 or -ENOMEM. */
int host_judge_within(struct host *, size_t evidence);
/* Walks, reads, indexes. 0, or -ENODATA when nothing at all could be read. */
int host_scan(struct host *, const struct host_options *);
/* When the disk was made. A file that is younger than what was last written to it is a copy: 0. */
filetime host_disk_made(const struct host_disk *);
/* Closes the volumes: nothing can be read of the evidence any more. Before workers are stopped. */
void host_close_volumes(struct host *);
void host_free(struct host *);

/* What a recorded path leads to: all disks that fit equally well, in order of path. */
struct host_found {
    enum host_match match;
    size_t tail;           /* elements that agree, from the end */
    size_t *disks;         /* the caller frees */
    size_t count;          /* 1 for MAPPED and TAIL */
    bool folder_is_known;
};
/*
 * Where on the evidence a recorded path leads, seen from `node`: paths with a drive letter stay on
 * their own node. For parents the linkage decides among several. 0 or -ENOMEM.
 */
int host_find_path(const struct host *, const char *recorded, size_t node, struct host_found *);
/* A path relative to a disk's folder ("..\x\parent.vhdx"); HOST_NONE when nothing is there. */
size_t host_find_relative(const struct host *, size_t disk, const char *relative);
/* Disks whose DataWriteGuid (VHD: unique id) is that, in order of path: a borrowed array. */
const size_t *host_find_identifier(const struct host *, const struct guid *, size_t *count);
/* A recorded path that every node of a cluster understands: ClusterStorage or UNC. */
bool host_path_is_shared(const char *recorded);

#endif
