/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Stands in for the worker program "regf": its reply has the one fault of structure that
 * $HVCHAIN_TEST_LIE names.
 */
#include "worker/protocol.h"
#include "worker/regf.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *lie;

static bool lies_of(const char *name)
{
    return strcmp(lie, name) == 0;
}

static int64_t run(const struct job *job, void *bytes)
{
    struct regf_reply head = {.opened = 1};
    struct regf_answer answer = {.key_found = 1, .item_count = 1};
    struct regf_item item = {.type = 1, .name_size = 2, .data_size = 2};
    uint8_t *at = bytes;

    if (lies_of("die"))
        _exit(1);
    if (lies_of("empty"))
        return 0;
    if (lies_of("endless-error")) {
        head.opened = 0;
        memset(head.error, 'x', sizeof(head.error));
    }
    if (lies_of("many-items"))
        answer.item_count = UINT32_MAX;
    if (lies_of("endless-name"))
        item.name_size = UINT32_MAX;
    if (lies_of("endless-data"))
        item.data_size = UINT32_MAX;
    if (lies_of("no-name"))
        item.name_size = 0;
    memcpy(at, &head, sizeof(head));
    at += sizeof(head);
    if (lies_of("no-answers"))
        return at - (uint8_t *)bytes;
    memcpy(at, &answer, sizeof(answer));
    at += sizeof(answer);
    if (lies_of("cut-item"))
        return at - (uint8_t *)bytes + 3;
    memcpy(at, &item, sizeof(item));
    at += sizeof(item);
    memcpy(at, "K\0ab", 4);
    return at + 4 - (uint8_t *)bytes;
}

int main(void)
{
    static const struct worker_program program = {.run = run};

    lie = getenv("HVCHAIN_TEST_LIE");
    return lie ? worker_main(&program) : 1;
}
