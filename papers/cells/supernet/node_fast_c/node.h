/* What follows a stage of the supernet, in float32: mixes, batch norms as maps, nodes,
   values centred by themselves, and poolings. `papers/cells/supernet/node_fast.py` says what
   these are and computes the same in torch; `functions.py` calls this.

   Shapes: m rows, c channels innermost in memory; K convolutions or arrivals. A function that
   needs memory returns 1 when it finds none. */

#include <math.h>
#include <string.h>

#define EPS 1e-5f  /* of torch's batch norm */

static void transpose(int p, int q, const float *a, float *out) {
  for (int i = 0; i < p; i++) for (int j = 0; j < q; j++) out[j * p + i] = a[i * q + j];
}

static float dot(int c, const float *a, const float *b) {
  float sum = 0;
  for (int i = 0; i < c; i++) sum += a[i] * b[i];
  return sum;
}

/* -- mixes: what lies between the two blocks of a separable convolution ----------------------- */

/* h (K, m, c) = relu(d P') */
int NAMED(mix_forward)(int K, long m, int c, const float *const *d, const float *const *P,
                       float *h) {
  float *turned = malloc((size_t)c * c * sizeof(float));
  if (!turned) return 1;
  for (int k = 0; k < K; k++, h += m * c) {
    transpose(c, c, P[k], turned);
    for (long r = 0; r < m; r += BLOCK) {
      long some = m - r < BLOCK ? m - r : BLOCK;
      float *own = h + r * c;
      product(some, c, c, d[k] + r * c, turned, own, 0);
      for (long i = 0; i < some * c; i++) own[i] = own[i] > 0 ? own[i] : 0;
    }
  }
  free(turned);
  return 0;
}

/* gd (K of m, c), and gP += what comes this way; gh (K, m, c) is written over */
int NAMED(mix_backward)(int K, long m, int c, const float *const *d, const float *const *P,
                  const float *h, float *gh, float *const *gd, float *const *gP) {
  for (int k = 0; k < K; k++)
    for (long r = 0; r < m; r += BLOCK) {
      long some = m - r < BLOCK ? m - r : BLOCK, at = (k * m + r) * c;
      for (long i = at; i < at + some * c; i++) gh[i] = h[i] > 0 ? gh[i] : 0;
      product(some, c, c, gh + at, P[k], gd[k] + r * c, 0);
      outer(some, c, c, gh + at, d[k] + r * c, gP[k]);
    }
  return 0;
}

/* -- a batch norm, and a weight p in a sum, as one map ---------------------------------------- */

/* f (K, c) = rsqrt(diag(P G P') / m + eps), W (K, c, c) = p diag(f) P; without p it is 1 */
int NAMED(maps_forward)(int K, long m, int c, const float *G, const float *const *P,
                        const float *p, float *f, float *W) {
  float *PG = malloc((size_t)c * c * sizeof(float));
  if (!PG) return 1;
  for (int k = 0; k < K; k++, G += c * c, f += c, W += c * c) {
    product(c, c, c, P[k], G, PG, 0);
    for (int j = 0; j < c; j++) {
      f[j] = 1 / sqrtf(dot(c, PG + j * c, P[k] + j * c) / m + EPS);
      float all = f[j] * (p ? p[k] : 1);
      for (int i = 0; i < c; i++) W[j * c + i] = all * P[k][j * c + i];
    }
  }
  free(PG);
  return 0;
}

