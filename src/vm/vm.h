/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Configurations of virtual machines and checkpoints (.vmcx containers, XML of 2008-2012 R2) and
 * the host's own lists of its machines. Parsers only: nothing here decides what a file means.
 */
#ifndef VM_VM_H
#define VM_VM_H

#include "base/guid.h"
#include "base/notes.h"
#include "base/vector.h"
#include "base/when.h"
#include "io/source.h"

#include <stdbool.h>
#include <stdint.h>

enum vm_format { VM_VMCX, VM_XML };

/* State of the .vmcx replay log (XML: always clean). */
enum vm_journal { VM_JOURNAL_CLEAN, VM_JOURNAL_REPLAYED, VM_JOURNAL_UNREADABLE };

/* One driveN below a controllerN: every one with a non-empty pathname. */
struct vm_drive {
    int controller, location; /* the numbers in controllerN/driveN; -1 unknown */
    char *path;               /* pathname as recorded, trailing NULs dropped */
    char *type;               /* "VHD", "ISO", "NONE", "VFD" … or NULL */
    char *instance;           /* name of the node that holds the controller */
};

struct vm_config {
    enum vm_format format;
    int version_major, version_minor; /* properties/version 0xMMmm; 0.0 unknown */
    struct guid id;                   /* properties/global_id */
    struct guid logical_id;           /* settings/global/logical_id: of a checkpoint, its VM */
    bool has_id, has_logical_id;
    char *name, *type_id;  /* NULL unknown */
    int generation;        /* 1, 2; 0 unknown */
    int merge_pending;     /* global_settings/disk_merge_pending: 1, 0; -1 unknown */
    int clustered;         /* properties/highly_available: 1, 0; -1 unknown */
    bool replicated;       /* a replication settings node with something in it */
    int64_t checkpoint_count; /* snapshots/list/size; -1 unknown */
    char *checkpoint_root, *data_root; /* global_settings/{snapshots/,}data_root */
    char *saved_state_file;            /* savedstate/vsvlocation (2012 R2) or NULL */
    filetime created;
    enum vm_journal journal;
    uint32_t journal_entries; /* pending entries: applied, or not readable */
    VECTOR(struct vm_drive) drives;
};

/*
 * Reads a VM or checkpoint configuration of either format, told apart by content. Damaged files
 * give what can be trusted.
 *   0         a configuration; with a note of severity "problem" some of it was lost or does not
 *             verify, so that a disk which it does not name may be in use all the same
 *   -ENOMSG   a container or XML of something else (runtime state, a list of VMs)
 *   -ENOTSUP  a .vmcx format older than 0x0300
 *   -EBADMSG  damaged beyond use      -ENOMEM, -EIO …
 */
int vm_config_read(struct vm_config *, io_source *, struct notes *);
void vm_config_free(struct vm_config *);

/* What the runtime state file (.vmrs) says: whether memory was saved. -ENOMSG when it is none. */
int vm_runtime_read(bool *saved, io_source *, struct notes *);

/* data.vmcx: the host's list of its machines. */
struct vm_registration {
    struct guid id;
    char *config_path; /* as recorded */
};
struct vm_registry {
    enum vm_journal journal;
    uint32_t journal_entries;
    VECTOR(struct vm_registration) machines;
};
/* As vm_config_read(); -ENOMSG when the container is no such list. */
int vm_registry_read(struct vm_registry *, io_source *, struct notes *);
void vm_registry_free(struct vm_registry *);

/* An inventory: JSON of Get-VMHardDiskDrive for machines or checkpoints. */
struct vm_inventory_drive {
    struct guid vm_id, checkpoint_id;
    bool has_vm_id, has_checkpoint_id;
    bool is_checkpoint; /* the drive belongs to a checkpoint, its id known or not */
    char *vm_name, *checkpoint_name, *computer_name, *path; /* NULL unknown; path never NULL */
    char *controller_type;                                  /* "IDE", "SCSI" or NULL */
    int controller, location;                               /* -1 unknown */
};
struct vm_inventory {
    VECTOR(struct vm_inventory_drive) drives;
    size_t pass_through; /* drives without a file */
};
/* UTF-8 (with or without mark) or UTF-16, one object or an array; -EBADMSG with the line else. */
int vm_inventory_read(struct vm_inventory *, io_source *, struct notes *);
void vm_inventory_free(struct vm_inventory *);

enum vm_probe { VM_PROBE_NONE, VM_PROBE_CONTAINER, VM_PROBE_XML };
/* By content: a HyperVStorage container, or XML whose root is <configuration>. Two reads. */
enum vm_probe vm_probe(io_source *);

const char *vm_format_name(enum vm_format);   /* "vmcx", "xml" */
const char *vm_journal_name(enum vm_journal); /* "clean", "replayed", "unreadable" */

#endif
