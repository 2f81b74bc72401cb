/*
 * Reading and writing the files of a card image, for emulator/image*.c only: bounded, never
 * through a symbolic link, 0600 in directories 0700, replaced atomically.
 */
#ifndef VICAR_EMULATOR_IMAGE_FILES_H
#define VICAR_EMULATOR_IMAGE_FILES_H

#include "image.h"

enum image_file_result {
	IMAGE_FILE_OK,
	IMAGE_FILE_ABSENT, /* `error` is set too */
	IMAGE_FILE_FAILED,
};

/* An open directory and its name for error texts. */
struct image_directory {
	int fd;
	char path[PATH_MAX];
};

bool image_directory_open(struct image_directory *directory, const char *path,
			  struct image_error *error) MUST_USE;
bool image_directory_sub(struct image_directory *sub, const struct image_directory *directory,
			 const char *name, struct image_error *error) MUST_USE;
void image_directory_close(struct image_directory *directory);

/* The whole of a regular file of at most `limit` bytes; the caller frees `data`. */
enum image_file_result image_file_read(const struct image_directory *directory, const char *name,
				       size_t limit, uint8_t **data, size_t *len,
				       struct image_error *error) MUST_USE;
/* Written beside as NAME.new, fsync'ed, renamed, directory fsync'ed. */
bool image_file_replace(const struct image_directory *directory, const char *name,
			struct bytes content, struct image_error *error) MUST_USE;

/* The image's certificates, each in a file that is there with the same content or is new, then
 * card.conf: image_update.c. */
bool image_write(const struct image *image, const struct image_directory *directory,
		 struct image_error *error) MUST_USE;

/* The files that clients have changed: image_changed.c. */
bool image_read_changed(struct image *image, const struct image_directory *directory,
			struct image_error *error) MUST_USE;

#endif