/* gG (K, c, c), gP, gp from the gradients of W (none: zero) and of f, (c) each (none: zero) */
int NAMED(maps_backward)(int K, long m, int c, const float *G, const float *const *P,
                         const float *p, const float *f, const float *const *gW,
                         const float *const *gf, float *gG, float *const *gP, float *gp) {
  float *PG = malloc((size_t)2 * c * c * sizeof(float)), *scaled = PG + c * c;
  if (!PG) return 1;
  for (int k = 0; k < K; k++, G += c * c, f += c, gG += c * c) {
    float weight = p ? p[k] : 1, of_weight = 0;
    product(c, c, c, P[k], G, PG, 0);
    for (int j = 0; j < c; j++) {
      const float *own = P[k] + j * c, *given = gW[k] ? gW[k] + j * c : 0;
      float common = given ? dot(c, given, own) : 0, slope = gf[k] ? gf[k][j] : 0;
      of_weight += common * f[j];
      /* f = (v + eps)^-1/2 and v = P G P' / m, G symmetric */
      float of_v = -0.5f * f[j] * f[j] * f[j] * (slope + weight * common) / m;
      for (int i = 0; i < c; i++) {
        gP[k][j * c + i] = (given ? weight * f[j] * given[i] : 0) + 2 * of_v * PG[j * c + i];
        scaled[j * c + i] = of_v * own[i];
      }
    }
    memset(gG, 0, (size_t)c * c * sizeof(float));
    outer(c, c, c, P[k], scaled, gG);
    if (gp) gp[k] = of_weight;
  }
  free(PG);
  return 0;
}

/* -- a node: the sum of d W' over all that arrives -------------------------------------------- */

/* out (m, c); value k is (m, wide[k]), its map (c, wide[k]), or (c) where `wide` is 0 */
int NAMED(node_forward)(int K, long m, int c, const int *wide, const float *const *d,
                 const float *const *W, float *out) {
  size_t size = 0;
  for (int k = 0; k < K; k++) size += (size_t)wide[k] * c;
  float *memory = malloc((size + 1) * sizeof(float)), *turned = memory;
  if (!memory) return 1;
  for (int k = 0; k < K; turned += wide[k] * c, k++) transpose(c, wide[k], W[k], turned);
  for (long r = 0; r < m; r += BLOCK) {  /* a block stays in the cache until all have arrived */
    long some = m - r < BLOCK ? m - r : BLOCK;
    float *to = out + r * c;
    memset(to, 0, some * c * sizeof(float));
    turned = memory;
    for (int k = 0; k < K; turned += wide[k] * c, k++) {
      const float *own = d[k] + r * (wide[k] ? wide[k] : c);
      if (wide[k]) product(some, wide[k], c, own, turned, to, 1);
      else
        for (long q = 0; q < some * c; q += c)
          for (int i = 0; i < c; i++) to[q + i] += W[k][i] * own[q + i];
    }
  }
  free(memory);
  return 0;
}

/* gd as d, gW as W, from g (m, c) */
int NAMED(node_backward)(int K, long m, int c, const int *wide, const float *const *d,
                  const float *const *W, const float *g, float *const *gd, float *const *gW) {
  double *sum = calloc((size_t)K * c, sizeof(double));
  if (!sum) return 1;
  for (int k = 0; k < K; k++)
    memset(gW[k], 0, (size_t)c * (wide[k] ? wide[k] : 1) * sizeof(float));
  for (long r = 0; r < m; r += BLOCK) {
    long some = m - r < BLOCK ? m - r : BLOCK;
    const float *from = g + r * c;
    for (int k = 0; k < K; k++) {
      int own = wide[k] ? wide[k] : c;
      const float *value = d[k] + r * own;
      float *to = gd[k] + r * own, both[c];
      if (wide[k]) {
        product(some, c, own, from, W[k], to, 0);
        outer(some, c, own, from, value, gW[k]);
        continue;
      }
      memset(both, 0, c * sizeof(float));
      for (long q = 0; q < some * c; q += c)
        for (int i = 0; i < c; i++) {
          to[q + i] = W[k][i] * from[q + i];
          both[i] += value[q + i] * from[q + i];
        }
      for (int i = 0; i < c; i++) sum[k * c + i] += both[i];
    }
  }
  for (int k = 0; k < K; k++)
    for (int i = 0; i < c && !wide[k]; i++) gW[k][i] = (float)sum[k * c + i];
  free(sum);
  return 0;
}

/* -- a value centred by itself ---------------------------------------------------------------- */

