#include "sdo.h"

enum smartcard_result
sdo_read(struct smartcard *card, uint8_t class, uint8_t number, struct bytes wanted,
	 struct writer *answer, struct bytes *content)
{
	enum { INS_GET_DATA = 0xCB, P1 = 0x3F, P2 = 0xFF, ANSWER_MAX = 256 };
	enum { TAG_HEADER_LIST = 0x4D, TAG_TEMPLATE = 0x70 };
	const tlv_tag tag = (tlv_tag)(0xBF0000 | class << 8 | number);
	uint8_t data[32];
	struct writer list = writer_to(data, sizeof(data));
	const size_t outer = tlv_begin(&list, TAG_HEADER_LIST);
	const size_t inner = tlv_begin(&list, TAG_TEMPLATE);
	struct capdu get = {
	    .ins = INS_GET_DATA, .p1 = P1, .p2 = P2, .has_le = true, .ne = ANSWER_MAX};
	enum smartcard_result r;
	struct tlv tlv;

	tlv_put(&list, tag, wanted);
	tlv_end(&list, inner);
	tlv_end(&list, outer);
	get.data = writer_bytes(&list);
	r = transport_command(card, &get, answer);
	if (r != SMARTCARD_OK)
		return r;
	*content = writer_bytes(answer);
	if (tlv_find(*content, TAG_TEMPLATE, &tlv))
		*content = tlv.value;
	if (!tlv_find(*content, tag, &tlv))
		return SMARTCARD_PROTOCOL;
	*content = tlv.value;
	return SMARTCARD_OK;
}

bool
sdo_rule(struct bytes sdo, struct bytes *docp, struct bytes *rule)
{
	enum { TAG_DOCP = 0xA0, TAG_RULES = 0xA1, TAG_CONTACT = 0x8C };
	struct tlv parameters, rules, contact;

	if (!tlv_find(sdo, TAG_DOCP, &parameters))
		return false;
	*docp = parameters.value;
	if (tlv_find(parameters.value, TAG_RULES, &rules))
		parameters = rules;
	if (!tlv_find(parameters.value, TAG_CONTACT, &contact) || contact.value.len == 0)
		return false;
	*rule = contact.value;
	return true;
}

bool
sdo_rule_allows(struct bytes rule, uint8_t access)
{
	enum { NEVER = 0xFF, HIGHEST = 0x40 };
	struct reader reader = reader_of(rule);
	uint8_t mode, condition;

	if (!reader_u8(&reader, &mode))
		return false;
	for (uint8_t bit = HIGHEST; bit != 0; bit >>= 1) {
		if ((mode & bit) == 0)
			continue;
		if (!reader_u8(&reader, &condition))
			return false;
		if (bit == access)
			return condition != NEVER;
	}
	return false;
}
