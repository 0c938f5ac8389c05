/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Findings: what a person has to know and do, with the evidence for it. */
#include "chain/finding.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Nothing is called safe while one of these holds. */
#define CAUTION (1u << OVERLAY_CLUSTER_UNKNOWN | 1u << OVERLAY_SAVED_STATE |                       \
                 1u << OVERLAY_LOW_CONFIDENCE | 1u << OVERLAY_HOLD)

#define UNOPENED "cannot be opened: "

static int qualify(const struct judge *judge, size_t disk, const struct finding_text *text,
                   struct finding *finding)
{
    unsigned overlays = judge->verdict->disks[disk].overlays;
    const char *error = judge_disk(judge, disk)->error;

    if ((overlays & CAUTION) && text->cautious_step)
        finding->next_step = text->cautious_step;
    /* Locked, no right to read it, or not all in the image: nobody has seen that it is damaged. */
    if (strcmp(finding->code, class_name(CLASS_CORRUPT)) == 0 && error &&
        strncmp(error, UNOPENED, strlen(UNOPENED)) == 0) {
        finding->confidence = CONFIDENCE_POSSIBLE;
        finding->explanation = "The file could not be opened, so nothing is known of it. It may "
                               "be healthy: this says only that it was not read.";
        finding->next_step = "Give the scan the right to read the file, a whole image, or a copy "
                             "that the host itself has made, and scan again. Change nothing before "
                             "that.";
    }
    if (overlays & 1u << OVERLAY_LOW_CONFIDENCE)
        finding->confidence = CONFIDENCE_POSSIBLE;
    for (enum disk_overlay o = 0; o < OVERLAY_COUNT; o++)
        if ((overlays & 1u << o) && blocking_text(o) &&
            strcmp(overlay_name(o), finding->code) != 0 &&
            string_list_add(&finding->blocked_by, strdup(blocking_text(o))) < 0)
            return -ENOMEM;
    return 0;
}

static struct finding *disk_finding(struct judge *judge, size_t disk,
                                    const struct finding_text *text)
{
    const struct host_disk *file = judge_disk(judge, disk);
    size_t machine = judge->verdict->disks[disk].machine;
    char id[GUID_TEXT_SIZE];
    CLEANUP_FREE char *windows_path = NULL;
    if (windows_path_of(&judge->windows_paths, disk, &windows_path) < 0)
        return NULL;
    struct names names = {
        .file = path_name(file->path),
        .path = windows_path ? windows_path : file->path,
        .path_is_here = !windows_path,
        .vm = machine == HOST_NONE ? "an unknown VM"
                                   : machine_label(&judge->host->machines.items[machine], id),
    };
    struct finding *finding = finding_new(judge, text, file->path, machine, &names);

    if (!finding)
        return NULL;
    finding->disk = disk;
    return qualify(judge, disk, text, finding) < 0 ? NULL : finding;
}

static int add_described(struct judge *judge, size_t disk, const struct finding_text *text)
{
    struct finding *finding = disk_finding(judge, disk, text);

    return finding ? evidence_of_disk(judge, disk, &finding->evidence) : -ENOMEM;
}

