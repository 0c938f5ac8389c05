/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Stands in for the worker program "vhdi": it reads a differencing VHD as it is and tells the
 * truth about it, but for one lie, which $HVCHAIN_TEST_LIE names.
 */
#include "base/bytes.h"
#include "base/checked.h"
#include "worker/protocol.h"
#include "worker/vhdi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *lie;

static void read_name(const uint8_t *utf16be, char *name)
{
    for (size_t i = 0; i < 255 && utf16be[2 * i + 1] != 0; i++)
        name[i] = (char)utf16be[2 * i + 1];
}

static void tell_truth(const struct job *job, struct vhdi_answer *a)
{
    uint8_t footer[512], header[1024];

    worker_read(0, job->sizes[0] - sizeof(footer), footer, sizeof(footer));
    worker_read(0, load_be64(footer + 16), header, sizeof(header));
    *a = (struct vhdi_answer){
        .answered = 255,
        .format = VHDI_VHD,
        .kind = load_be32(footer + 60),
        .sector_size = 512,
        .media_size = load_be64(footer + 40),
    };
    memcpy(a->id, footer + 68, 16);
    memcpy(a->parent_id, header + 40, 16);
    read_name(header + 64, a->parent_name);
}

static void lie_format(struct vhdi_answer *a)
{
    a->format = VHDI_VHDX;
}

static void lie_unknown_format(struct vhdi_answer *a)
{
    a->format = 77;
}

static void lie_kind(struct vhdi_answer *a)
{
    a->kind = VHDI_FIXED;
}

static void lie_unknown_kind(struct vhdi_answer *a)
{
    a->kind = 0;
}

static void lie_size(struct vhdi_answer *a)
{
    a->media_size++;
}

static void lie_sector(struct vhdi_answer *a)
{
    a->sector_size = 4096;
}

static void lie_id(struct vhdi_answer *a)
{
    a->id[15] ^= 1;
}

static void lie_parent_id(struct vhdi_answer *a)
{
    a->parent_id[0] ^= 1;
}

static void lie_no_parent_id(struct vhdi_answer *a)
{
    memset(a->parent_id, 0, sizeof(a->parent_id));
}

static void lie_parent_name(struct vhdi_answer *a)
{
    a->parent_name[0] = 'X';
}

static void lie_no_parent_name(struct vhdi_answer *a)
{
    a->answered &= ~(uint32_t)VHDI_HAS_PARENT_NAME;
}

static void lie_refused(struct vhdi_answer *a)
{
    *a = (struct vhdi_answer){.error = "no reason"};
}

static void lie_endless_name(struct vhdi_answer *a)
{
    memset(a->parent_name, 'x', sizeof(a->parent_name));
}

static void lie_endless_error(struct vhdi_answer *a)
{
    memset(a->error, 'x', sizeof(a->error));
}

static void lie_die(struct vhdi_answer *a)
{
    _exit(1);
}

static const struct {
    const char *name;
    void (*tell)(struct vhdi_answer *);
} lies[] = {
    {"format", lie_format},
    {"unknown-format", lie_unknown_format},
    {"kind", lie_kind},
    {"unknown-kind", lie_unknown_kind},
    {"size", lie_size},
    {"sector", lie_sector},
    {"id", lie_id},
    {"parent-id", lie_parent_id},
    {"no-parent-id", lie_no_parent_id},
    {"parent-name", lie_parent_name},
    {"no-parent-name", lie_no_parent_name},
    {"refused", lie_refused},
    {"endless-name", lie_endless_name},
    {"endless-error", lie_endless_error},
    {"die", lie_die},
};

static int64_t run(const struct job *job, void *reply)
{
    tell_truth(job, reply);
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++)
        if (strcmp(lie, lies[i].name) == 0)
            lies[i].tell(reply);
    if (strcmp(lie, "no-memory") == 0)
        return -ENOMEM;
    return strcmp(lie, "short") == 0 ? 100 : (int64_t)sizeof(struct vhdi_answer);
}

int main(void)
{
    static const struct worker_program program = {.run = run};

    lie = getenv("HVCHAIN_TEST_LIE");
    return lie ? worker_main(&program) : 1;
}
