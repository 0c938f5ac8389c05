/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Paths that lead into an image: which part of one is not there. */
#include "host/gather.h"

#include "base/strbuf.h"
#include "host/index.h"
#include "volume/volume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct search {
    const struct image_path *path;
    size_t deepest; /* how many of its elements are there */
};

static int visit(void *user, const struct volume_entry *entry)
{
    struct search *search = user;
    size_t common = image_path_common(search->path, entry->path);

    if (common > search->deepest)
        search->deepest = common;
    return 0;
}

static void ignore(void *user, const char *path, const char *reason)
{
}

int host_judge_within(struct host *host, size_t index)
{
    struct host_evidence *evidence = &host->evidence.items[index];
    struct search search = {.path = &evidence->within};
    const char *next = evidence->within.inner;

    if (!evidence->within.image || !evidence->volume)
        return 0;
    int r = volume_walk(evidence->volume, visit, ignore, &search);
    if (r < 0 || search.deepest == image_path_depth(search.path))
        return r == -ENOMEM ? r : 0;
    for (size_t i = 0; i < search.deepest; i++)
        next += strcspn(next, "/") + 1;
    /* What is there of it, with the separator in front. */
    int length = next > evidence->within.inner ? (int)(next - evidence->within.inner) : 0;
    evidence->unreadable = !evidence->whole;
    return host_complain(evidence,
                         string_printf("%s/%.*s: there is no '%.*s' in it", evidence->root,
                                       length > 0 ? length - 1 : 0, evidence->within.inner,
                                       (int)strcspn(next, "/"), next));
}
