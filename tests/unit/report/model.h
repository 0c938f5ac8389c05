/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Models made by hand: what the printers are tried on. Everything is freed by report_free(). */
#ifndef TESTS_REPORT_MODEL_H
#define TESTS_REPORT_MODEL_H

#include "../testing.h"

#include "base/strbuf.h"
#include "report/report.h"

/* Elements are addressed by index: adding more may move them. */
size_t model_node(struct report *, const char *name);
size_t model_evidence(struct report *, const char *path, enum host_evidence_kind kind, size_t node);
size_t model_machine(struct report *, const char *name, const char *id);
size_t model_checkpoint(struct report *, size_t machine, const char *name, const char *id);
/* A drive of the machine, or of one of its checkpoints (HOST_NONE: of the machine itself). */
struct host_drive *model_drive(struct report *, size_t machine, size_t checkpoint,
                               const char *recorded, size_t disk);
/* A disk without facts; its size is `size`. */
size_t model_disk(struct report *, const char *path, uint64_t size, enum disk_class class);
/* Gives it the facts of a healthy VHDX. */
struct disk_facts *model_facts(struct report *, size_t disk, enum disk_kind kind);
/* Makes it a differencing disk whose parent was found. */
void model_parent(struct report *, size_t child, size_t parent);
/* Makes it a differencing disk whose parent was not. */
void model_lost_parent(struct report *, size_t child, const char *recorded);
struct chain *model_chain(struct report *, size_t machine, size_t leaf);
struct finding *model_finding(struct report *, const char *code, enum severity, size_t disk,
                              size_t machine, const char *subject);
void model_string(string_list *, const char *);
/* Counts what the summary says. Call last. */
void model_finish(struct report *);

/* A host with one of almost everything; see model.c. */
void model_full(struct report *);

/* A sink into a struct strbuf. */
int model_sink(void *strbuf, const void *bytes, size_t length);
/* The whole printing, never NULL; freed by the caller. */
char *model_print(const struct report *, const char *format, unsigned width, bool colour,
                  bool unicode);

#endif
