/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Stands in for the second witness until that room is built: it is never there. */
#include "disk/witness.h"

__attribute__((weak)) enum witness_verdict witness_compare(struct workers *workers,
                                                           struct disk *disk, struct notes *notes)
{
    notes_add(notes, SEVERITY_INFO, "WITNESS-ABSENT", NOTE_NO_OFFSET,
              "libvhdi was not asked: this build has no witness");
    return WITNESS_UNAVAILABLE;
}
