/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Configurations of machines and checkpoints as Hyper-V would write them, as far as is known, for
 * the corpus and for tests. Paths that end in .xml give the format of 2012 R2, others a container.
 *
 *     struct vm_fixture_drive drive = {.path = "C:\\VMs\\Server\\Server_7F2A.avhdx"};
 *     struct vm_fixture vm = {.id = "0e1c…", .name = "Server", .drives = &drive,
 *                             .drive_count = 1, .checkpoint_count = 1};
 *     vm_fixture_write("Virtual Machines/0E1C….vmcx", &vm);
 *
 *     struct vm_fixture checkpoint = {.id = "5b77…", .logical_id = "0e1c…", .name = "before",
 *                                     .drives = &base_drive, .drive_count = 1};
 *     vm_fixture_write("Snapshots/5B77….vmcx", &checkpoint);
 */
#ifndef WRITERS_VM_FIXTURE_H
#define WRITERS_VM_FIXTURE_H

#include "base/when.h"
#include "vm/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vm_fixture_bus {
    VM_FIXTURE_BUS_DEFAULT, /* IDE in generation 1, SCSI in generation 2 */
    VM_FIXTURE_BUS_IDE,
    VM_FIXTURE_BUS_SCSI,
};

struct vm_fixture_drive {
    const char *path; /* as recorded; "" = an empty drive */
    const char *type; /* NULL = "VHD" */
    enum vm_fixture_bus bus;
    int controller, location;
};

enum vm_fixture_journal {
    VM_FIXTURE_CLEAN,
    /* The fixture is what the file becomes when its log is applied; without the log it is a machine
     * called "Before the last commit" that has no drives. */
    VM_FIXTURE_PENDING,
    VM_FIXTURE_UNREADABLE, /* the same, and an entry of the log does not verify */
};

/* In every field zero or NULL is the sensible default; only `id` must be there. */
struct vm_fixture {
    const char *id;         /* text of a GUID */
    const char *logical_id; /* NULL = id; of a checkpoint: its machine's id */
    const char *name;       /* NULL = "Machine" */
    const char *type_id;    /* NULL = "Virtual Machines"; "" = no such key */
    int version;            /* 0xMMmm; 0 = 9.0, in XML 5.0 */
    int generation;         /* 1, 2; 0 = 2, in XML 1 */
    filetime created;       /* 0 = no such key */
    const struct vm_fixture_drive *drives;
    size_t drive_count;
    bool merge_pending, clustered, replicated;
    int64_t checkpoint_count;
    const char *data_root, *checkpoint_root, *saved_state_file; /* NULL = no such key */
    enum vm_fixture_journal journal; /* containers only */
    const char *const *extra;        /* further pairs (vmcx_writer.h), NULL at the end, or NULL */
};

/* 0 or negative errno. */
int vm_fixture_write(const char *path, const struct vm_fixture *);
/* The tree that it writes; the caller frees it. */
struct tree_node *vm_fixture_tree(const struct vm_fixture *, bool xml);

/* A host's data.vmcx with so many machines: their ids and the paths of their files. */
int vm_registry_fixture_write(const char *path, const char *const *ids, const char *const *paths,
                              size_t count);

/* A runtime state (.vmrs), of a stopped or of a saved machine. */
int vm_runtime_fixture_write(const char *path, bool saved);

#endif
