/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Findings about machines, checkpoints, configurations and their last merge. */
#include "chain/finding.h"

#include "base/checked.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "event/codes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct finding *machine_finding(struct judge *judge, size_t machine, const char *subject,
                                       const struct finding_text *text)
{
    char id[GUID_TEXT_SIZE];
    struct names names = {.file = path_name(subject), .path = subject, .vm = "an unknown VM"};

    if (machine != HOST_NONE)
        names.vm = machine_label(&judge->host->machines.items[machine], id);
    return finding_new(judge, text, subject, machine, &names);
}

static const char *machine_subject(const struct host_machine *machine, char id[GUID_TEXT_SIZE])
{
    if (machine->has_id)
        return guid_format(&machine->id, id);
    return machine->config ? machine->config : "unknown";
}

bool judge_is_disk_path(const char *path)
{
    const char *dot = strrchr(path, '.');
    static const char *const extensions[] = {".vhdx", ".avhdx", ".vhd", ".avhd"};

    for (size_t i = 0; dot && i < ARRAY_SIZE(extensions); i++)
        if (text_compare_folded(dot, extensions[i]) == 0)
            return true;
    return false;
}

static int judge_drive(struct judge *judge, size_t m, const struct host_drive *drive,
                       const char *config)
{
    const struct host_machine *machine = &judge->host->machines.items[m];
    const struct finding_text *text = NULL;
    char id[GUID_TEXT_SIZE];

    if (drive->match == MATCH_AMBIGUOUS)
        text = &text_ambiguous_path;
    else if (drive->match == MATCH_NOT_FOUND && drive->folder_is_known &&
             judge_is_disk_path(drive->recorded_path) && machine_is_tracking(machine))
        text = &text_missing_disk;
    if (!text)
        return 0;
    struct finding *finding = machine_finding(judge, m, machine_subject(machine, id), text);
    if (!finding)
        return -ENOMEM;
    char *line =
        drive->match == MATCH_AMBIGUOUS
            ? string_printf("%s records %s; %zu files fit", config ? config : "a list",
                            drive->recorded_path, drive->candidates)
            : string_printf("%s records %s", config ? config : "a list", drive->recorded_path);
    if (string_list_add(&finding->evidence, line) < 0)
        return -ENOMEM;
    return text == &text_missing_disk ? evidence_of_lost(judge->host, drive->recorded_path,
                                                         HOST_NONE, &finding->evidence)
                                      : 0;
}

static int judge_checkpoint(struct judge *judge, size_t m, const struct host_checkpoint *checkpoint)
{
    int r = 0;

    for (size_t d = 0; d < checkpoint->drives.count && r == 0; d++)
        r = judge_drive(judge, m, &checkpoint->drives.items[d], checkpoint->config);
    if (r < 0 || checkpoint->kind != CHECKPOINT_RECOVERY)
        return r;
    struct finding *finding =
        machine_finding(judge, m, checkpoint->config, &text_backup_checkpoint);
    if (!finding)
        return -ENOMEM;
    if (judge->host->machines.items[m].saved_state)
        finding->next_step = text_backup_checkpoint.cautious_step;
    char when[WHEN_TEXT_SIZE];
    return string_list_add(&finding->evidence,
                           string_printf("checkpoint \"%s\"%s%s", checkpoint->name,
                                         checkpoint->created ? ", created " : "",
                                         when_format(checkpoint->created, WHEN_SECONDS, when)));
}

/* The last merge of the machine that did not go well, settled or not; NULL: all did. */
static const struct episode *last_failure(const struct verdict *verdict, size_t machine)
{
    for (size_t i = verdict->episodes.count; i > 0; i--) {
        const struct episode *episode = &verdict->episodes.items[i - 1];
        if (episode->machine == machine && episode->end != EPISODE_FINISHED)
            return episode;
    }
    return NULL;
}

static int add_left_layers(const struct judge *judge, size_t m, string_list *lines)
{
    int r = 0;

    for (size_t i = 0; i < judge->verdict->disk_count && r == 0; i++)
        if (judge->verdict->disks[i].machine == m && episode_concerns(judge, i))
            r = string_list_add(lines,
                                string_printf("left behind: %s", judge_disk(judge, i)->path));
    return r;
}

static int add_episode(const struct judge *judge, const struct episode *episode, string_list *lines)
{
    int r = string_list_add(lines, event_line(judge->host, episode->first));

    if (r == 0 && episode->last != episode->first)
        r = string_list_add(lines, event_line(judge->host, episode->last));
    if (r == 0 && episode->has_code)
        r = string_list_add(lines, code_explain(episode->code));
    if (r == 0 && episode->service_restarted)
        r = string_list_add(lines, strdup("the virtual machine management service was started anew "
                                          "since"));
    return r;
}

static const struct finding_text *merge_text(const struct episode *failure, bool left)
{
    if (!left)
        return &text_merge_settled;
    if (failure->is_settled)
        return &text_merge_incomplete;
    return failure->end == EPISODE_OPEN && !failure->service_restarted ? &text_merge_open
                                                                       : &text_merge_failed;
}

