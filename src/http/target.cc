#include "ringway/http/target.h"