/* d (m, c), and f (c) that normalises it */
int NAMED(centre_forward)(long m, int c, const float *x, float *d, float *f) {
  double sum[c], squares[c];
  float mean[c];
  memset(sum, 0, sizeof sum), memset(squares, 0, sizeof squares);
  sums(m, c, x, sum);
  for (int i = 0; i < c; i++) mean[i] = (float)(sum[i] / m);
  for (long r = 0; r < m; r += BLOCK) {
    float own[c];
    memset(own, 0, sizeof own);
    for (long q = r; q < r + BLOCK && q < m; q++)
      for (int i = 0; i < c; i++) {
        float one = d[q * c + i] = x[q * c + i] - mean[i];
        own[i] += one * one;
      }
    for (int i = 0; i < c; i++) squares[i] += own[i];
  }
  for (int i = 0; i < c; i++) f[i] = 1 / sqrtf((float)(squares[i] / m) + EPS);
  return 0;
}

/* gx from gd (none: zero) and gf */
int NAMED(centre_backward)(long m, int c, const float *d, const float *f, const float *gd,
                     const float *gf, float *gx) {
  double sum[c];
  float mean[c], slope[c];
  memset(sum, 0, sizeof sum);
  if (gd) sums(m, c, gd, sum);
  for (int i = 0; i < c; i++) {
    mean[i] = (float)(sum[i] / m);
    slope[i] = gf ? -f[i] * f[i] * f[i] * gf[i] / m : 0;
  }
  for (long q = 0; q < m * c; q += c)
    for (int i = 0; i < c; i++)
      gx[q + i] = (gd ? gd[q + i] : 0) - mean[i] + slope[i] * d[q + i];
  return 0;
}

/* -- poolings over three positions, or 3 x 3; a border counts what is inside ------------------ */

typedef int bits __attribute__((vector_size(4 * V)));

/* The window of output (y, x) runs from (top, left) to before (bottom, right). */
#define WINDOW(y, x) \
  int top = y * sh > 0 ? y * sh - 1 : 0, bottom = y * sh + 2 < g.h ? y * sh + 2 : g.h; \
  int left = x * sw > 0 ? x * sw - 1 : 0, right = x * sw + 2 < g.w ? x * sw + 2 : g.w; \
  float share = 1.0f / ((bottom - top) * (right - left));
#define INSIDE \
  for (int b = top; b < bottom; b++) for (int a = left, at = (b * g.w + left) * c; a < right; \
                                          a++, at += c)

INLINE vec largest(vec a, vec b) {
  bits more = b > a;
  return (vec)(((bits)b & more) | ((bits)a & ~more));
}

/* out (m', c) from x (m, c): means, or with `peak` the largest */
int NAMED(pool_forward)(int peak, int sh, int sw, const Grid *grid, const float *x, float *out) {
  Grid g = *grid;
  int c = g.c;
  for (int n = 0; n < g.n; n++, x += g.h * g.w * c)
    for (int y = 0; y <= (g.h - 1) / sh; y++)
      for (int z = 0; z <= (g.w - 1) / sw; z++, out += c) {
        WINDOW(y, z)
        for (int i = 0; i < c; i += V) {
          vec own = {0};
          if (peak) {
            own = GET(x + (top * g.w + left) * c + i);
            INSIDE own = largest(own, GET(x + at + i));
          } else {
            INSIDE own += share * GET(x + at + i);
          }
          AT(out + i) = own;
        }
      }
  return 0;
}

/* gx (m, c) from g_out (m', c); of equal largest ones the first gets it, as in torch */
int NAMED(pool_backward)(int peak, int sh, int sw, const Grid *grid, const float *x,
                         const float *given, float *gx) {
  Grid g = *grid;
  int c = g.c, image = g.h * g.w * c;
  memset(gx, 0, (size_t)g.n * image * sizeof(float));
  for (int n = 0; n < g.n; n++, x += image, gx += image)
    for (int y = 0; y <= (g.h - 1) / sh; y++)
      for (int z = 0; z <= (g.w - 1) / sw; z++, given += c) {
        WINDOW(y, z)
        for (int i = 0; i < c; i += V) {
          vec own = GET(given + i), best = GET(x + (top * g.w + left) * c + i);
          bits left_over = ~(bits){0};
          if (!peak) own *= share;
          if (peak) INSIDE best = largest(best, GET(x + at + i));
          INSIDE {
            bits hit = peak ? (GET(x + at + i) == best) & left_over : left_over;
            AT(gx + at + i) += (vec)((bits)own & hit);
            if (peak) left_over &= ~hit;
          }
        }
      }
  return 0;
}
