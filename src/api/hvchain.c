/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The public library: one scan from evidence to report, on top of the rooms. */
#include "hvchain/hvchain.h"

#include "api/look_back.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/when.h"
#include "chain/verdict.h"
#include "event/events.h"
#include "host/host.h"
#include "os/os_file.h"
#include "os/sandbox.h"
#include "os/worker.h"
#include "report/report.h"
#include "volume/bitlocker_keys.h"
#include "volume/image_path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct hvchain_report {
    struct report report;
    string_list errors; /* printable */
};

struct hvchain_scan {
    hvchain_report *report; /* filled as evidence is named; NULL once the scan has run */
    struct host_options options;
    struct bitlocker_keys keys;
    string_list beside;   /* folders of single files: an image can lie in several files */
    string_list readable; /* paths of evidence and inventories, as they were given */
    bool sandbox;
    struct plan_options plan;
    struct earlier earlier;
    bool compare;
    VECTOR(struct plan_free) free_space;
};

_Static_assert((int)HVCHAIN_OK == (int)SEVERITY_OK && (int)HVCHAIN_INFO == (int)SEVERITY_INFO &&
                   (int)HVCHAIN_WARNING == (int)SEVERITY_WARNING &&
                   (int)HVCHAIN_PROBLEM == (int)SEVERITY_PROBLEM &&
                   (int)HVCHAIN_DATA_LOSS_RISK == (int)SEVERITY_DATA_LOSS_RISK,
               "public and inner severities are the same numbers");
_Static_assert((int)HVCHAIN_WITNESS_AUTO == (int)WITNESS_AUTO &&
                   (int)HVCHAIN_WITNESS_ALWAYS == (int)WITNESS_ALWAYS &&
                   (int)HVCHAIN_WITNESS_NEVER == (int)WITNESS_NEVER,
               "public and inner witness modes are the same numbers");

const char *hvchain_version(void)
{
    return HVCHAIN_VERSION;
}

int hvchain_scan_new(hvchain_scan **scan)
{
    hvchain_scan *s = calloc(1, sizeof(*s));
    hvchain_report *r = calloc(1, sizeof(*r));

    *scan = NULL;
    if (!s || !r) {
        free(s);
        free(r);
        return -ENOMEM;
    }
    host_init(&r->report.host);
    s->report = r;
    *scan = s;
    return 0;
}

void hvchain_scan_free(hvchain_scan *scan)
{
    if (!scan)
        return;
    hvchain_report_free(scan->report);
    bitlocker_keys_free(&scan->keys);
    string_list_free(&scan->readable);
    string_list_free(&scan->beside);
    for (size_t i = 0; i < scan->free_space.count; i++)
        free((char *)(uintptr_t)scan->free_space.items[i].volume);
    vector_free(&scan->free_space);
    earlier_free(&scan->earlier);
    free((char *)(uintptr_t)scan->plan.machine);
    free(scan);
}

/* Evidence can be named until the scan has run. */
typedef int host_adder(struct host *, const char *node, const char *path);

/* The file that is read: of a path into an image, the image. The caller frees it. */
static char *file_of(const char *path)
{
    struct image_path within;

    if (image_path_parse(&within, path) < 0)
        return strdup(path);
    char *image = STEAL(within.image);
    image_path_free(&within);
    return image;
}

/* Parts of an image, and the parents of a virtual disk, lie beside the file that was named. */
static int add_folder_beside(hvchain_scan *scan, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (os_is_folder(path))
        return 0;
    return string_list_add(&scan->beside, !slash          ? strdup(".")
                                     : slash == path ? strdup("/")
                                                     : strndup(path, (size_t)(slash - path)));
}

static int add_evidence(hvchain_scan *scan, const char *node, const char *path, host_adder *add)
{
    if (!scan->report)
        return -EINVAL;
    CLEANUP_FREE char *file = file_of(path);
    if (!file)
        return -ENOMEM;
    int r = string_list_add(&scan->readable, strdup(file));
    if (r == 0)
        r = add_folder_beside(scan, file);
    return r < 0 ? r : add(&scan->report->report.host, node ? node : "", path);
}

int hvchain_scan_add_path(hvchain_scan *scan, const char *host, const char *path)
{
    return add_evidence(scan, host, path, host_add_path);
}

