/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "worker/sandbox.h"

#include "base/checked.h"
#include "os/sanitized.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Allowed whatever the arguments are. */
static const int allowed[] = {
    /* memory; new mappings see below */
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    /* waiting and knowing the time */
    SCMP_SYS(futex), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
    SCMP_SYS(restart_syscall), SCMP_SYS(sched_yield),
    /* itself */
    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getrandom), SCMP_SYS(getrusage),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack), SCMP_SYS(exit), SCMP_SYS(exit_group),
};

/* Allowed on the socket only. */
static const int spoken[] = {
    SCMP_SYS(read),    SCMP_SYS(write),   SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(sendto),
};

static int add_rules(scmp_filter_ctx filter, int socket)
{
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
        r |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; i < ARRAY_SIZE(spoken); i++)
        r |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, spoken[i], 1,
                              SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)socket));
    r |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
                          SCMP_A2_32(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                          SCMP_A3_32(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
    r |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                          SCMP_A2_32(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    r |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2,
                          SCMP_A0_32(SCMP_CMP_EQ, 0), SCMP_A1_32(SCMP_CMP_EQ, RLIMIT_CPU));
    if (BUILT_SANITIZED) /* its complaints, and what it does to make them */
        r |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                              SCMP_A0_32(SCMP_CMP_EQ, STDERR_FILENO));
    return r;
}

void worker_enter_sandbox(int socket)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));

    if (!BUILT_SANITIZED) /* there may be a key in our memory: no other process is to look */
        prctl(PR_SET_DUMPABLE, 0);
    if (!filter)
        return;
    if (add_rules(filter, socket) == 0)
        seccomp_load(filter);
    seccomp_release(filter);
}
