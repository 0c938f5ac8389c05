/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * One self-contained page: nothing is fetched, and its own policy forbids it. It can be read
 * without the script, which only sorts and filters, and it can be printed.
 */
#include "report/html.h"

#include "base/cleanup.h"
#include "report/members.h"
#include "report/page.h"
#include "report/printers.h"
#include "report/text_sections.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static void put_head(struct output *out)
{
    output_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"");
    output_text(out, html_policy);
    output_text(out, "\">\n<meta name=\"viewport\" content=\"width=device-width\">\n"
                     "<meta name=\"color-scheme\" content=\"light dark\">\n"
                     "<title>hvchain report</title>\n<style>");
    output_text(out, html_style);
    output_text(out, "</style>\n</head>\n<body>\n");
}

static void put_count(struct output *out, const char *what, uint64_t count)
{
    output_printf(out, "<li><b>%" PRIu64 "</b> %s</li>", count, what);
}

static void put_summary(struct output *out, const struct report *r)
{
    const struct verdict_summary *s = &r->verdict.summary;
    static const char *const severity_classes[] = {
        [SEVERITY_WARNING] = " class=\"s2\"",
        [SEVERITY_PROBLEM] = " class=\"s3\"",
        [SEVERITY_DATA_LOSS_RISK] = " class=\"s4\"",
    };
    char bytes[BYTES_TEXT_SIZE];

    output_printf(out, "<h1>hvchain report</h1>\n<p class=\"verdict s%d\">Verdict: %s</p>\n<ul "
                       "class=\"counts\">",
                  (int)s->worst, severity_name(s->worst));
    put_count(out, "virtual machines", s->machines);
    put_count(out, "checkpoints", s->checkpoints);
    put_count(out, "virtual disks", s->disks);
    put_count(out, "orphaned checkpoint disks", s->orphans);
    output_printf(out, "<li><b>%s</b> in orphans</li>", bytes_format(s->orphan_bytes, bytes));
    for (int v = SEVERITY_DATA_LOSS_RISK; v > SEVERITY_INFO; v--)
        output_printf(out, "<li%s><b>%zu</b> findings: %s</li>",
                      s->by_severity[v] > 0 ? severity_classes[v] : "", s->by_severity[v],
                      severity_name((enum severity)v));
    output_text(out, "</ul>\n");
}

static size_t count_overlay(const struct report *r, enum disk_overlay overlay)
{
    size_t count = 0;

    for (size_t i = 0; i < r->verdict.disk_count; i++)
        count += (r->verdict.disks[i].overlays & 1u << overlay) != 0;
    return count;
}

/* What makes a verdict less than sure stands before all findings. */
static void put_doubts(struct output *out, const struct report *r)
{
    size_t low = count_overlay(r, OVERLAY_LOW_CONFIDENCE);
    size_t unknown = count_overlay(r, OVERLAY_CLUSTER_UNKNOWN);

    if (low > 0)
        output_printf(out, "<p class=\"s2\">Low confidence: for %zu disk%s the evidence is "
                           "incomplete; ",
                      low, plural(low));
    if (low > 0)
        output_text(out, "an orphan is only a candidate, and nothing is safe to delete.</p>\n");
    if (unknown > 0)
        output_printf(out, "<p class=\"s2\">Cluster: %zu disk%s on shared storage may be in use by "
                           "a node that was not given.</p>\n",
                      unknown, plural(unknown));
}

static void put_errors(struct output *out, const struct host *host)
{
    bool said = false;

    for (size_t i = 0; i < host->evidence.count; i++)
        for (size_t n = 0; n < host->evidence.items[i].errors.count; n++) {
            output_text(out, said ? "<li>" : "<h2>Not read</h2>\n<ul>\n<li>");
            html_text(out, host->evidence.items[i].errors.items[n]);
            output_text(out, "</li>\n");
            said = true;
        }
    if (said)
        output_text(out, "</ul>\n");
}

static void put_paragraph(struct output *out, const char *label, const char *text)
{
    if (!text)
        return;
    output_printf(out, "<p>%s", label);
    html_text(out, text);
    output_text(out, "</p>\n");
}

