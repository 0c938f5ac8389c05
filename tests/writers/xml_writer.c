/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* XML configurations as Windows Server 2012 R2 writes them. */
#include "vmcx_writer.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void append_escaped(struct strbuf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '<')
            strbuf_append(out, "&lt;");
        else if (*text == '&')
            strbuf_append(out, "&amp;");
        else
            strbuf_append_char(out, *text);
    }
}

static void append_base64(struct strbuf *out, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < size; i += 3) {
        uint32_t bits = (uint32_t)bytes[i] << 16 | (i + 1 < size ? bytes[i + 1] : 0u) << 8 |
                        (i + 2 < size ? bytes[i + 2] : 0u);
        strbuf_append_char(out, digits[bits >> 18]);
        strbuf_append_char(out, digits[bits >> 12 & 63]);
        strbuf_append_char(out, i + 1 < size ? digits[bits >> 6 & 63] : '=');
        strbuf_append_char(out, i + 2 < size ? digits[bits & 63] : '=');
    }
    strbuf_append(out, "\r\n");
}

static void append_value(struct strbuf *out, const struct tree_node *node)
{
    switch (node->type) {
    case TREE_INT:
        strbuf_printf(out, "%" PRId64, node->value.integer);
        break;
    case TREE_UINT:
        strbuf_printf(out, "%" PRIu64, node->value.uinteger);
        break;
    case TREE_DOUBLE:
        strbuf_printf(out, "%g", node->value.real);
        break;
    case TREE_BOOL:
        strbuf_append(out, node->value.integer ? "True" : "False");
        break;
    case TREE_ARRAY:
        append_base64(out, node->bytes, node->size);
        break;
    case TREE_STRING:
        append_escaped(out, node->bytes);
        break;
    case TREE_NODE:
        break;
    }
}

static void append_indent(struct strbuf *out, const struct tree_node *root,
                          const struct tree_node *node)
{
    for (node = node->parent; node != root; node = node->parent)
        strbuf_append(out, "  ");
}

/* The end tags between one node and the next one of the document. */
static void close_elements(struct strbuf *out, const struct tree_node *root,
                           const struct tree_node *node)
{
    while (!node->next && (node = node->parent) != root) {
        append_indent(out, root, node);
        strbuf_printf(out, "</%s>\r\n", node->name);
    }
}

static char *document_text(const struct tree_node *root, enum text_encoding encoding)
{
    static const char *const types[] = {"", "integer", "integer", "double", "string", "bytes",
                                        "bool"};
    struct strbuf out = {0};

    strbuf_printf(&out, "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"%s\" standalone=\"yes\"?>\r\n",
                  encoding == TEXT_UTF8 ? "UTF-8" : "UTF-16");
    for (const struct tree_node *node = root; (node = tree_next(root, node));) {
        append_indent(&out, root, node);
        if (node->type != TREE_NODE) {
            strbuf_printf(&out, "<%s type=\"%s\">", node->name, types[node->type]);
            append_value(&out, node);
            strbuf_printf(&out, "</%s>\r\n", node->name);
        } else {
            strbuf_printf(&out, node->first_child ? "<%s>\r\n" : "<%s/>\r\n", node->name);
        }
        if (!node->first_child)
            close_elements(&out, root, node);
    }
    return strbuf_steal(&out);
}

int xml_writer_build(const struct tree_node *root, enum text_encoding encoding, uint8_t **bytes,
                     size_t *size)
{
    CLEANUP_FREE char *text = document_text(root, encoding);

    if (!text)
        return -ENOMEM;
    if (encoding == TEXT_UTF8) {
        *size = strlen(text);
        *bytes = (uint8_t *)STEAL(text);
        return 0;
    }
    *bytes = text_to_utf16le(text, size);
    if (!*bytes)
        return -ENOMEM;
    for (size_t i = 0; encoding == TEXT_UTF16BE && i + 1 < *size; i += 2) {
        uint8_t first = (*bytes)[i];
        (*bytes)[i] = (*bytes)[i + 1];
        (*bytes)[i + 1] = first;
    }
    return 0;
}

int xml_writer_write(const char *path, const struct tree_node *root, enum text_encoding encoding)
{
    CLEANUP_FREE uint8_t *bytes = NULL;
    size_t size;
    int r = xml_writer_build(root, encoding, &bytes, &size);

    return r < 0 ? r : vm_write_file(path, bytes, size);
}
