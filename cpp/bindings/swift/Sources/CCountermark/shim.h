/* The installed header, found by pkg-config. */
#include <countermark/countermark.h>
