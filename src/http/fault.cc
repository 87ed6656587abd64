#include "ringway/http/fault.h"
