/*
 * accounts.conf of a simulator: an INI file whose keys are a table. Errors name file, line, key and
 * what is allowed.
 */
#ifndef VICAR_TOOLS_SIMULATOR_SETTINGS_H
#define VICAR_TOOLS_SIMULATOR_SETTINGS_H

#include "directory.h"
#include "emulator/ini_text.h"

#include <limits.h>

struct sim_word {
	const char *name; /* NULL ends the list */
	unsigned value;
};

/* NULL, or what is allowed. `target` is the member that the table names. */
typedef const char *sim_value_parser(const char *value, void *target);

struct sim_key {
	const char *name; /* NULL ends the table */
	sim_value_parser *parse;
	size_t offset; /* of the member */
};

/* Hands every entry of the file to `entry`; see ini_text_parse(). `path` gets the file's name for
 * further messages. */
bool sim_settings_load(const struct sim_directory *directory, const char *name,
		       ini_text_entry *entry, void *context, char path[PATH_MAX],
		       struct problem *error) MUST_USE;
/* Parses a value into the member of `target`. `program`: whose manual lists the keys. */
bool sim_settings_take(const struct sim_key *keys, void *target, const char *program,
		       const struct ini_text_place *place, const char *name, const char *value,
		       struct problem *error) MUST_USE;
/* Always false. The text begins as those of ini_text_parse() do. */
bool sim_settings_refuse(const struct ini_text_place *place, const char *thing, const char *reason,
			 struct problem *error);

bool sim_is_digits(const char *text, size_t min, size_t max);
/* a-z, 0-9 and -, not empty, shorter than `room`. */
bool sim_is_name(const char *text, size_t room);
const struct sim_word *sim_find_word(const struct sim_word *words, const char *name, size_t len);
/* Calls `add` for each word between blanks and commas; false as soon as it is. */
bool sim_each_word(const char *value, bool (*add)(const char *word, size_t len, unsigned *bits),
		   unsigned *bits);

const char *sim_parse_text(const char *value, char *target, size_t room);
const char *sim_parse_number(const char *value, void *target); /* unsigned */
const char *sim_parse_yes_no(const char *value, void *target); /* bool */
const char *sim_parse_code(const char *value, void *target);   /* char[SIM_CODE_MAX] */

#endif