/* What a merge left behind: its events, the one that settled it, the files that still wait. */
static int judge_last_merge(struct judge *judge, size_t m)
{
    const struct episode *failure = last_failure(judge->verdict, m);
    const struct episode *last = episode_last(judge->verdict, m);
    string_list left = {0};
    char id[GUID_TEXT_SIZE];

    if (!failure)
        return 0;
    int r = add_left_layers(judge, m, &left);
    struct finding *finding =
        r < 0 ? NULL
              : machine_finding(judge, m, machine_subject(&judge->host->machines.items[m], id),
                                merge_text(failure, left.count > 0));
    if (!finding)
        r = -ENOMEM;
    if (r == 0)
        r = add_episode(judge, failure, &finding->evidence);
    if (r == 0 && failure->is_settled)
        r = string_list_add(&finding->evidence, event_line(judge->host, last->last));
    for (size_t i = 0; i < left.count; i++)
        if (r == 0)
            r = string_list_add(&finding->evidence, left.items[i]);
        else
            free(left.items[i]);
    vector_free(&left);
    return r;
}

static int judge_machine(struct judge *judge, size_t m)
{
    const struct host_machine *machine = &judge->host->machines.items[m];
    char id[GUID_TEXT_SIZE];
    int r = 0;

    for (size_t d = 0; d < machine->drives.count && r == 0; d++)
        r = judge_drive(judge, m, &machine->drives.items[d], machine->config);
    for (size_t c = 0; c < machine->checkpoints.count && r == 0; c++)
        r = judge_checkpoint(judge, m, &machine->checkpoints.items[c]);
    if (r == 0)
        r = judge_last_merge(judge, m);
    if (r < 0 || machine->merge_pending != HOST_YES || !machine_is_tracking(machine))
        return r;
    struct finding *finding =
        machine_finding(judge, m, machine_subject(machine, id), &text_merge_pending);
    if (!finding)
        return -ENOMEM;
    return string_list_add(
        &finding->evidence,
        string_printf("%s: global_settings/disk_merge_pending is true", machine->config));
}

static bool is_journal_alone(const struct host_trouble *trouble)
{
    static const char prefix[] = "VMCX-JOURNAL-";

    for (size_t i = 0; i < trouble->notes.count; i++)
        if (trouble->notes.items[i].severity >= SEVERITY_WARNING &&
            strncmp(trouble->notes.items[i].rule, prefix, sizeof(prefix) - 1) != 0)
            return false;
    return trouble->journal_unreadable;
}

/* A file that was read and one that could not even be opened ask for different steps. */
static const struct finding_text *trouble_text(const struct host_trouble *trouble)
{
    bool was_read = trouble->status == -EBADMSG || trouble->status == -ENOTSUP;

    if (trouble->status < 0)
        return was_read ? &text_config_unreadable : &text_config_unopened;
    return is_journal_alone(trouble) ? &text_journal_unreadable : &text_config_damaged;
}

static int judge_trouble(struct judge *judge, const struct host_trouble *trouble)
{
    const struct finding_text *text = trouble_text(trouble);
    struct finding *finding = machine_finding(judge, HOST_NONE, trouble->path, text);

    if (!finding)
        return -ENOMEM;
    if (trouble->notes.count == 0)
        return string_list_add(&finding->evidence, strdup(strerror(-trouble->status)));
    for (size_t i = 0; i < trouble->notes.count && i < 8; i++) {
        const struct note *note = &trouble->notes.items[i];
        char *line = note->offset == NOTE_NO_OFFSET
                         ? string_printf("%s (rule %s)", note->text, note->rule)
                         : string_printf("%s (rule %s, offset %" PRIu64 ")", note->text, note->rule,
                                         note->offset);
        if (string_list_add(&finding->evidence, line) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int judge_missing_config(struct judge *judge, const struct host_missing_config *missing)
{
    char id[GUID_TEXT_SIZE];

    if (!missing->folder_is_known)
        return 0;
    struct finding *finding =
        machine_finding(judge, HOST_NONE, guid_format(&missing->id, id),
                        missing->is_checkpoint ? &text_missing_checkpoint : &text_missing_config);
    return finding ? string_list_add(&finding->evidence, string_printf("the list of VMs records %s",
                                                                       missing->recorded_path))
                   : -ENOMEM;
}

int findings_of_machines(struct judge *judge)
{
    const struct host *host = judge->host;
    int r = 0;

    for (size_t i = 0; i < host->machines.count && r == 0; i++)
        r = judge_machine(judge, i);
    for (size_t i = 0; i < host->troubles.count && r == 0; i++)
        r = judge_trouble(judge, &host->troubles.items[i]);
    for (size_t i = 0; i < host->missing_configs.count && r == 0; i++)
        r = judge_missing_config(judge, &host->missing_configs.items[i]);
    return r;
}
