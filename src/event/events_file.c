/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Files of events, whatever their format: which it is, and who reads it. */
#include "event/events.h"

#include "base/checked.h"
#include "event/event_text.h"
#include "event/kinds.h"
#include "event/text_lines.h"
#include "event/text_sources.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef int reader(struct event_file *, io_source *, struct notes *);
typedef bool line_test(const char *line);

/*
 * In the order in which they are tried. A log is known by a single line that only it can have; what
 * commands print, and JSON, by reading the beginning.
 */
static const struct format {
    enum event_format format;
    const char *name;
    line_test *is_line;
    reader *read;
} formats[] = {
    {EVENT_FORMAT_POWERSHELL, "powershell-json", NULL, powershell_read},
    {EVENT_FORMAT_SERVICES, "tasklist", NULL, services_read},
    {EVENT_FORMAT_VSS_WRITERS, "vssadmin-writers", NULL, vss_writers_read},
    {EVENT_FORMAT_AVAMAR, "avamar", avamar_is_line, avamar_read},
    {EVENT_FORMAT_WINCLUSTER, "winclustersvc", wincluster_is_line, wincluster_read},
    {EVENT_FORMAT_VPXA, "vpxa", vpxa_is_line, vmware_read},
    {EVENT_FORMAT_VMWARE, "vmware", vmware_is_line, vmware_read},
};

void events_prepare(void)
{
    text_lines_prepare();
}

const char *event_format_name(enum event_format format)
{
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
        if (formats[i].format == format)
            return formats[i].name;
    return format == EVENT_FORMAT_EVTX ? "evtx" : "none";
}

/* ---- probing ---- */

/* Bits of the formats that have a line in the sample; negative errno. */
static int test_lines(io_source *sample)
{
    struct text_lines lines;
    const char *line;
    int seen = 0, r = text_lines_open(&lines, sample);

    if (r < 0)
        return r;
    while ((r = text_lines_next(&lines, &line)) > 0)
        for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
            if (formats[i].is_line && !(seen & 1 << i) && formats[i].is_line(line))
                seen |= 1 << i;
    text_lines_close(&lines);
    return r < 0 ? r : seen;
}

/* 1 when the text begins like JSON and says "ProviderName" soon, 0, negative errno. */
static int is_json_of_events(io_source *sample)
{
    struct text_lines lines;
    const char *line;
    bool begun = false, found = false;
    int r = text_lines_open(&lines, sample);

    if (r < 0)
        return r;
    while (!found && (r = text_lines_next(&lines, &line)) > 0) {
        const char *first = line + strspn(line, " \t");
        if (!begun && *first && *first != '[' && *first != '{')
            break;
        begun = begun || *first;
        found = strstr(line, "\"ProviderName\"");
    }
    text_lines_close(&lines);
    return r < 0 ? r : found;
}

/* 1 when the reader takes the sample for its own, 0, negative errno. */
static int can_read(const struct format *format, io_source *sample)
{
    struct event_file file = {0};
    int r = format->read(&file, sample, NULL);

    event_file_free(&file);
    return r == 0 ? 1 : r == -ENOMSG ? 0 : r;
}

static int probe_text(io_source *sample, enum event_format *format)
{
    int seen = test_lines(sample), is = seen < 0 ? seen : 0;

    for (size_t i = 0; i < ARRAY_SIZE(formats) && is == 0; i++) {
        if (formats[i].format == EVENT_FORMAT_POWERSHELL)
            is = is_json_of_events(sample);
        else
            is = formats[i].is_line ? (seen & 1 << i) != 0 : can_read(&formats[i], sample);
        if (is > 0)
            *format = formats[i].format;
    }
    return is < 0 ? is : 0;
}

/* 0, with EVENT_FORMAT_NONE when it is none; negative errno but -ENOMSG. */
static int probe(io_source *source, enum event_format *format)
{
    *format = EVENT_FORMAT_NONE;
    if (event_log_probe(source)) {
        *format = EVENT_FORMAT_EVTX;
        return 0;
    }
    io_source *sample = io_range_new(source, 0, min_u64(io_size(source), TEXT_SAMPLE_SIZE));
    if (!sample)
        return -ENOMEM;
    int r = probe_text(sample, format);
    io_unref(sample);
    return r == -ENOMSG ? 0 : r;
}

