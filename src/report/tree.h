/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Chains drawn as a tree: the base at the left, each disk below the one that it was made on. */
#ifndef REPORT_TREE_H
#define REPORT_TREE_H

#include "report/page.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Draws the `count` disks (indexes in order of path, each once) and nothing else of the host.
 * `machine` says whose use of the disks is noted, or HOST_NONE.
 */
void tree_print(struct page *, const size_t *disks, size_t count, size_t machine);

#endif
