/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "disk_testing.h"

#include "vhd_writer.h"
#include "vhdx_writer.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t fd_read(void *self, uint64_t offset, void *buffer, size_t length)
{
    const int *fd = self;
    ssize_t n = pread(*fd, buffer, length, (off_t)offset);

    return n < 0 ? -errno : n;
}

static void fd_close(void *self)
{
    int *fd = self;

    close(*fd);
    free(fd);
}

io_source *fd_source(int fd)
{
    static const struct io_ops ops = {fd_read, fd_close};
    int *self = malloc(sizeof(*self));
    struct stat st;

    assert_non_null(self);
    assert_int_equal(fstat(fd, &st), 0);
    *self = fd;
    return io_source_new(&ops, self, (uint64_t)st.st_size);
}

int memory_file(void)
{
    int fd = memfd_create("disk", MFD_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

void put_bytes(int fd, uint64_t offset, const void *bytes, size_t length)
{
    assert_int_equal(pwrite(fd, bytes, length, (off_t)offset), length);
}

io_source *made_vhdx(const struct vhdx_recipe *recipe)
{
    int fd = memory_file();

    assert_int_equal(vhdx_writer_write_fd(fd, recipe), 0);
    return fd_source(fd);
}

io_source *made_vhd(const struct vhd_recipe *recipe)
{
    int fd = memory_file();

    assert_int_equal(vhd_writer_write_fd(fd, recipe), 0);
    return fd_source(fd);
}

/* Copies a pipe into a file and leaves holes where it is zero. */
static void copy_sparse(FILE *from, int fd)
{
    static char block[65536];
    uint64_t offset = 0;
    size_t n;

    while ((n = fread(block, 1, sizeof(block), from)) > 0) {
        if (!bytes_are_zero(block, n))
            put_bytes(fd, offset, block, n);
        offset += n;
    }
    assert_int_equal(ftruncate(fd, (off_t)offset), 0);
}

int sample_file(const char *name)
{
    const char *samples = getenv("HVCHAIN_SAMPLES"), *source = getenv("HVCHAIN_SOURCE");
    CLEANUP_FREE char *path =
        samples ? string_printf("%s/%s", samples, name)
                : string_printf("%s/../shared/samples/%s", source ? source : ".", name);
    bool gz = strcmp(name + strlen(name) - 3, ".gz") == 0;
    CLEANUP_FREE char *command = string_printf("%s '%s'", gz ? "gzip -dc" : "bzip2 -dc", path);

    if (access(path, R_OK) != 0) {
        print_message("skipped: no sample %s\n", path);
        return -1;
    }
    FILE *pipe = popen(command, "r");
    int fd = memory_file();
    assert_non_null(pipe);
    copy_sparse(pipe, fd);
    assert_int_equal(pclose(pipe), 0);
    return fd;
}

io_source *sample_source(const char *name)
{
    int fd = sample_file(name);

    return fd < 0 ? NULL : fd_source(fd);
}

void print_notes(const struct notes *notes)
{
    for (size_t i = 0; i < notes->count; i++)
        print_error("%s %s at 0x%llx: %s\n", severity_name(notes->items[i].severity),
                    notes->items[i].rule, (unsigned long long)notes->items[i].offset,
                    notes->items[i].text);
}

void assert_healthy(const struct notes *notes)
{
    if (notes_worst(notes) >= SEVERITY_WARNING)
        print_notes(notes);
    assert_true(notes_worst(notes) < SEVERITY_WARNING);
}

void assert_has_note(const struct notes *notes, const char *rule, enum severity severity)
{
    for (size_t i = 0; i < notes->count; i++)
        if (strcmp(notes->items[i].rule, rule) == 0 && notes->items[i].severity == severity)
            return;
    print_error("expected a note %s of severity %s\n", rule, severity_name(severity));
    print_notes(notes);
    fail();
}

struct disk *open_healthy(io_source *source)
{
    CLEANUP(notes) struct notes notes = {0};
    struct disk *disk;
    int r = disk_open(&disk, source, &notes);

    if (r < 0)
        print_notes(&notes);
    assert_int_equal(r, 0);
    assert_healthy(&notes);
    return disk;
}

bool run(const char *format, ...)
{
    struct strbuf command = {0};
    va_list ap;

    va_start(ap, format);
    strbuf_vprintf(&command, format, ap);
    va_end(ap);
    int status = system(strbuf_text(&command));
    strbuf_free(&command);
    return status == 0;
}

bool have_program(const char *name)
{
    bool have = run("command -v %s >/dev/null", name);

    if (!have)
        print_message("skipped: %s is not installed\n", name);
    return have;
}
