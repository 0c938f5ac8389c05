/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "evtx_events.h"

#include "base/checked.h"
#include "evtx_sources.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 32

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

static struct evtx_event event_of(const char *source, filetime time, uint16_t event_id,
                                  uint8_t level)
{
    return evtx_source_event(evtx_source_find(source), time, event_id, level);
}

static void write_fields(struct evtx_writer *w, struct evtx_event event,
                         const struct evtx_field *fields, size_t count)
{
    event.fields = fields;
    event.field_count = count;
    evtx_write(w, &event);
}

static void write_vml(struct evtx_writer *w, struct evtx_event event, const struct evtx_vm *vm,
                      uint32_t code, const struct evtx_field *more, size_t more_count)
{
    struct field_list list = {0};

    add(&list, "VmName", vm->name, BINXML_STRING);
    add(&list, "VmId", vm->id, BINXML_STRING);
    if (code != 0) {
        snprintf(list.message, sizeof(list.message), "%%%%%" PRIu32, code);
        snprintf(list.code, sizeof(list.code), "0x%08" PRIX32, code);
        add(&list, "ErrorMessage", list.message, BINXML_STRING);
        add(&list, "ErrorCode", list.code, BINXML_STRING);
    }
    for (size_t i = 0; i < more_count; i++)
        add(&list, more[i].name, more[i].value, more[i].type);
    write_fields(w, event, list.items, list.count);
}

void evtx_write_vmms(struct evtx_writer *w, filetime time, uint16_t event_id, uint8_t level,
                     const struct evtx_vm *vm, uint32_t code, const struct evtx_field *more,
                     size_t more_count)
{
    write_vml(w, event_of("vmms", time, event_id, level), vm, code, more, more_count);
}

void evtx_write_worker(struct evtx_writer *w, filetime time, uint16_t event_id, uint8_t level,
                       const struct evtx_vm *vm, uint32_t code, const struct evtx_field *more,
                       size_t more_count)
{
    write_vml(w, event_of("worker", time, event_id, level), vm, code, more, more_count);
}

void evtx_write_vmms_parameters(struct evtx_writer *w, filetime time, uint16_t event_id,
                                uint8_t level, const char *const *values, size_t count)
{
    struct evtx_field fields[FIELDS_MAX];
    char names[FIELDS_MAX][16];

    for (size_t i = 0; i < count && i < FIELDS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "Parameter%zu", i);
        fields[i] = (struct evtx_field){names[i], values[i], BINXML_STRING};
    }
    write_fields(w, event_of("vmms", time, event_id, level), fields, count);
}

void evtx_write_vhdmp(struct evtx_writer *w, filetime time, uint16_t event_id, uint8_t level,
                      const struct evtx_field *fields, size_t count)
{
    write_fields(w, event_of("vhdmp", time, event_id, level), fields, count);
}

/* ---- classic providers ---- */

static void write_classic(struct evtx_writer *w, struct evtx_event event,
                          const char *const *inserts, size_t count)
{
    struct evtx_field fields[FIELDS_MAX];

    for (size_t i = 0; i < count && i < FIELDS_MAX; i++)
        fields[i] = (struct evtx_field){NULL, inserts[i], BINXML_STRING};
    write_fields(w, event, fields, count);
}

void evtx_write_vss(struct evtx_writer *w, filetime time, uint16_t event_id, uint8_t level,
                    const char *const *inserts, size_t count, const char *command_line)
{
    struct evtx_event event = event_of("vss", time, event_id, level);
    uint8_t binary[EVTX_BINARY_MAX];

    event.binary = binary;
    event.binary_size = evtx_process_binary(binary, command_line);
    write_classic(w, event, inserts, count);
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

void evtx_write_volsnap(struct evtx_writer *w, filetime time, uint16_t event_id, uint8_t level,
                        const char *device, const char *volume, uint32_t status)
{
    struct evtx_event event = event_of("volsnap", time, event_id, level);
    uint8_t binary[EVTX_BINARY_MAX];
    char text[16];

    snprintf(text, sizeof(text), "%08" PRIX32, status);
    const struct evtx_field fields[] = {
        {"DeviceName", device}, {"VolumeName", volume},     {"NTSTATUS", text},
        {"SourceTag", "178"},   {"SourceFileID", "0x0001"}, {"SourceLine", "6195"},
    };
    event.binary = binary;
    event.binary_size = evtx_io_error_binary(binary, &event, status);
    write_fields(w, event, fields, ARRAY_SIZE(fields));
}

void evtx_write_io_error(struct evtx_writer *w, filetime time, const char *provider,
                         uint16_t event_id, uint8_t level, const char *device, const char *volume,
                         uint32_t status)
{
    struct evtx_event event = event_of("disk", time, event_id, level);
    const char *const inserts[] = {device, volume};
    uint8_t binary[EVTX_BINARY_MAX];

    event.provider = provider;
    event.binary = binary;
    event.binary_size = evtx_io_error_binary(binary, &event, status);
    write_classic(w, event, inserts, volume ? 2 : 1);
}

/* ---- Windows Server Backup ---- */

void evtx_write_backup(struct evtx_writer *w, filetime time, uint16_t event_id, uint8_t level,
                       const struct evtx_field *fields, size_t count)
{
    write_fields(w, event_of("backup", time, event_id, level), fields, count);
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
    struct evtx_event event = event_of("services", time, 7036, 4);
    uint8_t binary[EVTX_BINARY_MAX];

    event.binary = binary;
    event.binary_size = evtx_service_binary(binary, key, state);
    write_fields(w, event, fields, ARRAY_SIZE(fields));
}
