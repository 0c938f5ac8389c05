/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What of a hive is asked for, and what the answers mean. */
#include "event/hive_questions.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOUNT_MAX 1024 /* bytes of one entry of MountedDevices; the longest are device paths */

bool hive_item_is(const struct hive_item *item, const char *name)
{
    return text_compare_folded(item->name, name) == 0;
}

/* ---- values ---- */

struct hive_number hive_item_number(const struct hive_item *item)
{
    struct hive_number number = {.present = true, .type = item->type};

    if (item->type == HIVE_DWORD && item->size == 4)
        number.value = load_le32(item->data);
    else if (item->type == HIVE_DWORD)
        number.type = HIVE_BINARY; /* of a wrong size: no number */
    return number;
}

/* What Windows takes the text for: up to the first NUL. Leaves *to alone when it is none. */
static int take_text(char **to, const struct hive_item *item)
{
    size_t size = 0;

    if ((item->type != HIVE_SZ && item->type != HIVE_EXPAND_SZ) || *to)
        return 0;
    while (size + 2 <= item->size && load_le16(item->data + size) != 0)
        size += 2;
    CLEANUP_FREE char *text = text_from_utf16le(item->data, size, NULL);
    *to = text ? text_printable(text) : NULL;
    return *to ? 0 : -ENOMEM;
}

/* ---- what the items mean ---- */

static int take_computer_name(struct hive_facts *facts, const struct hive_item *item)
{
    return take_text(&facts->computer_name, item);
}

/* The order is that of the kernel's TIME_FIELDS, with the weekday last: not that of SYSTEMTIME. */
static struct zone_date zone_date_of(const struct hive_item *item)
{
    const uint8_t *words = item->data;

    if (item->type != HIVE_BINARY || item->size < 16 || load_le16(words) != 0) /* one year only */
        return (struct zone_date){0};
    return (struct zone_date){
        .month = load_le16(words + 2),
        .week = load_le16(words + 4),
        .hour = load_le16(words + 6),
        .minute = load_le16(words + 8),
        .second = load_le16(words + 10),
        .weekday = load_le16(words + 14),
    };
}

static const struct {
    const char *name;
    size_t place;
} biases[] = {
    {"Bias", offsetof(struct time_zone, bias)},
    {"StandardBias", offsetof(struct time_zone, standard_bias)},
    {"DaylightBias", offsetof(struct time_zone, daylight_bias)},
};

static void take_bias(struct hive_facts *facts, const struct hive_item *item)
{
    struct hive_number number = hive_item_number(item);
    int32_t minutes = (int32_t)number.value;

    if (number.type != HIVE_DWORD || minutes < -ZONE_BIAS_MAX || minutes > ZONE_BIAS_MAX)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(biases); i++)
        if (hive_item_is(item, biases[i].name)) {
            memcpy((char *)&facts->zone + biases[i].place, &minutes, sizeof(minutes));
            facts->has_zone = facts->has_zone || i == 0;
        }
}

static int take_time_zone(struct hive_facts *facts, const struct hive_item *item)
{
    if (hive_item_is(item, "TimeZoneKeyName"))
        return take_text(&facts->time_zone, item);
    if (hive_item_is(item, "StandardStart"))
        facts->zone.standard_begins = zone_date_of(item);
    else if (hive_item_is(item, "DaylightStart"))
        facts->zone.daylight_begins = zone_date_of(item);
    else
        take_bias(facts, item);
    return 0;
}

static int take_split_threshold(struct hive_facts *facts, const struct hive_item *item)
{
    facts->split_threshold = hive_item_number(item);
    return 0;
}

/* "…\svchost.exe -k LocalService -p": the word behind -k; *group stays NULL without one. */
static int service_group(const char *path, char **group)
{
    const char *option = path ? strcasestr(path, "svchost.exe") : NULL;

    *group = NULL;
    option = option ? strcasestr(option, " -k ") : NULL;
    if (!option)
        return 0;
    option += 4;
    option += strspn(option, " ");
    size_t length = strcspn(option, " \"");
    *group = length > 0 ? strndup(option, length) : NULL;
    return length == 0 || *group ? 0 : -ENOMEM;
}

static int take_eventsystem(struct hive_facts *facts, const struct hive_item *item)
{
    if (hive_item_is(item, "Type"))
        facts->eventsystem_type = hive_item_number(item);
    else if (hive_item_is(item, "Start"))
        facts->eventsystem_start = hive_item_number(item);
    else if (hive_item_is(item, "SvcHostSplitDisable"))
        facts->eventsystem_split_disable = hive_item_number(item);
    else if (hive_item_is(item, "ImagePath") && !facts->eventsystem_path)
        return take_text(&facts->eventsystem_path, item) < 0
                   ? -ENOMEM
                   : service_group(facts->eventsystem_path, &facts->eventsystem_group);
    return 0;
}

static int take_service(struct hive_facts *facts, const struct hive_item *item)
{
    if (!facts->eventsystem_group || hive_item_is(item, "EventSystem"))
        return 0;
    CLEANUP_FREE char *path = NULL;
    CLEANUP_FREE char *group = NULL;
    if (take_text(&path, item) < 0 || service_group(path, &group) < 0)
        return -ENOMEM;
    if (!group || text_compare_folded(group, facts->eventsystem_group) != 0)
        return 0;
    char **peer = vector_push(&facts->eventsystem_peers);
    if (!peer)
        return -ENOMEM;
    *peer = text_printable(item->name);
    return *peer ? 0 : -ENOMEM;
}

