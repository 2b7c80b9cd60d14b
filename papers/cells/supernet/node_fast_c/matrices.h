/* Products and sums of matrices with few columns, as vectors of V floats; columns are multiples of
   V. A call of a library costs more than such a product. Every sum has one order, whatever the
   machine does besides, so the same build gives the same bits each time. */

#include <stdlib.h>

typedef float vec __attribute__((vector_size(4 * V), aligned(4), may_alias));

#define BLOCK 256   /* rows that stay in the cache; sums of sums round less than one long sum */
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")
#define AT(p) (*(vec *)(p))
#define GET(p) (*(const vec *)(p))


/* -- matrices -------------------------------------------------------------------------------- */

/* R rows and J vectors of a product stay in registers: R J sums run side by side, since one
   multiply-add takes four cycles and two may start in each. */
INLINE void tile(const int R, const int J, int k, int n, const float *a, const float *b,
                 float *out, int add) {
  vec sum[8][2];
  UNROLL for (int r = 0; r < R; r++)
    UNROLL for (int j = 0; j < J; j++) sum[r][j] = add ? GET(out + r * n + j * V) : (vec){0};
  for (int i = 0; i < k; i++)
    UNROLL for (int r = 0; r < R; r++)
      UNROLL for (int j = 0; j < J; j++) sum[r][j] += a[r * k + i] * GET(b + i * n + j * V);
  UNROLL for (int r = 0; r < R; r++)
    UNROLL for (int j = 0; j < J; j++) AT(out + r * n + j * V) = sum[r][j];
}

/* out (m, n) = a (m, k) b (k, n), or that added to it */
static void product(long m, int k, int n, const float *a, const float *b, float *out, int add) {
  for (int j = 0; j < n;) {
    int two = n - j >= 2 * V;
    long r = 0;
    if (two) for (; r + 4 <= m; r += 4) tile(4, 2, k, n, a + r * k, b + j, out + r * n + j, add);
    else for (; r + 8 <= m; r += 8) tile(8, 1, k, n, a + r * k, b + j, out + r * n + j, add);
    for (; r < m; r++)
      if (two) tile(1, 2, k, n, a + r * k, b + j, out + r * n + j, add);
      else tile(1, 1, k, n, a + r * k, b + j, out + r * n + j, add);
    j += two ? 2 * V : V;
  }
}

INLINE void inner(const int I, const int J, int m, int p, int q, const float *a, const float *b,
                  float *out) {
  vec sum[8][2];
  UNROLL for (int i = 0; i < I; i++) UNROLL for (int j = 0; j < J; j++) sum[i][j] = (vec){0};
  for (int r = 0; r < m; r++)
    UNROLL for (int i = 0; i < I; i++)
      UNROLL for (int j = 0; j < J; j++) sum[i][j] += a[r * p + i] * GET(b + r * q + j * V);
  UNROLL for (int i = 0; i < I; i++)
    UNROLL for (int j = 0; j < J; j++) AT(out + i * q + j * V) += sum[i][j];
}

/* out (p, q) += a' b for a (m, p) and b (m, q), block by block */
static void outer(long m, int p, int q, const float *a, const float *b, float *out) {
  for (long r = 0; r < m; r += BLOCK, a += BLOCK * p, b += BLOCK * q) {
    int rows = m - r < BLOCK ? (int)(m - r) : BLOCK;
    for (int j = 0; j < q;) {
      int two = q - j >= 2 * V, i = 0;
      float *o = out + j;
      if (two) for (; i + 4 <= p; i += 4) inner(4, 2, rows, p, q, a + i, b + j, o + i * q);
      else for (; i + 8 <= p; i += 8) inner(8, 1, rows, p, q, a + i, b + j, o + i * q);
      for (; i + 4 <= p; i += 4) inner(4, 1, rows, p, q, a + i, b + j, o + i * q);
      j += two ? 2 * V : V;
    }
  }
}

/* sum (c) += the rows of x (m, c), in double precision from block to block */
static void sums(long m, int c, const float *x, double *sum) {
  for (long r = 0; r < m; r += BLOCK)
    for (int i = 0; i < c; i += V) {
      vec own = {0};
      for (long row = r; row < r + BLOCK && row < m; row++) own += GET(x + row * c + i);
      for (int lane = 0; lane < V; lane++) sum[i + lane] += own[lane];
    }
}
