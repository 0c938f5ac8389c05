/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * libhvchain: finds the virtual disks on a Hyper-V host's evidence, rebuilds their chains and says
 * which of them Hyper-V no longer tracks. It never writes to evidence.
 *
 * Use: hvchain_scan_new(), name evidence, hvchain_scan_run(), print or ask the report, free both.
 * An object belongs to one thread at a time; different objects are independent. Strings are UTF-8;
 * paths of evidence are bytes as the operating system takes them. Functions that return int give 0
 * or a negative errno value.
 */
#ifndef HVCHAIN_HVCHAIN_H
#define HVCHAIN_HVCHAIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define HVCHAIN_PUBLIC
#else
#define HVCHAIN_PUBLIC __attribute__((visibility("default")))
#endif

typedef struct hvchain_scan hvchain_scan;
typedef struct hvchain_report hvchain_report;

/* Severity of a finding, a disk or a whole report; each is worse than the one before. */
enum hvchain_severity {
    HVCHAIN_OK,
    HVCHAIN_INFO,
    HVCHAIN_WARNING,
    HVCHAIN_PROBLEM,
    HVCHAIN_DATA_LOSS_RISK,
};

/* When libvhdi is asked as second witness: every differencing disk and every disk with a finding;
 * every disk; none. */
enum hvchain_witness { HVCHAIN_WITNESS_AUTO, HVCHAIN_WITNESS_ALWAYS, HVCHAIN_WITNESS_NEVER };

/* The version of the library, such as "0.1.0". Static. */
HVCHAIN_PUBLIC const char *hvchain_version(void);

/* A new scan without evidence. 0 or -ENOMEM. Free with hvchain_scan_free(). */
HVCHAIN_PUBLIC int hvchain_scan_new(hvchain_scan **scan);
HVCHAIN_PUBLIC void hvchain_scan_free(hvchain_scan *scan); /* NULL is fine */

/*
 * Names a folder (or a single file) as evidence. `host` is the cluster node or storage that it
 * belongs to, NULL or "" for the one unnamed host. A path that can't be opened is kept as evidence
 * with an error; the run fails only when nothing could be read. 0 or -ENOMEM.
 */
HVCHAIN_PUBLIC int hvchain_scan_add_path(hvchain_scan *scan, const char *host, const char *path);

/* Names an inventory: JSON of Get-VMHardDiskDrive, as further evidence of what is tracked. */
HVCHAIN_PUBLIC int hvchain_scan_add_inventory(hvchain_scan *scan, const char *host,
                                              const char *path);

/* Names a log, or a folder of logs: event logs (.evtx) and logs of backup products, found by
 * content. Logs on the other evidence are found by themselves. */
HVCHAIN_PUBLIC int hvchain_scan_add_events(hvchain_scan *scan, const char *host, const char *path);

/* What the report is to be about: everything; events alone; events and what they tell of failures.
 * In the last two, files named as evidence are logs. Call after all evidence was named. */
enum hvchain_subject { HVCHAIN_EVERYTHING, HVCHAIN_EVENTS, HVCHAIN_DIAGNOSES };
HVCHAIN_PUBLIC void hvchain_scan_set_subject(hvchain_scan *scan, enum hvchain_subject subject);

/* Tells where a drive or share is mounted: "D:\=/mnt/d". -EINVAL when the text has no such form. */
HVCHAIN_PUBLIC int hvchain_scan_add_map(hvchain_scan *scan, const char *map);

/* What a text is that holds secrets for encrypted volumes (BitLocker), in UTF-8 or UTF-16. */
enum hvchain_secret {
    HVCHAIN_RECOVERY_KEYS, /* 48-digit keys anywhere in it: a list, a file that Windows saved … */
    HVCHAIN_PASSWORDS,     /* a password on each line; those that start with '#' don't count */
    HVCHAIN_PASSWORD,      /* it is one password, in UTF-8 */
};
/*
 * Gives secrets with which encrypted volumes in images may be unlocked. They are copied, kept only
 * until the run is over, then wiped, and in no report or message. The number of secrets found;
 * -EINVAL when one is mistyped or too long, in line *line (0: there are no lines), or after the
 * run; -EFBIG when there are too many; -ENOMEM.
 */
HVCHAIN_PUBLIC int hvchain_scan_add_secrets(hvchain_scan *scan, enum hvchain_secret kind,
                                            const void *text, size_t size, size_t *line);

HVCHAIN_PUBLIC void hvchain_scan_set_witness(hvchain_scan *scan, enum hvchain_witness witness);

/* Threads that read disks; 0 = one per processor. The report does not depend on it. */
HVCHAIN_PUBLIC void hvchain_scan_set_threads(hvchain_scan *scan, unsigned threads);

/*
 * Makes a report of plans: for each chain or orphan with something to clean up, the merges, their
 * exact cost and what forbids them. `vm` is the name or identifier of the only VM, NULL for all.
 * With `compare` the data is read, too. 0 or -ENOMEM; -EINVAL after the run.
 */
