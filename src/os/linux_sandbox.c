/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Landlock takes the file system away, seccomp the system calls that change anything, start
 * programs or speak to the network. Each stands alone where the kernel lacks the other.
 */
#include "os/sandbox.h"

#include "base/checked.h"
#include "os/sanitized.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Landlock, from the kernel's documentation (userspace-api/landlock): the C library has no calls
 * for it, and the headers of a distribution are older than the kernels that it meets.
 */
#define CREATE_RULESET_VERSION 1U
#define RULE_PATH_BENEATH      1

#define ACCESS_EXECUTE   ((uint64_t)1 << 0)
#define ACCESS_READ_FILE ((uint64_t)1 << 2)
#define ACCESS_READ_DIR  ((uint64_t)1 << 3)
#define ACCESS_IOCTL_DEV ((uint64_t)1 << 15)

struct ruleset_attributes {
    uint64_t handled_files;  /* every right named here is denied unless a rule gives it */
    uint64_t handled_network;
    uint64_t scoped;
};

struct path_beneath {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

/* What each version of the interface knows; the last line holds for all later ones. */
static const struct landlock_version {
    struct ruleset_attributes attributes;
    size_t size;
} landlock_versions[] = {
    {{0x1FFF, 0, 0}, 8},  /* 1: all the rights of the first version */
    {{0x3FFF, 0, 0}, 8},  /* 2: REFER */
    {{0x7FFF, 0, 0}, 8},  /* 3: TRUNCATE */
    {{0x7FFF, 3, 0}, 16}, /* 4: BIND_TCP, CONNECT_TCP */
    {{0xFFFF, 3, 0}, 16}, /* 5: IOCTL_DEV */
    {{0xFFFF, 3, 3}, 24}, /* 6: abstract sockets and signals stay in the sandbox */
};

static void allow_reading(int ruleset, uint64_t handled, const char *path)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    struct path_beneath rule = {.allowed = ACCESS_READ_FILE, .parent = fd};
    struct stat status;

    if (fd < 0)
        return; /* reading it will fail later, with words */
    if (fstat(fd, &status) == 0) {
        if (S_ISDIR(status.st_mode))
            rule.allowed |= ACCESS_READ_DIR;
        if (S_ISBLK(status.st_mode)) /* to ask for its size */
            rule.allowed |= ACCESS_IOCTL_DEV & handled;
        syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
    }
    close(fd);
}

static bool enter_landlock(const char *const *readable, size_t count)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

    if (version < 1)
        return false;
    const struct landlock_version *known =
        &landlock_versions[min_u64((uint64_t)version, ARRAY_SIZE(landlock_versions)) - 1];
    int ruleset =
        (int)syscall(SYS_landlock_create_ruleset, &known->attributes, known->size, 0);
    if (ruleset < 0)
        return false;
    for (size_t i = 0; i < count; i++)
        allow_reading(ruleset, known->attributes.handled_files, readable[i]);
    if (BUILT_SANITIZED)
        allow_reading(ruleset, known->attributes.handled_files, "/proc/self");
    bool entered = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                   syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    close(ruleset);
    return entered;
}

/* System calls that are refused whatever their arguments are. Those that this C library's headers
 * don't know yet have no name here; Landlock covers what they could open. */
