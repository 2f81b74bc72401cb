/*
 * A PKCS#11 module that does as another one, $ODD_MODULE, but for what the words of $ODD say:
 *
 *   hang-initialize, hang-login, hang-sign   the call does not come back
 *   wrong-signature                          the last byte of each signature is another
 *   final-try, locked                        flags of the user's PIN
 *   open                                     the token says that no login is required
 *   locks                                    C_Login finds the PIN blocked
 *   pad                                      the token asks for the PIN: C_Login with one is refused, and
 *                                            without one $ODD_PIN is what somebody types
 *   always                                   each key wants a login of its own after its initialisation,
 *                                            which $ODD_PIN satisfies
 *   counts-objects, counts-slots             of these more are said to be given than there was room for
 *
 * Each C_Initialize, C_Login and C_Sign leaves a line in the file $ODD_LOG.
 */
#include <p11-kit/pkcs11.h>

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static CK_FUNCTION_LIST *inner;
static CK_FUNCTION_LIST outer;

static bool
odd(const char *word)
{
	const char *words = getenv("ODD");
	const char *at = words == NULL ? NULL : strstr(words, word);
	const size_t len = strlen(word);

	return at != NULL && (at == words || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' ');
}

static void
note(const char *text)
{
	const char *path = getenv("ODD_LOG");
	FILE *log = path == NULL ? NULL : fopen(path, "ae");

	if (log == NULL)
		return;
	fprintf(log, "%s\n", text);
	fclose(log);
}

static void
hang_if(const char *word)
{
	while (odd(word))
		pause();
}

static CK_RV
initialize(void *arguments)
{
	note("C_Initialize");
	hang_if("hang-initialize");
	return inner->C_Initialize(arguments);
}

static CK_RV
get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	CK_RV rv = inner->C_GetTokenInfo(slot, info);

	if (odd("final-try"))
		info->flags |= CKF_USER_PIN_FINAL_TRY;
	if (odd("locked"))
		info->flags |= CKF_USER_PIN_LOCKED;
	if (odd("open"))
		info->flags &= ~(CK_FLAGS)CKF_LOGIN_REQUIRED;
	if (odd("pad"))
		info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
	return rv;
}

static bool
is_typed(const CK_UTF8CHAR *pin, CK_ULONG len)
{
	const char *right = getenv("ODD_PIN");

	return right != NULL && len == strlen(right) && memcmp(pin, right, len) == 0;
}

static CK_RV
login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len)
{
	char *typed = getenv("ODD_PIN");

	note(user == CKU_USER ? pin == NULL ? "C_Login at the pad" : "C_Login" : "C_Login again");
	hang_if("hang-login");
	if (odd("locks"))
		return CKR_PIN_LOCKED;
	if (user == CKU_CONTEXT_SPECIFIC)
		return is_typed(pin, len) ? CKR_OK : CKR_PIN_INCORRECT;
	if (!odd("pad"))
		return inner->C_Login(session, user, pin, len);
	if (pin != NULL || typed == NULL)
		return CKR_ARGUMENTS_BAD;
	return inner->C_Login(session, user, (CK_UTF8CHAR *)typed, strlen(typed));
}

static CK_RV
sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE *signature,
     CK_ULONG *signature_len)
{
	CK_RV rv;

	note("C_Sign");
	hang_if("hang-sign");
	rv = inner->C_Sign(session, data, data_len, signature, signature_len);
	if (rv == CKR_OK && signature != NULL && odd("wrong-signature"))
		signature[*signature_len - 1] ^= 1;
	return rv;
}

static CK_RV
get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template,
		    CK_ULONG count)
{
	CK_RV rv = inner->C_GetAttributeValue(session, object, template, count);

	for (CK_ULONG i = 0; i < count && odd("always"); i++)
		if (template[i].type == CKA_ALWAYS_AUTHENTICATE && template[i].pValue != NULL) {
			*(CK_BBOOL *)template[i].pValue = CK_TRUE;
			template[i].ulValueLen = sizeof(CK_BBOOL);
			rv = CKR_OK;
		}
	return rv;
}

static CK_RV
find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG room, CK_ULONG *count)
{
	CK_RV rv = inner->C_FindObjects(session, objects, room, count);

	if (rv == CKR_OK && odd("counts-objects"))
		*count = room + 1;
	return rv;
}

static CK_RV
get_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count)
{
	CK_RV rv = inner->C_GetSlotList(present, slots, count);

	if (rv == CKR_OK && slots != NULL && odd("counts-slots"))
		*count += 1000000;
	return rv;
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list);

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	const char *path = getenv("ODD_MODULE");
	void *library = path == NULL ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get = NULL;

	if (library != NULL)
		*(void **)&get = dlsym(library, "C_GetFunctionList");
	if (get == NULL || get(&inner) != CKR_OK)
		return CKR_GENERAL_ERROR;
	outer = *inner;
	outer.C_Initialize = initialize;
	outer.C_GetTokenInfo = get_token_info;
	outer.C_Login = login;
	outer.C_Sign = sign;
	outer.C_GetAttributeValue = get_attribute_value;
	outer.C_FindObjects = find_objects;
	outer.C_GetSlotList = get_slot_list;
	*list = &outer;
	return CKR_OK;
}
