/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Files that are neither disk nor configuration: texts, garbage, links, copies. */
#include "mkhost.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void write_plain(const struct recipe *recipe, const char *path, const void *bytes, size_t length)
{
    CLEANUP_FREE char *where = place(recipe, path);
    FILE *file = fopen(where, "wbx");

    if (!file || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        fail(recipe, "%s: %s", where, strerror(errno));
}

/* A list stands for lines as Windows ends them. */
static char *content_of(const struct recipe *recipe, json_t *entry)
{
    json_t *content = json_object_get(entry, "content"), *line;
    struct strbuf text = {0};
    size_t i;

    if (!json_is_array(content))
        return string_printf("%s", text_member(recipe, entry, "content", ""));
    json_array_foreach(content, i, line) strbuf_printf(&text, "%s\r\n", json_string_value(line));
    return strbuf_steal(&text);
}

/* Writes UTF-8 in another encoding; UTF-16 gets its mark in front. */
static void write_encoded(const struct recipe *recipe, const char *path, char *text,
                          const char *encoding)
{
    iconv_t converter = iconv_open(encoding, "UTF-8");
    size_t left = strlen(text), room = 4 * left + 4, size = room;
    CLEANUP_FREE char *bytes = malloc(room);
    char *out = bytes;

    if (converter == (iconv_t)-1 || iconv(converter, &text, &left, &out, &room) == (size_t)-1)
        fail(recipe, "%s: the text can't be written as %s", path, encoding);
    iconv_close(converter);
    write_plain(recipe, path, bytes, size - room);
}

void make_text(struct recipe *recipe, json_t *entry)
{
    CLEANUP_FREE char *text = content_of(recipe, entry);

    write_encoded(recipe, text_member(recipe, entry, "text", ""), text,
                  text_member(recipe, entry, "encoding", "UTF-8"));
}

void make_json(struct recipe *recipe, json_t *entry)
{
    CLEANUP_FREE char *text = json_dumps(json_object_get(entry, "content"), JSON_INDENT(4));

    if (!text)
        fail(recipe, "\"json\" needs \"content\"");
    write_plain(recipe, text_member(recipe, entry, "json", ""), text, strlen(text));
}

/* Bytes that look like nothing; "head" stands in front of them. */
void make_garbage(struct recipe *recipe, json_t *entry)
{
    const char *head = text_member(recipe, entry, "head", "");
    size_t size = (size_t)size_member(recipe, entry, "size", 64 * KIB);
    CLEANUP_FREE uint8_t *bytes = malloc(size + 1);
    uint64_t state = 0x9e3779b97f4a7c15;

    for (size_t i = 0; i < size; i++) {
        state = state * 6364136223846793005 + 1442695040888963407;
        bytes[i] = (uint8_t)(state >> 56);
    }
    memcpy(bytes, head, min_u64(strlen(head), size));
    write_plain(recipe, text_member(recipe, entry, "garbage", ""), bytes, size);
}

void make_folder(struct recipe *recipe, json_t *entry)
{
    CLEANUP_FREE char *path = string_printf("%s/", text_member(recipe, entry, "folder", ""));

    free(place(recipe, path));
}

/* With "volume" it leads to the root of that drive by the volume's GUID. */
void make_link(struct recipe *recipe, json_t *entry)
{
    CLEANUP_FREE char *where = place(recipe, text_member(recipe, entry, "link", ""));
    const char *drive = text_member(recipe, entry, "volume", NULL);
    struct guid volume = guid_of_kind("volume", drive ? drive : "");
    char text[GUID_TEXT_SIZE];
    CLEANUP_FREE char *target =
        drive ? string_printf("\\\\?\\Volume{%s}\\", guid_format(&volume, text))
              : strdup(text_member(recipe, entry, "target", ""));

    if (symlink(target, where) < 0)
        fail(recipe, "%s: %s", where, strerror(errno));
}

void make_hard_link(struct recipe *recipe, json_t *entry)
{
    CLEANUP_FREE char *where = place(recipe, text_member(recipe, entry, "hard_link", ""));
    CLEANUP_FREE char *target = place(recipe, text_member(recipe, entry, "target", ""));

    if (link(target, where) < 0)
        fail(recipe, "%s: %s", where, strerror(errno));
}

void make_fifo(struct recipe *recipe, json_t *entry)
{
    CLEANUP_FREE char *where = place(recipe, text_member(recipe, entry, "fifo", ""));

    if (mkfifo(where, 0666) < 0)
        fail(recipe, "%s: %s", where, strerror(errno));
}

/* The bytes of a file made before; holes stay holes. */
void make_copy(struct recipe *recipe, json_t *entry)
{
    static const char zeros[65536];
    CLEANUP_FREE char *where = place(recipe, text_member(recipe, entry, "copy", ""));
    CLEANUP_FREE char *source = place(recipe, text_member(recipe, entry, "of", ""));
    int from = open(source, O_RDONLY | O_CLOEXEC);
    int to = open(where, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    char buffer[sizeof(zeros)];
    ssize_t n = -1;
    off_t offset = 0;

    if (from < 0 || to < 0)
        fail(recipe, "%s or %s: %s", source, where, strerror(errno));
    while ((n = pread(from, buffer, sizeof(buffer), offset)) > 0) {
        if (memcmp(buffer, zeros, (size_t)n) != 0 && pwrite(to, buffer, (size_t)n, offset) != n)
            break;
        offset += n;
    }
    if (n != 0 || ftruncate(to, offset) < 0)
        fail(recipe, "%s: %s", where, strerror(errno));
    close(from);
    close(to);
}
