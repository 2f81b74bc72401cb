/*
 * Which algorithms the directory files say that keys have: 6.2, 6.3 and 7.3.
 */
#include "fineid_card.h"
#include "iso7816/key_kind.h"

#include <string.h>

#define OID_ECDSA_SHA2 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03  /* 1.2.840.10045.4.3 */
#define OID_PKCS1 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01 /* 1.2.840.113549.1.1 */
#define SIGN PKCS15_OPERATION_COMPUTE_SIGNATURE
#define DECIPHER PKCS15_OPERATION_DECIPHER

const char fineid_puk_counter[] = "puk";
const size_t fineid_serial_lens[] = {FINEID_SERIAL_LEN, FINEID_SERIAL_LEN_LONG, 0};

#define INFO(number, ckm, what, byte, oid_len, ...)                              \
	{                                                                        \
		.reference = (number), .mechanism = (ckm), .operations = (what), \
		.oid = {{__VA_ARGS__}, (oid_len)}, .has_card_reference = true,   \
		.card_reference = (byte)                                         \
	}

/* Mechanisms of PKCS #11 and, in RFC 5758 and RFC 8017 appendix C, the identifiers. 7.1: clients
 * take 16 at most, so that SHA-224 is not among them. */
static const struct entry {
	enum key_operation operation;
	struct pkcs15_algorithm info;
} ENTRIES[] = {
    {KEY_SIGN_ECDSA, INFO(1, 0x1044, SIGN, 0x44, 8, OID_ECDSA_SHA2, 2)},
    {KEY_SIGN_ECDSA, INFO(2, 0x1045, SIGN, 0x54, 8, OID_ECDSA_SHA2, 3)},
    {KEY_SIGN_ECDSA, INFO(3, 0x1046, SIGN, 0x64, 8, OID_ECDSA_SHA2, 4)},
    {KEY_SIGN_PKCS1, INFO(4, 0x40, SIGN, 0x42, 9, OID_PKCS1, 11)},
    {KEY_SIGN_PKCS1, INFO(5, 0x41, SIGN, 0x52, 9, OID_PKCS1, 12)},
    {KEY_SIGN_PKCS1, INFO(6, 0x42, SIGN, 0x62, 9, OID_PKCS1, 13)},
    {KEY_SIGN_PKCS1, INFO(7, 0x06, SIGN, 0x12, 9, OID_PKCS1, 5)},
    {KEY_SIGN_PSS, INFO(8, 0x43, SIGN, 0x45, 9, OID_PKCS1, 10)},
    {KEY_SIGN_PSS, INFO(9, 0x44, SIGN, 0x55, 9, OID_PKCS1, 10)},
    {KEY_SIGN_PSS, INFO(10, 0x45, SIGN, 0x65, 9, OID_PKCS1, 10)},
    {KEY_DECIPHER_PKCS1, INFO(11, 0x01, DECIPHER, 0x1A, 9, OID_PKCS1, 1)},
    {KEY_DECIPHER_OAEP, INFO(12, 0x09, DECIPHER, 0x1D, 9, OID_PKCS1, 7)},
    {KEY_DECIPHER_OAEP, INFO(13, 0x09, DECIPHER, 0x4D, 9, OID_PKCS1, 7)},
    {KEY_DECIPHER_OAEP, INFO(14, 0x09, DECIPHER, 0x5D, 9, OID_PKCS1, 7)},
    {KEY_DECIPHER_OAEP, INFO(15, 0x09, DECIPHER, 0x6D, 9, OID_PKCS1, 7)},
};
enum { ENTRIES_COUNT = sizeof(ENTRIES) / sizeof(ENTRIES[0]) };

/* What entries are held against; told once for each key, since it means reading its certificate. */
struct ability {
	bool is_rsa, signs, deciphers;
};

static struct ability
ability_of(const struct role *role, const struct image_key *key)
{
	const struct key_kind *kind = build_kind(key);

	return (struct ability){
	    .is_rsa = kind != NULL && kind->curve == NULL,
	    .signs = build_signs(role, key),
	    .deciphers = build_deciphers(role, key),
	};
}

static bool
has(const struct ability *ability, const struct image_key *key, const struct entry *entry)
{
	if (ability->is_rsa == (entry->operation == KEY_SIGN_ECDSA) ||
	    !build_has(key, entry->operation))
		return false;
	return entry->info.operations == SIGN ? ability->signs : ability->deciphers;
}

/* 7.5: EC keys do not name theirs. */
static void
name_algorithms(struct role *role, const struct image_key *key)
{
	const struct ability ability = ability_of(role, key);
	struct pkcs15_key *object = &role->private_key;

	for (size_t i = 0; i < ENTRIES_COUNT && ability.is_rsa; i++) {
		if (has(&ability, key, &ENTRIES[i]))
			object->algorithms[object->algorithms_count++] = ENTRIES[i].info.reference;
	}
}

void
fineid_adapt(struct role roles[FINEID_ROLES_MAX], const struct fineid_profile *profile,
	     const struct image *image)
{
	const char *puk_key = build_key_of_puk(image, profile->roles);

	memcpy(roles, profile->roles->role, profile->roles->count * sizeof(*roles));
	for (size_t i = 0; i < profile->roles->count; i++) {
		const struct image_key *key = image_key(image, roles[i].key);

		if (roles[i].puk.reference != PIN_NO_REFERENCE) {
			roles[i].puk.key = puk_key;
			if (puk_key == NULL)
				roles[i].puk.reference = PIN_NO_REFERENCE;
		}
		if (key == NULL)
			continue;
		if (build_is_remote(key))
			roles[i].pin_object.common.auth_id.len = 0;
		name_algorithms(&roles[i], key);
	}
}

void
fineid_list_algorithms(struct pkcs15_token_info *info, const struct roles *roles,
		       const struct image *image)
{
	struct ability abilities[FINEID_ROLES_MAX] = {{false, false, false}};

	for (size_t i = 0; i < roles->count; i++) {
		const struct image_key *key = image_key(image, roles->role[i].key);

		if (key != NULL)
			abilities[i] = ability_of(&roles->role[i], key);
	}
	for (size_t i = 0; i < ENTRIES_COUNT; i++) {
		for (size_t j = 0; j < roles->count; j++) {
			const struct image_key *key = image_key(image, roles->role[j].key);

			if (key == NULL || !has(&abilities[j], key, &ENTRIES[i]))
				continue;
			info->algorithms[info->algorithms_count++] = ENTRIES[i].info;
			break;
		}
	}
}
