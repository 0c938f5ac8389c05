/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * A host in a few lines of text, for tests of what follows from it. One thing per line:
 *
 *   list                              the host's list of machines was read
 *   node NAME [shared]                what follows belongs to this host, or storage of several
 *   disk PATH [words]                 a whole disk, or with parent=PATH a differencing one
 *       parent=PATH   relative_path and linkage of that disk
 *       linkage=N     another linkage than the parent's identifier
 *       abs=PATH      absolute_win32_path; norel: no relative_path
 *       id=N vid=N    DataWriteGuid and VirtualDiskId; by default id is the line's number, vid 1000+
 *       blocks=N zero=N unmapped=N   states; by default a child has one allocated block
 *       time=MINUTES  when it was changed
 *       corrupt unopened dirty hrl vhds ntfs
 *   vm NAME [words] drive=PATH …      registered unless: unlisted, unknown, planned
 *       saved replica pending unreadable
 *   cp NAME drive=PATH …              a checkpoint of the last vm
 *   event KIND [words]                something that a log says, in the order of the lines
 *       vm=NAME code=HEX inner=HEX time=MINUTES text=WORD
 *       disk=PATH …  names that disk; Name=VALUE … further data, the name in upper case
 *       line: of a text, not a record
 *   log CHANNEL [from=MINUTES]        that event log is on the evidence, and reaches back to then
 *   writers N [failed]                the list of VSS writers was printed
 *   services N                        tasklist: EventSystem shares its process with N others
 *   hive [words]                      the registry of the host; each word is a hive of its own
 *       logon=yes|no|denied           SECURITY: the machines' right to log on as a service
 *       policy=yes|no                 the same in a security template
 *       timeout=MS|default|text       SOFTWARE: CreateTimeout
 *       build=N typelib=right|wrong   SOFTWARE
 *       service=own|share|unsplit     SYSTEM: EventSystem; unsplit: SvcHostSplitDisable
 *       written=MINUTES               when the key of the word before was changed
 *
 * Paths are below /e; drives are recorded as C:\e\… unless they hold a backslash themselves.
 */
#ifndef TESTS_CHAIN_MODEL_H
#define TESTS_CHAIN_MODEL_H

#include "host/host.h"

void model_make(struct host *, const char *const *lines, size_t count);
/* Index of a disk by its path below /e; fails the test when there is none. */
size_t model_disk(const struct host *, const char *path);

#endif
