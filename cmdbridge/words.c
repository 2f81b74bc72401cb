#include "words.h"

#include <stdlib.h>
#include <string.h>

bool
words_split(const char *command, struct words *words)
{
	size_t count = 0;
	char *rest, *word;

	words->text = strdup(command);
	if (!words->text)
		return false;
	word = strtok_r(words->text, " \t", &rest);
	for (; word && count < WORDS_MAX; word = strtok_r(NULL, " \t", &rest))
		words->argv[count++] = word;
	words->argv[count] = NULL;
	return count > 0 && word == NULL;
}

void
words_free(struct words *words)
{
	free(words->text);
	words->text = NULL;
}
