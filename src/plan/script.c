/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The plan's commands as PowerShell text, and what to check afterwards. */
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "plan/planner.h"
#include "plan/script_texts.h"
#include "plan/texts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOOKS_MAX 64 /* disks to look at one by one */

enum word {
    WORD_ID,
    WORD_VM,
    WORD_FILE,
    WORD_FILE_COPY,
    WORD_KEPT,
    WORD_RENAMED,
    WORD_CHILD,
    WORD_CHILD_COPY,
    WORD_PARENT,
    WORD_PARENT_COPY,
    WORD_LEAF,
    WORD_BASE_COPY,
    WORDS,
};

static const char *const word_names[WORDS] = {
    [WORD_ID] = "id",         [WORD_VM] = "vm",
    [WORD_FILE] = "file",     [WORD_FILE_COPY] = "file-copy",
    [WORD_KEPT] = "kept",     [WORD_RENAMED] = "renamed",
    [WORD_CHILD] = "child",   [WORD_CHILD_COPY] = "child-copy",
    [WORD_PARENT] = "parent", [WORD_PARENT_COPY] = "parent-copy",
    [WORD_LEAF] = "leaf",     [WORD_BASE_COPY] = "base-copy",
};

struct script {
    const struct planner *planner;
    struct plan *plan;
    char *words[WORDS]; /* owned; NULL: has no value now */
    int status;
};

static void set_word(struct script *s, enum word word, char *value)
{
    free(s->words[word]);
    s->words[word] = value ? text_printable(value) : NULL;
    free(value);
    if (!s->words[word])
        s->status = -ENOMEM;
}

static bool names_missing(const struct script *s, const char *line)
{
    for (enum word w = 0; w < WORDS; w++) {
        size_t length = strlen(word_names[w]);
        for (const char *at = strchr(line, '{'); at && !s->words[w]; at = strchr(at + 1, '{'))
            if (strncmp(at + 1, word_names[w], length) == 0 && at[length + 1] == '}')
                return true;
    }
    return false;
}

/* Names are not unique and may be patterns; they will do where no identifier is known. */
static char *choose_machine(const struct script *s, const char *line)
{
    static const char by_id[] = "-Id {id}";
    const char *at = s->words[WORD_ID] ? NULL : strstr(line, by_id);

    return at ? string_printf("%.*s-Name {vm}%s", (int)(at - line), line, at + strlen(by_id))
              : strdup(line);
}

static void write_lines(struct script *s, const char *const *lines)
{
    struct text_value values[WORDS + 1] = {{NULL, NULL}};
    size_t count = 0;

    for (enum word w = 0; w < WORDS; w++)
        if (s->words[w])
            values[count++] = (struct text_value){word_names[w], s->words[w]};
    for (; *lines && s->status == 0; lines++) {
        CLEANUP_FREE char *line = choose_machine(s, *lines);
        if (line && names_missing(s, line))
            continue;
        if (!line || string_list_add(&s->plan->commands, string_fill(line, values, true)) < 0)
            s->status = -ENOMEM;
    }
}

/* Paths. */

static const char *last_element(const char *path)
{
    const char *name = path;

    for (; *path; path++)
        if (*path == '/' || *path == '\\')
            name = path + 1;
    return name;
}

/* As Windows has it, else as it is printed; *known says which. */
static char *path_of(struct script *s, size_t disk, bool *known)
{
    char *path = NULL;

    if (windows_path_of(&s->planner->windows_paths, disk, &path) < 0)
        s->status = -ENOMEM;
    *known = path != NULL;
    return path ? path : strdup(planner_disk(s->planner, disk)->path);
}

static size_t disks_of_plan(const struct plan *plan)
{
    return plan->layers.count + plan->candidates.count;
}

static size_t disk_of_plan(const struct plan *plan, size_t i)
{
    return i < plan->layers.count ? plan->layers.items[i].disk
                                  : plan->candidates.items[i - plan->layers.count].disk;
}

static const char *file_name(const struct script *s, size_t disk)
{
    return last_element(planner_disk(s->planner, disk)->path);
}

/* In the one folder that all of a plan's files come to: of several files of one name, from different
 * folders, the second has a 2 before it. */