static void put_finding(struct output *out, const struct report *r, const struct finding *f)
{
    char id[GUID_TEXT_SIZE];

    output_printf(out, "<details class=\"finding\"><summary><span class=\"s%d\">%s</span> "
                       "<b>%s</b> ",
                  (int)f->severity, severity_name(f->severity), f->code);
    html_text(out, f->summary);
    output_text(out, "</summary>\n<p><code>");
    html_text(out, f->subject);
    output_printf(out, "</code> (%s)</p>\n", confidence_name(f->confidence));
    if (f->machine != HOST_NONE)
        put_paragraph(out, "VM ", text_machine_name(&r->host.machines.items[f->machine], id));
    html_strings(out, "Seen:", &f->evidence, "span");
    put_paragraph(out, "Why it matters: ", f->explanation);
    html_strings(out, "First settle:", &f->blocked_by, "span");
    put_paragraph(out, "Next step: ", f->next_step);
    html_strings(out, "Commands, to be read before they are run:", &f->commands, "code");
    output_text(out, "</details>\n");
}

static void put_findings(struct output *out, const struct report *r)
{
    const struct verdict *v = &r->verdict;

    if (v->findings.count == 0)
        return;
    output_text(out, "<h2 id=\"findings\">Findings</h2>\n<div class=\"findings\">\n");
    for (int severity = SEVERITY_DATA_LOSS_RISK; severity >= SEVERITY_OK; severity--)
        for (size_t i = 0; i < v->findings.count; i++)
            if (v->findings.items[i].severity == (enum severity)severity)
                put_finding(out, r, &v->findings.items[i]);
    output_text(out, "</div>\n");
}

static void put_diagnosis(struct output *out, const struct diagnosis *d)
{
    output_text(out, "<details class=\"finding\"><summary><b>");
    html_text(out, d->rule);
    output_printf(out, "</b> (%s) ", diagnosis_verdict_name(d->verdict));
    html_text(out, d->summary);
    output_text(out, "</summary>\n");
    html_strings(out, "Seen:", &d->evidence, "span");
    html_strings(out, "Against it:", &d->contradictions, "span");
    html_strings(out, "What would settle it:", &d->missing, "span");
    for (size_t i = 0; i < d->remedy_count; i++) {
        output_printf(out, "<p>Remedy (risk: %s): ", remedy_risk_name(d->remedies[i].risk));
        html_text(out, d->remedies[i].text);
        output_text(out, "</p>\n");
    }
    output_text(out, "</details>\n");
}

static void put_diagnoses(struct output *out, const struct report *r)
{
    if (r->diagnoses.count == 0)
        return;
    output_text(out, "<h2 id=\"diagnoses\">Diagnoses</h2>\n");
    for (size_t i = 0; i < r->diagnoses.count; i++)
        put_diagnosis(out, &r->diagnoses.items[i]);
}

/* Drives that lead to no disk on the evidence. */
static void put_absent_drives(struct output *out, const char *owner,
                              const struct host_drive *drives, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (drives[i].disk != HOST_NONE)
            continue;
        output_printf(out, "<p class=\"s2\">? %s, %s: <code>", owner,
                      drives[i].match == MATCH_AMBIGUOUS ? "several files fit equally"
                      : drives[i].folder_is_known        ? "not there, though its folder is"
                                                         : "not on this evidence");
        html_text(out, drives[i].recorded_path);
        output_text(out, "</code></p>\n");
    }
}

static void put_machine(struct output *out, const struct report *r, const struct place *place,
                        const size_t *disks, size_t count)
{
    const struct host_machine *m = &r->host.machines.items[place->machine];
    char id[GUID_TEXT_SIZE];

    output_printf(out, "<h3 class=\"s%d\">VM ", (int)place->worst);
    html_text(out, text_machine_name(m, id));
    output_printf(out, "</h3>\n<p>%s; %zu checkpoint%s%s</p>\n",
                  m->registered == HOST_YES  ? "registered"
                  : m->registered == HOST_NO ? "not registered on its host"
                                             : "not known whether registered",
                  m->checkpoints.count, plural(m->checkpoints.count),
                  m->saved_state ? "; saved state" : "");
    html_tree(out, r, disks, count);
    put_absent_drives(out, "disk of the VM", m->drives.items, m->drives.count);
    for (size_t i = 0; i < m->checkpoints.count; i++)
        put_absent_drives(out, "disk of a checkpoint", m->checkpoints.items[i].drives.items,
                          m->checkpoints.items[i].drives.count);
}

