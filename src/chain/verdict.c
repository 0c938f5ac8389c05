/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The steps of judging, in order; each reads what the ones before have found. */
#include "chain/judge.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>

static int run_steps(struct judge *judge)
{
    int r = judge_parents(judge);

    if (r == 0)
        judge_deleted(judge);
    if (r == 0)
        r = judge_uses(judge);
    if (r < 0)
        return r;
    judge_classes(judge);
    r = judge_episodes(judge);
    if (r == 0)
        r = judge_overlays(judge);
    if (r == 0)
        r = judge_chains(judge);
    return r == 0 ? judge_findings(judge) : r;
}

static enum severity worse(enum severity a, enum severity b)
{
    return a > b ? a : b;
}

static void sum_up(struct verdict *verdict, const struct host *host)
{
    struct verdict_summary *summary = &verdict->summary;

    summary->machines = host->machines.count;
    for (size_t i = 0; i < host->machines.count; i++)
        summary->checkpoints += host->machines.items[i].checkpoints.count;
    summary->disks = verdict->disk_count;
    for (size_t i = 0; i < verdict->disk_count; i++) {
        const struct host_disk *disk = &host->disks.items[i];
        summary->by_class[verdict->disks[i].class]++;
        if (class_is_orphan(verdict->disks[i].class) && disk->is_avhd) {
            summary->orphans++;
            summary->orphan_bytes += disk->file_size;
        }
        summary->worst = worse(summary->worst, verdict->disks[i].severity);
    }
    for (size_t i = 0; i < verdict->findings.count; i++) {
        summary->by_severity[verdict->findings.items[i].severity]++;
        summary->worst = worse(summary->worst, verdict->findings.items[i].severity);
    }
}

int verdict_make(struct verdict *verdict, const struct host *host)
{
    *verdict = (struct verdict){0};
    verdict->disk_count = host->disks.count;
    verdict->disks = calloc(host->disks.count + 1, sizeof(*verdict->disks));
    CLEANUP_FREE struct disk_use *uses = calloc(host->disks.count + 1, sizeof(*uses));
    CLEANUP_FREE bool *sure = calloc(host->nodes.count + 1, sizeof(*sure));
    if (!verdict->disks || !uses || !sure) {
        verdict->disk_count = 0;
        return -ENOMEM;
    }
    for (size_t i = 0; i < host->nodes.count; i++)
        sure[i] = judge_paths_are_facts(host, i);
    struct judge judge = {.host = host, .verdict = verdict, .uses = uses, .sure = sure};
    int r = run_steps(&judge);
    sum_up(verdict, host);
    return r;
}

void verdict_free(struct verdict *verdict)
{
    for (size_t i = 0; i < verdict->disk_count; i++)
        vector_free(&verdict->disks[i].children);
    free(verdict->disks);
    for (size_t i = 0; i < verdict->chains.count; i++)
        vector_free(&verdict->chains.items[i].layers);
    vector_free(&verdict->chains);
    vector_free(&verdict->episodes);
    for (size_t i = 0; i < verdict->findings.count; i++) {
        struct finding *finding = &verdict->findings.items[i];
        free(finding->subject);
        free(finding->summary);
        string_list_free(&finding->evidence);
        string_list_free(&finding->commands);
        string_list_free(&finding->blocked_by);
    }
    vector_free(&verdict->findings);
    *verdict = (struct verdict){0};
}
