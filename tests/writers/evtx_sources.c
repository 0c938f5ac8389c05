/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "evtx_sources.h"

#include "base/checked.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HYPERV          "Microsoft-Windows-Hyper-V-"
#define LOCAL_SYSTEM    "S-1-5-18"
#define KEYWORD_LOCAL   0x8000000000000000u
#define KEYWORD_CLASSIC 0x0080000000000000u

#define RUN_BY(pid, tid) .process_id = pid, .thread_id = tid, .user_sid = LOCAL_SYSTEM
#define HYPERV_EVENT(name, id)                                                                     \
    .provider = HYPERV name, .provider_guid = id, .channel = HYPERV name "-Admin",                 \
    .payload = EVTX_USER_DATA, .keywords = KEYWORD_LOCAL, RUN_BY(2868, 4120)
#define MANIFEST_EVENT(name, id, log)                                                              \
    .provider = name, .provider_guid = id, .channel = log, .keywords = KEYWORD_LOCAL,              \
    RUN_BY(1248, 5020)
#define CLASSIC_EVENT(name, log)                                                                   \
    .provider = name, .channel = log, .payload = EVTX_CLASSIC, .keywords = KEYWORD_CLASSIC
#define VMMS_GUID    "{6066F867-7CA1-4418-85FD-36E3F9C0600C}"
#define CLUSTER      "Microsoft-Windows-FailoverClustering"
#define CLUSTER_GUID "{BAF908EA-3421-4CA9-9B84-6689B8C6F85F}"
#define SERVICES     "Service Control Manager"

static const struct evtx_source sources[] = {
    {"vmms", {HYPERV_EVENT("VMMS", VMMS_GUID)}},
    {"vmms-numbered", {HYPERV_EVENT("VMMS", VMMS_GUID)}, .numbers_values = true},
    {"worker", {HYPERV_EVENT("Worker", "{51DDFA29-D5C8-4803-BE4B-2ECB715570FE}")}},
    {"config", {HYPERV_EVENT("Config", NULL)}},
    {"synthstor", {HYPERV_EVENT("SynthStor", NULL)}},
    {"storagevsp", {HYPERV_EVENT("StorageVSP", NULL)}},
    {"integration", {HYPERV_EVENT("Integration", NULL)}},
    {"high-availability", {HYPERV_EVENT("High-Availability", NULL)}},
    {"vhdmp",
     {MANIFEST_EVENT("Microsoft-Windows-VHDMP", "{E2816346-87F4-4F85-95C3-0C79409AA89D}",
                     "Microsoft-Windows-VHDMP-Operational")}},
    {"backup",
     {MANIFEST_EVENT("Microsoft-Windows-Backup", "{1DB28F2E-8F80-4027-8C5A-A11F7F10F62D}",
                     "Microsoft-Windows-Backup")}},
    {"cluster", {MANIFEST_EVENT(CLUSTER, CLUSTER_GUID, "System")}},
    {"cluster-operational", {MANIFEST_EVENT(CLUSTER, CLUSTER_GUID, CLUSTER "/Operational")}},
    {"ntfs",
     {MANIFEST_EVENT("Microsoft-Windows-Ntfs", "{3FF37A1C-A68D-4D6E-8C9B-F79E8B16C482}",
                     "System")}},
    {"kernel-general",
     {MANIFEST_EVENT("Microsoft-Windows-Kernel-General", "{A68CA8B7-004F-D7B6-A698-07E2DE0F1F5D}",
                     "System")}},
    {"kernel-power",
     {MANIFEST_EVENT("Microsoft-Windows-Kernel-Power", "{331C3B3A-2005-44C2-AC5E-77220C37D6B4}",
                     "System")}},
    {"group-policy",
     {MANIFEST_EVENT("Microsoft-Windows-GroupPolicy", "{AEA1B4FA-97D1-45F2-A64C-4D69FFFD92C9}",
                     "Microsoft-Windows-GroupPolicy/Operational")}},
    {"volsnap", /* as from Windows 10 on */
     {.provider = "Volsnap",
      .provider_guid = "{CB017CD2-1F37-4E65-82BC-3E91F6A37559}",
      .source_name = "volsnap",
      .channel = "System",
      .keywords = KEYWORD_CLASSIC,
      .process_id = 4,
      .thread_id = 10448},
     .binary = EVTX_BINARY_IO_ERROR},
    {"volsnap-classic", {CLASSIC_EVENT("volsnap", "System")}, .binary = EVTX_BINARY_IO_ERROR},
    {"disk", {CLASSIC_EVENT("disk", "System")}, .binary = EVTX_BINARY_IO_ERROR},
    {"storahci", {CLASSIC_EVENT("storahci", "System")}, .binary = EVTX_BINARY_IO_ERROR},
    {"vss", {CLASSIC_EVENT("VSS", "Application")}, .binary = EVTX_BINARY_PROCESS},
    {"system-restore", {CLASSIC_EVENT("System Restore", "Application")}},
    {"eventlog", {CLASSIC_EVENT("EventLog", "System")}},
    {"services",
     {.provider = SERVICES,
      .provider_guid = "{555908D1-A6D7-4695-8E1E-26931D2012F4}",
      .source_name = SERVICES,
      .channel = "System",
      .qualifiers = 16384,
      .keywords = KEYWORD_CLASSIC,
      .process_id = 436,
      .thread_id = 6360},
     .binary = EVTX_BINARY_SERVICE},
};