static char *gathered(const struct script *s, const char *folder, size_t disk, const char *path)
{
    const struct plan *plan = s->plan;
    size_t number = 0;

    for (size_t i = 0; i < disks_of_plan(plan); i++) {
        size_t other = disk_of_plan(plan, i);
        if (other == disk)
            break;
        number += text_compare_folded(file_name(s, other), file_name(s, disk)) == 0;
    }
    return number == 0 ? string_printf("%s\\%s", folder, last_element(path))
                       : string_printf("%s\\%zu-%s", folder, number + 1, last_element(path));
}

/* A disk's path, and where its copy will lie. */
static void set_path(struct script *s, enum word word, enum word copy, size_t disk)
{
    bool known;
    char *path = path_of(s, disk, &known);

    set_word(s, copy, path ? gathered(s, "<copies>", disk, path) : NULL);
    set_word(s, word, path);
}

static void set_file(struct script *s, size_t disk)
{
    bool known;
    char *path = path_of(s, disk, &known);

    if (!known)
        write_lines(s, script_unknown_path);
    set_word(s, WORD_KEPT, path ? gathered(s, "<quarantine>", disk, path) : NULL);
    set_word(s, WORD_RENAMED, path ? string_printf("%s.unused", last_element(path)) : NULL);
    set_word(s, WORD_FILE, path);
}

static void set_machine(struct script *s)
{
    char id[GUID_TEXT_SIZE];

    if (s->plan->machine == HOST_NONE)
        return;
    const struct host_machine *machine = &s->planner->host->machines.items[s->plan->machine];
    if (machine->has_id)
        set_word(s, WORD_ID, strdup(guid_format(&machine->id, id)));
    if (machine->name)
        set_word(s, WORD_VM, strdup(machine->name));
    else if (machine->has_id)
        set_word(s, WORD_VM, strdup(id));
}

static void look_at(struct script *s, size_t disk)
{
    set_file(s, disk);
    if (s->words[WORD_FILE] && strpbrk(s->words[WORD_FILE], "[]"))
        write_lines(s, script_pattern_warning);
    write_lines(s, script_look_disk);
}

static void write_look(struct script *s)
{
    write_lines(s, script_look_machine);
    for (size_t i = 0; i < s->plan->layers.count && i < LOOKS_MAX; i++)
        look_at(s, s->plan->layers.items[i].disk);
}

/* Merges. */

static bool has_recovery_checkpoint(const struct script *s)
{
    const struct host_machine *machine = &s->planner->host->machines.items[s->plan->machine];

    for (size_t c = 0; c < machine->checkpoints.count; c++)
        if (machine->checkpoints.items[c].kind == CHECKPOINT_RECOVERY)
            return true;
    return false;
}

static void set_step(struct script *s, const struct plan_step *step)
{
    set_path(s, WORD_CHILD, WORD_CHILD_COPY, step->child);
    set_path(s, WORD_PARENT, WORD_PARENT_COPY, step->parent);
}

/* Every layer from the first child down to the last parent; what lies below stays where it is. */
static void write_copies(struct script *s)
{
    const struct plan *plan = s->plan;
    size_t first = plan_layer_of(plan, plan->steps.items[0].child);
    size_t last = plan_layer_of(plan, plan->steps.items[plan->steps.count - 1].parent);

    write_lines(s, script_copies);
    for (size_t i = first; i <= last; i++) {
        set_path(s, WORD_FILE, WORD_FILE_COPY, plan->layers.items[i].disk);
        write_lines(s, script_copy);
    }
    write_lines(s, script_reconnect_title);
    for (size_t i = last; i > first; i--) {
        set_path(s, WORD_CHILD, WORD_CHILD_COPY, plan->layers.items[i - 1].disk);
        set_path(s, WORD_PARENT, WORD_PARENT_COPY, plan->layers.items[i].disk);
        write_lines(s, script_reconnect);
    }
}

static void write_merges(struct script *s)
{
    const struct plan *plan = s->plan;

    if (plan->steps.count == 0)
        return;
    write_copies(s);
    set_step(s, &plan->steps.items[0]);
    write_lines(s, script_merges);
    for (size_t i = 0; i < plan->steps.count; i++) {
        set_step(s, &plan->steps.items[i]);
        write_lines(s, script_merge);
    }
}

