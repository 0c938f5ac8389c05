/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Reads a configuration of 2008 to 2012 R2, or what looks like one, into a tree. */
#ifndef VM_XML_H
#define VM_XML_H

#include "base/notes.h"
#include "io/source.h"
#include "vm/tree.h"

/*
 * The tree has the document's root element as its only child, so that paths are those of a
 * container. A document that breaks off gives what stands before, with a note of severity
 * "problem". -EBADMSG when there is no root element, or the file is no configuration by its size.
 */
int xml_read(struct tree_node **root, io_source *, struct notes *);

#endif
