/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What the registry says of the hosts: who they are, in one line each. */
#include "report/text_sections.h"

#include "base/strbuf.h"

#include <errno.h>

/* The first of the host's hives that says it counts. */
struct identity {
    const char *computer_name, *windows, *time_zone;
    uint32_t build;
};

static struct identity identity_of(const struct host *host, size_t node)
{
    struct identity who = {0};

    for (size_t i = 0; i < host->hives.count; i++) {
        const struct hive_facts *facts = &host->hives.items[i].facts;
        if (host->evidence.items[host->hives.items[i].evidence].node != node)
            continue;
        who.computer_name = who.computer_name ? who.computer_name : facts->computer_name;
        who.windows = who.windows ? who.windows : facts->product_name;
        who.build = who.build ? who.build : facts->build;
        who.time_zone = who.time_zone ? who.time_zone : facts->time_zone;
    }
    return who;
}

static void put_host(struct page *page, const struct identity *who)
{
    struct strbuf line = {0};

    strbuf_append(&line, who->computer_name ? who->computer_name : "name unknown");
    if (who->windows)
        strbuf_printf(&line, ", %s", who->windows);
    if (who->build > 0)
        strbuf_printf(&line, ", build %u", who->build);
    if (who->time_zone)
        strbuf_printf(&line, ", %s", who->time_zone);
    if (line.failed)
        output_fail(page->out, -ENOMEM);
    page_paragraph(page, 0, "Host: ", strbuf_text(&line));
    strbuf_free(&line);
}

void text_hosts(struct page *page)
{
    const struct host *host = &page->report->host;

    for (size_t i = 0; i < host->nodes.count; i++) {
        const struct identity who = identity_of(host, i);
        if (who.computer_name || who.windows)
            put_host(page, &who);
    }
}
