/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "host/interest.h"

#include "base/checked.h"
#include "base/strbuf.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool has_extension(const char *name, const char *extension)
{
    size_t n = strlen(name), e = strlen(extension);

    return n > e && strcasecmp(name + n - e, extension) == 0;
}

static const struct {
    const char *extension;
    enum interest interest;
    enum host_sibling sibling;
} extensions[] = {
    {".vhdx", INTEREST_DISK, 0},
    {".avhdx", INTEREST_DISK, 0},
    {".vhd", INTEREST_DISK, 0},
    {".avhd", INTEREST_DISK, 0},
    {".vmcx", INTEREST_CONFIG, 0},
    {".vmrs", INTEREST_RUNTIME, 0},
    {".vsv", INTEREST_STATE, 0},
    {".rct", INTEREST_COMPANION, SIBLING_RCT},
    {".mrt", INTEREST_COMPANION, SIBLING_MRT},
    {".hrl", INTEREST_COMPANION, SIBLING_HRL},
    {".hru", INTEREST_COMPANION, SIBLING_HRU},
    {".vhds", INTEREST_COMPANION, SIBLING_VHDS},
    {".vmgs", INTEREST_COMPANION, SIBLING_VMGS},
    {".evtx", INTEREST_LOG, 0},
};

/* The twins of the configuration folders that the service keeps as copies. */
static const char *const cache_folders[] = {
    "Virtual Machines Cache", "Snapshots Cache",       "Planned Virtual Machines Cache",
    "Groups Cache",           "Snapshot Groups Cache", "UndoLog Configuration Cache",
};

static const char *const config_folders[] = {
    "Virtual Machines",
    "Snapshots",
    "Planned Virtual Machines",
};

/* Names under which products and people keep what event_probe() understands. */
static const char *const log_names[] = {
    "*avhypervvss*", "*avtar*.log",  "*winclustersvc*", "vmware*.log",
    "vpxa*.log",     "vssadmin*.txt", "tasklist*.txt",
};

static const char *const hive_names[] = {"SYSTEM", "SOFTWARE", "SECURITY"};

/* Security templates: GptTmpl.inf as domains distribute it, gpt00001.inf as hosts keep it. */
static bool is_policy_name(const char *name)
{
    return fnmatch("gpt*.inf", name, FNM_CASEFOLD) == 0;
}

/* The hives in use: no copies in RegBack, none of an earlier Windows. */
static bool is_hive_in_use(const char *path, const char *name)
{
    return !strchr(name, '.') && interest_may_be_hive(name) && interest_in_folder(path, "config") &&
           interest_has_folder(path, "System32") && !interest_has_folder(path, "Windows.old");
}

static bool is_log_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(log_names); i++)
        if (fnmatch(log_names[i], name, FNM_CASEFOLD) == 0)
            return true;
    return false;
}

static bool name_is_guid(const char *name, size_t extension_length, struct guid *id)
{
    size_t n = strlen(name);

    return n > extension_length && guid_parse(name, n - extension_length, id);
}

static bool is_xml_config(const char *path, const char *name)
{
    struct guid id;

    if (!has_extension(name, ".xml"))
        return false;
    if (name_is_guid(name, 4, &id))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(config_folders); i++)
        if (interest_in_folder(path, config_folders[i]))
            return true;
    return false;
}

enum interest interest_of(const char *path, const char *name, enum host_sibling *sibling)
{
    enum interest interest = INTEREST_NONE;

    for (size_t i = 0; i < ARRAY_SIZE(extensions) && interest == INTEREST_NONE; i++)
        if (has_extension(name, extensions[i].extension)) {
            interest = extensions[i].interest;
            *sibling = extensions[i].sibling;
        }
    if (interest == INTEREST_NONE && is_xml_config(path, name))
        interest = INTEREST_CONFIG;
    if (interest == INTEREST_NONE && is_log_name(name))
        interest = INTEREST_LOG;
    if (interest == INTEREST_NONE && (is_policy_name(name) || is_hive_in_use(path, name)))
        interest = INTEREST_HIVE;
    for (size_t i = 0; i < ARRAY_SIZE(cache_folders) && interest != INTEREST_NONE; i++)
        if (interest_has_folder(path, cache_folders[i]))
            interest = INTEREST_IGNORED;
    return interest;
}

