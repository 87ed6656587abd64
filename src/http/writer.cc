#include "ringway/http/writer.h"
