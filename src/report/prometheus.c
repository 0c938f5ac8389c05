/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Prometheus' text exposition format 0.0.4, for the textfile collector of a node. */
#include "report/printers.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void put_label(struct output *out, const char *text)
{
    CLEANUP_FREE char *printable = text_printable(text);

    if (!printable)
        output_fail(out, -ENOMEM);
    for (const char *p = printable; p && *p; p++) {
        if (*p == '"' || *p == '\\')
            output_char(out, '\\');
        output_char(out, *p);
    }
}

static void put_head(struct output *out, const char *name, const char *help)
{
    output_printf(out, "# HELP hvchain_%s ", name);
    output_text(out, help);
    output_printf(out, "\n# TYPE hvchain_%s gauge\n", name);
}

static void put_gauge(struct output *out, const char *name, const char *help, uint64_t value)
{
    put_head(out, name, help);
    output_printf(out, "hvchain_%s %" PRIu64 "\n", name, value);
}

static const char *node_of(const struct report *r, const struct host_machine *m)
{
    return m->node < r->host.nodes.count ? r->host.nodes.items[m->node].name : "";
}

/* Records of one machine on one host, such as its registration and a planned copy, are one. */
static bool is_same_machine(const struct report *r, size_t a, size_t b)
{
    if (a == b || a == HOST_NONE || b == HOST_NONE)
        return a == b;
    const struct host_machine *x = &r->host.machines.items[a], *y = &r->host.machines.items[b];
    return x->has_id == y->has_id && guid_equal(&x->id, &y->id) &&
           strcmp(x->name ? x->name : "", y->name ? y->name : "") == 0 &&
           strcmp(node_of(r, x), node_of(r, y)) == 0;
}

static bool is_first(const struct report *r, size_t machine)
{
    for (size_t i = 0; i < machine; i++)
        if (is_same_machine(r, i, machine))
            return false;
    return true;
}

typedef uint64_t index_value(const struct report *, size_t index); /* of a disk, or machine */

static bool is_orphan(const struct report *r, size_t disk)
{
    const struct host_disk *d = &r->host.disks.items[disk];

    return class_is_orphan(r->verdict.disks[disk].class) &&
           (d->is_avhd || (d->facts && d->facts->kind == DISK_DIFFERENCING));
}

static uint64_t orphan_count(const struct report *r, size_t disk)
{
    return is_orphan(r, disk);
}

static uint64_t orphan_bytes(const struct report *r, size_t disk)
{
    return is_orphan(r, disk) ? r->host.disks.items[disk].file_size : 0;
}

static uint64_t pending_merges(const struct report *r, size_t disk)
{
    return r->verdict.disks[disk].class == CLASS_PENDING_MERGE;
}

static uint64_t failed_merges(const struct report *r, size_t disk)
{
    return (r->verdict.disks[disk].overlays & 1u << OVERLAY_MERGE_FAILED) != 0;
}

static const struct {
    const char *name, *help;
    index_value *value;
} machine_sums[] = {
    {"orphan_disks", "Checkpoint disks that Hyper-V does not account for.", orphan_count},
    {"orphan_bytes", "Sizes of their files.", orphan_bytes},
    {"pending_merge_disks", "Layers whose checkpoint is gone and that were not merged.",
     pending_merges},
    {"failed_merge_disks", "Disks whose merge failed.", failed_merges},
};

static void put_machine_line(struct output *out, const struct report *r, const char *name,
                             size_t machine, uint64_t value)
{
    const struct host_machine *m =
        machine == HOST_NONE ? NULL : &r->host.machines.items[machine];
    char id[GUID_TEXT_SIZE];

    output_printf(out, "hvchain_%s{host=\"", name);
    put_label(out, m ? node_of(r, m) : "");
    output_text(out, "\",vm=\"");
    put_label(out, m && m->name ? m->name : "");
    output_printf(out, "\",vm_id=\"%s\"} %" PRIu64 "\n",
                  m && m->has_id ? guid_format(&m->id, id) : "", value);
}

static uint64_t sum_of(const struct report *r, size_t machine, index_value *value)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < r->verdict.disk_count; i++)
        if (is_same_machine(r, r->verdict.disks[i].machine, machine))
            sum += value(r, i);
    return sum;
}