static const int refused[] = {
    /* programs and processes */
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork),
    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(setns), SCMP_SYS(unshare),
    /* network */
    SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept),
    SCMP_SYS(accept4),
    /* names and data of files */
    SCMP_SYS(creat), SCMP_SYS(truncate), SCMP_SYS(ftruncate), SCMP_SYS(fallocate),
    SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat),
    SCMP_SYS(renameat2), SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(symlink),
    SCMP_SYS(symlinkat), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(mknod),
    SCMP_SYS(mknodat), SCMP_SYS(open_by_handle_at),
    /* their attributes */
    SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(chown), SCMP_SYS(fchown),
    SCMP_SYS(lchown), SCMP_SYS(fchownat), SCMP_SYS(utime), SCMP_SYS(utimes),
    SCMP_SYS(futimesat), SCMP_SYS(utimensat), SCMP_SYS(setxattr), SCMP_SYS(lsetxattr),
    SCMP_SYS(fsetxattr), SCMP_SYS(removexattr), SCMP_SYS(lremovexattr), SCMP_SYS(fremovexattr),
    /* mounts and the machine */
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
    SCMP_SYS(move_mount), SCMP_SYS(open_tree), SCMP_SYS(fsopen), SCMP_SYS(fsconfig),
    SCMP_SYS(fsmount), SCMP_SYS(fspick), SCMP_SYS(mount_setattr), SCMP_SYS(swapon),
    SCMP_SYS(swapoff), SCMP_SYS(quotactl), SCMP_SYS(reboot), SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load), SCMP_SYS(init_module), SCMP_SYS(finit_module),
    SCMP_SYS(delete_module), SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
    SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key),
    /* whose requests no filter sees */
    SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register),
};

/* Requests that change a file or device although it was opened for reading only. */
static const unsigned long refused_ioctls[] = {
    FS_IOC_SETFLAGS, FS_IOC32_SETFLAGS, FS_IOC_FSSETXATTR, FICLONE, FICLONERANGE,
    FIDEDUPERANGE,   FIFREEZE,          FITHAW,            FITRIM,  BLKROSET,
    BLKRRPART,       BLKDISCARD,        BLKSECDISCARD,     BLKZEROOUT, TIOCSTI,
};

/* Openings that could write: each line is a bit of the flags. */
static const unsigned writing_flags[] = {O_WRONLY, O_RDWR, O_CREAT, O_TRUNC};

static int add_refusals(scmp_filter_ctx filter)
{
    const uint32_t no = SCMP_ACT_ERRNO(EPERM);
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        r |= seccomp_rule_add(filter, no, refused[i], 0);
    for (size_t i = 0; i < ARRAY_SIZE(refused_ioctls); i++)
        r |= seccomp_rule_add(filter, no, SCMP_SYS(ioctl), 1,
                              SCMP_A1_32(SCMP_CMP_EQ, (uint32_t)refused_ioctls[i]));
    for (size_t i = 0; i < ARRAY_SIZE(writing_flags); i++) {
        unsigned flag = writing_flags[i];
        r |= seccomp_rule_add(filter, no, SCMP_SYS(open), 1,
                              SCMP_A1_32(SCMP_CMP_MASKED_EQ, flag, flag));
        r |= seccomp_rule_add(filter, no, SCMP_SYS(openat), 1,
                              SCMP_A2_32(SCMP_CMP_MASKED_EQ, flag, flag));
    }
    return r;
}

/*
 * Threads may be made, processes not. The arguments of clone3 can't be seen, and the C library
 * falls back to clone when it is missing. A sanitizer ends with a clone that shares the memory and
 * traces the rest.
 */
static int add_thread_rules(scmp_filter_ctx filter)
{
    const unsigned allowed = BUILT_SANITIZED ? CLONE_VM : CLONE_THREAD;
    int r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

    r |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                          SCMP_A0(SCMP_CMP_MASKED_EQ, allowed, 0));
    if (!BUILT_SANITIZED)
        r |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ptrace), 0);
    return r;
}

static bool enter_seccomp(bool landlocked)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

    if (!filter)
        return false;
    int r = add_refusals(filter) | add_thread_rules(filter);
    if (!landlocked) /* else Landlock looks at the flags, which are out of sight here */
        r |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(openat2), 0);
    bool entered = r == 0 && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return entered;
}

void sandbox_enter(const char *const *readable, size_t count, struct sandbox_state *state)
{
    state->landlock = enter_landlock(readable, count);
    state->seccomp = enter_seccomp(state->landlock);
}
