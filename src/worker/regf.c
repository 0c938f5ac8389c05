/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "worker/regf.h"

#include "base/checked.h"
#include "worker/cause.h"
#include "worker/protocol.h"
#include "worker/remote_bfio.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HAVE_LIBBFIO /* or libregf's header hides what takes a handle */
#include <libregf.h>

#define NAME_MAX_SIZE 1024 /* of a key or value, UTF-8; they have at most 255 characters */

/* The reply while it grows. */
struct reply {
    uint8_t *bytes;
    size_t used;
};

struct hive {
    libbfio_handle_t *handle;
    libregf_file_t *file;
};

static void take_error(libregf_error_t **error, char text[256])
{
    static char trace[TRACE_SIZE];

    if (libregf_error_backtrace_sprint(*error, trace, sizeof(trace)) <= 0)
        trace[0] = '\0';
    libregf_error_free(error);
    cause_of(trace, text);
}

static int open_hive(struct hive *hive, const struct job *job, char error_text[256])
{
    libregf_error_t *error = NULL;

    *hive = (struct hive){0};
    if (remote_bfio_new(&hive->handle, job, 0) < 0 ||
        libregf_file_initialize(&hive->file, NULL) != 1)
        return -ENOMEM;
    if (libregf_file_open_file_io_handle(hive->file, hive->handle, LIBREGF_OPEN_READ, &error) == 1)
        return 0;
    take_error(&error, error_text);
    return -EBADMSG;
}

static void close_hive(struct hive *hive)
{
    libregf_file_free(&hive->file, NULL);
    libbfio_handle_free(&hive->handle, NULL);
}

static bool key_name(libregf_key_t *key, char name[NAME_MAX_SIZE])
{
    size_t size = 0;

    name[0] = '\0';
    return libregf_key_get_utf8_name_size(key, &size, NULL) == 1 && size <= NAME_MAX_SIZE &&
           (size == 0 ||
            libregf_key_get_utf8_name(key, (uint8_t *)name, NAME_MAX_SIZE, NULL) == 1);
}

static bool value_name(libregf_value_t *value, char name[NAME_MAX_SIZE])
{
    size_t size = 0;

    name[0] = '\0'; /* the default value has none */
    return libregf_value_get_utf8_name_size(value, &size, NULL) == 1 && size <= NAME_MAX_SIZE &&
           (size == 0 ||
            libregf_value_get_utf8_name(value, (uint8_t *)name, NAME_MAX_SIZE, NULL) == 1);
}

/* libregf tells names apart by case, the registry does not. NULL: not there. */
static libregf_key_t *find_subkey(libregf_key_t *parent, const char *name, size_t length)
{
    char here[NAME_MAX_SIZE];
    int count = 0;

    if (libregf_key_get_number_of_sub_keys(parent, &count, NULL) != 1)
        return NULL;
    for (int i = 0; i < count; i++) {
        libregf_key_t *key = NULL;
        if (libregf_key_get_sub_key(parent, i, &key, NULL) != 1)
            continue;
        if (key_name(key, here) && strlen(here) == length && strncasecmp(here, name, length) == 0)
            return key;
        libregf_key_free(&key, NULL);
    }
    return NULL;
}

static libregf_key_t *find_key(libregf_file_t *file, const char *path)
{
    libregf_key_t *key = NULL;

    if (libregf_file_get_root_key(file, &key, NULL) != 1)
        return NULL;
    while (key && *path) {
        size_t length = strcspn(path, "\\");
        libregf_key_t *next = find_subkey(key, path, length);
        libregf_key_free(&key, NULL);
        key = next;
        path += length + (path[length] == '\\');
    }
    return key;
}

/* NULL: no value of that name. */
static libregf_value_t *find_value(libregf_key_t *key, const char *name)
{
    char here[NAME_MAX_SIZE];
    int count = 0;

    if (libregf_key_get_number_of_values(key, &count, NULL) != 1)
        return NULL;
    for (int i = 0; i < count; i++) {
        libregf_value_t *value = NULL;
        if (libregf_key_get_value(key, i, &value, NULL) != 1)
            continue;
        if (value_name(value, here) && strcasecmp(here, name) == 0)
            return value;
        libregf_value_free(&value, NULL);
    }
    return NULL;
}

/* Adds an item; false when there is no room or the value can't be had. `value` may be NULL. */
static bool add_item(struct reply *reply, struct regf_answer *answer, const char *name,
                     libregf_value_t *value)
{
    struct regf_item item = {.type = REGF_NO_VALUE, .name_size = (uint32_t)strlen(name) + 1};
    size_t data_size = 0;

    if (value && (libregf_value_get_value_type(value, &item.type, NULL) != 1 ||
                  libregf_value_get_value_data_size(value, &data_size, NULL) != 1 ||
                  data_size > REGF_DATA_MAX))
        return false;
    item.data_size = (uint32_t)data_size;
    size_t size = sizeof(item) + item.name_size + data_size;
    if (answer->item_count >= REGF_ITEMS_MAX || size > WORKER_REPLY_MAX - reply->used)
        return false;
    uint8_t *at = reply->bytes + reply->used;
    uint8_t *data = at + sizeof(item) + item.name_size;
    if (data_size > 0 && libregf_value_get_value_data(value, data, data_size, NULL) != 1)
        return false;
    memcpy(at, &item, sizeof(item));
    memcpy(at + sizeof(item), name, item.name_size);
    reply->used += size;
    answer->item_count++;
    return true;
}

