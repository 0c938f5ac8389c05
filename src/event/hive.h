/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * What a host's registry says of backups and checkpoints: the hives SYSTEM, SOFTWARE and SECURITY,
 * and security templates of group policies, which say one of the same things. Hives are read by
 * libregf in a worker process; what it answers is judged here.
 */
#ifndef EVENT_HIVE_H
#define EVENT_HIVE_H

#include "base/notes.h"
#include "base/vector.h"
#include "base/zone.h"
#include "io/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct workers; /* os/worker.h */

enum hive_kind {
    HIVE_OTHER, /* a hive of something else */
    HIVE_SYSTEM,
    HIVE_SOFTWARE,
    HIVE_SECURITY,
    HIVE_POLICY, /* no hive: a security template, see policy_read() */
};
/* "SYSTEM" …, "security template", "another hive". */
const char *hive_kind_name(enum hive_kind);

enum hive_type { HIVE_SZ = 1, HIVE_EXPAND_SZ = 2, HIVE_BINARY = 3, HIVE_DWORD = 4 };

struct hive_number {
    bool present;
    uint32_t type; /* as stored; `value` is only valid for HIVE_DWORD */
    uint32_t value;
};

struct hive_text {
    char *text; /* UTF-8 that can be printed; NULL: not there, or no text */
    uint32_t type;
};

/* The right "log on as a service" of NT VIRTUAL MACHINE\Virtual Machines (S-1-5-83-0). */
enum logon_right {
    LOGON_RIGHT_UNKNOWN, /* could not be read, or this is another hive */
    LOGON_RIGHT_UNDEFINED, /* policies: this one leaves the right to others */
    LOGON_RIGHT_GRANTED,
    LOGON_RIGHT_MISSING,
    LOGON_RIGHT_DENIED, /* denied by name, which wins over granted */
};

/* One value of MountedDevices: a drive letter or volume name, and what it stands for. */
struct hive_mount {
    char *name;     /* "\DosDevices\C:", "\??\Volume{…}" */
    uint8_t *bytes; /* 12: signature and offset of an MBR partition; "DMIO:ID:" and a GUID of GPT */
    size_t size;
};

struct hive_facts {
    enum hive_kind kind;
    filetime written;     /* last write of the hive */
    bool has_pending_log; /* changes wait in .LOG1 and .LOG2, which were not applied */

    /* SYSTEM, of the control set in use. */
    uint32_t control_set;
    char *computer_name;
    bool has_zone;
    struct time_zone zone;
    char *time_zone; /* its name: "Tokyo Standard Time" */
    struct hive_number split_threshold; /* SvcHostSplitThresholdInKB */
    struct hive_number eventsystem_type, eventsystem_start, eventsystem_split_disable;
    char *eventsystem_path;
    char *eventsystem_group;           /* "LocalService": what follows -k */
    VECTOR(char *) eventsystem_peers;  /* other services that are started with that group */
    VECTOR(struct hive_mount) mounts;

    /* SOFTWARE. */
    char *product_name;
    uint32_t build;                    /* CurrentBuild; 0 unknown */
    bool has_spp_key;
    struct hive_number create_timeout; /* milliseconds */
    filetime spp_written;              /* last write of its key */
    struct hive_text event_classes;    /* TypeLib */

    /* SECURITY, or a policy. */
    enum logon_right logon_right;
};

/* "regf" at the beginning. */
bool hive_probe(io_source *);
/*
 * Asks a worker. Facts that are missing stay empty; damage is noted, as is a log not applied.
 * 0; -ENOMSG no hive; -ENOENT no workers (NULL) or no program; -EBADMSG damaged; -ETIMEDOUT,
 * -EPIPE, -EPROTO: the worker was lost (os/worker.h); -ENOMEM, -EIO …
 * Call hive_free() in every case.
 */
int hive_read(struct workers *, io_source *, struct hive_facts *, struct notes *);
void hive_free(struct hive_facts *);
#define hive_facts_cleanup hive_free

/* The most minutes that making a shadow copy may take (SPP): the default unless it is set. */
#define HIVE_DEFAULT_TIMEOUT_MS 600000
/* Whether the TypeLib of the event classes is not what Windows installs. */
bool hive_event_classes_are_wrong(const struct hive_facts *);

#endif