int hvchain_scan_add_inventory(hvchain_scan *scan, const char *host, const char *path)
{
    return add_evidence(scan, host, path, host_add_inventory);
}

int hvchain_scan_add_events(hvchain_scan *scan, const char *host, const char *path)
{
    return add_evidence(scan, host, path, host_add_events);
}

void hvchain_scan_set_subject(hvchain_scan *scan, enum hvchain_subject subject)
{
    static const enum report_view views[] = {REPORT_SCAN, REPORT_EVENTS, REPORT_DIAGNOSES};

    if (!scan->report || subject > HVCHAIN_DIAGNOSES)
        return;
    scan->report->report.view = views[subject];
    if (subject != HVCHAIN_EVERYTHING)
        host_seek_logs(&scan->report->report.host);
}

int hvchain_scan_add_map(hvchain_scan *scan, const char *map)
{
    return scan->report ? host_add_map(&scan->report->report.host, map) : -EINVAL;
}

int hvchain_scan_add_secrets(hvchain_scan *scan, enum hvchain_secret kind, const void *text,
                             size_t size, size_t *line)
{
    *line = 0;
    if (!scan->report)
        return -EINVAL;
    switch (kind) {
    case HVCHAIN_RECOVERY_KEYS:
        return bitlocker_keys_add_recovery(&scan->keys, text, size, line);
    case HVCHAIN_PASSWORDS:
        return bitlocker_keys_add_passwords(&scan->keys, text, size, line);
    case HVCHAIN_PASSWORD:
        return bitlocker_keys_add_password(&scan->keys, text, size);
    }
    return -EINVAL;
}

void hvchain_scan_set_witness(hvchain_scan *scan, enum hvchain_witness witness)
{
    scan->options.witness = (enum host_witness)witness;
}

void hvchain_scan_set_threads(hvchain_scan *scan, unsigned threads)
{
    scan->options.threads = threads;
}

int hvchain_scan_set_arguments(hvchain_scan *scan, size_t count, const char *const *arguments)
{
    if (!scan->report)
        return -EINVAL;
    string_list *list = &scan->report->report.arguments;
    int r = 0;

    string_list_free(list);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = string_list_add(list, text_valid(arguments[i]));
    return r;
}

int hvchain_scan_set_plan(hvchain_scan *scan, const char *vm, int compare)
{
    char *machine = vm ? strdup(vm) : NULL;

    if (!scan->report || (vm && !machine)) {
        free(machine);
        return scan->report ? -ENOMEM : -EINVAL;
    }
    free((char *)(uintptr_t)scan->plan.machine);
    scan->plan.machine = machine;
    scan->plan.compare = compare != 0;
    scan->report->report.view = REPORT_PLAN;
    return 0;
}

static bool is_named(const hvchain_scan *scan, const char *path)
{
    for (size_t i = 0; i < scan->readable.count; i++)
        if (strcmp(scan->readable.items[i], path) == 0)
            return true;
    return false;
}

/* All volumes of the image: a chain may reach from one into another. */
static int add_chain_in_image(hvchain_scan *scan, const char *file)
{
    struct image_path within;
    int r = image_path_parse(&within, file);

    if (r < 0)
        return r;
    CLEANUP_FREE char *image = realpath(within.image, NULL);
    CLEANUP_FREE char *path =
        image ? string_printf("%s%s/%s", image, within.volume, within.inner) : NULL;
    image_path_free(&within);
    r = path ? string_list_add(&scan->report->report.subjects, text_valid(path)) : -ENOMEM;
    scan->report->report.view = REPORT_CHAIN;
    return r < 0 ? r : add_evidence(scan, NULL, file, host_add_image_of);
}

int hvchain_scan_add_chain_of(hvchain_scan *scan, const char *file)
{
    if (!scan->report)
        return -EINVAL;
    CLEANUP_FREE char *path = realpath(file, NULL);
    if (!path)
        return errno == ENOENT || errno == ENOTDIR ? add_chain_in_image(scan, file) : -errno;
    int r = string_list_add(&scan->report->report.subjects, text_valid(path));
    scan->report->report.view = REPORT_CHAIN;
    char *slash = strrchr(path, '/');
    slash[slash == path] = '\0';
    return r < 0 || is_named(scan, path) ? r : hvchain_scan_add_path(scan, NULL, path);
}

void hvchain_scan_set_inspect(hvchain_scan *scan)
{
    if (scan->report)
        scan->report->report.view = REPORT_INSPECT;
}