enum event_format event_probe(io_source *source)
{
    enum event_format format;

    return probe(source, &format) < 0 ? EVENT_FORMAT_NONE : format;
}

/* ---- reading ---- */

struct event *event_file_add(struct event_file *file, const char *provider, const char *kind,
                             const char *message, uint64_t line)
{
    struct event *event = vector_push(&file->events);

    if (!event)
        return NULL;
    event->kind = kind;
    event->place = line;
    if (event_set_text(&event->provider, provider) < 0 ||
        event_set_text(&event->message, message) < 0)
        return NULL;
    return event;
}

int event_file_push(struct event_file *file, struct event *event)
{
    struct event *place = vector_push(&file->events);

    if (!place) {
        event_free(event);
        return -ENOMEM;
    }
    *place = *event;
    return 0;
}

static int add_record(struct event_file *file, const struct event_record *record)
{
    struct event event;
    int r = event_from_record(&event, record);

    return r > 0 ? event_file_push(file, &event) : r;
}

/* Sees every record before the filter proper does. */
struct onlooker {
    struct event_file *file;
    event_filter *filter;
    void *filter_context;
    bool failed; /* memory was short */
};

/* Which log it is and how far back it reaches is told by records of no interest, too. */
static bool look_on(const struct event_record *record, void *context)
{
    struct onlooker *onlooker = context;
    struct event_file *file = onlooker->file;

    if (!file->channel && *record->channel)
        onlooker->failed = !(file->channel = strdup(record->channel));
    if (record->origin == EVENT_LIVE && record->time != 0) {
        file->first = file->first == 0 || record->time < file->first ? record->time : file->first;
        file->last = record->time > file->last ? record->time : file->last;
    }
    return onlooker->filter(record, onlooker->filter_context);
}

static int read_evtx(struct event_file *file, io_source *source,
                     const struct event_options *options, struct notes *notes)
{
    struct onlooker onlooker = {file, event_is_relevant, NULL, false};
    const struct event_record *record;
    struct event_log *log;
    int r = event_log_open(&log, source, notes), first_error = 0;

    if (r < 0)
        return r;
    if (options && options->filter) {
        onlooker.filter = options->filter;
        onlooker.filter_context = options->filter_context;
    }
    event_log_set_filter(log, look_on, &onlooker);
    while ((r = event_log_next(log, &record)) != 0) {
        if (r > 0)
            r = add_record(file, record);
        if (r < 0 && first_error == 0)
            first_error = r;
        if (r == -ENOMEM)
            break;
    }
    file->counts = event_log_counts(log);
    event_log_close(log);
    return first_error == 0 && onlooker.failed ? -ENOMEM : first_error;
}

int event_file_read(struct event_file *file, io_source *source, const struct event_options *options,
                    struct notes *notes)
{
    *file = (struct event_file){0};
    int r = probe(source, &file->format);
    if (r < 0)
        return r;
    if (file->format == EVENT_FORMAT_EVTX)
        return read_evtx(file, source, options, notes);
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
        if (formats[i].format == file->format)
            return formats[i].read(file, source, notes);
    return -ENOMSG;
}

void event_file_free(struct event_file *file)
{
    for (size_t i = 0; i < file->events.count; i++)
        event_free(&file->events.items[i]);
    for (size_t i = 0; i < file->writers.count; i++) {
        free(file->writers.items[i].name);
        free(file->writers.items[i].last_error);
    }
    for (size_t i = 0; i < file->services.count; i++) {
        struct service_process *process = &file->services.items[i];
        for (size_t s = 0; s < process->services.count; s++)
            free(process->services.items[s]);
        vector_free(&process->services);
        free(process->image);
    }
    vector_free(&file->events);
    vector_free(&file->writers);
    vector_free(&file->services);
    free(file->channel);
    *file = (struct event_file){0};
}
