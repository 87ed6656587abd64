#include "ringway/http/chunked.h"
