/* The kernels for channels that are a multiple of 4: their names end in _4. */

#define V 4
#define NAMED(name) name##_4

#include "matrices.h"
#include "depthwise.h"
#include "node.h"
