/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The printers for other programs and for browsers, with names that mean harm; plans and changes. */
#include "model.h"

#include "base/checked.h"

#include <stdlib.h>
#include <string.h>

#define EVIL_NAME "=cmd|' /C calc'!A1\"</script><script>alert(1)</script>\\\n}"
#define WEB01     "11111111-0000-0000-0000-000000000001"

static size_t count_of(const char *text, const char *piece)
{
    size_t count = 0;

    for (const char *at = strstr(text, piece); at; at = strstr(at + 1, piece))
        count++;
    return count;
}

static void assert_has(const char *text, const char *piece)
{
    if (!strstr(text, piece))
        fail_msg("'%s' is not in\n%s", piece, text);
}

static void assert_has_not(const char *text, const char *piece)
{
    if (strstr(text, piece))
        fail_msg("'%s' is in\n%s", piece, text);
}

/* One machine with an evil name, one disk with an evil path, one finding of evil words. */
static void model_evil(struct report *r)
{
    *r = (struct report){0};
    host_init(&r->host);
    model_node(r, EVIL_NAME);
    model_evidence(r, EVIL_NAME, EVIDENCE_DIRECTORY, 0);
    model_string(&r->host.evidence.items[0].errors, EVIL_NAME);
    size_t vm = model_machine(r, EVIL_NAME, WEB01);
    size_t base = model_disk(r, "+base" EVIL_NAME, 10, CLASS_BASE);
    size_t leaf = model_disk(r, "-leaf" EVIL_NAME, 20, CLASS_PENDING_MERGE);
    model_parent(r, leaf, base);
    r->verdict.disks[base].machine = r->verdict.disks[leaf].machine = vm;
    r->host.disks.items[leaf].is_avhd = true;
    r->host.disks.items[leaf].modified = 133500000001234567;
    r->host.disks.items[base].error = strdup("@error");
    model_checkpoint(r, vm, EVIL_NAME, NULL);
    r->host.machines.items[vm].checkpoints.items[0].created = 133500000001234567;
    model_chain(r, vm, leaf);
    struct finding *f =
        model_finding(r, "corrupt", SEVERITY_PROBLEM, leaf, vm, "-leaf" EVIL_NAME);
    model_string(&f->evidence, "\t=tab");
    model_string(&f->evidence, EVIL_NAME);
    model_string(&f->commands, EVIL_NAME);
    model_finish(r);
}

/* RFC 4180, section 2: fields, each freed by nobody: they are cut out of the text. */
static size_t cut_fields(char *line, char **fields, size_t max)
{
    size_t count = 0;

    for (char *at = line; at && count < max;) {
        char *to = at;
        fields[count++] = at;
        if (*at == '"') {
            for (at++; *at && !(*at == '"' && at[1] != '"'); at++) {
                at += *at == '"';
                *to++ = *at;
            }
            assert_int_equal(*at, '"');
            at++;
        } else {
            to = at += strcspn(at, ",");
        }
        assert_true(*at == ',' || *at == '\0');
        bool more = *at == ',';
        at = more ? at + 1 : NULL;
        *to = '\0';
    }
    return count;
}

static void check_csv(const char *format, size_t columns, size_t lines)
{
    struct report r;

    model_evil(&r);
    char *text = model_print(&r, format, 80, false, false);
    size_t seen = 0;
    for (char *line = text, *end; (end = strstr(line, "\r\n")); line = end + 2) {
        char *fields[32];
        *end = '\0';
        assert_null(strpbrk(line, "\r\n"));
        assert_int_equal(cut_fields(line, fields, ARRAY_SIZE(fields)), columns);
        for (size_t i = 0; i < columns; i++)
            if (*fields[i] && strchr("=+-@\t\r", *fields[i]))
                fail_msg("a spreadsheet would calculate '%s'", fields[i]);
        seen++;
    }
    assert_int_equal(seen, lines);
    free(text);
    report_free(&r);
}

static void test_csv(void **state)
{
    check_csv("csv", 17, 3);
    check_csv("csv-findings", 12, 2);
}

