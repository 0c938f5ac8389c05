/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What the name and the folder of a file promise, before anybody opens it. */
#ifndef HOST_INTEREST_H
#define HOST_INTEREST_H

#include "host/host.h"

enum interest {
    INTEREST_NONE,      /* only its content could make it interesting */
    INTEREST_DISK,
    INTEREST_CONFIG,    /* .vmcx, or .xml where configurations lie */
    INTEREST_RUNTIME,   /* .vmrs: runtime state */
    INTEREST_STATE,     /* .vsv: saved state of 2008-2012 R2 */
    INTEREST_COMPANION, /* .rct, .mrt, .hrl, .hru, .vhds, .vmgs: its presence is the fact */
    INTEREST_LOG,       /* an event log or a product's log */
    INTEREST_HIVE,      /* a registry hive of the host or a security template */
    INTEREST_IGNORED,   /* copies in the host's cache folders: never primary */
};

/* `path` as the walk gives it; *sibling is set for companions. */
enum interest interest_of(const char *path, const char *name, enum host_sibling *sibling);
/* The list of machines up to 2012 R2: "…/Microsoft/Windows/Hyper-V/Virtual Machines/<GUID>.xml", and
 * ".../Snapshots/<GUID>.xml" for checkpoints: links, or the configurations themselves. */
enum registration { REGISTRATION_NONE, REGISTRATION_MACHINE, REGISTRATION_CHECKPOINT };
enum registration interest_registration(const char *path, struct guid *id);
/* Whether some folder above the file has that name, any case. */
bool interest_has_folder(const char *path, const char *folder);
/* Whether the folder that holds the file has that name, any case. */
bool interest_in_folder(const char *path, const char *folder);
/* Logs and hives say nothing of what lies beside them. */
bool interest_marks_folder(enum interest);
/* A folder that matters even when it is empty: the absence of a file in it is a fact. */
bool interest_is_vm_folder(const char *name);
enum host_context interest_context(const char *path, const char *name);
/* Whether some folder could make a file of that name a configuration or a hive. */
bool interest_may_matter_by_folder(const char *name);
/* *.log, *.txt, *.json: worth a look where logs are sought. */
bool interest_may_be_log(const char *name);
/* SYSTEM, SOFTWARE or SECURITY, with or without extension: worth a look where logs are sought. */
bool interest_may_be_hive(const char *name);
bool interest_is_avhd(const char *name);
bool interest_is_autorecovery(const char *name);

#endif
