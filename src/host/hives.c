/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Registry hives and security templates: read, then joined with the model. */
#include "host/gather.h"

#include "base/strbuf.h"
#include "event/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *why_not(int error)
{
    switch (error) {
    case -ENOENT:
        return "the program that reads hives is not installed";
    case -EBADMSG:
        return "it is damaged";
    case -ETIMEDOUT:
        return "it took too long";
    case -EPIPE:
        return "the program that reads hives died";
    case -EPROTO:
        return "the program that reads hives broke its protocol";
    default:
        return strerror(-error);
    }
}

bool hive_file_read(struct found_file *file, io_source *source, struct workers *workers)
{
    bool is_hive = hive_probe(source);
    int r = is_hive ? hive_read(workers, source, &file->hive, &file->notes)
                    : policy_read(source, &file->hive, &file->notes);

    file->is_hive = true;
    if (r == -ENOMSG)
        return false;
    const char *what = is_hive ? "registry hive" : "security template";
    if (r < 0)
        file->error = string_printf("%s: %s not read: %s", file->path, what, why_not(r));
    else if (notes_worst(&file->notes) >= SEVERITY_WARNING)
        file->error = string_printf("%s: %s damaged, values may be missing", file->path, what);
    return true;
}

/* A hive that was named on its own and lies inside other evidence, too. */
static bool is_known(const struct host *host, const char *path)
{
    for (size_t i = 0; i < host->hives.count; i++)
        if (strcmp(host->hives.items[i].path, path) == 0)
            return true;
    return false;
}

static int take_hive(struct host *host, struct found_file *file)
{
    struct host_hive *hive = vector_push(&host->hives);

    if (!hive)
        return -ENOMEM;
    hive->evidence = file->evidence;
    hive->facts = file->hive;
    file->hive = (struct hive_facts){0};
    hive->path = strdup(file->path);
    return hive->path ? 0 : -ENOMEM;
}

/* An evidence that is one hive is called by what it is. */
static void name_kind(struct host_evidence *evidence, enum hive_kind kind)
{
    if (evidence->is_file)
        evidence->kind = kind == HIVE_POLICY ? EVIDENCE_TEXT_LOG : EVIDENCE_REGISTRY_HIVE;
}

int hives_join(struct host *host, file_list *files)
{
    for (size_t i = 0; i < files->count; i++) {
        struct found_file *file = &files->items[i];
        if (!file->is_hive || file->hive.kind == HIVE_OTHER || is_known(host, file->path))
            continue;
        name_kind(&host->evidence.items[file->evidence], file->hive.kind);
        if (take_hive(host, file) < 0)
            return -ENOMEM;
    }
    return 0;
}

const struct host_hive *hives_zone(const struct host *host, size_t node)
{
    const struct host_hive *found = NULL;

    for (size_t i = 0; i < host->hives.count; i++) {
        const struct host_hive *hive = &host->hives.items[i];
        if (!hive->facts.has_zone || host->evidence.items[hive->evidence].node != node)
            continue;
        if (found && memcmp(&found->facts.zone, &hive->facts.zone, sizeof(hive->facts.zone)) != 0)
            return NULL;
        found = found ? found : hive;
    }
    return found;
}