bool interest_has_folder(const char *path, const char *folder)
{
    size_t length = strlen(folder);

    for (const char *slash; (slash = strchr(path, '/')); path = slash + 1)
        if ((size_t)(slash - path) == length && strncasecmp(path, folder, length) == 0)
            return true;
    return false;
}

bool interest_is_vm_folder(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(config_folders); i++)
        if (strcasecmp(name, config_folders[i]) == 0)
            return true;
    return strcasecmp(name, "Virtual Hard Disks") == 0;
}

bool interest_in_folder(const char *path, const char *folder)
{
    const char *end = strrchr(path, '/');
    size_t length = strlen(folder);

    if (!end || (size_t)(end - path) < length)
        return false;
    const char *start = end - length;
    return strncasecmp(start, folder, length) == 0 && (start == path || start[-1] == '/');
}

static bool is_below(const char *path, const char *end, const char *tail)
{
    size_t length = strlen(tail);

    return (size_t)(end - path) >= length && strncasecmp(end - length, tail, length) == 0 &&
           ((size_t)(end - path) == length || end[-(ptrdiff_t)length - 1] == '/');
}

enum registration interest_registration(const char *path, struct guid *id)
{
    const char *slash = strrchr(path, '/');

    if (!slash || !has_extension(slash + 1, ".xml") || !name_is_guid(slash + 1, 4, id))
        return REGISTRATION_NONE;
    if (is_below(path, slash, "Microsoft/Windows/Hyper-V/Virtual Machines"))
        return REGISTRATION_MACHINE;
    if (is_below(path, slash, "Microsoft/Windows/Hyper-V/Snapshots"))
        return REGISTRATION_CHECKPOINT;
    return REGISTRATION_NONE;
}

/* Folders and names of disks that other runtimes own (orphans.md I17). */
static const struct {
    const char *folder, *name; /* either may be NULL; name is a pattern */
    enum host_context context;
} contexts[] = {
    {"UtilityVM", NULL, CONTEXT_CONTAINER},
    {"Containers", NULL, CONTEXT_CONTAINER},
    {"docker", NULL, CONTEXT_CONTAINER},
    {"SandboxVm", NULL, CONTEXT_CONTAINER},
    {NULL, "SandboxVm*.*vhd*", CONTEXT_CONTAINER},
    {NULL, "ext4.vhdx", CONTEXT_PROFILE},
    {NULL, "UVHD-*", CONTEXT_PROFILE},
    {NULL, "ODFC_*", CONTEXT_PROFILE},
    {NULL, "Profile_*", CONTEXT_PROFILE},
    {"WindowsImageBackup", NULL, CONTEXT_PROFILE},
    {"WSL", NULL, CONTEXT_PROFILE},
};

enum host_context interest_context(const char *path, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(contexts); i++) {
        bool folder = !contexts[i].folder || interest_has_folder(path, contexts[i].folder);
        bool named = !contexts[i].name || fnmatch(contexts[i].name, name, FNM_CASEFOLD) == 0;
        if (folder && named)
            return contexts[i].context;
    }
    return CONTEXT_NONE;
}

bool interest_may_matter_by_folder(const char *name)
{
    return has_extension(name, ".xml") || (!strchr(name, '.') && interest_may_be_hive(name));
}

bool interest_may_be_log(const char *name)
{
    return has_extension(name, ".log") || has_extension(name, ".txt") ||
           has_extension(name, ".json");
}

bool interest_marks_folder(enum interest interest)
{
    return interest != INTEREST_NONE && interest != INTEREST_LOG && interest != INTEREST_HIVE;
}

bool interest_may_be_hive(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(hive_names); i++) {
        size_t length = strlen(hive_names[i]);
        if (strncasecmp(name, hive_names[i], length) == 0 &&
            (name[length] == '\0' || strcasecmp(name + length, ".hiv") == 0 ||
             strcasecmp(name + length, ".hive") == 0))
            return true;
    }
    return false;
}

bool interest_is_avhd(const char *name)
{
    return has_extension(name, ".avhdx") || has_extension(name, ".avhd");
}

bool interest_is_autorecovery(const char *name)
{
    return interest_is_avhd(name) && fnmatch("*-AutoRecovery.avhd*", name, FNM_CASEFOLD) == 0;
}