static int take_mount(struct hive_facts *facts, const struct hive_item *item)
{
    if (item->type != HIVE_BINARY || item->size == 0 || item->size > MOUNT_MAX)
        return 0;
    struct hive_mount *mount = vector_push(&facts->mounts);
    if (!mount)
        return -ENOMEM;
    mount->name = text_printable(item->name);
    mount->bytes = malloc(item->size);
    if (!mount->name || !mount->bytes)
        return -ENOMEM;
    memcpy(mount->bytes, item->data, item->size);
    mount->size = item->size;
    return 0;
}

static int take_product(struct hive_facts *facts, const struct hive_item *item)
{
    return take_text(&facts->product_name, item);
}

static int take_build(struct hive_facts *facts, const struct hive_item *item)
{
    CLEANUP_FREE char *text = NULL;
    int r = take_text(&text, item);
    unsigned long build = text ? strtoul(text, NULL, 10) : 0;

    facts->build = build <= UINT32_MAX ? (uint32_t)build : 0;
    return r;
}

static int take_create_timeout(struct hive_facts *facts, const struct hive_item *item)
{
    facts->create_timeout = hive_item_number(item);
    return 0;
}

/* The class of VSS writers' events; its key's name goes on with two more GUIDs. */
#define WRITER_EVENT_CLASS "{FAF53CC4-BD73-4E36-83F1-2B23F46E513E}"

static int take_event_class(struct hive_facts *facts, const struct hive_item *item)
{
    if (strncasecmp(item->name, WRITER_EVENT_CLASS, sizeof(WRITER_EVENT_CLASS) - 1) != 0 ||
        item->type == REGF_NO_VALUE)
        return 0;
    facts->event_classes.type = item->type;
    return take_text(&facts->event_classes.text, item);
}

/* System access rights of an account (MS-LSAD 2.2.1.2). */
#define RIGHT_SERVICE_LOGON      0x10
#define RIGHT_DENY_SERVICE_LOGON 0x200

static int take_rights(struct hive_facts *facts, const struct hive_item *item)
{
    uint32_t rights = item->size >= 4 ? load_le32(item->data) : 0;

    facts->logon_right = item->size < 4                      ? LOGON_RIGHT_UNKNOWN
                         : rights & RIGHT_DENY_SERVICE_LOGON ? LOGON_RIGHT_DENIED
                         : rights & RIGHT_SERVICE_LOGON      ? LOGON_RIGHT_GRANTED
                                                             : LOGON_RIGHT_MISSING;
    return 0;
}

/* ---- what is asked ---- */

static void take_spp_key(struct hive_facts *facts, const struct regf_answer *answer)
{
    facts->has_spp_key = answer->key_found;
    facts->spp_written = answer->written;
}

/* Accounts without any right have no key: its absence from a list that is there is an answer. */
static void take_accounts_key(struct hive_facts *facts, const struct regf_answer *answer)
{
    if (answer->key_found && !answer->incomplete)
        facts->logon_right = LOGON_RIGHT_MISSING;
}

static void take_rights_key(struct hive_facts *facts, const struct regf_answer *answer)
{
    if (answer->incomplete)
        facts->logon_right = LOGON_RIGHT_UNKNOWN;
}

const struct hive_question hive_questions[] = {
    {HIVE_SYSTEM, REGF_VALUE, "*\\Control\\ComputerName\\ComputerName", "ComputerName",
     take_computer_name, NULL},
    {HIVE_SYSTEM, REGF_VALUES, "*\\Control\\TimeZoneInformation", "", take_time_zone, NULL},
    {HIVE_SYSTEM, REGF_VALUE, "*\\Control", "SvcHostSplitThresholdInKB", take_split_threshold,
     NULL},
    {HIVE_SYSTEM, REGF_VALUES, "*\\Services\\EventSystem", "", take_eventsystem, NULL},
    {HIVE_SYSTEM, REGF_SUBKEYS, "*\\Services", "ImagePath", take_service, NULL},
    {HIVE_SYSTEM, REGF_VALUES, "MountedDevices", "", take_mount, NULL},
    {HIVE_SOFTWARE, REGF_VALUE, "Microsoft\\Windows NT\\CurrentVersion", "ProductName",
     take_product, NULL},
    {HIVE_SOFTWARE, REGF_VALUE, "Microsoft\\Windows NT\\CurrentVersion", "CurrentBuild", take_build,
     NULL},
    {HIVE_SOFTWARE, REGF_VALUE, "Microsoft\\Windows NT\\CurrentVersion\\SPP", "CreateTimeout",
     take_create_timeout, take_spp_key},
    {HIVE_SOFTWARE, REGF_SUBKEYS,
     "Microsoft\\EventSystem\\{26c409cc-ae86-11d1-b616-00805fc79216}\\EventClasses", "TypeLib",
     take_event_class, NULL},
    {HIVE_SECURITY, REGF_SUBKEYS, "Policy\\Accounts", "", NULL, take_accounts_key},
    {HIVE_SECURITY, REGF_VALUE, "Policy\\Accounts\\S-1-5-83-0\\ActSysAc", "", take_rights,
     take_rights_key},
};

const size_t hive_question_count = ARRAY_SIZE(hive_questions);