static int add_integrity(struct judge *judge, size_t disk)
{
    const struct notes *notes = &judge_disk(judge, disk)->notes;

    for (size_t i = 0; i < notes->count; i++) {
        const struct note *note = &notes->items[i];
        if (note->severity < SEVERITY_WARNING)
            continue;
        struct finding_text text = *rule_text(note->rule);
        text.code = note->rule;
        text.severity = note->severity;
        struct finding *finding = disk_finding(judge, disk, &text);
        char *where = note->offset == NOTE_NO_OFFSET
                          ? strdup(note->text ? note->text : "")
                          : string_printf("%s (offset %" PRIu64 ")", note->text ? note->text : "",
                                          note->offset);
        if (!finding) {
            free(where);
            return -ENOMEM;
        }
        if (string_list_add(&finding->evidence, where) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int add_geometry(struct judge *judge, size_t disk)
{
    const struct disk_verdict *verdict = &judge->verdict->disks[disk];

    if (verdict->parent_state != PARENT_MATCHED)
        return 0;
    const struct disk_facts *facts = judge_disk(judge, disk)->facts;
    const struct disk_facts *parent = judge_disk(judge, verdict->parent)->facts;
    if (facts->logical_sector_size != parent->logical_sector_size &&
        add_described(judge, disk, &text_sector_mismatch) < 0)
        return -ENOMEM;
    return 0;
}

static int add_copies(struct judge *judge, size_t disk)
{
    const struct disk_verdict *verdict = &judge->verdict->disks[disk];
    size_t count;

    if (verdict->parent_state == PARENT_MATCHED || verdict->parent_copies < 2)
        return 0;
    struct finding *finding = disk_finding(judge, disk, &text_ambiguous_parent);
    if (!finding)
        return -ENOMEM;
    const size_t *copies = host_find_identifier(
        judge->host, &judge_disk(judge, disk)->facts->parent->linkage, &count);
    for (size_t i = 0; i < count && i < 16; i++)
        if (string_list_add(&finding->evidence, strdup(judge_disk(judge, copies[i])->path)) < 0)
            return -ENOMEM;
    return 0;
}

/* Overlays that speak of one disk; what concerns a whole host or VM is said once, elsewhere. */
static const enum disk_overlay disk_overlays[] = {
    OVERLAY_HOLD,
    OVERLAY_BROKEN_CHAIN,
    OVERLAY_NTFS_LIMITATION,
    OVERLAY_TIME_ANOMALY,
};

/*
 * NTFS describes the runs of a file in an attribute list of at most 256 KiB; growth beyond that
 * fails with 0x80070299. A merge that grows the file is warned about from half of it on.
 */
#define ATTRIBUTE_LIST_WARNING (128u * 1024)

static int add_fragmentation(struct judge *judge, size_t disk)
{
    const struct host_disk *file = judge_disk(judge, disk);

    if (file->attribute_list_size < ATTRIBUTE_LIST_WARNING)
        return 0;
    struct finding *finding = disk_finding(judge, disk, &text_fragmented);
    if (!finding)
        return -ENOMEM;
    return string_list_add(
        &finding->evidence,
        string_printf("%" PRIu64 " extents in %" PRIu32 " records of $MFT; the list "
                      "of them takes %" PRIu32 " of 262144 bytes",
                      file->extents, file->mft_records, file->attribute_list_size));
}

/* What is likely by the tails of paths is certain where every path is known. */
static int add_class(struct judge *judge, size_t disk)
{
    const struct finding_text *text = class_text(judge->verdict->disks[disk].class);
    size_t node = judge->host->evidence.items[judge_disk(judge, disk)->evidence].node;
    struct finding *finding = text ? disk_finding(judge, disk, text) : NULL;

    if (!finding)
        return text ? -ENOMEM : 0;
    if (finding->confidence == CONFIDENCE_LIKELY && judge->sure[node])
        finding->confidence = CONFIDENCE_CONFIRMED;
    return evidence_of_disk(judge, disk, &finding->evidence);
}

static int judge_one(struct judge *judge, size_t disk)
{
    const struct disk_verdict *verdict = &judge->verdict->disks[disk];
    int r = add_class(judge, disk);

    for (size_t i = 0; i < ARRAY_SIZE(disk_overlays) && r == 0; i++)
        if (verdict->overlays & 1u << disk_overlays[i])
            r = add_described(judge, disk, overlay_text(disk_overlays[i]));
    if (r == 0)
        r = add_integrity(judge, disk);
    if (r == 0)
        r = add_geometry(judge, disk);
    if (r == 0)
        r = add_copies(judge, disk);
    if (r == 0)
        r = add_fragmentation(judge, disk);
    return r;
}

/* Once per host. */
static int add_cluster_unknown(struct judge *judge)
{
    struct finding *finding = NULL;

    for (size_t i = 0; i < judge->verdict->disk_count; i++) {
        const struct host_disk *disk = judge_disk(judge, i);
        if (!(judge->verdict->disks[i].overlays & 1u << OVERLAY_CLUSTER_UNKNOWN))
            continue;
        if (!finding) {
            struct names names = {"", "", ""};
            finding = finding_new(judge, overlay_text(OVERLAY_CLUSTER_UNKNOWN),
                                  judge->host->evidence.items[disk->evidence].path, HOST_NONE,
                                  &names);
            if (!finding)
                return -ENOMEM;
        }
        if (finding->evidence.count < 8 &&
            string_list_add(&finding->evidence, strdup(disk->path)) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* Once per machine, or per disk where the machine is not known. */
static int add_replicas(struct judge *judge)
{
    const struct disk_verdict *disks = judge->verdict->disks;

    for (size_t i = 0; i < judge->verdict->disk_count; i++) {
        bool said = false;
        if (!(disks[i].overlays & 1u << OVERLAY_REPLICA))
            continue;
        for (size_t j = 0; j < i && disks[i].machine != HOST_NONE; j++)
            said = said || (disks[j].machine == disks[i].machine &&
                            (disks[j].overlays & 1u << OVERLAY_REPLICA));
        if (!said && add_described(judge, i, overlay_text(OVERLAY_REPLICA)) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* Chains. */

/* Where a class says already that a layer is owed a merge, the number says nothing new. */
static bool is_said_by_a_class(const struct judge *judge, const struct chain *chain)
{
    for (size_t i = 0; i < chain->layers.count; i++) {
        enum disk_class class = judge->verdict->disks[chain->layers.items[i]].class;
        if (class == CLASS_ACTIVE_UNTRACKED || class == CLASS_PENDING_MERGE ||
            class == CLASS_AUTORECOVERY_IN_USE)
            return true;
    }
    return false;
}

static int judge_chain(struct judge *judge, const struct chain *chain)
{
    bool of_machine = chain->machine != HOST_NONE && chain->checkpoint == HOST_NONE &&
                      judge->uses[chain->leaf].by_vm;

    if (chain->layers.count > DISK_CHAIN_MAX &&
        add_described(judge, chain->leaf, &text_chain_depth) < 0)
        return -ENOMEM;
    if (!of_machine || !chain->complete || chain->untracked_layers == 0 ||
        is_said_by_a_class(judge, chain))
        return 0;
    return add_described(judge, chain->leaf, &text_untracked_layers);
}

/* One finding per cycle, on its first member, naming all of them. */
static int judge_cycle(struct judge *judge, size_t disk)
{
    const struct disk_verdict *disks = judge->verdict->disks;

    if (!disks[disk].in_cycle)
        return 0;
    for (size_t other = disks[disk].parent; other != disk; other = disks[other].parent)
        if (other < disk)
            return 0;
    struct finding *finding = disk_finding(judge, disk, &text_chain_cycle);
    if (!finding)
        return -ENOMEM;
    size_t member = disk, named = 0;
    do {
        if (string_list_add(&finding->evidence,
                            string_printf("%s has parent %s", judge_disk(judge, member)->path,
                                          judge_disk(judge, disks[member].parent)->path)) < 0)
            return -ENOMEM;
        member = disks[member].parent;
    } while (member != disk && ++named < 32);
    return 0;
}

static int compare_findings(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    int c = strcmp(x->subject, y->subject);

    if (c == 0)
        c = strcmp(x->code, y->code);
    if (c == 0)
        c = strcmp(x->evidence.count ? x->evidence.items[0] : "",
                   y->evidence.count ? y->evidence.items[0] : "");
    return c;
}

/* What is said of one file or machine with the same words, by what was seen. */
static int tell_apart(struct finding *finding)
{
    size_t length = strlen(finding->summary);

    if (finding->evidence.count == 0)
        return 0;
    while (length > 0 && finding->summary[length - 1] == '.')
        length--;
    char *summary = string_printf("%.*s: %s", (int)length, finding->summary,
                                  finding->evidence.items[0]);
    if (!summary)
        return -ENOMEM;
    free(finding->summary);
    finding->summary = summary;
    return 0;
}

static bool say_the_same(const struct finding *a, const struct finding *b)
{
    return strcmp(a->subject, b->subject) == 0 && strcmp(a->code, b->code) == 0 &&
           strcmp(a->summary, b->summary) == 0;
}

/* Equal ones follow each other. */
static int tell_all_apart(struct verdict *verdict)
{
    for (size_t i = 0, end; i < verdict->findings.count; i = end) {
        for (end = i + 1; end < verdict->findings.count &&
                          say_the_same(&verdict->findings.items[i], &verdict->findings.items[end]);
             end++)
            ;
        for (size_t n = i; n < end && end - i > 1; n++)
            if (tell_apart(&verdict->findings.items[n]) < 0)
                return -ENOMEM;
    }
    return 0;
}

int judge_findings(struct judge *judge)
{
    int r = windows_paths_make(&judge->windows_paths, judge->host, judge->verdict);

    for (size_t i = 0; i < judge->verdict->disk_count && r == 0; i++) {
        r = judge_one(judge, i);
        if (r == 0)
            r = judge_cycle(judge, i);
    }
    if (r == 0)
        r = findings_of_machines(judge);
    for (size_t i = 0; i < judge->verdict->chains.count && r == 0; i++)
        r = judge_chain(judge, &judge->verdict->chains.items[i]);
    if (r == 0)
        r = add_cluster_unknown(judge);
    if (r == 0)
        r = add_replicas(judge);
    if (r == 0 && judge->verdict->findings.count > 0) /* a half-made one has no subject */
        qsort(judge->verdict->findings.items, judge->verdict->findings.count,
              sizeof(*judge->verdict->findings.items), compare_findings);
    windows_paths_free(&judge->windows_paths);
    return r == 0 ? tell_all_apart(judge->verdict) : r;
}
