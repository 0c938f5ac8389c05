/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "volume/bitlocker_keys.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS    8
#define DIGITS    6
#define KEY_TEXT  (GROUPS * (DIGITS + 1)) /* with dashes and the NUL */
#define GUID_TEXT (GUID_TEXT_SIZE - 1)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A copy in UTF-8 that the caller wipes and frees. */
static char *decoded(const void *bytes, size_t size, size_t *length)
{
    size_t mark;
    enum text_encoding encoding = text_detect(bytes, size, &mark);
    const char *text = (const char *)bytes + mark;
    char *copy = encoding == TEXT_UTF16LE   ? text_from_utf16le(text, size - mark, NULL)
                 : encoding == TEXT_UTF16BE ? text_from_utf16be(text, size - mark, NULL)
                                            : strndup(text, size - mark);

    *length = copy ? strlen(copy) : 0;
    return copy;
}

static void wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

/* Takes the text. */
static int add(struct bitlocker_keys *keys, enum bitlocker_protection protection,
               const struct guid *id, char *text)
{
    bool full = keys->list.count >= BITLOCKER_KEYS_MAX;
    struct bitlocker_key *key = text && !full ? vector_push(&keys->list) : NULL;

    if (!key) {
        wipe(text);
        return full ? -EFBIG : -ENOMEM;
    }
    *key = (struct bitlocker_key){protection, *id, text};
    return 1;
}

/* Recovery keys. */

/* The characters that a key takes at the start of the text, 0 when there is none; its groups with
 * dashes. It ends where no digit follows. */
static size_t match_key(const char *text, const char *end, char key[KEY_TEXT])
{
    const char *p = text;

    for (size_t group = 0; group < GROUPS; group++) {
        if (group > 0 && p < end && (*p == '-' || *p == ' '))
            p++;
        for (size_t i = 0; i < DIGITS; i++, p++) {
            if (p >= end || !is_digit(*p))
                return 0;
            key[group * (DIGITS + 1) + i] = *p;
        }
        key[group * (DIGITS + 1) + DIGITS] = group + 1 < GROUPS ? '-' : '\0';
    }
    return p < end && is_digit(*p) ? 0 : (size_t)(p - text);
}

/* Every group is eleven times a number of 16 bits, which finds most slips of the pen. */
static bool is_right(const char *key)
{
    for (size_t group = 0; group < GROUPS; group++) {
        unsigned long number = strtoul(key + group * (DIGITS + 1), NULL, 10);
        if (number % 11 != 0 || number / 11 > UINT16_MAX)
            return false;
    }
    return true;
}

/* One line; *id is that of the key to come. */
static int add_from_line(struct bitlocker_keys *keys, const char *line, const char *end,
                         struct guid *id)
{
    char key[KEY_TEXT];
    int count = 0, r = 0;

    for (const char *p = line; p < end && r >= 0; p++) {
        bool inside = p > line && is_digit(p[-1]);
        size_t length = is_digit(*p) && !inside ? match_key(p, end, key) : 0;
        if (end - p >= GUID_TEXT && guid_parse(p, GUID_TEXT, id))
            p += GUID_TEXT - 1;
        if (length == 0)
            continue;
        r = is_right(key) ? add(keys, BITLOCKER_RECOVERY_KEY, id, strdup(key)) : -EINVAL;
        *id = (struct guid){0};
        p += length - 1;
        count++;
    }
    explicit_bzero(key, sizeof(key));
    return r < 0 ? r : count;
}

static int add_recovery_line(struct bitlocker_keys *keys, const char *line, size_t length,
                             struct guid *id)
{
    return add_from_line(keys, line, line + length, id);
}

/* Passwords. */

int bitlocker_keys_add_password(struct bitlocker_keys *keys, const char *text, size_t size)
{
    static const struct guid none = {0};

    if (size > BITLOCKER_PASSWORD_MAX)
        return -EINVAL;
    return size == 0 ? 0 : add(keys, BITLOCKER_PASSWORD, &none, strndup(text, size));
}

static int add_password_line(struct bitlocker_keys *keys, const char *line, size_t length,
                             struct guid *id)
{
    return bitlocker_keys_add_password(keys, line, length);
}

/* Texts of lines. */

typedef int line_adder(struct bitlocker_keys *, const char *line, size_t length, struct guid *id);

static int add_lines(struct bitlocker_keys *keys, const void *bytes, size_t size, size_t *number,
                     line_adder *add_line)
{
    struct guid id = {0};
    size_t left;
    int count = 0, r = 0;

    *number = 0;
    if (size > BITLOCKER_KEY_TEXT_MAX)
        return -EFBIG;
    char *text = decoded(bytes, size, &left), *line = text;
    if (!text)
        return -ENOMEM;
    while (left > 0 && r >= 0) {
        size_t length = strcspn(line, "\r\n");
        ++*number;
        r = line[0] == '#' ? 0 : add_line(keys, line, length, &id);
        count += r;
        length += strspn(line + length, "\r") > 0;
        length += line[length] == '\n';
        line += length;
        left -= length;
    }
    wipe(text);
    return r < 0 ? r : count;
}

int bitlocker_keys_add_recovery(struct bitlocker_keys *keys, const void *text, size_t size,
                                size_t *line)
{
    return add_lines(keys, text, size, line, add_recovery_line);
}

int bitlocker_keys_add_passwords(struct bitlocker_keys *keys, const void *text, size_t size,
                                 size_t *line)
{
    return add_lines(keys, text, size, line, add_password_line);
}

void bitlocker_keys_free(struct bitlocker_keys *keys)
{
    for (size_t i = 0; i < keys->list.count; i++)
        wipe(keys->list.items[i].text);
    vector_free(&keys->list);
}
