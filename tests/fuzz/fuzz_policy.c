/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* A security template. */
#include "base/cleanup.h"
#include "event/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(io_unref) io_source *source = io_memory_new(data, size);
    struct notes notes = {0};
    struct hive_facts facts;

    policy_read(source, &facts, &notes);
    hive_free(&facts);
    notes_free(&notes);
    return 0;
}