/* Evidence is printed with links resolved; so is what lies below a folder of it. What is no folder
 * here is a volume of the host. */
int hvchain_scan_add_free_space(hvchain_scan *scan, const char *volume, uint64_t bytes)
{
    char *resolved = realpath(volume, NULL);
    char *kept = resolved ? resolved : text_valid(volume);
    struct plan_free *slot = kept ? vector_push(&scan->free_space) : NULL;

    if (!slot) {
        free(kept);
        return -ENOMEM;
    }
    *slot = (struct plan_free){kept, bytes};
    return 0;
}

int hvchain_scan_set_compare_with(hvchain_scan *scan, const char *file)
{
    if (!scan->report)
        return -EINVAL;
    earlier_free(&scan->earlier);
    int r = earlier_read(&scan->earlier, file);
    scan->compare = r == 0;
    return r;
}

void hvchain_scan_set_timeline(hvchain_scan *scan, int on)
{
    if (scan->report)
        scan->report->report.timeline = on != 0;
}

void hvchain_scan_set_shadow_copies(hvchain_scan *scan, int on)
{
    if (scan->report)
        scan->report->report.shadow_copies = on != 0;
}

void hvchain_scan_set_progress(hvchain_scan *scan, hvchain_progress *progress, void *user)
{
    scan->options.progress = progress;
    scan->options.progress_user = user;
}

void hvchain_scan_set_sandbox(hvchain_scan *scan, int on)
{
    scan->sandbox = on != 0;
}

int hvchain_scan_open_output(const hvchain_scan *scan, const char *path)
{
    int fd = -1;
    int r = os_output_open(path, (const char *const *)scan->readable.items, scan->readable.count,
                           &fd);

    return r < 0 ? r : fd;
}

/* The clock as the report shows it, or NULL. */
static char *time_now(void)
{
    char text[WHEN_TEXT_SIZE];
    struct timespec now;

    if (clock_gettime(CLOCK_REALTIME, &now) < 0)
        return NULL;
    return strdup(when_format(when_from_timespec(now), WHEN_MILLISECONDS, text));
}

/* The lines of hvchain_report_error(). */
static int collect_errors(hvchain_report *report)
{
    const struct host *host = &report->report.host;
    int r = 0;

    for (size_t i = 0; i < host->evidence.count; i++) {
        const string_list *errors = &host->evidence.items[i].errors;
        for (size_t n = 0; r == 0 && n < errors->count; n++)
            r = string_list_add(&report->errors, text_printable(errors->items[n]));
    }
    char *witness = r == 0 ? report_absent_witness(&report->report, &r) : NULL;
    return witness ? string_list_add(&report->errors, witness) : r;
}

/* 0, or -ENODATA when nothing could be read at all. */
static int inspect_evidence(struct report *report, const struct host_options *options)
{
    enum severity worst = SEVERITY_OK;
    int r = host_open_images(&report->host, options);

    for (size_t i = 0; r == 0 && i < report->host.evidence.count; i++) {
        const struct host_evidence *evidence = &report->host.evidence.items[i];
        size_t before = report->inspections.count;
        if (!evidence->volume)
            continue;
        r = inspect_volume(&report->inspections, evidence->volume,
                           evidence->within.image ? &evidence->within : NULL);
        if (r == 0 && report->inspections.count == before)
            r = host_judge_within(&report->host, i);
    }
    for (size_t i = 0; i < report->inspections.count; i++) {
        enum severity severity = inspection_worst(&report->inspections.items[i]);
        worst = severity > worst ? severity : worst;
    }
    report->verdict.summary.worst = worst;
    return r < 0 || report->inspections.count > 0 ? r : -ENODATA;
}

/*
 * The order matters: the spawner of workers has to be there before the right to start programs is
 * given up, and that has to happen before threads and the first byte of evidence.
 */
static int enter_sandbox(const hvchain_scan *scan, hvchain_report *report)
{
    size_t count = 0;
    CLEANUP_FREE const char **paths =
        calloc(scan->readable.count + scan->beside.count + 1, sizeof(*paths));

    if (!paths)
        return -ENOMEM;
    for (size_t i = 0; i < scan->readable.count; i++)
        paths[count++] = scan->readable.items[i];
    for (size_t i = 0; i < scan->beside.count; i++)
        paths[count++] = scan->beside.items[i];
    events_prepare();
    sandbox_enter(paths, count, &report->report.sandbox);
    return 0;
}

