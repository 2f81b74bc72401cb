/*
 * Where Vicar keeps its things, by the XDG base directory specification 0.8: a variable that holds a
 * relative path counts as unset.
 *
 *   configuration  $XDG_CONFIG_HOME/vicar     else ~/.config/vicar
 *   cards          $XDG_DATA_HOME/vicar/cards else ~/.local/share/vicar/cards
 *   sockets        $XDG_RUNTIME_DIR/vicar     else /run/user/UID/vicar, if that is there and ours
 *   programs       beside our own executable, as in a build tree, else in PATHS_PROGRAMS seen
 *                  from there: an installation may be moved as a whole
 *   the module     the same, with PATHS_MODULES
 *   translations   locale/ in a build tree, else PATHS_LOCALES
 *   data files     in PATHS_SHARE, seen from our executable
 *
 * Nothing is created but by paths_make(). Every function that fails says why in `error`.
 */
#ifndef VICAR_TOOLS_PATHS_H
#define VICAR_TOOLS_PATHS_H

#include "iso7816/bytes.h"
#include "tools/problem.h"

#include <limits.h>

#define PATHS_PROGRAMS "../libexec/vicar"
/* A package may put it below the machine's own directory, lib/x86_64-linux-gnu. */
#define PATHS_MODULES "../lib/pkcs11", "../lib/*/pkcs11", "../lib64/pkcs11"
/* Seen from bin, and from libexec/vicar. */
#define PATHS_LOCALES "../share/locale", "../../share/locale"
/* From bin, from libexec/vicar, and from a build tree. */
#define PATHS_SHARE "../share/vicar", "../../share/vicar", "../packaging"
#define PATHS_SYSTEM_CONFIG "/etc/vicar/vicar.conf"

/* The user's vicar.conf. */
bool paths_user_config(char path[PATH_MAX], struct problem *error) MUST_USE;
/* The directory of all card images; the image of one card. */
bool paths_cards(char path[PATH_MAX], struct problem *error) MUST_USE;
bool paths_card(const char *name, char path[PATH_MAX], struct problem *error) MUST_USE;
/* The directory of the control sockets; the one of a card, NAME.ctl. */
bool paths_runtime(char path[PATH_MAX], struct problem *error) MUST_USE;
bool paths_control(const char *name, char path[PATH_MAX], struct problem *error) MUST_USE;
/* `text`, with a leading ~/ replaced by the home directory; fails unless that is absolute. */
bool paths_expand(const char *text, char path[PATH_MAX], struct problem *error) MUST_USE;
/* Another program of ours. */
bool paths_program(const char *name, char path[PATH_MAX], struct problem *error) MUST_USE;
/* vicar-pkcs11.so, without .. and links in the path. */
bool paths_module(char path[PATH_MAX], struct problem *error) MUST_USE;
/* The directory of the translations; false: there are none. */
bool paths_locale(char path[PATH_MAX]) MUST_USE;
/* The directory of what is installed beside the programs; false when there is none. */
bool paths_share(char path[PATH_MAX]) MUST_USE;
/* mkdir -p, 0700. */
bool paths_make(const char *path, struct problem *error) MUST_USE;

#endif
