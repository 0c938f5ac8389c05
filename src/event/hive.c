/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "event/hive.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "event/hive_format.h"
#include "event/hive_questions.h"
#include "os/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A SOFTWARE hive may have 200 MiB, of which libregf reads some percent. */
#define TIMEOUT_MS 60000
#define REPLY_MAX  (1024 * 1024)

const char *hive_kind_name(enum hive_kind kind)
{
    static const char *const names[] = {"another hive", "SYSTEM", "SOFTWARE", "SECURITY",
                                        "security template"};

    return names[kind];
}

bool hive_probe(io_source *source)
{
    char signature[4];

    return io_read(source, 0, signature, sizeof(signature)) == 0 &&
           memcmp(signature, "regf", 4) == 0;
}

/* ---- the worker's answers ---- */

/* Walks through a reply, which is as little trusted as the hive. */
struct answers {
    const uint8_t *at, *end;
    struct regf_answer answer; /* the present one */
    uint32_t items_left;
};

static bool take_bytes(struct answers *answers, void *to, size_t size)
{
    if (size > (size_t)(answers->end - answers->at))
        return false;
    memcpy(to, answers->at, size);
    answers->at += size;
    return true;
}

static int next_answer(struct answers *answers)
{
    if (!take_bytes(answers, &answers->answer, sizeof(answers->answer)) ||
        answers->answer.item_count > REGF_ITEMS_MAX)
        return -EPROTO;
    answers->items_left = answers->answer.item_count;
    return 0;
}

/* 1, 0 behind the last one, or -EPROTO. */
static int next_item(struct answers *answers, struct hive_item *item)
{
    struct regf_item head;

    if (answers->items_left == 0)
        return 0;
    answers->items_left--;
    if (!take_bytes(answers, &head, sizeof(head)))
        return -EPROTO;
    size_t left = (size_t)(answers->end - answers->at);
    if (head.name_size == 0 || head.name_size > left || head.data_size > left - head.name_size ||
        answers->at[head.name_size - 1] != '\0')
        return -EPROTO;
    item->name = (const char *)answers->at;
    item->type = head.type;
    item->data = answers->at + head.name_size;
    item->size = head.data_size;
    answers->at += (size_t)head.name_size + head.data_size;
    return 1;
}

static void put_question(struct strbuf *to, enum regf_ask ask, const char *key, const char *name)
{
    struct regf_question question = {
        .ask = ask,
        .key_size = (uint32_t)strlen(key) + 1,
        .name_size = (uint32_t)strlen(name) + 1,
    };

    strbuf_append_bytes(to, &question, sizeof(question));
    strbuf_append_bytes(to, key, question.key_size);
    strbuf_append_bytes(to, name, question.name_size);
}

static void put_questions(struct strbuf *to, const struct hive_facts *facts)
{
    for (size_t i = 0; i < hive_question_count; i++) {
        const struct hive_question *q = &hive_questions[i];
        if (q->hive != facts->kind)
            continue;
        CLEANUP_FREE char *key =
            q->key[0] == '*' ? string_printf("ControlSet%03u%s", facts->control_set, q->key + 1)
                             : strdup(q->key);
        to->failed = to->failed || !key;
        if (key)
            put_question(to, q->ask, key, q->name);
    }
}

/* ---- reading ---- */

struct conversation {
    struct workers *workers;
    io_source *source;
    struct notes *notes;
    uint8_t *reply; /* REPLY_MAX bytes */
    bool told_damage;
};

static void note_damage(struct conversation *talk, const char *what)
{
    if (!talk->told_damage)
        notes_add(talk->notes, SEVERITY_WARNING, "HIVE-DAMAGED", NOTE_NO_OFFSET,
                  "%s: values may be missing", what);
    talk->told_damage = true;
}

