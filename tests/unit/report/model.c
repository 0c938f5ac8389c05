/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "model.h"

#include "../keep_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct guid guid_of(const char *text)
{
    struct guid guid;

    assert_true(guid_parse_string(text, &guid));
    return guid;
}

static char *copy(const char *text)
{
    char *made = text ? strdup(text) : NULL;

    assert_true(!text || made);
    return made;
}

#define PUSH(vector)                                                                               \
    __extension__({                                                                                \
        __typeof__((vector)->items) pushed_ = vector_push(vector);                                 \
        assert_non_null(pushed_);                                                                  \
        pushed_;                                                                                   \
    })

void model_string(string_list *list, const char *text)
{
    *PUSH(list) = copy(text);
}

size_t model_node(struct report *r, const char *name)
{
    PUSH(&r->host.nodes)->name = copy(name);
    return r->host.nodes.count - 1;
}

size_t model_evidence(struct report *r, const char *path, enum host_evidence_kind kind, size_t node)
{
    struct host_evidence *e = PUSH(&r->host.evidence);

    e->path = copy(path);
    e->kind = kind;
    e->node = node;
    return r->host.evidence.count - 1;
}

size_t model_machine(struct report *r, const char *name, const char *id)
{
    struct host_machine *m = PUSH(&r->host.machines);

    m->name = copy(name);
    m->has_id = id != NULL;
    if (id)
        m->id = guid_of(id);
    m->registered = m->merge_pending = HOST_UNKNOWN;
    return r->host.machines.count - 1;
}

size_t model_checkpoint(struct report *r, size_t machine, const char *name, const char *id)
{
    struct host_machine *m = &r->host.machines.items[machine];
    struct host_checkpoint *c = PUSH(&m->checkpoints);

    c->name = copy(name);
    c->has_id = id != NULL;
    if (id)
        c->id = guid_of(id);
    return m->checkpoints.count - 1;
}

struct host_drive *model_drive(struct report *r, size_t machine, size_t checkpoint,
                               const char *recorded, size_t disk)
{
    struct host_machine *m = &r->host.machines.items[machine];
    struct host_drive *d = checkpoint == HOST_NONE
                               ? PUSH(&m->drives)
                               : PUSH(&m->checkpoints.items[checkpoint].drives);

    d->recorded_path = copy(recorded);
    d->disk = disk;
    d->match = disk == HOST_NONE ? MATCH_NOT_FOUND : MATCH_TAIL;
    return d;
}

/* The verdicts are an array of their own: it grows along with the disks. */
size_t model_disk(struct report *r, const char *path, uint64_t size, enum disk_class class)
{
    struct host_disk *d = PUSH(&r->host.disks);
    size_t index = r->verdict.disk_count++;

    d->path = copy(path);
    d->file_size = size;
    r->verdict.disks =
        realloc(r->verdict.disks, r->verdict.disk_count * sizeof(*r->verdict.disks));
    assert_non_null(r->verdict.disks);
    r->verdict.disks[index] = (struct disk_verdict){
        .class = class,
        .severity = class_severity(class),
        .machine = HOST_NONE,
        .parent = HOST_NONE,
    };
    return index;
}

struct disk_facts *model_facts(struct report *r, size_t disk, enum disk_kind kind)
{
    struct disk_facts *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    *f = (struct disk_facts){
        .format = DISK_VHDX, .kind = kind, .virtual_size = 40 * 1073741824ull,
        .block_size = 2097152, .logical_sector_size = 512, .physical_sector_size = 4096,
        .virtual_disk_id = guid_of("00000000-0000-0000-0000-0000000000d1"),
        .data_write_guid = guid_of("00000000-0000-0000-0000-0000000000d2"),
        .file_write_guid = guid_of("00000000-0000-0000-0000-0000000000d3"),
        .has_virtual_disk_id = true, .has_file_write_guid = true, .log = DISK_LOG_REPLAYED,
        .has_counts = true, .allocated_blocks = 7, .allocated_bytes = 14680064,
        .has_partial_blocks = true, .partial_blocks = 3,
    };
    f->creator = copy("Microsoft Windows 10.0.17763.0");
    r->host.disks.items[disk].facts = f;
    return f;
}

static struct disk_parent *differ(struct report *r, size_t child)
{
    struct disk_facts *f = r->host.disks.items[child].facts;

    if (!f)
        f = model_facts(r, child, DISK_DIFFERENCING);
    f->parent = calloc(1, sizeof(*f->parent));
    assert_non_null(f->parent);
    f->parent->has_linkage = true;
    f->parent->linkage = guid_of("00000000-0000-0000-0000-0000000000d2");
    return f->parent;
}