static void put_machines(struct output *out, const struct report *r)
{
    CLEANUP_FREE size_t *disks = calloc(r->verdict.disk_count + 1, sizeof(*disks));
    membership_list list = {0};
    bool ok = disks && members_collect(&list, &r->verdict);
    CLEANUP_FREE struct place *places = ok ? members_order(r, &list) : NULL;

    if (!places)
        output_fail(out, -ENOMEM);
    output_text(out, "<h2 id=\"machines\">Machines and their chains</h2>\n");
    html_legend(out);
    for (size_t i = 0; places && i < r->host.machines.count; i++) {
        size_t at = places[i].first;
        size_t count = members_take(&list, &at, places[i].machine, disks);
        put_machine(out, r, &places[i], disks, count);
    }
    size_t at = 0, count = places ? members_take(&list, &at, HOST_NONE, disks) : 0;
    if (count > 0) {
        output_text(out, "<h3>Disks of no VM</h3>\n");
        html_tree(out, r, disks, count);
    }
    vector_free(&list);
}

static void put_overlays_cell(struct output *out, unsigned overlays)
{
    output_text(out, "<td>");
    for (enum disk_overlay o = 0; o < OVERLAY_COUNT; o++)
        if (overlays & 1u << o)
            output_printf(out, "%s<br>", overlay_name(o));
    output_text(out, "</td>");
}

static void put_disk_row(struct output *out, const struct report *r, size_t index)
{
    const struct host_disk *d = &r->host.disks.items[index];
    const struct disk_verdict *v = &r->verdict.disks[index];
    const struct disk_facts *f = d->facts;
    char id[GUID_TEXT_SIZE];

    output_text(out, "<tr>");
    html_severity_cell(out, v->severity, class_name(v->class));
    put_overlays_cell(out, v->overlays);
    html_cell(out, v->machine == HOST_NONE
                       ? NULL
                       : text_machine_name(&r->host.machines.items[v->machine], id));
    html_path_cell(out, d->path);
    html_bytes_cell(out, d->file_size);
    if (f && f->has_counts)
        html_bytes_cell(out, f->allocated_bytes);
    else
        html_cell(out, NULL);
    html_cell(out, f ? disk_kind_name(f->kind) : NULL);
    html_time_cell(out, d->modified);
    html_path_cell(out, v->parent == HOST_NONE ? NULL : r->host.disks.items[v->parent].path);
    output_text(out, "</tr>\n");
}

static void put_disks(struct output *out, const struct report *r)
{
    static const char *const heads[] = {"Class", "Circumstances", "VM", "File", "Size",
                                        "Allocated", "Kind", "Written (UTC)", "Parent", NULL};

    output_text(out, "<h2 id=\"disks\">Disks</h2>\n");
    html_open_table(out, heads);
    for (size_t i = 0; i < r->host.disks.count; i++)
        put_disk_row(out, r, i);
    html_close_table(out);
}

static void put_run(struct output *out, const struct report *r)
{
    output_text(out, "<footer>hvchain " HVCHAIN_VERSION ", ");
    html_text(out, r->started ? r->started : "?");
    output_text(out, " to ");
    html_text(out, r->finished ? r->finished : "?");
    output_text(out, ". Evidence was only read:");
    for (size_t i = 0; i < r->host.evidence.count; i++) {
        output_text(out, " <code>");
        html_text(out, r->host.evidence.items[i].path);
        output_text(out, "</code>");
    }
    output_text(out, "</footer>\n<script>");
    output_text(out, html_script);
    output_text(out, "</script>\n</body>\n</html>\n");
}

void report_print_html(struct output *out, const struct report *r, const struct report_style *style)
{
    put_head(out);
    put_summary(out, r);
    put_doubts(out, r);
    put_errors(out, &r->host);
    html_changes(out, r);
    html_shadows(out, r);
    put_findings(out, r);
    put_diagnoses(out, r);
    put_machines(out, r);
    put_disks(out, r);
    html_timeline(out, r);
    put_run(out, r);
}
