/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The records that matter to checkpoints, merges and backups, as Windows' own providers write
 * them. `time` 0 is one second after the record before.
 */
#ifndef WRITERS_EVTX_EVENTS_H
#define WRITERS_EVTX_EVENTS_H

#include "evtx_writer.h"

#define CHANNEL_VMMS    "Microsoft-Windows-Hyper-V-VMMS-Admin"
#define CHANNEL_WORKER  "Microsoft-Windows-Hyper-V-Worker-Admin"
#define CHANNEL_VHDMP   "Microsoft-Windows-VHDMP-Operational"
#define CHANNEL_BACKUP  "Microsoft-Windows-Backup"
#define CHANNEL_CLUSTER "Microsoft-Windows-FailoverClustering/Operational"

struct evtx_vm {
    const char *name, *id; /* the id in upper case, without braces, as Hyper-V writes it */
};

/*
 * VMMS and Worker: UserData/VmlEventLog with VmName and VmId; `code` not 0 adds ErrorMessage
 * ("%%" and the code in decimal) and ErrorCode; then the further fields.
 */
void evtx_write_vmms(struct evtx_writer *, filetime, uint16_t event_id, uint8_t level,
                     const struct evtx_vm *, uint32_t code, const struct evtx_field *more,
                     size_t more_count);
void evtx_write_worker(struct evtx_writer *, filetime, uint16_t event_id, uint8_t level,
                       const struct evtx_vm *, uint32_t code, const struct evtx_field *more,
                       size_t more_count);
/* The same values as Parameter0, Parameter1 …, the other way in which Hyper-V writes them. */
void evtx_write_vmms_parameters(struct evtx_writer *, filetime, uint16_t event_id, uint8_t level,
                                const char *const *values, size_t count);

/* VHDMP: EventData with names. */
void evtx_write_vhdmp(struct evtx_writer *, filetime, uint16_t event_id, uint8_t level,
                      const struct evtx_field *, size_t count);

/*
 * VSS in the Application log: unnamed inserts, the last of them the free text with Operation and
 * Context; Binary with the code of the place, the process and its command line.
 */
void evtx_write_vss(struct evtx_writer *, filetime, uint16_t event_id, uint8_t level,
                    const char *const *inserts, size_t count, const char *command_line);
/* 8229 of the Hyper-V writer: the one that case 1 of the diagnoses is about. */
void evtx_write_vss_rejected(struct evtx_writer *, filetime, uint32_t code, const char *writer_name,
                             const char *writer_id, const char *command_line);

/* Volsnap in the System log, with names (Windows 10 and later). */
void evtx_write_volsnap(struct evtx_writer *, filetime, uint16_t event_id, uint8_t level,
                        const char *device, const char *volume, uint32_t status);
/* The classic form: device, volume, and the status only in Binary. Also "disk". */
void evtx_write_io_error(struct evtx_writer *, filetime, const char *provider, uint16_t event_id,
                         uint8_t level, const char *device, const char *volume, uint32_t status);

/* Windows Server Backup: in its own channel, or (5xx) in Application. */
void evtx_write_backup(struct evtx_writer *, filetime, uint16_t event_id, uint8_t level,
                       const struct evtx_field *, size_t count);
/* 521, 517 … : BackupTime, ErrorCode in decimal, ErrorMessage. */
void evtx_write_backup_failed(struct evtx_writer *, filetime, uint16_t event_id,
                              const char *backup_time, uint32_t code, uint32_t inner_code);

/* Service Control Manager 7036: state 1 stopped, 4 running. */
void evtx_write_service_state(struct evtx_writer *, filetime, const char *key,
                              const char *display_name, int state);

#endif
