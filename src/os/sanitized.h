/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Whether this build carries a sanitizer that reserves terabytes of address space, looks at
 * itself through /proc and ends with a tracing clone: limits must leave room for that. */
#ifndef OS_SANITIZED_H
#define OS_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BUILT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BUILT_SANITIZED 1
#endif
#endif

#ifndef BUILT_SANITIZED
#define BUILT_SANITIZED 0
#endif

#endif