void model_parent(struct report *r, size_t child, size_t parent)
{
    struct disk_parent *p = differ(r, child);
    struct disk_verdict *v = &r->verdict.disks[child];

    p->relative_path = copy(".\\parent.vhdx");
    v->parent = parent;
    v->parent_state = PARENT_MATCHED;
    v->parent_key = PARENT_BY_RELATIVE_PATH;
    *PUSH(&r->verdict.disks[parent].children) = child;
}

void model_lost_parent(struct report *r, size_t child, const char *recorded)
{
    differ(r, child)->absolute_path = copy(recorded);
    r->verdict.disks[child].parent_state = PARENT_MISSING;
}

struct chain *model_chain(struct report *r, size_t machine, size_t leaf)
{
    struct chain *c = PUSH(&r->verdict.chains);

    *c = (struct chain){.leaf = leaf, .machine = machine, .checkpoint = HOST_NONE};
    for (size_t at = leaf; at != HOST_NONE && c->layers.count < 300;
         at = r->verdict.disks[at].parent)
        *PUSH(&c->layers) = at;
    c->complete = true;
    return c;
}

struct finding *model_finding(struct report *r, const char *code, enum severity severity,
                              size_t disk, size_t machine, const char *subject)
{
    struct finding *f = PUSH(&r->verdict.findings);

    *f = (struct finding){.code = code, .severity = severity, .disk = disk, .machine = machine};
    f->subject = copy(subject);
    f->summary = copy("Something was found");
    return f;
}

void model_finish(struct report *r)
{
    struct verdict_summary *s = &r->verdict.summary;

    if (!r->started)
        r->started = copy("2026-01-02T03:04:05.678Z");
    if (!r->finished)
        r->finished = copy("2026-01-02T03:04:06.000Z");
    s->machines = r->host.machines.count;
    s->disks = r->host.disks.count;
    for (size_t i = 0; i < r->host.machines.count; i++)
        s->checkpoints += r->host.machines.items[i].checkpoints.count;
    for (size_t i = 0; i < r->verdict.disk_count; i++) {
        const struct disk_verdict *v = &r->verdict.disks[i];
        s->by_class[v->class]++;
        if (class_is_orphan(v->class)) {
            s->orphans++;
            s->orphan_bytes += r->host.disks.items[i].file_size;
        }
        if (v->severity > s->worst)
            s->worst = v->severity;
    }
    for (size_t i = 0; i < r->verdict.findings.count; i++) {
        s->by_severity[r->verdict.findings.items[i].severity]++;
        if (r->verdict.findings.items[i].severity > s->worst)
            s->worst = r->verdict.findings.items[i].severity;
    }
}

#define WEB01 "11111111-0000-0000-0000-000000000001"

/*
 * A node "n1" with the VM web01 (base, a layer that no checkpoint owns, a checkpoint's layer, the
 * disk in use, an orphan beside it), a machine known from a list only, a disk that can't be read,
 * a differencing VHD without its parent, and a disk of nobody.
 */
