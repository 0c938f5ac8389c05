/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * XML configurations: elements are nodes, those with a type attribute values. Hyper-V writes
 * UTF-16LE with a mark and never a document type; a file that has one is not followed into it, so
 * there are no entities to expand.
 */
#include "vm/xml.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <errno.h>
#include <expat.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FILE_MAX  (64 * MIB)
#define NODES_MAX 250000
#define BLOCK     65536

struct reader {
    XML_Parser expat;
    struct tree_node *root, *node; /* the element that is open */
    char *types[TREE_DEPTH_MAX];   /* type attributes of the open elements */
    int depth;
    size_t count;
    struct strbuf text; /* since the last tag */
    uint64_t mark;      /* bytes before the document */
    struct notes *notes;
    int status;
};

/* Expat may make one more call after this: what is called does nothing once status is set. */
static void stop(struct reader *reader, int status)
{
    reader->status = status;
    XML_StopParser(reader->expat, XML_FALSE);
}

static uint64_t place(const struct reader *reader)
{
    XML_Index index = XML_GetCurrentByteIndex(reader->expat);

    return index < 0 ? NOTE_NO_OFFSET : reader->mark + (uint64_t)index;
}

/* ---- values ---- */

/* A value that is not what its type says stays text: nothing is lost. */
static void note_value(const struct reader *reader, const char *type)
{
    notes_add(reader->notes, SEVERITY_WARNING, "VM-XML-VALUE", place(reader),
              "Element '%s' is no valid %s", reader->node->name, type);
}

static int set_string(struct reader *reader)
{
    struct tree_node *node = reader->node;

    node->type = TREE_STRING;
    node->size = reader->text.length;
    node->bytes = strbuf_steal(&reader->text);
    return node->bytes ? 0 : -ENOMEM;
}

static int set_integer(struct reader *reader)
{
    const char *text = strbuf_text(&reader->text);
    struct tree_node *node = reader->node;
    char *end;

    node->type = TREE_INT;
    errno = 0;
    node->value.integer = strtoll(text, &end, 10);
    if (errno == ERANGE && *text != '-') {
        node->type = TREE_UINT;
        errno = 0;
        node->value.uinteger = strtoull(text, &end, 10);
    }
    if (errno == 0 && end != text && *end == '\0')
        return 0;
    note_value(reader, "integer");
    return set_string(reader);
}

static int set_bool(struct reader *reader)
{
    const char *text = strbuf_text(&reader->text);

    reader->node->type = TREE_BOOL;
    reader->node->value.integer = strcasecmp(text, "true") == 0;
    if (reader->node->value.integer || strcasecmp(text, "false") == 0)
        return 0;
    note_value(reader, "bool");
    return set_string(reader);
}

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? strchr(digits, c) : NULL;

    return found ? (int)(found - digits) : -1;
}

/* Base64 with line breaks; the number of bytes, or -1. `bytes` has room for 3/4 of the text. */
static int64_t decode_base64(const char *text, uint8_t *bytes)
{
    uint32_t bits = 0;
    int64_t count = 0;
    size_t digits = 0;

    for (; *text && *text != '='; text++) {
        if (strchr(" \t\r\n", *text))
            continue;
        int digit = base64_digit(*text);
        if (digit < 0)
            return -1;
        bits = bits << 6 | (uint32_t)digit;
        if (++digits % 4 != 1)
            bytes[count++] = (uint8_t)(bits >> (6 - 2 * ((digits - 1) % 4)));
    }
    bool padded = strspn(text, "= \t\r\n") == strlen(text);
    return padded && digits % 4 != 1 ? count : -1;
}

static int set_bytes(struct reader *reader)
{
    struct tree_node *node = reader->node;
    uint8_t *bytes = malloc(reader->text.length + 1);

    if (!bytes)
        return -ENOMEM;
    int64_t size = decode_base64(strbuf_text(&reader->text), bytes);
    if (size < 0) {
        free(bytes);
        note_value(reader, "base64");
        return set_string(reader);
    }
    node->type = TREE_ARRAY;
    node->bytes = bytes;
    node->size = (size_t)size;
    return 0;
}

/* Nobody asks for a double, and reading one would depend on the locale: it stays text. */
static const struct {
    const char *name;
    int (*set)(struct reader *);
} value_types[] = {
    {"string", set_string}, {"integer", set_integer}, {"bool", set_bool},
    {"bytes", set_bytes},   {"double", set_string},
};

static int set_value(struct reader *reader, const char *type)
{
    for (size_t i = 0; i < ARRAY_SIZE(value_types); i++)
        if (strcmp(value_types[i].name, type) == 0)
            return value_types[i].set(reader);
    notes_add(reader->notes, SEVERITY_INFO, "VM-XML-TYPE", place(reader),
              "Element '%s' has type '%s', which is not known; it was read as text",
              reader->node->name, type);
    return set_string(reader);
}

/* ---- expat's calls ---- */

