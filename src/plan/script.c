/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "plan/script.h"

#include "base/strbuf.h"
#include "base/text.h"
#include "plan/texts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct script {
    struct plan *plan;
    const struct host *host;
    const struct verdict *verdict;
    bool failed;
};

static void add(struct script *script, char *line)
{
    char *valid = line ? text_printable(line) : NULL;
    char **slot = valid ? vector_push(&script->plan->commands) : NULL;

    free(line);
    if (slot)
        *slot = valid;
    else {
        free(valid);
        script->failed = true;
    }
}

/* 'It''s' as PowerShell quotes; the caller frees. */
static char *quoted(const char *text)
{
    struct strbuf out = {0};

    strbuf_append_quoted(&out, text);
    return strbuf_steal(&out);
}

/* The path that Windows knows, quoted: what a configuration or a child records, else the one on
 * the evidence. */
static char *windows_path(const struct script *script, size_t disk)
{
    const struct host *host = script->host;

    for (size_t m = 0; m < host->machines.count; m++) {
        const struct host_machine *machine = &host->machines.items[m];
        for (size_t d = 0; d < machine->drives.count; d++)
            if (machine->drives.items[d].disk == disk)
                return quoted(machine->drives.items[d].recorded_path);
        for (size_t c = 0; c < machine->checkpoints.count; c++)
            for (size_t d = 0; d < machine->checkpoints.items[c].drives.count; d++)
                if (machine->checkpoints.items[c].drives.items[d].disk == disk)
                    return quoted(machine->checkpoints.items[c].drives.items[d].recorded_path);
    }
    const struct disk_verdict *verdict = &script->verdict->disks[disk];
    for (size_t i = 0; i < verdict->children.count; i++) {
        const struct disk_facts *child = host->disks.items[verdict->children.items[i]].facts;
        if (child->parent && child->parent->absolute_path)
            return quoted(child->parent->absolute_path);
    }
    return quoted(host->disks.items[disk].path);
}

static void add_path_command(struct script *script, const char *format_before, size_t disk,
                             const char *after)
{
    char *path = windows_path(script, disk);

    add(script, path ? string_printf("%s%s%s", format_before, path, after) : NULL);
    free(path);
}

static void add_machine_command(struct script *script, const char *before, const char *after)
{
    size_t machine = script->plan->machine;
    const char *name = machine == HOST_NONE ? NULL : script->host->machines.items[machine].name;

    if (!name)
        return;
    char *vm = quoted(name);
    add(script, vm ? string_printf("%s%s%s", before, vm, after) : NULL);
    free(vm);
}

#define LOOK " | Format-List Path,VhdType,ParentPath,FileSize,DiskIdentifier"

static void write_look(struct script *script)
{
    add_machine_command(script, "Get-VM -Name ", " | Format-List State,Status");
    add_machine_command(script, "Get-VMSnapshot -VMName ", " | Format-List Name,SnapshotType");
    for (size_t i = 0; i < script->plan->layers.count && i < 64; i++)
        add_path_command(script, "Get-VHD -Path ", script->plan->layers.items[i].disk, LOOK);
}

static void write_hyper_v(struct script *script)
{
    add(script, strdup("# Let Hyper-V merge: shut the VM down and wait for event 19080."));
    add_machine_command(script, "# Export-VM -Name ", " -Path <export folder>");
    add_machine_command(script, "# Stop-VM -Name ", "");
    add_machine_command(script, "# Checkpoint-VM -Name ", " -SnapshotName 'trigger merge'");
    add_machine_command(script, "# Remove-VMSnapshot -VMName ", " -Name 'trigger merge'");
}

static void write_merges(struct script *script)
{
    const struct plan *plan = script->plan;

    add(script, strdup("# By hand only on copies, VM off, one step at a time, in this order:"));
    for (size_t i = 0; i < plan->steps.count; i++) {
        char *child = windows_path(script, plan->steps.items[i].child);
        char *parent = windows_path(script, plan->steps.items[i].parent);
        add(script, child && parent
                        ? string_printf("# Merge-VHD -Path %s -DestinationPath %s", child, parent)
                        : NULL);
        free(child);
        free(parent);
        add_path_command(script, "Get-VHD -Path ", plan->steps.items[i].parent, LOOK);
    }
}

static void write_quarantine(struct script *script)
{
    add(script, strdup("# Move away, keep for at least one backup cycle:"));
    add_path_command(script, "# Move-Item -LiteralPath ", script->plan->leaf,
                     " -Destination <quarantine folder>");
}

static int write_checks(struct plan *plan, const char *const *checks)
{
    for (; *checks; checks++) {
        char **slot = vector_push(&plan->checks_after);
        if (!slot || !(*slot = strdup(*checks)))
            return -ENOMEM;
    }
    return 0;
}

int script_write(struct plan *plan, const struct host *host, const struct verdict *verdict)
{
    struct script script = {.plan = plan, .host = host, .verdict = verdict};

    write_look(&script);
    switch (plan->kind) {
    case PLAN_HYPER_V_MERGES:
        write_hyper_v(&script);
        write_merges(&script);
        break;
    case PLAN_MANUAL_MERGE_ON_COPIES:
        write_merges(&script);
        break;
    case PLAN_QUARANTINE:
        write_quarantine(&script);
        break;
    case PLAN_KEEP:
    case PLAN_NOTHING_TO_DO:
        break;
    }
    if (script.failed)
        return -ENOMEM;
    if (plan->kind == PLAN_QUARANTINE)
        return write_checks(plan, checks_after_quarantine);
    return plan->steps.count > 0 ? write_checks(plan, checks_after_merge) : 0;
}