static void test_html(void **state)
{
    struct report r;

    model_evil(&r);
    r.verdict.disks[1].overlays = 1u << OVERLAY_LOW_CONFIDENCE;
    model_drive(&r, 0, HOST_NONE, EVIL_NAME, HOST_NONE);
    char *text = model_print(&r, "html", 80, false, false);
    assert_has(text, "Low confidence: for 1 disk ");
    assert_has(text, "? disk of the VM, not on this evidence");
    assert_int_equal(count_of(text, "<script"), 1);
    assert_int_equal(count_of(text, "</script"), 1);
    assert_true(count_of(text, "&lt;script&gt;alert(1)") > 5);
    assert_has(text, "default-src 'none'");
    assert_has_not(text, "unsafe");
    assert_has_not(text, "http:");
    free(text);
    report_free(&r);
}

/* Two disks that claim to be each other's parent are each drawn once. */
static void test_html_cycle(void **state)
{
    struct report r;

    model_evil(&r);
    model_parent(&r, 0, 1);
    char *text = model_print(&r, "html", 80, false, false);
    assert_int_equal(count_of(text, "<g><title>"), 2);
    free(text);
    report_free(&r);
}

static void test_dot(void **state)
{
    struct report r;

    model_evil(&r);
    char *text = model_print(&r, "dot", 80, false, false);
    assert_int_equal(count_of(text, "d1 -> d0;"), 1);
    bool quoted = false;
    for (const char *p = text; *p; p++) {
        if (quoted && *p == '\\')
            p++;
        else if (*p == '"')
            quoted = !quoted;
        else if (quoted)
            assert_int_not_equal(*p, '\n');
    }
    assert_false(quoted);
    free(text);
    report_free(&r);
}

static void test_bodyfile(void **state)
{
    struct report r;

    model_evil(&r);
    char *text = model_print(&r, "bodyfile", 80, false, false);
    assert_int_equal(count_of(text, "\n"), 2); /* the leaf and the checkpoint have times */
    assert_int_equal(count_of(text, "|"), 2 * 10);
    assert_has(text, "|20|0|1705526400|0|0\n");
    free(text);
    report_free(&r);
}

static void test_prometheus(void **state)
{
    struct report r;

    model_evil(&r);
    char *text = model_print(&r, "prometheus", 80, false, false);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (strncmp(line, "# ", 2) != 0 && strncmp(line, "hvchain_", 8) != 0)
            fail_msg("a line of its own: %s", line);
    free(text);
    text = model_print(&r, "prometheus", 80, false, false);
    assert_has(text, "A1\\\"</script>");
    assert_has(text, "hvchain_orphan_bytes{host=\"\",vm=\"\",vm_id=\"\"} 0\n");
    assert_has(text, "vm_id=\"" WEB01 "\"} 20\n");
    free(text);
    report_free(&r);
}

/* What is told of an orphan: its stake, a lost parent, a volume, a second reader. */
static void tell_more(struct plan *plan)
{
    plan->offers[CHOICE_KEEP] = (struct plan_offer){true, "Harmless."};
    for (enum plan_choice c = 0; c < CHOICE_COUNT; c++)
        if (!plan->offers[c].why)
            plan->offers[c] = (struct plan_offer){false, "Never."};
    plan->stake = (struct plan_stake){
        .is_orphan = true, .layers = 1, .allocated_bytes = 77, .against = 0, .compared = true,
        .differing_bytes = 55,
        .fork = {.ancestor = 0, .living = 0, .machine = 0, .since_by = SINCE_CHECKPOINT}};
    model_string(&plan->stake.lines, "About " EVIL_NAME);
    plan->second = (struct plan_second){true, WITNESS_CONTRADICTS, 4096, 1024, 512, 9000};
    struct plan_volume *volume = vector_push(&plan->volumes);
    assert_non_null(volume);
    *volume = (struct plan_volume){strdup(EVIL_NAME), 3000, true, true, 10};
    struct plan_candidate *candidate = vector_push(&plan->candidates);
    assert_non_null(candidate);
    *candidate = (struct plan_candidate){.disk = 1, .ignore_mismatch = SANITY_NO, .why = "Since."};
    const char **reason = vector_push(&candidate->reasons);
    assert_non_null(reason);
    *reason = "its name";
    model_string(&plan->link_evidence, "It was written.");
}

