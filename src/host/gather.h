/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Between the walk and the model: the files of interest, and what reading each of them gave. */
#ifndef HOST_GATHER_H
#define HOST_GATHER_H

#include "host/host.h"
#include "host/interest.h"

/*
 * Files are found by name and by content. Anything of at least SNIFF_ANYWHERE bytes is sniffed, a
 * VHDX can't be smaller; below that, down to the least VHD, only in folders with something of
 * interest.
 */
#define SNIFF_ANYWHERE (1u << 20)
#define SNIFF_LEAST    1536

struct found_file {
    size_t evidence;
    char *inner; /* as volume_open() takes it */
    char *path;  /* as printed */
    char *link_target;
    bool is_link, is_alias;
    enum registration registration;
    struct guid registration_id;
    uint64_t id, size;
    filetime modified, created;
    uint32_t attributes;
    enum interest interest;
    enum host_sibling sibling;

    /* Filled by reading. */
    char *error;       /* a line for evidence[].errors */
    bool was_read;
    bool is_disk;      /* `disk` is valid */
    struct host_disk disk;
    bool is_config;    /* `config` is valid */
    struct vm_config config;
    bool is_registry;  /* `registry` is valid */
    struct vm_registry registry;
    bool is_log;         /* `log` is valid */
    struct event_file log;
    bool is_strange;     /* named, and nothing that is understood */
    bool is_hive;        /* `hive` is valid */
    struct hive_facts hive;
    bool is_saved_state; /* runtime state with memory in it */
    int status;        /* of reading a configuration or list */
    struct notes notes;
};

typedef VECTOR(struct found_file) file_list;

/* Walks all evidence and lists what may be of interest, in order of evidence and path. */
int gather_files(struct host *, const struct host_options *, file_list *);
void gather_free(file_list *);

struct volume_entry;
/* Keeps a link that the walk met, and says when it leads to where no evidence is. 0 or -ENOMEM. */
int link_add(struct host *, size_t evidence, const struct volume_entry *);
/* Puts the links in order; after the walk. */
int links_join(struct host *);

/* Replaces images among the evidence by the volumes in them; before the walk. */
int images_open(struct host *, const struct host_options *);
/* Leaves out of the volume's walk what is no business of ours; before the walk. */
void images_keep_wanted(struct volume *, enum host_logs);
/* Adds what is said of a volume or image, from warnings on. 0 or -ENOMEM. */
int images_complain(struct host_evidence *, const struct notes *);
/* What only a volume can tell: deleted files, the change journal, owners, fragments. */
int images_take_facts(struct host *);
/* Turns what was read into machines, checkpoints and lists; after the disks are indexed. */
int machines_make(struct host *, file_list *);
/* Resolves every drive of the machines that are there; part of machines_make(). */
int machines_resolve(struct host *);
/* Whether the file is a hive or a security template; what could not be read is said in its error. */
bool hive_file_read(struct found_file *, io_source *, struct workers *);
/* Takes what hives say out of the files. */
int hives_join(struct host *, file_list *);
/* Notes beside which disks such files lie; the disks are there. 0 or -ENOMEM. */
int siblings_join(struct host *, const file_list *);
/* The hive that says the time zone of a host; NULL: none does, or two of them contradict. */
const struct host_hive *hives_zone(const struct host *, size_t node);
/* Takes events out of the files, ties them to machines and disks; after machines_make() and
 * hives_join(). */
int logs_join(struct host *, file_list *);
/* Says of a --map under which not one recorded disk is found that it may be wrong. */
int maps_check(struct host *);
/* Adds what the inventories among the evidence name. */
int inventories_read(struct host *);

/* Finds the disk of every drive. 0 or -ENOMEM. */
int drives_resolve(struct host *);
int host_add_drive(drive_list *, int controller, int location, const char *path, const char *type);
enum host_checkpoint_kind checkpoint_kind(const char *name, const char *machine_name);

#endif
