/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Logs made by the writer: what was written is read, by us and by evtxexport; then the damage. */
#include "../testing.h"

#include "../temporary.h"
#include "evtx_events.h"
#include "witness.h"

#include "base/checked.h"
#include "event/event.h"

#define VM_ID "E0D09432-A320-44CC-8A12-E1300549B99D"

static const struct evtx_vm vm = {"web01", VM_ID};

/* Records of the usual providers, and one with every type of value that evtxexport prints right. */
static void write_mixture(struct evtx_writer *w)
{
    static const struct evtx_field types[] = {
        {"String", "Größe <&> \"日本\""},
        {"Ansi", "merge", BINXML_ANSI},
        {"Int8", "5", BINXML_INT8},
        {"UInt8", "250", BINXML_UINT8},
        {"Int16", "30000", BINXML_INT16},
        {"UInt16", "60000", BINXML_UINT16},
        {"Int32", "2139619167", BINXML_INT32},
        {"UInt32", "2155348129", BINXML_UINT32},
        {"Int64", "9000000000", BINXML_INT64},
        {"UInt64", "18446744073709551615", BINXML_UINT64},
        {"Yes", "1", BINXML_BOOL},
        {"No", "0", BINXML_BOOL},
        {"Guid", "{E0D09432-A320-44CC-8A12-E1300549B99D}", BINXML_GUID},
        {"Time", "2026-03-02T01:02:03.1234567Z", BINXML_FILETIME},
        {"SystemTime", "2026-03-02T01:02:03.123Z", BINXML_SYSTEMTIME},
        {"Sid", "S-1-5-83-1-3772814386-1154237216-805311114-2645117184", BINXML_SID},
        {"Hex32", "0x8007052F", BINXML_HEX32},
        {"Hex64", "0x8000000000000000", BINXML_HEX64},
        {"Bytes", "00FF10", BINXML_BINARY},
        {"Strings", "one\ntwo\n\nfour", BINXML_STRING | BINXML_ARRAY},
        {"Last", ""},
    };
    static const struct evtx_field vhdmp[] = {
        {"VhdFileName", "\\\\?\\C:\\VMs\\web01.vhdx"},
        {"VhdDiskNumber", "3", BINXML_UINT32},
        {"VirtualDisk", "0xffffe000", BINXML_HEX64},
    };
    static const char *const parameters[] = {"web01", VM_ID, "0.5"};
    static const char *const disk[] = {"\\Device\\Harddisk1\\DR1"};

    evtx_write_vmms(w, 0, 19070, 4, &vm, 0, NULL, 0);
    evtx_write_vmms(w, 0, 19100, 2, &vm, 0x8007052F, NULL, 0);
    evtx_write_vmms_parameters(w, 0, 20415, 4, parameters, ARRAY_SIZE(parameters));
    evtx_write_worker(w, 0, 3216, 2, &vm, 0x800703EE, NULL, 0);
    evtx_write_vhdmp(w, 0, 1, 4, vhdmp, ARRAY_SIZE(vhdmp));
    evtx_write_vss_rejected(w, 0, 0x800423F4, "Microsoft Hyper-V VSS Writer",
                            "{66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}",
                            "C:\\Windows\\system32\\vmms.exe");
    evtx_write_vss(w, 0, 7, 2, disk, 1, "C:\\x.exe");
    evtx_write_volsnap(w, 0, 27, 2, "\\Device\\HarddiskVolumeShadowCopy6", "C:", 0xC000000E);
    evtx_write_io_error(w, 0, "disk", 153, 3, "\\Device\\Harddisk0\\DR0", NULL, 0xC0000185);
    evtx_write_backup_failed(w, 0, 521, "2026-03-02T01:00:00Z", 2155348129, 0x81000101);
    evtx_write_service_state(w, 0, "vmicvss", "Hyper-V Volume Shadow Copy Requestor", 4);
    evtx_write(w, &(struct evtx_event){.provider = "Test-Types",
                                       .channel = "Application",
                                       .event_id = 65535,
                                       .version = 3,
                                       .opcode = 7,
                                       .task = 300,
                                       .fields = types,
                                       .field_count = ARRAY_SIZE(types)});
    evtx_write(w, &(struct evtx_event){
                      .provider = "Test-None", .channel = "Application", .payload = EVTX_NONE});
}
#define MIXTURE 13