static int ask(struct conversation *talk, struct strbuf *asked, struct answers *answers)
{
    const struct worker_job job = {
        .name = "regf",
        .sources = &talk->source,
        .source_count = 1,
        .parameters = asked->text,
        .parameters_size = asked->length,
        .timeout_ms = TIMEOUT_MS,
    };
    struct regf_reply head;

    if (asked->failed)
        return -ENOMEM;
    int64_t size = workers_run(talk->workers, &job, talk->reply, REPLY_MAX);
    if (size < 0)
        return (int)size;
    *answers = (struct answers){.at = talk->reply, .end = talk->reply + size};
    if (!take_bytes(answers, &head, sizeof(head)) ||
        memchr(head.error, '\0', sizeof(head.error)) == NULL)
        return -EPROTO;
    if (!head.opened) {
        CLEANUP_FREE char *error = text_printable(head.error);
        notes_add(talk->notes, SEVERITY_PROBLEM, "HIVE-OPEN", NOTE_NO_OFFSET,
                  "libregf does not open the hive: %s", error ? error : "");
        return -EBADMSG;
    }
    if (head.corrupted)
        note_damage(talk, "libregf found damage in the hive");
    return 0;
}

/* Which hive it is, by the keys at its root. */
static const struct {
    enum hive_kind kind;
    const char *key, *other;
} root_keys[] = {
    {HIVE_SYSTEM, "Select", "ControlSet001"},
    {HIVE_SYSTEM, "Select", "ControlSet002"},
    {HIVE_SOFTWARE, "Microsoft", "Classes"},
    {HIVE_SECURITY, "Policy", "Policy"},
};

static int take_roots(struct answers *answers, struct hive_facts *facts)
{
    bool seen[ARRAY_SIZE(root_keys)][2] = {{false}};
    struct hive_item item;
    int r = next_answer(answers);

    if (r < 0)
        return r;
    if (!answers->answer.key_found)
        return -EBADMSG;
    while ((r = next_item(answers, &item)) > 0)
        for (size_t i = 0; i < ARRAY_SIZE(root_keys); i++) {
            seen[i][0] = seen[i][0] || hive_item_is(&item, root_keys[i].key);
            seen[i][1] = seen[i][1] || hive_item_is(&item, root_keys[i].other);
        }
    for (size_t i = 0; i < ARRAY_SIZE(root_keys) && facts->kind == HIVE_OTHER; i++)
        if (seen[i][0] && seen[i][1])
            facts->kind = root_keys[i].kind;
    return r;
}

/* CurrentControlSet is a link that only exists while Windows runs. */
static int take_select(struct answers *answers, struct hive_facts *facts)
{
    struct hive_item item;
    int r = next_answer(answers);

    facts->control_set = 1;
    if (r < 0 || (r = next_item(answers, &item)) <= 0)
        return r;
    struct hive_number current = hive_item_number(&item);
    if (current.type == HIVE_DWORD && current.value >= 1 && current.value <= 999)
        facts->control_set = current.value;
    return 0;
}

static int identify(struct conversation *talk, struct hive_facts *facts)
{
    CLEANUP(strbuf) struct strbuf asked = {0};
    struct answers answers;

    put_question(&asked, REGF_SUBKEYS, "", "");
    put_question(&asked, REGF_VALUE, "Select", "Current");
    int r = ask(talk, &asked, &answers);
    if (r < 0)
        return r;
    r = take_roots(&answers, facts);
    if (r == -EBADMSG)
        notes_add(talk->notes, SEVERITY_PROBLEM, "HIVE-ROOT", NOTE_NO_OFFSET,
                  "the root key of the hive can't be read");
    else if (r == 0 && answers.answer.incomplete)
        note_damage(talk, "the root key of the hive can't be read whole");
    if (r == 0)
        r = take_select(&answers, facts);
    return r;
}

static int take_answer(const struct hive_question *question, struct answers *answers,
                       struct hive_facts *facts)
{
    struct hive_item item;
    int r;

    if (question->take_key)
        question->take_key(facts, &answers->answer);
    while ((r = next_item(answers, &item)) > 0)
        if (question->take && (r = question->take(facts, &item)) < 0)
            return r;
    return r;
}