static void XMLCALL start_element(void *user, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *reader = user;

    if (reader->status < 0)
        return;
    if (reader->depth == TREE_DEPTH_MAX || reader->count == NODES_MAX) {
        notes_add(reader->notes, SEVERITY_PROBLEM, "VM-XML-LIMIT", place(reader),
                  "More than %u levels or %u elements: the rest was not read", TREE_DEPTH_MAX,
                  NODES_MAX);
        stop(reader, -EBADMSG);
        return;
    }
    struct tree_node *node = tree_new(name, strlen(name), TREE_NODE);
    if (!node) {
        stop(reader, -ENOMEM);
        return;
    }
    tree_append(reader->node, node);
    reader->node = node;
    reader->count++;
    strbuf_clear(&reader->text);
    for (; attributes[0]; attributes += 2)
        if (strcmp(attributes[0], "type") == 0 &&
            !(reader->types[reader->depth] = strdup(attributes[1])))
            stop(reader, -ENOMEM);
    reader->depth++;
}

static void XMLCALL end_element(void *user, const XML_Char *name)
{
    struct reader *reader = user;

    if (reader->status < 0)
        return;
    reader->depth--;
    CLEANUP_FREE char *type = STEAL(reader->types[reader->depth]);
    int r = type && !reader->node->first_child ? set_value(reader, type) : 0;
    if (r < 0)
        stop(reader, r);
    reader->node = reader->node->parent;
    strbuf_clear(&reader->text);
}

static void XMLCALL character_data(void *user, const XML_Char *text, int length)
{
    struct reader *reader = user;

    strbuf_append_bytes(&reader->text, text, (size_t)length);
    if (reader->text.failed)
        stop(reader, -ENOMEM);
}

static void XMLCALL start_doctype(void *user, const XML_Char *name, const XML_Char *system,
                                  const XML_Char *public, int internal)
{
    struct reader *reader = user;

    notes_add(reader->notes, SEVERITY_PROBLEM, "VM-XML-DOCTYPE", place(reader),
              "The document declares its type; a configuration has none, it was not read further");
    stop(reader, -EBADMSG);
}

/* ---- the document ---- */

static int parse_block(struct reader *reader, const char *bytes, size_t size, bool last)
{
    if (XML_Parse(reader->expat, bytes, (int)size, last) == XML_STATUS_OK)
        return 0;
    if (reader->status < 0)
        return reader->status;
    enum XML_Error error = XML_GetErrorCode(reader->expat);
    if (error == XML_ERROR_NO_MEMORY)
        return -ENOMEM;
    notes_add(reader->notes, SEVERITY_PROBLEM, "VM-XML-MALFORMED", place(reader),
              "The document is not well-formed at line %lu: %s",
              (unsigned long)XML_GetCurrentLineNumber(reader->expat), XML_ErrorString(error));
    return -EBADMSG;
}

static int parse(struct reader *reader, io_source *source)
{
    CLEANUP_FREE char *block = malloc(BLOCK);
    int64_t n = 0;
    int r = block ? 0 : -ENOMEM;

    for (uint64_t offset = reader->mark; r == 0; offset += (uint64_t)n) {
        n = io_read_some(source, offset, block, BLOCK);
        r = n < 0 ? (int)n : parse_block(reader, block, (size_t)n, n == 0);
        if (n <= 0)
            break;
    }
    return r;
}

/* The encoding is decided by the bytes, not by the declaration: files get converted on their way. */
static int make_parser(struct reader *reader, io_source *source)
{
    static const char *const encodings[] = {"UTF-8", "UTF-16LE", "UTF-16BE"};
    uint8_t head[4];
    size_t mark;
    int64_t n = io_read_some(source, 0, head, sizeof(head));

    if (n < 0)
        return (int)n;
    reader->expat = XML_ParserCreate(encodings[text_detect(head, (size_t)n, &mark)]);
    if (!reader->expat)
        return -ENOMEM;
    reader->mark = mark;
    XML_SetUserData(reader->expat, reader);
    XML_SetElementHandler(reader->expat, start_element, end_element);
    XML_SetCharacterDataHandler(reader->expat, character_data);
    XML_SetStartDoctypeDeclHandler(reader->expat, start_doctype);
    return 0;
}

int xml_read(struct tree_node **root, io_source *source, struct notes *notes)
{
    struct reader reader = {.notes = notes};

    *root = NULL;
    if (io_size(source) > FILE_MAX) {
        notes_add(notes, SEVERITY_PROBLEM, "VM-XML-LIMIT", NOTE_NO_OFFSET,
                  "A file of %llu bytes is no configuration: more than 64 MiB",
                  (unsigned long long)io_size(source));
        return -EBADMSG;
    }
    reader.root = reader.node = tree_new("", 0, TREE_NODE);
    int r = reader.root ? make_parser(&reader, source) : -ENOMEM;
    if (r == 0)
        r = parse(&reader, source);
    XML_ParserFree(reader.expat);
    strbuf_free(&reader.text);
    while (reader.depth > 0)
        free(reader.types[--reader.depth]);
    if (r == -EBADMSG && reader.root->first_child)
        r = 0;
    if (r < 0)
        tree_free(reader.root);
    else
        *root = reader.root;
    return r;
}
