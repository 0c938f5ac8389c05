/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * How many records a second of processor time our reader and evtxexport read of the same logs, and
 * how much memory ours takes. No assertions: a number proves nothing by itself.
 *
 *     bench-events [records …]      default: 100000 1000000
 *
 * By default evtxexport is run over the smaller log alone: the other one takes it minutes.
 */
#include "base/cleanup.h"
#include "event/event.h"
#include "evtx_events.h"
#include "os/os_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Most of it is of no interest, as in a real System or Application log. */
static void write_log(const char *path, unsigned records)
{
    static const struct evtx_vm vm = {"web01", "E0D09432-A320-44CC-8A12-E1300549B99D"};
    static const struct evtx_field noise[] = {
        {"SubjectUserSid", "S-1-5-18", BINXML_SID},
        {"SubjectUserName", "HOST01$"},
        {"TargetLogonId", "0x3e7", BINXML_HEX64},
        {"ProcessName", "C:\\Windows\\System32\\services.exe"},
        {"Duration", "1500", BINXML_UINT32},
    };
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_recipe){0});

    for (unsigned i = 0; i < records; i++) {
        if (i % 20 == 0)
            evtx_write_vmms(w, 0, i % 40 ? 19080 : 19070, 4, &vm, 0, NULL, 0);
        else if (i % 20 == 1)
            evtx_write_service_state(w, 0, "swprv", "Microsoft Software Shadow Copy Provider", 4);
        else
            evtx_write(
                w, &(struct evtx_event){.provider = "Microsoft-Windows-Security-Auditing",
                                        .provider_guid = "{54849625-5478-4994-A5BA-3E3B0328C30D}",
                                        .channel = "Security",
                                        .event_id = 4624,
                                        .level = 0,
                                        .fields = noise,
                                        .field_count = sizeof(noise) / sizeof(noise[0])});
    }
    evtx_writer_save(w, path);
    evtx_writer_free(w);
}

/* Of processor time: what else the machine does at the time does not count. */
static double now(int who)
{
    struct rusage usage;

    getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static bool is_vmms(const struct event_record *record, void *context)
{
    return strcmp(record->provider, "Microsoft-Windows-Hyper-V-VMMS") == 0;
}

/* Seconds that it takes to read the whole log. */
static double time_ours(const char *path, event_filter *filter, uint64_t *records)
{
    CLEANUP(io_unref) io_source *source = NULL;
    CLEANUP(event_log) struct event_log *log = NULL;
    const struct event_record *record;
    double start = now(RUSAGE_SELF);

    if (os_file_open(path, false, &source) < 0 || event_log_open(&log, source, NULL) < 0)
        abort();
    event_log_set_filter(log, filter, NULL);
    while (event_log_next(log, &record) > 0)
        ;
    *records = event_log_counts(log).live;
    return now(RUSAGE_SELF) - start;
}

static double time_witness(const char *path)
{
    char command[8500];
    double start = now(RUSAGE_CHILDREN);

    snprintf(command, sizeof(command), "evtxexport '%s' >/dev/null 2>&1", path);
    return system(command) == 0 ? now(RUSAGE_CHILDREN) - start : 0;
}

static void measure(const char *path, unsigned records, bool with_witness)
{
    uint64_t seen;

    write_log(path, records);
    double all = time_ours(path, NULL, &seen), some = time_ours(path, is_vmms, &seen);
    printf("%" PRIu64
           " records: %.0f records/s with all values, %.0f when one in twenty is wanted\n",
           seen, (double)seen / all, (double)seen / some);
    if (with_witness) {
        double theirs = time_witness(path);
        if (theirs > 0)
            printf("  evtxexport: %.0f records/s; we are %.0f and %.0f times as fast\n",
                   records / theirs, theirs / all, theirs / some);
        else
            printf("  evtxexport is not installed\n");
    }
}

/* Reads once more in a process that has written nothing: what does reading alone take? */
static void measure_memory(const char *program, const char *path)
{
    char command[8500];

    fflush(stdout);
    snprintf(command, sizeof(command), "'%s' --memory '%s'", program, path);
    if (system(command) != 0)
        abort();
}

static int print_memory(const char *path)
{
    struct rusage usage;
    uint64_t seen;

    time_ours(path, NULL, &seen);
    getrusage(RUSAGE_SELF, &usage);
    printf("  memory at most: %ld KiB\n", usage.ru_maxrss);
    return 0;
}

int main(int argc, char **argv)
{
    static const unsigned usual[] = {100000, 1000000};
    const char *base = getenv("TMPDIR");
    char path[4000];

    if (argc == 3 && strcmp(argv[1], "--memory") == 0)
        return print_memory(argv[2]);
    snprintf(path, sizeof(path), "%s/hvchain-bench-XXXXXX", base && *base ? base : "/tmp");
    int fd = mkstemp(path);
    if (fd < 0)
        return 1;
    close(fd);
    for (int i = 0; i < (argc > 1 ? argc - 1 : 2); i++) {
        measure(path, argc > 1 ? (unsigned)atol(argv[i + 1]) : usual[i], argc > 1 || i == 0);
        measure_memory(argv[0], path);
    }
    return unlink(path) < 0;
}
