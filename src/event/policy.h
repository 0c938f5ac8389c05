/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Security templates of group policies (MS-GPSB 2.2): GptTmpl.inf as a domain distributes it, and
 * the copies that a host caches as gpt*.inf.
 */
#ifndef EVENT_POLICY_H
#define EVENT_POLICY_H

#include "event/hive.h"

/*
 * Whom the template gives the right to log on as a service: facts of kind HIVE_POLICY with
 * nothing but logon_right set.
 * 0; -ENOMSG no security template; -ENOMEM, -EIO … Call hive_free() in every case.
 */
int policy_read(io_source *, struct hive_facts *, struct notes *);

#endif
