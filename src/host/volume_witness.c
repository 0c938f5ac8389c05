/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "host/volume_witness.h"

#include "base/strbuf.h"
#include "base/text.h"
#include "host/index.h"
#include "volume/ntfs_witness.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static bool is_wanted(const struct host_evidence *evidence, const struct host_options *options)
{
    return options->workers && options->witness == WITNESS_ALWAYS && evidence->volume &&
           volume_is_ntfs(evidence->volume);
}

struct comparison {
    struct host_evidence *evidence;
    int status;
};

static void complain(void *user, const char *path, const char *reason)
{
    struct comparison *c = user;
    char *line = string_printf("%s%s: %s (rule WITNESS-LIST)", c->evidence->volume->display_root,
                               path, reason);
    char *text = line ? text_valid(line) : NULL;

    free(line);
    if (host_complain(c->evidence, text) < 0)
        c->status = -ENOMEM;
}

/* What it refuses it cannot bear witness of: that is worth a line, but no contradiction. */
static int unavailable(struct host_evidence *evidence, int r, const char *error)
{
    const char *reason = r == -ENOTSUP   ? "its program is not installed"
                         : r == -EBADMSG ? error
                                         : strerror(-r);

    return host_complain(
        evidence, string_printf("%s: libfsntfs could not be asked: %s", evidence->path, reason));
}

int volume_witness_lists(struct host *host, const struct host_options *options)
{
    char error[256];

    for (size_t i = 0; i < host->evidence.count; i++) {
        struct comparison c = {&host->evidence.items[i], 0};
        if (!is_wanted(c.evidence, options))
            continue;
        int r = ntfs_witness_list(c.evidence->volume, options->workers, complain, &c, error);
        if (r < 0 && r != -ENOMEM)
            r = unavailable(c.evidence, r, error);
        if (r < 0 || c.status < 0)
            return -ENOMEM;
    }
    return 0;
}

void volume_witness_start(struct volume_witness *witness, const struct host_evidence *evidence,
                          const struct host_options *options, uint64_t id, io_source **source)
{
    io_source *both;

    atomic_init(&witness->differs_at, UINT64_MAX);
    if (!is_wanted(evidence, options) ||
        ntfs_witness_content(evidence->volume, options->workers, id, *source, &witness->differs_at,
                             &both) < 0)
        return;
    io_unref(*source);
    *source = both;
}

void volume_witness_end(struct volume_witness *witness, struct found_file *file)
{
    uint64_t at = atomic_load(&witness->differs_at);

    if (at == UINT64_MAX)
        return;
    if (file->is_disk) {
        notes_add(&file->disk.notes, SEVERITY_PROBLEM, "WITNESS-DATA", at,
                  "libfsntfs reads other bytes of the file from its volume than we do");
        file->disk.witness_asked = true;
        file->disk.witness = WITNESS_CONTRADICTS;
    } else if (!file->error) {
        file->error = string_printf("%s: libfsntfs reads other bytes at offset %" PRIu64
                                    " than we do (rule WITNESS-DATA)",
                                    file->path, at);
    }
}
