#include <stdint.h>
#include <string.h>

#include "ifdhandler/cardname.h"

_Static_assert(sizeof(uid_t) == sizeof(uint32_t), "ten digits hold every uid");

/* Not isalnum(): its answer depends on the host's locale. */
static bool
is_letter_or_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* The number of characters of the UID at the front of `file`; 0 when there is none. */
static size_t
parse_uid(const char *file, uid_t *owner)
{
	uint64_t value = 0;
	size_t length = 0;

	while (file[length] >= '0' && file[length] <= '9' && length < 10)
		value = value * 10 + (uint64_t)(file[length++] - '0');
	if (length == 0 || (file[0] == '0' && length > 1) || value >= UINT32_MAX)
		return 0;
	*owner = (uid_t)value;
	return length;
}

bool
cardname_parse(const char *file, uid_t *owner)
{
	size_t length = parse_uid(file, owner);

	if (length == 0 || file[length] != '-')
		return false;
	const char *name = file + length + 1;
	for (length = 0; is_letter_or_digit(name[length]) ||
			 (length > 0 && (name[length] == '-' || name[length] == '_'));
	     length++)
		;
	return length >= 1 && length <= LINK_NAME_MAX && strcmp(name + length, LINK_SUFFIX) == 0;
}
