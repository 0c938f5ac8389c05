/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Which key is tried on which protector, and what is said when none fits. A wrong key costs about
 * a second, that being BitLocker's defence against guessing: what names its protector goes first.
 */
#include "volume/image_bitlocker.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "volume/bitlocker.h"
#include "volume/bitlocker_format.h"
#include "volume/bitlocker_keys.h"
#include "volume/image_worker.h"
#include "worker/bde.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TRIES_MAX         64     /* of one volume */
#define UNLOCK_TIMEOUT_MS 120000 /* of one try, on a machine with much else to do; also of a read  \
                                  */

struct unlocking {
    struct image_volume *v;
    const struct image_tools *tools;
    struct bitlocker volume;
    size_t tries;
    int worst; /* other than a wrong key; 0 none */
};

/* The secret as the worker takes it; the caller wipes and frees. */
static void *secret_of(const struct bitlocker_key *key, size_t *size)
{
    if (key && key->protection == BITLOCKER_PASSWORD)
        return text_to_utf16le(key->text, size);
    *size = key ? strlen(key->text) : 0;
    return strdup(key ? key->text : "");
}

/* The job's parameters: a request and a secret behind it. */
static uint8_t *request_for(const struct unlocking *u, const struct bitlocker_protector *p,
                            const struct bitlocker_key *key, size_t *size)
{
    const struct bitlocker *b = &u->volume;
    struct bde_request request = {
        .protection = p->protection,
        .method = b->method,
        .sector_size = b->sector_size,
        .size = io_size(u->v->source),
        .encrypted_size = b->encrypted_size,
        .header_at = b->header_at,
        .header_size = b->header_size,
        .master_key = p->master_key,
        .volume_key = b->volume_key,
    };
    size_t length;
    void *secret = secret_of(key, &length);
    uint8_t *bytes = secret ? malloc(sizeof(request) + length) : NULL;

    memcpy(request.copies, b->copies, sizeof(request.copies));
    memcpy(request.salt, p->salt, sizeof(request.salt));
    memcpy(request.clear_key, p->clear_key, sizeof(request.clear_key));
    if (bytes) {
        memcpy(bytes, &request, sizeof(request));
        memcpy(bytes + sizeof(request), secret, length);
        *size = sizeof(request) + length;
    }
    if (secret)
        explicit_bzero(secret, length);
    free(secret);
    return bytes;
}

static void take(struct unlocking *u, const struct bitlocker_protector *p, io_source *unlocked)
{
    io_unref(u->v->source);
    u->v->source = unlocked;
    u->v->bitlocker = (struct bitlocker_unlocked){
        .is_unlocked = true,
        .volume_id = u->volume.volume_id,
        .protector_id = p->id,
        .protection = p->protection,
        .method = u->volume.method,
    };
}

/* 1 unlocked, 0 not, -ENOMEM. */
static int try_key(struct unlocking *u, size_t protector, const struct bitlocker_key *key)
{
    const struct bitlocker_protector *p = &u->volume.protectors.items[protector];
    CLEANUP(io_unref) io_source *view = NULL;
    io_source *unlocked;
    size_t size = 0;

    u->tries++;
    int r = bitlocker_view(&u->volume, u->v->source, &view);
    uint8_t *request = r == 0 ? request_for(u, p, key, &size) : NULL;
    if (!request)
        return -ENOMEM;
    const struct worker_job job = {
        .name = "bde",
        .sources = &view,
        .source_count = 1,
        .parameters = request,
        .parameters_size = size,
        .timeout_ms = UNLOCK_TIMEOUT_MS,
    };
    r = image_worker_open(u->tools->workers, &job, &unlocked);
    explicit_bzero(request, size);
    free(request);
    if (r == 0)
        take(u, p, unlocked);
    else if (r != -EKEYREJECTED)
        u->worst = r;
    return r == 0 ? 1 : r == -ENOMEM ? r : 0;
}

/* How well a key fits a protector: the better ones are tried first. */
enum fit { FIT_NOT, FIT_KIND, FIT_NAMED };

static enum fit fit_of(const struct unlocking *u, const struct bitlocker_protector *p,
                       const struct bitlocker_key *key)
{
    if (key->protection != p->protection)
        return FIT_NOT;
    if (guid_equal(&key->id, &p->id))
        return FIT_NAMED;
    for (size_t i = 0; i < u->volume.protectors.count; i++)
        if (guid_equal(&key->id, &u->volume.protectors.items[i].id))
            return FIT_NOT; /* it is the other one's */
    return FIT_KIND;
}

