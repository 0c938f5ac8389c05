/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * What a parser has to say about a file, apart from its result: one note per broken rule, with
 * the place. Parsers never print.
 */
#ifndef BASE_NOTES_H
#define BASE_NOTES_H

#include <stddef.h>
#include <stdint.h>

enum severity {
    SEVERITY_OK,
    SEVERITY_INFO,    /* a fact worth knowing; never a finding */
    SEVERITY_WARNING, /* unusual, legal or repairable */
    SEVERITY_PROBLEM, /* a MUST of the format is broken */
    SEVERITY_DATA_LOSS_RISK,
};

/* "ok", "info", "warning", "problem", "data-loss-risk": the words of the report. */
const char *severity_name(enum severity);

#define NOTE_NO_OFFSET UINT64_MAX

struct note {
    enum severity severity;
    const char *rule; /* static: "VHDX-H2", "VMCX-HEADER-CHECKSUM" … */
    uint64_t offset;  /* in the file, or NOTE_NO_OFFSET */
    char *text;       /* one sentence without full stop, UTF-8 */
};

/* At most this many notes are kept of one file; the rest is counted in `dropped`. */
#define NOTES_MAX 64

struct notes {
    struct note *items;
    size_t count, capacity;
    size_t dropped;
};

/* `notes` may be NULL: nothing is kept then. Thread-safety: one thread per struct. */
void notes_add(struct notes *, enum severity, const char *rule, uint64_t offset,
               const char *format, ...) __attribute__((format(printf, 5, 6)));
enum severity notes_worst(const struct notes *);
/* The worst of those behind the first `from`: what one of several readers had to say. */
enum severity notes_worst_since(const struct notes *, size_t from);
/* True when a note of that rule is there. */
int notes_has(const struct notes *, const char *rule);
void notes_free(struct notes *);
#define notes_cleanup notes_free

#endif
