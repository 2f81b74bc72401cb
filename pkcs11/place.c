#include "card_driver.h"

#include <string.h>

enum {
	INS_SELECT = 0xA4,
	P2_FCI = 0x00,
	P2_FCP = 0x04,
	P2_NO_DATA = 0x0C,
	FCP_MAX = 256,
};

static const uint8_t MF[] = {0x3F, 0x00};

bool
place_is(const struct smartcard *card, struct bytes path)
{
	return card->place.known &&
	       bytes_equal((struct bytes){card->place.path, card->place.len}, path);
}

bool
place_is_in(const struct smartcard *card, struct bytes df)
{
	return card->place.known &&
	       bytes_equal((struct bytes){card->place.path, card->place.df_len}, df);
}

void
place_set(struct smartcard *card, struct bytes path, size_t df_len)
{
	struct smartcard_place *place = &card->place;

	place->known = path.len <= sizeof(place->path);
	if (!place->known)
		return;
	if (path.len > 0)
		memmove(place->path, path.data, path.len);
	place->len = path.len;
	place->df_len = df_len;
}

void
smartcard_lost_place(struct smartcard *card)
{
	card->place.known = false;
}

enum smartcard_result
place_select(struct smartcard *card, uint8_t p1, struct bytes data, bool p2_fci, struct writer *fcp)
{
	uint8_t ignored[FCP_MAX];
	struct writer scratch = writer_to(ignored, sizeof(ignored));
	const bool wanted = fcp != NULL;
	const struct capdu select = {.ins = INS_SELECT,
				     .p1 = p1,
				     .p2 = wanted ? (p2_fci ? P2_FCI : P2_FCP) : P2_NO_DATA,
				     .data = data,
				     .has_le = wanted,
				     .ne = wanted ? FCP_MAX : 0};
	enum smartcard_result r = transport_command(card, &select, wanted ? fcp : &scratch);

	/* ISO/IEC 7816-4 clause 7.1.1 (2005): a selection that fails changes nothing. */
	if (r != SMARTCARD_OK && r != SMARTCARD_REFUSED)
		card->place.known = false;
	return r;
}

enum smartcard_result
place_select_path(struct smartcard *card, struct bytes base, struct bytes path, struct writer *fcp)
{
	uint8_t data[2 * PKCS15_PATH_MAX];
	struct writer whole = writer_to(data, sizeof(data));
	const bool absolute = path.len >= sizeof(MF) && memcmp(path.data, MF, sizeof(MF)) == 0;
	enum smartcard_result r;
	struct bytes below;

	if (!absolute)
		writer_put(&whole, base);
	writer_put(&whole, path);
	if (!writer_ok(&whole) || whole.len < sizeof(MF) || whole.len % 2 != 0)
		return SMARTCARD_PROTOCOL;
	if (fcp == NULL && place_is(card, writer_bytes(&whole)))
		return SMARTCARD_OK;
	below = (struct bytes){data + sizeof(MF), whole.len - sizeof(MF)};
	if (below.len == 0)
		r = place_select(card, 0x00, BYTES(MF), true, fcp);
	else
		r = place_select(card, SELECT_PATH, below, true, fcp);
	if (r == SMARTCARD_OK)
		place_set(card, writer_bytes(&whole), whole.len - sizeof(MF));
	return r;
}

enum smartcard_result
place_select_df(struct smartcard *card, struct bytes path)
{
	enum smartcard_result r = place_select_path(card, path, BYTES_NONE, NULL);

	if (r == SMARTCARD_OK)
		place_set(card, path, path.len);
	return r;
}
