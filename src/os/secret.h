/* SPDX-License-Identifier: LGPL-3.0-or-later */
#ifndef OS_SECRET_H
#define OS_SECRET_H

#include <stddef.h>

/* From now on the memory of this process is in no core dump, and other programs of the same user
 * can't look into it. */
void secret_shield(void);

/*
 * Asks on the terminal of the process and reads one line, which is not shown. `answer` gets it
 * without its end and with a NUL; wipe it afterwards.
 * 0; -ENXIO and the like when there is no terminal; -EFBIG; -ENODATA the input ended; -EIO. A
 * signal that ends the program does so after the terminal is as it was.
 */
int secret_ask(const char *question, char *answer, size_t size);

#endif
