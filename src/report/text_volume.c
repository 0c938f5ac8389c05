/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Deleted files and the change journal of volumes in images. */
#include "report/text_sections.h"

#include "base/checked.h"
#include "volume/ntfs_volume.h"

#include <inttypes.h>

void text_traces(struct page *page)
{
    const struct host *host = &page->report->host;
    char size[BYTES_TEXT_SIZE], changed[WHEN_TEXT_SIZE], deleted[WHEN_TEXT_SIZE];

    if (host->traces.count == 0)
        return;
    page_heading(page, "DELETED FILES");
    for (size_t i = 0; i < host->traces.count; i++) {
        const struct host_trace *t = &host->traces.items[i];
        filetime gone = judge_deleted_when(host, t);
        page_line(page, 0, t->path);
        page_sentence(page, 4, "", "%s, record %" PRIu64 " of $MFT, last changed %s%s%s%s",
                      bytes_format(t->size, size), ntfs_volume_record_number(t->id),
                      t->changed ? when_format(t->changed, WHEN_SECONDS, changed) : "?",
                      gone ? ", deleted " : "",
                      gone ? when_format(gone, WHEN_SECONDS, deleted) : "",
                      t->path_is_full ? "" : ", upper part of the path lost");
    }
}

static const char *deed(uint32_t reason)
{
    static const struct {
        uint32_t reason;
        const char *word;
    } words[] = {
        {NTFS_USN_DELETED, "deleted"},
        {NTFS_USN_RENAMED_TO, "renamed to"},
        {NTFS_USN_RENAMED_FROM, "renamed from"},
        {NTFS_USN_CREATED, "created"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (reason & words[i].reason)
            return words[i].word;
    return "changed";
}

void text_timeline(struct page *page)
{
    const struct host *host = &page->report->host;
    char when[WHEN_TEXT_SIZE];

    if (!page->report->timeline)
        return;
    page_heading(page, "TIMELINE OF THE CHANGE JOURNAL");
    if (host->lives.count == 0)
        page_paragraph(page, 0, "", "No volume with a change journal tells of such files.");
    for (size_t i = 0; i < host->lives.count; i++) {
        const struct host_life *life = &host->lives.items[i];
        page_sentence(page, 0, "", "%s  %s",
                      when_format(life->time, WHEN_FILETIME, when), deed(life->reason));
        page_line(page, 4, life->path);
    }
}
