/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The members of a change. */
#include "report/records.h"

size_t report_count_changes(const struct report *r)
{
    return r->changes.count;
}

void report_change_members(struct json_writer *w, const struct report *r, size_t index)
{
    const struct change *c = &r->changes.items[index];

    json_write_string(w, "kind", change_kind_name(c->kind));
    json_write_string(w, "subject", c->subject);
    report_put_vm(w, r, c->machine);
    json_write_string(w, "before", c->before);
    json_write_string(w, "after", c->after);
    json_write_string(w, "summary", c->summary);
    json_write_strings(w, "evidence", c->evidence.items, c->evidence.count);
    json_write_string(w, "confidence", confidence_name(c->confidence));
}
