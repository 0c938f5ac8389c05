/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* A finding from its text: names filled in, quoted where they become part of a command. */
#include "chain/finding.h"

#include "base/strbuf.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *machine_label(const struct host_machine *machine, char text[GUID_TEXT_SIZE])
{
    if (machine->name)
        return machine->name;
    return machine->has_id ? guid_format(&machine->id, text) : "an unnamed VM";
}

bool machine_is_tracking(const struct host_machine *machine)
{
    return machine->registered != HOST_NO && !machine->planned;
}

const char *path_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static char *fill_in(const char *text, const struct names *names, bool quoted)
{
    const struct text_value values[] = {
        {"file", names->file}, {"path", names->path}, {"vm", names->vm}, {NULL, NULL}};

    return string_fill(text, values, quoted);
}

/* A command is to be run on the host, where a path of the evidence leads nowhere. */
static char *command(const char *text, const struct names *names)
{
    char *line = fill_in(text, names, true);

    if (!line || !names->path_is_here || !strstr(text, "{path}"))
        return line;
    char *noted = string_printf("%s  # put the file's path on the host in place of this one", line);
    free(line);
    return noted;
}

struct finding *finding_new(struct judge *judge, const struct finding_text *text,
                            const char *subject, size_t machine, const struct names *names)
{
    struct finding *finding = vector_push(&judge->verdict->findings);

    if (!finding)
        return NULL;
    finding->code = text->code;
    finding->severity = text->severity;
    finding->confidence = text->confidence;
    finding->explanation = text->explanation;
    finding->next_step = text->next_step;
    finding->machine = machine;
    finding->disk = HOST_NONE;
    finding->subject = text_valid(subject);
    finding->summary = fill_in(text->summary, names, false);
    if (!finding->subject || !finding->summary)
        return NULL;
    for (size_t i = 0; i < TEXT_COMMANDS && text->commands[i]; i++) {
        bool needs_vm = strstr(text->commands[i], "{vm}") != NULL;
        if (needs_vm && machine == HOST_NONE)
            continue;
        if (string_list_add(&finding->commands, command(text->commands[i], names)) < 0)
            return NULL;
    }
    return finding;
}
