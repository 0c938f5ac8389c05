/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "vm_testing.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <stdio.h>

uint8_t *load_file(const char *path, size_t *size)
{
    struct strbuf bytes = {0};
    char block[65536];
    FILE *file = fopen(path, "rb");

    if (!file)
        return NULL;
    while ((*size = fread(block, 1, sizeof(block), file)) > 0)
        strbuf_append_bytes(&bytes, block, *size);
    fclose(file);
    *size = bytes.length;
    return (uint8_t *)strbuf_steal(&bytes);
}

uint8_t *load_sample(const char *name, size_t *size)
{
    const char *samples = getenv("HVCHAIN_SAMPLES"), *source = getenv("HVCHAIN_SOURCE");
    CLEANUP_FREE char *path =
        samples ? string_printf("%s/%s", samples, name)
                : string_printf("%s/../shared/samples/%s", source ? source : ".", name);
    uint8_t *bytes = load_file(path, size);

    if (!bytes)
        print_message("skipped: no sample %s\n", path);
    return bytes;
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

void assert_has_note(const struct notes *notes, const char *rule)
{
    if (!notes_has(notes, rule)) {
        print_error("expected a note %s\n", rule);
        print_notes(notes);
    }
    assert_true(notes_has(notes, rule));
}
