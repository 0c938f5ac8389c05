/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "evtx_events.h"

#include "base/checked.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX      32
#define SYSTEM_SID      "S-1-5-18"
#define KEYWORD_LOCAL   0x8000000000000000u
#define KEYWORD_CLASSIC 0x0080000000000000u

struct field_list {
    struct evtx_field items[FIELDS_MAX];
    size_t count;
    char message[24], code[16];
};

static void add(struct field_list *list, const char *name, const char *value, enum binxml_type type)
{
    if (list->count == FIELDS_MAX)
        abort();
    list->items[list->count++] = (struct evtx_field){name, value, type};
}

static void write_vml(struct evtx_writer *w, const struct evtx_event *head,
                      const struct evtx_vm *vm, uint32_t code, const struct evtx_field *more,
                      size_t more_count)
{
    struct field_list list = {0};
    struct evtx_event event = *head;

    if (vm) {
        add(&list, "VmName", vm->name, BINXML_STRING);
        add(&list, "VmId", vm->id, BINXML_STRING);
    }
    if (code != 0) {
        snprintf(list.message, sizeof(list.message), "%%%%%" PRIu32, code);
        snprintf(list.code, sizeof(list.code), "0x%08" PRIX32, code);
        add(&list, "ErrorMessage", list.message, BINXML_STRING);
        add(&list, "ErrorCode", list.code, BINXML_STRING);
    }
    for (size_t i = 0; i < more_count; i++)
        add(&list, more[i].name, more[i].value, more[i].type);
    event.keywords = KEYWORD_LOCAL;
    event.user_sid = SYSTEM_SID;
    event.process_id = 2868;
    event.thread_id = 4120;
    event.payload = EVTX_USER_DATA;
    event.fields = list.items;
    event.field_count = list.count;
    evtx_write(w, &event);
}

static struct evtx_event vmms_event(filetime time, uint16_t event_id, uint8_t level)
{
    return (struct evtx_event){.time = time,
                               .provider = "Microsoft-Windows-Hyper-V-VMMS",
                               .provider_guid = "{6066F867-7CA1-4418-85FD-36E3F9C0600C}",
                               .channel = CHANNEL_VMMS,
                               .event_id = event_id,
                               .level = level};
}

void evtx_write_vmms(struct evtx_writer *w, filetime time, uint16_t event_id, uint8_t level,
                     const struct evtx_vm *vm, uint32_t code, const struct evtx_field *more,
                     size_t more_count)
{
    struct evtx_event event = vmms_event(time, event_id, level);

    write_vml(w, &event, vm, code, more, more_count);
}

void evtx_write_worker(struct evtx_writer *w, filetime time, uint16_t event_id, uint8_t level,
                       const struct evtx_vm *vm, uint32_t code, const struct evtx_field *more,
                       size_t more_count)
{
    struct evtx_event event = {.time = time,
                               .provider = "Microsoft-Windows-Hyper-V-Worker",
                               .provider_guid = "{51DDFA29-D5C8-4803-BE4B-2ECB715570FE}",
                               .channel = CHANNEL_WORKER,
                               .event_id = event_id,
                               .level = level};

    write_vml(w, &event, vm, code, more, more_count);
}

void evtx_write_vmms_parameters(struct evtx_writer *w, filetime time, uint16_t event_id,
                                uint8_t level, const char *const *values, size_t count)
{
    struct evtx_event event = vmms_event(time, event_id, level);
    struct evtx_field fields[FIELDS_MAX];
    char names[FIELDS_MAX][16];

    for (size_t i = 0; i < count && i < FIELDS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "Parameter%zu", i);
        fields[i] = (struct evtx_field){names[i], values[i], BINXML_STRING};
    }
    write_vml(w, &event, NULL, 0, fields, count);
}

void evtx_write_vhdmp(struct evtx_writer *w, filetime time, uint16_t event_id, uint8_t level,
                      const struct evtx_field *fields, size_t count)
{
    evtx_write(w, &(struct evtx_event){.time = time,
                                       .provider = "Microsoft-Windows-VHDMP",
                                       .provider_guid = "{E2816346-87F4-4F85-95C3-0C79409AA89D}",
                                       .channel = CHANNEL_VHDMP,
                                       .event_id = event_id,
                                       .level = level,
                                       .keywords = KEYWORD_LOCAL,
                                       .process_id = 4,
                                       .thread_id = 412,
                                       .user_sid = SYSTEM_SID,
                                       .fields = fields,
                                       .field_count = count});
}

