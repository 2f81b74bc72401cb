/*
 * Base64 as texts of the network have it (RFC 4648 section 4; white space as in XML Schema part 2,
 * 3.2.16).
 */
#ifndef VICAR_TOOLS_SIMULATOR_BASE64_H
#define VICAR_TOOLS_SIMULATOR_BASE64_H

#include "iso7816/bytes.h"

/* White space between digits does not count. `room` of strlen(text) is always enough. */
bool sim_base64_decode(const char *text, uint8_t *data, size_t room, size_t *len) MUST_USE;
/* `text` has room for sim_base64_len(len) + 1 characters. */
void sim_base64_encode(struct bytes data, char *text);
size_t sim_base64_len(size_t len);
/* Base64url (RFC 4648 section 5), with or without padding, as base64. Digits of base64 stay what they
 * are, which some clients send. False without room. */
bool sim_base64_from_url(const char *text, size_t len, char *base64, size_t room) MUST_USE;

#endif
