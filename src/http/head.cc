#include "ringway/http/head.h"