HVCHAIN_PUBLIC int hvchain_scan_set_plan(hvchain_scan *scan, const char *vm, int compare);
/*
 * States the free space of a volume, for plans: as its host names it ("D:", "D:\", a mount point,
 * "\\?\Volume{GUID}\", a cluster volume, a share), or a folder of the evidence below which its
 * files lie. 0 or -ENOMEM.
 */
HVCHAIN_PUBLIC int hvchain_scan_add_free_space(hvchain_scan *scan, const char *volume,
                                               uint64_t bytes);

/*
 * Makes a report of chains: those that contain the file, leaf to base. Its folder becomes evidence;
 * name further folders in which layers may lie with hvchain_scan_add_path(). 0; -EINVAL after the
 * run; -ENOENT, -EACCES … when there is no such file; -ENOMEM.
 */
HVCHAIN_PUBLIC int hvchain_scan_add_chain_of(hvchain_scan *scan, const char *file);

/* Makes a report of the files named as evidence, each on its own: everything known about it. */
HVCHAIN_PUBLIC void hvchain_scan_set_inspect(hvchain_scan *scan);

/*
 * Makes the report of a scan also tell what changed since an earlier one, whose JSON is in the
 * file. 0; -EBADMSG when the file is no such report; -EFBIG, -ENOENT, -EACCES …; -EINVAL after the
 * run; -ENOMEM. The file is read at once.
 */
HVCHAIN_PUBLIC int hvchain_scan_set_compare_with(hvchain_scan *scan, const char *file);

/* Whether text shows what the change journal tells; JSON always has it. Off by default. */
HVCHAIN_PUBLIC void hvchain_scan_set_timeline(hvchain_scan *scan, int on);
/* Whether shadow copies on NTFS volumes in images are scanned, too, and what changed between them
 * is told. They do not change the verdict on the host as it is now. */
HVCHAIN_PUBLIC void hvchain_scan_set_shadow_copies(hvchain_scan *scan, int on);

/* What the report shows as run.arguments. Copied. 0 or -ENOMEM. */
HVCHAIN_PUBLIC int hvchain_scan_set_arguments(hvchain_scan *scan, size_t count,
                                              const char *const *arguments);

/* Called from the calling thread during the run, several times a second; total 0 = not known. */
typedef void hvchain_progress(void *user, const char *stage, uint64_t done, uint64_t total);
HVCHAIN_PUBLIC void hvchain_scan_set_progress(hvchain_scan *scan, hvchain_progress *progress,
                                              void *user);

/*
 * Lets the process give up the right to write, to execute and to use the network as soon as
 * hvchain_scan_run() is called (Landlock, seccomp). It can't be taken back: for programs whose
 * only work is this scan, called before they start threads. Off by default.
 */
HVCHAIN_PUBLIC void hvchain_scan_set_sandbox(hvchain_scan *scan, int on);

/*
 * Opens a file for output and refuses one inside the evidence, also through links or other names
 * of it: a descriptor, or -EPERM, or other negative errno. Call before hvchain_scan_run().
 */
HVCHAIN_PUBLIC int hvchain_scan_open_output(const hvchain_scan *scan, const char *path);

/*
 * Reads the evidence and judges it. 0; -ENODATA when nothing at all could be read (*report is set
 * all the same and says why); -ENOENT when there is no VM of the plan's name or no such file of a
 * chain (*report is set, and its errors may say more); -ENOMEM. Evidence that was read only in part
 * is no error: see hvchain_report_error(). A scan runs once: afterwards this and all that names evidence or
 * arguments gives -EINVAL.
 */
HVCHAIN_PUBLIC int hvchain_scan_run(hvchain_scan *scan, hvchain_report **report);

HVCHAIN_PUBLIC void hvchain_report_free(hvchain_report *report); /* NULL is fine */

/* The worst severity of all findings and disks. */
HVCHAIN_PUBLIC enum hvchain_severity hvchain_report_worst(const hvchain_report *report);

/* Lines on what could not be read or used, safe to print; NULL when index is behind the last.
 * Borrowed. */
HVCHAIN_PUBLIC const char *hvchain_report_error(const hvchain_report *report, size_t index);

/* How text is to look; other formats don't care. */
struct hvchain_style {
    unsigned width; /* columns; 0 = 80 */
    int colour;     /* terminal colours */
    int unicode;    /* draw trees with box characters, else ASCII */
};

/* Takes the next bytes of a printing; 0, or a negative errno that ends it. */
typedef int hvchain_sink(void *user, const void *bytes, size_t length);

/* Prints the report as "json", "ndjson", "text" …; style NULL = plain. -EINVAL: no such format. */
HVCHAIN_PUBLIC int hvchain_report_print(const hvchain_report *report, const char *format,
                                        const struct hvchain_style *style, hvchain_sink *sink,
                                        void *user);
/* The names of all formats, NULL-terminated. Static. */
HVCHAIN_PUBLIC const char *const *hvchain_report_formats(void);

/* "ok", "info", "warning", "problem", "data-loss-risk"; NULL for another number. Static. */
HVCHAIN_PUBLIC const char *hvchain_severity_name(enum hvchain_severity severity);

#ifdef __cplusplus
}
#endif

#endif
