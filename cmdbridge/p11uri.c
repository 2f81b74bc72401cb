#include "p11uri.h"

#include <stdlib.h>
#include <string.h>

static const char SCHEME[] = "pkcs11:";

static P11KitUri *
parse(const char *text)
{
	P11KitUri *uri = p11_kit_uri_new();

	if (uri && p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, uri) == P11_KIT_URI_OK &&
	    !p11_kit_uri_any_unrecognized(uri))
		return uri;
	p11_kit_uri_free(uri);
	return NULL;
}

P11KitUri *
p11uri_parse(struct bytes text)
{
	char *copy = strndup((const char *)text.data, text.len);
	P11KitUri *uri = copy && strlen(copy) == text.len ? parse(copy) : NULL;

	free(copy);
	return uri;
}

P11KitUri *
p11uri_of_token(const char *label_or_uri)
{
	const size_t len = strlen(label_or_uri);
	CK_TOKEN_INFO *token;
	P11KitUri *uri;

	if (strncmp(label_or_uri, SCHEME, strlen(SCHEME)) == 0)
		return parse(label_or_uri);
	if (len > sizeof(token->label) || !(uri = p11_kit_uri_new()))
		return NULL;
	token = p11_kit_uri_get_token_info(uri);
	memset(token->label, ' ', sizeof(token->label));
	memcpy(token->label, label_or_uri, len);
	return uri;
}

char *
p11uri_of_key(const CK_TOKEN_INFO *token, struct bytes id, struct bytes label)
{
	const struct bytes name = id.len > 0 ? id : label;
	CK_ATTRIBUTE attribute = {id.len > 0 ? CKA_ID : CKA_LABEL, (void *)(uintptr_t)name.data,
				  name.len};
	P11KitUri *uri = name.len > 0 ? p11_kit_uri_new() : NULL;
	CK_TOKEN_INFO *named;
	char *text = NULL;

	if (!uri)
		return NULL;
	named = p11_kit_uri_get_token_info(uri);
	memcpy(named->label, token->label, sizeof(named->label));
	memcpy(named->serialNumber, token->serialNumber, sizeof(named->serialNumber));
	if (p11_kit_uri_set_attribute(uri, &attribute) != P11_KIT_URI_OK ||
	    p11_kit_uri_format(uri, P11_KIT_URI_FOR_OBJECT_ON_TOKEN, &text) != P11_KIT_URI_OK)
		text = NULL;
	p11_kit_uri_free(uri);
	return text;
}