static void add_plan(struct report *r, bool measured)
{
    struct plan *plan = vector_push(&r->plans);

    assert_non_null(plan);
    *plan = (struct plan){.machine = 0, .leaf = 1, .kind = PLAN_MANUAL_MERGE_ON_COPIES,
                          .choice = "choose", .measured = measured, .peak_extra_bytes = 3000};
    for (size_t i = 0; i < 2; i++) {
        struct plan_layer *layer = vector_push(&plan->layers);
        assert_non_null(layer);
        *layer = (struct plan_layer){1 - i, 1024, 512};
    }
    struct plan_step *step = vector_push(&plan->steps);
    assert_non_null(step);
    *step = (struct plan_step){1, 0, 1024, 2048, 20, 7};
    struct plan_blocker *blocker = vector_push(&plan->blockers);
    assert_non_null(blocker);
    *blocker = (struct plan_blocker){"hold", "Wait.", strdup(EVIL_NAME), SEVERITY_PROBLEM};
    model_string(&plan->commands, "# Merge-VHD");
    model_string(&plan->checks_after, "Look.");
    plan->stake.against = plan->stake.fork.ancestor = HOST_NONE;
    if (measured)
        tell_more(plan);
}

static void test_plan(void **state)
{
    struct report r;

    model_evil(&r);
    r.view = REPORT_PLAN;
    add_plan(&r, true);
    add_plan(&r, false);
    char *text = model_print(&r, "text", 80, false, false);
    assert_has(text, "PLAN 1 of 2: VM ");
    assert_has(text, "copies 1.0 KiB (1024 bytes)");
    assert_has(text, "grows it by 2.0 KiB (2048 bytes)");
    assert_has(text, "!!  hold: Wait.");
    assert_int_equal(count_of(text, "        copies "), 1);
    assert_has(text, "The figures are not known");
    assert_has(text, "no  delete: Never.");
    assert_has(text, "-IgnoreIdMismatch: no: Since.");
    assert_has(text, "- It was written.");
    assert_has(text, "Second reader (libvhdi): contradicts");
    assert_has(text, "more than is free");
    assert_has_not(text, EVIL_NAME);
    free(text);
    text = model_print(&r, "json", 80, false, false);
    assert_has(text, "\"copy_bytes\": 1024");
    assert_has(text, "\"copy_bytes\": null");
    assert_int_equal(count_of(text, "\"equal_bytes\": null"), 2); /* nothing was compared */
    assert_has(text, "\"differing_bytes\": 55");
    assert_has(text, "\"since_from\": \"checkpoint\"");
    assert_has(text, "\"contradicting_bytes\": 512");
    assert_has(text, "\"first_contradiction\": 9000");
    assert_has(text, "\"enough\": false");
    assert_has(text, "\"ignore_id_mismatch\": \"no\"");
    assert_int_equal(count_of(text, "\"stake\": null"), 1);
    assert_int_equal(count_of(text, "\"second_reader\": null"), 1);
    free(text);
    report_free(&r);
}