/* Reads the log by ourselves and, where it is installed, by evtxexport: the same must come out. */
static void check_agreement(const uint8_t *bytes, size_t size, size_t wanted)
{
    struct reading ours = {0}, theirs = {0};

    own_read(&ours, bytes, size, EVENT_LIVE);
    assert_int_equal(ours.records.count, wanted);
    if (witness_is_installed()) {
        FILE *file = fopen("made.evtx", "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, size, file), size);
        assert_int_equal(fclose(file), 0);
        witness_read(&theirs, "made.evtx", EVENT_LIVE);
        assert_int_equal(theirs.records.count, wanted);
        assert_int_equal(reading_common(&theirs, &ours), wanted);
    } else {
        printf("SKIPPED: evtxexport is not installed, the log is read alone\n");
    }
    reading_free(&ours);
    reading_free(&theirs);
}

static void test_every_kind(void **state)
{
    for (unsigned minor = 1; minor <= 2; minor++) {
        struct evtx_writer *w = evtx_writer_new(&(struct evtx_recipe){.minor_version = minor});
        size_t size;
        write_mixture(w);
        const uint8_t *bytes = evtx_writer_finish(w, &size);
        check_agreement(bytes, size, MIXTURE);
        evtx_writer_free(w);
    }
}

/* ---- a log in memory ---- */

struct made {
    uint8_t *bytes;
    size_t size;
};

/* A copy that can be damaged. */
static struct made finish(struct evtx_writer *w)
{
    struct made made;
    const uint8_t *bytes = evtx_writer_finish(w, &made.size);

    made.bytes = malloc(made.size);
    assert_non_null(made.bytes);
    memcpy(made.bytes, bytes, made.size);
    evtx_writer_free(w);
    return made;
}

/* `count` merge records, ids from 1 on, in chunks of ten. */
static struct made make_log(struct evtx_recipe recipe, unsigned count)
{
    recipe.chunk_records = 10;
    struct evtx_writer *w = evtx_writer_new(&recipe);

    for (unsigned i = 0; i < count; i++)
        evtx_write_vmms(w, 0, i % 2 ? 19080 : 19070, 4, &vm, 0, NULL, 0);
    return finish(w);
}

struct result {
    int opened, ended;
    size_t live, recovered, broken;
    uint64_t ids[1000];
    size_t id_count;
    struct event_log_counts counts;
    struct notes notes;
};

static struct result read_log(const void *bytes, size_t size)
{
    io_source *source = io_memory_new(bytes, size);
    const struct event_record *record;
    struct result result = {0};
    struct event_log *log;

    result.opened = event_log_open(&log, source, &result.notes);
    if (result.opened == 0) {
        while ((result.ended = event_log_next(log, &record)) > 0) {
            if (result.id_count < ARRAY_SIZE(result.ids))
                result.ids[result.id_count++] = record->record_id;
            *(record->origin == EVENT_LIVE ? &result.live : &result.recovered) += 1;
            result.broken += record->damaged;
        }
        result.counts = event_log_counts(log);
        event_log_close(log);
    } else {
        assert_null(log);
    }
    io_unref(source);
    return result;
}

static bool noted(const struct result *result, const char *rule, enum severity severity)
{
    for (size_t i = 0; i < result->notes.count; i++)
        if (strcmp(result->notes.items[i].rule, rule) == 0 &&
            result->notes.items[i].severity == severity)
            return true;
    return false;
}

static void check_ids(const struct result *result, uint64_t first, uint64_t last)
{
    assert_int_equal(result->id_count, last - first + 1);
    for (size_t i = 0; i < result->id_count; i++)
        assert_int_equal(result->ids[i], first + i);
}

#define CHUNK(n) (EVTX_HEADER_BLOCK + (size_t)(n)*EVTX_CHUNK_SIZE)

/* ---- values ---- */

static const char *value_of(const struct event_record *record, const char *name)
{
    for (size_t i = 0; i < record->value_count; i++)
        if (record->values[i].name && strcmp(record->values[i].name, name) == 0)
            return record->values[i].value;
    return NULL;
}

/* What libevtx can't read or prints wrong. */
static void test_values_of_our_own(void **state)
{
    static const struct evtx_field fields[] = {
        {"Text", "a😀b"},
        {"Int8", "-5", BINXML_INT8},
        {"Int16", "-30000", BINXML_INT16},
        {"Int32", "-2139619167", BINXML_INT32},
        {"Int64", "-9223372036854775808", BINXML_INT64},
        {"Float", "1.5", BINXML_FLOAT},
        {"Double", "-0.25", BINXML_DOUBLE},
        {"Size", "77", BINXML_SIZE},
        {"Zero", "0", BINXML_HEX64},
        {"Nothing", NULL},
        {"Sids", "S-1-5-18\nS-1-5-83-0", BINXML_SID | BINXML_ARRAY},
        {"Bytes", "7\n255", BINXML_UINT8 | BINXML_ARRAY},
        {"Words", "-2\n3", BINXML_INT16 | BINXML_ARRAY},
        {"Numbers", "1\n4294967295", BINXML_UINT32 | BINXML_ARRAY},
        {"Codes", "0x80070020\n0x5", BINXML_HEX64 | BINXML_ARRAY},
        {"Bools", "1\n0", BINXML_BOOL | BINXML_ARRAY},
        {"Doubles", "0.5\n-2", BINXML_DOUBLE | BINXML_ARRAY},
        {"Times", "2026-03-02T01:02:03.1234567Z\n2026-03-03T00:00:00Z",
         BINXML_FILETIME | BINXML_ARRAY},
        {"Guids", "{E0D09432-A320-44CC-8A12-E1300549B99D}\n{00000000-0000-0000-0000-000000000001}",
         BINXML_GUID | BINXML_ARRAY},
        {"Ansi", "a\nb", BINXML_ANSI | BINXML_ARRAY},
        {"Last", "x"},
    };
    static const char *const wanted[][2] = {
        {"Text", "a😀b"},
        {"Int8", "-5"},
        {"Int16", "-30000"},
        {"Int32", "-2139619167"},
        {"Int64", "-9223372036854775808"},
        {"Float", "1.5"},
        {"Double", "-0.25"},
        {"Size", "0x4d"},
        {"Zero", "0x0"},
        {"Nothing", ""},
        {"Sids", "S-1-5-18"},
        {"Sids", "S-1-5-83-0"},
        {"Bytes", "7"},
        {"Bytes", "255"},
        {"Words", "-2"},
        {"Words", "3"},
        {"Numbers", "1"},
        {"Numbers", "4294967295"},
        {"Codes", "0x80070020"},
        {"Codes", "0x5"},
        {"Bools", "true"},
        {"Bools", "false"},
        {"Doubles", "0.5"},
        {"Doubles", "-2"},
        {"Times", "2026-03-02T01:02:03.1234567Z"},
        {"Times", "2026-03-03T00:00:00.0000000Z"},
        {"Guids", "{E0D09432-A320-44CC-8A12-E1300549B99D}"},
        {"Guids", "{00000000-0000-0000-0000-000000000001}"},
        {"Ansi", "a"},
        {"Ansi", "b"},
        {"Last", "x"},
    };
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_recipe){0});
    evtx_write(w, &(struct evtx_event){.provider = "T",
                                       .channel = "C",
                                       .user_sid = "S-1-15-2-4294967295",
                                       .fields = fields,
                                       .field_count = ARRAY_SIZE(fields)});
    struct made made = finish(w);
    io_source *source = io_memory_new(made.bytes, made.size);
    const struct event_record *record;
    struct event_log *log;

    assert_int_equal(event_log_open(&log, source, NULL), 0);
    assert_int_equal(event_log_next(log, &record), 1);
    assert_string_equal(record->user_sid, "S-1-15-2-4294967295");
    assert_false(record->damaged);
    assert_int_equal(record->value_count, ARRAY_SIZE(wanted));
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
        assert_string_equal(record->values[i].name, wanted[i][0]);
        assert_string_equal(record->values[i].value, wanted[i][1]);
    }
    assert_int_equal(event_log_next(log, &record), 0);
    assert_null(record);
    event_log_close(log);
    io_unref(source);
    free(made.bytes);
}

