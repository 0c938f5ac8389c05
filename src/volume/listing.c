/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "volume/listing.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    struct listing *listing;
    const char *most; /* of the steps kept, once a batch was cut; what is behind it is for later */
    struct strbuf step;
};

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(struct listing *listing)
{
    if (listing->steps.count > 0)
        qsort(listing->steps.items, listing->steps.count, sizeof(char *), compare);
}

/* Keeps the first LISTING_BATCH of the steps. */
static void cut(struct reading *reading)
{
    struct listing *listing = reading->listing;

    sort(listing);
    while (listing->steps.count > LISTING_BATCH)
        free(listing->steps.items[--listing->steps.count]);
    reading->most = listing->steps.items[LISTING_BATCH - 1];
    listing->more = true;
}

static int add(struct reading *reading, const char *name, const char *suffix)
{
    struct listing *listing = reading->listing;

    strbuf_clear(&reading->step);
    strbuf_append(&reading->step, name);
    strbuf_append(&reading->step, suffix);
    if (reading->step.failed)
        return -ENOMEM;
    if (listing->last && strcmp(reading->step.text, listing->last) <= 0)
        return 0;
    if (reading->most && strcmp(reading->step.text, reading->most) > 0)
        return 0;
    char *copy = strdup(reading->step.text);
    char **slot = copy ? vector_push(&listing->steps) : NULL;
    if (!slot) {
        free(copy);
        return -ENOMEM;
    }
    *slot = copy;
    if (listing->steps.count == 2 * LISTING_BATCH)
        cut(reading);
    return 0;
}

static int add_name(void *user, const char *name, bool is_folder)
{
    int r = add(user, name, "");

    return r == 0 && is_folder ? add(user, name, "/") : r;
}

/* Leaves nothing but the last step that was given out. */
static void forget(struct listing *listing)
{
    if (listing->steps.count > 0) {
        free(listing->last);
        listing->last = listing->steps.items[--listing->steps.count];
    }
    while (listing->steps.count > 0)
        free(listing->steps.items[--listing->steps.count]);
    listing->next = 0;
    listing->more = false;
}

int listing_read(struct listing *listing, const struct os_folder *folder)
{
    struct reading reading = {.listing = listing};

    forget(listing);
    int r = os_folder_list(folder, add_name, &reading);
    sort(listing);
    strbuf_free(&reading.step);
    return r;
}

const char *listing_next(struct listing *listing)
{
    return listing->next < listing->steps.count ? listing->steps.items[listing->next++] : NULL;
}

void listing_free(struct listing *listing)
{
    while (listing->steps.count > 0)
        free(listing->steps.items[--listing->steps.count]);
    vector_free(&listing->steps);
    free(listing->last);
    *listing = (struct listing){0};
}
