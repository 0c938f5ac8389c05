/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Questions to the model that are more than "was such an event logged". */
#ifndef DIAGNOSE_CLUES_H
#define DIAGNOSE_CLUES_H

#include "diagnose/rule.h"

/* Disks of the machine that wait for a merge or that nothing refers to. */
bool clue_untracked_layers(struct trace *);
/* … and no log says a word about a merge of them: each with the time when it was made. */
bool clue_unexplained_layers(struct trace *);
/* The machine's last merge finished; … and none of its layers waits for one any more. */
bool clue_later_merge_finished(struct trace *);
bool clue_merge_settled(struct trace *);
bool clue_autorecovery_leftover(struct trace *);
bool clue_recovery_checkpoint(struct trace *);
bool clue_replica_disks(struct trace *);
bool clue_mismatched_disks(struct trace *);
/* The parent of such a disk was opened writable, mounted or changed; says who it was. */
bool clue_parent_opened(struct trace *);
bool clue_missing_parent(struct trace *);
bool clue_saved_state(struct trace *);
bool clue_open_merge(struct trace *);
bool clue_abandoned_chain(struct trace *);
/* A VM was deleted, and there are such disks. */
bool clue_deleted_machine_left_disks(struct trace *);
bool clue_config_troubles(struct trace *);
/* Windows gave up shadow copies of a volume; not those of a backup's own disk that was detached. */
bool clue_shadow_copies_lost(struct trace *);
/* The output of `vssadmin list writers`: without any writer; with writers; a failed one. */
bool clue_no_writers(struct trace *);
bool clue_some_writers(struct trace *);
bool clue_failed_writer(struct trace *);
/* The output of `tasklist /svc`: EventSystem shares its process; is alone in it. */
bool clue_eventsystem_shares(struct trace *);
bool clue_eventsystem_alone(struct trace *);

/* The Hyper-V VSS writer rejected the host's snapshot (clues_writer.c): in one run or more, in just
 * two consecutive ones, in three or more; with several VMs at once. */
bool clue_writer_rejected(struct trace *);
bool clue_writer_rejected_twice(struct trace *);
bool clue_writer_rejected_often(struct trace *);
bool clue_writer_rejected_for_several(struct trace *);
/* The guest's own logs: its VSS service was restarted between the rejections; its VSS met errors in
 * the first run and none in the last. */
bool clue_guest_service_restarted(struct trace *);
bool clue_guest_vss_failed_first(struct trace *);

/* What the registry says (clues_registry.c). The right to log on as a service is missing in the
 * SECURITY hive or a policy; is there. */
bool clue_logon_right_missing(struct trace *);
bool clue_logon_right_there(struct trace *);
/* The time limit of shared protection points, whatever it is. */
bool clue_create_timeout(struct trace *);
/* How long a backup took to fail, beside that limit. */
bool clue_time_to_failure(struct trace *);
/* EventSystem is set up to share its process, on a Windows that does not split services; perhaps;
 * to run alone. */
bool clue_eventsystem_set_to_share(struct trace *);
bool clue_eventsystem_may_share(struct trace *);
bool clue_eventsystem_set_to_run_alone(struct trace *);
/* EventSystem may not be started at all. */
bool clue_eventsystem_disabled(struct trace *);
bool clue_event_classes_wrong(struct trace *);

#endif
