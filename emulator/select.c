#include "engine.h"

enum {
	P1_SELECT_FORMS = 10,
	P2_FCI = 0x00,
	P2_FCP = 0x04,
	P2_NO_DATA = 0x0C,
};

/* What a P1 looks for. NULL: not there; `sw` is set when the data cannot be right. */
typedef const struct file *search(const struct card *card, struct bytes data, uint16_t *sw);

static const struct file *
mf(const struct card *card)
{
	return card->files[0];
}

static bool
read_fid(struct bytes data, uint16_t *fid, uint16_t *sw)
{
	struct reader reader = reader_of(data);

	if (data.len == 2 && reader_u16(&reader, fid))
		return true;
	*sw = SW_WRONG_LENGTH;
	return false;
}

static bool
is_df(const struct file *file)
{
	return file != NULL && file->spec.kind == FILE_DF;
}

static const struct file *
find_anywhere(const struct card *card, uint16_t fid)
{
	for (size_t i = 0; i < card->files_count; i++)
		if (card->files[i]->fid == fid)
			return card->files[i];
	return NULL;
}

static const struct file *
find_fid(const struct card *card, struct bytes data, uint16_t *sw)
{
	const struct file *df = card->df, *file;
	uint16_t fid;

	if (data.len == 0)
		return mf(card);
	if (!read_fid(data, &fid, sw))
		return NULL;
	if (fid == FILE_MF)
		return mf(card);
	file = file_find_child(card, df, fid);
	if (file != NULL)
		return file;
	if (fid == df->fid)
		return df;
	if (df->parent != NULL && fid == df->parent->fid)
		return df->parent;
	if (df->parent != NULL) {
		file = file_find_child(card, df->parent, fid);
		if (is_df(file))
			return file;
	}
	if ((card->personality->rules.select & SELECT_FID_ANYWHERE) != 0)
		return find_anywhere(card, fid);
	return NULL;
}

static bool
child_any(const struct card *card)
{
	return (card->personality->rules.select & SELECT_CHILD_ANY) != 0;
}

static const struct file *
find_child_df(const struct card *card, struct bytes data, uint16_t *sw)
{
	const struct file *file;
	uint16_t fid;

	if (!read_fid(data, &fid, sw))
		return NULL;
	if (child_any(card) && fid == FILE_MF)
		return mf(card);
	file = file_find_child(card, card->df, fid);
	return is_df(file) || child_any(card) ? file : NULL;
}

static const struct file *
find_child_ef(const struct card *card, struct bytes data, uint16_t *sw)
{
	const struct file *file;
	uint16_t fid;

	if (!read_fid(data, &fid, sw))
		return NULL;
	if (child_any(card) && fid == FILE_MF)
		return mf(card);
	file = file_find_child(card, card->df, fid);
	return is_df(file) ? NULL : file;
}

static const struct file *
find_above(const struct card *card, struct bytes data, uint16_t *sw)
{
	if (data.len != 0) {
		*sw = SW_WRONG_LENGTH;
		return NULL;
	}
	return card->df->parent;
}

static const struct file *
find_name(const struct card *card, struct bytes data, uint16_t *sw)
{
	if (data.len == 0 || data.len > FILE_NAME_MAX) {
		*sw = SW_WRONG_LENGTH;
		return NULL;
	}
	for (size_t i = 0; i < card->files_count; i++)
		if (bytes_equal(card->files[i]->spec.name, data))
			return card->files[i];
	return NULL;
}

static const struct file *
find_path(const struct card *card, const struct file *from, struct bytes data, uint16_t *sw)
{
	struct reader reader = reader_of(data);
	const struct file *file = from;
	uint16_t fid;

	if (data.len == 0 || data.len % 2 != 0) {
		*sw = SW_WRONG_LENGTH;
		return NULL;
	}
	for (bool first = true; file != NULL && reader_u16(&reader, &fid); first = false) {
		if (first && fid == FILE_MF &&
		    (card->personality->rules.select & SELECT_PATH_3F00) != 0)
			file = mf(card);
		else
			file = is_df(file) ? file_find_child(card, file, fid) : NULL;
	}
	return file;
}

static const struct file *
find_path_from_mf(const struct card *card, struct bytes data, uint16_t *sw)
{
	return find_path(card, mf(card), data, sw);
}

static const struct file *
find_path_from_df(const struct card *card, struct bytes data, uint16_t *sw)
{
	return find_path(card, card->df, data, sw);
}

/* Clause 11.1.1 (2013), table 39. */
static const struct {
	unsigned rule;
	search *find;
} forms[P1_SELECT_FORMS] = {
    [0x00] = {SELECT_FID, find_fid},
    [0x01] = {SELECT_CHILD_DF, find_child_df},
    [0x02] = {SELECT_CHILD_EF, find_child_ef},
    [0x03] = {SELECT_PARENT, find_above},
    [0x04] = {SELECT_NAME, find_name},
    [0x08] = {SELECT_PATH_MF, find_path_from_mf},
    [0x09] = {SELECT_PATH_DF, find_path_from_df},
};

static bool
p2_allowed(const struct card_rules *rules, uint8_t p2)
{
	switch (p2) {
	case P2_FCI: return (rules->select & SELECT_FCI) != 0;
	case P2_FCP: return (rules->select & SELECT_FCP) != 0;
	case P2_NO_DATA: return (rules->select & SELECT_NO_DATA) != 0;
	default: return false;
	}
}

static void
make_current(struct card *card, const struct file *file)
{
	const struct card_rules *rules = &card->personality->rules;
	const struct file *df = is_df(file) ? file : file->parent;

	if (df != card->df) {
		pins_drop(card, rules->df_change);
		if (rules->df_change_clears_se)
			environments_clear(card);
	}
	card->df = df;
	card->ef = is_df(file) ? NULL : file;
}

uint16_t
select_command(struct card *card, const struct capdu *command, struct writer *response)
{
	const struct personality *personality = card->personality;
	const struct card_rules *rules = &personality->rules;
	const struct file *file;
	uint16_t sw = rules->sw_not_found != 0 ? rules->sw_not_found : SW_FILE_NOT_FOUND;
	uint8_t p1 = command->p1, p2 = command->p2;

	if (p1 >= P1_SELECT_FORMS || (rules->select & forms[p1].rule) == 0 ||
	    !p2_allowed(rules, p2))
		return SW_INCORRECT_P1P2;
	file = forms[p1].find(card, command->data, &sw);
	if (file == NULL)
		return sw;
	make_current(card, file);
	if (p1 == 0x04) {
		pins_drop(card, rules->name_select);
		card->program_len = 0;
	}
	if (p2 == P2_NO_DATA || (p1 == 0x00 && command->data.len == 0))
		return SW_OK;
	personality->fci(file, p2, response);
	return writer_ok(response) ? SW_OK : SW_UNKNOWN;
}
