/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The titles of a finding's and a diagnosis's parts, the same in text and on the page for browsers. */
#ifndef REPORT_FINDING_WORDS_H
#define REPORT_FINDING_WORDS_H

#define WORDS_SEEN     "Seen:"
#define WORDS_AGAINST  "Against it:"
#define WORDS_MISSING  "Would settle it:"
#define WORDS_MATTERS  "Why it matters: "
#define WORDS_SETTLE   "First settle:"
#define WORDS_NEXT     "Next step: "
#define WORDS_COMMANDS "Commands, to be read before they are run:"

#endif