static bool only_failed_merges(const struct event_record *record, void *context)
{
    unsigned *asked = context;

    ++*asked;
    assert_int_equal(record->value_count, 0);
    return strcmp(record->provider, "Microsoft-Windows-Hyper-V-VMMS") == 0 &&
           record->event_id == 19100 && strcmp(record->channel, CHANNEL_VMMS) == 0;
}

static void test_filter(void **state)
{
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_recipe){.computer = "HV7"});
    write_mixture(w);
    write_mixture(w);
    struct made made = finish(w);
    io_source *source = io_memory_new(made.bytes, made.size);
    const struct event_record *record;
    struct event_log *log;
    unsigned asked = 0, given = 0;

    assert_int_equal(event_log_open(&log, source, NULL), 0);
    event_log_set_filter(log, only_failed_merges, &asked);
    while (event_log_next(log, &record) > 0) {
        given++;
        assert_string_equal(record->computer, "HV7");
        assert_int_equal(record->level, 2);
        assert_string_equal(value_of(record, "VmId"), VM_ID);
        assert_string_equal(value_of(record, "ErrorMessage"), "%%2147943727");
        assert_string_equal(value_of(record, "ErrorCode"), "0x8007052F");
    }
    assert_int_equal(asked, 2 * MIXTURE);
    assert_int_equal(given, 2);
    assert_int_equal(event_log_counts(log).live, 2 * MIXTURE);
    event_log_close(log);
    io_unref(source);
    free(made.bytes);
}

/* ---- healthy logs ---- */

static void test_many_chunks(void **state)
{
    static const struct {
        struct evtx_recipe recipe;
        unsigned written, first;
    } cases[] = {
        {{0}, 1, 1},
        {{0}, 95, 1},
        {{.unused_chunks = 3}, 40, 1},
        {{.max_chunks = 4}, 85, 51}, /* chunks 5 to 9 of ten, the last one of five */
        {{.minor_version = 2, .no_checksums = true}, 25, 1},
        {{.dirty = true}, 25, 1},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct made made = make_log(cases[i].recipe, cases[i].written);
        check_agreement(made.bytes, made.size, cases[i].written - cases[i].first + 1);
        struct result result = read_log(made.bytes, made.size);
        assert_int_equal(result.ended, 0);
        assert_int_equal(result.live, cases[i].written - cases[i].first + 1);
        assert_int_equal(result.recovered, 0);
        assert_true(notes_worst(&result.notes) <= SEVERITY_INFO);
        assert_int_equal(notes_has(&result.notes, "EVTX-DIRTY"), cases[i].recipe.dirty);
        notes_free(&result.notes);
        free(made.bytes);
    }
}

