#include "ringway/http/framing.h"
