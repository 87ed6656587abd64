#include "ringway/http/hop_by_hop.h"
