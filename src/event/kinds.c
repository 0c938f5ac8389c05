/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "event/kinds.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "event/kinds_table.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAMES_MAX    8
#define CHANNELS_MAX 2

/* Channels are given by their beginning: "…-Admin", "…-Operational", "/Operational". */
struct provider_row {
    const char *names[NAMES_MAX];
    uint8_t guid[16]; /* in the order of the text; all zero: none */
    const char *channels[CHANNELS_MAX];
    bool is_ours; /* its warnings and errors are kept even when the table does not know them */
};

#define HYPERV "Microsoft-Windows-Hyper-V-"

static const struct provider_row providers[PROVIDERS] = {
    [PROVIDER_VMMS] = {{HYPERV "VMMS"},
                       {0x60, 0x66, 0xf8, 0x67, 0x7c, 0xa1, 0x44, 0x18, 0x85, 0xfd, 0x36, 0xe3,
                        0xf9, 0xc0, 0x60, 0x0c},
                       {HYPERV},
                       true},
    [PROVIDER_WORKER] = {{HYPERV "Worker"},
                         {0x51, 0xdd, 0xfa, 0x29, 0xd5, 0xc8, 0x48, 0x03, 0xbe, 0x4b, 0x2e, 0xcb,
                          0x71, 0x55, 0x70, 0xfe},
                         {HYPERV},
                         true},
    [PROVIDER_CONFIG] = {{HYPERV "Config"}, {0}, {HYPERV}, true},
    [PROVIDER_SYNTHSTOR] = {{HYPERV "SynthStor", HYPERV "EmulatedStor"}, {0}, {HYPERV}, true},
    [PROVIDER_STORAGEVSP] = {{HYPERV "StorageVSP"}, {0}, {HYPERV}, true},
    [PROVIDER_INTEGRATION] = {{HYPERV "Integration", HYPERV "Integration-VSS"},
                              {0},
                              {HYPERV},
                              true},
    [PROVIDER_IMAGE_MANAGEMENT] = {{HYPERV "Image-Management-Service"}, {0}, {HYPERV}, true},
    [PROVIDER_HIGH_AVAILABILITY] = {{HYPERV "High-Availability"}, {0}, {HYPERV}, true},
    [PROVIDER_SHARED_VHDX] = {{HYPERV "Shared-VHDX"}, {0}, {HYPERV}, true},
    [PROVIDER_HYPERV] = {{NULL}, {0}, {HYPERV}, true},
    [PROVIDER_VHDMP] = {{"Microsoft-Windows-VHDMP"},
                        {0xe2, 0x81, 0x63, 0x46, 0x87, 0xf4, 0x4f, 0x85, 0x95, 0xc3, 0x0c, 0x79,
                         0x40, 0x9a, 0xa8, 0x9d},
                        {"Microsoft-Windows-VHDMP"},
                        true},
    [PROVIDER_VSS] = {{"VSS"}, {0}, {"Application"}, true},
    [PROVIDER_SPP] = {{"SPP"}, {0}, {"Application"}, true},
    [PROVIDER_VMICVSS] = {{"vmicvss"}, {0}, {"Application"}, true},
    [PROVIDER_VOLSNAP] = {{"volsnap"},
                          {0xcb, 0x01, 0x7c, 0xd2, 0x1f, 0x37, 0x4e, 0x65, 0x82, 0xbc, 0x3e, 0x91,
                           0xf6, 0xa3, 0x75, 0x59},
                          {"System"},
                          true},
    [PROVIDER_BACKUP] = {{"Microsoft-Windows-Backup"},
                         {0x1d, 0xb2, 0x8f, 0x2e, 0x8f, 0x80, 0x40, 0x27, 0x8c, 0x5a, 0xa1, 0x1f,
                          0x7f, 0x10, 0xf6, 0x2d},
                         {"Microsoft-Windows-Backup"},
                         true},
    [PROVIDER_BACKUP_APPLICATION] = {{"Microsoft-Windows-Backup"},
                                     {0x1d, 0xb2, 0x8f, 0x2e, 0x8f, 0x80, 0x40, 0x27, 0x8c, 0x5a,
                                      0xa1, 0x1f, 0x7f, 0x10, 0xf6, 0x2d},
                                     {"Application"},
                                     true},
    [PROVIDER_CLUSTER] = {{"Microsoft-Windows-FailoverClustering"},
                          {0},
                          {"System", "Microsoft-Windows-FailoverClustering"}},
    [PROVIDER_DISK] = {{"disk"}, {0}, {"System"}},
    [PROVIDER_STORPORT] = {{"storahci", "stornvme", "storvsc", "iScsiPrt", "mpio", "megasas2i",
                            "lsi_sas", "vhdmp"},
                           {0},
                           {"System"}},
    [PROVIDER_NTFS] = {{"Ntfs", "Microsoft-Windows-Ntfs"},
                       {0x3f, 0xf3, 0x7a, 0x1c, 0xa6, 0x8d, 0x4d, 0x6e, 0x8c, 0x9b, 0xf7, 0x9e,
                        0x8b, 0x16, 0xc4, 0x82},
                       {"System", "Microsoft-Windows-Ntfs"}},
    [PROVIDER_SERVICES] = {{"Service Control Manager", "Microsoft-Windows-Service Control Manager"},
                           {0x55, 0x59, 0x08, 0xd1, 0xa6, 0xd7, 0x46, 0x95, 0x8e, 0x1e, 0x26, 0x93,
                            0x1d, 0x20, 0x12, 0xf4},
                           {"System"}},
    [PROVIDER_EVENTLOG] = {{"EventLog", "Microsoft-Windows-Eventlog"}, {0}, {"System"}},
    [PROVIDER_KERNEL_GENERAL] = {{"Microsoft-Windows-Kernel-General"}, {0}, {"System"}},
    [PROVIDER_KERNEL_POWER] = {{"Microsoft-Windows-Kernel-Power"}, {0}, {"System"}},
    [PROVIDER_GROUP_POLICY] = {{"Microsoft-Windows-GroupPolicy"},
                               {0},
                               {"Microsoft-Windows-GroupPolicy", "System"}},
};

