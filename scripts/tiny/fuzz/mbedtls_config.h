/* As it ships, and a server to talk to. */
#include "tiny/mbedtls_config.h"
#define MBEDTLS_SSL_SRV_C