/* ---- classic providers ---- */

static void write_classic(struct evtx_writer *w, struct evtx_event event,
                          const char *const *inserts, size_t count)
{
    struct evtx_field fields[FIELDS_MAX];

    for (size_t i = 0; i < count && i < FIELDS_MAX; i++)
        fields[i] = (struct evtx_field){NULL, inserts[i], BINXML_STRING};
    event.keywords = KEYWORD_CLASSIC;
    event.payload = EVTX_CLASSIC;
    event.fields = fields;
    event.field_count = count;
    evtx_write(w, &event);
}

void evtx_write_vss(struct evtx_writer *w, filetime time, uint16_t event_id, uint8_t level,
                    const char *const *inserts, size_t count, const char *command_line)
{
    char binary[600];

    snprintf(binary, sizeof(binary),
             "- Code: BUEBACKC00000823- Call: BUEBACKC00000774- PID:  00002868- TID:  00004120- "
             "CMD:  %s   - User: Name: NT AUTHORITY\\SYSTEM, SID:S-1-5-18 ",
             command_line);
    write_classic(w,
                  (struct evtx_event){.time = time,
                                      .provider = "VSS",
                                      .channel = "Application",
                                      .event_id = event_id,
                                      .level = level,
                                      .binary = binary,
                                      .binary_size = strlen(binary)},
                  inserts, count);
}

void evtx_write_vss_rejected(struct evtx_writer *w, filetime time, uint32_t code,
                             const char *writer_name, const char *writer_id,
                             const char *command_line)
{
    char reason[200], context[900];
    const char *const inserts[] = {reason, context};

    snprintf(reason, sizeof(reason),
             "0x%08" PRIx32
             ", The writer experienced a non-transient error.  If the backup process "
             "is retried,\nthe error is likely to reoccur.\n",
             code);
    snprintf(
        context, sizeof(context),
        "\n\nOperation:\n   PrepareForSnapshot Event\n\nContext:\n   Execution Context: Writer\n"
        "   Writer Class Id: %s\n   Writer Name: %s\n"
        "   Writer Instance ID: {6162e336-7448-4371-93a7-29581512b103}\n"
        "   Command Line: %s\n   Process ID: 2868",
        writer_id, writer_name, command_line);
    evtx_write_vss(w, time, 8229, 3, inserts, ARRAY_SIZE(inserts), command_line);
}

/* IO_ERROR_LOG_PACKET as volsnap and disk leave it: the code of the event at 12, the final status
 * at 20. */
#define IO_ERROR_SIZE 40

static void fill_io_error(uint8_t packet[IO_ERROR_SIZE], uint16_t event_id, uint16_t qualifiers,
                          uint32_t status)
{
    memset(packet, 0, IO_ERROR_SIZE);
    store_le16(packet + 4, 2);
    store_le16(packet + 6, 0x30);
    store_le32(packet + 12, (uint32_t)qualifiers << 16 | event_id);
    store_le32(packet + 16, 178);
    store_le32(packet + 20, status);
}

static uint16_t level_qualifiers(uint8_t level)
{
    return level == 2 ? 0xC006 : level == 3 ? 0x8006 : 0x4006;
}

void evtx_write_volsnap(struct evtx_writer *w, filetime time, uint16_t event_id, uint8_t level,
                        const char *device, const char *volume, uint32_t status)
{
    uint8_t packet[IO_ERROR_SIZE];
    char text[16];

    snprintf(text, sizeof(text), "%08" PRIX32, status);
    fill_io_error(packet, event_id, level_qualifiers(level), status);
    const struct evtx_field fields[] = {
        {"DeviceName", device}, {"VolumeName", volume},     {"NTSTATUS", text},
        {"SourceTag", "178"},   {"SourceFileID", "0x0001"}, {"SourceLine", "6195"},
    };
    evtx_write(w, &(struct evtx_event){.time = time,
                                       .provider = "Volsnap",
                                       .provider_guid = "{CB017CD2-1F37-4E65-82BC-3E91F6A37559}",
                                       .source_name = "volsnap",
                                       .channel = "System",
                                       .event_id = event_id,
                                       .qualifiers = level_qualifiers(level),
                                       .level = level,
                                       .keywords = KEYWORD_CLASSIC,
                                       .process_id = 4,
                                       .thread_id = 10448,
                                       .fields = fields,
                                       .field_count = ARRAY_SIZE(fields),
                                       .binary = packet,
                                       .binary_size = sizeof(packet)});
}