/* Nothing but a header: a log that was never written to, or just cleared. */
static void test_empty_log(void **state)
{
    struct made made = make_log((struct evtx_recipe){.unused_chunks = 1}, 0);
    struct result result = read_log(made.bytes, made.size);

    assert_int_equal(result.opened, 0);
    assert_int_equal(result.live, 0);
    assert_int_equal(result.notes.count, 0);
    free(made.bytes);
}

static void test_headers_lag_behind(void **state)
{
    struct made made = make_log((struct evtx_recipe){.dirty = true, .lag = 4}, 27);
    struct result result = read_log(made.bytes, made.size);

    check_ids(&result, 1, 27);
    assert_int_equal(result.live, 27);
    assert_true(noted(&result, "EVTX-LAG", SEVERITY_INFO));
    assert_int_equal(notes_worst(&result.notes), SEVERITY_INFO);
    notes_free(&result.notes);
    free(made.bytes);
}

/* ---- slack ---- */

/* The log holds one chunk: what the last round wrote lies over what the round before left. */
static void test_slack(void **state)
{
    struct made made = make_log((struct evtx_recipe){.max_chunks = 1, .keep_slack = true}, 33);
    struct result result = read_log(made.bytes, made.size);

    assert_int_equal(result.live, 3);
    assert_int_equal(result.recovered, 7);
    assert_int_equal(result.counts.recovered, 7);
    assert_int_equal(result.broken, 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(result.ids[i], 31 + i);
    for (unsigned i = 0; i < 7; i++) /* 21 to 23 were written over */
        assert_int_equal(result.ids[3 + i], 24 + i);
    assert_true(noted(&result, "EVTX-RECOVERED", SEVERITY_INFO));
    assert_int_equal(notes_worst(&result.notes), SEVERITY_INFO);
    notes_free(&result.notes);
    free(made.bytes);
}

/* Where the older records are live in another chunk, they are not given twice. */
static void test_slack_that_is_live_elsewhere(void **state)
{
    struct made made = make_log((struct evtx_recipe){.keep_slack = true}, 33);
    struct result result = read_log(made.bytes, made.size);

    check_ids(&result, 1, 33);
    assert_int_equal(result.recovered, 0);
    assert_int_equal(result.notes.count, 0);
    free(made.bytes);
}

/* One chunk: a service's record lies over the first of ten merges, and over their templates. */
static struct made make_overwritten(void)
{
    struct evtx_writer *w = evtx_writer_new(
        &(struct evtx_recipe){.max_chunks = 1, .keep_slack = true, .chunk_records = 10});

    for (unsigned i = 0; i < 10; i++)
        evtx_write_vmms(w, 0, 19070, 4, &vm, 0, NULL, 0);
    evtx_write_service_state(w, 0, "vmms", "Hyper-V Virtual Machine Management", 1);
    return finish(w);
}

/* A record in slack whose template was written over is not read with the wrong one. */
static void test_slack_without_its_template(void **state)
{
    struct made made = make_overwritten();
    struct result result = read_log(made.bytes, made.size);

    assert_int_equal(result.live, 1);
    assert_int_equal(result.ids[0], 11);
    assert_true(result.counts.damaged > 5);
    assert_int_equal(result.recovered, result.broken); /* System is shared, the values are not */
    notes_free(&result.notes);
    free(made.bytes);
}

/* … but where another chunk has the same template, it is read with that. */
static void test_template_of_another_chunk(void **state)
{
    struct made slack = make_overwritten();
    struct made made = make_log((struct evtx_recipe){.first_record_id = 100}, 1);

    made.bytes = realloc(made.bytes, made.size + EVTX_CHUNK_SIZE);
    assert_non_null(made.bytes);
    memcpy(made.bytes + made.size, slack.bytes + CHUNK(0), EVTX_CHUNK_SIZE);
    made.size += EVTX_CHUNK_SIZE;
    struct result result = read_log(made.bytes, made.size);
    assert_int_equal(result.live, 2);
    assert_int_equal(result.ids[0], 100);
    assert_int_equal(result.ids[1], 11);
    assert_true(result.recovered > 5);
    for (size_t i = 1; i < result.recovered; i++)
        assert_int_equal(result.ids[2 + i], result.ids[1 + i] + 1);
    assert_int_equal(result.ids[result.id_count - 1], 10);
    assert_int_equal(result.broken, 0);
    assert_int_equal(result.counts.damaged, 0);
    notes_free(&result.notes);
    free(made.bytes);
    free(slack.bytes);
}

/* ---- damage ---- */

static void test_lost_file_header(void **state)
{
    struct made made = make_log((struct evtx_recipe){0}, 25);

    memset(made.bytes, 0, EVTX_HEADER_BLOCK);
    struct result result = read_log(made.bytes, made.size);
    check_ids(&result, 1, 25);
    assert_true(noted(&result, "EVTX-FILE-HEADER", SEVERITY_PROBLEM));
    notes_free(&result.notes);

    /* carved: the file begins with a chunk, or anywhere before one */
    result = read_log(made.bytes + EVTX_HEADER_BLOCK, made.size - EVTX_HEADER_BLOCK);
    check_ids(&result, 1, 25);
    notes_free(&result.notes);
    result = read_log(made.bytes + 1024, made.size - 1024);
    check_ids(&result, 1, 25);
    notes_free(&result.notes);
    free(made.bytes);
}

static void test_bad_file_checksum(void **state)
{
    struct made made = make_log((struct evtx_recipe){0}, 25);

    made.bytes[0x2A] = 99; /* chunks, not 99 */
    struct result result = read_log(made.bytes, made.size);
    check_ids(&result, 1, 25);
    assert_true(noted(&result, "EVTX-FILE-CHECKSUM", SEVERITY_PROBLEM));
    assert_false(notes_has(&result.notes, "EVTX-TRUNCATED"));
    notes_free(&result.notes);
    free(made.bytes);
}

static void test_lost_chunk_header(void **state)
{
    struct made made = make_log((struct evtx_recipe){0}, 25);

    memset(made.bytes + CHUNK(1), 0xAA, EVTX_CHUNK_RECORDS);
    struct result result = read_log(made.bytes, made.size);
    check_ids(&result, 1, 25);
    assert_int_equal(result.live, 25);
    assert_true(noted(&result, "EVTX-CHUNK-HEADER", SEVERITY_PROBLEM));
    notes_free(&result.notes);
    free(made.bytes);
}

/* A header that lies about its records is caught by its checksum, and not followed. */
static void test_bad_chunk_checksum(void **state)
{
    struct made made = make_log((struct evtx_recipe){0}, 25);

    store_le32(made.bytes + CHUNK(1) + 0x30, EVTX_CHUNK_RECORDS);
    struct result result = read_log(made.bytes, made.size);
    check_ids(&result, 1, 25);
    assert_true(noted(&result, "EVTX-CHUNK-CHECKSUM", SEVERITY_PROBLEM));
    notes_free(&result.notes);
    free(made.bytes);
}

static void test_absurd_free_space(void **state)
{
    static const uint32_t absurd[] = {0, 511, EVTX_CHUNK_SIZE + 1, UINT32_MAX};

    for (size_t i = 0; i < ARRAY_SIZE(absurd); i++) {
        struct made made = make_log((struct evtx_recipe){0}, 25);
        store_le32(made.bytes + CHUNK(1) + 0x30, absurd[i]);
        evtx_seal_chunk(made.bytes, CHUNK(1));
        struct result result = read_log(made.bytes, made.size);
        check_ids(&result, 1, 25);
        assert_true(noted(&result, "EVTX-CHUNK-HEADER", SEVERITY_PROBLEM));
        notes_free(&result.notes);
        free(made.bytes);
    }
}

static void test_bad_records_checksum(void **state)
{
    struct made made = make_log((struct evtx_recipe){0}, 25);
    size_t record = evtx_find_record(made.bytes, made.size, 13);

    made.bytes[record + 16] ^= 1; /* the time of record 13 */
    struct result result = read_log(made.bytes, made.size);
    check_ids(&result, 1, 25);
    assert_int_equal(result.notes.count, 1);
    assert_true(noted(&result, "EVTX-RECORDS-CHECKSUM", SEVERITY_PROBLEM));
    notes_free(&result.notes);
    free(made.bytes);
}

/* One record is lost, those around it are not. */
static void test_hole(void **state)
{
    static const struct {
        size_t offset;
        uint32_t value;
    } damages[] = {{0, 0}, {4, 0}, {4, UINT32_MAX}, {4, 27}, {4, 0x10000}, {4, 30}};

    for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
        struct made made = make_log((struct evtx_recipe){0}, 25);
        size_t record = evtx_find_record(made.bytes, made.size, 13);
        store_le32(made.bytes + record + damages[i].offset, damages[i].value);
        struct result result = read_log(made.bytes, made.size);
        assert_int_equal(result.live, 24);
        assert_int_equal(result.ids[11], 12);
        assert_int_equal(result.ids[12], 14);
        assert_true(noted(&result, "EVTX-RECORD", SEVERITY_PROBLEM));
        notes_free(&result.notes);
        free(made.bytes);
    }
}

