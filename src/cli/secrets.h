/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Keys of encrypted volumes: out of files or from the terminal, never from the command line. */
#ifndef CLI_SECRETS_H
#define CLI_SECRETS_H

#include "cli/run.h"

/* Reads what --recovery-key and --password name and hands it to the scan. False after a message,
 * in which there is nothing of a secret. */
bool secrets_add(hvchain_scan *, const struct run_settings *);

#endif
