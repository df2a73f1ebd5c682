#include "countermark/countermark.h"

uint32_t cmk_abi_version() { return CMK_ABI_VERSION; }

const char* cmk_version_string() { return COUNTERMARK_VERSION; }