static int try_keys(struct unlocking *u, enum fit fit)
{
    const struct bitlocker_keys *keys = u->tools->keys;
    int r = 0;

    for (size_t k = 0; keys && k < keys->list.count; k++)
        for (size_t p = 0; p < u->volume.protectors.count && r == 0 && u->tries < TRIES_MAX; p++)
            if (fit_of(u, &u->volume.protectors.items[p], &keys->list.items[k]) == fit)
                r = try_key(u, p, &keys->list.items[k]);
    return r;
}

static int try_clear_keys(struct unlocking *u)
{
    int r = 0;

    for (size_t p = 0; p < u->volume.protectors.count && r == 0 && u->tries < TRIES_MAX; p++)
        if (u->volume.protectors.items[p].protection == BITLOCKER_CLEAR_KEY)
            r = try_key(u, p, NULL);
    return r;
}

/* What is said. */

static bool has_protection(const struct bitlocker *b, enum bitlocker_protection protection)
{
    for (size_t i = 0; i < b->protectors.count; i++)
        if (b->protectors.items[i].protection == protection)
            return true;
    return false;
}

static void append_protectors(struct strbuf *text, const struct bitlocker *b)
{
    char id[GUID_TEXT_SIZE];

    for (size_t i = 0; i < b->protectors.count; i++) {
        const struct bitlocker_protector *p = &b->protectors.items[i];
        strbuf_printf(text, "%s%s %s", i > 0 ? ", " : "", bitlocker_protection_name(p->protection),
                      guid_format(&p->id, id));
    }
    if (b->protectors.count == 0)
        strbuf_append(text, "nothing");
}

static const char *what_to_do(const struct bitlocker *b)
{
    if (has_protection(b, BITLOCKER_RECOVERY_KEY))
        return "look the recovery key up by its identifier (Active Directory, Entra ID, the file "
               "or printout of that time) and give it with --recovery-key FILE";
    if (has_protection(b, BITLOCKER_PASSWORD))
        return "give the password with --password FILE";
    return "unlock it where its key is and scan the folder there, or add a recovery key with "
           "manage-bde -protectors -add";
}

static const char *why_locked(const struct unlocking *u)
{
    if (u->worst == -ENOENT)
        return "the program hvchain-worker-bde, which unlocks it, is not there";
    if (u->worst < 0)
        return image_worker_reason(u->worst);
    if (u->tries >= TRIES_MAX)
        return "the first 64 keys that could fit do not";
    return u->tries > 0 ? "none of the keys given fits" : "no key was given that could fit";
}

static int note_locked(struct unlocking *u, struct notes *notes)
{
    const struct bitlocker *b = &u->volume;
    CLEANUP(strbuf) struct strbuf text = {0};
    char id[GUID_TEXT_SIZE];

    append_protectors(&text, b);
    if (text.failed)
        return -ENOMEM;
    u->v->status = u->worst == -ENOENT ? -ENOTSUP : u->worst < 0 ? u->worst : -ENOKEY;
    notes_add(notes, SEVERITY_WARNING, "IMAGE-BITLOCKER", NOTE_NO_OFFSET,
              "the volume is encrypted with BitLocker (%s, volume %s%s%s%s) and was not opened: "
              "%s. It is unlocked by: %s. What to do: %s",
              bitlocker_method_name(b->method), guid_format(&b->volume_id, id),
              b->label ? ", \"" : "", b->label ? b->label : "", b->label ? "\"" : "", why_locked(u),
              strbuf_text(&text), what_to_do(b));
    return 0;
}

/* While it is being encrypted or decrypted, what is in work is neither the one nor the other. */
static void note_state(const struct bitlocker *b, struct notes *notes)
{
    if (b->state == FVE_SWITCHING)
        notes_add(notes, SEVERITY_WARNING, "BITLOCKER-CONVERTING", NOTE_NO_OFFSET,
                  "the volume was being encrypted or decrypted when the image was taken: what "
                  "stands near byte %" PRIu64 " of it may be unreadable",
                  b->encrypted_size);
}

static int unlock(struct unlocking *u, struct notes *notes)
{
    int r = try_clear_keys(u);

    for (enum fit fit = FIT_NAMED; r == 0 && fit > FIT_NOT; fit--)
        r = try_keys(u, fit);
    if (r > 0)
        note_state(&u->volume, notes);
    return r == 0 ? note_locked(u, notes) : r < 0 ? r : 0;
}

int image_unlock(struct image_volume *v, const struct image_tools *tools, struct notes *notes)
{
    static const struct image_tools none = {0};
    struct unlocking u = {.v = v, .tools = tools ? tools : &none};
    int r = bitlocker_read(&u.volume, v->source, notes);

    if (r == 0)
        r = unlock(&u, notes);
    else if (r != -ENOMEM)
        v->status = r;
    bitlocker_free(&u.volume);
    return r == -ENOMEM ? r : 0;
}
