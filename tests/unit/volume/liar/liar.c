/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The worker program "fsntfs" but for one lie, which $HVCHAIN_TEST_LIE names: about the first file
 * in the root that is none of the volume's own, about its content, or about the structure of the
 * reply.
 */
#include <unistd.h>

int true_main(void);
int main(void);

#define main true_main
#include "worker/fsntfs.c"
#undef main

#define FIRST_USER        24
#define ROOT              5
#define NUMBER(reference) ((reference)&0xFFFFFFFFFFFF)

static const char *lie;

static bool lies(const char *name)
{
    return strcmp(lie, name) == 0;
}

static void change_entry(uint8_t *bytes)
{
    struct fsntfs_entry e;
    struct fsntfs_name name;
    uint8_t *first = bytes + sizeof(e);

    memcpy(&e, bytes, sizeof(e));
    memcpy(&name, first, sizeof(name));
    if (lies("size"))
        e.size++;
    if (lies("created"))
        e.created++;
    if (lies("modified"))
        e.modified++;
    if (lies("missing"))
        e.base = 1;
    if (lies("invented"))
        e.reference += 1000;
    if (lies("deleted"))
        e.flags &= ~(unsigned)FSNTFS_ALLOCATED;
    if (lies("folder"))
        name.parent++;
    if (lies("name"))
        first[sizeof(name)] ^= 1;
    if (lies("endless-name"))
        name.size = UINT32_MAX;
    if (lies("unended-name"))
        first[sizeof(name) + name.size - 1] = 'x';
    if (lies("many-names"))
        e.name_count = UINT32_MAX;
    memcpy(bytes, &e, sizeof(e));
    memcpy(first, &name, sizeof(name));
}

static bool is_in_root(const uint8_t *first_name)
{
    struct fsntfs_name name;

    memcpy(&name, first_name, sizeof(name));
    return NUMBER(name.parent) == ROOT;
}

/* Walks over the entries up to the one to lie about. */
static void change_reply(uint8_t *bytes, size_t size)
{
    size_t at = sizeof(struct fsntfs_reply);

    while (at < size) {
        struct fsntfs_entry e;
        struct fsntfs_name name;
        struct fsntfs_stream stream;
        memcpy(&e, bytes + at, sizeof(e));
        if (NUMBER(e.reference) >= FIRST_USER && e.name_count > 0 &&
            is_in_root(bytes + at + sizeof(e))) {
            change_entry(bytes + at);
            return;
        }
        at += sizeof(e);
        for (uint32_t i = 0; i < e.name_count; i++) {
            memcpy(&name, bytes + at, sizeof(name));
            at += sizeof(name) + name.size;
        }
        for (uint32_t i = 0; i < e.stream_count; i++) {
            memcpy(&stream, bytes + at, sizeof(stream));
            at += sizeof(stream) + stream.size;
        }
    }
}

static int64_t run_lying(const struct job *job, void *reply)
{
    int64_t n = run(job, reply);
    struct fsntfs_reply head;

    if (n > 0)
        change_reply(reply, (size_t)n);
    memcpy(&head, reply, sizeof(head));
    if (lies("backwards"))
        head.next = 0;
    if (lies("beyond"))
        head.next = head.total + 1;
    if (lies("refused"))
        head.opened = 0;
    if (lies("die"))
        _exit(1);
    memcpy(reply, &head, sizeof(head));
    return lies("empty") ? 0 : n;
}

static int64_t read_lying(void *stream, uint64_t offset, void *buffer, size_t length)
{
    int64_t n = read_stream(stream, offset, buffer, length);

    if (lies("bytes") && n > 0)
        *(uint8_t *)buffer ^= 1;
    return n;
}

int main(void)
{
    static const struct worker_program program = {run_lying, open_stream, read_lying};

    lie = getenv("HVCHAIN_TEST_LIE");
    return lie ? worker_main(&program) : true_main();
}
