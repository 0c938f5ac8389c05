/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * One self-contained page: nothing is fetched, and its own policy forbids it. It can be read
 * without the script, which only sorts and filters, and it can be printed.
 */
#include "report/html.h"

#include "base/cleanup.h"
#include "report/finding_words.h"
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
    output_printf(out, "<li><b>%" PRIu64 "</b> %s%s</li>", count, what, plural(count));
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
    put_count(out, "virtual machine", s->machines);
    put_count(out, "checkpoint", s->checkpoints);
    put_count(out, "virtual disk", s->disks);
    put_count(out, "orphaned checkpoint disk", s->orphans);
    output_printf(out, "<li><b>%s</b> in orphans</li>", bytes_format(s->orphan_bytes, bytes));
    for (int v = SEVERITY_DATA_LOSS_RISK; v > SEVERITY_INFO; v--)
        output_printf(out, "<li%s><b>%zu</b> finding%s: %s</li>",
                      s->by_severity[v] > 0 ? severity_classes[v] : "", s->by_severity[v],
                      plural(s->by_severity[v]), severity_name((enum severity)v));
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
    html_strings(out, WORDS_SEEN, &f->evidence, "span");
    put_paragraph(out, WORDS_MATTERS, f->explanation);
    html_strings(out, WORDS_SETTLE, &f->blocked_by, "span");
    put_paragraph(out, WORDS_NEXT, f->next_step);
    html_strings(out, WORDS_COMMANDS, &f->commands, "code");
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

static void put_diagnosis(struct output *out, const struct report *r, const struct diagnosis *d)
{
    char id[GUID_TEXT_SIZE];
    const char *vm = d->machine == HOST_NONE
                         ? d->vm_name
                         : text_machine_name(&r->host.machines.items[d->machine], id);

    output_text(out, "<details class=\"finding\"><summary><b>");
    html_text(out, d->rule);
    output_printf(out, "</b> (%s) ", diagnosis_verdict_name(d->verdict));
    if (vm) {
        output_text(out, "VM ");
        html_text(out, vm);
        output_text(out, ": ");
    }
    html_text(out, d->summary);
    output_text(out, "</summary>\n");
    html_strings(out, WORDS_SEEN, &d->evidence, "span");
    html_strings(out, WORDS_AGAINST, &d->contradictions, "span");
    html_strings(out, WORDS_MISSING, &d->missing, "span");
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
        put_diagnosis(out, r, &r->diagnoses.items[i]);
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

static void put_scan(struct output *out, const struct report *r)
{
    put_summary(out, r);
    put_doubts(out, r);
    put_errors(out, &r->host);
    html_changes(out, r);
    html_shadows(out, r);
    put_findings(out, r);
    put_diagnoses(out, r);
    html_machines(out, r);
    html_disks(out, r);
    html_timeline(out, r);
}

static void put_plans(struct output *out, const struct report *r)
{
    html_plans(out, r);
    put_errors(out, &r->host);
}

/* The reports of other commands have no page for browsers. */
void report_print_html(struct output *out, const struct report *r, const struct report_style *style)
{
    put_head(out);
    if (r->view == REPORT_PLAN)
        put_plans(out, r);
    else
        put_scan(out, r);
    put_run(out, r);
}
