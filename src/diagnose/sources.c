/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "diagnose/sources.h"

#include "base/checked.h"
#include "base/text.h"

#include <string.h>

#define LOGS "copy it from Windows\\System32\\winevt\\Logs of the host, or: wevtutil epl "

static const struct log_source sources[] = {
    {"Application.evtx", "Application", EVENT_FORMAT_NONE, LOGS "Application Application.evtx"},
    {"Microsoft-Windows-Backup.evtx", "Microsoft-Windows-Backup", EVENT_FORMAT_NONE,
     LOGS "Microsoft-Windows-Backup Backup.evtx"},
    {"Microsoft-Windows-Hyper-V-VMMS-Admin.evtx", "Microsoft-Windows-Hyper-V-VMMS-Admin",
     EVENT_FORMAT_NONE, LOGS "Microsoft-Windows-Hyper-V-VMMS-Admin VMMS-Admin.evtx"},
    {"System.evtx", "System", EVENT_FORMAT_NONE, LOGS "System System.evtx"},
    {"Microsoft-Windows-Hyper-V-Worker-Admin.evtx", "Microsoft-Windows-Hyper-V-Worker-Admin",
     EVENT_FORMAT_NONE, LOGS "Microsoft-Windows-Hyper-V-Worker-Admin Worker-Admin.evtx"},
    {"Microsoft-Windows-Hyper-V-Integration-Admin.evtx",
     "Microsoft-Windows-Hyper-V-Integration-Admin", EVENT_FORMAT_NONE,
     LOGS "Microsoft-Windows-Hyper-V-Integration-Admin Integration-Admin.evtx"},
    {"Microsoft-Windows-VHDMP-Operational.evtx", "Microsoft-Windows-VHDMP-Operational",
     EVENT_FORMAT_NONE, LOGS "Microsoft-Windows-VHDMP-Operational VHDMP-Operational.evtx"},
    {"output of tasklist /svc", NULL, EVENT_FORMAT_SERVICES, "tasklist /svc > services.txt"},
    {"output of vssadmin list writers", NULL, EVENT_FORMAT_VSS_WRITERS,
     "vssadmin list writers > writers.txt"},
    {"vmware.log", NULL, EVENT_FORMAT_VMWARE, "it lies in the folder of the VM on its datastore"},
    {"vpxa.log", NULL, EVENT_FORMAT_VPXA, "it lies in /var/log of the ESXi host"},
};

const struct log_source *source_of(const char *names)
{
    size_t length = strcspn(names, "|");

    for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
        if (strlen(sources[i].name) == length && memcmp(sources[i].name, names, length) == 0)
            return &sources[i];
    return NULL;
}

const char *source_next(const char *names)
{
    const char *bar = strchr(names, '|');

    return bar ? bar + 1 : NULL;
}

static bool is_of_source(const struct host_log *log, const struct log_source *source)
{
    if (!source->channel)
        return log->format == source->format;
    return log->channel && text_compare_folded(log->channel, source->channel) == 0;
}

enum source_state source_state(const struct host *host, size_t node,
                               const struct log_source *source, filetime from, filetime *begins)
{
    enum source_state state = SOURCE_ABSENT;

    for (size_t i = 0; i < host->logs.count; i++) {
        const struct host_log *log = &host->logs.items[i];
        if (host->evidence.items[log->evidence].node != node || !is_of_source(log, source))
            continue;
        if (from == 0 || (log->first != 0 && log->first <= from))
            return SOURCE_THERE;
        if (state == SOURCE_ABSENT || log->first < *begins)
            *begins = log->first;
        state = SOURCE_TOO_YOUNG;
    }
    return state;
}

static bool is_anywhere(const struct host *host, size_t node, const struct log_source *source)
{
    filetime begins;

    for (size_t n = 0; n < host->nodes.count; n++)
        if ((node == HOST_NONE || node == n) &&
            source_state(host, n, source, 0, &begins) == SOURCE_THERE)
            return true;
    return false;
}

enum source_presence source_presence(const struct host *host, size_t node, const char *sentence)
{
    size_t named = 0, there = 0;

    for (size_t i = 0; i < ARRAY_SIZE(sources) && !strstr(sentence, "guest"); i++) {
        if (!strstr(sentence, sources[i].name))
            continue;
        named++;
        there += is_anywhere(host, node, &sources[i]);
    }
    if (named == 0)
        return SOURCES_UNKNOWN;
    return there == 0 ? SOURCES_NONE : there < named ? SOURCES_SOME : SOURCES_ALL;
}
