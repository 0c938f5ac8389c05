/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The verdict: how bad, how much, what first, and what we don't know. */
#include "report/text_sections.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MISSING_NAMED 5 /* of each kind; more listed machines without configuration are counted */

static size_t count_overlay(const struct verdict *v, enum disk_overlay overlay)
{
    size_t count = 0;

    for (size_t i = 0; i < v->disk_count; i++)
        count += (v->disks[i].overlays & 1u << overlay) != 0;
    return count;
}

static size_t count_errors(const struct host *host)
{
    size_t count = 0;

    for (size_t i = 0; i < host->evidence.count; i++)
        count += host->evidence.items[i].errors.count;
    return count;
}

static void put_worst(struct page *page, bool sure)
{
    const struct verdict_summary *s = &page->report->verdict.summary;

    if (s->disks == 0 && s->worst == SEVERITY_OK) {
        page_line(page, 0, "?   VERDICT: no virtual disk was found");
        return;
    }
    page_ink(page, severity_ink(s->worst), severity_mark(page, s->worst));
    page_blank(page, 1);
    page_ink(page, INK_HEADING, "VERDICT: ");
    page_ink(page, severity_ink(s->worst), severity_name(s->worst));
    page_end_line(page);
    if (s->worst <= SEVERITY_INFO && sure)
        page_paragraph(page, 4, "", "Hyper-V knows of every disk that it should know of. There is "
                       "nothing to do.");
}

static void put_counts(struct page *page)
{
    const struct verdict_summary *s = &page->report->verdict.summary;
    char bytes[BYTES_TEXT_SIZE];

    if (s->orphans > 0)
        page_sentence(page, 4, "", "%zu orphaned checkpoint disk%s (%s): no VM and no checkpoint "
                      "in Hyper-V accounts for %s.", s->orphans, plural(s->orphans),
                      bytes_format(s->orphan_bytes, bytes), s->orphans == 1 ? "it" : "them");
    if (s->by_class[CLASS_CORRUPT] > 0)
        page_sentence(page, 4, "", "%zu file%s that should be a virtual disk can't be read as one.",
                      s->by_class[CLASS_CORRUPT], plural(s->by_class[CLASS_CORRUPT]));
    CLEANUP(strbuf) struct strbuf text = {0};
    for (int v = SEVERITY_DATA_LOSS_RISK; v > SEVERITY_OK; v--)
        if (s->by_severity[v] > 0)
            strbuf_printf(&text, "%s%zu %s", text.length > 0 ? ", " : "", s->by_severity[v],
                          severity_name((enum severity)v));
    if (text.failed)
        output_fail(page->out, -ENOMEM);
    else if (text.length > 0)
        page_paragraph(page, 4, "Findings: ", strbuf_text(&text));
}

/* The next step of the first finding that asks for one. */
static void put_first_step(struct page *page, const size_t *order)
{
    const struct verdict *v = &page->report->verdict;
    const struct host *host = &page->report->host;
    char id[GUID_TEXT_SIZE];

    for (size_t i = 0; i < v->findings.count; i++) {
        const struct finding *f = &v->findings.items[order[i]];
        if (!f->next_step || f->severity < SEVERITY_WARNING)
            continue;
        page_sentence(page, 4, "Do first: ", "%s %s (finding %zu%s%s)", f->summary, f->next_step,
                      i + 1, f->machine != HOST_NONE ? ", VM " : "",
                      f->machine != HOST_NONE
                          ? text_machine_name(&host->machines.items[f->machine], id)
                          : "");
        return;
    }
}

/* " of host n1", in two pieces, when it has a name. */
static const char *of_host(const struct host_node *node)
{
    return node->name[0] ? " of host " : "";
}

static void put_missing_of_node(struct page *page, const struct host_node *n)
{
    if (n->is_shared_storage)
        return;
    if (!n->has_registry)
        page_sentence(page, 6, "- ", "missing: the list of VMs%s%s (data.vmcx, registration folder "
                      "or --inventory)", of_host(n), n->name);
    if (!n->has_configs)
        page_sentence(page, 6, "- ", "missing: any readable VM configuration%s%s", of_host(n),
                      n->name);
    if (n->has_unreadable_config)
        page_sentence(page, 6, "- ", "not read whole: a configuration or list of VMs%s%s",
                      of_host(n), n->name);
}

