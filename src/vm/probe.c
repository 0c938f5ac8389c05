/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "base/checked.h"
#include "base/text.h"
#include "vm/vm.h"
#include "vm/vmcx_format.h"

#include <string.h>
#include <strings.h>

#define HEAD 4096

/* The document's first bytes as ASCII, whatever its encoding; other characters become '?'. */
static void to_ascii(const uint8_t *bytes, size_t size, char text[HEAD + 1])
{
    size_t mark, length = 0;
    enum text_encoding encoding = text_detect(bytes, size, &mark);
    size_t width = encoding == TEXT_UTF8 ? 1 : 2, high = encoding == TEXT_UTF16LE ? 1 : 0;

    for (size_t i = mark; i + width <= size; i += width) {
        uint8_t low_byte = width == 1 ? bytes[i] : bytes[i + 1 - high];
        uint8_t high_byte = width == 1 ? 0 : bytes[i + high];
        text[length++] = high_byte == 0 && low_byte != 0 && low_byte < 0x80 ? (char)low_byte : '?';
    }
    text[length] = '\0';
}

/* Behind white space, declarations and comments; NULL when one of them does not end. */
static const char *skip_prolog(const char *text)
{
    for (;;) {
        const char *end;
        text += strspn(text, " \t\r\n");
        if (strncmp(text, "<?", 2) == 0)
            end = "?>";
        else if (strncmp(text, "<!--", 4) == 0)
            end = "-->";
        else
            return text;
        const char *found = strstr(text, end);
        if (!found)
            return NULL;
        text = found + strlen(end);
    }
}

static bool is_configuration(const uint8_t *bytes, size_t size)
{
    static const char tag[] = "<configuration";
    char text[HEAD + 1];

    to_ascii(bytes, size, text);
    const char *root = skip_prolog(text);
    return root && strncasecmp(root, tag, sizeof(tag) - 1) == 0 &&
           strchr(" \t\r\n/>", root[sizeof(tag) - 1]);
}

enum vm_probe vm_probe(io_source *source)
{
    uint8_t bytes[HEAD];
    int64_t n = io_read_some(source, 0, bytes, sizeof(bytes));

    if (n >= 4 && load_le32(bytes) == VMCX_HEADER_SIGNATURE)
        return VM_PROBE_CONTAINER;
    if (n > 0 && is_configuration(bytes, (size_t)n))
        return VM_PROBE_XML;
    /* The first header may be torn. */
    if (io_read(source, VMCX_HEADER_2_OFFSET, bytes, 4) == 0 &&
        load_le32(bytes) == VMCX_HEADER_SIGNATURE)
        return VM_PROBE_CONTAINER;
    return VM_PROBE_NONE;
}
