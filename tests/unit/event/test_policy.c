/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Security templates, in the encodings that occur. */
#include "../testing.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "event/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEAD   "[Unicode]\r\nUnicode=yes\r\n[System Access]\r\nMinimumPasswordLength = 7\r\n"
#define RIGHTS HEAD "[Privilege Rights]\r\n"
#define TAIL   "\r\n[Version]\r\nsignature=\"$CHICAGO$\"\r\nRevision=1\r\n"

static const struct {
    const char *text;
    int status;
    enum logon_right expect;
} cases[] = {
    {RIGHTS "SeServiceLogonRight = *S-1-5-80-0,*S-1-5-83-0" TAIL, 0, LOGON_RIGHT_GRANTED},
    {RIGHTS "seservicelogonright=NT VIRTUAL MACHINE\\Virtual Machines , *S-1-5-20" TAIL, 0,
     LOGON_RIGHT_GRANTED},
    {RIGHTS "SeServiceLogonRight = *S-1-5-83-0", 0, LOGON_RIGHT_GRANTED},
    {RIGHTS "SeServiceLogonRight = *S-1-1-0" TAIL, 0, LOGON_RIGHT_GRANTED},
    {RIGHTS "SeServiceLogonRight = *S-1-5-80-0,EXAMPLE\\svc" TAIL, 0, LOGON_RIGHT_MISSING},
    {RIGHTS "SeServiceLogonRight = *S-1-5-83-01" TAIL, 0, LOGON_RIGHT_MISSING},
    {RIGHTS "SeServiceLogonRight =" TAIL, 0, LOGON_RIGHT_MISSING},
    {RIGHTS "SeServiceLogonRights = *S-1-5-80-0" TAIL, 0, LOGON_RIGHT_UNDEFINED},
    {RIGHTS "SeDenyServiceLogonRight = *S-1-5-83-0\r\nSeServiceLogonRight = *S-1-5-83-0" TAIL, 0,
     LOGON_RIGHT_DENIED},
    {RIGHTS "SeDenyServiceLogonRight = *S-1-5-32-546" TAIL, 0, LOGON_RIGHT_UNDEFINED},
    {HEAD "SeServiceLogonRight = *S-1-5-80-0" TAIL, 0, LOGON_RIGHT_UNDEFINED},
    {HEAD TAIL, 0, LOGON_RIGHT_UNDEFINED},
    {"[Unicode]\r\nUnicode=yes\r\n", -ENOMSG, 0},
    {"SeServiceLogonRight = *S-1-5-80-0\r\n", -ENOMSG, 0},
    {"", -ENOMSG, 0},
};

static void assert_read(const void *bytes, size_t size, size_t i)
{
    CLEANUP(io_unref) io_source *source = io_memory_new(bytes, size);
    CLEANUP(notes) struct notes notes = {0};
    struct hive_facts facts;
    int r = policy_read(source, &facts, &notes);

    if (r != cases[i].status || (r == 0 && facts.logon_right != cases[i].expect))
        fail_msg("%s: %d, %d", cases[i].text, r, facts.logon_right);
    assert_int_equal(facts.kind, r == 0 ? HIVE_POLICY : HIVE_OTHER);
    assert_int_equal(notes.count, 0);
    hive_free(&facts);
}

static void test_utf8(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_read(cases[i].text, strlen(cases[i].text), i);
}

/* As Windows writes them: UTF-16 with a mark. */
static void test_utf16(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        size_t size;
        uint8_t *utf16 = text_to_utf16le(cases[i].text, &size);
        uint8_t *marked = malloc(size + 2);
        memcpy(marked, "\xFF\xFE", 2);
        memcpy(marked + 2, utf16, size);
        assert_read(marked, size + 2, i);
        free(marked);
        free(utf16);
    }
}

/* Cut anywhere, it is a template with what stands before the cut, or none. */
static void test_cut(void **state)
{
    const char *text = cases[0].text;
    const char *right = strstr(text, "SeServiceLogonRight");
    const char *section = strstr(text, "[System Access]") + strlen("[System Access]");

    for (size_t size = 0; size <= strlen(text); size++) {
        CLEANUP(io_unref) io_source *source = io_memory_new(text, size);
        struct hive_facts facts;
        int r = policy_read(source, &facts, NULL);
        assert_int_equal(r, size < (size_t)(section - text) ? -ENOMSG : 0);
        if (size <= (size_t)(right - text))
            assert_int_equal(facts.logon_right, LOGON_RIGHT_UNDEFINED);
        hive_free(&facts);
    }
}

static void test_no_text(void **state)
{
    static const uint8_t bytes[] = "regf\0\0\0\1\2\3\4\5\6\7\0\0\xff\xfe";
    CLEANUP(io_unref) io_source *source = io_memory_new(bytes, sizeof(bytes));
    struct hive_facts facts;

    assert_int_equal(policy_read(source, &facts, NULL), -ENOMSG);
    hive_free(&facts);
}

/* A file that never ends costs a bounded time, and says so. */
static void test_long(void **state)
{
    size_t size = sizeof(RIGHTS) - 1 + 2 * 100001;
    char *text = malloc(size);
    CLEANUP(notes) struct notes notes = {0};
    struct hive_facts facts;

    memcpy(text, RIGHTS, sizeof(RIGHTS) - 1);
    for (size_t i = sizeof(RIGHTS) - 1; i < size; i += 2)
        memcpy(text + i, ";\n", 2);
    CLEANUP(io_unref) io_source *source = io_memory_new(text, size);
    assert_int_equal(policy_read(source, &facts, &notes), 0);
    assert_true(notes_has(&notes, "POLICY-LONG"));
    hive_free(&facts);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8), cmocka_unit_test(test_utf16), cmocka_unit_test(test_cut),
        cmocka_unit_test(test_no_text), cmocka_unit_test(test_long),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