static bool is_lost_before(const struct verdict *v, size_t disk)
{
    for (size_t i = 0; i < disk; i++)
        if (v->disks[i].lost_above && strcmp(v->disks[i].lost_above, v->disks[disk].lost_above) == 0)
            return true;
    return false;
}

/* What VMs need and the evidence does not have, each once. */
static void put_lost_layers(struct page *page)
{
    const struct verdict *v = &page->report->verdict;
    size_t named = 0;

    for (size_t i = 0; i < v->disk_count && named < MISSING_NAMED; i++)
        if (v->disks[i].lost_above && !is_lost_before(v, i)) {
            page_sentence(page, 6, "- ", "missing: what a VM's chain needs at or below %s",
                          v->disks[i].lost_above);
            named++;
        }
}

/* What is missing, where a verdict suffers from it. */
static void put_missing(struct page *page)
{
    const struct host *host = &page->report->host;
    char id[GUID_TEXT_SIZE];

    for (size_t i = 0; i < host->nodes.count; i++)
        put_missing_of_node(page, &host->nodes.items[i]);
    for (size_t i = 0; i < host->missing_configs.count && i < MISSING_NAMED; i++)
        page_sentence(page, 6, "- ", "missing: the configuration of listed VM %s",
                      guid_format(&host->missing_configs.items[i].id, id));
    if (host->missing_configs.count > MISSING_NAMED)
        page_sentence(page, 6, "- ", "missing: %zu more configurations of listed VMs",
                      host->missing_configs.count - MISSING_NAMED);
    put_lost_layers(page);
}

static void put_absent_witness(struct page *page)
{
    int status;
    CLEANUP_FREE char *text = report_absent_witness(page->report, &status);

    if (status < 0)
        output_fail(page->out, status);
    else if (text)
        page_paragraph(page, 4, "Second witness: ", text);
}

static void put_doubts(struct page *page, size_t doubtful)
{
    const struct report *r = page->report;
    size_t unknown = count_overlay(&r->verdict, OVERLAY_CLUSTER_UNKNOWN);
    size_t errors = count_errors(&r->host);

    if (doubtful > 0) {
        page_sentence(page, 4, "Low confidence: ", "for %zu disk%s the evidence is incomplete; an "
                      "orphan is only a candidate, and nothing is safe to delete.", doubtful,
                      plural(doubtful));
        put_missing(page);
    }
    if (unknown > 0)
        page_sentence(page, 4, "Cluster: ", "%zu disk%s on shared storage, and no other node was "
                      "given; one of them may use what looks unused (--host NAME=DIR).", unknown,
                      plural(unknown));
    put_absent_witness(page);
    if (errors > 0)
        page_sentence(page, 4, "Not read: ", "%zu file%s or folder%s of the evidence, listed at the "
                      "end.", errors, plural(errors), plural(errors));
}

static void put_looked_at(struct page *page)
{
    const struct report *r = page->report;
    const struct verdict_summary *s = &r->verdict.summary;
    uint64_t seen = 0, read = 0, bytes = 0, shadows = 0;
    char text[BYTES_TEXT_SIZE];

    for (size_t i = 0; i < r->host.evidence.count; i++) {
        shadows += r->host.evidence.items[i].shadows;
        seen += r->host.evidence.items[i].files_seen;
        read += r->host.evidence.items[i].files_read;
        bytes += r->host.evidence.items[i].bytes_read;
    }
    page_sentence(page, 4, "Looked at: ", "%zu disk%s, %zu VM%s, %zu checkpoint%s; %" PRIu64
                  " file%s seen, %" PRIu64 " read (%s).", s->disks, plural(s->disks), s->machines,
                  plural(s->machines), s->checkpoints, plural(s->checkpoints), seen, plural(seen),
                  read, bytes_format(bytes, text));
    if (shadows > 0 && !r->shadow_copies)
        page_sentence(page, 4, "Not looked at: ", "%" PRIu64 " shadow cop%s, earlier states of the "
                      "volumes (--shadow-copies).", shadows, shadows == 1 ? "y" : "ies");
}

void text_overview(struct page *page, const size_t *finding_order)
{
    size_t doubtful = count_overlay(&page->report->verdict, OVERLAY_LOW_CONFIDENCE);

    put_worst(page, doubtful == 0 && count_errors(&page->report->host) == 0);
    put_counts(page);
    put_first_step(page, finding_order);
    put_doubts(page, doubtful);
    put_looked_at(page);
}
