/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "compare/past.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A copy that lives as long as the whole; NULL for NULL, or (and *r is -ENOMEM) memory is short. */
static const char *keep(struct past *past, const char *text, int *r)
{
    char **slot = text && *r == 0 ? vector_push(&past->strings) : NULL;

    if (slot)
        *slot = strdup(text);
    if (text && (!slot || !*slot))
        *r = -ENOMEM;
    return slot ? *slot : NULL;
}

static const char *keep_machine(struct past *past, const struct host *host, size_t machine, int *r)
{
    char id[GUID_TEXT_SIZE];

    if (machine == HOST_NONE || !host->machines.items[machine].has_id)
        return NULL;
    return keep(past, guid_format(&host->machines.items[machine].id, id), r);
}

static int take_disk(struct past *past, const struct host *host, const struct verdict *verdict,
                     size_t index)
{
    const struct disk_verdict *v = &verdict->disks[index];
    struct earlier_disk *disk = vector_push(&past->earlier.disks);
    int r = 0;

    if (!disk)
        return -ENOMEM;
    *disk = (struct earlier_disk){
        .path = keep(past, host->disks.items[index].path, &r),
        .class = class_name(v->class),
        .parent = v->parent == HOST_NONE ? NULL : keep(past, host->disks.items[v->parent].path, &r),
        .vm = keep_machine(past, host, v->machine, &r),
        .is_layer = v->parent_state != PARENT_NONE,
    };
    return r;
}

/* As a report has it: of a machine's current disk, and whole. */
static int take_chain(struct past *past, const struct host *host, const struct chain *chain)
{
    int r = 0;

    if (chain->checkpoint != HOST_NONE || !chain->complete || chain->layers.count == 0)
        return 0;
    size_t base = chain->layers.items[chain->layers.count - 1];
    struct earlier_chain taken = {
        .vm = keep_machine(past, host, chain->machine, &r),
        .base = keep(past, host->disks.items[base].path, &r),
        .depth = chain->layers.count,
    };
    struct earlier_chain *slot = r == 0 && taken.vm ? vector_push(&past->earlier.chains) : NULL;
    if (slot)
        *slot = taken;
    return r == 0 && taken.vm && !slot ? -ENOMEM : r;
}

int past_take(struct past *past, filetime created, const struct host *host,
              const struct verdict *verdict)
{
    char when[WHEN_TEXT_SIZE];
    int r = 0;

    past->earlier.finished = keep(past, when_format(created, WHEN_FILETIME, when), &r);
    for (size_t i = 0; i < host->disks.count && r == 0; i++)
        r = take_disk(past, host, verdict, i);
    for (size_t i = 0; i < verdict->chains.count && r == 0; i++)
        r = take_chain(past, host, &verdict->chains.items[i]);
    return r;
}

void past_free(struct past *past)
{
    vector_free(&past->scope);
    earlier_free(&past->earlier);
    string_list_free(&past->strings);
    *past = (struct past){0};
}
