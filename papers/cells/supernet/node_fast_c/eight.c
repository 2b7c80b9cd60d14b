/* The kernels for channels that are a multiple of 8: their names end in _8. */

#define V 8
#define NAMED(name) name##_8

#include "matrices.h"
#include "depthwise.h"
#include "node.h"
