#include "ringway/http/parser.h"