static void test_changes(void **state)
{
    struct report r;

    model_evil(&r);
    char *text = model_print(&r, "json", 80, false, false);
    assert_has_not(text, "\"changes\"");
    free(text);
    r.compared = true;
    text = model_print(&r, "text", 80, false, false);
    assert_has(text, "CHANGES");
    assert_has(text, "nothing");
    free(text);
    struct change *change = vector_push(&r.changes);
    assert_non_null(change);
    *change = (struct change){.kind = CHANGE_MERGE_DONE, .subject = strdup(EVIL_NAME),
                              .machine = 0, .before = strdup("orphan-empty"), .summary = "So.",
                              .confidence = CONFIDENCE_LIKELY};
    char **line = vector_push(&change->evidence);
    assert_non_null(line);
    *line = strdup(EVIL_NAME);
    text = model_print(&r, "json", 80, false, false);
    assert_has(text, "\"kind\": \"merge-done\"");
    assert_has(text, "\"after\": null");
    assert_has(text, "\"confidence\": \"likely\"");
    free(text);
    text = model_print(&r, "html", 80, false, false);
    assert_has(text, "<td>merge-done</td>");
    assert_int_equal(count_of(text, "<script"), 1);
    free(text);
    text = model_print(&r, "csv-changes", 80, false, false);
    char *fields[32], *row = strstr(text, "\r\n") + 2;
    *strstr(row, "\r\n") = '\0';
    assert_int_equal(cut_fields(row, fields, ARRAY_SIZE(fields)), 9);
    assert_string_equal(fields[0], "merge-done");
    assert_int_equal(fields[1][0], '\'');
    free(text);
    report_free(&r);
}

static void test_shadows(void **state)
{
    struct report r;

    model_evil(&r);
    size_t copy = model_evidence(&r, "/ev!vss1!", EVIDENCE_VOLUME, 0), volume = copy + 1;
    model_evidence(&r, "/ev!", EVIDENCE_VOLUME, 0);
    r.host.evidence.items[copy].shadow = (struct image_shadow){.number = 1, .created = UINT64_MAX};
    r.host.evidence.items[copy].shadow_of = volume;
    r.host.evidence.items[volume].shadows = 3;
    char *text = model_print(&r, "json", 80, false, false);
    assert_has_not(text, "\"shadow_disks\"");
    assert_has(text, "\"shadow_copies\": 3");
    free(text);
    text = model_print(&r, "text", 80, false, false);
    assert_has(text, "Not looked at: 3 shadow copies");
    free(text);
    r.shadow_copies = true;
    text = model_print(&r, "text", 80, false, false);
    assert_has(text, "SHADOW COPIES\n  1 shadow copy, and the host as it is now:\n    nothing");
    free(text);
    struct history_disk *disk = vector_push(&r.history.disks);
    struct history_change *change = vector_push(&r.history.changes);
    assert_true(disk && change);
    *disk = (struct history_disk){.evidence = copy,
                                  .path = strdup("/ev!/" EVIL_NAME),
                                  .parent = strdup("/elsewhere/a"),
                                  .class = CLASS_BASE};
    *change = (struct history_change){
        .change = {.kind = CHANGE_NEW_ORPHAN,
                   .subject = strdup(EVIL_NAME),
                   .machine = HOST_NONE,
                   .after = strdup("orphan-empty"),
                   .summary = "So."},
        .from = copy,
        .to = volume,
    };
    char **line = vector_push(&change->change.evidence);
    assert_non_null(line);
    *line = strdup(EVIL_NAME);
    r.history.undecided = 1;
    text = model_print(&r, "json", 80, false, false);
    assert_has(text, "\"path\": \"/ev!vss1!/");
    assert_has(text, "\"parent\": \"/elsewhere/a\"");
    assert_has(text, "\"from_time\": null"); /* no calendar has it */
    assert_has(text, "\"confidence\": \"possible\"");
    free(text);
    text = model_print(&r, "text", 200, false, false);
    assert_has(text, "appeared as an orphan between vss1 (its time is not known) and now: "
                     "orphan-empty");
    assert_has(text, "In 1 case it can't be said");
    assert_has_not(text, "\033");
    free(text);
    text = model_print(&r, "html", 80, false, false);
    assert_has(text, "<td>new-orphan</td>");
    assert_int_equal(count_of(text, "<script"), 1);
    free(text);
    report_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv),        cmocka_unit_test(test_html),
        cmocka_unit_test(test_html_cycle), cmocka_unit_test(test_dot),
        cmocka_unit_test(test_bodyfile),   cmocka_unit_test(test_prometheus),
        cmocka_unit_test(test_plan),       cmocka_unit_test(test_changes),
        cmocka_unit_test(test_shadows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