static bool begins_with(const char *text, const char *head)
{
    return strncasecmp(text, head, strlen(head)) == 0;
}

static bool has_channel(const struct provider_row *provider, const char *channel)
{
    if (*channel == '\0')
        return true;
    for (size_t i = 0; i < CHANNELS_MAX && provider->channels[i]; i++)
        if (begins_with(channel, provider->channels[i]))
            return true;
    return false;
}

static bool has_name(const struct provider_row *provider, const char *name)
{
    for (size_t i = 0; i < NAMES_MAX && provider->names[i]; i++)
        if (strcasecmp(name, provider->names[i]) == 0)
            return true;
    return false;
}

static bool is_provider(const struct provider_row *provider, const struct event_record *record)
{
    if (record->has_provider_guid && !bytes_are_zero(provider->guid, sizeof(provider->guid)) &&
        memcmp(record->provider_guid.bytes, provider->guid, sizeof(provider->guid)) == 0)
        return true;
    return has_name(provider, record->provider) ||
           (*record->source_name && has_name(provider, record->source_name));
}

enum event_provider event_provider_of(const struct event_record *record)
{
    for (int i = PROVIDER_OTHER + 1; i < PROVIDERS; i++)
        if (is_provider(&providers[i], record) && has_channel(&providers[i], record->channel))
            return (enum event_provider)i;
    if (begins_with(record->provider, HYPERV) &&
        has_channel(&providers[PROVIDER_HYPERV], record->channel))
        return PROVIDER_HYPERV;
    return PROVIDER_OTHER;
}

static int compare_kinds(const void *a, const void *b)
{
    const struct event_kind *x = a, *y = b;

    if (x->provider != y->provider)
        return x->provider < y->provider ? -1 : 1;
    return (x->event_id > y->event_id) - (x->event_id < y->event_id);
}

const struct event_kind *event_kind_of(enum event_provider provider, uint16_t event_id)
{
    const struct event_kind key = {.provider = provider, .event_id = event_id};

    return bsearch(&key, kind_table, kind_table_count, sizeof(kind_table[0]), compare_kinds);
}

#define LEVEL_WARNING 3

bool event_is_relevant(const struct event_record *record, void *unused)
{
    enum event_provider provider = event_provider_of(record);

    if (provider == PROVIDER_OTHER)
        return false;
    return event_kind_of(provider, record->event_id) ||
           (providers[provider].is_ours && record->level >= 1 && record->level <= LEVEL_WARNING);
}

bool event_kind_exists(const char *kind)
{
    for (size_t i = 0; i < kind_table_count; i++)
        if (strcmp(kind_table[i].kind, kind) == 0)
            return true;
    for (size_t i = 0; i < text_kind_count; i++)
        if (strcmp(text_kinds[i], kind) == 0)
            return true;
    return false;
}