static void test_same_chunk_twice(void **state)
{
    struct made made = make_log((struct evtx_recipe){0}, 25);

    memcpy(made.bytes + CHUNK(2), made.bytes + CHUNK(1), EVTX_CHUNK_SIZE);
    struct result result = read_log(made.bytes, made.size);
    check_ids(&result, 1, 20);
    assert_true(noted(&result, "EVTX-DUPLICATE", SEVERITY_WARNING));
    notes_free(&result.notes);
    free(made.bytes);
}

static void test_zeroed_chunk(void **state)
{
    struct made made = make_log((struct evtx_recipe){0}, 25);

    memset(made.bytes + CHUNK(1), 0, EVTX_CHUNK_SIZE);
    struct result result = read_log(made.bytes, made.size);
    assert_int_equal(result.live, 15);
    assert_true(noted(&result, "EVTX-GAP", SEVERITY_WARNING));
    notes_free(&result.notes);
    free(made.bytes);
}

/* However much is cut off: what is whole is read, and the loss is noted. */
static void test_truncated_anywhere(void **state)
{
    struct made made = make_log((struct evtx_recipe){0}, 25);
    size_t last = 25;

    for (size_t size = made.size - 1; size<made.size; size -= size> CHUNK(2) + 9000 ? 6037 : 37) {
        struct result result = read_log(made.bytes, size);
        if (result.opened != 0) {
            assert_true(size < sizeof(struct evtx_file_header));
            assert_int_equal(result.opened, -ENOMSG);
            break;
        }
        assert_int_equal(result.ended, 0);
        assert_true(result.live <= last);
        assert_true(notes_has(&result.notes, "EVTX-TRUNCATED"));
        last = result.live;
        notes_free(&result.notes);
    }
    assert_int_equal(last, 0);
    free(made.bytes);
}

