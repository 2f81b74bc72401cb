#include "cards.h"

#include "fuzz.h"

#include "applets/registry.h"

#include <string.h>

#define FIXTURES "tests/fixtures/replay"

static bool
save(void *context, const struct image_counter *counters, size_t count)
{
	(void)context;
	fuzz_must(counters != NULL && count <= IMAGE_COUNTERS_MAX);
	return true;
}

static bool
save_file(void *context, const char *path, struct bytes content)
{
	(void)context;
	fuzz_must(strlen(path) <= IMAGE_FILE_PATH_MAX && content.len <= UINT16_MAX);
	return true;
}

static void
copy_contents(struct made_card *made)
{
	for (size_t i = 0; i < made->card->files_count; i++) {
		const struct bytes content = made->card->files[i]->content;

		if (content.len == 0)
			continue;
		made->contents_before[i] = malloc(content.len);
		fuzz_must(made->contents_before[i] != NULL);
		memcpy(made->contents_before[i], content.data, content.len);
	}
}

void
made_card_make(struct made_card *made, const char *text)
{
	const struct card_host host = {.save = save, .save_file = save_file};
	struct subject subject;
	struct problem error;
	struct image_error reason = {""};

	if (!subject_parse(text, &subject, &error) ||
	    !fixture_load(&made->fixture, FIXTURES, &subject, &error)) {
		fprintf(stderr, "%s\n", error.text);
		exit(1);
	}
	made->card =
	    card_new(&made->fixture.image, registry_find(subject.personality), &host, &reason);
	if (made->card == NULL) {
		fprintf(stderr, "%s\n", reason.text);
		exit(1);
	}
	made->card_before = *made->card;
	made->secrets_before = *made->card->secrets;
	memcpy(made->keys_before, made->fixture.keys, sizeof(made->keys_before));
	copy_contents(made);
}

void
made_card_restore(struct made_card *made)
{
	struct card *card = made->card;

	card_reset(card);
	/* Of the answer, whose many bytes count only when they are written anew, a reset is enough. */
	memcpy(card, &made->card_before, offsetof(struct card, answer));
	*card->secrets = made->secrets_before;
	for (size_t i = 0; i < card->files_count; i++)
		if (made->contents_before[i] != NULL &&
		    card->files[i]->spec.update.rule != ACCESS_NEVER)
			memcpy((uint8_t *)(uintptr_t)card->files[i]->content.data,
			       made->contents_before[i], card->files[i]->content.len);
	memcpy(made->fixture.keys, made->keys_before, sizeof(made->fixture.keys));
}