static int read_values(struct conversation *talk, struct hive_facts *facts)
{
    CLEANUP(strbuf) struct strbuf asked = {0};
    struct answers answers;

    put_questions(&asked, facts);
    int r = ask(talk, &asked, &answers);
    for (size_t i = 0; i < hive_question_count && r == 0; i++) {
        if (hive_questions[i].hive != facts->kind)
            continue;
        r = next_answer(&answers);
        if (r == 0 && answers.answer.incomplete)
            note_damage(talk, "a key of the hive can't be read whole");
        if (r == 0)
            r = take_answer(&hive_questions[i], &answers, facts);
    }
    return r;
}

static int read_base_block(io_source *source, struct hive_facts *facts, struct notes *notes)
{
    struct hive_base_block block;
    int r = io_read(source, 0, &block, sizeof(block));

    if (r < 0) {
        notes_add(notes, SEVERITY_PROBLEM, "HIVE-CUT", 0,
                  "the file has %llu bytes, a hive begins with a block of 4096",
                  (unsigned long long)io_size(source));
        return r == -ENODATA ? -EBADMSG : r;
    }
    facts->written = get_le64(block.written);
    facts->has_pending_log = get_le32(block.primary_sequence) != get_le32(block.secondary_sequence);
    uint64_t end = HIVE_BINS + (uint64_t)get_le32(block.bins_size);
    if (io_size(source) < end)
        notes_add(notes, SEVERITY_PROBLEM, "HIVE-CUT", offsetof(struct hive_base_block, bins_size),
                  "the file has %llu bytes, its bins end at %llu",
                  (unsigned long long)io_size(source), (unsigned long long)end);
    if (hive_checksum(&block) != get_le32(block.checksum))
        notes_add(notes, SEVERITY_WARNING, "HIVE-CHECKSUM",
                  offsetof(struct hive_base_block, checksum),
                  "the checksum of the base block is %08x, it should be %08x",
                  get_le32(block.checksum), hive_checksum(&block));
    if (facts->has_pending_log)
        notes_add(notes, SEVERITY_INFO, "HIVE-LOG",
                  offsetof(struct hive_base_block, primary_sequence),
                  "changes wait in the hive's .LOG1 and .LOG2 and are not applied: what is "
                  "read may be some minutes older than the file");
    return 0;
}

int hive_read(struct workers *workers, io_source *source, struct hive_facts *facts,
              struct notes *notes)
{
    CLEANUP_FREE uint8_t *reply = NULL;

    *facts = (struct hive_facts){0};
    if (!hive_probe(source))
        return -ENOMSG;
    int r = read_base_block(source, facts, notes);
    if (r < 0)
        return r;
    if (!workers)
        return -ENOENT;
    reply = malloc(REPLY_MAX);
    struct conversation talk = {workers, source, notes, reply, false};
    r = reply ? identify(&talk, facts) : -ENOMEM;
    if (r == 0 && facts->kind != HIVE_OTHER)
        r = read_values(&talk, facts);
    return r;
}

bool hive_event_classes_are_wrong(const struct hive_facts *facts)
{
    static const char library[] = "\\EVENTCLS.DLL";
    const char *text = facts->event_classes.text;
    size_t length = text ? strlen(text) : 0;

    if (facts->event_classes.type == 0) /* it was not there to be seen */
        return false;
    return facts->event_classes.type != HIVE_EXPAND_SZ || length < sizeof(library) ||
           strcasecmp(text + length - (sizeof(library) - 1), library) != 0;
}

void hive_free(struct hive_facts *facts)
{
    free(facts->computer_name);
    free(facts->time_zone);
    free(facts->eventsystem_path);
    free(facts->eventsystem_group);
    for (size_t i = 0; i < facts->eventsystem_peers.count; i++)
        free(facts->eventsystem_peers.items[i]);
    vector_free(&facts->eventsystem_peers);
    for (size_t i = 0; i < facts->mounts.count; i++) {
        free(facts->mounts.items[i].name);
        free(facts->mounts.items[i].bytes);
    }
    vector_free(&facts->mounts);
    free(facts->product_name);
    free(facts->event_classes.text);
    *facts = (struct hive_facts){0};
}
