/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The worker program "regf": asked about keys and values of one registry hive, it answers what
 * libregf reads.
 *
 * Parameters: questions, each a struct regf_question, then key path and value name, both with
 * their NUL. Reply: a struct regf_reply, then for each question in order a struct regf_answer
 * with its items, each a struct regf_item, its name with its NUL, its data. Nothing is aligned.
 */
#ifndef WORKER_REGF_H
#define WORKER_REGF_H

#include <stdint.h>

#define REGF_DATA_MAX  65536 /* of one value; a larger one is left out */
#define REGF_ITEMS_MAX 4096  /* of one answer */

enum regf_ask {
    REGF_VALUE,   /* one item: the value of that name ("" the default one), if it is there */
    REGF_VALUES,  /* all values of the key; the name is ignored */
    REGF_SUBKEYS, /* all subkeys by name, with their value of that name */
};

struct regf_question {
    uint32_t ask; /* enum regf_ask */
    uint32_t key_size, name_size; /* with NUL; keys are separated by '\', "" is the root */
};

struct regf_reply {
    uint32_t opened;    /* else only `error` is set */
    uint32_t corrupted; /* libregf came over damage while it opened the hive */
    char error[256];
};

struct regf_answer {
    uint32_t key_found;
    uint32_t incomplete; /* damage, a value too large, or no more room */
    uint64_t written;    /* FILETIME: last write of the key */
    uint32_t item_count;
};

#define REGF_NO_VALUE UINT32_MAX /* as type: the subkey has no such value */

struct regf_item {
    uint32_t type;
    uint32_t name_size, data_size;
};

#endif
