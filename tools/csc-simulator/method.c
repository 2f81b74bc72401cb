#include "method.h"

#include <string.h>

#define BOTH (RSSP_V1 | RSSP_V2)

const struct rssp_method_form rssp_methods[RSSP_METHODS] = {
    [RSSP_INFO] = {"info", BOTH, false, false},
    [RSSP_LOGIN] = {"auth/login", BOTH, false, false},
    [RSSP_REVOKE] = {"auth/revoke", BOTH, true, false},
    [RSSP_LIST] = {"credentials/list", BOTH, true, false},
    [RSSP_CREDENTIAL_INFO] = {"credentials/info", BOTH, true, false},
    [RSSP_AUTHORIZE] = {"credentials/authorize", BOTH, true, false},
    [RSSP_AUTHORIZE_CHECK] = {"credentials/authorizeCheck", RSSP_V2, true, false},
    [RSSP_SEND_OTP] = {"credentials/sendOTP", RSSP_V1, true, false},
    [RSSP_GET_CHALLENGE] = {"credentials/getChallenge", RSSP_V2, true, false},
    [RSSP_EXTEND_TRANSACTION] = {"credentials/extendTransaction", BOTH, true, false},
    [RSSP_SIGN_HASH] = {"signatures/signHash", BOTH, true, false},
    [RSSP_SIGN_POLLING] = {"signatures/signPolling", RSSP_V2, true, false},
    [RSSP_TIMESTAMP] = {"signatures/timestamp", BOTH, true, false},
    [RSSP_OAUTH_AUTHORIZE] = {"oauth2/authorize", BOTH, false, true},
    [RSSP_OAUTH_TOKEN] = {"oauth2/token", BOTH, false, true},
    [RSSP_OAUTH_PUSH] = {"oauth2/pushed_authorize", RSSP_V2, false, true},
    [RSSP_OAUTH_REVOKE] = {"oauth2/revoke", BOTH, false, true},
};

enum rssp_method
rssp_method_of_name(const char *name, size_t len)
{
	for (size_t i = 0; i < RSSP_METHODS; i++)
		if (strlen(rssp_methods[i].name) == len &&
		    strncmp(rssp_methods[i].name, name, len) == 0)
			return (enum rssp_method)i;
	return RSSP_METHODS;
}