static uint64_t deepest_chain(const struct report *r, size_t machine)
{
    uint64_t depth = 0;

    for (size_t i = 0; i < r->verdict.chains.count; i++)
        if (is_same_machine(r, r->verdict.chains.items[i].machine, machine))
            depth = max_u64(depth, r->verdict.chains.items[i].layers.count);
    return depth;
}

static uint64_t failed_episodes(const struct report *r, size_t machine)
{
    uint64_t count = 0;

    for (size_t i = 0; i < r->verdict.episodes.count; i++) {
        const struct episode *e = &r->verdict.episodes.items[i];
        count += e->end == EPISODE_FAILED && is_same_machine(r, e->machine, machine);
    }
    return count;
}

/* A value of each machine, and of what belongs to none. */
static void put_machine_values(struct output *out, const struct report *r, const char *name,
                               const char *help, index_value *value)
{
    put_head(out, name, help);
    for (size_t m = 0; m < r->host.machines.count; m++)
        if (is_first(r, m))
            put_machine_line(out, r, name, m, value(r, m));
    put_machine_line(out, r, name, HOST_NONE, value(r, HOST_NONE));
}

static void put_machine_sums(struct output *out, const struct report *r)
{
    size_t machines = r->host.machines.count;

    for (size_t s = 0; s < ARRAY_SIZE(machine_sums); s++) {
        put_head(out, machine_sums[s].name, machine_sums[s].help);
        for (size_t m = 0; m < machines; m++)
            if (is_first(r, m))
                put_machine_line(out, r, machine_sums[s].name, m,
                                 sum_of(r, m, machine_sums[s].value));
        put_machine_line(out, r, machine_sums[s].name, HOST_NONE,
                         sum_of(r, HOST_NONE, machine_sums[s].value));
    }
    put_machine_values(out, r, "chain_depth_max", "Layers of the deepest chain of disks.",
                       deepest_chain);
    put_machine_values(out, r, "failed_merges", "Merges that failed, as the event logs tell.",
                       failed_episodes);
}

static uint64_t count_errors(const struct report *r)
{
    uint64_t count = 0;

    for (size_t i = 0; i < r->host.evidence.count; i++)
        count += r->host.evidence.items[i].errors.count;
    return count;
}

/* Without it nobody sees that the figures are old. */
static void put_time(struct output *out, const struct report *r)
{
    bool local;
    filetime when = r->finished ? when_parse(r->finished, NULL, &local) : 0;

    if (when > 0)
        put_gauge(out, "scan_timestamp_seconds", "When the scan ended, in seconds of Unix.",
                  when / 10000000u - 11644473600u);
}

/* Only after a comparison: none is another thing than not known. */
static void put_changes(struct output *out, const struct report *r)
{
    size_t counts[CHANGE_KINDS] = {0};

    if (!r->compared)
        return;
    for (size_t i = 0; i < r->changes.count; i++)
        counts[r->changes.items[i].kind]++;
    put_head(out, "changes", "What changed since the earlier report, by kind.");
    for (enum change_kind k = 0; k < CHANGE_KINDS; k++)
        output_printf(out, "hvchain_changes{kind=\"%s\"} %zu\n", change_kind_name(k), counts[k]);
}

void report_print_prometheus(struct output *out, const struct report *r,
                             const struct report_style *style)
{
    const struct verdict_summary *s = &r->verdict.summary;

    put_time(out, r);
    put_gauge(out, "vms", "Virtual machines.", s->machines);
    put_gauge(out, "checkpoints", "Checkpoints.", s->checkpoints);
    put_gauge(out, "evidence_errors", "What could not be read of the evidence.", count_errors(r));
    put_gauge(out, "worst_severity", "0 ok, 1 info, 2 warning, 3 problem, 4 risk of losing data.",
              s->worst);
    put_head(out, "disks", "Virtual disks by class.");
    for (enum disk_class c = CLASS_CORRUPT; c < CLASS_COUNT; c++)
        if (c != CLASS_BACKUP_CHECKPOINT)
            output_printf(out, "hvchain_disks{class=\"%s\"} %zu\n", class_name(c), s->by_class[c]);
    put_head(out, "findings", "Findings by severity.");
    for (enum severity v = SEVERITY_OK; v <= SEVERITY_DATA_LOSS_RISK; v++)
        output_printf(out, "hvchain_findings{severity=\"%s\"} %zu\n", severity_name(v),
                      s->by_severity[v]);
    put_machine_sums(out, r);
    put_changes(out, r);
}
