/* SPDX-License-Identifier: LGPL-3.0-or-later */
#ifndef OS_TERMINAL_H
#define OS_TERMINAL_H

#include <stdbool.h>

/* What a stream that people may be reading can show. */
struct terminal {
    bool interactive; /* a terminal, not a file or pipe */
    bool colour;      /* interactive, and the user has not said no (NO_COLOR, TERM=dumb) */
    bool utf8;        /* the locale's encoding */
    unsigned columns; /* from $COLUMNS, the terminal, or 80 */
};

/* Looks at the descriptor and the environment. */
void terminal_look(struct terminal *, int fd);

#endif
