/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The parts of the page for browsers, and how text gets into it safely. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "report/output.h"
#include "report/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Text of elements and of quoted attributes: everything that could mean something is escaped, and
 * what can't be printed becomes visible. The only way for text from evidence into the page. */
void html_text(struct output *, const char *text);
/* "<td>TEXT</td>"; NULL is empty. */
void html_cell(struct output *, const char *text);
/* The same for paths, which are broken behind a separator, or anywhere if they have none. */
void html_path_cell(struct output *, const char *path);
/* A cell that sorts by the number and shows it as 2.1 MiB. */
void html_bytes_cell(struct output *, uint64_t bytes);
/* A cell that sorts by the time; 0 is empty. */
void html_time_cell(struct output *, filetime);
/* "<td class=ok>active</td>" … sorted by severity. */
void html_severity_cell(struct output *, enum severity, const char *text);
/* Opens a table; its heads, NULL-terminated. One that sorts can be filtered, too. */
void html_open_table(struct output *, bool sorts, const char *const *heads);
void html_close_table(struct output *);

/* One tree of disks as SVG: the indexes are in order of path, each once. */
void html_tree(struct output *, const struct report *, const size_t *disks, size_t count);
/* What the shapes of trees mean. */
void html_legend(struct output *);
void html_timeline(struct output *, const struct report *);
/* Each plan, to be ticked off on paper. */
void html_plans(struct output *, const struct report *);
/* Each machine with its tree. */
void html_machines(struct output *, const struct report *);
void html_disks(struct output *, const struct report *);
/* What changed since an earlier report, if one was given. */
void html_changes(struct output *, const struct report *);
void html_shadows(struct output *, const struct report *);
/* "TITLE" and a list; nothing when the list is empty. The element is "span" or "code". */
void html_strings(struct output *, const char *title, const string_list *, const char *element);

/* The content of the only <style> and <script>, and their digests for the page's own policy. */
extern const char html_style[], html_script[], html_policy[];

#endif
