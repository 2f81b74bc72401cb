#include "engine.h"
#include "failure.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct file *
file_find_child(const struct card *card, const struct file *df, uint16_t fid)
{
	for (size_t i = 0; i < card->files_count; i++)
		if (card->files[i]->parent == df && card->files[i]->fid == fid)
			return card->files[i];
	return NULL;
}

static void
file_free(struct file *file)
{
	if (file == NULL)
		return;
	free((void *)file->content.data);
	free(file);
}

void
files_free(struct card *card)
{
	for (size_t i = 0; i < card->files_count; i++)
		file_free(card->files[i]);
	card->files_count = 0;
}

static size_t
path_depth(const struct file_spec *spec)
{
	size_t depth = 0;

	while (depth < FILE_DEPTH_MAX && spec->path[depth] != 0)
		depth++;
	return depth;
}

/* The DF that `path` names without its last part; NULL when it is not there. */
static const struct file *
find_parent(const struct card *card, const struct file_spec *spec, size_t depth)
{
	const struct file *df = card->files[0];

	for (size_t i = 0; i + 1 < depth && df != NULL; i++) {
		df = file_find_child(card, df, spec->path[i]);
		if (df != NULL && df->spec.kind != FILE_DF)
			df = NULL;
	}
	return df;
}

static size_t
updated_count(const struct card *card)
{
	size_t count = 0;

	for (size_t i = 0; i < card->files_count; i++)
		if (card->files[i]->spec.update.rule != ACCESS_NEVER)
			count++;
	return count;
}

/* Why the file cannot be: NULL when it can. */
static const char *
spec_fault(const struct card *card, const struct file_spec *spec, struct bytes content)
{
	size_t depth = path_depth(spec);
	const struct file *parent;

	if (spec->sfi > FILE_SFI_MAX)
		return "its short identifier is above 30";
	if (spec->name.len > FILE_NAME_MAX)
		return "its name has more than 16 bytes";
	if (spec->kind == FILE_DF && (content.len != 0 || spec->size != 0))
		return "a DF has no content";
	if (spec->kind != FILE_EF && spec->update.rule != ACCESS_NEVER)
		return "only an EF is updated";
	if (spec->kind != FILE_DF && spec->name.len != 0)
		return "only a DF has a name";
	if (spec->size > FILE_SIZE_MAX || content.len > FILE_SIZE_MAX)
		return "it has more than 32768 bytes";
	if (spec->size != 0 && content.len > spec->size)
		return "its content is larger than its size";
	if (depth == 0)
		return card->files_count == 1 && spec->kind == FILE_DF
			   ? NULL
			   : "the MF is a DF and comes first";
	parent = find_parent(card, spec, depth);
	if (parent == NULL)
		return "the DF above it was not added before";
	if (spec->path[depth - 1] == FILE_MF ||
	    file_find_child(card, parent, spec->path[depth - 1]) != NULL)
		return "there is one already";
	if (card->files_count == CARD_FILES_MAX)
		return "the card holds 64 files at most";
	/* Else an image in which each was written could not be loaded any more. */
	if (spec->update.rule != ACCESS_NEVER && updated_count(card) == IMAGE_FILES_MAX)
		return "8 files at most are updated";
	return NULL;
}

/* As the image has it. */
static void
path_text(const struct file_spec *spec, char text[IMAGE_FILE_PATH_MAX + 1])
{
	size_t depth = path_depth(spec);

	text[0] = '\0';
	for (size_t i = 0; i < depth; i++)
		(void)snprintf(text + 4 * i, 5, "%04X", (unsigned)spec->path[i]);
}

/* What a client has written takes the place of what the personality says. */
static struct bytes
changed_content(const struct card *card, const struct file_spec *spec, size_t size,
		struct bytes content)
{
	char path[IMAGE_FILE_PATH_MAX + 1];
	const struct image_file *changed;

	path_text(spec, path);
	changed = image_file(card->image, path);
	if (changed == NULL || spec->update.rule == ACCESS_NEVER || changed->len != size)
		return content;
	return (struct bytes){changed->content, changed->len};
}

bool
file_replace(struct card *card, const struct file *ef, struct bytes content)
{
	char path[IMAGE_FILE_PATH_MAX + 1];

	path_text(&ef->spec, path);
	if (content.len != ef->content.len || card->host.save_file == NULL ||
	    !card->host.save_file(card->host.context, path, content))
		return false;
	memcpy((uint8_t *)ef->content.data, content.data, content.len);
	return true;
}

static bool
fill_content(const struct card *card, struct file *file, struct bytes content)
{
	size_t size = file->spec.size != 0 ? file->spec.size : content.len;
	uint8_t *data;

	if (size == 0)
		return true;
	content = changed_content(card, &file->spec, size, content);
	data = calloc(1, size);
	if (data == NULL)
		return false;
	if (content.len != 0)
		memcpy(data, content.data, content.len);
	file->content.data = data;
	file->content.len = size;
	return true;
}

bool
card_add_file(struct card *card, const struct file_spec *spec, struct bytes content,
	      struct image_error *error)
{
	const char *fault = spec_fault(card, spec, content);
	size_t depth = path_depth(spec);
	struct file *file;

	if (fault != NULL)
		return failure(error, "card \"%s\": file %04X: %s", card->image->name,
			       depth == 0 ? (unsigned)FILE_MF : spec->path[depth - 1], fault);
	if (depth == 0) {
		card->files[0]->spec = *spec;
		return true;
	}
	file = calloc(1, sizeof(*file));
	if (file == NULL)
		goto no_memory;
	file->spec = *spec;
	file->fid = spec->path[depth - 1];
	file->parent = find_parent(card, spec, depth);
	if (!fill_content(card, file, content))
		goto no_memory;
	card->files[card->files_count++] = file;
	return true;

no_memory:
	file_free(file);
	return failure(error, "card \"%s\": no memory for file %04X", card->image->name,
		       spec->path[depth - 1]);
}

bool
card_may(const struct card *card, const struct access *access)
{
	size_t wanted = access->rule == ACCESS_ALL_PINS ? access->pins_count : 1;
	size_t found = 0;

	if (access->rule == ACCESS_NEVER || access->rule == ACCESS_ALWAYS)
		return access->rule == ACCESS_ALWAYS;
	for (size_t i = 0; i < access->pins_count && i < ACCESS_PINS_MAX; i++) {
		bool verified = false;
		unsigned tries_left;

		if (card_pin_state(card, access->pins[i], &verified, &tries_left) && verified)
			found++;
	}
	return wanted != 0 && found >= wanted;
}

const struct file *
card_current_df(const struct card *card)
{
	return card->df;
}

const struct file *
card_current_ef(const struct card *card)
{
	return card->ef;
}
