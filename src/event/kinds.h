/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * What the records of which provider mean: one table, keyed by provider, identifier and channel,
 * never by the identifier alone.
 */
#ifndef EVENT_KINDS_H
#define EVENT_KINDS_H

#include "event/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_provider {
    PROVIDER_OTHER,
    PROVIDER_VMMS,
    PROVIDER_WORKER,
    PROVIDER_CONFIG,
    PROVIDER_SYNTHSTOR, /* EmulatedStor too */
    PROVIDER_STORAGEVSP,
    PROVIDER_INTEGRATION,
    PROVIDER_IMAGE_MANAGEMENT,
    PROVIDER_HIGH_AVAILABILITY,
    PROVIDER_SHARED_VHDX,
    PROVIDER_HYPERV, /* any other one of Hyper-V */
    PROVIDER_VHDMP,
    PROVIDER_VSS,
    PROVIDER_SPP,
    PROVIDER_VMICVSS,
    PROVIDER_VOLSNAP,
    PROVIDER_BACKUP,             /* in its own channel */
    PROVIDER_BACKUP_APPLICATION, /* the same in Application: other events */
    PROVIDER_CLUSTER,
    PROVIDER_DISK,
    PROVIDER_STORPORT, /* miniport drivers, storahci … */
    PROVIDER_NTFS,
    PROVIDER_SERVICES,
    PROVIDER_EVENTLOG,
    PROVIDER_KERNEL_GENERAL,
    PROVIDER_KERNEL_POWER,
    PROVIDER_GROUP_POLICY,
    PROVIDERS
};

struct event_kind {
    enum event_provider provider;
    uint16_t event_id;
    const char *kind;       /* the report's word */
    const char *parameters; /* names of the values in order, blanks between; "" unknown */
    const char *message;    /* our own short text */
};

/* The provider of the record, by GUID, name (any case) or classic source name, when the record is
 * in one of that provider's channels (or does not say in which); PROVIDER_OTHER else. */
enum event_provider event_provider_of(const struct event_record *);
/* NULL when the record means nothing to us. The odd twin of a pair of VMMS is not in the table. */
const struct event_kind *event_kind_of(enum event_provider, uint16_t event_id);

/* A filter: the record is in the table, or a warning or worse of a provider of this field. */
bool event_is_relevant(const struct event_record *, void *unused);

/* Whether `kind` is a word that an event can carry; for tests of what others expect. */
bool event_kind_exists(const char *kind);

#endif
