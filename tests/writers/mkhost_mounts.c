/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* MountedDevices of a SYSTEM hive, which names the volumes of the recipe's images. */
#include "mkhost.h"

#include "hive_writer.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

#include <stdlib.h>
#include <string.h>

/* An MBR partition: signature of the disk and offset in bytes. One of a GPT: "DMIO:ID:" and the
 * partition's GUID. */
static size_t device_bytes(struct recipe *recipe, const char *volume, uint8_t bytes[24])
{
    size_t length = strcspn(volume, " ");
    CLEANUP_FREE char *name = strndup(volume, length);
    size_t number = strtoul(volume + length, NULL, 10);
    json_t *image = NULL, *found = volume_of_image(recipe, name, number, &image);

    if (!found)
        fail(recipe, "\"%s\" is no volume of an image", volume);
    if (flag_member(recipe, image, "gpt")) {
        struct guid id = partition_guid(name, number);
        memcpy(bytes, "DMIO:ID:", 8);
        guid_to_le(&id, bytes + 8);
        return 24;
    }
    store_le32(bytes,
               (uint32_t)strtoul(text_member(recipe, image, "signature", "0"), NULL, 16));
    store_le64(bytes + 4, size_member(recipe, found, "offset", 0));
    return 12;
}

/* "D:" is the drive letter, "volume D:" the GUID that stands for that drive in recorded paths. */
static char *value_name(const char *key)
{
    char text[GUID_TEXT_SIZE];

    if (strncmp(key, "volume ", 7) != 0)
        return string_printf("\\DosDevices\\%s", key);
    struct guid id = guid_of_kind("volume", key + 7);
    return string_printf("\\??\\Volume{%s}", guid_format(&id, text));
}

void put_mounted_devices(struct recipe *recipe, struct hive_writer *w, json_t *mounted)
{
    json_t *volume;
    const char *key;

    json_object_foreach(mounted, key, volume)
    {
        CLEANUP_FREE char *name = value_name(key);
        uint8_t bytes[24];
        size_t length = device_bytes(recipe, json_string_value(volume), bytes);
        hive_put(w, "MountedDevices", name, HIVE_BINARY, bytes, length);
    }
}
