/* SPDX-License-Identifier: LGPL-3.0-or-later */
#ifndef API_LOOK_BACK_H
#define API_LOOK_BACK_H

#include "host/host.h"
#include "report/report.h"

/*
 * Scans and judges the host as it was in its shadow copies, one point in time after the other, and
 * compares each with the next. The host of today and its verdict stay as they are, apart from the
 * copies' evidence. 0 or -ENOMEM.
 */
int look_back(struct report *, const struct host_options *);

#endif