static void test_no_log(void **state)
{
    uint8_t noise[3 * 4096];
    uint32_t x = 1;

    for (size_t i = 0; i < sizeof(noise); i++) {
        x = x * 1664525 + 1013904223;
        noise[i] = (uint8_t)(x >> 24);
    }
    for (size_t size = 0; size <= sizeof(noise); size += 512)
        assert_int_equal(read_log(noise, size).opened, -ENOMSG);

    struct made made = make_log((struct evtx_recipe){0}, 5);
    store_le16(made.bytes + 0x26, 4);
    evtx_seal_file_header(made.bytes);
    struct result result = read_log(made.bytes, made.size);
    assert_int_equal(result.opened, -ENOTSUP);
    assert_true(noted(&result, "EVTX-VERSION", SEVERITY_PROBLEM));
    notes_free(&result.notes);
    free(made.bytes);
}

/* Bytes of a chunk are turned around one at a time: nothing worse than fewer records may happen. */
static void test_any_byte_wrong(void **state)
{
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_recipe){0});
    write_mixture(w);
    struct made made = finish(w);
    size_t end = CHUNK(0) + load_le32(made.bytes + CHUNK(0) + 0x30);

    for (size_t i = CHUNK(0); i < end; i += i < CHUNK(0) + 0x400 ? 1 : 5) {
        if (i >= CHUNK(0) + 0x78 && i < CHUNK(0) + 0x7C) /* the flags have no checksum */
            continue;
        made.bytes[i] ^= 0xFF;
        struct result result = read_log(made.bytes, made.size);
        assert_int_equal(result.opened, 0);
        assert_int_equal(result.ended, 0);
        assert_true(result.live + result.recovered <= MIXTURE);
        assert_true(notes_worst(&result.notes) >= SEVERITY_PROBLEM);
        notes_free(&result.notes);
        made.bytes[i] ^= 0xFF;
    }
    free(made.bytes);
}

/* ---- binary XML made by hand ---- */

#define BODY 536 /* where the binary XML of the first record begins in its chunk */

static struct made wrap(const uint8_t *xml, size_t size)
{
    struct made made = make_log((struct evtx_recipe){0}, 1);
    uint8_t *chunk = made.bytes + CHUNK(0);
    uint32_t whole = (uint32_t)size + 28;

    memset(chunk + BODY, 0, EVTX_CHUNK_SIZE - BODY);
    memcpy(chunk + BODY, xml, size);
    store_le32(chunk + 512 + 4, whole);
    store_le32(chunk + 512 + whole - 4, whole);
    store_le32(chunk + 0x30, 512 + whole);
    evtx_seal_chunk(made.bytes, CHUNK(0));
    return made;
}

struct xml {
    uint8_t bytes[60000];
    size_t size;
};

static void put(struct xml *x, uint64_t value, size_t size)
{
    uint8_t b[8];

    store_le64(b, value);
    memcpy(x->bytes + x->size, b, size);
    x->size += size;
}

static void put_name(struct xml *x, const char *name)
{
    put(x, BODY + x->size + 4, 4);
    put(x, 0, 4);
    put(x, 0, 2);
    put(x, strlen(name), 2);
    for (; *name; name++)
        put(x, (uint8_t)*name, 2);
    put(x, 0, 2);
}

/* An element without a definition around it has no dependency identifier. */
static void open_plain(struct xml *x, const char *name)
{
    put(x, BINXML_OPEN_START, 1);
    put(x, 20, 4);
    put_name(x, name);
    put(x, BINXML_CLOSE_START, 1);
}

static void put_text(struct xml *x, unsigned token, const char *text)
{
    put(x, token, 1);
    if ((token & ~BINXML_MORE) == BINXML_VALUE)
        put(x, BINXML_STRING, 1);
    put(x, strlen(text), 2);
    for (; *text; text++)
        put(x, (uint8_t)*text, 2);
}