void evtx_write_io_error(struct evtx_writer *w, filetime time, const char *provider,
                         uint16_t event_id, uint8_t level, const char *device, const char *volume,
                         uint32_t status)
{
    const char *const inserts[] = {device, volume};
    uint8_t packet[IO_ERROR_SIZE];

    fill_io_error(packet, event_id, level_qualifiers(level), status);
    write_classic(w,
                  (struct evtx_event){.time = time,
                                      .provider = provider,
                                      .channel = "System",
                                      .event_id = event_id,
                                      .qualifiers = level_qualifiers(level),
                                      .level = level,
                                      .binary = packet,
                                      .binary_size = sizeof(packet)},
                  inserts, volume ? 2 : 1);
}

/* ---- Windows Server Backup ---- */

void evtx_write_backup(struct evtx_writer *w, filetime time, uint16_t event_id, uint8_t level,
                       const struct evtx_field *fields, size_t count)
{
    evtx_write(w, &(struct evtx_event){.time = time,
                                       .provider = "Microsoft-Windows-Backup",
                                       .provider_guid = "{1DB28F2E-8F80-4027-8C5A-A11F7F10F62D}",
                                       .channel = event_id >= 500 ? "Application" : CHANNEL_BACKUP,
                                       .event_id = event_id,
                                       .level = level,
                                       .keywords = KEYWORD_LOCAL,
                                       .process_id = 5012,
                                       .thread_id = 5020,
                                       .user_sid = SYSTEM_SID,
                                       .fields = fields,
                                       .field_count = count});
}

void evtx_write_backup_failed(struct evtx_writer *w, filetime time, uint16_t event_id,
                              const char *backup_time, uint32_t code, uint32_t inner_code)
{
    char decimal[16], message[24];

    snprintf(decimal, sizeof(decimal), "%" PRIu32, code);
    snprintf(message, sizeof(message), "%%%%%" PRIu32, inner_code ? inner_code : code);
    const struct evtx_field fields[] = {
        {"BackupTime", backup_time, BINXML_FILETIME},
        {"ErrorCode", decimal, BINXML_UINT32},
        {"ErrorMessage", message, BINXML_STRING},
    };
    evtx_write_backup(w, time, event_id, 2, fields, ARRAY_SIZE(fields));
}

/* ---- services ---- */

void evtx_write_service_state(struct evtx_writer *w, filetime time, const char *key,
                              const char *display_name, int state)
{
    const struct evtx_field fields[] = {
        {"param1", display_name},
        {"param2", state == 4 ? "running" : "stopped"},
    };
    char text[80];
    size_t size;

    snprintf(text, sizeof(text), "%s/%d", key, state);
    uint8_t *utf16 = text_to_utf16le(text, &size);
    uint8_t binary[2 * sizeof(text)] = {0};
    if (!utf16)
        abort();
    memcpy(binary, utf16, size);
    free(utf16);
    evtx_write(w, &(struct evtx_event){.time = time,
                                       .provider = "Service Control Manager",
                                       .provider_guid = "{555908D1-A6D7-4695-8E1E-26931D2012F4}",
                                       .source_name = "Service Control Manager",
                                       .channel = "System",
                                       .event_id = 7036,
                                       .qualifiers = 16384,
                                       .level = 4,
                                       .keywords = KEYWORD_CLASSIC,
                                       .process_id = 436,
                                       .thread_id = 6360,
                                       .fields = fields,
                                       .field_count = ARRAY_SIZE(fields),
                                       .binary = binary,
                                       .binary_size = size + 2});
}
