#include "ringway/http/names.h"