/* The one record of a log with just this binary XML; the log stays open. */
static const struct event_record *first_record(struct made *made, struct event_log **log)
{
    io_source *source = io_memory_new(made->bytes, made->size);
    const struct event_record *record;

    assert_int_equal(event_log_open(log, source, NULL), 0);
    assert_int_equal(event_log_next(*log, &record), 1);
    io_unref(source);
    return record;
}

static void test_every_token(void **state)
{
    struct xml x = {0};

    put(&x, 0x0001010F, 4);
    put(&x, BINXML_PI_TARGET, 1);
    put_name(&x, "target");
    put_text(&x, BINXML_PI_DATA, "data");
    open_plain(&x, "Event");
    open_plain(&x, "System");
    open_plain(&x, "Channel");
    put_text(&x, BINXML_VALUE, "Appli");
    put_text(&x, BINXML_CDATA, "ca");
    put_text(&x, BINXML_VALUE | BINXML_MORE, "tion");
    put(&x, BINXML_END_ELEMENT, 1);
    open_plain(&x, "EventID");
    put(&x, BINXML_VALUE, 1);
    put(&x, BINXML_UINT32, 1);
    put(&x, 0xC0060021, 4);
    put(&x, BINXML_END_ELEMENT, 1);
    put(&x, BINXML_END_ELEMENT, 1);
    open_plain(&x, "EventData");
    open_plain(&x, "Data");
    put_text(&x, BINXML_VALUE, "a");
    put(&x, BINXML_CHARACTER, 1);
    put(&x, 0x65E5, 2);
    for (size_t i = 0; i < 6; i++) {
        static const char *const entities[] = {"lt", "gt", "amp", "quot", "apos", "other"};
        put(&x, BINXML_ENTITY, 1);
        put_name(&x, entities[i]);
    }
    put(&x, BINXML_END_ELEMENT, 1);
    put(&x, BINXML_END_ELEMENT, 1);
    put(&x, BINXML_END_ELEMENT, 1);
    put(&x, BINXML_END, 1);

    struct made made = wrap(x.bytes, x.size);
    struct event_log *log;
    const struct event_record *record = first_record(&made, &log);
    assert_string_equal(record->channel, "Application");
    assert_int_equal(record->event_id, 0x21);
    assert_int_equal(record->qualifiers, 0xC006);
    assert_int_equal(record->value_count, 1);
    assert_null(record->values[0].name);
    assert_string_equal(record->values[0].value, "a日<>&\"'other");
    event_log_close(log);
    free(made.bytes);
}

/* The head of a template instance whose definition follows; returns where its size stands. */
static size_t put_definition(struct xml *x, uint32_t id)
{
    put(x, 0x010C, 2);
    put(x, id, 4);
    put(x, BODY + x->size + 4, 4);
    put(x, 0, 4);
    put(x, id, 4);
    put(x, 0, 8);
    put(x, 0, 4);
    put(x, 0, 4);
    return x->size - 4;
}

static void put_instance(struct xml *x, uint32_t id, size_t definition)
{
    put(x, 0x010C, 2);
    put(x, id, 4);
    put(x, BODY + definition, 4);
    put(x, 0, 4); /* values */
}

static void open_with_attributes(struct xml *x, const char *name)
{
    put(x, 0, 2); /* the dependency identifier of a definition */
    put(x, 20, 4);
    put_name(x, name);
    put(x, 0, 4);
}

