/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Symbolic links, junctions and mount points: kept, since recorded paths may go through them, and
 * never followed by the walk. A link that leads to where no evidence is must not be passed over in
 * silence: what lies behind it was not looked at.
 */
#include "host/gather.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "host/index.h"
#include "os/os_file.h"
#include "volume/volume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINKS_MAX   10000 /* of one evidence; Windows itself makes some hundred */
#define LEADING_OUT 50    /* that are named one by one */

/* Absolute, without "." and "..": read as text, since following a link would change its time. */
static char *leads_to(const char *path, const char *target)
{
    struct strbuf out = {0};

    if (*target != '/')
        strbuf_append_bytes(&out, path, (size_t)(strrchr(path, '/') - path));
    while (*target && !out.failed) {
        size_t length = strcspn(target, "/");
        if (length == 2 && strncmp(target, "..", 2) == 0) {
            while (out.length > 0 && out.text[out.length - 1] != '/')
                out.length--;
            out.length -= out.length > 0;
        } else if (length > 0 && !(length == 1 && *target == '.')) {
            strbuf_append_char(&out, '/');
            strbuf_append_bytes(&out, target, length);
        }
        target += length + (target[length] == '/');
    }
    if (out.length == 0)
        strbuf_append_char(&out, '/');
    else if (!out.failed)
        out.text[out.length] = '\0';
    return strbuf_steal(&out);
}

static bool is_in_evidence(const struct host *host, const char *path)
{
    for (size_t i = 0; i < host->evidence.count; i++) {
        const char *root = host->evidence.items[i].path;
        size_t length = strlen(root);
        if (length > 0 && root[length - 1] == '/')
            length--;
        if (strncmp(path, root, length) == 0 && (path[length] == '/' || path[length] == '\0'))
            return true;
    }
    return false;
}

/* What a driver for Windows' file systems shows where it can't follow. */
static bool is_windows_target(const char *target)
{
    return target[0] == '\\' || (target[0] && target[1] == ':') || strstr(target, "/.NTFS-3G/") ||
           strncmp(target, "unsupported reparse", 19) == 0;
}

/* A folder or a file that would have been read, had it been here. */
static bool is_missed(const struct host *host, const struct host_link *link,
                      const struct volume_entry *entry)
{
    enum host_sibling sibling;

    if (is_windows_target(link->target))
        return true;
    if (is_in_evidence(host, link->leads_to))
        return false;
    enum interest interest = interest_of(entry->path, entry->name, &sibling);
    return os_is_folder(link->leads_to) ||
           (interest != INTEREST_NONE && interest != INTEREST_IGNORED);
}

/* Counts the link when it leads out, and says so of the first ones. */
static int judge_link(struct host *host, struct host_link *link, const struct volume_entry *entry)
{
    struct host_evidence *evidence = &host->evidence.items[link->evidence];

    if (!link->target) {
        evidence->links_unread++;
        return 0;
    }
    link->leads_to = leads_to(link->path, link->target);
    if (!link->leads_to)
        return -ENOMEM;
    if (!is_missed(host, link, entry) || ++evidence->links_out > LEADING_OUT)
        return 0;
    return host_complain(
        evidence,
        string_printf("%s: not followed, it is a link to %s: name that as evidence, too",
                      link->path, is_windows_target(link->target) ? link->target : link->leads_to));
}

int link_add(struct host *host, size_t index, const struct volume_entry *entry)
{
    struct host_evidence *evidence = &host->evidence.items[index];

    if (++evidence->links > LINKS_MAX)
        return 0;
    struct host_link *link = vector_push(&host->links);
    CLEANUP_FREE char *printed =
        link ? string_printf("%s%s", evidence->volume->display_root, entry->path) : NULL;
    if (!printed)
        return -ENOMEM;
    link->evidence = index;
    link->path = text_valid(printed);
    link->key = link->path ? text_fold(link->path) : NULL;
    link->target = entry->link_target ? text_valid(entry->link_target) : NULL;
    if (!link->key || (entry->link_target && !link->target))
        return -ENOMEM;
    return evidence->kind == EVIDENCE_DIRECTORY ? judge_link(host, link, entry) : 0;
}

static int compare_links(const void *a, const void *b)
{
    const struct host_link *x = a, *y = b;
    int c = strcmp(x->key, y->key);

    return c ? c : strcmp(x->path, y->path);
}

/* What is said of all links of an evidence together. */
static int summarize(struct host_evidence *evidence)
{
    const struct {
        size_t count;
        const char *what;
    } lines[] = {
        {evidence->links_out > LEADING_OUT ? evidence->links_out - LEADING_OUT : 0,
         "more links lead out of the evidence"},
        {evidence->links > LINKS_MAX ? evidence->links - LINKS_MAX : 0,
         "links are more than are looked at"},
        {evidence->links_unread,
         "links not followed; reading where they lead would change their access times: mount the "
         "evidence read-only to learn it"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        if (lines[i].count > 0 &&
            host_complain(evidence, string_printf("%s: %zu %s", evidence->path, lines[i].count,
                                                  lines[i].what)) < 0)
            return -ENOMEM;
    return 0;
}

int links_join(struct host *host)
{
    for (size_t i = 0; i < host->evidence.count; i++)
        if (summarize(&host->evidence.items[i]) < 0)
            return -ENOMEM;
    if (host->links.count > 0)
        qsort(host->links.items, host->links.count, sizeof(*host->links.items), compare_links);
    return 0;
}