static int scan_host(const hvchain_scan *scan, hvchain_report *report,
                     struct host_options *options)
{
    int r = workers_start(&options->workers);

    if (r < 0)
        r = string_list_add(&report->errors, string_printf("libraries are not asked: their process "
                                                      "can't be started: %s",
                                                      strerror(-r)));
    if (r == 0 && scan->sandbox)
        r = enter_sandbox(scan, report);
    if (r == 0 && report->report.view == REPORT_INSPECT)
        return inspect_evidence(&report->report, options);
    return r == 0 ? host_scan(&report->report.host, options) : r;
}

static int make_plans(const hvchain_scan *scan, struct report *report, struct workers *workers)
{
    struct plan_options options = scan->plan;

    if (report->view != REPORT_PLAN)
        return 0;
    options.workers = scan->options.witness == WITNESS_NEVER ? NULL : workers;
    options.free = scan->free_space.items;
    options.free_count = scan->free_space.count;
    options.progress = scan->options.progress;
    options.progress_user = scan->options.progress_user;
    return plan_make(&report->plans, &report->host, &report->verdict, &options);
}

static int compare(const hvchain_scan *scan, struct report *report)
{
    if (!scan->compare)
        return 0;
    report->compared = true;
    report->compared_with = scan->earlier.finished ? strdup(scan->earlier.finished) : NULL;
    if (scan->earlier.finished && !report->compared_with)
        return -ENOMEM;
    return compare_reports(&report->changes, &scan->earlier, &report->host, &report->verdict);
}

int hvchain_scan_run(hvchain_scan *scan, hvchain_report **report)
{
    hvchain_report *made = STEAL(scan->report);

    *report = NULL;
    if (!made)
        return -EINVAL;
    made->report.started = time_now();
    struct host_options options = scan->options;
    options.keys = &scan->keys;
    int read = scan_host(scan, made, &options);
    int r = read == -ENODATA ? 0 : read;
    if (r == 0 && made->report.view != REPORT_INSPECT)
        r = verdict_make(&made->report.verdict, &made->report.host);
    if (r == 0)
        r = diagnose(&made->report.diagnoses, &made->report.host, &made->report.verdict,
                     made->report.view == REPORT_DIAGNOSES);
    if (r == 0)
        r = make_plans(scan, &made->report, options.workers);
    if (r == 0)
        r = compare(scan, &made->report);
    if (r == 0 && made->report.shadow_copies)
        r = look_back(&made->report, &options);
    if (r == 0 && made->report.view == REPORT_CHAIN && read == 0)
        r = report_choose_chains(&made->report);
    if (r == 0 || r == -ENOENT) {
        int collected = collect_errors(made);
        r = collected < 0 ? collected : r;
    }
    host_close_volumes(&made->report.host);
    workers_stop(options.workers);
    bitlocker_keys_free(&scan->keys);
    made->report.finished = time_now();
    if (r < 0 && r != -ENOENT) {
        hvchain_report_free(made);
        return r;
    }
    *report = made;
    return r < 0 ? r : read;
}

void hvchain_report_free(hvchain_report *report)
{
    if (!report)
        return;
    report_free(&report->report);
    string_list_free(&report->errors);
    free(report);
}

enum hvchain_severity hvchain_report_worst(const hvchain_report *report)
{
    return (enum hvchain_severity)report->report.verdict.summary.worst;
}

const char *hvchain_report_error(const hvchain_report *report, size_t index)
{
    return index < report->errors.count ? report->errors.items[index] : NULL;
}

int hvchain_report_print(const hvchain_report *report, const char *format,
                         const struct hvchain_style *style, hvchain_sink *sink, void *user)
{
    struct report_style inner = {
        .width = style && style->width > 0 ? style->width : 80,
        .colour = style && style->colour,
        .unicode = style && style->unicode,
    };

    return report_print(&report->report, format, &inner, sink, user);
}

const char *const *hvchain_report_formats(void)
{
    return report_formats();
}

const char *hvchain_severity_name(enum hvchain_severity severity)
{
    bool known = severity >= HVCHAIN_OK && severity <= HVCHAIN_DATA_LOSS_RISK;

    return known ? severity_name((enum severity)severity) : NULL;
}
