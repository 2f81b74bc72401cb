/* EF.DIR: application templates, ISO/IEC 7816-4 clause 8.2.1.1 and ISO/IEC 7816-15 clause 7.2. */
#include "pkcs15.h"
#include "tlv.h"

#include <string.h>

enum {
	TAG_TEMPLATE = 0x61,
	TAG_AID = 0x4F,
	TAG_LABEL = 0x50,
	TAG_PATH = 0x51,
	TAG_DISCRETIONARY = 0x73,
	TAG_PROVIDER = 0x06,
	TAG_OD_PATH = 0x30, /* a Path as in EF.OD */
	TAG_OD_FILE = 0x04,
};

static void
put_optional(struct writer *writer, tlv_tag tag, const void *data, size_t len)
{
	if (len != 0)
		tlv_put(writer, tag, (struct bytes){data, len});
}

bool
pkcs15_encode_application(const struct pkcs15_application *application, struct writer *writer)
{
	size_t label_len = strnlen(application->label, sizeof(application->label));
	size_t outer, inner;

	if (application->aid_len == 0 || application->aid_len > PKCS15_AID_MAX ||
	    application->ddo_aid_len > PKCS15_AID_MAX || application->path_len > PKCS15_PATH_MAX ||
	    application->provider.len > PKCS15_OID_MAX || label_len > PKCS15_LABEL_MAX ||
	    application->od.file_len > PKCS15_PATH_MAX)
		return false;
	outer = tlv_begin(writer, TAG_TEMPLATE);
	put_optional(writer, TAG_AID, application->aid, application->aid_len);
	put_optional(writer, TAG_LABEL, application->label, label_len);
	put_optional(writer, TAG_PATH, application->path, application->path_len);
	if (application->provider.len != 0 || application->ddo_aid_len != 0 ||
	    application->od.kind == PKCS15_PATH_FILE) {
		inner = tlv_begin(writer, TAG_DISCRETIONARY);
		put_optional(writer, TAG_PROVIDER, application->provider.data,
			     application->provider.len);
		put_optional(writer, TAG_AID, application->ddo_aid, application->ddo_aid_len);
		if (application->od.kind == PKCS15_PATH_FILE) {
			size_t path = tlv_begin(writer, TAG_OD_PATH);

			tlv_put(writer, TAG_OD_FILE,
				(struct bytes){application->od.file, application->od.file_len});
			tlv_end(writer, path);
		}
		tlv_end(writer, inner);
	}
	tlv_end(writer, outer);
	return writer_ok(writer);
}

/* Absent is fine: nothing is taken then. */
static bool
take_optional(struct bytes objects, tlv_tag tag, uint8_t *data, size_t room, size_t *len)
{
	struct tlv tlv;

	if (!tlv_find(objects, tag, &tlv))
		return true;
	if (tlv.value.len > room)
		return false;
	*len = tlv.value.len;
	if (*len != 0)
		memcpy(data, tlv.value.data, *len);
	return true;
}

static bool
take_discretionary(struct bytes objects, struct pkcs15_application *application)
{
	struct tlv path;

	if (tlv_find(objects, TAG_OD_PATH, &path)) {
		if (!take_optional(path.value, TAG_OD_FILE, application->od.file,
				   sizeof(application->od.file), &application->od.file_len))
			return false;
		application->od.kind = PKCS15_PATH_FILE;
	}
	return take_optional(objects, TAG_PROVIDER, application->provider.data,
			     sizeof(application->provider.data), &application->provider.len) &&
	       take_optional(objects, TAG_AID, application->ddo_aid, sizeof(application->ddo_aid),
			     &application->ddo_aid_len);
}

static bool
take_application(struct bytes objects, struct pkcs15_application *application)
{
	struct tlv discretionary;
	size_t label_len = 0;

	memset(application, 0, sizeof(*application));
	if (!take_optional(objects, TAG_AID, application->aid, sizeof(application->aid),
			   &application->aid_len) ||
	    application->aid_len == 0)
		return false;
	if (tlv_find(objects, TAG_DISCRETIONARY, &discretionary) &&
	    !take_discretionary(discretionary.value, application))
		return false;
	return take_optional(objects, TAG_LABEL, (uint8_t *)application->label, PKCS15_LABEL_MAX,
			     &label_len) &&
	       take_optional(objects, TAG_PATH, application->path, sizeof(application->path),
			     &application->path_len);
}

bool
pkcs15_decode_application(struct reader *reader, struct pkcs15_application *application)
{
	struct tlv tlv;

	for (;;) {
		tlv_skip_filler(reader);
		if (!tlv_read(reader, &tlv))
			return false;
		if (tlv.tag == TAG_TEMPLATE && take_application(tlv.value, application))
			return true;
	}
}
