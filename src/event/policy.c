/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "event/policy.h"

#include "base/cleanup.h"
#include "event/text_lines.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define LINES_MAX 100000 /* templates have some hundreds of lines */

/* NT VIRTUAL MACHINE\Virtual Machines, and Everyone, whom every logon belongs to. */
static const char *const accounts[] = {
    "*S-1-5-83-0",
    "NT VIRTUAL MACHINE\\Virtual Machines",
    "*S-1-1-0",
};

static void skip_blanks(const char **at)
{
    *at += strspn(*at, " \t");
}

/* Sections that only security templates have. */
static bool is_template_section(const char *line)
{
    static const char *const sections[] = {"[Privilege Rights]", "[System Access]",
                                           "[Event Audit]",      "[Registry Values]",
                                           "[Group Membership]", "[Service General Setting]",
                                           "[File Security]",    "[Registry Keys]"};

    for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++)
        if (strncasecmp(line, sections[i], strlen(sections[i])) == 0)
            return true;
    return false;
}

/* Behind "name =", any blanks around; NULL when the line sets something else. */
static const char *setting(const char *line, const char *name)
{
    size_t length = strlen(name);

    if (strncasecmp(line, name, length) != 0)
        return NULL;
    line += length;
    skip_blanks(&line);
    return *line == '=' ? line + 1 : NULL;
}

static bool is_account(const char *text, size_t length)
{
    for (size_t i = 0; i < sizeof(accounts) / sizeof(*accounts); i++)
        if (strlen(accounts[i]) == length && strncasecmp(accounts[i], text, length) == 0)
            return true;
    return false;
}

/* "*S-1-5-80-0,NT SERVICE\x, …": accounts by SID behind a star, or by name. */
static bool has_account(const char *list)
{
    while (*list) {
        list += strspn(list, " \t,\"");
        size_t length = strcspn(list, ",\"");
        size_t end = length;
        while (end > 0 && (list[end - 1] == ' ' || list[end - 1] == '\t'))
            end--;
        if (is_account(list, end))
            return true;
        list += length;
    }
    return false;
}

/* What one line of [Privilege Rights] says. */
static void read_line(struct hive_facts *facts, const char *line)
{
    const char *granted = setting(line, "SeServiceLogonRight");
    const char *denied = setting(line, "SeDenyServiceLogonRight");

    if (denied && has_account(denied))
        facts->logon_right = LOGON_RIGHT_DENIED;
    if (granted && facts->logon_right != LOGON_RIGHT_DENIED)
        facts->logon_right = has_account(granted) ? LOGON_RIGHT_GRANTED : LOGON_RIGHT_MISSING;
}

int policy_read(io_source *source, struct hive_facts *facts, struct notes *notes)
{
    CLEANUP(text_lines) struct text_lines lines = {0};
    bool is_template = false, in_rights = false;
    const char *line;
    int r;

    *facts = (struct hive_facts){.logon_right = LOGON_RIGHT_UNDEFINED};
    r = text_lines_open(&lines, source);
    while (r >= 0 && lines.number < LINES_MAX && (r = text_lines_next(&lines, &line)) > 0) {
        skip_blanks(&line);
        if (*line == '[') {
            is_template = is_template || is_template_section(line);
            in_rights = strncasecmp(line, "[Privilege Rights]", 18) == 0;
        } else if (in_rights) {
            read_line(facts, line);
        }
    }
    if (r < 0)
        return r;
    if (!is_template)
        return -ENOMSG;
    if (r > 0)
        notes_add(notes, SEVERITY_WARNING, "POLICY-LONG", NOTE_NO_OFFSET,
                  "the template has more than %d lines, the rest is not read", LINES_MAX);
    facts->kind = HIVE_POLICY;
    return 0;
}