/* Values, substitutions, characters and entities inside attributes, where libevtx gives up. */
static void test_tokens_in_attributes(void **state)
{
    static const char *const values[] = {"Test-Provider", "middle", "text"};
    struct xml x = {0};

    size_t size = put_definition(&x, 7), from = x.size;
    for (size_t i = 0; i < 2; i++) {
        static const char *const parents[] = {"Event", "System"};
        put(&x, BINXML_OPEN_START, 1);
        put(&x, 0, 2);
        put(&x, 20, 4);
        put_name(&x, parents[i]);
        put(&x, BINXML_CLOSE_START, 1);
    }
    put(&x, BINXML_OPEN_START | BINXML_MORE, 1);
    open_with_attributes(&x, "Provider");
    put(&x, BINXML_ATTRIBUTE, 1);
    put_name(&x, "Name");
    put(&x, BINXML_SUBSTITUTION, 1);
    put(&x, 0, 2);
    put(&x, BINXML_STRING, 1);
    put(&x, BINXML_CLOSE_EMPTY, 1);
    put(&x, BINXML_END_ELEMENT, 1);
    put(&x, BINXML_OPEN_START, 1);
    put(&x, 0, 2);
    put(&x, 20, 4);
    put_name(&x, "EventData");
    put(&x, BINXML_CLOSE_START, 1);
    put(&x, BINXML_OPEN_START | BINXML_MORE, 1);
    open_with_attributes(&x, "Data");
    put(&x, BINXML_ATTRIBUTE, 1);
    put_name(&x, "Name");
    put_text(&x, BINXML_VALUE | BINXML_MORE, "a");
    put(&x, BINXML_ENTITY, 1);
    put_name(&x, "amp");
    put(&x, BINXML_SUBSTITUTION, 1);
    put(&x, 1, 2);
    put(&x, BINXML_STRING, 1);
    put(&x, BINXML_CHARACTER, 1);
    put(&x, 0x65E5, 2);
    put(&x, BINXML_CLOSE_START, 1);
    put(&x, BINXML_OPTIONAL_SUBSTITUTION, 1);
    put(&x, 2, 2);
    put(&x, BINXML_STRING, 1);
    for (size_t i = 0; i < 3; i++)
        put(&x, BINXML_END_ELEMENT, 1);
    put(&x, BINXML_END, 1);
    store_le32(x.bytes + size, (uint32_t)(x.size - from));
    put(&x, ARRAY_SIZE(values), 4);
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        put(&x, 2 * strlen(values[i]), 2);
        put(&x, BINXML_STRING, 1);
        put(&x, 0, 1);
    }
    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        for (const char *at = values[i]; *at; at++)
            put(&x, (uint8_t)*at, 2);
    put(&x, BINXML_END, 1);

    struct made made = wrap(x.bytes, x.size);
    struct event_log *log;
    const struct event_record *record = first_record(&made, &log);
    assert_false(record->damaged);
    assert_string_equal(record->provider, "Test-Provider");
    assert_int_equal(record->value_count, 1);
    assert_string_equal(record->values[0].name, "a&middle日");
    assert_string_equal(record->values[0].value, "text");
    event_log_close(log);
    free(made.bytes);
}

static void check_refused(struct xml *x)
{
    struct made made = wrap(x->bytes, x->size);
    struct result result = read_log(made.bytes, made.size);

    assert_int_equal(result.live, 0);
    assert_int_equal(result.counts.damaged, 1);
    assert_true(noted(&result, "EVTX-SYSTEM", SEVERITY_PROBLEM));
    notes_free(&result.notes);
    free(made.bytes);
}

static void test_template_in_itself(void **state)
{
    struct xml x = {0};

    size_t size = put_definition(&x, 7), from = x.size;
    put_instance(&x, 7, 10);
    store_le32(x.bytes + size, (uint32_t)(x.size - from));
    put(&x, 0, 4);
    check_refused(&x);
}

/* Each of ten definitions has a hundred instances of the one before: reading ends all the same. */
static void test_template_bomb(void **state)
{
    struct xml x = {0};
    size_t before = 0;

    for (uint32_t id = 1; id <= 10; id++) {
        size_t definition = x.size + 10, size = put_definition(&x, id), from = x.size;
        for (int i = 0; before > 0 && i < 100; i++)
            put_instance(&x, id - 1, before);
        store_le32(x.bytes + size, (uint32_t)(x.size - from));
        put(&x, 0, 4);
        before = definition;
    }
    check_refused(&x);
}

static void test_elements_too_deep(void **state)
{
    struct xml x = {0};

    for (int i = 0; i < 1000; i++)
        open_plain(&x, "E");
    check_refused(&x);
}

static void test_many_values_of_a_template(void **state)
{
    struct xml x = {0};

    size_t size = put_definition(&x, 7);
    store_le32(x.bytes + size, 0);
    put(&x, UINT32_MAX, 4);
    check_refused(&x);
}

#define TEMPORARY_TEST(f) cmocka_unit_test_setup_teardown(f, temporary_enter, temporary_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEMPORARY_TEST(test_every_kind),
        TEMPORARY_TEST(test_many_chunks),
        cmocka_unit_test(test_values_of_our_own),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_empty_log),
        cmocka_unit_test(test_headers_lag_behind),
        cmocka_unit_test(test_slack),
        cmocka_unit_test(test_slack_that_is_live_elsewhere),
        cmocka_unit_test(test_slack_without_its_template),
        cmocka_unit_test(test_template_of_another_chunk),
        cmocka_unit_test(test_lost_file_header),
        cmocka_unit_test(test_bad_file_checksum),
        cmocka_unit_test(test_lost_chunk_header),
        cmocka_unit_test(test_bad_chunk_checksum),
        cmocka_unit_test(test_absurd_free_space),
        cmocka_unit_test(test_bad_records_checksum),
        cmocka_unit_test(test_hole),
        cmocka_unit_test(test_same_chunk_twice),
        cmocka_unit_test(test_zeroed_chunk),
        cmocka_unit_test(test_truncated_anywhere),
        cmocka_unit_test(test_no_log),
        cmocka_unit_test(test_any_byte_wrong),
        cmocka_unit_test(test_every_token),
        cmocka_unit_test(test_tokens_in_attributes),
        cmocka_unit_test(test_template_in_itself),
        cmocka_unit_test(test_template_bomb),
        cmocka_unit_test(test_elements_too_deep),
        cmocka_unit_test(test_many_values_of_a_template),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