/* With layers above that no merge touches the leaf stays what the VM uses. */
static void write_repoint(struct script *s)
{
    const struct plan *plan = s->plan;

    if (plan->steps.items[0].child != plan->leaf)
        return;
    for (size_t i = 0; i + 1 < plan->steps.count; i++)
        if (plan->steps.items[i].parent != plan->steps.items[i + 1].child)
            return;
    set_path(s, WORD_LEAF, WORD_FILE_COPY, plan->leaf);
    set_path(s, WORD_PARENT, WORD_BASE_COPY, plan->steps.items[plan->steps.count - 1].parent);
    write_lines(s, script_repoint);
}

static void write_hyper_v(struct script *s)
{
    write_lines(s, script_look_events);
    write_lines(s, script_export);
    if (has_recovery_checkpoint(s))
        write_lines(s, script_recovery_checkpoint);
    write_lines(s, script_hyper_v);
    write_lines(s, script_trigger_merge);
    if (!s->plan->offers[CHOICE_COPIES].offered)
        return;
    write_merges(s);
    write_repoint(s);
}

static void write_copies_of_orphan(struct script *s)
{
    write_lines(s, script_export);
    write_merges(s);
}

/* Files that go. */

static void each_orphan_layer(struct script *s, const char *const *lines)
{
    for (size_t i = 0; i < s->plan->stake.layers; i++) {
        set_file(s, s->plan->layers.items[i].disk);
        write_lines(s, lines);
    }
}

static void write_quarantine(struct script *s)
{
    if (s->planner->verdict->disks[s->plan->leaf].class == CLASS_AUTORECOVERY_LEFTOVER)
        each_orphan_layer(s, script_rename_test);
    write_lines(s, script_quarantine);
    each_orphan_layer(s, script_move);
    if (!s->plan->offers[CHOICE_DELETE].offered)
        return;
    write_lines(s, script_delete_title);
    each_orphan_layer(s, script_delete);
}

/* The lost parent: a candidate is tied to the child on copies. The one that carries the identifier
 * ranks first; where content was proven to be equal, another one will do, too. */
static void write_keep(struct script *s)
{
    const struct plan *plan = s->plan;

    if (plan->candidates.count == 0)
        return;
    set_path(s, WORD_CHILD, WORD_CHILD_COPY, plan_last_layer(plan));
    if (plan->candidates.items[0].ignore_mismatch != SANITY_NOT_NEEDED) {
        write_lines(s, script_never_ignore_mismatch);
        return;
    }
    set_path(s, WORD_PARENT, WORD_PARENT_COPY, plan->candidates.items[0].disk);
    write_lines(s, script_lost_parent);
    write_lines(s, script_reconnect_candidate);
    for (size_t i = 1; i < plan->candidates.count; i++) {
        if (plan->candidates.items[i].ignore_mismatch != SANITY_YES)
            continue;
        set_path(s, WORD_PARENT, WORD_PARENT_COPY, plan->candidates.items[i].disk);
        write_lines(s, script_ignore_mismatch);
    }
}

static void write_nothing(struct script *s)
{
}

static const char *const nothing_to_check[] = {NULL};

static const struct {
    void (*write)(struct script *);
    const char *const *checks_after;
} kinds[] = {
    [PLAN_HYPER_V_MERGES] = {write_hyper_v, checks_after_merge},
    [PLAN_MANUAL_MERGE_ON_COPIES] = {write_copies_of_orphan, checks_after_merge},
    [PLAN_QUARANTINE] = {write_quarantine, checks_after_quarantine},
    [PLAN_KEEP] = {write_keep, nothing_to_check},
    [PLAN_NOTHING_TO_DO] = {write_nothing, nothing_to_check},
};

static void write_checks(struct script *s)
{
    for (const char *const *check = kinds[s->plan->kind].checks_after; *check; check++)
        if (string_list_add(&s->plan->checks_after, strdup(*check)) < 0)
            s->status = -ENOMEM;
}

int plan_write_script(const struct planner *planner, struct plan *plan)
{
    struct script script = {.planner = planner, .plan = plan};

    set_machine(&script);
    write_look(&script);
    kinds[plan->kind].write(&script);
    write_checks(&script);
    for (enum word w = 0; w < WORDS; w++)
        free(script.words[w]);
    return script.status;
}