static bool add_value(struct reply *reply, struct regf_answer *answer, libregf_key_t *key,
                      const char *name)
{
    libregf_value_t *value = find_value(key, name);
    bool whole = !value || add_item(reply, answer, name, value);

    libregf_value_free(&value, NULL);
    return whole;
}

static bool add_values(struct reply *reply, struct regf_answer *answer, libregf_key_t *key)
{
    char name[NAME_MAX_SIZE];
    bool whole = true;
    int count = 0;

    if (libregf_key_get_number_of_values(key, &count, NULL) != 1)
        return false;
    for (int i = 0; i < count; i++) {
        libregf_value_t *value = NULL;
        whole = libregf_key_get_value(key, i, &value, NULL) == 1 && value_name(value, name) &&
                add_item(reply, answer, name, value) && whole;
        libregf_value_free(&value, NULL);
    }
    return whole;
}

static bool add_subkeys(struct reply *reply, struct regf_answer *answer, libregf_key_t *parent,
                        const char *wanted)
{
    char name[NAME_MAX_SIZE];
    bool whole = true;
    int count = 0;

    if (libregf_key_get_number_of_sub_keys(parent, &count, NULL) != 1)
        return false;
    for (int i = 0; i < count; i++) {
        libregf_key_t *key = NULL;
        libregf_value_t *value = NULL;
        bool has_name = libregf_key_get_sub_key(parent, i, &key, NULL) == 1 && key_name(key, name);
        if (has_name)
            value = find_value(key, wanted);
        whole = has_name && add_item(reply, answer, name, value) && whole;
        libregf_value_free(&value, NULL);
        libregf_key_free(&key, NULL);
    }
    return whole;
}

static bool add_answer(struct reply *reply, libregf_file_t *file, uint32_t ask, const char *path,
                       const char *name)
{
    struct regf_answer answer = {0};
    size_t at = reply->used;
    bool whole = true;

    if (sizeof(answer) > WORKER_REPLY_MAX - reply->used)
        return false;
    reply->used += sizeof(answer);
    libregf_key_t *key = find_key(file, path);
    if (key) {
        answer.key_found = 1;
        if (libregf_key_get_last_written_time(key, &answer.written, NULL) != 1)
            answer.written = 0;
        whole = ask == REGF_VALUE    ? add_value(reply, &answer, key, name)
                : ask == REGF_VALUES ? add_values(reply, &answer, key)
                                     : add_subkeys(reply, &answer, key, name);
        libregf_key_free(&key, NULL);
    }
    answer.incomplete = !whole;
    memcpy(reply->bytes + at, &answer, sizeof(answer));
    return true;
}

/* We are asked by our own side, yet a wrong question must not be read past its end. */
static int answer_all(struct reply *reply, libregf_file_t *file, const struct job *job)
{
    const char *at = (const char *)job->parameters, *end = at + job->parameters_size;
    struct regf_question question;

    while ((size_t)(end - at) >= sizeof(question)) {
        memcpy(&question, at, sizeof(question));
        at += sizeof(question);
        uint64_t size = (uint64_t)question.key_size + question.name_size;
        if (question.key_size == 0 || question.name_size == 0 || size > (size_t)(end - at) ||
            at[question.key_size - 1] != '\0' || at[size - 1] != '\0')
            return -EINVAL;
        if (!add_answer(reply, file, question.ask, at, at + question.key_size))
            return -EMSGSIZE;
        at += size;
    }
    return at == end ? 0 : -EINVAL;
}

static int64_t run(const struct job *job, void *bytes)
{
    struct reply reply = {.bytes = bytes, .used = sizeof(struct regf_reply)};
    struct regf_reply head = {0};
    struct hive hive;

    if (job->source_count != 1)
        return -EINVAL;
    int r = open_hive(&hive, job, head.error);
    if (r == 0) {
        head.opened = 1;
        head.corrupted = libregf_file_is_corrupted(hive.file, NULL) == 1;
        r = answer_all(&reply, hive.file, job);
    } else if (r == -EBADMSG) {
        r = 0;
    }
    close_hive(&hive);
    memcpy(bytes, &head, sizeof(head));
    return r < 0 ? r : (int64_t)reply.used;
}

int main(void)
{
    static const struct worker_program program = {.run = run};

    return worker_main(&program);
}
