/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Error codes as they are met around checkpoints, merges, virtual disks and shadow copies:
 * HRESULT, NTSTATUS, Win32 and WMI numbers in one table, and every way in which logs write them.
 */
#ifndef EVENT_CODES_H
#define EVENT_CODES_H

#include <stdbool.h>
#include <stdint.h>

struct code_info {
    uint32_t code;
    const char *symbol;  /* NULL: it has no public name */
    const char *meaning; /* in our own words, without full stop */
    const char *cause;   /* likely cause in this field, or NULL */
    const char *remedy;  /* what to do first, or NULL */
};

/*
 * What is known of a code. A Win32 number is found as it is, as HRESULT (0x8007nnnn) and as
 * NTSTATUS (0xC007nnnn). NULL: not in the table.
 */
const struct code_info *code_lookup(uint32_t code);

/* "0x8007052f ERROR_ACCOUNT_RESTRICTION: meaning; likely cause: …; first remedy: …", as far as known.
 * The caller frees; NULL when memory is short. */
char *code_explain(uint32_t code);

/*
 * The code that the whole text is, blanks around it aside:
 *     0x8007052F   8007052F   2147943727   -2147023569   %%2147943727
 *     IDispatch error #8449 (COM's numbering: 0x80040200 + 8449)
 * False when it is no code, or no number of 32 bits.
 */
bool code_parse(const char *text, uint32_t *code);
/* The first code that stands somewhere in a text: only forms that can't be anything else, that is
 * 0x and eight digits, %% and a decimal, IDispatch error #. Returns what follows it, or NULL. */
const char *code_find(const char *text, uint32_t *code);

#define CODE_TEXT_SIZE 11
/* "0x8007052f": the form of the report. Returns text. */
char *code_format(uint32_t code, char text[CODE_TEXT_SIZE]);

#endif
