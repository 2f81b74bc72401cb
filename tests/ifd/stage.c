#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "stage.h"

int
stage_up(void **state)
{
	struct stage *stage = calloc(1, sizeof *stage);

	snprintf(stage->directory, sizeof stage->directory, "/tmp/vicar-ifd-XXXXXX");
	if (mkdtemp(stage->directory) == NULL) {
		free(stage);
		return -1;
	}
	snprintf(stage->device, sizeof stage->device, "vicar:%s:1:silence=%d", stage->directory,
		 SILENCE_MS);
	snprintf(stage->two_slots, sizeof stage->two_slots, "vicar:%s:2:silence=%d",
		 stage->directory, SILENCE_MS);
	*state = stage;
	return 0;
}

const char *
stage_path(struct stage *stage, const char *name, char path[STAGE_PATH])
{
	snprintf(path, STAGE_PATH, "%s/%s", stage->directory, name);
	return path;
}

int
stage_down(void **state)
{
	struct stage *stage = *state;
	DIR *directory = opendir(stage->directory);
	const struct dirent *entry;
	char path[STAGE_PATH];

	/* Where a test has failed. */
	if (stage->second.runs)
		host_close(&stage->second);
	if (stage->host.runs)
		host_close(&stage->host);
	while (directory != NULL && (entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.')
			unlink(stage_path(stage, entry->d_name, path));
	if (directory != NULL)
		closedir(directory);
	rmdir(stage->directory);
	free(stage);
	return 0;
}

void
start_card(struct fake_card *card, struct stage *stage, const char *name, int manners)
{
	assert_int_equal(fake_card_start(card, stage->directory, name, manners), 0);
}

void
start_reader(struct stage *stage)
{
	assert_true(host_open(&stage->host, 0, stage->device));
	host_run(&stage->host);
}

void
start_two_slots(struct stage *stage)
{
	assert_true(host_open(&stage->host, 0, stage->two_slots));
	assert_true(host_open(&stage->second, 1, stage->two_slots));
	host_run(&stage->host);
	host_run(&stage->second);
}

void
open_powered(struct stage *stage)
{
	UCHAR atr[MAX_ATR_SIZE];
	DWORD atr_len = 0;

	assert_true(host_open(&stage->host, 0, stage->device));
	assert_int_equal(host_power(&stage->host, IFD_POWER_UP, atr, &atr_len), IFD_SUCCESS);
}