const struct evtx_source *evtx_source_find(const char *word)
{
    for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
        if (strcmp(sources[i].word, word) == 0)
            return &sources[i];
    return NULL;
}

#define FIRST_APPLICATION_BACKUP 500 /* Windows Server Backup: 5xx stand in Application */

static uint16_t driver_qualifiers(uint8_t level)
{
    return level == 2 ? 0xC006 : level == 3 ? 0x8006 : 0x4006;
}

struct evtx_event evtx_source_event(const struct evtx_source *source, filetime time,
                                    uint16_t event_id, uint8_t level)
{
    struct evtx_event event = source->event;

    event.time = time;
    event.event_id = event_id;
    event.level = level;
    if (source->binary == EVTX_BINARY_IO_ERROR)
        event.qualifiers = driver_qualifiers(level);
    if (strcmp(source->word, "backup") == 0 && event_id >= FIRST_APPLICATION_BACKUP)
        event.channel = "Application";
    return event;
}

size_t evtx_process_binary(uint8_t binary[EVTX_BINARY_MAX], const char *command_line)
{
    int size = snprintf((char *)binary, EVTX_BINARY_MAX,
                        "- Code: BUEBACKC00000823- Call: BUEBACKC00000774- PID:  00002868- "
                        "TID:  00004120- CMD:  %s   - User: Name: NT AUTHORITY\\SYSTEM, "
                        "SID:S-1-5-18 ",
                        command_line);

    if (size < 0 || size >= EVTX_BINARY_MAX)
        abort();
    return (size_t)size;
}

/* IO_ERROR_LOG_PACKET as volsnap and disk leave it: the code of the event at 12, the final status
 * at 20. */
#define IO_ERROR_SIZE 40

size_t evtx_io_error_binary(uint8_t binary[EVTX_BINARY_MAX], const struct evtx_event *event,
                            uint32_t status)
{
    memset(binary, 0, IO_ERROR_SIZE);
    store_le16(binary + 4, 2);
    store_le16(binary + 6, 0x30);
    store_le32(binary + 12, (uint32_t)event->qualifiers << 16 | event->event_id);
    store_le32(binary + 16, 178);
    store_le32(binary + 20, status);
    return IO_ERROR_SIZE;
}

size_t evtx_service_binary(uint8_t binary[EVTX_BINARY_MAX], const char *key, int state)
{
    char text[80];
    size_t size;

    snprintf(text, sizeof(text), "%s/%d", key, state);
    uint8_t *utf16 = text_to_utf16le(text, &size);
    if (!utf16)
        abort();
    memcpy(binary, utf16, size);
    memset(binary + size, 0, 2);
    free(utf16);
    return size + 2;
}