void model_full(struct report *r)
{
    *r = (struct report){0};
    host_init(&r->host);
    model_node(r, "n1");
    size_t ev = model_evidence(r, "/ev/n1", EVIDENCE_DIRECTORY, 0);
    r->host.evidence.items[ev].files_seen = 120;
    r->host.evidence.items[ev].files_read = 9;
    r->host.evidence.items[ev].bytes_read = 5000000000;
    model_string(&r->host.evidence.items[ev].errors, "/ev/n1/locked.vhdx: Permission denied");
    model_evidence(r, "/ev/inventory.json", EVIDENCE_INVENTORY, 0);
    model_string(&r->arguments, "scan");
    model_string(&r->arguments, "--host");
    model_string(&r->arguments, "n1=/ev/n1");

    size_t web = model_machine(r, "web01", WEB01);
    size_t nameless = model_machine(r, NULL, NULL);
    size_t base = model_disk(r, "/ev/n1/VMs/web01/web01.vhdx", 4294967296, CLASS_BASE);
    size_t kept = model_disk(r, "/ev/n1/VMs/web01/web01_1.avhdx", 4194304, CLASS_CHECKPOINT_LAYER);
    size_t gone = model_disk(r, "/ev/n1/VMs/web01/web01_2.avhdx", 6291456, CLASS_PENDING_MERGE);
    size_t used = model_disk(r, "/ev/n1/VMs/web01/web01_3.avhdx", 2147483649, CLASS_ACTIVE);
    size_t orphan =
        model_disk(r, "/ev/n1/VMs/web01/web01_4.avhdx", 1048576, CLASS_ORPHAN_SIDE_BRANCH);
    size_t broken = model_disk(r, "/ev/n1/old/broken.vhdx", 10, CLASS_CORRUPT);
    size_t lost = model_disk(r, "/ev/n1/old/lost.avhd", 2048, CLASS_ORPHAN_NO_PARENT);
    size_t plain = model_disk(r, "/ev/n1/spare.vhdx", 1073741824, CLASS_UNATTACHED_DISK);

    model_facts(r, base, DISK_DYNAMIC);
    model_parent(r, kept, base);
    model_parent(r, gone, kept);
    model_parent(r, used, gone);
    model_parent(r, orphan, kept);
    model_lost_parent(r, lost, "C:\\VMs\\lost.vhd");
    model_facts(r, plain, DISK_FIXED)->has_counts = false;
    for (size_t i = base; i <= orphan; i++)
        r->verdict.disks[i].machine = web;
    r->verdict.disks[lost].overlays = 1u << OVERLAY_LOW_CONFIDENCE | 1u << OVERLAY_DIRTY_LOG;
    r->host.disks.items[base].witness_asked = r->host.disks.items[kept].witness_asked = true;
    r->host.disks.items[kept].witness = WITNESS_UNAVAILABLE;
    notes_add(&r->host.disks.items[kept].notes, SEVERITY_INFO, WITNESS_UNAVAILABLE_RULE,
              NOTE_NO_OFFSET, "libvhdi could not be asked: it was late");
    r->host.disks.items[used].modified = 133500000001234567;
    r->host.disks.items[broken].error = copy("neither header is valid");
    notes_add(&r->host.disks.items[broken].notes, SEVERITY_PROBLEM, "VHDX-H2", 65536, "bad");
    notes_add(&r->host.disks.items[broken].notes, SEVERITY_PROBLEM, "VHDX-H2", 131072, "bad");
    notes_add(&r->host.disks.items[broken].notes, SEVERITY_INFO, "VHDX-X1", 0, "fine");
    notes_add(&r->host.disks.items[broken].notes, SEVERITY_WARNING, "VHDX-A9", 0, "odd");

    struct host_machine *m = &r->host.machines.items[web];
    m->config = copy("/ev/n1/VMs/web01/web01.vmcx");
    m->version_major = 9;
    m->generation = 2;
    m->registered = HOST_YES;
    m->merge_pending = HOST_NO;
    size_t checkpoint =
        model_checkpoint(r, web, "before update", "22222222-0000-0000-0000-000000000002");
    m->checkpoints.items[checkpoint].config = copy("/ev/n1/VMs/web01/Snapshots/2.vmcx");
    m->checkpoints.items[checkpoint].kind = CHECKPOINT_STANDARD;
    m->checkpoints.items[checkpoint].created = 133400000000000000;
    model_drive(r, web, HOST_NONE, "C:\\VMs\\web01\\web01_3.avhdx", used)->location = 1;
    model_drive(r, web, HOST_NONE, "D:\\elsewhere\\data.vhdx", HOST_NONE)->controller = -1;
    model_drive(r, web, checkpoint, "C:\\VMs\\web01\\web01_1.avhdx", kept);
    r->host.machines.items[nameless].from_inventory = true;

    model_chain(r, web, kept)->checkpoint = checkpoint;
    model_chain(r, web, used)->untracked_layers = 1;
    model_chain(r, web, orphan);
    model_chain(r, HOST_NONE, lost)->complete = false;

    struct finding *f = model_finding(r, "orphan-no-parent", SEVERITY_PROBLEM, lost, HOST_NONE,
                                      "/ev/n1/old/lost.avhd");
    f->confidence = CONFIDENCE_LIKELY;
    f = model_finding(r, "corrupt", SEVERITY_DATA_LOSS_RISK, broken, HOST_NONE,
                      "/ev/n1/old/broken.vhdx");
    f->confidence = CONFIDENCE_CONFIRMED;
    f->explanation = "A disk that can't be read can't be merged.";
    f->next_step = "Copy the file before anything else touches it, then look for a backup of it.";
    model_string(&f->evidence, "neither header is valid (VHDX-H2, offset 65536)");
    model_string(&f->commands, "Get-VHD -Path 'C:\\VMs\\old\\broken.vhdx'");
    model_string(&f->blocked_by, "the copy");
    f = model_finding(r, "pending-merge", SEVERITY_PROBLEM, gone, web,
                      "/ev/n1/VMs/web01/web01_2.avhdx");
    f->next_step = "Watch whether Hyper-V merges by itself.";
    model_finding(r, "registered-without-disk", SEVERITY_WARNING, HOST_NONE, web, WEB01);
    model_finish(r);
}

int model_sink(void *strbuf, const void *bytes, size_t length)
{
    strbuf_append_bytes(strbuf, bytes, length);
    return 0;
}

char *model_print(const struct report *r, const char *format, unsigned width, bool colour,
                  bool unicode)
{
    struct report_style style = {width, colour, unicode};
    struct strbuf text = {0};

    assert_int_equal(report_print(r, format, &style, model_sink, &text), 0);
    char *printed = strbuf_steal(&text);
    if (!printed)
        abort();
    if (strcmp(format, "json") == 0)
        keep_report(printed);
    return printed;
}
